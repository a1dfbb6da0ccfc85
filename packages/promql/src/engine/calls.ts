/** Calls of functions, by what they do with their arguments. */
import { type Histogram, Labels } from '@vigie/model'
import { histogramVariance } from '../histogram/estimates.ts'
import type { Call } from '../syntax/ast.ts'
import { unwrapParens } from '../syntax/ast.ts'
import { absentLabels } from './absent.ts'
import { CALENDAR_FUNCTIONS } from './calendar.ts'
import { type Evaluation, dropName, withMerging } from './evaluation.ts'
import { type Grid, timeAt } from './grid.ts'
import { callHistogramFunction } from './histogram-calls.ts'
import { callInfo } from './info.ts'
import { callLabelFunction } from './label-functions.ts'
import { maxOf, minOf } from './numbers.ts'
import { executionError } from './query-error.ts'
import { callOverRange } from './range-calls.ts'
import { RANGE_FUNCTIONS } from './range-functions.ts'
import { type Sink, dropHistograms, isEmptyRow, newRow } from './row.ts'
import { selectVector } from './selector.ts'
import { callSort } from './sort-calls.ts'
import { VALUE_FUNCTIONS, type ValueFunction } from './value-functions.ts'

type VectorCall = (ev: Evaluation, call: Call, grid: Grid, sink: Sink) => Promise<void>
type ScalarCall = (ev: Evaluation, call: Call, grid: Grid) => Promise<Float64Array>

/** Pushes the series that a call gives into `sink`. */
export function callVector(ev: Evaluation, call: Call, grid: Grid, sink: Sink): Promise<void> {
  const { name } = call.func
  if (RANGE_FUNCTIONS.has(name)) return callOverRange(ev, call, grid, sink)
  const onValues = VALUE_FUNCTIONS.get(name)
  if (onValues !== undefined) return mapValues(ev, call, grid, sink, onValues)
  const onDates = CALENDAR_FUNCTIONS.get(name)
  if (onDates !== undefined) return mapDates(ev, call, grid, sink, onDates)
  const special = VECTOR_CALLS.get(name)
  if (special !== undefined) return special(ev, call, grid, sink)
  throw executionError(`function ${JSON.stringify(name)} is not supported yet`)
}

/** The value of a call that gives a scalar, at each step. */
export function callScalar(ev: Evaluation, call: Call, grid: Grid): Promise<Float64Array> {
  return SCALAR_CALLS.get(call.func.name)!(ev, call, grid)
}

async function mapValues(
  ev: Evaluation,
  call: Call,
  grid: Grid,
  sink: Sink,
  fn: ValueFunction,
): Promise<void> {
  const [vector, ...rest] = call.args
  const scalars: Float64Array[] = []
  for (const arg of rest) scalars.push(await ev.scalar(arg, grid))
  const isClamp = call.func.name === 'clamp'
  const params = new Float64Array(scalars.length)
  await withMerging(ev, vector, grid, sink, (out) =>
    ev.vector(vector, grid, (row) => {
      // Of histograms there is no such value.
      if (dropHistograms(row, grid.count) && isEmptyRow(row, grid.count)) return
      const { v, has, at } = row
      for (let i = 0; i < grid.count; i++) {
        if (has[at + i] === 0) continue
        for (let p = 0; p < params.length; p++) params[p] = scalars[p][i]
        if (isClamp && params[1] < params[0]) has[at + i] = 0
        else v[at + i] = fn(v[at + i], params)
      }
      dropName(row, ev.context)
      out(row)
    }),
  )
}

const NO_PARAMS = new Float64Array(0)

async function mapDates(
  ev: Evaluation,
  call: Call,
  grid: Grid,
  sink: Sink,
  fn: ValueFunction,
): Promise<void> {
  if (call.args.length > 0) return mapValues(ev, call, grid, sink, fn)
  const row = newRow(grid.count)
  row.has.fill(1)
  for (let i = 0; i < grid.count; i++) row.v[i] = fn(timeAt(grid, i) / 1000, NO_PARAMS)
  ev.context.hold(grid.count)
  sink(row)
}

const absent: VectorCall = async (ev, { args }, grid, sink) => {
  const row = newRow(grid.count, absentLabels(unwrapParens(args[0])))
  row.has.fill(1)
  row.v.fill(1)
  await ev.vector(args[0], grid, ({ has, at }) => {
    for (let i = 0; i < grid.count; i++) if (has[at + i] === 1) row.has[i] = 0
  })
  sink(row)
}

const vector: VectorCall = async (ev, { args }, grid, sink) => {
  const row = newRow(grid.count, Labels.EMPTY)
  row.v.set(await ev.scalar(args[0], grid))
  row.has.fill(1)
  ev.context.hold(grid.count)
  sink(row)
}

