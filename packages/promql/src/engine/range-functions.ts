/**
 * Functions over a range: each maps the samples of one window to a number. They are pure and know
 * nothing of series or steps; `windows.ts` moves the window.
 */
import { formatValue } from '@vigie/model'
import { KahanSum } from './kahan.ts'
import { quantile } from './quantile.ts'
import { executionError } from './query-error.ts'
import { SWEEPS, type Sweep } from './sweeps.ts'

/** Samples `from` (inclusive) to `to` (exclusive) of the columns. One object, moved from step to step. */
export interface Window {
  t: Float64Array
  v: Float64Array
  /** Start timestamps in ms, 0 where there is none; undefined when they are not to be used. */
  st: Float64Array | undefined
  from: number
  to: number
  /** The bounds of the window in ms: left open, right closed. */
  startMs: number
  endMs: number
  /** Time of the step. */
  evalMs: number
  /** Scalar arguments at this step, in the order in which they are written. */
  params: Float64Array
  /**
   * Where something happened that the function asked for by `marks`: indexes of the samples after
   * which it did. Those in the window are markFrom (inclusive) to markTo (exclusive).
   */
  marks: Int32Array
  markFrom: number
  markTo: number
  /** Set by functions that may have no result for samples that they have. */
  isMissing: boolean
  /** Set when the counter of a sample began before the sample in front of it was taken. */
  hasOverlap: boolean
}

export interface RangeFunction {
  compute: (w: Window) => number
  /** With fewer samples in the window there is no result. */
  samplesMin: number
  mayBeMissing?: boolean
  /** Throws when the parameters are wrong, also where all samples are histograms. */
  check?: (params: Float64Array) => void
  /** Marks a sample by it and the one before. */
  marks?: (previous: number, value: number) => boolean
  /** What takes its place where samples have start timestamps; a new start is a mark as well. */
  withStarts?: RangeFunction
  /** Gives the same for all steps of a series of floats at once. */
  sweep?: Sweep | undefined
}

/** Whether a counter was reset between two samples, by its start timestamps. */
export function isStartReset(
  previousStart: number,
  previousT: number,
  start: number,
  t: number,
): boolean {
  if (start === 0 || start >= t) return false
  if (start > previousT) return true
  // Deltas follow each other. A first sample that starts at itself has an unknown start, no delta.
  return start === previousT && previousStart !== 0 && previousStart < previousT
}

const isReset = (previous: number, value: number): boolean => value < previous
const isChange = (previous: number, value: number): boolean =>
  value !== previous && (value === value || previous === previous)

/**
 * The change over the whole window, by the samples in it; divided by `seconds`. Operations come in
 * Prometheus's order, so that the last bits agree.
 */
function extrapolate(w: Window, isCounter: boolean, seconds: number): number {
  const { t, v, from, marks } = w
  const last = w.to - 1
  let change = v[last] - v[from]
  if (isCounter) for (let i = w.markFrom; i < w.markTo; i++) change += v[marks[i] - 1]
  const sampled = (t[last] - t[from]) / 1000
  const interval = sampled / (last - from)
  // Samples near a bound of the window mean that the series goes on beyond it; else it is taken to
  // begin or end half an interval further.
  const threshold = interval * 1.1
  let toStart = (t[from] - w.startMs) / 1000
  if (toStart >= threshold) toStart = interval / 2
  if (isCounter && change > 0 && v[from] >= 0) {
    // A counter cannot have been below zero.
    const toZero = sampled * (v[from] / change)
    if (toZero < toStart) toStart = toZero
  }
  let toEnd = (w.endMs - t[last]) / 1000
  if (toEnd >= threshold) toEnd = interval / 2
  return change * ((sampled + toStart + toEnd) / sampled / seconds)
}

/**
 * As extrapolate for counters; where the first sample says that its counter began within the range,
 * there was a 0 at that time.
 */
function extrapolateFromStart(w: Window, seconds: number): number {
  const { t, v, from } = w
  const last = w.to - 1
  const start = w.st![from]
  if (!(start !== 0 && start > w.startMs && start < t[from])) {
    if (last > from) return extrapolate(w, true, seconds)
    w.isMissing = true
    return NaN
  }
  let change = v[last]
  for (let i = w.markFrom; i < w.markTo; i++) change += v[w.marks[i] - 1]
  const sampled = (t[last] - start) / 1000
  const interval = last > from ? (t[last] - t[from]) / 1000 / (last - from) : 0
  let toEnd = (w.endMs - t[last]) / 1000
  if (toEnd >= interval * 1.1) toEnd = interval / 2
  return change * ((sampled + toEnd) / sampled / seconds)
}

