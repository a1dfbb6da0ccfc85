/**
 * Moves a window over the samples of one series, once from left to right, and computes a range
 * function at each step of a grid.
 */
import { type SampleColumns, isStale } from '@vigie/model'
import type { QueryContext } from './context.ts'
import { type Grid, timeAt } from './grid.ts'
import type { Placement } from './plan.ts'
import { tooManySamples } from './query-error.ts'
import { type RangeFunction, type Window, isStartReset } from './range-functions.ts'
import type { Row } from './row.ts'
import { type SweepJob, newSweepJob } from './sweeps.ts'

/** Samples that are looked at before others get a turn. */
const WORK_PER_TICK = 200_000

const NO_MARKS = new Int32Array(0)

export class WindowWalk {
  readonly #context: QueryContext
  readonly #grid: Grid
  readonly #placement: Placement
  readonly #function: RangeFunction
  readonly #params: readonly Float64Array[]
  readonly #window: Window
  readonly #job: SweepJob = newSweepJob()
  #work = 0
  /** Most samples in a window of this series. */
  #countMax = 0
  /** Results of this series. */
  #present = 0
  /** The function, or its variant for samples with start timestamps. */
  #current: RangeFunction

  /** `params` are the scalar arguments over the steps of `grid`. */
  constructor(
    context: QueryContext,
    grid: Grid,
    placement: Placement,
    fn: RangeFunction,
    params: readonly Float64Array[],
  ) {
    this.#context = context
    this.#grid = grid
    this.#placement = placement
    this.#function = fn
    this.#current = fn
    this.#params = params
    this.#window = {
      t: new Float64Array(0),
      v: new Float64Array(0),
      st: undefined,
      from: 0,
      to: 0,
      startMs: 0,
      endMs: 0,
      evalMs: 0,
      params: new Float64Array(params.length),
      marks: NO_MARKS,
      markFrom: 0,
      markTo: 0,
      isMissing: false,
      hasOverlap: false,
    }
  }

  /**
   * Fills `row` from `samples`, which hold no stale markers. Gives something to await when it is the
   * turn of others before all steps are done; then call `resume` with the step it gives.
   */
  begin(samples: SampleColumns, row: Row): number {
    // Fast path: all steps at once.
    if (this.#maySweep(samples)) return this.#sweep(samples, row)
    const w = this.#window
    w.t = samples.t
    w.v = samples.v
    w.from = 0
    w.to = 0
    w.markFrom = 0
    w.markTo = 0
    w.st = this.#context.usesStartTimes ? samples.st : undefined
    this.#current = (w.st && this.#function.withStarts) ?? this.#function
    const { marks } = this.#current
    const starts = this.#current === this.#function ? undefined : w.st
    w.marks = marks === undefined ? NO_MARKS : markSamples(samples, marks, starts)
    return this.resume(samples.length, row, 0)
  }

  #maySweep({ st, h, length }: SampleColumns): boolean {
    const { beforeMs, afterMs } = this.#placement
    const usesStarts = st !== undefined && this.#context.usesStartTimes
    return (
      this.#function.sweep !== undefined &&
      !usesStarts &&
      h === undefined &&
      beforeMs === 0 &&
      afterMs === 0 &&
      // One series must not take longer than a turn; longer ones yield in between.
      length + this.#grid.count <= WORK_PER_TICK
    )
  }

  #sweep({ t, v, length }: SampleColumns, row: Row): number {
    const job = this.#job
    const { atMs, offsetMs, rangeMs } = this.#placement
    const { startMs, stepMs, count } = this.#grid
    job.t = t
    job.v = v
    job.length = length
    job.endMs = (atMs ?? startMs) - offsetMs
    job.stepMs = atMs === undefined ? stepMs : 0
    job.rangeMs = rangeMs
    job.count = count
    job.outV = row.v
    job.outHas = row.has
    if (job.scratch.length < length) job.scratch = new Int32Array(length * 2)
    this.#function.sweep!(job)
    this.#countMax = job.countMax
    this.#present = job.present
    this.#window.from = 0
    this.#window.to = job.countLast
    this.#work += length + count
    this.#context.countRead(job.countAll)
    return count
  }

  /** Goes on at `fromStep`; gives the step to go on from, which is the count of steps when done. */
  resume(length: number, row: Row, fromStep: number): number {
    const w = this.#window
    const grid = this.#grid
    const { atMs, offsetMs, rangeMs, beforeMs, afterMs } = this.#placement
    const { compute, samplesMin, mayBeMissing = false } = this.#current
    const params = this.#params
    const { t, marks } = w
    const { v, has } = row
    const windowMax = this.#context.maxSamples - this.#context.held
    let { from, to } = w
    let step = fromStep
    let read = 0
    let countMax = 0
    let present = 0
    for (; step < grid.count && read + step - fromStep < WORK_PER_TICK; step++) {
      const evalMs = timeAt(grid, step)
      const endMs = (atMs ?? evalMs) - offsetMs
      const startMs = endMs - rangeMs
      while (to < length && t[to] <= endMs + afterMs) to++
      while (from < to && t[from] <= startMs - beforeMs) from++
      const count = to - from
      read += count
      if (count > countMax) countMax = count
      if (count < samplesMin) {
        has[step] = 0
        continue
      }
      if (count > windowMax) throw tooManySamples()
      w.from = from
      w.to = to
      w.startMs = startMs
      w.endMs = endMs
      w.evalMs = evalMs
      while (w.markTo < marks.length && marks[w.markTo] < to) w.markTo++
      while (w.markFrom < w.markTo && marks[w.markFrom] <= from) w.markFrom++
      for (let i = 0; i < params.length; i++) w.params[i] = params[i][step]
      v[step] = compute(w)
      if (mayBeMissing && w.isMissing) {
        has[step] = 0
        w.isMissing = false
      } else {
        has[step] = 1
        present++
      }
    }
    w.from = from
    w.to = to
    this.#work += read + step - fromStep
    this.#countMax = Math.max(this.#countMax, countMax)
    this.#present += present
    this.#context.countRead(read)
    return step
  }

  /** Accounts for the samples of the windows of a series; gives the number of its results. */
  brush(): number {
    const { from, to } = this.#window
    const present = this.#present
    this.#context.brush(Math.max(this.#countMax, to - from + present))
    this.#countMax = 0
    this.#present = 0
    return present
  }

  /** Whether start timestamps overlapped since the last time. */
  takeOverlap(): boolean {
    const { hasOverlap } = this.#window
    this.#window.hasOverlap = false
    return hasOverlap
  }

  /** Something to await when enough was done since the last time. */
  tick(): Promise<void> | undefined {
    if (this.#work < WORK_PER_TICK / 8) return undefined
    this.#work = 0
    return this.#context.tick()
  }
}

function markSamples(
  { t, v, length }: SampleColumns,
  marks: (previous: number, value: number) => boolean,
  starts: Float64Array | undefined,
): Int32Array {
  const isMarked = (i: number): boolean =>
    marks(v[i - 1], v[i]) ||
    (starts !== undefined && isStartReset(starts[i - 1], t[i - 1], starts[i], t[i]))
  let count = 0
  for (let i = 1; i < length; i++) if (isMarked(i)) count++
  if (count === 0) return NO_MARKS
  const out = new Int32Array(count)
  let at = 0
  for (let i = 1; i < length; i++) if (isMarked(i)) out[at++] = i
  return out
}

/** Takes the stale markers out, in place: ranges do not see them. */
export function dropStale(samples: SampleColumns): void {
  const { t, v, h, st, length } = samples
  let kept = 0
  // Fast path: markers are NaN, which most series have none of.
  while (kept < length && v[kept] === v[kept]) kept++
  for (let i = kept; i < length; i++) {
    if (isStale(v[i])) continue
    if (kept !== i) {
      t[kept] = t[i]
      v[kept] = v[i]
      if (h !== undefined) h[kept] = h[i]
      if (st !== undefined) st[kept] = st[i]
    }
    kept++
  }
  samples.length = kept
}
