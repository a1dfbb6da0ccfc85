/** Aggregations. Those that can be folded hold no input; the others collect it first. */
import { quote } from '@vigie/model'
import { histogramText } from '../histogram/print.ts'
import type { AggregateExpr } from '../syntax/ast.ts'
import { formatNumber } from '../syntax/literals.ts'
import { type Accumulator, newAccumulator } from './accumulators.ts'
import { type Evaluation, stringOf } from './evaluation.ts'
import type { Grid } from './grid.ts'
import { Groups, emitGroups } from './groups.ts'
import { HistogramGroups } from './histogram-groups.ts'
import { executionError } from './query-error.ts'
import { type Sink, newRow } from './row.ts'
import { pickSeries, quantiles } from './selections.ts'

export async function aggregate(
  ev: Evaluation,
  expr: AggregateExpr,
  grid: Grid,
  sink: Sink,
): Promise<void> {
  const accumulator = newAccumulator(expr.op, grid.count)
  if (accumulator !== undefined) return fold(ev, expr, grid, sink, accumulator)
  if (expr.op === 'count_values') return countValues(ev, expr, grid, sink)
  if (expr.op === 'quantile') return quantiles(ev, expr, grid, sink)
  return pickSeries(ev, expr, grid, sink)
}

async function fold(
  ev: Evaluation,
  expr: AggregateExpr,
  grid: Grid,
  sink: Sink,
  accumulator: Accumulator,
): Promise<void> {
  const { context } = ev
  const before = context.held
  const groups = new Groups(expr)
  const histograms = new HistogramGroups(ev, expr, grid.count, accumulator)
  await ev.vector(expr.expr, grid, (row) => {
    // What has histograms alone makes no group where they are ignored.
    if (row.h !== undefined && !histograms.accepts(row)) return
    const group = groups.of(row.labels, row.dropsName)
    if (row.h !== undefined || histograms.areIncompatible) histograms.fold(row, group)
    accumulator.fold(row, group)
  })
  context.release(before, 0)
  await emitGroups(ev, groups, grid, sink, (group, row) => {
    const present = accumulator.finish(group, row)
    return histograms.isEmpty ? present : histograms.finish(group, row)
  })
}

async function countValues(
  ev: Evaluation,
  expr: AggregateExpr,
  grid: Grid,
  sink: Sink,
): Promise<void> {
  const label = stringOf(expr.param!)
  // What was not UTF-8 when it was written is no name.
  if (label === '' || label.includes('\ufffd'))
    throw executionError(`invalid label name ${quote(label)}`)
  const grouping = expr.isWithout ? expr.grouping : [...expr.grouping, label]
  const groups = new Groups({ grouping, isWithout: expr.isWithout })
  const counts = newAccumulator('count', grid.count)!
  const { context } = ev
  const before = context.held
  const single = newRow(grid.count)
  await ev.vector(expr.expr, grid, (row) => {
    const { v, has, at } = row
    // By text: a map would take 0 and -0 for one.
    const numbers = new Map<string, number>()
    for (let i = 0; i < grid.count; i++) {
      if (has[at + i] === 0) continue
      const one = row.h?.[at + i]
      const value = one === undefined ? formatNumber(v[at + i]) : histogramText(one)
      let group = numbers.get(value)
      if (group === undefined) {
        // Prometheus does not remember here that the name is to go.
        group = groups.of(row.labels.with(label, value), false)
        numbers.set(value, group)
      }
      single.has[i] = 1
      counts.fold(single, group)
      single.has[i] = 0
    }
  })
  context.release(before, 0)
  await emitGroups(ev, groups, grid, sink, (group, row) => counts.finish(group, row))
}
