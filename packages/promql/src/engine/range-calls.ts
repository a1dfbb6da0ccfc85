/** Calls of functions over a range: the range is a selector's raw samples or a subquery's steps. */
import { type Histogram, type Labels, METRIC_NAME, SampleColumns } from '@vigie/model'
import { detectResets, withoutHint } from '../histogram/compare.ts'
import type { Modifier } from '../histogram/mixed-functions.ts'
import type { Call, Expr, MatrixSelector, Span, Subquery } from '../syntax/ast.ts'
import { unwrapParens } from '../syntax/ast.ts'
import { absentLabels } from './absent.ts'
import { type Evaluation, KEEPS_NAME, dropName, withMerging } from './evaluation.ts'
import { extendedFunction } from './extended-ranges.ts'
import { type Grid, lastTime, timeAt } from './grid.ts'
import { MixedWalk } from './mixed-walk.ts'
import type { Placement } from './plan.ts'
import { tooManySamples } from './query-error.ts'
import { RANGE_FUNCTIONS, type RangeFunction } from './range-functions.ts'
import { type Row, type Sink, countPresent, newRow, sampleCount } from './row.ts'
import { WindowWalk, dropStale } from './windows.ts'

const COUNTER_SUFFIXES = ['_total', '_sum', '_count', '_bucket']

export async function callOverRange(
  ev: Evaluation,
  call: Call,
  grid: Grid,
  sink: Sink,
): Promise<void> {
  const { name } = call.func
  const argument = rangeArgument(call)
  const fn = rangeFunction(name, argument.range)
  const params: Float64Array[] = []
  for (const arg of call.args) if (arg !== argument.written) params.push(await ev.scalar(arg, grid))
  const walked: Walked = {
    name,
    fn,
    range: argument.range,
    place: argument.written === call.args[0] ? argument.place : call.args[0],
  }
  if (name === 'absent_over_time') return absentOverTime(ev, walked, grid, sink)

  const { context } = ev
  const before = context.held
  let outputs = 0
  const produce = (out: Sink): Promise<void> =>
    walkRange(ev, walked, params, grid, (row, present) => {
      if (present === 0) return
      outputs += present
      context.hold(present)
      annotate(ev, call, argument.place, row, params)
      if (!KEEPS_NAME.has(name)) dropName(row, context)
      out(row)
    })
  if (KEEPS_NAME.has(name)) await produce(sink)
  else await withMerging(ev, argument.range, grid, sink, produce, true)
  context.release(before, outputs)
}

function rangeFunction(name: string, range: MatrixSelector | Subquery): RangeFunction {
  const fn = RANGE_FUNCTIONS.get(name)!
  return range.kind === 'matrixSelector' ? extendedFunction(name, range.selector, fn) : fn
}

interface RangeArgument {
  written: Expr
  range: MatrixSelector | Subquery
  /** Where annotations point to. */
  place: Span
}

/** Prometheus has no position for the samples of a subquery: it points to the start of the query. */
const QUERY_START: Span = { start: 0, end: 0 }

/** The argument that is a range, as written and without parentheses. */
function rangeArgument({ args, func }: Call): RangeArgument {
  const written = args[func.args.indexOf('matrix')]
  const range = unwrapParens(written) as MatrixSelector | Subquery
  return { written, range, place: range.kind === 'subquery' ? QUERY_START : written }
}

function annotate(
  ev: Evaluation,
  { func, args }: Call,
  place: Span,
  row: Row,
  params: readonly Float64Array[],
): void {
  const { annotations } = ev.context
  if (func.name === 'rate' || func.name === 'increase') {
    const name = row.labels.get(METRIC_NAME)
    // Histograms are what they are, whatever their name.
    if (row.h !== undefined && !hasFloat(row)) return
    if (ev.context.hasTypeLabels) {
      const type = row.labels.get('__type__')
      if (name !== '' && type !== 'counter' && type !== 'histogram')
        annotations.possibleNonCounterType(name, type, place)
      return
    }
    if (name === '' || COUNTER_SUFFIXES.some((suffix) => name.endsWith(suffix))) return
    annotations.possibleNonCounter(name, place)
  } else if (func.name === 'quantile_over_time') {
    for (const [step, q] of params[0].entries()) {
      if (row.has[row.at + step] === 1 && !(q >= 0 && q <= 1))
        annotations.invalidQuantile(q, args[0])
    }
  }
}

function hasFloat({ h, has, at, v }: Row): boolean {
  for (let i = at; i < v.length; i++) if (has[i] === 1 && h?.[i] === undefined) return true
  return false
}

/** A function, the range it is called with, and where annotations point to. */
interface Walked {
  name: string
  fn: RangeFunction
  range: MatrixSelector | Subquery
  place: Span
}

function modifierOf(range: MatrixSelector | Subquery): Modifier {
  if (range.kind === 'subquery') return undefined
  if (range.selector.isAnchored) return 'anchored'
  return range.selector.isSmoothed ? 'smoothed' : undefined
}

