/**
 * topk and bottomk without collecting their input: each group keeps, at each step, a heap of the best
 * so far with the worst of them on top, as Prometheus does, so that among equal values the same stay.
 */
import type { Labels } from '@vigie/model'
import type { AggregateExpr } from '../syntax/ast.ts'
import { type Evaluation, emitAll } from './evaluation.ts'
import type { Grid } from './grid.ts'
import { Groups } from './groups.ts'
import { ignoresHistograms } from './histogram-groups.ts'
import { tooManySamples } from './query-error.ts'
import { Columns, type Row, type Sink, newRow } from './row.ts'
import { compareValues } from './sort-calls.ts'

/** `counts` says how many series stay at each step. */
export async function topSeries(
  ev: Evaluation,
  expr: AggregateExpr,
  counts: Int32Array,
  grid: Grid,
  sink: Sink,
): Promise<void> {
  const { context } = ev
  const before = context.held
  const groups = new Groups(expr)
  const heaps = new Heaps(counts, expr.op === 'topk' ? 1 : -1)
  const labels: Labels[] = []
  const dropsName: boolean[] = []
  let cells = 0
  await ev.vector(expr.expr, grid, (row) => {
    if (row.h !== undefined && ignoresHistograms(ev, expr, row, grid.count)) return
    cells += heaps.fold(row, groups.of(row.labels, row.dropsName), labels.length)
    if (cells > context.cellsMax) throw tooManySamples()
    labels.push(row.labels)
    dropsName.push(row.dropsName)
  })
  context.release(before, heaps.total())
  const series = heaps.series()
  const rowOf = new Map(series.map((index, row) => [index, row]))
  const columns = new Columns(grid.count, context.cellsMax)
  const blank = newRow(grid.count)
  for (const index of series) {
    blank.labels = labels[index]
    blank.dropsName = dropsName[index]
    columns.append(blank)
  }
  heaps.each((index, step, v) => {
    const cell = rowOf.get(index)! * grid.count + step
    columns.v[cell] = v
    columns.has[cell] = 1
  })
  await emitAll(columns, sink, context)
}

/** The heaps of all groups. */
class Heaps {
  readonly #counts: Int32Array
  readonly #sign: 1 | -1
  readonly #groups: GroupHeaps[] = []

  /** `sign` 1: the largest stay; -1: the smallest. */
  constructor(counts: Int32Array, sign: 1 | -1) {
    this.#counts = counts
    this.#sign = sign
  }

  /** Takes a row of `group` in; gives how many cells more that takes. */
  fold(row: Row, group: number, series: number): number {
    const heaps = (this.#groups[group] ??= new GroupHeaps(this.#counts, this.#sign))
    const before = heaps.cells
    heaps.fold(row, series)
    return heaps.cells - before
  }

  total(): number {
    return this.#groups.reduce((sum, group) => sum + group.total(), 0)
  }

  /** All series that stay anywhere: best first where there is one step, else in their own order. */
  series(): number[] {
    const found = new Set<number>()
    for (const group of this.#groups) group.addSeries(found)
    return this.#counts.length === 1 ? [...found] : [...found].sort((a, b) => a - b)
  }

  each(visit: (series: number, step: number, v: number) => void): void {
    for (const group of this.#groups) group.each(visit)
  }
}

/**
 * The heaps of one group. Slot `step * width + i`, i < size[step], holds a value and the series that
 * it is of; there is room for as many as there are members, up to the most that any step keeps.
 */
class GroupHeaps {
  readonly #counts: Int32Array
  readonly #steps: number
  readonly #widthMax: number
  readonly #sign: 1 | -1
  readonly #size: Int32Array
  #width = 1
  #members = 0
  #v: Float64Array
  #series: Int32Array

  constructor(counts: Int32Array, sign: 1 | -1) {
    this.#counts = counts
    this.#steps = counts.length
    this.#widthMax = counts.reduce((most, k) => Math.max(most, k), 0)
    this.#sign = sign
    this.#size = new Int32Array(this.#steps)
    this.#v = new Float64Array(this.#steps)
    this.#series = new Int32Array(this.#steps)
  }

  get cells(): number {
    return this.#v.length
  }

  fold({ v, has, at }: Row, series: number): void {
    if (++this.#members > this.#width && this.#width < this.#widthMax) this.#widen()
    const steps = this.#steps
    const width = this.#width
    const sign = this.#sign
    const counts = this.#counts
    const size = this.#size
    const best = this.#v
    for (let step = 0; step < steps; step++) {
      if (has[at + step] === 0) continue
      const x = v[at + step]
      if (size[step] < counts[step]) {
        this.#push(step, x, series)
      } else if (counts[step] > 0) {
        const worst = best[step * width]
        if (worst * sign < x * sign || (worst !== worst && x === x)) this.#replace(step, x, series)
      }
    }
  }

  total(): number {
    return this.#size.reduce((sum, size) => sum + size, 0)
  }

  addSeries(found: Set<number>): void {
    for (let step = 0; step < this.#steps; step++) {
      const first = step * this.#width
      const slots = Array.from({ length: this.#size[step] }, (_, i) => first + i)
      const isDescending = this.#sign === 1
      if (this.#steps === 1)
        slots.sort((a, b) => compareValues(this.#v[a], this.#v[b], isDescending))
      for (const slot of slots) found.add(this.#series[slot])
    }
  }

  each(visit: (series: number, step: number, v: number) => void): void {
    for (let step = 0; step < this.#steps; step++) {
      const first = step * this.#width
      for (let slot = first; slot < first + this.#size[step]; slot++)
        visit(this.#series[slot], step, this.#v[slot])
    }
  }

  #push(step: number, x: number, series: number): void {
    const first = step * this.#width
    let at = this.#size[step]++
    this.#v[first + at] = x
    this.#series[first + at] = series
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isWorse(first + at, first + parent)) return
      this.#swap(first + at, first + parent)
      at = parent
    }
  }

  #replace(step: number, x: number, series: number): void {
    const first = step * this.#width
    const size = this.#size[step]
    this.#v[first] = x
    this.#series[first] = series
    for (let at = 0; ;) {
      let child = 2 * at + 1
      if (child >= size) return
      if (child + 1 < size && this.#isWorse(first + child + 1, first + child)) child++
      if (!this.#isWorse(first + child, first + at)) return
      this.#swap(first + child, first + at)
      at = child
    }
  }

  #isWorse(a: number, b: number): boolean {
    const x = this.#v[a]
    return x !== x || x * this.#sign < this.#v[b] * this.#sign
  }

  #swap(a: number, b: number): void {
    const [v, series] = [this.#v[a], this.#series[a]]
    this.#v[a] = this.#v[b]
    this.#series[a] = this.#series[b]
    this.#v[b] = v
    this.#series[b] = series
  }

  #widen(): void {
    const width = Math.min(this.#widthMax, this.#width * 2)
    const v = new Float64Array(this.#steps * width)
    const series = new Int32Array(this.#steps * width)
    for (let step = 0; step < this.#steps; step++) {
      const first = step * this.#width
      for (let i = 0; i < this.#size[step]; i++) {
        v[step * width + i] = this.#v[first + i]
        series[step * width + i] = this.#series[first + i]
      }
    }
    this.#width = width
    this.#v = v
    this.#series = series
  }
}
