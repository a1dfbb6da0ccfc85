/** Binary operators of which at least one side is a histogram. */
import { GAUGE, type Histogram } from '@vigie/model'
import { HistogramBuilder, scaled } from '../histogram/builder.ts'
import { isEqual } from '../histogram/compare.ts'
import { trimmed } from '../histogram/trim.ts'
import type { BinaryExpr } from '../syntax/ast.ts'
import type { Evaluation } from './evaluation.ts'

type Element = number | Histogram

const kindOf = (element: Element): string => (typeof element === 'number' ? 'float' : 'histogram')

/** The result; true or false of comparisons; undefined, with an annotation, where there is none. */
export function elementOperation(
  ev: Evaluation,
  expr: BinaryExpr,
  left: Element,
  right: Element,
): Histogram | boolean | undefined {
  const { op } = expr
  if (typeof left !== 'number') {
    const result =
      typeof right === 'number' ? withFloat(op, left, right) : ofTwo(ev, expr, left, right)
    if (result !== INCOMPATIBLE) return result
  } else if (typeof right !== 'number' && op === '*') {
    return scaled(right, left)
  }
  ev.context.annotations.incompatibleTypes(kindOf(left), op, kindOf(right), expr)
  return undefined
}

const INCOMPATIBLE = 'incompatible'

function withFloat(op: string, h: Histogram, x: number): Histogram | typeof INCOMPATIBLE {
  switch (op) {
    case '*':
      return scaled(h, x)
    case '/': {
      const result = HistogramBuilder.from(h)
      result.divide(x)
      return result.finish()
    }
    case '</':
      return trimmed(h, x, true)
    case '>/':
      return trimmed(h, x, false)
    default:
      return INCOMPATIBLE
  }
}

function ofTwo(
  ev: Evaluation,
  expr: BinaryExpr,
  left: Histogram,
  right: Histogram,
): Histogram | boolean | undefined | typeof INCOMPATIBLE {
  const { op } = expr
  if (op === '==') return isEqual(left, right)
  if (op === '!=') return !isEqual(left, right)
  if (op !== '+' && op !== '-') return INCOMPATIBLE
  const { annotations } = ev.context
  const result = HistogramBuilder.from(left)
  const { isIncompatible, hasCollision, isReconciled } = result.add(right, op === '+' ? 1 : -1)
  if (isIncompatible) {
    annotations.incompatibleLayout(op, expr)
    return undefined
  }
  const operation = op === '+' ? 'addition' : 'subtraction'
  if (hasCollision) annotations.resetCollision(operation, expr)
  if (isReconciled) annotations.reconciledBounds(operation, expr)
  if (op === '-') result.hint = GAUGE
  return result.finish()
}
