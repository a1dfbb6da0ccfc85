/**
 * The engine: evaluates queries over a Queryable, at one time or over all steps of a range at once.
 *
 * A query works in slices of a few milliseconds and lets the rest of the process run in between. Its
 * limits (time, samples, cancelling) hold at each slice; queries beyond the allowed number wait.
 */
import {
  type Histogram,
  Labels,
  type Queryable,
  type SampleColumns,
  compareLabels,
} from '@vigie/model'
import {
  type Expr,
  type MatrixSelector,
  type Subquery,
  typeName,
  unwrapParens,
  valueType,
} from '../syntax/ast.ts'
import { type ParseOptions, parseExpr } from '../syntax/parser.ts'
import { histogramSize } from '../histogram/size.ts'
import { printExpr } from '../syntax/print.ts'
import { QueryContext } from './context.ts'
import { isOrdered } from './evaluation.ts'
import { Evaluator } from './evaluator.ts'
import { type Grid, type QueryGrid, timeAt } from './grid.ts'
import { makePlan } from './plan.ts'
import { executionError } from './query-error.ts'
import { eachSeries } from './range-calls.ts'
import type { MatrixResult, MatrixSeries, QueryResult, VectorSample } from './result.ts'
import { Columns, type Row, newRow, sameLabels, withoutMetadata } from './row.ts'
import { Turnstile } from './turnstile.ts'

type Settled = ParseOptions & Required<Omit<EngineOptions, keyof ParseOptions>>

export interface EngineOptions extends ParseOptions {
  /** How far back an instant selector looks for a sample. */
  lookbackMs?: number
  /** Most samples one query may hold at a time. */
  maxSamples?: number
  timeoutMs?: number
  /** Queries beyond this many wait for a place. */
  maxConcurrency?: number
  /** Step of subqueries that name none. */
  noStepSubqueryIntervalMs?: number
  /** Keep metric names until the end of the evaluation (Prometheus's promql-delayed-name-removal). */
  enableDelayedNameRemoval?: boolean
  /** rate and increase judge by the label `__type__` what is a counter (type-and-unit-labels). */
  enableTypeAndUnitLabels?: boolean
  /** Counters are reset where a new start timestamp says so (use-start-timestamps). */
  useStartTimestamps?: boolean
  /** Allow `@`. */
  enableAtModifier?: boolean
  /** Allow looking ahead by a negative offset. */
  enableNegativeOffset?: boolean
  /** A clock in ms, for timeouts. */
  now?: () => number
}

export interface QueryOptions {
  signal?: AbortSignal
  lookbackMs?: number
  /** Counts when it is shorter than the engine's. */
  timeoutMs?: number
  noStepSubqueryIntervalMs?: number
}

export interface InstantOptions extends QueryOptions {
  timeMs: number
}

export interface RangeOptions extends QueryOptions {
  startMs: number
  /** Inclusive. */
  endMs: number
  stepMs: number
}

const DEFAULTS: Settled = {
  lookbackMs: 300_000,
  maxSamples: 50_000_000,
  timeoutMs: 120_000,
  maxConcurrency: 20,
  noStepSubqueryIntervalMs: 60_000,
  enableDelayedNameRemoval: false,
  enableTypeAndUnitLabels: false,
  useStartTimestamps: false,
  enableAtModifier: true,
  enableNegativeOffset: true,
  now: () => performance.now(),
}

export class Engine {
  readonly #options: Settled
  readonly #turnstile: Turnstile

  constructor(options: EngineOptions = {}) {
    this.#options = { ...DEFAULTS, ...options }
    this.#turnstile = new Turnstile(this.#options.maxConcurrency)
  }

