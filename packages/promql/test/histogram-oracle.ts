/**
 * Native histograms by their definitions, for property tests: maps from bucket to count, one step at a
 * time. It shares nothing with the engine but the samples.
 */
import { type Histogram, type Labels, isStaleHistogram, isStale } from '@vigie/model'
import type { MemorySeries } from './memory.ts'

/** Buckets by index on the positive side; those of the negative side at `-index - 0.5`. */
type Buckets = ReadonlyMap<number, number>

export interface Plain {
  /** Undefined for exponential buckets. */
  bounds: readonly number[] | undefined
  schema: number
  zero: number
  count: number
  sum: number
  buckets: Buckets
}

export type Value = number | Plain

export interface Element {
  labels: Labels
  value: Value
}

export interface Sample {
  t: number
  value: Value
}

/** What the oracle gives for one time, and the text of the query that asks for it. */
export interface Query {
  text: string
  at: (series: readonly MemorySeries[], t: number) => Element[]
}

export function plainOf(h: Histogram): Plain {
  const buckets = new Map<number, number>()
  const read = (
    spans: Int32Array,
    counts: Float64Array,
    place: (index: number) => number,
  ): void => {
    let index = 0
    let at = 0
    for (let s = 0; s < spans.length; s += 2) {
      index += spans[s]
      for (let k = 0; k < spans[s + 1]; k++) buckets.set(place(index++), counts[at++])
    }
  }
  read(h.positiveSpans, h.positiveCounts, (index) => index)
  read(h.negativeSpans, h.negativeCounts, (index) => -index - 0.5)
  const bounds = h.schema === -53 ? [...h.customBounds] : undefined
  return { bounds, schema: h.schema, zero: h.zeroCount, count: h.count, sum: h.sum, buckets }
}

function moved(buckets: Buckets, to: (index: number) => number): Map<number, number> {
  const out = new Map<number, number>()
  for (const [index, count] of buckets) out.set(to(index), (out.get(to(index)) ?? 0) + count)
  return out
}

/** With the resolution of `schema`: bucket i is (base^(i-1), base^i]. */
function reduced(h: Plain, schema: number): Plain {
  const factor = 2 ** (h.schema - schema)
  const onSide = (index: number): number => Math.ceil(index / factor)
  const to = (index: number): number =>
    Number.isInteger(index) ? onSide(index) : -onSide(-index - 0.5) - 0.5
  return { ...h, schema, buckets: moved(h.buckets, to) }
}

function withBounds(h: Plain, bounds: readonly number[]): Plain {
  const to = (index: number): number => {
    const upper = h.bounds![index] ?? Infinity
    const found = bounds.findIndex((bound) => bound >= upper)
    return found < 0 ? bounds.length : found
  }
  return { ...h, bounds, buckets: moved(h.buckets, to) }
}

/** Both with the same buckets; undefined where there are none in common. */
function alike(a: Plain, b: Plain): [Plain, Plain] | undefined {
  if ((a.bounds === undefined) !== (b.bounds === undefined)) return undefined
  if (a.bounds === undefined) {
    const schema = Math.min(a.schema, b.schema)
    return [reduced(a, schema), reduced(b, schema)]
  }
  const shared = a.bounds.filter((bound) => b.bounds!.includes(bound))
  return [withBounds(a, shared), withBounds(b, shared)]
}

function add(a: Plain, b: Plain, sign = 1): Plain | undefined {
  const pair = alike(a, b)
  if (pair === undefined) return undefined
  const [x, y] = pair
  const buckets = new Map(x.buckets)
  for (const [index, count] of y.buckets)
    buckets.set(index, (buckets.get(index) ?? 0) + sign * count)
  const part = (key: 'zero' | 'count' | 'sum'): number => x[key] + sign * y[key]
  return { ...x, zero: part('zero'), count: part('count'), sum: part('sum'), buckets }
}

function scaled(h: Plain, factor: number): Plain {
  const buckets = new Map(Array.from(h.buckets, ([index, count]) => [index, count * factor]))
  return { ...h, zero: h.zero * factor, count: h.count * factor, sum: h.sum * factor, buckets }
}

/** Whether `now` cannot have come from `before` by counting on. */
function isReset(before: Plain, now: Plain): boolean {
  const pair = alike(before, now)
  if (pair === undefined || now.count < before.count || now.zero < before.zero) return true
  if (now.bounds === undefined && now.schema > before.schema) return true
  const [was, is] = pair
  return [...was.buckets].some(([index, count]) => (is.buckets.get(index) ?? 0) < count)
}

const isPlain = (value: Value): value is Plain => typeof value === 'object'

/** Samples after `from` up to `to`; undefined as value: a stale marker. */
function samplesOf({ t, v, h }: MemorySeries, from: number, to: number): (Sample | undefined)[] {
  return Array.from(t, (time, i) => ({ time, i }))
    .filter(({ time }) => time > from && time <= to)
    .map(({ time, i }) => {
      const one = h?.[i]
      if (one !== undefined)
        return isStaleHistogram(one) ? undefined : { t: time, value: plainOf(one) }
      return isStale(v[i]) ? undefined : { t: time, value: v[i] }
    })
}