const rangeSeconds = (w: Window): number => (w.endMs - w.startMs) / 1000

function lastTwo(w: Window, isCounter: boolean): number {
  const { t, v, st, to } = w
  const isAfterReset =
    isCounter &&
    (v[to - 1] < v[to - 2] ||
      (st !== undefined && isStartReset(st[to - 2], t[to - 2], st[to - 1], t[to - 1])))
  return isAfterReset ? v[to - 1] : v[to - 1] - v[to - 2]
}

function mean({ v, from, to }: Window): number {
  let sum = v[from]
  let compensation = 0
  for (let i = from + 1; i < to; i++) {
    const x = v[i]
    const total = sum + x
    // The sum is too large for a number: go on with the mean itself.
    if (total === Infinity || total === -Infinity)
      return meanFrom(v, from, i, to, sum, compensation)
    compensation += Math.abs(sum) >= Math.abs(x) ? sum - total + x : x - total + sum
    sum = total
  }
  const count = to - from
  return sum / count + compensation / count
}

function meanFrom(
  v: Float64Array,
  from: number,
  at: number,
  to: number,
  sum: number,
  compensation: number,
): number {
  const running = new KahanSum()
  running.sum = sum / (at - from)
  running.compensation = compensation / (at - from)
  for (let i = at; i < to; i++) {
    const count = i - from + 1
    const share = (count - 1) / count
    running.sum *= share
    running.compensation *= share
    running.add(v[i] / count)
  }
  return running.sum + running.compensation
}

function sum({ v, from, to }: Window): number {
  let total = 0
  let compensation = 0
  for (let i = from; i < to; i++) {
    const x = v[i]
    const next = total + x
    if (next === Infinity || next === -Infinity) compensation = 0
    else compensation += Math.abs(total) >= Math.abs(x) ? total - next + x : x - next + total
    total = next
  }
  return total === Infinity || total === -Infinity ? total : total + compensation
}

/** Index of the first (or last, `takesLast`) sample that no other one beats. NaN loses to all. */
function extreme({ v, from, to }: Window, sign: 1 | -1, takesLast: boolean): number {
  let best = from
  for (let i = from + 1; i < to; i++) {
    const isBetter = sign === 1 ? v[i] > v[best] : v[i] < v[best]
    if (isBetter || v[best] !== v[best] || (takesLast && v[i] === v[best])) best = i
  }
  return best
}

function variance({ v, from, to }: Window): number {
  const center = new KahanSum()
  const squares = new KahanSum()
  for (let i = from; i < to; i++) {
    const delta = v[i] - (center.sum + center.compensation)
    center.add(delta / (i - from + 1))
    squares.add(delta * (v[i] - (center.sum + center.compensation)))
  }
  return (squares.sum + squares.compensation) / (to - from)
}

/** Least squares over the window; `slope` per second, and the value at `atMs`. */
function regression(
  { t, v, from, to }: Window,
  atMs: number,
): { slope: number; intercept: number } {
  let isConstant = true
  const sums = [new KahanSum(), new KahanSum(), new KahanSum(), new KahanSum()]
  const [x, y, xy, xx] = sums
  for (let i = from; i < to; i++) {
    if (v[i] !== v[from]) isConstant = false
    const seconds = (t[i] - atMs) / 1000
    x.add(seconds)
    y.add(v[i])
    xy.add(seconds * v[i])
    xx.add(seconds * seconds)
  }
  if (isConstant) {
    return Number.isFinite(v[from])
      ? { slope: 0, intercept: v[from] }
      : { slope: NaN, intercept: NaN }
  }
  const n = to - from
  const [sumX, sumY, sumXY, sumXX] = sums.map((one) => one.sum + one.compensation)
  const slope = (sumXY - (sumX * sumY) / n) / (sumXX - (sumX * sumX) / n)
  return { slope, intercept: sumY / n - (slope * sumX) / n }
}

function medianDeviation({ v, from, to }: Window): number {
  const values = v.slice(from, to)
  // Prometheus 3.5 has them come first, as quantiles do; later ones are NaN.
  if (values.some(Number.isNaN)) return NaN
  const median = quantile(0.5, values)
  for (let i = 0; i < values.length; i++) values[i] = Math.abs(values[i] - median)
  return quantile(0.5, values)
}

function checkFactors([smoothing, trendFactor]: ArrayLike<number> & Iterable<number>): void {
  checkFactor('smoothing', 'sf', smoothing)
  checkFactor('trend', 'tf', trendFactor)
}

