/**
 * Range functions over a series that holds histograms. The floats among its samples go the way of all
 * floats; where a window has histograms too, what is in mixed-functions.ts decides.
 */
import { METRIC_NAME, type SampleColumns } from '@vigie/model'
import {
  KEPT,
  MIXED_FUNCTIONS,
  type MixedFunction,
  type Modifier,
  onlyFloats,
} from '../histogram/mixed-functions.ts'
import { type MixedWindow, splitKinds, windowSize } from '../histogram/mixed-window.ts'
import { Notes } from '../histogram/notes.ts'
import type { Span } from '../syntax/ast.ts'
import type { QueryContext } from './context.ts'
import { type Grid, timeAt } from './grid.ts'
import type { Placement } from './plan.ts'
import { type Row, sampleCount } from './row.ts'

/** Steps between two looks at the clock. */
const STEPS_PER_TICK = 64

export class MixedWalk {
  readonly #context: QueryContext
  readonly #grid: Grid
  readonly #placement: Placement
  readonly #compute: MixedFunction
  readonly #modifier: Modifier
  readonly #place: Span
  readonly #check: (step: number) => void

  /** `check` is called for windows with histograms; `place` is where annotations point to. */
  constructor(
    context: QueryContext,
    grid: Grid,
    placement: Placement,
    name: string,
    modifier: Modifier,
    place: Span,
    check: (step: number) => void,
  ) {
    this.#context = context
    this.#grid = grid
    this.#placement = placement
    this.#compute = MIXED_FUNCTIONS.get(name) ?? onlyFloats
    this.#modifier = modifier
    this.#place = place
    this.#check = check
  }

  /** Fills `row`; `ofFloats` is called first, to fill it with what the floats alone give. */
  async fill(
    samples: SampleColumns,
    row: Row,
    ofFloats: (floats: SampleColumns) => Promise<number>,
  ): Promise<void> {
    const context = this.#context
    const { floats, histograms } = splitKinds(samples, context.usesStartTimes)
    row.has.fill(0)
    row.h = undefined
    if (floats.length > 0) await ofFloats(floats)
    const notes = new Notes(context.annotations, row.labels.get(METRIC_NAME), this.#place)
    const w: MixedWindow = {
      ...histograms,
      floats,
      from: 0,
      to: 0,
      floatFrom: 0,
      floatTo: 0,
      startMs: 0,
      endMs: 0,
    }
    let sizeMax = 0
    let size = 0
    for (let step = 0; step < this.#grid.count; step++) {
      this.#move(w, timeAt(this.#grid, step))
      size = windowSize(w)
      sizeMax = Math.max(sizeMax, size)
      // The floats have been counted.
      context.countRead(size - (w.floatTo - w.floatFrom))
      if (w.to > w.from) {
        this.#check(step)
        this.#step(w, notes, row, step)
      }
      if (step % STEPS_PER_TICK !== 0) continue
      const wait = context.tick()
      if (wait !== undefined) await wait
    }
    context.brush(Math.max(sizeMax, size + sampleCount(row, this.#grid.count)))
  }

  #move(w: MixedWindow, evalMs: number): void {
    const { atMs, offsetMs, rangeMs, beforeMs, afterMs } = this.#placement
    w.endMs = (atMs ?? evalMs) - offsetMs
    w.startMs = w.endMs - rangeMs
    const first = w.startMs - beforeMs
    const last = w.endMs + afterMs
    const { t, length } = w.floats
    while (w.to < w.t.length && w.t[w.to] <= last) w.to++
    while (w.from < w.to && w.t[w.from] <= first) w.from++
    while (w.floatTo < length && t[w.floatTo] <= last) w.floatTo++
    while (w.floatFrom < w.floatTo && t[w.floatFrom] <= first) w.floatFrom++
  }

  #step(w: MixedWindow, notes: Notes, row: Row, step: number): void {
    const result = this.#compute(w, notes, this.#modifier)
    if (result === KEPT) return
    row.has[step] = result === undefined ? 0 : 1
    if (typeof result === 'object') {
      row.v[step] = NaN
      ;(row.h ??= [])[step] = result
    } else if (result !== undefined) {
      row.v[step] = result
    }
  }
}
