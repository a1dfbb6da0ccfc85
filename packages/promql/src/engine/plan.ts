/**
 * What is known of a query before its evaluation: durations and `@` times settled, what does not
 * change from step to step, and the series of each selector, all selected at once so that the query
 * sees one moment of the storage.
 */
import type { Queryable, SeriesSet } from '@vigie/model'
import type {
  Call,
  DurationOperand,
  Expr,
  Node,
  TimeModifiers,
  VectorSelector,
} from '../syntax/ast.ts'
import { children, walk } from '../syntax/ast.ts'
import { type QueryGrid, lastTime } from './grid.ts'
import { infoSelector } from './info-selector.ts'
import { QueryError, executionError } from './query-error.ts'

/** When and where a selector or subquery looks, all settled. */
export interface Placement {
  offsetMs: number
  /** The time it looks from at every step; undefined: each step's own. */
  atMs: number | undefined
  /** 0 for instant selectors. */
  rangeMs: number
  /** Of subqueries. */
  stepMs: number
  /** How far beyond the range it reads, as modified ranges do. */
  beforeMs: number
  afterMs: number
}

export interface Plan {
  readonly grid: QueryGrid
  readonly placements: ReadonlyMap<Node, Placement>
  readonly series: ReadonlyMap<VectorSelector, SeriesSet>
  /** The info series that a call of info() may need. */
  readonly infos: ReadonlyMap<Call, VectorSelector>
  /** Selectors of whose histograms no more is wanted than count and sum. */
  readonly countsOnly: ReadonlySet<VectorSelector>
  /** Parts that give the same at every step. */
  readonly invariants: ReadonlySet<Expr>
}

export interface PlanOptions {
  lookbackMs: number
  noStepSubqueryIntervalMs: number
  enableAtModifier: boolean
  enableNegativeOffset: boolean
}

/** Selects all series of `expr`. Throws QueryError. */
export async function makePlan(
  expr: Expr,
  grid: QueryGrid,
  queryable: Pick<Queryable, 'select'>,
  options: PlanOptions,
): Promise<Plan> {
  const placements = new Map<Node, Placement>()
  const infos = new Map<Call, VectorSelector>()
  place(expr, grid, options, placements, infos)
  const invariants = new Set<Expr>()
  findInvariants(expr, invariants)
  const wanted = new Map<VectorSelector, Span>()
  findSpans(
    expr,
    { minT: grid.startMs, maxT: lastTime(grid) },
    placements,
    infos,
    options.lookbackMs,
    wanted,
  )
  const series = await selectAll(wanted, queryable)
  return { grid, placements, series, infos, invariants, countsOnly: findCountsOnly(expr) }
}

function place(
  node: Node,
  grid: QueryGrid,
  options: PlanOptions,
  placements: Map<Node, Placement>,
  infos: Map<Call, VectorSelector>,
): void {
  if (node.kind === 'vectorSelector') {
    const afterMs = node.isSmoothed ? options.lookbackMs : 0
    placements.set(node, { ...placeAt(node, grid, options), afterMs })
  } else if (node.kind === 'matrixSelector') {
    const rangeMs = settle(node.rangeMs, node.rangeExpr, grid, false)
    const { isAnchored, isSmoothed } = node.selector
    const beforeMs = isAnchored || isSmoothed ? options.lookbackMs : 0
    const afterMs = isSmoothed ? options.lookbackMs : 0
    placements.set(node, { ...placeAt(node.selector, grid, options), rangeMs, beforeMs, afterMs })
  } else if (node.kind === 'subquery') {
    const rangeMs = settle(node.rangeMs, node.rangeExpr, grid, false)
    const hasStep = node.stepMs !== 0 || node.stepExpr !== undefined
    const stepMs = hasStep
      ? settle(node.stepMs, node.stepExpr, grid, false)
      : options.noStepSubqueryIntervalMs
    placements.set(node, { ...placeAt(node, grid, options), rangeMs, stepMs })
  }
  for (const child of evaluated(node)) place(child, grid, options, placements, infos)
  if (node.kind === 'call' && node.func.name === 'info') {
    const selector = infoSelector(node)
    infos.set(node, selector)
    placements.set(selector, placeInfo(node.args[0], placements))
  }
}

