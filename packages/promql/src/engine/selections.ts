/** Aggregations that must see all values of a group at once: quantile, topk, bottomk, limitk, limit_ratio. */
import { shortest } from '../histogram/print.ts'
import type { AggregateExpr } from '../syntax/ast.ts'
import { type Evaluation, emitAll } from './evaluation.ts'
import type { Grid } from './grid.ts'
import { Groups } from './groups.ts'
import { ignoresHistograms } from './histogram-groups.ts'
import { hashShare } from './labels-hash.ts'
import { maxOf, minOf } from './numbers.ts'
import { quantile } from './quantile.ts'
import { executionError } from './query-error.ts'
import { Columns, type Sink, countPresent, newRow } from './row.ts'
import { compareValues } from './sort-calls.ts'
import { topSeries } from './top-series.ts'

const INT64_LIMIT = 2 ** 63

/** No input has more series than this. */
const COUNT_MAX = 2 ** 30

/** More series than this per group and step are sorted, not kept in heaps. */
const HEAP_MAX = 64

const KEEPS_HISTOGRAMS: ReadonlySet<string> = new Set(['limitk', 'limit_ratio'])

/** Collects the input, and which of its rows each group has. */
async function groupRows(
  ev: Evaluation,
  expr: AggregateExpr,
  grid: Grid,
): Promise<{ columns: Columns; groups: Groups; members: number[][] }> {
  const columns = new Columns(grid.count, ev.context.cellsMax)
  await ev.vector(expr.expr, grid, (row) => {
    const mayIgnore = row.h !== undefined && !KEEPS_HISTOGRAMS.has(expr.op)
    if (mayIgnore && ignoresHistograms(ev, expr, row, grid.count)) return
    columns.append(row)
  })
  const groups = new Groups(expr)
  const members: number[][] = []
  for (let i = 0; i < columns.length; i++) {
    const group = groups.of(columns.labels[i], columns.dropsName[i])
    ;(members[group] ??= []).push(i)
  }
  return { columns, groups, members }
}

export async function quantiles(
  ev: Evaluation,
  expr: AggregateExpr,
  grid: Grid,
  sink: Sink,
): Promise<void> {
  const { context } = ev
  const before = context.held
  const qs = await ev.scalar(expr.param!, grid)
  const { columns, groups, members } = await groupRows(ev, expr, grid)
  const range = extremes(qs)
  const note = (q: number): void => context.annotations.invalidQuantile(q, expr.param!)
  if (range.hasNaN) note(NaN)
  if (range.max > 1) note(range.max)
  if (range.min < 0) note(range.min)
  const { v, has, steps } = columns
  const values = new Float64Array(columns.length)
  context.release(before, 0)
  const row = newRow(grid.count)
  for (const [group, rows] of members.entries()) {
    for (let step = 0; step < steps; step++) {
      let count = 0
      for (const index of rows) {
        const cell = index * steps + step
        if (has[cell] === 1) values[count++] = v[cell]
      }
      row.has[step] = count > 0 ? 1 : 0
      if (count > 0) row.v[step] = quantile(qs[step], values.subarray(0, count))
      const wait = context.tick()
      if (wait !== undefined) await wait
    }
    context.hold(countPresent(row, steps))
    row.labels = groups.labels[group]
    row.dropsName = groups.dropsName[group]
    sink(row)
  }
}

/** Which of the rows in `present` stay at a step, in the order of the result. */
type Pick = (present: number[], step: number) => number[]

