/**
 * k6 durations: Go's (`1h30m`, `1.5s`, `300ms`) plus `d` for days; a number, or a string of digits
 * alone, is milliseconds.
 */

const UNIT_MS = new Map([
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ns', 1e-6],
])

const PART = /(\d+(?:\.\d*)?|\.\d+)(ms|us|µs|μs|ns|d|h|m|s)/gy

/** Milliseconds, or undefined when `value` is not a duration. */
export function parseDurationMs(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (/^[+-]?\d+(\.\d+)?$/.test(text)) return Number(text)
  const negative = text.startsWith('-')
  const body = /^[+-]/.test(text) ? text.slice(1) : text
  if (body === '') return undefined
  let ms = 0
  PART.lastIndex = 0
  let end = 0
  for (let match = PART.exec(body); match !== null; match = PART.exec(body)) {
    ms += Number(match[1]) * UNIT_MS.get(match[2]!)!
    end = PART.lastIndex
  }
  if (end !== body.length) return undefined
  return negative ? -ms : ms
}

/** As Go prints durations (`1m30s`, `500ms`, `0s`). */
export function formatGoDuration(ms: number): string {
  if (ms === 0) return '0s'
  const sign = ms < 0 ? '-' : ''
  const ns = Math.round(Math.abs(ms) * 1e6)
  if (ns < 1e3) return `${sign}${ns}ns`
  if (ns < 1e6) return `${sign}${ns / 1e3}µs`
  if (ns < 1e9) return `${sign}${ns / 1e6}ms`
  const hours = Math.floor(ns / 3.6e12)
  const minutes = Math.floor((ns % 3.6e12) / 6e10)
  const seconds = Number(((ns % 6e10) / 1e9).toFixed(9))
  const head = hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : ''
  return `${sign}${head}${seconds}s`
}