const timestamp: VectorCall = async (ev, { args }, grid, sink) => {
  const argument = unwrapParens(args[0])
  await withMerging(ev, argument, grid, sink, (out) => {
    if (argument.kind === 'vectorSelector') {
      // Only a selector knows when its samples were taken.
      const push: Sink = (row) => {
        row.h = undefined
        dropName(row, ev.context)
        out(row)
      }
      return selectVector(ev, argument, grid, push, 'timestamp')
    }
    return ev.vector(argument, grid, (row) => {
      for (let i = 0; i < grid.count; i++) row.v[row.at + i] = timeAt(grid, i) / 1000
      row.h = undefined
      dropName(row, ev.context)
      out(row)
    })
  })
}

const startTimestamp: VectorCall = async (ev, { args }, grid, sink) => {
  const argument = unwrapParens(args[0])
  // What is computed did not start anywhere.
  if (!ev.context.usesStartTimes || argument.kind !== 'vectorSelector')
    return ev.vector(argument, grid, () => {})
  await withMerging(ev, argument, grid, sink, (out) => {
    const push: Sink = (row) => {
      dropName(row, ev.context)
      out(row)
    }
    return selectVector(ev, argument, grid, push, 'start')
  })
}

/** A number of each native histogram; floats give nothing. */
const ofHistogram =
  (compute: (h: Histogram) => number): VectorCall =>
  (ev, { args }, grid, sink) =>
    withMerging(ev, args[0], grid, sink, (out) =>
      ev.vector(args[0], grid, (row) => {
        const { h, v, has, at } = row
        if (h === undefined) return
        for (let i = at; i < at + grid.count; i++) {
          if (has[i] === 0) continue
          const one = h[i]
          if (one === undefined) has[i] = 0
          else v[i] = compute(one)
        }
        row.h = undefined
        if (isEmptyRow(row, grid.count)) return
        dropName(row, ev.context)
        out(row)
      }),
    )

const VECTOR_CALLS: ReadonlyMap<string, VectorCall> = new Map<string, VectorCall>([
  ['absent', absent],
  ['vector', vector],
  ['timestamp', timestamp],
  ['start_timestamp', startTimestamp],
  ['info', callInfo],
  ['label_replace', callLabelFunction],
  ['label_join', callLabelFunction],
  ['histogram_quantile', callHistogramFunction],
  ['histogram_quantiles', callHistogramFunction],
  ['histogram_fraction', callHistogramFunction],
  ['histogram_avg', ofHistogram((h) => h.sum / h.count)],
  ['histogram_count', ofHistogram((h) => h.count)],
  ['histogram_sum', ofHistogram((h) => h.sum)],
  ['histogram_stddev', ofHistogram((h) => Math.sqrt(histogramVariance(h)))],
  ['histogram_stdvar', ofHistogram(histogramVariance)],
  ['sort', callSort],
  ['sort_desc', callSort],
  ['sort_by_label', callSort],
  ['sort_by_label_desc', callSort],
])

/** The value of the only element, NaN when there is not exactly one. */
const scalar: ScalarCall = async (ev, { args }, grid) => {
  const out = new Float64Array(grid.count)
  const seen = new Uint8Array(grid.count)
  const before = ev.context.held
  await ev.vector(args[0], grid, (row) => {
    dropHistograms(row, grid.count)
    const { v, has, at } = row
    for (let i = 0; i < grid.count; i++) {
      if (has[at + i] === 0) continue
      out[i] = v[at + i]
      if (seen[i] < 2) seen[i]++
    }
  })
  for (let i = 0; i < grid.count; i++) if (seen[i] !== 1) out[i] = NaN
  ev.context.release(before, grid.count)
  return out
}

const constant = (grid: Grid, value: number): Promise<Float64Array> =>
  Promise.resolve(new Float64Array(grid.count).fill(value))

const choose =
  (pick: (a: number, b: number) => number): ScalarCall =>
  async (ev, { args }, grid) => {
    const left = await ev.scalar(args[0], grid)
    const right = await ev.scalar(args[1], grid)
    return left.map((value, i) => pick(value, right[i]))
  }

const SCALAR_CALLS: ReadonlyMap<string, ScalarCall> = new Map<string, ScalarCall>([
  ['scalar', scalar],
  ['pi', (_ev, _call, grid) => constant(grid, Math.PI)],
  [
    'time',
    (_ev, _call, grid) =>
      Promise.resolve(Float64Array.from({ length: grid.count }, (_, i) => timeAt(grid, i) / 1000)),
  ],
  ['start', ({ plan }, _call, grid) => constant(grid, plan.grid.startMs / 1000)],
  ['end', ({ plan }, _call, grid) => constant(grid, plan.grid.endMs / 1000)],
  ['step', ({ plan }, _call, grid) => constant(grid, plan.grid.stepMs / 1000)],
  [
    'range',
    ({ plan }, _call, grid) => constant(grid, (plan.grid.endMs - plan.grid.startMs) / 1000),
  ],
  ['max_of', choose(maxOf)],
  ['min_of', choose(minOf)],
])