const LOOKBACK_MS = 60_000

export const selector = (name: string): Query => ({
  text: name,
  at: (series, t) =>
    series
      .filter(({ labels }) => labels.metricName === name)
      .flatMap((one) => {
        const last = samplesOf(one, t - LOOKBACK_MS, t).at(-1)
        return last === undefined ? [] : [{ labels: one.labels, value: last.value }]
      }),
})

type Over = (samples: readonly Sample[], from: number, to: number) => Value | undefined

const histogramsOf = (samples: readonly Sample[]): Plain[] | undefined => {
  const all = samples.map(({ value }) => value)
  return all.every(isPlain) ? all : undefined
}

/** Of counters and gauges, carried on to the bounds of the range. */
const change =
  (isCounter: boolean, isPerSecond: boolean): Over =>
  (samples, from, to) => {
    const all = histogramsOf(samples)
    if (all === undefined || all.length < 2) return undefined
    const resets = all.map((one, i) => isCounter && i > 0 && isReset(all[i - 1], one))
    // What was counted before a reset is added; what the first sample had is taken away.
    let total: Plain | undefined = all.at(-1)!
    const skipsFirst = resets[1]
    const used = skipsFirst ? all.slice(1) : all
    const kinds = new Set(used.map(({ bounds }) => bounds === undefined))
    if (isCounter ? kinds.size > 1 : (all[0].bounds === undefined) !== (total.bounds === undefined))
      return undefined
    const considered = isCounter ? used : [all[0], total]
    if (total.bounds === undefined)
      total = reduced(total, Math.min(...considered.map(({ schema }) => schema)))
    if (!skipsFirst) total = add(total, all[0], -1)
    // The sample before a reset counts; where that is the first one, it was not taken away.
    for (let i = skipsFirst ? 2 : 1; i < all.length; i++)
      if (resets[i] && total !== undefined) total = add(total, all[i - 1])
    if (total === undefined) return undefined
    const [first, last] = [samples[0].t, samples.at(-1)!.t]
    const interval = (last - first) / (samples.length - 1)
    const reach = (gap: number): number => (gap < interval * 1.1 ? gap : interval / 2)
    let before = reach(first - from)
    if (isCounter && total.count > 0)
      before = Math.min(before, ((last - first) * all[0].count) / total.count)
    const factor = (before + last - first + reach(to - last)) / (last - first)
    return scaled(total, factor / (isPerSecond ? (to - from) / 1000 : 1))
  }

const lastChange =
  (isCounter: boolean): Over =>
  (samples) => {
    if (samples.length < 2) return undefined
    const [before, now] = samples.slice(-2)
    if (!isPlain(before.value) || !isPlain(now.value)) return undefined
    const isNew = isCounter && isReset(before.value, now.value)
    const total = isNew ? now.value : add(now.value, before.value, -1)
    return total && scaled(total, isCounter ? 1000 / (now.t - before.t) : 1)
  }

const total =
  (isMean: boolean): Over =>
  (samples) => {
    const [first, ...rest] = histogramsOf(samples) ?? []
    const all = rest.reduce<Plain | undefined>((sum, one) => sum && add(sum, one), first)
    return all && scaled(all, isMean ? 1 / samples.length : 1)
  }

const pairsWith =
  (test: (before: Value, now: Value) => boolean): Over =>
  (samples) =>
    samples.filter((one, i) => i > 0 && test(samples[i - 1].value, one.value)).length

/** Floats are histograms of nothing but a count. */
const lifted =
  (ofHistograms: Over): Over =>
  (samples, from, to) => {
    if (samples.some(({ value }) => isPlain(value))) return ofHistograms(samples, from, to)
    const none = { bounds: undefined, schema: 0, zero: 0, sum: 0, buckets: new Map() }
    const counts = samples.map(({ t, value }) => ({
      t,
      value: { ...none, count: value as number },
    }))
    const value = ofHistograms(counts, from, to)
    return value === undefined ? undefined : (value as Plain).count
  }

const OVER: Record<string, Over> = {
  rate: lifted(change(true, true)),
  increase: lifted(change(true, false)),
  delta: lifted(change(false, false)),
  irate: lifted(lastChange(true)),
  idelta: lifted(lastChange(false)),
  sum_over_time: lifted(total(false)),
  avg_over_time: lifted(total(true)),
  count_over_time: (samples) => samples.length,
  last_over_time: (samples) => samples.at(-1)?.value,
  resets: pairsWith((before, now) =>
    isPlain(before) && isPlain(now)
      ? isReset(before, now)
      : isPlain(before) !== isPlain(now) || now < before,
  ),
}
export const OVER_NAMES: readonly string[] = Object.keys(OVER)

