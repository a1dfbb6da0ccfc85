/** Binary operators where at least one side is a scalar, and the set operators. */
import { type Histogram, compareLabels } from '@vigie/model'
import {
  type ArithmeticOp,
  type BinaryExpr,
  type Expr,
  isComparison,
  isSetOp,
  valueType,
} from '../syntax/ast.ts'
import { type Evaluation, dropName, emitAll, isOrdered, withMerging } from './evaluation.ts'
import type { Grid } from './grid.ts'
import { type Note, elementOperation } from './histogram-operators.ts'
import { ARITHMETIC, COMPARISONS } from './numbers.ts'
import {
  Columns,
  type Row,
  type Sink,
  dropHistograms,
  isEmptyRow,
  mapHistograms,
  newRow,
} from './row.ts'
import { signatureOf } from './signature.ts'
import { matchVectors } from './vector-match.ts'

export function binaryVector(
  ev: Evaluation,
  expr: BinaryExpr,
  grid: Grid,
  sink: Sink,
): Promise<void> {
  const left = valueType(expr.lhs)
  const right = valueType(expr.rhs)
  if (left === 'scalar') return withScalar(ev, expr, expr.rhs, expr.lhs, grid, sink)
  if (right === 'scalar') return withScalar(ev, expr, expr.lhs, expr.rhs, grid, sink)
  if (isSetOp(expr.op)) return setOperation(ev, expr, grid, sink)
  return matchVectors(ev, expr, grid, sink)
}

export async function binaryScalar(
  ev: Evaluation,
  expr: BinaryExpr,
  grid: Grid,
): Promise<Float64Array> {
  const { op } = expr
  const left = await ev.scalar(expr.lhs, grid)
  const right = await ev.scalar(expr.rhs, grid)
  if (isComparison(op)) {
    const compare = COMPARISONS[op]
    return left.map((a, i) => (compare(a, right[i]) ? 1 : 0))
  }
  const compute = ARITHMETIC[op as ArithmeticOp]
  if (compute === undefined) return left.fill(NaN)
  return left.map((a, i) => compute(a, right[i]))
}

async function withScalar(
  ev: Evaluation,
  expr: BinaryExpr,
  vector: Expr,
  scalar: Expr,
  grid: Grid,
  sink: Sink,
): Promise<void> {
  const scalars = await ev.scalar(scalar, grid)
  const isScalarLeft = scalar === expr.lhs
  const apply = isComparison(expr.op)
    ? comparing(ev, expr, scalars, isScalarLeft)
    : computing(ev, expr, scalars, isScalarLeft)
  const keepsName = isComparison(expr.op) ? !expr.returnsBool : expr.op === '</' || expr.op === '>/'
  const produce = (out: Sink): Promise<void> =>
    ev.vector(vector, grid, (row) => {
      const had = row.h
      apply(row)
      if (had !== undefined && isEmptyRow(row, grid.count)) return
      if (!keepsName) dropName(row, ev.context)
      out(row)
    })
  return keepsName ? produce(sink) : withMerging(ev, vector, grid, sink, produce)
}

function comparing(
  ev: Evaluation,
  expr: BinaryExpr,
  scalars: Float64Array,
  isScalarLeft: boolean,
): (row: Row) => void {
  const { op, returnsBool } = expr
  const note = (): void => noteScalar(ev, expr, isScalarLeft)
  const compare = COMPARISONS[op as keyof typeof COMPARISONS]
  return (row) => {
    if (dropHistograms(row, scalars.length)) note()
    const { v, has, at } = row
    for (let i = 0; i < scalars.length; i++) {
      const isTrue = isScalarLeft ? compare(scalars[i], v[at + i]) : compare(v[at + i], scalars[i])
      if (returnsBool) v[at + i] = isTrue ? 1 : 0
      else if (!isTrue) has[at + i] = 0
    }
  }
}

