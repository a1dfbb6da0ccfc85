/** What the parts of the evaluator share: how a node evaluates its children. */
import { type Expr, isComparison, isSetOp, unwrapParens, walk } from '../syntax/ast.ts'
import { METRIC_NAME } from '@vigie/model'
import type { QueryContext } from './context.ts'
import type { Grid } from './grid.ts'
import type { Plan } from './plan.ts'
import { Columns, type Row, type Sink, newRow, sameLabels, withoutMetadata } from './row.ts'

export interface Evaluation {
  readonly context: QueryContext
  readonly plan: Plan
  /** Pushes the series of a vector expression into `sink`, one after the other. */
  vector(expr: Expr, grid: Grid, sink: Sink): Promise<void>
  /** The value of a scalar expression at each step. The result belongs to the caller. */
  scalar(expr: Expr, grid: Grid): Promise<Float64Array>
}

/** Takes the name off a series, or marks it for that when names go at the end. */
export function dropName(row: Row, context: QueryContext): void {
  if (context.delaysNameRemoval) row.dropsName = true
  else row.labels = withoutMetadata(row.labels)
}

/** All series of `expr`. */
export async function collect(ev: Evaluation, expr: Expr, grid: Grid): Promise<Columns> {
  const columns = new Columns(grid.count, ev.context.cellsMax)
  await ev.vector(expr, grid, (row) => columns.append(row))
  return columns
}

/** Pushes all rows of `columns` into `sink`, letting others have their turn. */
export async function emitAll(columns: Columns, sink: Sink, context: QueryContext): Promise<void> {
  const row = newRow(0)
  for (let i = 0; i < columns.length; i++) {
    sink(columns.read(i, row))
    const wait = context.tick()
    if (wait !== undefined) await wait
  }
}

/**
 * Runs `produce` with a sink for series without names. Where series that differ by name alone can
 * come together, they are merged, which fails when both have a sample at one step; with
 * `forbidsEqual` it fails in any case, as it does in Prometheus where whole series are mapped.
 */
export async function withMerging(
  ev: Evaluation,
  child: Expr,
  grid: Grid,
  sink: Sink,
  produce: (sink: Sink) => Promise<void>,
  forbidsEqual = false,
): Promise<void> {
  // Fast path: all series have the same name, so nothing can collide without it.
  if (ev.context.delaysNameRemoval || hasOneName(child)) return produce(sink)
  const merged = new Columns(grid.count, ev.context.cellsMax)
  let rows = 0
  await produce((row) => {
    merged.merge(row)
    if (forbidsEqual && merged.length < ++rows) throw sameLabels()
  })
  await emitAll(merged, sink, ev.context)
}

/** Whether all series of `expr` surely have the same metric name, or none. */
function hasOneName(expr: Expr): boolean {
  switch (expr.kind) {
    case 'vectorSelector':
      return expr.matchers.some(
        ({ type, name, value }) => type === '=' && name === METRIC_NAME && value !== '',
      )
    case 'matrixSelector':
      return hasOneName(expr.selector)
    case 'subquery':
    case 'paren':
    case 'unary':
      return hasOneName(expr.expr)
    case 'aggregate':
      if (KEEPS_SERIES.has(expr.op)) return hasOneName(expr.expr)
      if (expr.op === 'count_values' && stringOf(expr.param!) === METRIC_NAME) return false
      return expr.isWithout || !expr.grouping.includes(METRIC_NAME)
    case 'binary':
      if (isSetOp(expr.op)) return expr.op !== 'or' && hasOneName(expr.lhs)
      return (
        !isComparison(expr.op) || expr.returnsBool || (hasOneName(expr.lhs) && hasOneName(expr.rhs))
      )
    case 'call':
      if (expr.func.name === 'label_replace' || expr.func.name === 'label_join') {
        return stringOf(expr.args[1]) !== METRIC_NAME && hasOneName(expr.args[0])
      }
      return !KEEPS_NAME.has(expr.func.name) || hasOneName(expr.args[0])
    case 'number':
    case 'string':
      return true
  }
}

/** Aggregations that give some of their input series as they are. */
export const KEEPS_SERIES: ReadonlySet<string> = new Set([
  'topk',
  'bottomk',
  'limitk',
  'limit_ratio',
])

/** Whether the elements of an instant vector come in an order of its own. */
export function isOrdered(expr: Expr): boolean {
  const top = unwrapParens(expr)
  if (top.kind === 'binary' && top.op === 'or') return true
  let found = false
  walk(expr, (node) => {
    if (node.kind === 'call' && node.func.name.startsWith('sort')) found = true
    if (node.kind === 'aggregate' && KEEPS_SERIES.has(node.op)) found = true
  })
  return found
}

/** Functions whose result has the metric name of their argument. */
export const KEEPS_NAME: ReadonlySet<string> = new Set([
  'first_over_time',
  'last_over_time',
  'sort',
  'sort_desc',
  'sort_by_label',
  'sort_by_label_desc',
  'info',
])

/** The text of a string argument. */
export function stringOf(expr: Expr): string {
  const literal = unwrapParens(expr)
  return literal.kind === 'string' ? literal.value : ''
}
