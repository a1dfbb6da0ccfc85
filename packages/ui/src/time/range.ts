/**
 * Time ranges as Grafana writes them: each end is `now`, `now-6h`, `now-1d/d` (rounded down, or up for
 * the end), epoch ms, or `2026-11-22 14:00:00` in the browser's time zone.
 */

export interface TimeRange {
  from: string
  to: string
}

export interface ResolvedRange {
  fromMs: number
  toMs: number
}

/** A time that cannot be understood. */
export class TimeRangeError extends Error {}

const UNIT_MS = new Map<string, number>([
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
])

export const PRESETS: { label: string; range: TimeRange }[] = [
  ['Last 5 minutes', 'now-5m', 'now'],
  ['Last 15 minutes', 'now-15m', 'now'],
  ['Last 30 minutes', 'now-30m', 'now'],
  ['Last 1 hour', 'now-1h', 'now'],
  ['Last 3 hours', 'now-3h', 'now'],
  ['Last 6 hours', 'now-6h', 'now'],
  ['Last 12 hours', 'now-12h', 'now'],
  ['Last 24 hours', 'now-24h', 'now'],
  ['Last 2 days', 'now-2d', 'now'],
  ['Last 7 days', 'now-7d', 'now'],
  ['Today', 'now/d', 'now/d'],
  ['Yesterday', 'now-1d/d', 'now-1d/d'],
].map(([label, from, to]) => ({ label: label!, range: { from: from!, to: to! } }))

/** Ms since the epoch; `isEnd` rounds `/d` up to the end of the day. Throws TimeRangeError. */
export function resolveTime(text: string, nowMs: number, isEnd: boolean): number {
  const trimmed = text.trim()
  if (trimmed.startsWith('now')) return resolveRelative(trimmed, nowMs, isEnd)
  if (/^\d{9,10}$/.test(trimmed)) return Number(trimmed) * 1000
  if (/^\d{11,14}$/.test(trimmed)) return Number(trimmed)
  const date = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d?):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?(Z|UTC)?$/.exec(
    trimmed,
  )
  if (!date) {
    throw new TimeRangeError(
      `cannot read time: got "${text}", want now-6h, 2026-11-22 14:00 or epoch milliseconds`,
    )
  }
  const [, year, month, day, hour = '0', minute = '0', second = '0', zone] = date
  const parts = [+year!, +month! - 1, +day!, +hour, +minute, +second] as const
  const start = zone ? Date.UTC(...parts) : new Date(...parts).getTime()
  return isEnd && date[4] === undefined ? start + UNIT_MS.get('d')! - 1 : start
}

function resolveRelative(text: string, nowMs: number, isEnd: boolean): number {
  const match = /^now((?:[+-]\d+[smhdwMy])*)(?:\/([smhdwMy]))?$/.exec(text.replaceAll(' ', ''))
  if (!match) {
    throw new TimeRangeError(`cannot read time: got "${text}", want e.g. now-15m, now-1d/d`)
  }
  const date = new Date(nowMs)
  for (const [, sign, count, unit] of match[1]!.matchAll(/([+-])(\d+)([smhdwMy])/g)) {
    const n = Number(count) * (sign === '-' ? -1 : 1)
    if (unit === 'M') date.setMonth(date.getMonth() + n)
    else if (unit === 'y') date.setFullYear(date.getFullYear() + n)
    else if (unit === 'd' || unit === 'w') date.setDate(date.getDate() + n * (unit === 'w' ? 7 : 1))
    else date.setTime(date.getTime() + n * UNIT_MS.get(unit!)!)
  }
  return match[2] ? round(date, match[2], isEnd) : date.getTime()
}

