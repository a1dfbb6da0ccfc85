/** Binary operators of which at least one side is a histogram. */
import { GAUGE, type Histogram } from '@vigie/model'
import { HistogramBuilder, scaled } from '../histogram/builder.ts'
import { isEqual } from '../histogram/compare.ts'
import { trimmed } from '../histogram/trim.ts'
import type { BinaryExpr } from '../syntax/ast.ts'
import type { Annotations } from './annotations.ts'

type Element = number | Histogram

const kindOf = (element: Element): string => (typeof element === 'number' ? 'float' : 'histogram')

/** What is to be said of an operation. */
export type Note = (annotations: Annotations) => void

/**
 * The result; true or false of comparisons; undefined, with a note, where there is none. Of several
 * notes the last counts.
 */
export function elementOperation(
  say: (note: Note) => void,
  expr: BinaryExpr,
  left: Element,
  right: Element,
): Histogram | boolean | undefined {
  const { op } = expr
  if (typeof left !== 'number') {
    const result =
      typeof right === 'number' ? withFloat(op, left, right) : ofTwo(say, expr, left, right)
    if (result !== INCOMPATIBLE) return result
  } else if (typeof right !== 'number' && op === '*') {
    return scaled(right, left)
  }
  say((to) => to.incompatibleTypes(kindOf(left), op, kindOf(right), expr))
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
  say: (note: Note) => void,
  expr: BinaryExpr,
  left: Histogram,
  right: Histogram,
): Histogram | boolean | undefined | typeof INCOMPATIBLE {
  const { op } = expr
  if (op === '==') return isEqual(left, right)
  if (op === '!=') return !isEqual(left, right)
  if (op !== '+' && op !== '-') return INCOMPATIBLE
  const result = HistogramBuilder.from(left)
  const { isIncompatible, hasCollision, isReconciled } = result.add(right, op === '+' ? 1 : -1)
  if (isIncompatible) {
    say((to) => to.incompatibleLayout(op, expr))
    return undefined
  }
  const operation = op === '+' ? 'addition' : 'subtraction'
  if (hasCollision) say((to) => to.resetCollision(operation, expr))
  if (isReconciled) say((to) => to.reconciledBounds(operation, expr))
  if (op === '-') result.hint = GAUGE
  return result.finish()
}