export async function pickSeries(
  ev: Evaluation,
  expr: AggregateExpr,
  grid: Grid,
  sink: Sink,
): Promise<void> {
  const { context } = ev
  const params = await ev.scalar(expr.param!, grid)
  const isByCount = expr.op !== 'limit_ratio'
  const counts = isByCount ? countsOf(params) : new Int32Array(0)
  const range = extremes(params)
  // What is wrong with the parameter is said after what is wrong with the input.
  if (expr.op !== 'limitk' && isByCount && isCount(range) && counts.every((k) => k <= HEAP_MAX))
    return topSeries(ev, expr, counts, grid, sink)
  const before = context.held
  if (isByCount ? range.max < 1 : range.max === 0 && range.min === 0) {
    await ev.vector(expr.expr, grid, () => {})
    return context.release(before, 0)
  }
  const { columns, members } = await groupRows(ev, expr, grid)
  const pick = isByCount
    ? byCount(expr, columns, counts, range)
    : byRatio(ev, expr, columns, params, range)
  const { steps, has } = columns
  const order: number[] = []
  let outputs = 0
  for (const rows of members) {
    for (let step = 0; step < steps; step++) {
      const present = rows.filter((index) => has[index * steps + step] === 1)
      for (const index of present) has[index * steps + step] = 0
      const picked = pick(present, step)
      for (const index of picked) has[index * steps + step] = 1
      outputs += picked.length
      // With one step the order of the result is that of the values.
      if (steps === 1) for (const index of picked) order.push(index)
      const wait = context.tick()
      if (wait !== undefined) await wait
    }
  }
  // Those that were kept may be histograms.
  context.release(before, columns.h === undefined ? outputs : columns.sampleCount)
  if (steps > 1) return emitAll(columns, sink, context)
  const row = newRow(0)
  for (const index of order) sink(columns.read(index, row))
}

interface Extremes {
  min: number
  max: number
  hasNaN: boolean
}

/** Of a parameter over all steps, with NaN where Go's math.Min and math.Max give it. */
function extremes(params: Float64Array): Extremes {
  let [min, max] = [Infinity, -Infinity]
  if (params.length > 0) min = max = params[0]
  for (const value of params) {
    min = minOf(min, value)
    max = maxOf(max, value)
  }
  return { min, max, hasNaN: params.some(Number.isNaN) }
}

const isCount = ({ min, max, hasNaN }: Extremes): boolean =>
  !hasNaN && max >= 1 && min > -INT64_LIMIT && max < INT64_LIMIT

function byCount(
  { op }: AggregateExpr,
  { v, steps }: Columns,
  counts: Int32Array,
  { min, max, hasNaN }: Extremes,
): Pick {
  if (hasNaN) throw executionError('Parameter value is NaN')
  if (min <= -INT64_LIMIT) throw executionError(`Scalar value ${shortest(min)} underflows int64`)
  if (max >= INT64_LIMIT) throw executionError(`Scalar value ${shortest(max)} overflows int64`)
  return (present, step) => {
    const k = counts[step]
    if (op === 'limitk' || k === 0) return present.slice(0, k)
    const value = (index: number): number => v[index * steps + step]
    const isDescending = op === 'topk'
    return present.sort((x, y) => compareValues(value(x), value(y), isDescending)).slice(0, k)
  }
}

/** How many series stay at each step. */
function countsOf(params: Float64Array): Int32Array {
  return Int32Array.from(params, (k) => Math.max(0, Math.min(Math.trunc(k), COUNT_MAX)))
}

function byRatio(
  ev: Evaluation,
  expr: AggregateExpr,
  { labels }: Columns,
  params: Float64Array,
  { min, max, hasNaN }: Extremes,
): Pick {
  if (hasNaN) throw executionError('Ratio value is NaN')
  const { annotations } = ev.context
  if (max > 1) annotations.invalidRatio(max, 1, expr.param!)
  if (min < -1) annotations.invalidRatio(min, -1, expr.param!)
  const ratios = params.map((ratio) => Math.max(-1, Math.min(1, ratio)))
  const shares = labels.map(hashShare)
  return (present, step) => {
    const ratio = ratios[step]
    // The two signs are complements: what one keeps, the other leaves out.
    if (ratio >= 0) return present.filter((index) => shares[index] < ratio)
    return present.filter((index) => shares[index] >= 1 + ratio)
  }
}
