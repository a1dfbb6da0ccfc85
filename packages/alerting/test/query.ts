/** The real engine as a QueryFn. */
import type { Queryable } from '@vigie/model'
import { Labels } from '@vigie/model'
import { Engine } from '@vigie/promql'
import type { QueryFn } from '../src/index.ts'

export function queryOf(storage: Queryable): QueryFn {
  const engine = new Engine()
  return async (expr, timeMs) => {
    const result = await engine.instant(storage, expr, { timeMs })
    if (result.type === 'vector') return result.samples
    if (result.type === 'scalar') return [{ labels: Labels.EMPTY, v: result.v }]
    throw new Error(`rule result is not a vector or scalar`)
  }
}
