/**
 * Range functions that need not look at every sample of every window: each goes once over the samples
 * of a series and fills all steps. They give, bit for bit, what the functions of `range-functions.ts`
 * give window by window; those remain for everything that a sweep does not know (parameters, start
 * timestamps, extended ranges).
 */

/** One series on its way through a sweep. One object, reused from series to series. */
export interface SweepJob {
  /** Samples without stale markers, `length` of them. */
  t: Float64Array
  v: Float64Array
  length: number
  /** End of the first window in ms; each next one ends `stepMs` later. Left open, right closed. */
  endMs: number
  stepMs: number
  rangeMs: number
  /** Number of steps. */
  count: number
  /** What is filled: at step i `outV[i]`, where `outHas[i]` is 1. */
  outV: Float64Array
  outHas: Uint8Array
  /** Indexes of samples, as many as there are samples: room for a sweep to work in. */
  scratch: Int32Array
  /** Given back: steps with a result, and samples in a window: the most, in the last one, in all. */
  present: number
  countMax: number
  countLast: number
  countAll: number
}

export type Sweep = (job: SweepJob) => void

export function newSweepJob(): SweepJob {
  const none = new Float64Array(0)
  return {
    t: none,
    v: none,
    length: 0,
    endMs: 0,
    stepMs: 0,
    rangeMs: 0,
    count: 0,
    outV: none,
    outHas: new Uint8Array(0),
    scratch: new Int32Array(0),
    present: 0,
    countMax: 0,
    countLast: 0,
    countAll: 0,
  }
}

/** rate, increase and delta: see `extrapolate` in range-functions.ts, whose operations these are. */
function sweepChange(job: SweepJob, isCounter: boolean, isPerSecond: boolean): void {
  const { t, v, length, stepMs, rangeMs, count, outV, outHas, scratch } = job
  const seconds = isPerSecond ? rangeMs / 1000 : 1
  let endMs = job.endMs
  let [from, to, resetFrom, resetTo, present, countMax, countAll] = [0, 0, 0, 0, 0, 0, 0]
  for (let step = 0; step < count; step++, endMs += stepMs) {
    const startMs = endMs - rangeMs
    while (to < length && t[to] <= endMs) {
      if (isCounter && to > 0 && v[to] < v[to - 1]) scratch[resetTo++] = to
      to++
    }
    while (from < to && t[from] <= startMs) from++
    const samples = to - from
    if (samples > countMax) countMax = samples
    countAll += samples
    if (samples < 2) {
      outHas[step] = 0
      continue
    }
    const first = v[from]
    const firstT = t[from]
    const lastT = t[to - 1]
    let change = v[to - 1] - first
    while (resetFrom < resetTo && scratch[resetFrom] <= from) resetFrom++
    for (let i = resetFrom; i < resetTo; i++) change += v[scratch[i] - 1]
    const sampled = (lastT - firstT) / 1000
    const interval = sampled / (samples - 1)
    const threshold = interval * 1.1
    let toStart = (firstT - startMs) / 1000
    if (toStart >= threshold) toStart = interval / 2
    if (isCounter && change > 0 && first >= 0) {
      const toZero = sampled * (first / change)
      if (toZero < toStart) toStart = toZero
    }
    let toEnd = (endMs - lastT) / 1000
    if (toEnd >= threshold) toEnd = interval / 2
    outV[step] = change * ((sampled + toStart + toEnd) / sampled / seconds)
    outHas[step] = 1
    present++
  }
  job.present = present
  job.countMax = countMax
  job.countLast = to - from
  job.countAll = countAll
}

