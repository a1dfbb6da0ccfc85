/**
 * Aggregations that fold one series after the other into their groups. State lies in columns of
 * groups x steps; `fold` takes a row into a group, `finish` turns the state into values.
 */
import type { Row } from './row.ts'

/** Columns of groups x steps that grow with the groups. */
class State {
  readonly steps: number
  readonly columns: Float64Array[]
  /** Samples per cell; 0 where there is none. */
  count: Float64Array

  constructor(steps: number, columnCount: number) {
    this.steps = steps
    this.count = new Float64Array(steps)
    this.columns = Array.from({ length: columnCount }, () => new Float64Array(steps))
  }

  reserve(groups: number): void {
    const cells = groups * this.steps
    if (cells <= this.count.length) return
    const grown = (column: Float64Array): Float64Array => {
      const out = new Float64Array(Math.max(cells, column.length * 2))
      out.set(column)
      return out
    }
    this.count = grown(this.count)
    for (const [i, column] of this.columns.entries()) this.columns[i] = grown(column)
  }
}

export interface Accumulator {
  /** Whether a group has a sample at a step. */
  has(group: number, step: number): boolean
  fold(row: Row, group: number): void
  /** Writes the values of a group to a row; gives the number of steps that have one. */
  finish(group: number, row: Row): number
}

/** Takes a row into the cells from `offset` on. A loop of its own for each kind: these are hot. */
type Fold = (
  columns: readonly Float64Array[],
  counts: Float64Array,
  offset: number,
  row: Row,
  steps: number,
) => void
type Finish = (columns: readonly Float64Array[], count: number, cell: number) => number

interface Kind {
  columns: number
  fold: Fold
  finish: Finish
}

const foldSum: Fold = ([sums, compensations], counts, offset, { v, has, at }, steps) => {
  for (let i = 0; i < steps; i++) {
    if (has[at + i] === 0) continue
    const cell = offset + i
    counts[cell]++
    const x = v[at + i]
    const sum = sums[cell]
    const total = sum + x
    if (total === Infinity || total === -Infinity) compensations[cell] = 0
    else compensations[cell] += Math.abs(sum) >= Math.abs(x) ? sum - total + x : x - total + sum
    sums[cell] = total
  }
}

const sum: Kind = {
  columns: 2,
  fold: foldSum,
  finish: ([sums, compensations], _count, cell) => {
    const total = sums[cell]
    return total === Infinity || total === -Infinity ? total : total + compensations[cell]
  },
}

function addKahan(sums: Float64Array, compensations: Float64Array, cell: number, x: number): void {
  const sum = sums[cell]
  const total = sum + x
  if (total === Infinity || total === -Infinity) compensations[cell] = 0
  else compensations[cell] += Math.abs(sum) >= Math.abs(x) ? sum - total + x : x - total + sum
  sums[cell] = total
}

/** A sum while it fits into a number; then the third column is 1 and the first holds the mean itself. */
const foldAvg: Fold = ([sums, compensations, isMean], counts, offset, { v, has, at }, steps) => {
  for (let i = 0; i < steps; i++) {
    if (has[at + i] === 0) continue
    const cell = offset + i
    const count = ++counts[cell]
    const x = v[at + i]
    if (isMean[cell] === 0) {
      const total = sums[cell] + x
      if (count === 1 || (total !== Infinity && total !== -Infinity)) {
        addKahan(sums, compensations, cell, x)
        continue
      }
      isMean[cell] = 1
      sums[cell] /= count - 1
      compensations[cell] /= count - 1
    }
    const share = (count - 1) / count
    sums[cell] *= share
    compensations[cell] *= share
    addKahan(sums, compensations, cell, x / count)
  }
}

const avg: Kind = {
  columns: 3,
  fold: foldAvg,
  finish: ([sums, compensations, isMean], count, cell) => {
    const divisor = isMean[cell] === 1 ? 1 : count
    return sums[cell] / divisor + compensations[cell] / divisor
  },
}

/** Welford's: mean, its compensation, sum of squared differences. */
const foldVariance: Fold = ([means, squares], counts, offset, { v, has, at }, steps) => {
  for (let i = 0; i < steps; i++) {
    if (has[at + i] === 0) continue
    const cell = offset + i
    const count = ++counts[cell]
    const x = v[at + i]
    if (count === 1) {
      means[cell] = x
      squares[cell] = Number.isFinite(x) ? 0 : NaN
      continue
    }
    const delta = x - means[cell]
    means[cell] += delta / count
    squares[cell] += delta * (x - means[cell])
  }
}

const variance: Kind = {
  columns: 2,
  fold: foldVariance,
  finish: ([, squares], count, cell) => squares[cell] / count,
}

const foldMin: Fold = ([values], counts, offset, { v, has, at }, steps) => {
  for (let i = 0; i < steps; i++) {
    if (has[at + i] === 0) continue
    const cell = offset + i
    const best = values[cell]
    const x = v[at + i]
    if (++counts[cell] === 1 || x < best || best !== best) values[cell] = x
  }
}

const foldMax: Fold = ([values], counts, offset, { v, has, at }, steps) => {
  for (let i = 0; i < steps; i++) {
    if (has[at + i] === 0) continue
    const cell = offset + i
    const best = values[cell]
    const x = v[at + i]
    if (++counts[cell] === 1 || x > best || best !== best) values[cell] = x
  }
}

const foldCount: Fold = (_columns, counts, offset, { has, at }, steps) => {
  for (let i = 0; i < steps; i++) counts[offset + i] += has[at + i]
}

const ofFirst: Finish = ([values], _count, cell) => values[cell]

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['sum', sum],
  ['avg', avg],
  ['min', { columns: 1, fold: foldMin, finish: ofFirst }],
  ['max', { columns: 1, fold: foldMax, finish: ofFirst }],
  ['count', { columns: 0, fold: foldCount, finish: (_columns, count) => count }],
  ['group', { columns: 0, fold: foldCount, finish: () => 1 }],
  ['stdvar', variance],
  [
    'stddev',
    { ...variance, finish: ([, squares], count, cell) => Math.sqrt(squares[cell] / count) },
  ],
])

/** The accumulator of an aggregation by name; undefined for those that must see all values at once. */
export function newAccumulator(op: string, steps: number): Accumulator | undefined {
  const kind = KINDS.get(op)
  if (kind === undefined) return undefined
  const { fold, finish } = kind
  const state = new State(steps, kind.columns)
  const { columns } = state
  return {
    has: (group, step) => (state.count[group * steps + step] ?? 0) > 0,
    fold: (row, group) => {
      state.reserve(group + 1)
      fold(columns, state.count, group * steps, row, steps)
    },
    finish: (group, { v, has, at }) => {
      const offset = group * steps
      let present = 0
      for (let i = 0; i < steps; i++) {
        const count = state.count[offset + i]
        has[at + i] = count > 0 ? 1 : 0
        if (count === 0) continue
        present++
        v[at + i] = finish(columns, count, offset + i)
      }
      return present
    },
  }
}
