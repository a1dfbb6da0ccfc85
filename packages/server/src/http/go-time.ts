/**
 * Numbers and moments as Go reads them, with what becomes of those that its 64 bits cannot hold: Prometheus
 * answers such requests, and so its answers can only be had by counting as it does.
 */

/** A moment, counted in the three ways in which Prometheus uses one; ms. */
export interface GoTime {
  /** Since 1970: which part of the storage is asked. */
  unixMs: number
  /** Since 1970 by way of nanoseconds, so within 292 years of it: where a query is evaluated. */
  queryMs: number
  /** Since the year 1: what is before what. */
  orderMs: number
}

const NANOSECONDS = 1_000_000_000n
const NANOSECONDS_PER_MS = 1_000_000n
/** From the year 1 to 1970. */
const YEAR_1_SECONDS = 62_135_596_800n
const INT64_MIN = -(2n ** 63n)
const INT64_LIMIT = 2 ** 63

const int64 = (value: bigint): bigint => BigInt.asIntN(64, value)

/** What a processor makes of a double that becomes an integer of 64 bits; one that does not fit is the least. */
const toInt64 = (value: number): bigint =>
  Math.abs(value) < INT64_LIMIT ? BigInt(Math.trunc(value)) : INT64_MIN

/** Seconds and nanoseconds since 1970; nanoseconds may be of any size. */
function goTime(seconds: bigint, nanoseconds: bigint): GoTime {
  let carry = nanoseconds / NANOSECONDS
  if (nanoseconds % NANOSECONDS < 0n) carry--
  const sec = int64(seconds + carry)
  const nsec = nanoseconds - carry * NANOSECONDS
  return {
    unixMs: Number(int64(sec * 1000n + nsec / NANOSECONDS_PER_MS)),
    queryMs: Number(int64(sec * NANOSECONDS + nsec) / NANOSECONDS_PER_MS),
    orderMs: Number(int64(sec + YEAR_1_SECONDS) * 1000n + nsec / NANOSECONDS_PER_MS),
  }
}

/** The bounds that Prometheus uses for a missing start and end. */
export const MIN_TIME: GoTime = goTime(-9_223_372_036_854_775n + YEAR_1_SECONDS + 1n, 0n)
export const MAX_TIME: GoTime = goTime(9_223_372_036_854_775n - YEAR_1_SECONDS - 1n, 999_999_999n)
/** How these are written, which no parser of times takes. */
const TIME_BOUNDS: ReadonlyMap<string, GoTime> = new Map([
  ['-292273086-05-16T16:47:06Z', MIN_TIME],
  ['292277025-08-18T07:12:54.999999999Z', MAX_TIME],
])

/** Unix seconds (rounded to ms) or RFC 3339; undefined when it is neither. */
export function parseGoTime(text: string): GoTime | undefined {
  const seconds = parseGoFloat(text)
  if (seconds === undefined) return parseRfc3339(text) ?? TIME_BOUNDS.get(text)
  const whole = Math.trunc(seconds)
  const rest = Number.isFinite(seconds) ? roundAway((seconds - whole) * 1000) / 1000 : NaN
  return goTime(toInt64(whole), toInt64(rest * 1e9))
}

/** Half away from zero, as Go rounds. */
const roundAway = (value: number): number => Math.sign(value) * Math.round(Math.abs(value))

const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)T(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/

function parseRfc3339(text: string): GoTime | undefined {
  const match = RFC3339.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number)
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  if (!isDay || hour > 23 || minute > 59 || second > 59) return undefined
  const [offsetHour, offsetMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)]
  if (offsetHour > 24 || offsetMinute > 60) return undefined
  const offset = (match[8] === '-' ? -1 : 1) * (offsetHour * 3600 + offsetMinute * 60)
  const seconds = date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset
  const nanoseconds = (match[7] ?? '').slice(0, 9).padEnd(9, '0')
  return goTime(BigInt(seconds), BigInt(nanoseconds))
}

const DECIMAL = /^[+-]?(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:e[+-]?\d(?:_?\d)*)?$/i
const HEX = /^([+-]?)0x_?([\da-f]*(?:_[\da-f]+)*)\.?([\da-f]*(?:_[\da-f]+)*)p([+-]?\d+)$/i

/** A float as Go's strconv takes one: with underscores, hexadecimal, `inf`; undefined when it is none, or too large. */
export function parseGoFloat(text: string): number | undefined {
  if (/^nan$/i.test(text)) return NaN
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  let value: number
  if (DECIMAL.test(text)) value = Number(text.replaceAll('_', ''))
  else {
    const match = HEX.exec(text)
    if (match === null || match[2] + match[3] === '') return undefined
    const fraction = match[3].replaceAll('_', '')
    const digits = Number(`0x${match[2].replaceAll('_', '')}${fraction}`)
    value = digits * 2 ** (Number(match[4]) - 4 * fraction.length)
    if (match[1] === '-') value = -value
  }
  return Number.isFinite(value) ? value : undefined
}