/** Down to the start of its unit, or up to its last ms. */
function round(date: Date, unit: string, isEnd: boolean): number {
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()]
  const next = isEnd ? 1 : 0
  const monday = day - ((date.getDay() + 6) % 7)
  const start = {
    y: () => new Date(year + next, 0, 1),
    M: () => new Date(year, month + next, 1),
    w: () => new Date(year, month, monday + 7 * next),
    d: () => new Date(year, month, day + next),
    h: () => new Date(year, month, day, date.getHours() + next),
    m: () => new Date(year, month, day, date.getHours(), date.getMinutes() + next),
    s: () =>
      new Date(year, month, day, date.getHours(), date.getMinutes(), date.getSeconds() + next),
  }[unit]!
  return start().getTime() - next
}

/** Both ends in ms; throws TimeRangeError when one is unreadable or the range is empty. */
export function resolveRange(range: TimeRange, nowMs: number): ResolvedRange {
  const fromMs = resolveTime(range.from, nowMs, false)
  const toMs = resolveTime(range.to, nowMs, true)
  if (fromMs >= toMs) {
    throw new TimeRangeError(`cannot use range: "${range.from}" is not before "${range.to}"`)
  }
  return { fromMs, toMs }
}

/**
 * What somebody types into the range field: `6h`, `90 min`, `now-1d/d`, `from to to`, `2026-11-22`.
 * Throws TimeRangeError.
 */
export function parseTyped(text: string, nowMs: number): TimeRange {
  const trimmed = text.trim()
  const short = /^(?:last\s+)?(\d+)\s*(sec|min|hour|day|week|month|year|s|m|h|d|w|M|y)[a-z]*$/.exec(
    trimmed,
  )
  const range = short
    ? { from: `now-${short[1]}${unitOf(short[2]!)}`, to: 'now' }
    : parseEnds(trimmed)
  resolveRange(range, nowMs)
  return range
}

const unitOf = (word: string): string =>
  word === 'month' ? 'M' : word.length === 1 ? word : word[0]!

function parseEnds(text: string): TimeRange {
  const ends = text.split(/\s+(?:to|–|—|-|until|\.\.)\s+|\s*\.\.\s*/)
  if (ends.length === 2) return { from: ends[0]!, to: ends[1]! }
  if (/^now.*\/[smhdwMy]$/.test(text) || /^\d{4}-\d\d-\d\d$/.test(text)) {
    return { from: text, to: text }
  }
  return { from: text, to: 'now' }
}

/** "Last 6 hours", "Today" or the two ends. */
export function describeRange(range: TimeRange): string {
  const preset = PRESETS.find((one) => one.range.from === range.from && one.range.to === range.to)
  if (preset) return preset.label
  const last = /^now-(\d+)([smhdwMy])$/.exec(range.from)
  if (last && range.to === 'now') return `Last ${last[1]} ${unitName(last[2]!, Number(last[1]))}`
  return `${describeEnd(range.from)} to ${describeEnd(range.to)}`
}

function unitName(unit: string, count: number): string {
  const name = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week', M: 'month', y: 'year' }[
    unit
  ]!
  return count === 1 ? name : name + 's'
}

function describeEnd(end: string): string {
  return /^\d{11,14}$/.test(end) ? formatDateTime(Number(end)) : end
}

const two = (n: number): string => String(n).padStart(2, '0')

/** `2026-11-22 14:05:09` in the browser's time zone. */
export function formatDateTime(ms: number): string {
  const date = new Date(ms)
  return `${formatDate(date)} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

function formatDate(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** Twice the range around its middle, ended at `nowMs`. */
export function zoomOut(range: ResolvedRange, nowMs: number): TimeRange {
  const half = (range.toMs - range.fromMs) / 2
  const toMs = Math.min(range.toMs + half, nowMs)
  return { from: String(Math.round(toMs - 4 * half)), to: String(Math.round(toMs)) }
}

/** The range moved by half of its length; -1 into the past. */
export function shift(range: ResolvedRange, direction: -1 | 1, nowMs: number): TimeRange {
  const half = (range.toMs - range.fromMs) / 2
  const toMs = Math.min(range.toMs + direction * half, nowMs)
  return { from: String(Math.round(toMs - 2 * half)), to: String(Math.round(toMs)) }
}
