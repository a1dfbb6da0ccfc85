/** Log lines as k6 writes them: logfmt, JSON, the bare message, or `INFO[0003] message` on a terminal. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import type { LoadIo } from './api.ts'
import { EXIT, LoadError } from './errors.ts'
import type { LogTarget } from './settings.ts'
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

/** How lines look: `terminal` is text with the level first and seconds since the start. */
export type LogFormat = 'text' | 'terminal' | 'json' | 'raw'

/** One line with its end. `elapsedMs` since the start of the program is what terminals show. */
export function formatLog(
  { level, message, fields }: LogLine,
  timeMs: number,
  elapsedMs: number,
  format: LogFormat,
  hasNanoseconds = false,
): string {
  if (format === 'raw') return `${message}\n`
  if (format === 'json') {
    const all = { ...fields, level, msg: message, time: timeOf(timeMs, hasNanoseconds) }
    const sorted = Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1))
    return `${JSON.stringify(Object.fromEntries(sorted))}\n`
  }
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${quoted(String(value))}`)
  if (format === 'terminal') {
    const seconds = String(Math.floor(elapsedMs / 1000)).padStart(4, '0')
    return `${TERMINAL.get(level)}[${seconds}] ${[message.padEnd(pairs.length > 0 ? 44 : 0), ...pairs].join(' ')}\n`
  }
  const time = timeOf(timeMs, hasNanoseconds)
  return `${[`time="${time}"`, `level=${level}`, `msg=${quoted(message)}`, ...pairs].join(' ')}\n`
}

function timeOf(timeMs: number, hasNanoseconds: boolean): string {
  const iso = new Date(timeMs).toISOString()
  return hasNanoseconds ? iso : iso.replace(/\.\d+Z$/, 'Z')
}

const SEVERITY: readonly LogLevel[] = ['debug', 'info', 'warning', 'error']

/** Where log lines go: the terminal, nowhere, or a file that grows. */
export class LogWriter {
  readonly #target: LogTarget
  readonly #io: Pick<LoadIo, 'stdout' | 'stderr' | 'isTTY'>
  readonly #file: number | null

  /** Throws LoadError when a file cannot be opened. */
  constructor(target: LogTarget, io: LoadIo) {
    this.#target = target
    this.#io = io
    this.#file = typeof target.to === 'string' ? null : openLogFile(target.to.file, io.cwd)
  }

  write(line: LogLine, timeMs: number, elapsedMs: number): void {
    const { to, level, format, hasNanoseconds } = this.#target
    if (to === 'none') return
    if (level !== null && SEVERITY.indexOf(line.level) < SEVERITY.indexOf(level)) return
    const isTerminal = this.#io.isTTY && this.#file === null && format === 'text'
    const text = formatLog(
      line,
      timeMs,
      elapsedMs,
      isTerminal ? 'terminal' : format,
      hasNanoseconds,
    )
    if (this.#file === null) this.#io[to as 'stdout' | 'stderr'](text)
    else writeSync(this.#file, text)
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file)
  }
}

function openLogFile(path: string, cwd: string): number {
  try {
    return openSync(resolve(cwd, path), 'a')
  } catch (error) {
    throw new LoadError(EXIT.other, `cannot open the log file: ${(error as Error).message}`)
  }
}

function quoted(text: string): string {
  return /^[a-zA-Z0-9\-._/@^+]+$/.test(text) ? text : JSON.stringify(text)
}
