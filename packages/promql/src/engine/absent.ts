/** absent() and absent_over_time(): the labels of what is missing. */
import { Labels, METRIC_NAME, type Matcher } from '@vigie/model'
import type { Expr, VectorSelector } from '../syntax/ast.ts'

/** Labels that all missing series would have had: those that the selector demands by equality. */
export function absentLabels(expr: Expr): Labels {
  const selector = selectorOf(expr)
  if (selector === undefined) return Labels.EMPTY
  const values = new Map<string, string>()
  const seen = new Set<string>()
  for (const { type, name, value } of subtractingLast(selector.matchers)) {
    if (name === METRIC_NAME) continue
    if (type === '=' && !seen.has(name)) {
      values.set(name, value)
      seen.add(name)
    } else {
      values.delete(name)
    }
  }
  return Labels.fromMap(values)
}

/** In the order in which Prometheus's storage leaves them: those that only take series away come last. */
function subtractingLast(matchers: readonly Matcher[]): Matcher[] {
  const mustBeSet = new Set(matchers.filter((one) => !one.matchesEmpty).map(({ name }) => name))
  const isSubtracting = (one: Matcher): boolean =>
    !mustBeSet.has(one.name) || (one.type.startsWith('!') && one.matchesEmpty)
  return [...matchers.filter((one) => !isSubtracting(one)), ...matchers.filter(isSubtracting)]
}

function selectorOf(expr: Expr): VectorSelector | undefined {
  if (expr.kind === 'paren') return selectorOf(expr.expr)
  if (expr.kind === 'matrixSelector') return expr.selector
  return expr.kind === 'vectorSelector' ? expr : undefined
}
