/** Small texts of the query test language: durations, Go strings, and values as Go prints them. */
import { type Labels, formatValue, parseDuration, quote } from '@vigie/model'

/** Milliseconds of a duration, which may be negative; undefined when it is none. */
export function parseDurationText(text: string): number | undefined {
  const sign = text.startsWith('-') ? -1 : 1
  const ms = parseDuration(text.replace(/^-/, ''))
  return ms === undefined ? undefined : sign * ms
}

/** A Go string literal, quoted by double quotes or backquotes. */
export function unquoteGo(literal: string): string {
  if (literal.startsWith('`')) return literal.slice(1, -1)
  const simple: Record<string, string> = {
    n: '\n',
    t: '\t',
    r: '\r',
    '"': '"',
    '\\': '\\',
    a: '\x07',
    b: '\b',
    f: '\f',
    v: '\v',
  }
  return literal
    .slice(1, -1)
    .replace(
      /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|(.))/gi,
      (_all, short?: string, byte?: string, other?: string) => {
        const code = short ?? byte
        return code === undefined
          ? (simple[other!] ?? other!)
          : String.fromCharCode(Number.parseInt(code, 16))
      },
    )
}

/** Labels in braces, the metric name among them. */
export const braced = (labels: Labels): string =>
  `{${Array.from(labels, ([name, value]) => `${/^[a-zA-Z_]\w*$/.test(name) ? name : quote(name)}=${quote(value)}`).join(', ')}}`

/** Go's %v of a float. */
export const showValue = (v: number): string => formatValue(v)

/** Go's %f. */
export const showFixed = (v: number): string => (Number.isFinite(v) ? v.toFixed(6) : formatValue(v))

/** Equal within one millionth; NaN equals NaN. */
export function almostEqual(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true
  const difference = Math.abs(a - b)
  const sum = Math.abs(a) + Math.abs(b)
  const smallest = 2 ** -1022
  if (a === 0 || b === 0 || sum < smallest) return difference < 1e-6 * smallest
  return difference < 1e-6 * Math.min(sum, Number.MAX_VALUE)
}
