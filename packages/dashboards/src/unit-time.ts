/** Durations and moments of time as Grafana writes them. */
import { type Format, type FormatOptions, fixed, plain } from './unit-scale.ts'

/** Up to `below` the value is divided by `by` and called `name`; a name with an `s` to come is plural above 1. */
type Step = readonly [below: number, by: number, name: string]

const MINUTE = 60
const HOUR = 3600
const DAY = 86_400
const WEEK = 604_800
const YEAR = 31_536_000

/** Each unit has its own steps: not all know weeks, and years differ in length. */
const LADDERS: ReadonlyMap<string, readonly Step[]> = new Map<string, readonly Step[]>([
  [
    'ns',
    [
      [1e3, 1, 'ns'],
      [1e6, 1e3, 'µs'],
      [1e9, 1e6, 'ms'],
      [6e10, 1e9, 's'],
      [3.6e12, 6e10, 'min'],
      [8.64e13, 3.6e12, 'hour'],
      [Infinity, 8.64e13, 'day'],
    ],
  ],
  [
    'µs',
    [
      [1e3, 1, 'µs'],
      [1e6, 1e3, 'ms'],
      [Infinity, 1e6, 's'],
    ],
  ],
  [
    'ms',
    [
      [1e3, 1, 'ms'],
      [6e4, 1e3, 's'],
      [3.6e6, 6e4, 'min'],
      [8.64e7, 3.6e6, 'hour'],
      [3.1536e10, 8.64e7, 'day'],
      [Infinity, 3.1536e10, 'year'],
    ],
  ],
  [
    's',
    [
      [1e-6, 1e-9, 'ns'],
      [1e-3, 1e-6, 'µs'],
      [1, 1e-3, 'ms'],
      [MINUTE, 1, 's'],
      [HOUR, MINUTE, 'min'],
      [DAY, HOUR, 'hour'],
      [WEEK, DAY, 'day'],
      [YEAR, WEEK, 'week'],
      [Infinity, 3.15569e7, 'year'],
    ],
  ],
  [
    'm',
    [
      [60, 1, 'min'],
      [1440, 60, 'hour'],
      [10_080, 1440, 'day'],
      [604_800, 10_080, 'week'],
      [Infinity, 525_948, 'year'],
    ],
  ],
  [
    'h',
    [
      [24, 1, 'hour'],
      [168, 24, 'day'],
      [8760, 168, 'week'],
      [Infinity, 8760, 'year'],
    ],
  ],
  [
    'd',
    [
      [7, 1, 'day'],
      [365, 7, 'week'],
      [Infinity, 365, 'year'],
    ],
  ],
])

const COUNTED = new Set(['min', 'hour', 'day', 'week', 'year'])

const ladder =
  (unit: string, factor = 1): Format =>
  (value, decimals) => {
    const steps = LADDERS.get(unit)!
    const whole = value * factor
    if (unit === 's' && whole === 0) return plain('0', ' s')
    const [, by, name] = steps.find(([below]) => Math.abs(whole) < below) ?? steps.at(-1)!
    const scaled = whole / by
    const isPlural = by !== 1 && Math.abs(scaled) > 1 && COUNTED.has(name)
    return plain(fixed(scaled, decimals), ` ${name}${isPlural ? 's' : ''}`)
  }

const PARTS: readonly (readonly [name: string, ms: number])[] = [
  ['year', YEAR * 1000],
  ['month', 2_592_000_000],
  ['week', WEEK * 1000],
  ['day', DAY * 1000],
  ['hour', HOUR * 1000],
  ['minute', MINUTE * 1000],
  ['second', 1000],
  ['millisecond', 1],
]

/** `2 hours, 3 minutes`: one part more than decimals are asked for. */
const inWords =
  (unit: string, unitMs: number): Format =>
  (value, decimals = 0) => {
    if (value === 0) return plain(`0 ${unit}s`)
    let rest = Math.abs(value) * unitMs
    const parts: string[] = []
    for (const [name, ms] of PARTS) {
      if (parts.length > decimals) break
      const count = Math.floor(rest / ms)
      if (count < 1 && parts.length === 0) continue
      parts.push(`${count} ${name}${count === 1 ? '' : 's'}`)
      rest %= ms
    }
    return plain(parts.join(', '), value < 0 ? ' ago' : '')
  }

