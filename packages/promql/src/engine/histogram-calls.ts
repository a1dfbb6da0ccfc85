/** histogram_quantile, histogram_quantiles and histogram_fraction over classic histograms. */
import { type Labels, formatValue } from '@vigie/model'
import type { Call, Expr } from '../syntax/ast.ts'
import { type Bucket, bucketFraction, bucketQuantile } from './buckets.ts'
import { type Evaluation, collect, dropName, stringOf, withMerging } from './evaluation.ts'
import { type Grid, timeAt } from './grid.ts'
import { type Columns, type Row, type Sink, isEmptyRow, newRow } from './row.ts'

const BUCKET_LABEL = 'le'

/** The series of one histogram: rows of the collected columns, by falling bound. */
interface Histogram {
  labels: Labels
  dropsName: boolean
  rows: { index: number; upperBound: number }[]
}

export async function callHistogramFunction(
  ev: Evaluation,
  call: Call,
  grid: Grid,
  sink: Sink,
): Promise<void> {
  const { args, func } = call
  const vector = args[func.args.indexOf('vector')]
  const { context } = ev
  const before = context.held
  const params: Float64Array[] = []
  for (const arg of args)
    if (arg !== vector && !isString(arg)) params.push(await ev.scalar(arg, grid))
  const columns = await collect(ev, vector, grid)
  const histograms = groupBuckets(ev, columns, vector)
  if (func.name !== 'histogram_fraction') checkQuantiles(ev, params, call)
  let outputs = 0
  await withMerging(ev, vector, grid, sink, async (out) => {
    const row = newRow(grid.count)
    const push = (labels: Labels, dropsName: boolean, values: Compute): void => {
      outputs += fill(row, columns, grid, values)
      row.labels = labels
      row.dropsName = dropsName
      dropName(row, context)
      out(row)
    }
    for (const histogram of histograms) {
      for (const [labels, values] of results(ev, call, vector, histogram, params, grid)) {
        push(labels, histogram.dropsName, values)
      }
      const wait = context.tick()
      if (wait !== undefined) await wait
    }
  })
  context.release(before, outputs)
}

const isString = (expr: Expr): boolean =>
  expr.kind === 'string' || (expr.kind === 'paren' && isString(expr.expr))

interface Compute {
  histogram: Histogram
  at: (buckets: Bucket[], step: number) => number
}

/** What to compute of one histogram: one series, or one for each quantile. */
function results(
  ev: Evaluation,
  call: Call,
  vector: Expr,
  histogram: Histogram,
  params: readonly Float64Array[],
  grid: Grid,
): [Labels, Compute][] {
  const { labels } = histogram
  if (call.func.name === 'histogram_fraction') {
    const [lower, upper] = params
    const at = (buckets: Bucket[], step: number): number =>
      bucketFraction(lower[step], upper[step], buckets)
    return [[labels, { histogram, at }]]
  }
  const quantileOf = (qs: Float64Array) => (buckets: Bucket[], step: number) => {
    const { value, forced } = bucketQuantile(qs[step], buckets)
    if (forced !== undefined) {
      const name = ev.context.delaysNameRemoval ? labels.metricName : ''
      ev.context.annotations.forcedMonotonicity(name, vector, forced, timeAt(grid, step))
    }
    return value
  }
  if (call.func.name === 'histogram_quantile')
    return [[labels, { histogram, at: quantileOf(params[0]) }]]
  const label = stringOf(call.args[1])
  return params.map((qs) => [
    labels.with(label, formatBound(qs[0])),
    { histogram, at: quantileOf(qs) },
  ])
}

/** A number as OpenMetrics writes bounds: with a decimal point. */
function formatBound(value: number): string {
  const text = formatValue(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

function checkQuantiles(
  ev: Evaluation,
  params: readonly Float64Array[],
  { args, func }: Call,
): void {
  const first = func.name === 'histogram_quantile' ? 0 : 2
  for (const [i, qs] of params.entries()) {
    for (const q of qs)
      if (!(q >= 0 && q <= 1)) ev.context.annotations.invalidQuantile(q, args[first + i])
  }
}

function groupBuckets(ev: Evaluation, columns: Columns, vector: Expr): Histogram[] {
  const byKey = new Map<string, Histogram>()
  const row = newRow(0)
  for (let index = 0; index < columns.length; index++) {
    const labels = columns.labels[index]
    if (isEmptyRow(columns.read(index, row), columns.steps)) continue
    const bound = labels.get(BUCKET_LABEL)
    const upperBound = parseBound(bound)
    if (upperBound === undefined) {
      ev.context.annotations.badBucketLabel(labels.metricName, bound, vector)
      continue
    }
    const rest = labels.without(BUCKET_LABEL)
    let histogram = byKey.get(rest.key)
    if (histogram === undefined) {
      histogram = { labels: rest, dropsName: false, rows: [] }
      byKey.set(rest.key, histogram)
    }
    if (columns.dropsName[index]) histogram.dropsName = true
    histogram.rows.push({ index, upperBound })
  }
  const histograms = [...byKey.values()]
  for (const { rows } of histograms) rows.sort((a, b) => a.upperBound - b.upperBound || 0)
  return histograms
}

function parseBound(text: string): number | undefined {
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text)
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined
}

/** Fills `row`; gives the number of steps that have a value. */
function fill(row: Row, columns: Columns, grid: Grid, { histogram, at }: Compute): number {
  const { steps, v, has } = columns
  const pool: Bucket[] = histogram.rows.map(({ upperBound }) => ({ upperBound, count: 0 }))
  const buckets: Bucket[] = []
  let present = 0
  for (let step = 0; step < grid.count; step++) {
    buckets.length = 0
    for (const [i, { index, upperBound }] of histogram.rows.entries()) {
      const cell = index * steps + step
      if (has[cell] === 0) continue
      pool[i].upperBound = upperBound
      pool[i].count = v[cell]
      buckets.push(pool[i])
    }
    row.has[step] = buckets.length > 0 ? 1 : 0
    if (buckets.length === 0) continue
    row.v[step] = at(buckets, step)
    present++
  }
  return present
}
