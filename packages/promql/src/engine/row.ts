/**
 * Series on their way through the evaluation, as columns over the steps of a grid.
 *
 * A Row is one series: step i has a sample when has[at + i] is 1, and then its value is v[at + i].
 * Rows are pushed from node to node one at a time and are borrowed: whoever gets one may change its
 * columns and labels during the call, and must copy what is to stay. Histograms are a third column,
 * which only rows have that hold any: what is about floats alone never looks at it.
 *
 * Columns keeps rows: one arena of series x steps.
 */
import { type Histogram, Labels, METRIC_NAME } from '@vigie/model'
import { histogramSize } from '../histogram/size.ts'
import { type QueryError, executionError, tooManySamples } from './query-error.ts'

export interface Row {
  labels: Labels
  /** The metric name is to be dropped at the end of the evaluation. */
  dropsName: boolean
  v: Float64Array
  has: Uint8Array
  /** By cell, as `v`: the samples that are histograms. Undefined when surely none is. */
  h: (Histogram | undefined)[] | undefined
  at: number
}

export type Sink = (row: Row) => void

export function newRow(steps: number, labels: Labels = Labels.EMPTY): Row {
  return {
    labels,
    dropsName: false,
    v: new Float64Array(steps),
    has: new Uint8Array(steps),
    h: undefined,
    at: 0,
  }
}

/** Number of steps with a sample. */
export function countPresent({ has, at }: Row, steps: number): number {
  let count = 0
  for (let i = at; i < at + steps; i++) count += has[i]
  return count
}

/** What a row counts against the limit of samples: a histogram for more than a float. */
export function sampleCount(row: Row, steps: number): number {
  let count = countPresent(row, steps)
  const { h, has, at } = row
  if (h === undefined) return count
  for (let i = at; i < at + steps; i++) {
    const one = h[i]
    if (has[i] === 1 && one !== undefined) count += histogramSize(one) - 1
  }
  return count
}

/** Takes the histograms out of a row; true when it had any. */
export function dropHistograms(row: Row, steps: number): boolean {
  const { h, has, at } = row
  if (h === undefined) return false
  let hadAny = false
  for (let i = at; i < at + steps; i++) {
    if (h[i] === undefined) continue
    if (has[i] === 1) hadAny = true
    has[i] = 0
  }
  row.h = undefined
  return hadAny
}

/** Puts what `compute` gives for each sample in its place; undefined takes it out. */
export function mapHistograms(
  row: Row,
  steps: number,
  compute: (h: Histogram, step: number) => Histogram | number | undefined,
): void {
  const { h, v, has, at } = row
  if (h === undefined) return
  for (let i = at; i < at + steps; i++) {
    const one = h[i]
    if (has[i] === 0 || one === undefined) continue
    const result = compute(one, i - at)
    if (typeof result === 'number') {
      v[i] = result
      h[i] = undefined
    } else {
      h[i] = result
      if (result === undefined) has[i] = 0
    }
  }
}

export function isEmptyRow({ has, at }: Row, steps: number): boolean {
  for (let i = at; i < at + steps; i++) if (has[i] === 1) return false
  return true
}

const METADATA: ReadonlySet<string> = new Set([METRIC_NAME, '__type__', '__unit__'])

/** The labels of what was computed from a metric: its name, type and unit do not hold any more. */
export function withoutMetadata(labels: Labels): Labels {
  const { pairs } = labels
  // Fast path: these names sort before nearly all others.
  if (pairs.length === 0 || !pairs[0].startsWith('__')) {
    return labels.has(METRIC_NAME) ? labels.drop(METADATA) : labels
  }
  return labels.drop(METADATA)
}

export const sameLabels = (): QueryError =>
  executionError('vector cannot contain metrics with the same labelset')

const INITIAL_ROWS = 16

export class Columns {
  readonly steps: number
  readonly labels: Labels[] = []
  readonly dropsName: boolean[] = []
  v: Float64Array
  has: Uint8Array
  h: (Histogram | undefined)[] | undefined
  readonly #cellsMax: number
  #byKey: Map<string, number> | undefined

  /** Throws tooManySamples beyond `cellsMax` series x steps. */
  constructor(steps: number, cellsMax: number) {
    this.steps = steps
    this.#cellsMax = cellsMax
    this.v = new Float64Array(steps * INITIAL_ROWS)
    this.has = new Uint8Array(steps * INITIAL_ROWS)
  }

  get length(): number {
    return this.labels.length
  }

  /** Copies a row in, whatever its labels; gives its index. */
  append(row: Row): number {
    const index = this.labels.length
    const { steps } = this
    const offset = index * steps
    this.#reserve(offset + steps)
    const { at } = row
    this.v.set(row.v.subarray(at, at + steps), offset)
    this.has.set(row.has.subarray(at, at + steps), offset)
    if (row.h !== undefined) this.#takeHistograms(row, offset)
    this.labels.push(row.labels)
    this.dropsName.push(row.dropsName)
    return index
  }

  /** Copies a row into the one with the same labels, if there is one. Throws where both have a sample. */
  merge(row: Row): void {
    this.#byKey ??= new Map(this.labels.map((labels, i) => [labels.key, i]))
    const known = this.#byKey.get(row.labels.key)
    if (known === undefined) {
      this.#byKey.set(row.labels.key, this.append(row))
      return
    }
    const { v, has, steps } = this
    const offset = known * steps
    for (let i = 0; i < steps; i++) {
      if (row.has[row.at + i] === 0) continue
      if (has[offset + i] === 1) throw sameLabels()
      v[offset + i] = row.v[row.at + i]
      has[offset + i] = 1
    }
    if (row.h !== undefined) this.#takeHistograms(row, offset)
    if (row.dropsName) this.dropsName[known] = true
  }

  /** Points `out` at row `index`. The columns are those of the arena itself. */
  read(index: number, out: Row): Row {
    out.labels = this.labels[index]
    out.dropsName = this.dropsName[index]
    out.v = this.v
    out.has = this.has
    out.h = this.h
    out.at = index * this.steps
    return out
  }

  #takeHistograms({ h, has, at }: Row, offset: number): void {
    this.h ??= []
    for (let i = 0; i < this.steps; i++) if (has[at + i] === 1) this.h[offset + i] = h![at + i]
  }

  /** What all rows count against the limit of samples. */
  get sampleCount(): number {
    const row = newRow(0)
    let count = 0
    for (let i = 0; i < this.length; i++) count += sampleCount(this.read(i, row), this.steps)
    return count
  }

  #reserve(cells: number): void {
    if (cells <= this.v.length) return
    if (cells > this.#cellsMax) throw tooManySamples()
    const size = Math.max(cells, Math.min(this.v.length * 2, this.#cellsMax))
    const v = new Float64Array(size)
    const has = new Uint8Array(size)
    v.set(this.v)
    has.set(this.has)
    this.v = v
    this.has = has
  }
}
