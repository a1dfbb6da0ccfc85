/** Log lines as k6 writes them: logfmt, or `INFO[0003] message` on a terminal. */
import type { LogLevel } from './vu/environment.ts'

const TERMINAL = new Map<LogLevel, string>([
  ['debug', 'DEBU'],
  ['info', 'INFO'],
  ['warning', 'WARN'],
  ['error', 'ERRO'],
])

export interface LogLine {
  level: LogLevel
  message: string
  fields: Record<string, unknown>
}

/** One line with its end. `elapsedMs` since the start of the program is what terminals show. */
export function formatLog(
  { level, message, fields }: LogLine,
  timeMs: number,
  elapsedMs: number,
  isTTY: boolean,
): string {
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${quoted(String(value))}`)
  if (isTTY) {
    const seconds = String(Math.floor(elapsedMs / 1000)).padStart(4, '0')
    return `${TERMINAL.get(level)}[${seconds}] ${[message.padEnd(pairs.length > 0 ? 44 : 0), ...pairs].join(' ')}\n`
  }
  const time = new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z')
  return `${[`time="${time}"`, `level=${level}`, `msg=${quoted(message)}`, ...pairs].join(' ')}\n`
}

function quoted(text: string): string {
  return /^[a-zA-Z0-9\-._/@^+]+$/.test(text) ? text : JSON.stringify(text)
}
