/** The histograms of an aggregation, beside its floats: added up by sum and avg, ignored by others. */
import { METRIC_NAME } from '@vigie/model'
import { HistogramSum } from '../histogram/sums.ts'
import type { AggregateExpr } from '../syntax/ast.ts'
import type { Accumulator } from './accumulators.ts'
import type { Evaluation } from './evaluation.ts'
import { type Row, dropHistograms, isEmptyRow, sampleCount } from './row.ts'

/** Takes the histograms out of a row and says so; true when nothing is left of it. */
export function ignoresHistograms(
  { context }: Evaluation,
  aggregation: AggregateExpr,
  row: Row,
  steps: number,
): boolean {
  const { op, expr } = aggregation
  // Prometheus points to the whole of topk and bottomk, of others to what they aggregate.
  const place = op === 'topk' || op === 'bottomk' ? aggregation : expr
  if (dropHistograms(row, steps)) context.annotations.ignoredInAggregation(op, place)
  return isEmptyRow(row, steps)
}

export class HistogramGroups {
  readonly #ev: Evaluation
  readonly #expr: AggregateExpr
  readonly #steps: number
  readonly #floats: Accumulator
  /** By group x steps; undefined where floats came first, so that no sum is wanted. */
  readonly #sums = new Map<number, HistogramSum | undefined>()
  /** Of some cell: what comes after does not count there, floats neither. */
  areIncompatible = false

  /** `floats` has the floats of the series before. */
  constructor(ev: Evaluation, expr: AggregateExpr, steps: number, floats: Accumulator) {
    this.#ev = ev
    this.#expr = expr
    this.#steps = steps
    this.#floats = floats
  }

  /** False for a row of nothing but histograms that are ignored. */
  accepts(row: Row): boolean {
    const { op } = this.#expr
    if (op === 'count' || op === 'group') {
      row.h = undefined
    } else if (op !== 'sum' && op !== 'avg') {
      return !ignoresHistograms(this.#ev, this.#expr, row, this.#steps)
    }
    return true
  }

  /** Takes the histograms out of `row`, into their sums. */
  fold(row: Row, group: number): void {
    const { h, has, at } = row
    const { annotations } = this.#ev.context
    for (let i = 0; i < this.#steps; i++) {
      if (has[at + i] === 0) continue
      const one = h?.[at + i]
      const cell = group * this.#steps + i
      const sum = this.#sums.get(cell)
      if (one !== undefined || sum?.isIncompatible) has[at + i] = 0
      if (one === undefined || sum?.isIncompatible) continue
      if (sum !== undefined) {
        sum.add(one)
        if (!sum.isIncompatible) continue
        this.areIncompatible = true
        annotations.mixedSchemas(row.labels.get(METRIC_NAME), this.#expr.expr)
      } else if (this.#floats.has(group, i)) {
        this.#sums.set(cell, undefined)
      } else {
        this.#sums.set(cell, new HistogramSum(one, this.#expr.op === 'avg'))
      }
    }
    row.h = undefined
  }

  get isEmpty(): boolean {
    return this.#sums.size === 0
  }

  /** Adds what there is of a group to `row`, which has its floats; gives the count of samples. */
  finish(group: number, row: Row): number {
    const { annotations } = this.#ev.context
    const { expr } = this.#expr
    row.h = undefined
    for (let i = 0; i < this.#steps; i++) {
      const cell = group * this.#steps + i
      if (!this.#sums.has(cell)) continue
      const sum = this.#sums.get(cell)
      const hasFloats = row.has[row.at + i] === 1
      row.has[row.at + i] = 0
      if (hasFloats) annotations.mixedKindsInAggregation(expr)
      if (sum?.isReconciled) annotations.reconciledBounds('aggregation', expr)
      if (hasFloats || sum === undefined || sum.isIncompatible) continue
      if (sum.hasCollision) annotations.resetCollision('aggregation', expr)
      row.has[row.at + i] = 1
      row.v[row.at + i] = NaN
      ;(row.h ??= [])[row.at + i] = sum.finish()
    }
    return sampleCount(row, this.#steps)
  }
}