const two = (value: number): string => String(value).padStart(2, '0')

/** `34:17:36`, with `1 d ` before it when days count apart. */
const clockface =
  (hasDays: boolean): Format =>
  (value) => {
    const seconds = Math.floor(Math.abs(value))
    const days = hasDays ? Math.floor(seconds / DAY) : 0
    const rest = seconds - days * DAY
    const time = [Math.floor(rest / HOUR), Math.floor(rest / MINUTE) % 60, rest % 60].map(two)
    const text = (days > 0 ? `${days} d ` : '') + time.join(':')
    return plain(text, value < 0 ? ' ago' : '')
  }

/** `01m:26s:400ms`; decimals say how many parts, all when left out. */
const stopwatch =
  (unitMs: number): Format =>
  (value, decimals) => {
    const ms = value * unitMs
    const date = new Date(ms)
    const isValid = !Number.isNaN(date.getTime())
    const millis = `${String(date.getUTCMilliseconds()).padStart(3, '0')}ms`
    if (ms < 1000) return plain(millis)
    const parts = [`${two(date.getUTCMinutes())}m`, `${two(date.getUTCSeconds())}s`, millis]
    if (ms < 60_000) return plain(cut(parts.slice(1), decimals).join(':'))
    if (ms < 3_600_000) return plain(cut(parts, decimals).join(':'))
    const all = [`${Math.floor(ms / 3_600_000)}h`, ...(isValid ? parts : ['Invalid date'])]
    return plain(cut(all, decimals).join(':'))
  }

const cut = (parts: string[], decimals: number | undefined): string[] =>
  decimals === undefined ? parts : parts.slice(0, decimals + 1)

interface Moment {
  year: number
  month: number
  day: number
  weekday: number
  hour: number
  minute: number
  second: number
  ms: number
}

function momentOf(value: number, isUtc: boolean): Moment {
  const date = new Date(value)
  return isUtc
    ? {
        year: date.getUTCFullYear(),
        month: date.getUTCMonth(),
        day: date.getUTCDate(),
        weekday: date.getUTCDay(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
        second: date.getUTCSeconds(),
        ms: date.getUTCMilliseconds(),
      }
    : {
        year: date.getFullYear(),
        month: date.getMonth(),
        day: date.getDate(),
        weekday: date.getDay(),
        hour: date.getHours(),
        minute: date.getMinutes(),
        second: date.getSeconds(),
        ms: date.getMilliseconds(),
      }
}

const MONTHS =
  'January February March April May June July August September October November December'.split(' ')
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')

const TOKENS: ReadonlyMap<string, (at: Moment) => string> = new Map<string, (at: Moment) => string>(
  [
    ['YYYY', (at) => String(at.year)],
    ['YY', (at) => two(at.year % 100)],
    ['MMMM', (at) => MONTHS[at.month]],
    ['MMM', (at) => MONTHS[at.month].slice(0, 3)],
    ['MM', (at) => two(at.month + 1)],
    ['M', (at) => String(at.month + 1)],
    ['DD', (at) => two(at.day)],
    ['D', (at) => String(at.day)],
    ['dddd', (at) => DAYS[at.weekday]],
    ['ddd', (at) => DAYS[at.weekday].slice(0, 3)],
    ['HH', (at) => two(at.hour)],
    ['H', (at) => String(at.hour)],
    ['hh', (at) => two(at.hour % 12 || 12)],
    ['h', (at) => String(at.hour % 12 || 12)],
    ['mm', (at) => two(at.minute)],
    ['m', (at) => String(at.minute)],
    ['ss', (at) => two(at.second)],
    ['s', (at) => String(at.second)],
    ['SSS', (at) => String(at.ms).padStart(3, '0')],
    ['A', (at) => (at.hour < 12 ? 'AM' : 'PM')],
    ['a', (at) => (at.hour < 12 ? 'am' : 'pm')],
  ],
)
const LONG_TOKENS: readonly (readonly [RegExp, string])[] = [
  [/LTS/g, 'h:mm:ss A'],
  [/LT/g, 'h:mm A'],
  [/LL/g, 'MMMM D, YYYY'],
  [/L/g, 'MM/DD/YYYY'],
]

/** A moment by the pattern language of Moment.js, `[…]` taken literally. */
export function formatMoment(value: number, pattern: string, isUtc: boolean): string {
  const at = momentOf(value, isUtc)
  if (Number.isNaN(at.year)) return 'Invalid date'
  const long = LONG_TOKENS.reduce((text, [token, full]) => text.replace(token, full), pattern)
  return long.replace(
    /\[([^\]]*)\]|YYYY|YY|M{1,4}|DD?|d{3,4}|HH?|hh?|mm?|ss?|SSS|A|a/g,
    (token: string, literal?: string) => literal ?? TOKENS.get(token)?.(at) ?? token,
  )
}