/** The parts of a node that are evaluated: the selector in info() only says which labels to add. */
const evaluated = (node: Node): Node[] =>
  node.kind === 'call' && node.func.name === 'info' ? node.args.slice(0, 1) : children(node)

/** Info series are looked up when the first selector of the argument is: its times, all added up. */
function placeInfo(argument: Expr, placements: ReadonlyMap<Node, Placement>): Placement {
  let atMs: number | undefined
  let offsetMs = 0
  let isFound = false
  walk(argument, (node, ancestors) => {
    if (isFound) return false
    if (node.kind !== 'vectorSelector') return true
    isFound = true
    for (const one of [...ancestors, node]) {
      const placement = placements.get(one)
      // A range is where its selector is.
      if (placement === undefined || one.kind === 'matrixSelector') continue
      if (placement.atMs !== undefined) {
        atMs = placement.atMs
        offsetMs = 0
      }
      offsetMs += placement.offsetMs
    }
    return false
  })
  return { atMs, offsetMs, rangeMs: 0, stepMs: 0, beforeMs: 0, afterMs: 0 }
}

function placeAt(modifiers: TimeModifiers, grid: QueryGrid, options: PlanOptions): Placement {
  const { offsetExpr, atEdge } = modifiers
  const offsetMs = settle(modifiers.offsetMs, offsetExpr, grid, true)
  const atMs =
    atEdge === undefined ? modifiers.atMs : atEdge === 'start' ? grid.startMs : grid.endMs
  if (atMs !== undefined && !options.enableAtModifier)
    throw executionError('@ modifier is disabled')
  if (offsetMs < 0 && !options.enableNegativeOffset)
    throw executionError('negative offset is disabled')
  return {
    offsetMs,
    atMs,
    rangeMs: 0,
    stepMs: 0,
    beforeMs: 0,
    afterMs: 0,
  }
}

function settle(
  ms: number,
  expr: DurationOperand | undefined,
  grid: QueryGrid,
  allowsNegative: boolean,
): number {
  if (expr === undefined) return ms
  const seconds = durationSeconds(expr, grid)
  if (seconds <= 0 && !allowsNegative) throw executionError('duration must be greater than 0')
  if (!(Math.abs(seconds) < 9_223_372_036)) throw executionError('duration is out of range')
  return Math.trunc(seconds * 1000)
}

function durationSeconds(expr: DurationOperand, grid: QueryGrid): number {
  if (expr.kind === 'number') return expr.value
  const right = expr.rhs === undefined ? 0 : durationSeconds(expr.rhs, grid)
  const left = expr.lhs === undefined ? 0 : durationSeconds(expr.lhs, grid)
  switch (expr.op) {
    case 'step':
      return grid.stepMs / 1000
    case 'range':
      return (grid.endMs - grid.startMs) / 1000
    case 'min_of':
      return Math.min(left, right)
    case 'max_of':
      return Math.max(left, right)
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '^':
      return left ** right
    case '/':
      if (right === 0) throw executionError('division by zero')
      return left / right
    case '%':
      if (right === 0) throw executionError('modulo by zero')
      return left % right
  }
}

/** Of these histograms Prometheus looks for resets itself, and so has warnings that others have not. */
function findCountsOnly(expr: Expr): Set<VectorSelector> {
  const found = new Set<VectorSelector>()
  walk(expr, (node, ancestors) => {
    if (node.kind !== 'vectorSelector') return
    let isCountsOnly = false
    for (const one of ancestors.toReversed()) {
      if (one.kind === 'subquery') return
      if (one.kind !== 'call') continue
      if (COUNT_CALLS.has(one.func.name)) isCountsOnly = true
      else if (BUCKET_CALLS.has(one.func.name)) return
    }
    if (isCountsOnly) found.add(node)
  })
  return found
}

const COUNT_CALLS: ReadonlySet<string> = new Set([
  'histogram_count',
  'histogram_sum',
  'histogram_avg',
])
const BUCKET_CALLS: ReadonlySet<string> = new Set([
  'histogram_quantile',
  'histogram_quantiles',
  'histogram_fraction',
])