/** Pushes, for each series of a range, the results of `fn` at each step. */
async function walkRange(
  ev: Evaluation,
  { name, fn, range, place }: Walked,
  params: readonly Float64Array[],
  grid: Grid,
  sink: (row: Row, present: number) => void,
): Promise<void> {
  const placement = ev.plan.placements.get(range)!
  const walk = new WindowWalk(ev.context, grid, placement, fn, params)
  const row = newRow(grid.count)
  const ofFloats = async (samples: SampleColumns): Promise<number> => {
    for (let step = walk.begin(samples, row); step < grid.count;) {
      await walk.tick()
      step = walk.resume(samples.length, row, step)
    }
    if (walk.takeOverlap())
      ev.context.annotations.startTimeOverlap(row.labels.get(METRIC_NAME), range)
    return walk.brush()
  }
  let mixed: MixedWalk | undefined
  const check = (step: number): void =>
    fn.check?.(Float64Array.from(params, (values) => values[step]))
  await eachSeries(ev, range, placement, grid, async (samples, labels, dropsName) => {
    row.labels = labels
    row.dropsName = dropsName
    row.h = undefined
    if (samples.h === undefined) {
      sink(row, await ofFloats(samples))
    } else {
      mixed ??= new MixedWalk(ev.context, grid, placement, name, modifierOf(range), place, check)
      await mixed.fill(samples, row, ofFloats)
      sink(row, sampleCount(row, grid.count))
    }
    const wait = walk.tick()
    if (wait !== undefined) await wait
  })
}

type OnSeries = (samples: SampleColumns, labels: Labels, dropsName: boolean) => Promise<void>

/** Gives each series of a range with all samples that any window can hold, stale markers left out. */
export function eachSeries(
  ev: Evaluation,
  range: MatrixSelector | Subquery,
  placement: Placement,
  grid: Grid,
  onSeries: OnSeries,
): Promise<void> {
  return range.kind === 'subquery'
    ? eachSubquerySeries(ev, range, placement, grid, onSeries)
    : eachSelectedSeries(ev, range, placement, grid, onSeries)
}

/** From (exclusive) and to (inclusive) where the windows of all steps reach. */
function reach({ atMs, offsetMs, rangeMs }: Placement, grid: Grid): { minT: number; maxT: number } {
  return {
    minT: (atMs ?? grid.startMs) - offsetMs - rangeMs,
    maxT: (atMs ?? lastTime(grid)) - offsetMs,
  }
}

async function eachSelectedSeries(
  ev: Evaluation,
  range: MatrixSelector,
  placement: Placement,
  grid: Grid,
  onSeries: OnSeries,
): Promise<void> {
  const set = ev.plan.series.get(range.selector)!
  const { minT, maxT } = reach(placement, grid)
  const samples = new SampleColumns()
  for (let i = 0; i < set.count; i++) {
    samples.clear()
    set.samples(i, minT + 1 - placement.beforeMs, maxT + placement.afterMs, samples)
    dropStale(samples)
    if (samples.h !== undefined && ev.plan.countsOnly.has(range.selector)) detectResets(samples)
    if (samples.length > 0) await onSeries(samples, set.labels(i), false)
  }
}

interface KeptSeries {
  labels: Labels
  dropsName: boolean
  t: Float64Array
  v: Float64Array
  h: (Histogram | undefined)[] | undefined
}

async function eachSubquerySeries(
  ev: Evaluation,
  range: Subquery,
  placement: Placement,
  grid: Grid,
  onSeries: OnSeries,
): Promise<void> {
  const { context } = ev
  const inner = subqueryGrid(placement, grid)
  if (inner.count <= 0) return
  if (inner.count > Math.max(context.maxSamples, STEPS_MAX)) throw tooManySamples()
  // The inner expression pushes its series; what is done with one may have to wait for its turn.
  const before = context.held
  const { read } = context
  const kept: KeptSeries[] = []
  let held = 0
  await ev.vector(range.expr, inner, (row) => {
    const count = countPresent(row, inner.count)
    if (count === 0) return
    const t = new Float64Array(count)
    const v = new Float64Array(count)
    const h: SampleColumns['h'] = row.h === undefined ? undefined : []
    let at = 0
    for (let step = 0; step < inner.count; step++) {
      if (row.has[row.at + step] === 0) continue
      t[at] = timeAt(inner, step)
      const one = row.h?.[row.at + step]
      // Samples are skipped: what is known from one to the next does not hold.
      if (one !== undefined) h![at] = withoutHint(one)
      v[at++] = row.v[row.at + step]
    }
    held += h === undefined ? count : sampleCount(row, inner.count)
    const hasHistograms = h !== undefined && h.length > 0
    kept.push({
      labels: row.labels,
      dropsName: row.dropsName,
      t,
      v,
      h: hasHistograms ? h : undefined,
    })
  })
  context.release(before, held)
  // The statistics count what is taken from a subquery, not what it took.
  context.read = read
  const samples = new SampleColumns(1)
  for (const { labels, dropsName, t, v, h } of kept) {
    samples.t = t
    samples.v = v
    samples.h = h
    samples.length = t.length
    await onSeries(samples, labels, dropsName)
  }
}

/** A subquery may have this many steps even where fewer samples are allowed: it may find none at most. */
const STEPS_MAX = 1_000_000

/** Steps of a subquery lie on multiples of its step. */
function subqueryGrid(placement: Placement, grid: Grid): Grid {
  const { stepMs } = placement
  const { minT, maxT } = reach(placement, grid)
  let startMs = stepMs * Math.floor(minT / stepMs)
  if (startMs <= minT) startMs += stepMs
  return { startMs, stepMs, count: Math.floor((maxT - startMs) / stepMs) + 1 }
}

async function absentOverTime(
  ev: Evaluation,
  walked: Walked,
  grid: Grid,
  sink: Sink,
): Promise<void> {
  const out = newRow(grid.count, absentLabels(walked.range))
  out.has.fill(1)
  out.v.fill(1)
  await walkRange(ev, walked, [], grid, (row) => {
    for (let i = 0; i < grid.count; i++) if (row.has[row.at + i] === 1) out.has[i] = 0
  })
  sink(out)
}