/** NaN is let through, as in Prometheus. */
function checkFactor(kind: string, name: string, factor: number): void {
  if (!(factor <= 0 || factor >= 1)) return
  // Go's %f.
  const sign = Object.is(factor, -0) ? '-' : ''
  const shown = Number.isFinite(factor) ? sign + factor.toFixed(6) : formatValue(factor)
  throw executionError(`invalid ${kind} factor. Expected: 0 < ${name} < 1, got: ${shown}`)
}

function smooth(w: Window): number {
  const { v, from, to, params } = w
  const [smoothing, trendFactor] = params
  checkFactors(params)
  if (to - from < 2) {
    w.isMissing = true
    return 0
  }
  let before = 0
  let level = v[from]
  let trend = v[from + 1] - v[from]
  for (let i = from + 1; i < to; i++) {
    if (i > from + 1) trend = trendFactor * (level - before) + (1 - trendFactor) * trend
    before = level
    level = smoothing * v[i] + (1 - smoothing) * (level + trend)
  }
  return level
}

const over = (compute: (w: Window) => number, samplesMin = 1): RangeFunction => ({
  compute,
  samplesMin,
})
const marked = (
  marks: NonNullable<RangeFunction['marks']>,
  samplesMin: number,
  compute: (w: Window) => number,
): RangeFunction => ({ compute, samplesMin, marks })

function noteOverlaps(w: Window): void {
  const { t, from, to } = w
  const st = w.st!
  for (let i = from + 1; i < to; i++)
    if (st[i] !== 0 && st[i] < t[i - 1] && st[i] !== st[i - 1]) w.hasOverlap = true
}

const fromStarts = (compute: (w: Window) => number): RangeFunction => ({
  compute: (w) => {
    noteOverlaps(w)
    return compute(w)
  },
  samplesMin: 1,
  mayBeMissing: true,
  marks: isReset,
})
const markCount = (w: Window): number => w.markTo - w.markFrom

const FUNCTIONS: [name: string, fn: RangeFunction][] = [
  [
    'rate',
    {
      ...marked(isReset, 2, (w) => extrapolate(w, true, rangeSeconds(w))),
      withStarts: fromStarts((w) => extrapolateFromStart(w, rangeSeconds(w))),
    },
  ],
  [
    'increase',
    {
      ...marked(isReset, 2, (w) => extrapolate(w, true, 1)),
      withStarts: fromStarts((w) => extrapolateFromStart(w, 1)),
    },
  ],
  ['delta', over((w) => extrapolate(w, false, 1), 2)],
  ['irate', over((w) => lastTwo(w, true) / ((w.t[w.to - 1] - w.t[w.to - 2]) / 1000), 2)],
  ['idelta', over((w) => lastTwo(w, false), 2)],
  ['resets', { ...marked(isReset, 1, markCount), withStarts: marked(isReset, 1, markCount) }],
  ['changes', marked(isChange, 1, markCount)],
  ['deriv', over((w) => regression(w, w.t[w.from]).slope, 2)],
  [
    'predict_linear',
    over((w) => {
      const { slope, intercept } = regression(w, w.evalMs)
      return slope * w.params[0] + intercept
    }, 2),
  ],
  ['double_exponential_smoothing', { ...over(smooth), mayBeMissing: true, check: checkFactors }],
  ['avg_over_time', over(mean)],
  ['sum_over_time', over(sum)],
  ['count_over_time', over((w) => w.to - w.from)],
  ['min_over_time', over((w) => w.v[extreme(w, -1, false)])],
  ['max_over_time', over((w) => w.v[extreme(w, 1, false)])],
  ['first_over_time', over((w) => w.v[w.from])],
  ['last_over_time', over((w) => w.v[w.to - 1])],
  ['stdvar_over_time', over(variance)],
  ['stddev_over_time', over((w) => Math.sqrt(variance(w)))],
  ['quantile_over_time', over((w) => quantile(w.params[0], w.v.slice(w.from, w.to)))],
  ['mad_over_time', over(medianDeviation)],
  ['present_over_time', over(() => 1)],
  ['absent_over_time', over(() => 1)],
  ['ts_of_first_over_time', over((w) => w.t[w.from] / 1000)],
  ['ts_of_last_over_time', over((w) => w.t[w.to - 1] / 1000)],
  ['ts_of_min_over_time', over((w) => w.t[extreme(w, -1, true)] / 1000)],
  ['ts_of_max_over_time', over((w) => w.t[extreme(w, 1, true)] / 1000)],
]

export const RANGE_FUNCTIONS: ReadonlyMap<string, RangeFunction> = new Map(
  FUNCTIONS.map(([name, fn]) => [name, { ...fn, sweep: SWEEPS.get(name) }]),
)
