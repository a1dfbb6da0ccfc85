/** Log lines on standard error: `time level message key=value …`. */

export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LEVELS)[number]

export const isLogLevel = (text: string): text is LogLevel =>
  (LEVELS as readonly string[]).includes(text)

export function createLogger(
  level: LogLevel,
  write: (line: string) => void,
  now: () => number,
): Logger {
  const print = (lineLevel: LogLevel) => (message: string, fields?: Record<string, unknown>) => {
    if (LEVELS.indexOf(lineLevel) < LEVELS.indexOf(level)) return
    let line = `${new Date(now()).toISOString()} ${lineLevel.padEnd(5)} ${message}`
    for (const [key, value] of Object.entries(fields ?? {})) line += ` ${key}=${showField(value)}`
    write(line + '\n')
  }
  return { debug: print('debug'), info: print('info'), warn: print('warn'), error: print('error') }
}

function showField(value: unknown): string {
  const text =
    value instanceof Error
      ? value.message
      : typeof value === 'string'
        ? value
        : JSON.stringify(value)
  return /^[^\s"=]+$/.test(text ?? '') ? text : JSON.stringify(text ?? null)
}
