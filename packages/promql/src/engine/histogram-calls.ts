/** histogram_quantile, histogram_quantiles and histogram_fraction over classic and native histograms. */
import { type Histogram, type Labels, formatValue } from '@vigie/model'
import { histogramFraction, histogramQuantile } from '../histogram/estimates.ts'
import type { Call, Expr } from '../syntax/ast.ts'
import { type Bucket, bucketFraction, bucketQuantile } from './buckets.ts'
import { type Evaluation, dropName, stringOf, withMerging } from './evaluation.ts'
import { type Grid, timeAt } from './grid.ts'
import { Columns, type Row, type Sink, dropHistograms, isEmptyRow, newRow } from './row.ts'

const BUCKET_LABEL = 'le'

/** The series of one classic histogram: rows of the collected columns, by falling bound. */
interface ClassicHistogram {
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
  const { columns, natives } = await collectKinds(ev, vector, grid)
  const histograms = groupBuckets(ev, columns, vector)
  if (natives.length > 0) leaveOutMixed(ev, columns, histograms, natives, vector)
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
    for (let i = 0; i < natives.length; i++) {
      for (const [labels, at] of nativeResults(ev, call, vector, natives.labels[i], params)) {
        outputs += fillNative(row, natives, i, at)
        row.labels = labels
        row.dropsName = natives.dropsName[i]
        if (isEmptyRow(row, grid.count)) continue
        dropName(row, context)
        out(row)
      }
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

/** Floats are buckets of classic histograms. Rows of `natives` may have floats too. */
async function collectKinds(
  ev: Evaluation,
  vector: Expr,
  grid: Grid,
): Promise<{ columns: Columns; natives: Columns }> {
  const columns = new Columns(grid.count, ev.context.cellsMax)
  const natives = new Columns(grid.count, ev.context.cellsMax)
  await ev.vector(vector, grid, (row) => {
    if (row.h !== undefined) {
      natives.append(row)
      dropHistograms(row, grid.count)
      if (isEmptyRow(row, grid.count)) return
    }
    columns.append(row)
  })
  return { columns, natives }
}

/** Where a classic and a native histogram have the same labels, neither counts. */
function leaveOutMixed(
  ev: Evaluation,
  columns: Columns,
  histograms: readonly ClassicHistogram[],
  natives: Columns,
  vector: Expr,
): void {
  const byKey = new Map(histograms.map((one) => [one.labels.key, one]))
  const { steps } = columns
  for (const [i, labels] of natives.labels.entries()) {
    const classic = byKey.get(labels.without(BUCKET_LABEL).key)
    if (classic === undefined) continue
    for (let step = 0; step < steps; step++) {
      const cell = i * steps + step
      if (natives.has[cell] === 0 || natives.h?.[cell] === undefined) continue
      const buckets = classic.rows.map(({ index }) => index * steps + step)
      if (!buckets.some((bucket) => columns.has[bucket] === 1)) continue
      ev.context.annotations.mixedClassicAndNative(labels.metricName, vector)
      natives.has[cell] = 0
      for (const bucket of buckets) columns.has[bucket] = 0
    }
  }
}

type NativeCompute = (h: Histogram, step: number) => number

/** As `results`, of a native histogram. */
function nativeResults(
  ev: Evaluation,
  call: Call,
  vector: Expr,
  labels: Labels,
  params: readonly Float64Array[],
): [Labels, NativeCompute][] {
  const { annotations, delaysNameRemoval } = ev.context
  const name = delaysNameRemoval ? labels.metricName : ''
  if (call.func.name === 'histogram_fraction') {
    const [lower, upper] = params
    const at: NativeCompute = (h, step) => {
      const { value, nan } = histogramFraction(lower[step], upper[step], h)
      if (nan !== undefined) annotations.nanInFraction(name, vector)
      return value
    }
    return [[labels, at]]
  }
  const quantileOf =
    (qs: Float64Array): NativeCompute =>
    (h, step) => {
      const { value, nan } = histogramQuantile(qs[step], h)
      if (nan !== undefined) annotations.nanInQuantile(nan, name, vector)
      return value
    }
  if (call.func.name === 'histogram_quantile') return [[labels, quantileOf(params[0])]]
  const label = stringOf(call.args[1])
  return params.map((qs) => [labels.with(label, formatBound(qs[0])), quantileOf(qs)])
}

function fillNative(row: Row, natives: Columns, index: number, at: NativeCompute): number {
  let present = 0
  for (let step = 0; step < natives.steps; step++) {
    const cell = index * natives.steps + step
    const h = natives.h?.[cell]
    const isPresent = natives.has[cell] === 1 && h !== undefined
    row.has[step] = isPresent ? 1 : 0
    if (!isPresent) continue
    row.v[step] = at(h, step)
    present++
  }
  return present
}

const isString = (expr: Expr): boolean =>
  expr.kind === 'string' || (expr.kind === 'paren' && isString(expr.expr))

interface Compute {
  histogram: ClassicHistogram
  at: (buckets: Bucket[], step: number) => number
}

/** What to compute of one histogram: one series, or one for each quantile. */
function results(
  ev: Evaluation,
  call: Call,
  vector: Expr,
  histogram: ClassicHistogram,
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

function groupBuckets(ev: Evaluation, columns: Columns, vector: Expr): ClassicHistogram[] {
  const byKey = new Map<string, ClassicHistogram>()
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
