/** Log lines on standard error. */

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

/** '' is for people: `time level message key=value …`; the others as Prometheus writes them. */
const FORMATS = ['', 'logfmt', 'json'] as const
export type LogFormat = (typeof FORMATS)[number]

export const isLogFormat = (text: string): text is LogFormat =>
  (FORMATS as readonly string[]).includes(text)

export function createLogger(
  level: LogLevel,
  format: LogFormat,
  write: (line: string) => void,
  now: () => number,
): Logger {
  const print =
    (lineLevel: LogLevel) =>
    (message: string, fields: Record<string, unknown> = {}): void => {
      if (LEVELS.indexOf(lineLevel) < LEVELS.indexOf(level)) return
      write(lineOf(format, new Date(now()).toISOString(), lineLevel, message, fields) + '\n')
    }
  return { debug: print('debug'), info: print('info'), warn: print('warn'), error: print('error') }
}

function lineOf(
  format: LogFormat,
  time: string,
  level: LogLevel,
  message: string,
  fields: Record<string, unknown>,
): string {
  if (format === 'json')
    return JSON.stringify(
      { time, level: level.toUpperCase(), msg: message, ...fields },
      (_, value) => (value instanceof Error ? value.message : value),
    )
  const pairs =
    format === '' ? fields : { time, level: level.toUpperCase(), msg: message, ...fields }
  const text = Object.entries(pairs).map(([key, value]) => `${key}=${showField(value)}`)
  return (format === '' ? [time, level.padEnd(5), message, ...text] : text).join(' ')
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
