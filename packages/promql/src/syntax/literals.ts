/** Numbers and durations as PromQL writes them. */

const MAX_DURATION_MS = 9_223_372_036_854 // 2^63 ns, what Prometheus can hold

/** The value of a number token, or what is wrong with it. */
export function parseNumber(text: string): number | string {
  const word = text.toLowerCase()
  if (word === 'inf') return Infinity
  if (word === 'nan') return NaN
  const digits = text.replaceAll('_', '')
  if (/^0[xX][0-9a-fA-F]+$/.test(digits)) return Number(digits)
  // As Go reads integers: a leading zero means octal, where the digits allow it.
  if (/^0[0-7]+$/.test(digits)) return Number.parseInt(digits, 8)
  if (!/^(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(digits)) {
    return `error parsing number: strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`
  }
  const value = Number(digits)
  if (!Number.isFinite(value)) {
    return `error parsing number: strconv.ParseFloat: parsing ${JSON.stringify(text)}: value out of range`
  }
  return value
}

const UNITS = new Map([
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
])

/** Milliseconds of a duration token, or what is wrong with it: units must fall, each at most once. */
export function parseDurationToken(text: string): number | string {
  if (!/^(\d+\D+)+$/.test(text)) return `not a valid duration string: "${text}"`
  let ms = 0
  let lastUnitMs = Infinity
  for (const [, count, unit] of text.matchAll(/(\d+)(\D+)/g)) {
    const unitMs = UNITS.get(unit)
    if (unitMs === undefined) return `unknown unit "${unit}" in duration "${text}"`
    if (unitMs >= lastUnitMs) return `not a valid duration string: "${text}"`
    lastUnitMs = unitMs
    ms += Number(count) * unitMs
    if (ms > MAX_DURATION_MS) return 'duration out of range'
  }
  return ms
}

/** Whether a number of seconds is more than Prometheus's durations can hold. */
export const isDurationOutOfRange = (seconds: number): boolean =>
  Math.abs(seconds) > MAX_DURATION_MS / 1000

/** A number without an exponent, in as few digits as it needs: Go's strconv.FormatFloat(v, 'f', -1, 64). */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const text = String(value)
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (match === null) return text
  const [, sign, first, rest = '', exponentText] = match
  const digits = first + rest
  const point = 1 + Number(exponentText)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return sign + digits.padEnd(point, '0')
}