/** max_over_time (`sign` 1) and min_over_time (-1): what may still be the best waits in a queue. */
function sweepExtreme(job: SweepJob, sign: 1 | -1): void {
  const { t, v, length, stepMs, rangeMs, count, outV, outHas, scratch: queue } = job
  let endMs = job.endMs
  let [from, to, head, tail, present, countMax, countAll] = [0, 0, 0, 0, 0, 0, 0]
  for (let step = 0; step < count; step++, endMs += stepMs) {
    const startMs = endMs - rangeMs
    for (; to < length && t[to] <= endMs; to++) {
      const x = v[to]
      // NaN counts only where there is nothing else.
      if (x !== x) continue
      while (tail > head && v[queue[tail - 1]] * sign < x * sign) tail--
      queue[tail++] = to
    }
    while (from < to && t[from] <= startMs) from++
    while (head < tail && queue[head] < from) head++
    const samples = to - from
    if (samples > countMax) countMax = samples
    countAll += samples
    outHas[step] = samples > 0 ? 1 : 0
    if (samples === 0) continue
    outV[step] = head < tail ? v[queue[head]] : NaN
    present++
  }
  job.present = present
  job.countMax = countMax
  job.countLast = to - from
  job.countAll = countAll
}

type Edge = 'count' | 'first' | 'last' | 'present' | 'firstTime' | 'lastTime'

/** What the ends of a window tell: how many samples, the first, the last. */
function sweepEdge(job: SweepJob, edge: Edge): void {
  const { t, v, length, stepMs, rangeMs, count, outV, outHas } = job
  let endMs = job.endMs
  let [from, to, present, countMax, countAll] = [0, 0, 0, 0, 0]
  for (let step = 0; step < count; step++, endMs += stepMs) {
    const startMs = endMs - rangeMs
    while (to < length && t[to] <= endMs) to++
    while (from < to && t[from] <= startMs) from++
    const samples = to - from
    if (samples > countMax) countMax = samples
    countAll += samples
    outHas[step] = samples > 0 ? 1 : 0
    if (samples === 0) continue
    if (edge === 'count') outV[step] = samples
    else if (edge === 'present') outV[step] = 1
    else if (edge === 'first') outV[step] = v[from]
    else if (edge === 'last') outV[step] = v[to - 1]
    else outV[step] = t[edge === 'firstTime' ? from : to - 1] / 1000
    present++
  }
  job.present = present
  job.countMax = countMax
  job.countLast = to - from
  job.countAll = countAll
}

/** irate and idelta: between the last two samples of each window. */
function sweepLastTwo(job: SweepJob, isRate: boolean): void {
  const { t, v, length, stepMs, rangeMs, count, outV, outHas } = job
  let endMs = job.endMs
  let [from, to, present, countMax, countAll] = [0, 0, 0, 0, 0]
  for (let step = 0; step < count; step++, endMs += stepMs) {
    const startMs = endMs - rangeMs
    while (to < length && t[to] <= endMs) to++
    while (from < to && t[from] <= startMs) from++
    const samples = to - from
    if (samples > countMax) countMax = samples
    countAll += samples
    outHas[step] = samples > 1 ? 1 : 0
    if (samples < 2) continue
    const [before, last] = [v[to - 2], v[to - 1]]
    const change = isRate && last < before ? last : last - before
    outV[step] = isRate ? change / ((t[to - 1] - t[to - 2]) / 1000) : change
    present++
  }
  job.present = present
  job.countMax = countMax
  job.countLast = to - from
  job.countAll = countAll
}

/** Sweeps by the name of the function. */
export const SWEEPS: ReadonlyMap<string, Sweep> = new Map<string, Sweep>([
  ['rate', (job) => sweepChange(job, true, true)],
  ['increase', (job) => sweepChange(job, true, false)],
  ['delta', (job) => sweepChange(job, false, false)],
  ['irate', (job) => sweepLastTwo(job, true)],
  ['idelta', (job) => sweepLastTwo(job, false)],
  ['max_over_time', (job) => sweepExtreme(job, 1)],
  ['min_over_time', (job) => sweepExtreme(job, -1)],
  ['count_over_time', (job) => sweepEdge(job, 'count')],
  ['present_over_time', (job) => sweepEdge(job, 'present')],
  ['absent_over_time', (job) => sweepEdge(job, 'present')],
  ['first_over_time', (job) => sweepEdge(job, 'first')],
  ['last_over_time', (job) => sweepEdge(job, 'last')],
  ['ts_of_first_over_time', (job) => sweepEdge(job, 'firstTime')],
  ['ts_of_last_over_time', (job) => sweepEdge(job, 'lastTime')],
])
