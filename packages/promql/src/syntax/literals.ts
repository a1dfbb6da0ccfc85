/** Numbers and durations as PromQL writes them. */
import { quote } from '@vigie/model'

export const MAX_DURATION_MS = 9_223_372_036_854 // 2^63 ns, what Prometheus can hold

const INTEGER_MAX = 2n ** 63n - 1n
/** As Go reads integers: a leading zero means octal, where the digits allow it. */
const HEX = /^0[xX](?:_?[0-9a-fA-F])+$/
const OCTAL = /^0(?:_?[0-7])+$/
const FLOAT = /^(?:D\.?(?:D)?|\.D)(?:[eE][+-]?D)?$/.source.replaceAll('D', '\\d(?:_?\\d)*')
const DECIMAL = new RegExp(FLOAT)

/** The value of a number token, or what is wrong with it. */
export function parseNumber(text: string): number | string {
  const word = text.toLowerCase()
  if (word === 'inf') return Infinity
  if (word === 'nan') return NaN
  const digits = text.replaceAll('_', '')
  const isHex = HEX.test(text)
  if (isHex || OCTAL.test(text)) {
    const integer = BigInt(isHex ? digits : `0o${digits}`)
    // An octal number beyond 64 bits is read once more, as a decimal one.
    if (integer <= INTEGER_MAX) return Number(integer)
  }
  if (!DECIMAL.test(text)) {
    return `error parsing number: strconv.ParseFloat: parsing ${quote(text)}: invalid syntax`
  }
  const value = Number(digits)
  if (!Number.isFinite(value)) {
    return `error parsing number: strconv.ParseFloat: parsing ${quote(text)}: value out of range`
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
  if (!/^(\d+\D+)+$/.test(text)) return `not a valid duration string: ${quote(text)}`
  let ms = 0
  let lastUnitMs = Infinity
  for (const [, count, unit] of text.matchAll(/(\d+)(\D+)/g)) {
    if (Number(count) >= 2 ** 64) return `not a valid duration string: ${quote(text)}`
    const unitMs = UNITS.get(unit)
    if (unitMs === undefined) return `unknown unit ${quote(unit)} in duration ${quote(text)}`
    if (unitMs >= lastUnitMs) return `not a valid duration string: ${quote(text)}`
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