/** Functions whose result depends on the time of the step beside their arguments. */
const TIME_DEPENDENT: ReadonlySet<string> = new Set(['time', 'predict_linear', 'timestamp'])

type Change = 'constant' | 'fixed' | 'varying'

/**
 * Adds to `found` all parts that look at a fixed time only, and says what `node` does. Within a part
 * that is fixed there may be others: a subquery has steps of its own.
 */
function findInvariants(node: Node, found: Set<Expr>): Change {
  const parts = children(node).map((child) => findInvariants(child, found))
  const change = changeOf(node, parts)
  if (change === 'fixed' && node.kind !== 'duration') found.add(node)
  return change
}

function changeOf(node: Node, parts: readonly Change[]): Change {
  switch (node.kind) {
    case 'number':
    case 'string':
    case 'duration':
      return 'constant'
    case 'vectorSelector':
    case 'subquery':
      return isFixed(node) ? 'fixed' : 'varying'
    case 'call':
      if (TIME_DEPENDENT.has(node.func.name)) return 'varying'
      // Without arguments, the functions of the calendar are about the time of the step.
      if (parts.length === 0) return node.func.returns === 'vector' ? 'varying' : 'constant'
      break
    case 'matrixSelector':
    case 'unary':
    case 'paren':
    case 'binary':
    case 'aggregate':
  }
  if (parts.includes('varying')) return 'varying'
  return parts.includes('fixed') ? 'fixed' : 'constant'
}

const isFixed = ({ atMs, atEdge }: TimeModifiers): boolean =>
  atMs !== undefined || atEdge !== undefined

interface Span {
  minT: number
  maxT: number
}

/** The span of time each selector reads, when `node` is evaluated over `at`. */
function findSpans(
  node: Node,
  at: Span,
  placements: ReadonlyMap<Node, Placement>,
  infos: ReadonlyMap<Call, VectorSelector>,
  lookbackMs: number,
  wanted: Map<VectorSelector, Span>,
): void {
  if (node.kind === 'vectorSelector') {
    wanted.set(node, selectSpan(at, placements.get(node)!, lookbackMs))
  } else if (node.kind === 'matrixSelector') {
    wanted.set(node.selector, selectSpan(at, placements.get(node)!, 0))
  } else if (node.kind === 'subquery') {
    const inner = lookSpan(at, placements.get(node)!, 0)
    findSpans(node.expr, inner, placements, infos, lookbackMs, wanted)
  } else {
    const info = node.kind === 'call' ? infos.get(node) : undefined
    if (info !== undefined) findSpans(info, at, placements, infos, lookbackMs, wanted)
    for (const child of evaluated(node)) findSpans(child, at, placements, infos, lookbackMs, wanted)
  }
}

function lookSpan(at: Span, { atMs, offsetMs, rangeMs }: Placement, lookbackMs: number): Span {
  return {
    minT: (atMs ?? at.minT) - offsetMs - rangeMs - lookbackMs,
    maxT: (atMs ?? at.maxT) - offsetMs,
  }
}

/** The same for samples, whose left bound is inclusive. */
function selectSpan(at: Span, placement: Placement, lookbackMs: number): Span {
  const { minT, maxT } = lookSpan(at, placement, lookbackMs)
  return { minT: minT + 1 - placement.beforeMs, maxT: maxT + placement.afterMs }
}

async function selectAll(
  wanted: ReadonlyMap<VectorSelector, Span>,
  queryable: Pick<Queryable, 'select'>,
): Promise<Map<VectorSelector, SeriesSet>> {
  try {
    // All calls are made before the first answer is awaited.
    const pending = Array.from(wanted, async ([selector, { minT, maxT }]) => {
      return [selector, await queryable.select(selector.matchers, minT, maxT)] as const
    })
    return new Map(await Promise.all(pending))
  } catch (error) {
    if (error instanceof QueryError) throw error
    throw new QueryError('storage', error instanceof Error ? error.message : String(error), {
      cause: error,
    })
  }
}
