/** The histograms of an aggregation, beside its floats: added up by sum and avg, ignored by others. */
import { METRIC_NAME } from '@vigie/model'
import { HistogramSum } from '../histogram/sums.ts'
import type { AggregateExpr } from '../syntax/ast.ts'
import type { Evaluation } from './evaluation.ts'
import { type Row, dropHistograms, isEmptyRow, sampleCount } from './row.ts'

/** Takes the histograms out of a row and says so; true when nothing is left of it. */
export function ignoresHistograms(
  { context }: Evaluation,
  { op, expr }: AggregateExpr,
  row: Row,
  steps: number,
): boolean {
  if (dropHistograms(row, steps)) context.annotations.ignoredInAggregation(op, expr)
  return isEmptyRow(row, steps)
}

export class HistogramGroups {
  readonly #ev: Evaluation
  readonly #expr: AggregateExpr
  readonly #steps: number
  /** By group x steps. */
  readonly #sums = new Map<number, HistogramSum>()

  constructor(ev: Evaluation, expr: AggregateExpr, steps: number) {
    this.#ev = ev
    this.#expr = expr
    this.#steps = steps
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
      const one = h![at + i]
      if (has[at + i] === 0 || one === undefined) continue
      has[at + i] = 0
      const cell = group * this.#steps + i
      const sum = this.#sums.get(cell)
      if (sum === undefined) {
        this.#sums.set(cell, new HistogramSum(one, this.#expr.op === 'avg'))
        continue
      }
      if (sum.isIncompatible) continue
      sum.add(one)
      if (sum.isIncompatible) annotations.mixedSchemas(row.labels.get(METRIC_NAME), this.#expr.expr)
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
      const sum = this.#sums.get(cell)
      if (sum === undefined) continue
      const hasFloats = row.has[row.at + i] === 1
      row.has[row.at + i] = 0
      if (hasFloats) annotations.mixedKindsInAggregation(expr)
      if (sum.isReconciled) annotations.reconciledBounds('aggregation', expr)
      if (hasFloats || sum.isIncompatible) continue
      if (sum.hasCollision) annotations.resetCollision('aggregation', expr)
      row.has[row.at + i] = 1
      row.v[row.at + i] = NaN
      ;(row.h ??= [])[row.at + i] = sum.finish()
    }
    return sampleCount(row, this.#steps)
  }
}
