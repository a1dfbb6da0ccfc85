/**
 * What is known of a query before its evaluation: durations and `@` times settled, what does not
 * change from step to step, and the series of each selector, all selected at once so that the query
 * sees one moment of the storage.
 */
import type { Queryable, SeriesSet } from '@vigie/model'
import type { DurationOperand, Expr, Node, TimeModifiers, VectorSelector } from '../syntax/ast.ts'
import { children } from '../syntax/ast.ts'
import { type Grid, lastTime } from './grid.ts'
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
  readonly grid: Grid
  readonly placements: ReadonlyMap<Node, Placement>
  readonly series: ReadonlyMap<VectorSelector, SeriesSet>
  /** Parts that give the same at every step. */
  readonly invariants: ReadonlySet<Expr>
}

export interface PlanOptions {
  lookbackMs: number
  noStepSubqueryIntervalMs: number
}

/** Selects all series of `expr`. Throws QueryError. */
export async function makePlan(
  expr: Expr,
  grid: Grid,
  queryable: Queryable,
  options: PlanOptions,
): Promise<Plan> {
  const placements = new Map<Node, Placement>()
  place(expr, grid, options, placements)
  const invariants = new Set<Expr>()
  findInvariants(expr, invariants)
  const wanted = new Map<VectorSelector, Span>()
  findSpans(
    expr,
    { minT: grid.startMs, maxT: lastTime(grid) },
    placements,
    options.lookbackMs,
    wanted,
  )
  const series = await selectAll(wanted, queryable)
  return { grid, placements, series, invariants }
}

function place(
  node: Node,
  grid: Grid,
  options: PlanOptions,
  placements: Map<Node, Placement>,
): void {
  if (node.kind === 'vectorSelector') {
    const afterMs = node.isSmoothed ? options.lookbackMs : 0
    placements.set(node, { ...placeAt(node, grid), afterMs })
  } else if (node.kind === 'matrixSelector') {
    const rangeMs = settle(node.rangeMs, node.rangeExpr, grid, false)
    const { isAnchored, isSmoothed } = node.selector
    const beforeMs = isAnchored || isSmoothed ? options.lookbackMs : 0
    const afterMs = isSmoothed ? options.lookbackMs : 0
    placements.set(node, { ...placeAt(node.selector, grid), rangeMs, beforeMs, afterMs })
  } else if (node.kind === 'subquery') {
    const rangeMs = settle(node.rangeMs, node.rangeExpr, grid, false)
    const hasStep = node.stepMs !== 0 || node.stepExpr !== undefined
    const stepMs = hasStep
      ? settle(node.stepMs, node.stepExpr, grid, false)
      : options.noStepSubqueryIntervalMs
    placements.set(node, { ...placeAt(node, grid), rangeMs, stepMs })
  }
  for (const child of children(node)) place(child, grid, options, placements)
}

function placeAt({ offsetMs, offsetExpr, atMs, atEdge }: TimeModifiers, grid: Grid): Placement {
  const edge = atEdge === 'start' ? grid.startMs : lastTime(grid)
  return {
    offsetMs: settle(offsetMs, offsetExpr, grid, true),
    atMs: atEdge === undefined ? atMs : edge,
    rangeMs: 0,
    stepMs: 0,
    beforeMs: 0,
    afterMs: 0,
  }
}

function settle(
  ms: number,
  expr: DurationOperand | undefined,
  grid: Grid,
  allowsNegative: boolean,
): number {
  if (expr === undefined) return ms
  const seconds = durationSeconds(expr, grid)
  if (seconds <= 0 && !allowsNegative) throw executionError('duration must be greater than 0')
  if (!(Math.abs(seconds) < 9_223_372_036)) throw executionError('duration is out of range')
  return Math.trunc(seconds * 1000)
}

function durationSeconds(expr: DurationOperand, grid: Grid): number {
  if (expr.kind === 'number') return expr.value
  const right = expr.rhs === undefined ? 0 : durationSeconds(expr.rhs, grid)
  const left = expr.lhs === undefined ? 0 : durationSeconds(expr.lhs, grid)
  switch (expr.op) {
    case 'step':
      return grid.stepMs / 1000
    case 'range':
      return (lastTime(grid) - grid.startMs) / 1000
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

/** Functions whose result depends on the time of the step beside their arguments. */
const TIME_DEPENDENT: ReadonlySet<string> = new Set(['time', 'predict_linear', 'timestamp'])

type Change = 'constant' | 'fixed' | 'varying'

/** Adds to `found` the largest parts that look at a fixed time only. */
function findInvariants(expr: Expr, found: Set<Expr>): void {
  if (changeOf(expr) === 'fixed') found.add(expr)
  else
    for (const child of children(expr)) if (child.kind !== 'duration') findInvariants(child, found)
}

function changeOf(node: Node): Change {
  switch (node.kind) {
    case 'number':
    case 'string':
    case 'duration':
      return 'constant'
    case 'vectorSelector':
    case 'subquery':
      return isFixed(node) ? 'fixed' : 'varying'
    case 'matrixSelector':
      return changeOf(node.selector)
    case 'call':
      if (TIME_DEPENDENT.has(node.func.name)) return 'varying'
      // Without arguments, the functions of the calendar are about the time of the step.
      if (node.args.length === 0) return node.func.returns === 'vector' ? 'varying' : 'constant'
      return changeOfParts(node)
    case 'unary':
    case 'paren':
    case 'binary':
    case 'aggregate':
      return changeOfParts(node)
  }
}

function changeOfParts(node: Node): Change {
  const changes = children(node).map(changeOf)
  if (changes.includes('varying')) return 'varying'
  return changes.includes('fixed') ? 'fixed' : 'constant'
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
  lookbackMs: number,
  wanted: Map<VectorSelector, Span>,
): void {
  if (node.kind === 'vectorSelector') {
    wanted.set(node, selectSpan(at, placements.get(node)!, lookbackMs))
  } else if (node.kind === 'matrixSelector') {
    wanted.set(node.selector, selectSpan(at, placements.get(node)!, 0))
  } else if (node.kind === 'subquery') {
    findSpans(node.expr, lookSpan(at, placements.get(node)!, 0), placements, lookbackMs, wanted)
  } else {
    for (const child of children(node)) findSpans(child, at, placements, lookbackMs, wanted)
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
  queryable: Queryable,
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
