/**
 * topk and bottomk without collecting their input: each group keeps, at each step, a heap of the best
 * so far with the worst of them on top, as Prometheus does, so that among equal values the same stay.
 *
 *     slot (cell, i) = cell * width + i        cell = group * steps + step, i < size[cell]
 */
import type { Labels } from '@vigie/model'
import type { AggregateExpr } from '../syntax/ast.ts'
import { type Evaluation, emitAll } from './evaluation.ts'
import type { Grid } from './grid.ts'
import { Groups } from './groups.ts'
import { ignoresHistograms } from './histogram-groups.ts'
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
  await ev.vector(expr.expr, grid, (row) => {
    if (row.h !== undefined && ignoresHistograms(ev, expr, row, grid.count)) return
    heaps.fold(row, groups.of(row.labels, row.dropsName), labels.length)
    labels.push(row.labels)
    dropsName.push(row.dropsName)
  })
  context.release(before, heaps.total(groups.labels.length))
  const series = heaps.series(groups.labels.length)
  const rowOf = new Map(series.map((index, row) => [index, row]))
  const columns = new Columns(grid.count, context.cellsMax)
  const blank = newRow(grid.count)
  for (const index of series) {
    blank.labels = labels[index]
    blank.dropsName = dropsName[index]
    columns.append(blank)
  }
  heaps.each(groups.labels.length, (index, step, v) => {
    const cell = rowOf.get(index)! * grid.count + step
    columns.v[cell] = v
    columns.has[cell] = 1
  })
  await emitAll(columns, sink, context)
}

class Heaps {
  readonly #counts: Int32Array
  readonly #steps: number
  /** Most that any step keeps. */
  readonly #width: number
  /** 1: the largest stay; -1: the smallest. */
  readonly #sign: 1 | -1
  #size: Int32Array
  /** Values, and the series that they are of, by slot. */
  #v: Float64Array
  #series: Int32Array

  constructor(counts: Int32Array, sign: 1 | -1) {
    this.#counts = counts
    this.#steps = counts.length
    this.#width = counts.reduce((most, k) => Math.max(most, k), 0)
    this.#sign = sign
    this.#size = new Int32Array(this.#steps)
    this.#v = new Float64Array(this.#steps * this.#width)
    this.#series = new Int32Array(this.#steps * this.#width)
  }

  fold({ v, has, at }: Row, group: number, series: number): void {
    const steps = this.#steps
    const width = this.#width
    const sign = this.#sign
    this.#reserve((group + 1) * steps)
    const counts = this.#counts
    const size = this.#size
    const best = this.#v
    for (let step = 0; step < steps; step++) {
      if (has[at + step] === 0) continue
      const cell = group * steps + step
      const x = v[at + step]
      if (size[cell] < counts[step]) {
        this.#push(cell, x, series)
      } else if (counts[step] > 0) {
        const worst = best[cell * width]
        if (worst * sign < x * sign || (worst !== worst && x === x)) this.#replace(cell, x, series)
      }
    }
  }

  total(groups: number): number {
    let total = 0
    for (let cell = 0; cell < groups * this.#steps; cell++) total += this.#size[cell]
    return total
  }

  /** All series that stay anywhere: best first where there is one step, else in their own order. */
  series(groups: number): number[] {
    const found = new Set<number>()
    for (let group = 0; group < groups; group++) {
      for (let step = 0; step < this.#steps; step++) {
        const cell = group * this.#steps + step
        const first = cell * this.#width
        const slots = Array.from({ length: this.#size[cell] }, (_, i) => first + i)
        const isDescending = this.#sign === 1
        if (this.#steps === 1)
          slots.sort((a, b) => compareValues(this.#v[a], this.#v[b], isDescending))
        for (const slot of slots) found.add(this.#series[slot])
      }
    }
    return this.#steps === 1 ? [...found] : [...found].sort((a, b) => a - b)
  }

  each(groups: number, visit: (series: number, step: number, v: number) => void): void {
    for (let cell = 0; cell < groups * this.#steps; cell++) {
      const first = cell * this.#width
      for (let slot = first; slot < first + this.#size[cell]; slot++)
        visit(this.#series[slot], cell % this.#steps, this.#v[slot])
    }
  }

  #push(cell: number, x: number, series: number): void {
    const first = cell * this.#width
    let at = this.#size[cell]++
    this.#v[first + at] = x
    this.#series[first + at] = series
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isWorse(first + at, first + parent)) return
      this.#swap(first + at, first + parent)
      at = parent
    }
  }

  #replace(cell: number, x: number, series: number): void {
    const first = cell * this.#width
    const size = this.#size[cell]
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

  #reserve(cells: number): void {
    if (cells <= this.#size.length) return
    const many = Math.max(cells, this.#size.length * 2)
    const size = new Int32Array(many)
    const v = new Float64Array(many * this.#width)
    const series = new Int32Array(many * this.#width)
    size.set(this.#size)
    v.set(this.#v)
    series.set(this.#series)
    this.#size = size
    this.#v = v
    this.#series = series
  }
}