  /** Parses with the features that this engine has. Throws ParseError. */
  parse(query: string): Expr {
    return parseExpr(query, this.#options)
  }

  /** Throws ParseError or QueryError. */
  instant(
    queryable: Pick<Queryable, 'select'>,
    query: string | Expr,
    options: InstantOptions,
  ): Promise<QueryResult> {
    const { timeMs } = options
    const grid: QueryGrid = { startMs: timeMs, endMs: timeMs, stepMs: 0, count: 1 }
    return this.#run(queryable, query, grid, options, (run) => {
      const type = valueType(run.expr)
      if (type === 'matrix') return matrixOfRange(run)
      if (type === 'scalar') return scalarAt(run)
      if (type === 'string') return Promise.resolve(stringAt(run))
      return vectorAt(run)
    })
  }

  /** Throws ParseError or QueryError. */
  range(
    queryable: Pick<Queryable, 'select'>,
    query: string | Expr,
    options: RangeOptions,
  ): Promise<MatrixResult> {
    const { startMs, endMs, stepMs } = options
    if (!(stepMs > 0)) throw new RangeError(`stepMs must be positive; got ${stepMs}`)
    const count = Math.max(0, Math.floor((endMs - startMs) / stepMs) + 1)
    return this.#run(queryable, query, { startMs, endMs, stepMs, count }, options, (run) => {
      const type = valueType(run.expr)
      if (type === 'scalar') return matrixOfScalar(run)
      if (type === 'vector') return matrixOfVector(run)
      throw executionError(
        `invalid expression type "${typeName(type)}" for range query, must be Scalar or instant Vector`,
      )
    })
  }

  async #run<T>(
    queryable: Pick<Queryable, 'select'>,
    query: string | Expr,
    grid: QueryGrid,
    options: QueryOptions,
    evaluate: (run: Run) => Promise<T>,
  ): Promise<T> {
    const { maxSamples, now } = this.#options
    const expr = typeof query === 'string' ? this.parse(query) : query
    const text = typeof query === 'string' ? query : printExpr(query)
    const timeoutMs = Math.min(options.timeoutMs ?? Infinity, this.#options.timeoutMs)
    const limits = { maxSamples, deadlineMs: now() + timeoutMs, signal: options.signal, now }
    const leave = await this.#turnstile.enter(timeoutMs, options.signal)
    try {
      const { lookbackMs, noStepSubqueryIntervalMs } = { ...this.#options, ...options }
      const semantics = { ...this.#options, lookbackMs, noStepSubqueryIntervalMs }
      const context = new QueryContext(text, expr, limits, semantics)
      context.check()
      const plan = await makePlan(expr, grid, queryable, semantics)
      for (const set of plan.series.values())
        for (const warning of set.warnings ?? []) context.annotations.storageWarning(warning)
      context.check()
      return await evaluate({ expr, grid, context, evaluator: new Evaluator(context, plan) })
    } finally {
      leave()
    }
  }
}

interface Run {
  expr: Expr
  grid: Grid
  context: QueryContext
  evaluator: Evaluator
}

const common = ({
  context,
}: Run): { warnings: string[]; infos: string[]; stats: QueryContext['stats'] } => ({
  warnings: context.annotations.warnings,
  infos: context.annotations.infos,
  stats: context.stats,
})

/** All series of the query, names dropped where they are to be, equal ones merged. */
async function finalColumns({ expr, grid, context, evaluator }: Run): Promise<Columns> {
  const columns = new Columns(grid.count, context.cellsMax)
  const { delaysNameRemoval } = context
  await evaluator.vector(expr, grid, (row) => {
    if (delaysNameRemoval && row.dropsName) row.labels = withoutMetadata(row.labels)
    columns.merge(row)
  })
  return columns
}

async function vectorAt(run: Run): Promise<QueryResult> {
  const columns = await finalColumns(run)
  const samples: VectorSample[] = []
  for (let i = 0; i < columns.length; i++) {
    if (columns.has[i] === 0) continue
    const sample: VectorSample = { labels: columns.labels[i], t: run.grid.startMs, v: columns.v[i] }
    const h = columns.h?.[i]
    if (h !== undefined) sample.h = h
    samples.push(sample)
  }
  if (!isOrdered(run.expr)) samples.sort((a, b) => compareLabels(a.labels, b.labels))
  return { type: 'vector', samples, ...common(run) }
}

async function matrixOfVector(run: Run): Promise<MatrixResult> {
  const { grid, context, evaluator } = run
  const series: MatrixSeries[] = []
  const times = Float64Array.from({ length: grid.count }, (_, i) => timeAt(grid, i))
  const add = ({ labels, v, has, h, at }: Row): void => {
    const one = compact(labels, v, has, at, times)
    if (one === undefined) return
    if (h !== undefined) addHistograms(one, h, has, at, grid.count)
    series.push(one)
  }
  if (context.delaysNameRemoval) {
    const columns = await finalColumns(run)
    const row = newRow(0)
    for (let i = 0; i < columns.length; i++) add(columns.read(i, row))
  } else {
    // Nothing is left to be merged.
    await evaluator.vector(run.expr, grid, add)
  }
  return { type: 'matrix', series: sorted(series), ...common(run) }
}

/** A series without its gaps, undefined when there is nothing else. `times` are those of all steps. */
function compact(
  labels: Labels,
  v: Float64Array,
  has: Uint8Array,
  at: number,
  times: Float64Array,
): MatrixSeries | undefined {
  const steps = times.length
  let count = 0
  for (let i = 0; i < steps; i++) count += has[at + i]
  if (count === 0) return undefined
  // Fast path: series without gaps have their times in common.
  if (count === steps) return { labels, t: times, v: v.slice(at, at + steps) }
  const out: MatrixSeries = { labels, t: new Float64Array(count), v: new Float64Array(count) }
  let to = 0
  for (let i = 0; i < steps; i++) {
    if (has[at + i] === 0) continue
    out.t[to] = times[i]
    out.v[to++] = v[at + i]
  }
  return out
}

function addHistograms(
  series: MatrixSeries,
  h: readonly (Histogram | undefined)[],
  has: Uint8Array,
  at: number,
  steps: number,
): void {
  const out: (Histogram | undefined)[] = []
  let to = 0
  for (let i = at; i < at + steps; i++) {
    if (has[i] === 0) continue
    if (h[i] !== undefined) {
      out[to] = h[i]
      series.v[to] = NaN
    }
    to++
  }
  if (out.length > 0) series.h = out
}

const sorted = (series: MatrixSeries[]): MatrixSeries[] =>
  series.sort((a, b) => compareLabels(a.labels, b.labels))

async function matrixOfScalar({ expr, grid, ...run }: Run): Promise<MatrixResult> {
  const t = Float64Array.from({ length: grid.count }, (_, i) => timeAt(grid, i))
  const v = await run.evaluator.scalar(expr, grid)
  const series = grid.count === 0 ? [] : [{ labels: Labels.EMPTY, t, v }]
  return { type: 'matrix', series, ...common({ expr, grid, ...run }) }
}

/** The raw samples of a range, of an instant query `x[5m]`. */
async function matrixOfRange(run: Run): Promise<QueryResult> {
  const { context, grid, evaluator } = run
  const range = unwrapParens(run.expr) as MatrixSelector | Subquery
  const placement = evaluator.plan.placements.get(range)!
  const byKey = new Map<string, MatrixSeries>()
  await eachSeries(evaluator, range, placement, grid, async (samples, labels, dropsName) => {
    const count = sizeOf(samples)
    if (range.kind === 'matrixSelector') context.hold(count)
    context.countRead(count)
    const shown = context.delaysNameRemoval && dropsName ? withoutMetadata(labels) : labels
    const one = rawSeries(shown, samples)
    if (byKey.has(shown.key)) throw sameLabels()
    byKey.set(shown.key, one)
    const wait = context.tick()
    if (wait !== undefined) await wait
  })
  return { type: 'matrix', series: sorted([...byKey.values()]), ...common(run) }
}

function sizeOf({ h, length }: SampleColumns): number {
  let size = length
  for (const one of h ?? []) if (one !== undefined) size += histogramSize(one) - 1
  return size
}

function rawSeries(labels: Labels, { t, v, h, length }: SampleColumns): MatrixSeries {
  const series: MatrixSeries = { labels, t: t.slice(0, length), v: v.slice(0, length) }
  if (h !== undefined) series.h = h.slice(0, length)
  return series
}

async function scalarAt(run: Run): Promise<QueryResult> {
  const [v] = await run.evaluator.scalar(run.expr, run.grid)
  return { type: 'scalar', t: run.grid.startMs, v, ...common(run) }
}

function stringAt(run: Run): QueryResult {
  const literal = unwrapParens(run.expr)
  const text = literal.kind === 'string' ? literal.value : ''
  return { type: 'string', t: run.grid.startMs, text, ...common(run) }
}