const moment =
  (pattern: string, todayPattern = pattern): Format =>
  (value, _decimals, options) => {
    const isUtc = options.isUtc === true
    const day = (ms: number): string => formatMoment(ms, 'YYYY-MM-DD', isUtc)
    const isToday = pattern !== todayPattern && day(value) === day(options.nowMs ?? Date.now())
    return plain(formatMoment(value, isToday ? todayPattern : pattern, isUtc))
  }

/** In the reader's own language. */
const local =
  (isDateHiddenToday: boolean): Format =>
  (value, _decimals, options) => {
    const [date, now] = [new Date(value), new Date(options.nowMs ?? Date.now())]
    const isDateShown = !(isDateHiddenToday && date.toDateString() === now.toDateString())
    return plain(
      date.toLocaleString(undefined, {
        ...(isDateShown ? { year: 'numeric', month: '2-digit', day: '2-digit' } : {}),
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
        ...(options.isUtc === true ? { timeZone: 'UTC' } : {}),
      }),
    )
  }

const AGO: readonly (readonly [below: number, by: number, one: string, many: string])[] = [
  [44.5, 1, 'a few seconds', 'a few seconds'],
  [44.5 * MINUTE, MINUTE, 'a minute', 'minutes'],
  [21.5 * HOUR, HOUR, 'an hour', 'hours'],
  [25.5 * DAY, DAY, 'a day', 'days'],
  [320 * DAY, 30.44 * DAY, 'a month', 'months'],
  [Infinity, 365.25 * DAY, 'a year', 'years'],
]

/** `3 years ago`, `in 5 minutes`. */
function fromNow(value: number, options: FormatOptions): string {
  const seconds = ((options.nowMs ?? Date.now()) - value) / 1000
  const [, by, one, many] = AGO.find(([below]) => Math.abs(seconds) < below) ?? AGO.at(-1)!
  const count = Math.max(1, Math.round(Math.abs(seconds) / by))
  const words = count === 1 || by === 1 ? one : `${count} ${many}`
  return seconds < 0 ? `in ${words}` : `${words} ago`
}

export const TIME_UNITS: readonly (readonly [id: string, format: Format])[] = [
  ...[...LADDERS.keys()].map((unit) => [unit, ladder(unit)] as const),
  ['timeticks', ladder('s', 0.01)],
  ['dtdurationms', inWords('millisecond', 1)],
  ['dtdurations', inWords('second', 1000)],
  ['dthms', clockface(false)],
  ['dtdhms', clockface(true)],
  ['clockms', stopwatch(1)],
  ['clocks', stopwatch(1000)],
  ['dateTimeAsIso', moment('YYYY-MM-DD HH:mm:ss')],
  ['dateTimeAsIsoNoDateIfToday', moment('YYYY-MM-DD HH:mm:ss', 'HH:mm:ss')],
  ['dateTimeAsUS', moment('MM/DD/YYYY h:mm:ss a')],
  ['dateTimeAsUSNoDateIfToday', moment('MM/DD/YYYY h:mm:ss a', 'h:mm:ss a')],
  ['dateTimeAsLocal', local(false)],
  ['dateTimeAsLocalNoDateIfToday', local(true)],
  ['dateTimeAsSystem', moment('YYYY-MM-DD HH:mm:ss.SSS')],
  ['dateTimeFromNow', (value, _decimals, options) => plain(fromNow(value, options))],
]

/** `time:YYYY-MM-DD`. */
export const customMoment = (pattern: string): Format => moment(pattern)
