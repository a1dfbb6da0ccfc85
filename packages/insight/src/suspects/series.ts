/**
 * What suspects are found in: levels of load, and series over the same time. A series is read level by
 * level, robustly for few samples: a hold of 30 s with scrapes every 15 s has two.
 */

/** A hold of a search, or a window of an ordinary run. Times in ms since the epoch. */
export interface SuspectLevel {
  load: number
  startMs: number
  endMs: number
  /** Per second: what was meant to start, and what ended. */
  offered: number
  throughput: number
  /** Any unit; NaN when nothing ended. */
  p95: number
  isOk: boolean
}

export interface SuspectSeries {
  /** With `__name__`. */
  labels: Readonly<Record<string, string>>
  /** Type of the metric as its endpoint says, when known. */
  type?: string
  help?: string
  /** Rising, ms since the epoch. From before the first level, when possible. */
  t: ArrayLike<number>
  v: ArrayLike<number>
}

/** Share of a level that is not looked at: what was before still shows there. */
const SETTLING = 0.25
/** A counter's value is taken between samples at most this many usual gaps apart. */
const GAPS = 2.5

/** A series as numbers, cleaned: no NaN, no stale markers. */
export interface Course {
  t: Float64Array
  v: Float64Array
  /** Usual time between samples, ms. */
  gapMs: number
}

export interface Span {
  startMs: number
  endMs: number
}

/** The part of a level that counts. */
export const settled = ({ startMs, endMs }: Span): Span => ({
  startMs: startMs + (endMs - startMs) * SETTLING,
  endMs,
})

export function courseOf({ t, v }: Pick<SuspectSeries, 't' | 'v'>): Course {
  const times: number[] = []
  const values: number[] = []
  for (let i = 0; i < t.length; i++) {
    if (!Number.isFinite(v[i]!)) continue
    times.push(t[i]!)
    values.push(v[i]!)
  }
  const gaps = Float64Array.from(times.slice(1), (time, i) => time - times[i]!).sort()
  return {
    t: Float64Array.from(times),
    v: Float64Array.from(values),
    gapMs: gaps.length === 0 ? 0 : gaps[gaps.length >> 1]!,
  }
}

/** A counter without its resets, from 0; what was born after `sinceMs` began at 0 then. */
export function increaseOf(course: Course, sinceMs: number): Course {
  const { t, v, gapMs } = course
  const isBornLate = t.length > 0 && t[0]! > sinceMs + GAPS * gapMs && gapMs > 0
  const offset = isBornLate ? 1 : 0
  const times = new Float64Array(t.length + offset)
  const total = new Float64Array(t.length + offset)
  if (isBornLate) {
    times[0] = t[0]! - gapMs
    times[1] = t[0]!
    total[1] = v[0]!
  } else if (t.length > 0) times[0] = t[0]!
  for (let i = 1; i < t.length; i++) {
    times[i + offset] = t[i]!
    total[i + offset] = total[i + offset - 1]! + (v[i]! >= v[i - 1]! ? v[i]! - v[i - 1]! : v[i]!)
  }
  return { t: times, v: total, gapMs }
}

/** Index of the last sample at or before a time; -1 when none is. */
function before(t: Float64Array, timeMs: number): number {
  let low = 0
  let high = t.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (t[middle]! <= timeMs) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Value at a time on the line between two samples; beyond the ends the end's, if that is near. */
function valueAt({ t, v, gapMs }: Course, timeMs: number): number {
  const i = before(t, timeMs)
  const reach = GAPS * gapMs
  if (i < 0) return t.length > 0 && t[0]! - timeMs <= reach ? v[0]! : NaN
  if (i === t.length - 1) return timeMs - t[i]! <= reach ? v[i]! : NaN
  const share = (timeMs - t[i]!) / (t[i + 1]! - t[i]!)
  return v[i]! + share * (v[i + 1]! - v[i]!)
}

/** Increase of a course made by `increaseOf` over a span, per second. */
export function rateIn(increase: Course, span: Span): number {
  const { t } = increase
  // Samples at the very ends may miss: the rate is of what they cover.
  const startMs = Math.max(span.startMs, t[0] ?? Infinity)
  const endMs = Math.min(span.endMs, t.at(-1) ?? -Infinity)
  if (endMs - startMs < (span.endMs - span.startMs) / 2) {
    // Before its birth a counter stood still.
    return t.length > 0 && span.endMs <= t[0]! ? 0 : NaN
  }
  return ((valueAt(increase, endMs) - valueAt(increase, startMs)) * 1000) / (endMs - startMs)
}

/** Values of the samples in a span; the one just before it when there is none. */
export function samplesIn(course: Course, span: Span): Float64Array {
  const { t, v, gapMs } = course
  const first = before(t, span.startMs - 1e-6) + 1
  const last = before(t, span.endMs)
  if (last >= first) return v.subarray(first, last + 1)
  return first > 0 && span.endMs - t[first - 1]! <= GAPS * gapMs
    ? v.subarray(first - 1, first)
    : new Float64Array(0)
}

/** Rates between neighbouring samples: what distributions of a counter are compared by. */
export function ratesOf({ t, v, gapMs }: Course): Course {
  const length = Math.max(0, t.length - 1)
  const rates = new Float64Array(length)
  for (let i = 0; i < length; i++)
    rates[i] = ((v[i + 1]! - v[i]!) * 1000) / Math.max(1e-9, t[i + 1]! - t[i]!)
  return { t: t.slice(1), v: rates, gapMs }
}
