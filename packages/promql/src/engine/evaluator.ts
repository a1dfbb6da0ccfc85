/** Evaluates an expression: what each kind of node does with its children. */
import { scaled } from '../histogram/builder.ts'
import { histogramSize } from '../histogram/size.ts'
import type { Expr } from '../syntax/ast.ts'
import { aggregate } from './aggregates.ts'
import { binaryScalar, binaryVector } from './binary.ts'
import { callScalar, callVector } from './calls.ts'
import type { QueryContext } from './context.ts'
import { type Evaluation, dropName, withMerging } from './evaluation.ts'
import type { Grid } from './grid.ts'
import type { Plan } from './plan.ts'
import { executionError, tooManySamples } from './query-error.ts'
import { type Sink, mapHistograms, newRow } from './row.ts'
import { selectVector } from './selector.ts'

export class Evaluator implements Evaluation {
  readonly context: QueryContext
  readonly plan: Plan

  constructor(context: QueryContext, plan: Plan) {
    this.context = context
    this.plan = plan
  }

  vector(expr: Expr, grid: Grid, sink: Sink): Promise<void> {
    // Fast path: what looks at a fixed time is the same at every step.
    if (grid.count > 1 && this.plan.invariants.has(expr)) return this.#repeat(expr, grid, sink)
    return this.#vector(expr, grid, sink)
  }

  #vector(expr: Expr, grid: Grid, sink: Sink): Promise<void> {
    switch (expr.kind) {
      case 'vectorSelector':
        return selectVector(this, expr, grid, sink)
      case 'paren':
        return this.vector(expr.expr, grid, sink)
      case 'unary':
        return expr.op === '+'
          ? this.vector(expr.expr, grid, sink)
          : this.#negate(expr.expr, grid, sink)
      case 'binary':
        return binaryVector(this, expr, grid, sink)
      case 'call':
        return callVector(this, expr, grid, sink)
      case 'aggregate':
        return aggregate(this, expr, grid, sink)
      case 'number':
      case 'string':
      case 'matrixSelector':
      case 'subquery':
        throw executionError(`unhandled expression of type: ${expr.kind}`)
    }
  }

  scalar(expr: Expr, grid: Grid): Promise<Float64Array> {
    this.context.brush(grid.count)
    return this.#scalar(expr, grid)
  }

  async #scalar(expr: Expr, grid: Grid): Promise<Float64Array> {
    switch (expr.kind) {
      case 'number':
        return new Float64Array(grid.count).fill(expr.value)
      case 'paren':
        return this.scalar(expr.expr, grid)
      case 'unary': {
        const values = await this.scalar(expr.expr, grid)
        return expr.op === '-' ? values.map((v) => -v) : values
      }
      case 'binary':
        return binaryScalar(this, expr, grid)
      case 'call':
        return callScalar(this, expr, grid)
      case 'string':
      case 'vectorSelector':
      case 'matrixSelector':
      case 'subquery':
      case 'aggregate':
        throw executionError(`unhandled expression of type: ${expr.kind}`)
    }
  }

  #negate(expr: Expr, grid: Grid, sink: Sink): Promise<void> {
    const produce = (out: Sink): Promise<void> =>
      this.vector(expr, grid, (row) => {
        for (let i = row.at; i < row.at + grid.count; i++) row.v[i] = -row.v[i]
        mapHistograms(row, grid.count, (h) => scaled(h, -1))
        dropName(row, this.context)
        out(row)
      })
    return withMerging(this, expr, grid, sink, produce)
  }

  async #repeat(expr: Expr, grid: Grid, sink: Sink): Promise<void> {
    const repeated = newRow(grid.count)
    const { read } = this.context
    let copies = 0
    await this.#vector(expr, { ...grid, count: 1 }, (row) => {
      if (row.has[row.at] === 0) return
      // The inputs of the first step are still held: what is repeated counts when they are let go.
      const one = row.h?.[row.at]
      copies += (grid.count - 1) * (one === undefined ? 1 : histogramSize(one))
      if (copies > this.context.maxSamples) throw tooManySamples()
      repeated.labels = row.labels
      repeated.dropsName = row.dropsName
      repeated.v.fill(row.v[row.at])
      repeated.has.fill(1)
      repeated.h = one && Array.from(repeated.has, () => one)
      sink(repeated)
    })
    this.context.hold(copies)
    // The statistics take it for read at every step.
    this.context.countRead((this.context.read - read) * (grid.count - 1))
  }
}
