/** Instant selectors: at each step the newest sample within the lookback, unless the series has ended. */
import { GAUGE, SampleColumns, isStale } from '@vigie/model'
import { isCustom } from '../histogram/builder.ts'
import { detectResets } from '../histogram/compare.ts'
import { interpolateHistograms } from '../histogram/extended-rate.ts'
import { Notes } from '../histogram/notes.ts'
import type { VectorSelector } from '../syntax/ast.ts'
import type { Evaluation } from './evaluation.ts'
import { type Grid, lastTime, timeAt } from './grid.ts'
import type { Placement } from './plan.ts'
import { type Row, type Sink, newRow, sampleCount } from './row.ts'
import { dropStale } from './windows.ts'

/**
 * What is given of a sample: its value, its timestamp (histograms beside it), or its start timestamp
 * (0: unknown), in seconds. `timestamp` is the time as timestamp() sees it: with `@`, Prometheus looks
 * from there and forgets the offset, among the samples that it has selected with it.
 */
export type Aspect = 'value' | 'time' | 'timestamp' | 'start'

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
  const lookAt = aspect === 'timestamp' && atMs !== undefined ? { atMs, offsetMs: 0 } : placement
  const samples = new SampleColumns()
  const row = newRow(grid.count)
  for (let i = 0; i < set.count; i++) {
    samples.clear()
    set.samples(i, minT, maxT, samples)
    if (samples.h !== undefined && plan.countsOnly.has(selector)) detectResets(samples)
    row.h = undefined
    let present = samples.length === 0 ? 0 : pick(samples, row, grid, lookAt, lookbackMs, aspect)
    if (aspect === 'value') {
      if (samples.h !== undefined) {
        if (selector.isSmoothed)
          smoothHistograms(ev, selector, samples, row, grid, placement, set.labels(i).metricName)
        present = sampleCount(row, grid.count)
      } else if (selector.isSmoothed) {
        interpolate(samples, row, grid, placement)
      }
    }
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
  { t, v, h, st, length }: SampleColumns,
  row: Row,
  grid: Grid,
  { atMs, offsetMs }: Pick<Placement, 'atMs' | 'offsetMs'>,
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
    if (h !== undefined && aspect !== 'start') (row.h ??= [])[step] = h[newest]
    if (aspect === 'value') out[step] = v[newest]
    else out[step] = (aspect === 'start' ? (st?.[newest] ?? 0) : t[newest]) / 1000
    present++
  }
  return present
}

/** As `interpolate`, for a series with histograms; a mix of both kinds around a time gives nothing. */
function smoothHistograms(
  ev: Evaluation,
  selector: VectorSelector,
  samples: SampleColumns,
  row: Row,
  grid: Grid,
  { atMs, offsetMs, afterMs }: Placement,
  name: string,
): void {
  dropStale(samples)
  const { t, v, h, length } = samples
  const notes = new Notes(ev.context.annotations, name, selector)
  let from = 0
  let next = 0
  for (let step = 0; step < grid.count; step++) {
    const refMs = (atMs ?? timeAt(grid, step)) - offsetMs
    while (from < length && t[from] <= refMs - ev.context.lookbackMs) from++
    while (next < length && t[next] < refMs) next++
    if (row.has[step] === 0) continue
    let to = next
    while (to < length && t[to] <= refMs + afterMs) to++
    let histograms = 0
    for (let i = from; i < to; i++) if (h![i] !== undefined) histograms++
    if (histograms > 0 && histograms < to - from) {
      notes.mixedKinds()
      row.has[step] = 0
    } else if (next > 0 && next < to) {
      const [before, after] = [h![next - 1], h![next]]
      if (before !== undefined && after !== undefined && isCustom(before) !== isCustom(after)) {
        notes.mixedSchemas()
        row.has[step] = 0
      } else if (before !== undefined && after !== undefined) {
        const isCounter = before.counterResetHint !== GAUGE
        const at = [before, t[next - 1], after, t[next]] as const
        const between = interpolateHistograms(...at, refMs, isCounter, notes)
        row.h![step] = between
        if (between === undefined) row.has[step] = 0
      } else {
        const share = (refMs - t[next - 1]) / (t[next] - t[next - 1])
        row.v[step] = v[next - 1] + (v[next] - v[next - 1]) * share
      }
    }
  }
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
