/**
 * Series as signals: what can be compared between levels of load. Counters become rates, sums and counts
 * of durations their mean, a gauge and the gauge of its ceiling a ratio.
 */
import { mean } from '../statistics.ts'
import { type Role, isForeign, poolOf, rangeText, roleOf, selectorOf, unitOf } from './names.ts'
import {
  type Course,
  type Span,
  type SuspectLevel,
  type SuspectSeries,
  courseOf,
  increaseOf,
  rateIn,
  ratesOf,
  samplesIn,
  settled,
} from './series.ts'

/** A rate over this many usual gaps draws the chart. */
const RANGE_GAPS = 4
const RANGE_MIN_MS = 1000

export interface Signal {
  labels: Readonly<Record<string, string>>
  help: string
  role: Role
  form: 'gauge' | 'rate' | 'mean' | 'ratio'
  unit: string
  /** PromQL that draws it. */
  expr: string
  /** One per level; NaN where nothing is known. */
  values: Float64Array
  /** Single values over time, for distributions and trends. */
  course: Course
  /** ratio: what 1 stands for. */
  ceiling: number | null
}

interface Entry {
  series: SuspectSeries
  name: string
  course: Course
}

export function signalsOf(
  series: readonly SuspectSeries[],
  levels: readonly SuspectLevel[],
): Signal[] {
  const entries = series
    .filter(({ labels, t }) => t.length > 0 && !isForeign(labels))
    .map((one): Entry => ({ series: one, name: one.labels.__name__ ?? '', course: courseOf(one) }))
    .filter(({ course }) => course.t.length > 0)
  const bases = basesOf(entries)
  const sinceMs = entries.reduce((least, { course }) => Math.min(least, course.t[0]!), Infinity)
  const spans = levels.map(settled)
  const gauges = entries.filter((entry) => !isCounter(entry, bases))
  const pools = pair(gauges)
  const isPaired = new Set([...pools].flat())
  return [
    ...pools.map(([used, most]) => ratioSignal(used, most, spans)),
    ...gauges.filter((entry) => !isPaired.has(entry)).map((entry) => gaugeSignal(entry, spans)),
    ...counterSignals(
      entries.filter((entry) => isCounter(entry, bases)),
      spans,
      sinceMs,
    ),
  ].filter(varies)
}

const varies = ({ values, role }: Signal): boolean => {
  const known = values.filter((value) => !Number.isNaN(value))
  return known.length > 1 && (role === 'down' || known.some((value) => value !== known[0]))
}

/** Names of histograms and summaries: what has both `_sum` and `_count`. */
function basesOf(entries: readonly Entry[]): ReadonlySet<string> {
  const names = new Set(entries.map(({ name }) => name))
  return new Set(
    [...names]
      .filter((name) => name.endsWith('_sum') && names.has(`${name.slice(0, -4)}_count`))
      .map((name) => name.slice(0, -4)),
  )
}

function isCounter({ series, name, course }: Entry, bases: ReadonlySet<string>): boolean {
  if (bases.has(name.replace(/_(sum|count|bucket)$/, '')) && /_(sum|count|bucket)$/.test(name))
    return true
  if (series.type === 'counter') return true
  if (series.type === 'gauge' && !name.includes('total')) return false
  return /(^|_)(total|count|sum|bucket)(_|$)/.test(name) && rises(course)
}

function rises({ v }: Course): boolean {
  let falls = 0
  for (let i = 1; i < v.length; i++) if (v[i]! < v[i - 1]!) falls++
  return falls <= v.length / 50
}

/** Gauges with the gauge of their ceiling, which has their labels and never changes. */
function pair(gauges: readonly Entry[]): [used: Entry, most: Entry][] {
  const ceilings = new Map<string, Entry>()
  const keyOf = ({ series }: Entry, stem: string): string =>
    JSON.stringify([stem, ...Object.entries(series.labels).filter(([key]) => key !== '__name__')])
  const pools = gauges.map((entry) => ({ entry, pool: poolOf(entry.name) }))
  for (const { entry, pool } of pools) {
    const { v } = entry.course
    if (pool?.isCeiling && v[0]! > 0 && v.every((value) => value === v[0]))
      ceilings.set(keyOf(entry, pool.stem), entry)
  }
  return pools.flatMap(({ entry, pool }) => {
    if (pool === null || pool.isCeiling) return []
    const most = ceilings.get(keyOf(entry, pool.stem))
    return most === undefined ? [] : [[entry, most] as [Entry, Entry]]
  })
}

