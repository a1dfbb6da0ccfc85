/** Instant selectors: at each step the newest sample within the lookback, unless the series has ended. */
import { SampleColumns, isStale } from '@vigie/model'
import type { VectorSelector } from '../syntax/ast.ts'
import type { Evaluation } from './evaluation.ts'
import { type Grid, lastTime, timeAt } from './grid.ts'
import type { Placement } from './plan.ts'
import { type Row, type Sink, newRow } from './row.ts'
import { dropStale } from './windows.ts'

/** What becomes of a sample: its value, its timestamp, or its start timestamp (0: unknown), in seconds. */
export type Aspect = 'value' | 'time' | 'start'

export async function selectVector(
  ev: Evaluation,
  selector: VectorSelector,
  grid: Grid,
  sink: Sink,
  aspect: Aspect = 'value',
): Promise<void> {
  const { context, plan } = ev
  const set = plan.series.get(selector)!
  const placement = plan.placements.get(selector)!
  const { atMs, offsetMs } = placement
  const { lookbackMs } = context
  const minT = (atMs ?? grid.startMs) - offsetMs - lookbackMs + 1
  const maxT = (atMs ?? lastTime(grid)) - offsetMs + placement.afterMs
  const samples = new SampleColumns()
  const row = newRow(grid.count)
  for (let i = 0; i < set.count; i++) {
    samples.clear()
    set.samples(i, minT, maxT, samples)
    const present =
      samples.length === 0 ? 0 : pick(samples, row, grid, placement, lookbackMs, aspect)
    if (selector.isSmoothed && aspect === 'value') interpolate(samples, row, grid, placement)
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
  { t, v, st, length }: SampleColumns,
  row: Row,
  grid: Grid,
  { atMs, offsetMs }: Placement,
  lookbackMs: number,
  aspect: Aspect,
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
    if (aspect === 'value') out[step] = v[newest]
    else out[step] = (aspect === 'time' ? t[newest] : (st?.[newest] ?? 0)) / 1000
    present++
  }
  return present
}

/** Smoothed selectors: the value at the time itself, on the line to the sample that comes next. */
function interpolate(
  samples: SampleColumns,
  { v: out, has }: Row,
  grid: Grid,
  { atMs, offsetMs, afterMs }: Placement,
): void {
  dropStale(samples)
  const { t, v, length } = samples
  let next = 0
  for (let step = 0; step < grid.count; step++) {
    const refMs = (atMs ?? timeAt(grid, step)) - offsetMs
    while (next < length && t[next] < refMs) next++
    if (has[step] === 0 || next === 0 || next === length || t[next] > refMs + afterMs) continue
    const [from, to] = [t[next - 1], t[next]]
    out[step] = v[next - 1] + ((v[next] - v[next - 1]) * (refMs - from)) / (to - from)
  }
}
