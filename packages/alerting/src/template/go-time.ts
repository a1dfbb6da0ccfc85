/** time.Time and time.Duration with the methods that templates use. Instants are ms, UTC unless a zone is given. */
import { GoObject, type GoFunction, type Value, goFunction } from './value.ts'

const NS_PER_SECOND = 1_000_000_000n

export class GoDuration extends GoObject {
  readonly goType = 'time.Duration'
  readonly ns: bigint

  constructor(ns: bigint) {
    super()
    this.ns = ns
  }

  override goMethod(name: string): GoFunction | undefined {
    const seconds = Number(this.ns) / 1e9
    const results = new Map<string, () => Value>([
      ['String', () => this.toString()],
      ['Seconds', () => seconds],
      ['Minutes', () => seconds / 60],
      ['Hours', () => seconds / 3600],
      ['Milliseconds', () => this.ns / 1_000_000n],
      ['Microseconds', () => this.ns / 1000n],
      ['Nanoseconds', () => this.ns],
    ])
    const result = results.get(name)
    return result === undefined ? undefined : goFunction([], result)
  }

  /** `1h2m3.5s`, `1.5ms`, `0s`. */
  override toString(): string {
    const ns = this.ns < 0n ? -this.ns : this.ns
    const sign = this.ns < 0n ? '-' : ''
    if (ns === 0n) return '0s'
    if (ns < 1000n) return `${sign}${ns}ns`
    if (ns < 1_000_000n) return `${sign}${decimal(ns, 1000n)}µs`
    if (ns < NS_PER_SECOND) return `${sign}${decimal(ns, 1_000_000n)}ms`
    const minutes = ns / (60n * NS_PER_SECOND)
    const seconds = `${decimal(ns % (60n * NS_PER_SECOND), NS_PER_SECOND)}s`
    if (minutes === 0n) return sign + seconds
    const hours = minutes / 60n
    return `${sign}${hours > 0n ? `${hours}h` : ''}${minutes % 60n}m${seconds}`
  }
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '')
  return fraction === '' ? String(value / unit) : `${value / unit}.${fraction}`
}

export class GoTime extends GoObject {
  readonly goType = 'time.Time'
  readonly ms: number
  /** IANA name. */
  readonly zone: string

  constructor(ms: number, zone = 'UTC') {
    super()
    this.ms = ms
    this.zone = zone
  }

  override goMethod(name: string): GoFunction | undefined {
    return METHODS.get(name)?.(this)
  }

  format(layout: string): string {
    return formatTime(this.ms, this.zone, layout)
  }

  override toString(): string {
    return this.format('2006-01-02 15:04:05.999999999 -0700 MST')
  }
}

const MONTHS =
  'January February March April May June July August September October November December'.split(' ')
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')

const METHODS = new Map<string, (time: GoTime) => GoFunction>([
  ['Format', (time) => goFunction(['string'], (layout: string) => time.format(layout))],
  ['String', (time) => goFunction([], () => time.toString())],
  ['Unix', (time) => goFunction([], () => BigInt(Math.floor(time.ms / 1000)))],
  ['UnixMilli', (time) => goFunction([], () => BigInt(time.ms))],
  ['UnixNano', (time) => goFunction([], () => BigInt(time.ms) * 1_000_000n)],
  ['UTC', (time) => goFunction([], () => new GoTime(time.ms))],
  ['Local', (time) => goFunction([], () => new GoTime(time.ms))],
  ['IsZero', (time) => goFunction([], () => time.ms === ZERO_TIME_MS)],
  ['Year', (time) => goFunction([], () => BigInt(partsOf(time.ms, time.zone).year))],
  ['Month', (time) => goFunction([], () => MONTHS[partsOf(time.ms, time.zone).month - 1])],
  ['Day', (time) => goFunction([], () => BigInt(partsOf(time.ms, time.zone).day))],
  ['Hour', (time) => goFunction([], () => BigInt(partsOf(time.ms, time.zone).hour))],
  ['Minute', (time) => goFunction([], () => BigInt(partsOf(time.ms, time.zone).minute))],
  ['Second', (time) => goFunction([], () => BigInt(partsOf(time.ms, time.zone).second))],
  ['Weekday', (time) => goFunction([], () => DAYS[partsOf(time.ms, time.zone).weekday])],
  [
    'Add',
    (time) =>
      goFunction(['any'], (duration: Value) => {
        if (!(duration instanceof GoDuration))
          throw new Error('wrong type for value; expected time.Duration')
        return new GoTime(time.ms + Number(duration.ns / 1_000_000n), time.zone)
      }),
  ],
  [
    'Sub',
    (time) =>
      goFunction(['any'], (other: Value) => {
        if (!(other instanceof GoTime)) throw new Error('wrong type for value; expected time.Time')
        return new GoDuration(BigInt(time.ms - other.ms) * 1_000_000n)
      }),
  ],
  [
    'Before',
    (time) => goFunction(['any'], (other: Value) => other instanceof GoTime && time.ms < other.ms),
  ],
  [
    'After',
    (time) => goFunction(['any'], (other: Value) => other instanceof GoTime && time.ms > other.ms),
  ],
])

