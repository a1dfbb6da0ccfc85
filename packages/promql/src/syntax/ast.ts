/**
 * The syntax tree of PromQL. Plain objects with a `kind`, so that a switch over `kind` is checked by
 * the compiler. `start` and `end` are half-open offsets into the query in UTF-16 units.
 */
import type { Matcher } from '@vigie/model'
import type { FunctionSignature } from './functions.ts'

export type ValueType = 'scalar' | 'string' | 'vector' | 'matrix' | 'none'

export interface Span {
  start: number
  end: number
}

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2'
export type ComparisonOp = '==' | '!=' | '<' | '<=' | '>' | '>='
export type SetOp = 'and' | 'or' | 'unless'
/** Cut a histogram above or below a bound. */
export type TrimOp = '</' | '>/'
export type BinaryOp = ArithmeticOp | ComparisonOp | SetOp | TrimOp

export type AggregateOp =
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'count'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'quantile'
  | 'count_values'
  | 'limitk'
  | 'limit_ratio'

export interface NumberLiteral extends Span {
  kind: 'number'
  value: number
  /** Written as a duration; `value` is then in seconds. */
  isDuration: boolean
}

export interface StringLiteral extends Span {
  kind: 'string'
  value: string
}

/** Where and when a selector or subquery looks. */
export interface TimeModifiers {
  /** Positive looks into the past. */
  offsetMs: number
  offsetExpr: DurationExpr | undefined
  /** `@ <time>` in ms since the epoch. */
  atMs: number | undefined
  /** `@ start()` or `@ end()`. */
  atEdge: 'start' | 'end' | undefined
}

export interface VectorSelector extends Span, TimeModifiers {
  kind: 'vectorSelector'
  /** The name written before the braces, '' when there is none. Also among `matchers`. */
  name: string
  matchers: Matcher[]
  isAnchored: boolean
  isSmoothed: boolean
  /** The second argument of info() may select everything. */
  allowsEmpty: boolean
}

export interface MatrixSelector extends Span {
  kind: 'matrixSelector'
  selector: VectorSelector
  rangeMs: number
  rangeExpr: DurationExpr | undefined
}

export interface Subquery extends Span, TimeModifiers {
  kind: 'subquery'
  expr: Expr
  rangeMs: number
  rangeExpr: DurationExpr | undefined
  /** 0: the engine's default step. */
  stepMs: number
  stepExpr: DurationExpr | undefined
}

export interface UnaryExpr extends Span {
  kind: 'unary'
  op: '+' | '-'
  expr: Expr
}

export type Cardinality = 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many'

export interface VectorMatching {
  card: Cardinality
  /** True for `on(...)`, false for `ignoring(...)` or neither. */
  isOn: boolean
  labels: string[]
  /** Labels taken from the "one" side, as in `group_left(...)`. */
  include: string[]
  /** Stand-ins for a missing side. */
  fillLeft: number | undefined
  fillRight: number | undefined
}

export interface BinaryExpr extends Span {
  kind: 'binary'
  op: BinaryOp
  lhs: Expr
  rhs: Expr
  /** Undefined unless both sides are instant vectors. */
  matching: VectorMatching | undefined
  returnsBool: boolean
}

export interface AggregateExpr extends Span {
  kind: 'aggregate'
  op: AggregateOp
  expr: Expr
  param: Expr | undefined
  isWithout: boolean
  grouping: string[]
}

export interface Call extends Span {
  kind: 'call'
  func: FunctionSignature
  args: Expr[]
}

export interface ParenExpr extends Span {
  kind: 'paren'
  expr: Expr
}

/** Arithmetic over durations, inside brackets or after `offset`. Operands are numbers of seconds. */
export interface DurationExpr extends Span {
  kind: 'duration'
  /** Without `lhs`, `+` and `-` are unary; `step` and `range` have no operands at all. */
  op: '+' | '-' | '*' | '/' | '%' | '^' | 'step' | 'range' | 'min_of' | 'max_of'
  lhs: DurationOperand | undefined
  rhs: DurationOperand | undefined
  isWrapped: boolean
}

export type DurationOperand = NumberLiteral | DurationExpr

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | UnaryExpr
  | BinaryExpr
  | AggregateExpr
  | Call
  | ParenExpr

export type Node = Expr | DurationExpr

export function valueType(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar'
    case 'string':
      return 'string'
    case 'vectorSelector':
    case 'aggregate':
      return 'vector'
    case 'matrixSelector':
    case 'subquery':
      return 'matrix'
    case 'unary':
    case 'paren':
      return valueType(expr.expr)
    case 'binary':
      return valueType(expr.lhs) === 'scalar' && valueType(expr.rhs) === 'scalar'
        ? 'scalar'
        : 'vector'
    case 'call':
      return expr.func.returns
  }
}

/** What Prometheus calls a type in its messages. */
export function typeName(type: ValueType): string {
  if (type === 'vector') return 'instant vector'
  if (type === 'matrix') return 'range vector'
  return type
}

/** Direct parts of a node, in the order in which they are written. */
export function children(node: Node): Node[] {
  switch (node.kind) {
    case 'number':
    case 'string':
      return []
    case 'vectorSelector':
      return present(node.offsetExpr)
    case 'matrixSelector':
      return present(node.selector, node.rangeExpr)
    case 'subquery':
      return present(node.expr, node.rangeExpr, node.stepExpr, node.offsetExpr)
    case 'unary':
    case 'paren':
      return [node.expr]
    case 'binary':
      return [node.lhs, node.rhs]
    case 'aggregate':
      return present(node.param, node.expr)
    case 'call':
      return node.args
    case 'duration':
      return present(node.lhs, node.rhs)
  }
}

const present = (...nodes: (Node | undefined)[]): Node[] =>
  nodes.filter((node) => node !== undefined)

/**
 * Visits `node` and all its parts, parents first. `visit` gets the ancestors, outermost first (the
 * array is reused), and returns false to skip the parts of a node.
 */
export function walk(
  node: Node,
  visit: (node: Node, ancestors: readonly Node[]) => boolean | void,
): void {
  const ancestors: Node[] = []
  const step = (current: Node): void => {
    if (visit(current, ancestors) === false) return
    ancestors.push(current)
    for (const child of children(current)) step(child)
    ancestors.pop()
  }
  step(node)
}

/** The expression without the parentheses around it. */
export function unwrapParens(expr: Expr): Expr {
  let inner = expr
  while (inner.kind === 'paren') inner = inner.expr
  return inner
}

const COMPARISON_OPS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>='])
const SET_OPS: ReadonlySet<string> = new Set(['and', 'or', 'unless'])

export const isComparison = (op: BinaryOp): op is ComparisonOp => COMPARISON_OPS.has(op)
export const isSetOp = (op: BinaryOp): op is SetOp => SET_OPS.has(op)