function computing(
  ev: Evaluation,
  expr: BinaryExpr,
  scalars: Float64Array,
  isScalarLeft: boolean,
): (row: Row) => void {
  const { op } = expr
  const compute = ARITHMETIC[op as ArithmeticOp]
  const say = (note: Note): void => note(ev.context.annotations)
  const ofHistograms = (row: Row): void =>
    mapHistograms(row, scalars.length, (h, step) => {
      const [left, right] = isScalarLeft ? [scalars[step], h] : [h, scalars[step]]
      return elementOperation(say, expr, left, right) as Histogram | undefined
    })
  if (compute === undefined) {
    return (row) => {
      const { has, h, at } = row
      for (let i = at; i < at + scalars.length; i++) {
        if (has[i] === 0 || h?.[i] !== undefined) continue
        // Only histograms can be trimmed.
        ev.context.annotations.incompatibleTypes('float', op, 'float', expr)
        has[i] = 0
      }
      ofHistograms(row)
    }
  }
  return (row) => {
    ofHistograms(row)
    const { v, at } = row
    for (let i = 0; i < scalars.length; i++) {
      v[at + i] = isScalarLeft ? compute(scalars[i], v[at + i]) : compute(v[at + i], scalars[i])
    }
  }
}

function noteScalar(ev: Evaluation, expr: BinaryExpr, isScalarLeft: boolean): void {
  const [left, right] = isScalarLeft ? ['float', 'histogram'] : ['histogram', 'float']
  ev.context.annotations.incompatibleTypes(left, expr.op, right, expr)
}

async function setOperation(
  ev: Evaluation,
  expr: BinaryExpr,
  grid: Grid,
  sink: Sink,
): Promise<void> {
  const { context } = ev
  const signature = signatureOf(expr.matching!)
  const before = context.held
  if (expr.op === 'or') {
    const merged = new Columns(grid.count, context.cellsMax)
    const seen = new Presence(grid.count)
    await ev.vector(expr.lhs, grid, (row) => {
      seen.add(signature(row.labels), row)
      merged.merge(row)
    })
    const leftCount = merged.length
    await ev.vector(expr.rhs, grid, (row) => {
      mask(row, seen.of(signature(row.labels)), grid.count, false)
      merged.merge(row)
    })
    if (grid.count > 1) return emitAll(merged, sink, context)
    const row = newRow(0)
    for (const index of orderOfSides(expr, merged, leftCount)) sink(merged.read(index, row))
    return
  }
  const right = new Presence(grid.count)
  try {
    await ev.vector(expr.rhs, grid, (row) => right.add(signature(row.labels), row))
  } catch (error) {
    // What is wrong on the left is said first.
    context.release(before, 0)
    await ev.vector(expr.lhs, grid, () => {})
    throw error
  }
  context.release(before, 0)
  await ev.vector(expr.lhs, grid, (row) => {
    mask(row, right.of(signature(row.labels)), grid.count, expr.op === 'and')
    sink(row)
  })
}

/** At one step, what is on the left of `or` comes first; each side by its labels or its own order. */
function orderOfSides({ lhs, rhs }: BinaryExpr, { labels }: Columns, leftCount: number): number[] {
  const indexes = Array.from(labels, (_labels, i) => i)
  const byLabels = (a: number, b: number): number => compareLabels(labels[a], labels[b])
  const left = indexes.slice(0, leftCount)
  const right = indexes.slice(leftCount)
  if (!isOrdered(lhs)) left.sort(byLabels)
  if (!isOrdered(rhs)) right.sort(byLabels)
  return [...left, ...right]
}

/** At which steps any series with a signature has a sample. */
class Presence {
  readonly #steps: number
  readonly #bySignature = new Map<string, Uint8Array>()

  constructor(steps: number) {
    this.#steps = steps
  }

  add(signature: string, { has, at }: Row): void {
    let seen = this.#bySignature.get(signature)
    if (seen === undefined) this.#bySignature.set(signature, (seen = new Uint8Array(this.#steps)))
    for (let i = 0; i < this.#steps; i++) seen[i] |= has[at + i]
  }

  of(signature: string): Uint8Array | undefined {
    return this.#bySignature.get(signature)
  }
}

/** Leaves the samples of a row only where `seen` says `keeps`. */
function mask({ has, at }: Row, seen: Uint8Array | undefined, steps: number, keeps: boolean): void {
  for (let i = 0; i < steps; i++)
    if ((seen !== undefined && seen[i] === 1) !== keeps) has[at + i] = 0
}
