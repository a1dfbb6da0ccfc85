/** The runs of the Vigie in this process, for its own page. */
import { parseExpr } from '@vigie/promql'
import type { Vigie } from '@vigie/server'
import type { StoredRuns } from './stored-runs.ts'

export const runsOf = (vigie: Vigie): StoredRuns => ({
  run(id) {
    const run = vigie.runs.get(id)
    return run === undefined
      ? Promise.reject(new Error(`there is no run ${JSON.stringify(id)}`))
      : Promise.resolve(run)
  },
  async range(expr, range) {
    const result = await vigie.engine.range(vigie.queryable, parseExpr(expr), range)
    return result.type === 'matrix' && result.series.length === 1 ? [...result.series[0]!.v] : null
  },
})
