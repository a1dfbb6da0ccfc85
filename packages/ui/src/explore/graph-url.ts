/**
 * Explore's state in the address, in Prometheus's own words so that its links work: per query N
 * `gN.expr`, `gN.tab` (0 or `graph`, 1 or `table`), `gN.range_input`, `gN.end_input`, `gN.step_input`. Vigie shows
 * all queries over the range of the first.
 */

export interface ExploreState {
  exprs: string[]
  tab: 'graph' | 'table'
  /** A Prometheus duration, e.g. `1h`. */
  range: string
  /** End of the range in ms since the epoch; undefined is now. */
  endMs: number | undefined
  /** Seconds; undefined is worked out from the range. */
  stepSec: number | undefined
}

/** Queries read from one address. */
const QUERIES_MAX = 20
export const DEFAULT_RANGE = '1h'

export function readGraphUrl(params: URLSearchParams): ExploreState {
  const exprs: string[] = []
  for (let i = 0; i < QUERIES_MAX; i++) {
    const expr = params.get(`g${i}.expr`)
    if (expr === null) break
    exprs.push(expr)
  }
  const tab = params.get('g0.tab')
  const end = params.get('g0.end_input') ?? params.get('g0.moment_input')
  const step = Number(params.get('g0.step_input') ?? params.get('g0.step'))
  return {
    exprs: exprs.length > 0 ? exprs : [''],
    tab: tab === '1' || tab === 'table' ? 'table' : 'graph',
    range: params.get('g0.range_input') || DEFAULT_RANGE,
    endMs: end ? readEnd(end) : undefined,
    stepSec: step > 0 ? step : undefined,
  }
}

/** Prometheus writes the end as `2026-11-22 14:05:09` in UTC. */
function readEnd(text: string): number | undefined {
  const ms = Date.parse(
    `${text.trim().replace(' ', 'T')}${/Z$|[+-]\d\d:\d\d$/.test(text) ? '' : 'Z'}`,
  )
  return Number.isNaN(ms) ? undefined : ms
}

export function writeGraphUrl(state: ExploreState): string {
  const params = new URLSearchParams()
  for (const [i, expr] of state.exprs.entries()) {
    params.set(`g${i}.expr`, expr)
    params.set(`g${i}.tab`, state.tab === 'table' ? '1' : '0')
    params.set(`g${i}.range_input`, state.range)
    if (state.endMs !== undefined) {
      params.set(
        `g${i}.end_input`,
        new Date(state.endMs).toISOString().slice(0, 19).replace('T', ' '),
      )
    }
    if (state.stepSec !== undefined) params.set(`g${i}.step_input`, String(state.stepSec))
  }
  return params.toString()
}