export const over = (name: string, metric: string, rangeMs: number, offsetMs: number): Query => ({
  text: `${name}(${metric}[${rangeMs}ms]${offsetMs === 0 ? '' : ` offset ${offsetMs}ms`})`,
  at: (series, t) =>
    series
      .filter(({ labels }) => labels.metricName === metric)
      .flatMap((one) => {
        const to = t - offsetMs
        const samples = samplesOf(one, to - rangeMs, to).filter((sample) => sample !== undefined)
        const value = samples.length === 0 ? undefined : OVER[name](samples, to - rangeMs, to)
        const labels = name === 'last_over_time' ? one.labels : one.labels.without('__name__')
        return value === undefined ? [] : [{ labels, value }]
      }),
})

const nameless = ({ labels, value }: Element): Element => ({
  labels: labels.without('__name__'),
  value,
})

export const times = (query: Query, factor: number): Query => ({
  text: `(${query.text}) * ${factor}`,
  at: (series, t) =>
    query
      .at(series, t)
      .map(({ labels, value }) =>
        nameless({ labels, value: isPlain(value) ? scaled(value, factor) : value * factor }),
      ),
})

/** Elements that have the same labels, but for the name. */
export const joined = (left: Query, op: '+' | '-', right: Query): Query => ({
  text: `(${left.text}) ${op} (${right.text})`,
  at: (series, t) => {
    const others = right.at(series, t).map(nameless)
    const sign = op === '+' ? 1 : -1
    return left.at(series, t).flatMap((one) => {
      const { labels, value } = nameless(one)
      const other = others.find((found) => found.labels.key === labels.key)?.value
      if (other === undefined || isPlain(value) !== isPlain(other)) return []
      const sum = isPlain(value)
        ? add(value, other as Plain, sign)
        : value + sign * (other as number)
      return sum === undefined ? [] : [{ labels, value: sum }]
    })
  },
})

/** A group with both kinds, or with buckets that do not go together, gives nothing. */
export const grouped = (op: 'sum' | 'avg', query: Query): Query => ({
  text: `${op} by (l) (${query.text})`,
  at: (series, t) => {
    const groups = new Map<string, Element[]>()
    for (const element of query.at(series, t)) {
      const { key } = element.labels.keep(new Set(['l']))
      groups.set(key, [...(groups.get(key) ?? []), element])
    }
    return [...groups.values()].flatMap((members): Element[] => {
      const labels = members[0].labels.keep(new Set(['l']))
      const values = members.map(({ value }) => value)
      const share = op === 'avg' ? 1 / values.length : 1
      if (!values.some(isPlain)) {
        const sum = (values as number[]).reduce((a, b) => a + b, 0)
        return [{ labels, value: sum * share }]
      }
      const samples = values.map((value) => ({ t: 0, value }))
      const value = OVER.sum_over_time(samples, 0, 0)
      return value === undefined ? [] : [{ labels, value: scaled(value as Plain, share) }]
    })
  },
})

/** Lower and upper bounds with counts, rising. */
function spreadOf(h: Plain): { lower: number; upper: number; count: number }[] {
  const base = 2 ** (2 ** -h.schema)
  const all = Array.from(h.buckets, ([index, count]) => {
    if (h.bounds !== undefined)
      return { lower: h.bounds[index - 1] ?? 0, upper: h.bounds[index] ?? Infinity, count }
    if (Number.isInteger(index)) return { lower: base ** (index - 1), upper: base ** index, count }
    const side = -index - 0.5
    return { lower: -(base ** side), upper: -(base ** (side - 1)), count }
  })
  all.push({ lower: 0, upper: 0, count: h.zero })
  return all.filter(({ count }) => count !== 0).sort((a, b) => a.lower - b.lower)
}

/** Of histograms whose zero bucket is a point. */
function quantile(q: number, h: Plain): number {
  const all = spreadOf(h)
  const observations = all.reduce((sum, { count }) => sum + count, 0)
  let rank = q * observations
  for (const { lower, upper, count } of all) {
    if (rank > count) {
      rank -= count
      continue
    }
    if (upper === Infinity) return lower
    const fraction = rank / count
    if (h.bounds !== undefined || lower === upper) return lower + (upper - lower) * fraction
    return lower > 0
      ? lower * (upper / lower) ** fraction
      : upper * (lower / upper) ** (1 - fraction)
  }
  return NaN
}

const OF_HISTOGRAM: Record<string, (h: Plain) => number> = {
  'histogram_count(': ({ count }) => count,
  'histogram_sum(': ({ sum }) => sum,
  'histogram_avg(': ({ sum, count }) => sum / count,
  'histogram_quantile(0.3713, ': (h) => quantile(0.3713, h),
  'histogram_quantile(0.9177, ': (h) => quantile(0.9177, h),
}
export const OF_HISTOGRAM_NAMES: readonly string[] = Object.keys(OF_HISTOGRAM)

export const ofHistogram = (call: string, query: Query): Query => ({
  text: `${call}${query.text})`,
  at: (series, t) =>
    query
      .at(series, t)
      .flatMap((one) =>
        isPlain(one.value) ? [nameless({ ...one, value: OF_HISTOGRAM[call](one.value) })] : [],
      ),
})
