/** The real engine as a QueryFn; expressions are parsed once. */
import { Labels, type Queryable } from '@vigie/model'
import { Engine, type Expr, parseExpr } from '@vigie/promql'
import type { QueryFn } from '../src/index.ts'

export function queryOf(storage: Queryable): QueryFn {
  const engine = new Engine()
  const parsed = new Map<string, Expr>()
  return async (text, timeMs) => {
    const expr = parsed.get(text) ?? parseExpr(text)
    parsed.set(text, expr)
    const result = await engine.instant(storage, expr, { timeMs })
    if (result.type === 'vector') return result.samples
    if (result.type === 'scalar') return [{ labels: Labels.EMPTY, v: result.v }]
    throw new Error('rule result is not a vector or scalar')
  }
}