const levelMeans = (course: Course, spans: readonly Span[]): Float64Array =>
  Float64Array.from(spans, (span) => mean(samplesIn(course, span)))

function ratioSignal(used: Entry, most: Entry, spans: readonly Span[]): Signal {
  const ceiling = most.course.v[0]!
  const { labels, help = '' } = used.series
  const course = { ...used.course, v: used.course.v.map((value) => value / ceiling) }
  return {
    labels,
    help,
    role: roleOf(labels),
    form: 'ratio',
    unit: '',
    expr: `${selectorOf(labels, used.name)} / ${selectorOf(most.series.labels, most.name)}`,
    values: levelMeans(course, spans),
    course,
    ceiling,
  }
}

function gaugeSignal({ series, name, course }: Entry, spans: readonly Span[]): Signal {
  const { labels, help = '' } = series
  const isUp = name === 'up'
  const own = isUp ? { ...course, v: course.v.map((value) => 1 - value) } : course
  return {
    labels,
    help,
    role: isUp ? 'down' : roleOf(labels),
    form: 'gauge',
    unit: unitOf(name),
    expr: selectorOf(labels, name),
    values: levelMeans(own, spans),
    course: own,
    ceiling: null,
  }
}

function counterSignals(
  counters: readonly Entry[],
  spans: readonly Span[],
  sinceMs: number,
): Signal[] {
  const keyOf = ({ series, name }: Entry, base: string): string =>
    JSON.stringify([
      name.slice(0, -base.length),
      ...Object.entries(series.labels).filter(([key]) => key !== '__name__'),
    ])
  const sums = new Map<string, Entry>()
  for (const entry of counters)
    if (entry.name.endsWith('_sum')) sums.set(keyOf(entry, '_sum'), entry)
  return counters.flatMap((entry) => {
    if (/_(sum|bucket)$/.test(entry.name)) return []
    const increase = increaseOf(entry.course, sinceMs)
    const rate = rateSignal(entry, increase, spans)
    const sum = entry.name.endsWith('_count') ? sums.get(keyOf(entry, '_count')) : undefined
    if (sum === undefined) return [rate]
    return [rate, meanSignal(sum, entry, increaseOf(sum.course, sinceMs), increase, spans)]
  })
}

const rangeOf = ({ gapMs }: Course): string =>
  rangeText(Math.max(RANGE_MIN_MS, Math.round(gapMs * RANGE_GAPS)))

function rateSignal(entry: Entry, increase: Course, spans: readonly Span[]): Signal {
  const { labels, help = '' } = entry.series
  return {
    labels,
    help,
    role: roleOf(labels),
    form: 'rate',
    unit: unitOf(entry.name),
    expr: `rate(${selectorOf(labels, entry.name)}[${rangeOf(entry.course)}])`,
    values: Float64Array.from(spans, (span) => rateIn(increase, span)),
    course: ratesOf(increase),
    ceiling: null,
  }
}

function meanSignal(
  sum: Entry,
  count: Entry,
  sums: Course,
  counts: Course,
  spans: readonly Span[],
): Signal {
  const { labels, help = '' } = sum.series
  const range = rangeOf(sum.course)
  const t: number[] = []
  const v: number[] = []
  for (let i = 1; i < Math.min(sums.t.length, counts.t.length); i++) {
    const times = counts.v[i]! - counts.v[i - 1]!
    if (!(times > 0) || sums.t[i] !== counts.t[i]) continue
    t.push(sums.t[i]!)
    v.push((sums.v[i]! - sums.v[i - 1]!) / times)
  }
  return {
    labels,
    help,
    role: roleOf(labels),
    form: 'mean',
    unit: unitOf(sum.name),
    expr: `rate(${selectorOf(labels, sum.name)}[${range}]) / rate(${selectorOf(count.series.labels, count.name)}[${range}])`,
    values: Float64Array.from(spans, (span) => {
      const times = rateIn(counts, span)
      return times > 0 ? rateIn(sums, span) / times : NaN
    }),
    course: { t: Float64Array.from(t), v: Float64Array.from(v), gapMs: sum.course.gapMs },
    ceiling: null,
  }
}
