/** Instant selectors: at each step the newest sample within the lookback, unless the series has ended. */
import { SampleColumns, isStale } from '@vigie/model'
import type { VectorSelector } from '../syntax/ast.ts'
import type { Evaluation } from './evaluation.ts'
import { type Grid, lastTime, timeAt } from './grid.ts'
import type { Placement } from './plan.ts'
import { type Row, type Sink, newRow } from './row.ts'

/** With `givesTime`, values are the timestamps of the samples in seconds. */
export async function selectVector(
  ev: Evaluation,
  selector: VectorSelector,
  grid: Grid,
  sink: Sink,
  givesTime = false,
): Promise<void> {
  const { context, plan } = ev
  const set = plan.series.get(selector)!
  const placement = plan.placements.get(selector)!
  const { atMs, offsetMs } = placement
  const { lookbackMs } = context
  const minT = (atMs ?? grid.startMs) - offsetMs - lookbackMs + 1
  const maxT = (atMs ?? lastTime(grid)) - offsetMs
  const samples = new SampleColumns()
  const row = newRow(grid.count)
  for (let i = 0; i < set.count; i++) {
    samples.length = 0
    set.samples(i, minT, maxT, samples)
    const present =
      samples.length === 0 ? 0 : pick(samples, row, grid, placement, lookbackMs, givesTime)
    if (present > 0) {
      context.hold(present)
      context.countRead(present)
      row.labels = set.labels(i)
      row.dropsName = false
      sink(row)
    }
    const wait = context.tick()
    if (wait !== undefined) await wait
  }
}

/** Fills `row`; gives the number of steps that have a sample. */
function pick(
  { t, v, length }: SampleColumns,
  row: Row,
  grid: Grid,
  { atMs, offsetMs }: Placement,
  lookbackMs: number,
  givesTime: boolean,
): number {
  const { v: out, has } = row
  let newest = -1
  let present = 0
  for (let step = 0; step < grid.count; step++) {
    const refMs = (atMs ?? timeAt(grid, step)) - offsetMs
    while (newest + 1 < length && t[newest + 1] <= refMs) newest++
    const isPresent = newest >= 0 && t[newest] > refMs - lookbackMs && !isStale(v[newest])
    has[step] = isPresent ? 1 : 0
    if (!isPresent) continue
    out[step] = givesTime ? t[newest] / 1000 : v[newest]
    present++
  }
  return present
}
