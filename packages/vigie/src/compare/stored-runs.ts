/** Comparing runs that a Vigie has stored: their reports, and for one of each their series in six parts. */
import {
  type ComparedRun,
  type Comparison,
  type RunSummary,
  compareRuns,
  comparedRun,
  segmentPlan,
  withSegments,
} from '@vigie/insight'

export interface StoredRun extends RunSummary {
  startedMs: number
  /** Null: it goes on. */
  endedMs: number | null
}

export interface RangeOf {
  startMs: number
  endMs: number
  stepMs: number
}

/** Where runs are: in this process, or behind an address. */
export interface StoredRuns {
  /** Rejects when there is no such run. */
  run(id: string): Promise<StoredRun>
  /** Values of the only series of an expression, one per step; null: there is none. */
  range(expr: string, range: RangeOf): Promise<readonly number[] | null>
}

export async function compareStored(
  a: readonly string[],
  b: readonly string[],
  stored: StoredRuns,
): Promise<Comparison> {
  const isSingle = a.length === 1 && b.length === 1
  const side = (ids: readonly string[]): Promise<ComparedRun[]> =>
    Promise.all(ids.map((id) => readRun(id, isSingle, stored)))
  const [left, right] = await Promise.all([side(a), side(b)])
  return compareRuns(left, right)
}

async function readRun(id: string, isSingle: boolean, stored: StoredRuns): Promise<ComparedRun> {
  const run = await stored.run(id)
  const whole = comparedRun(run)
  if (!isSingle || run.endedMs === null) return whole
  const plan = segmentPlan({ id, startedMs: run.startedMs, endedMs: run.endedMs })
  if (plan === null) return whole
  const segments = new Map<string, readonly number[]>()
  for (const { name, expr, scale } of plan.queries) {
    if (!whole.figures.some((figure) => figure.name === name)) continue
    const values = await stored.range(expr, plan)
    if (values !== null)
      segments.set(
        name,
        values.map((value) => value * scale),
      )
  }
  return withSegments(whole, segments)
}