/** Go's zero time, the first of January of year 1. */
export const ZERO_TIME_MS: number = -62_135_596_800_000

interface Parts {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  ms: number
  weekday: number
  /** Minutes east of UTC. */
  offset: number
  zone: string
}

function partsOf(ms: number, zone: string): Parts {
  const offset = zone === 'UTC' ? 0 : zoneOffset(ms, zone)
  const local = new Date(ms + offset * 60_000)
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    ms: local.getUTCMilliseconds(),
    weekday: local.getUTCDay(),
    offset,
    zone: zone === 'UTC' ? 'UTC' : zoneName(ms, zone),
  }
}

/** Throws RangeError for an unknown zone. */
function zoneOffset(ms: number, zone: string): number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  const name = format.formatToParts(ms).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT'
  const match = /GMT([+-])(\d\d):?(\d\d)/.exec(name)
  if (match === null) return 0
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]))
}

function zoneName(ms: number, zone: string): string {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'short' })
  return format.formatToParts(ms).find((part) => part.type === 'timeZoneName')?.value ?? zone
}

const two = (n: number): string => String(n).padStart(2, '0')

function offsetText(parts: Parts, separator: string): string {
  const minutes = Math.abs(parts.offset)
  return `${parts.offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${separator}${two(minutes % 60)}`
}

/** What stands for what in a layout; longer ones first. */
const LAYOUT: readonly [text: string, write: (parts: Parts) => string][] = [
  ['January', (p) => MONTHS[p.month - 1]],
  ['Monday', (p) => DAYS[p.weekday]],
  ['2006', (p) => String(p.year).padStart(4, '0')],
  ['-07:00', (p) => offsetText(p, ':')],
  ['Z07:00', (p) => (p.offset === 0 ? 'Z' : offsetText(p, ':'))],
  ['-0700', (p) => offsetText(p, '')],
  ['Z0700', (p) => (p.offset === 0 ? 'Z' : offsetText(p, ''))],
  ['Jan', (p) => MONTHS[p.month - 1].slice(0, 3)],
  ['Mon', (p) => DAYS[p.weekday].slice(0, 3)],
  ['MST', (p) => p.zone],
  ['-07', (p) => offsetText(p, '').slice(0, 3)],
  ['01', (p) => two(p.month)],
  ['02', (p) => two(p.day)],
  ['03', (p) => two(p.hour % 12 === 0 ? 12 : p.hour % 12)],
  ['04', (p) => two(p.minute)],
  ['05', (p) => two(p.second)],
  ['06', (p) => two(p.year % 100)],
  ['15', (p) => two(p.hour)],
  ['PM', (p) => (p.hour < 12 ? 'AM' : 'PM')],
  ['pm', (p) => (p.hour < 12 ? 'am' : 'pm')],
  ['_2', (p) => String(p.day).padStart(2, ' ')],
  ['1', (p) => String(p.month)],
  ['2', (p) => String(p.day)],
  ['3', (p) => String(p.hour % 12 === 0 ? 12 : p.hour % 12)],
  ['4', (p) => String(p.minute)],
  ['5', (p) => String(p.second)],
]

/** Go's layouts: an example of the reference time, `Mon Jan 2 15:04:05 MST 2006`. */
function formatTime(ms: number, zone: string, layout: string): string {
  const parts = partsOf(ms, zone)
  let out = ''
  for (let at = 0; at < layout.length;) {
    const fraction = /^[.,](0+|9+)(?![0-9])/.exec(layout.slice(at))
    if (fraction !== null) {
      const digits = String(parts.ms)
        .padStart(3, '0')
        .padEnd(fraction[1].length, '0')
        .slice(0, fraction[1].length)
      const text = fraction[1][0] === '9' ? digits.replace(/0+$/, '') : digits
      if (text !== '') out += fraction[0][0] + text
      at += fraction[0].length
      continue
    }
    const item = LAYOUT.find(([text]) => layout.startsWith(text, at))
    out += item === undefined ? layout[at] : item[1](parts)
    at += item === undefined ? 1 : item[0].length
  }
  return out
}
