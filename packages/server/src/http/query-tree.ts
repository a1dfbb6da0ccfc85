/** An expression as `/parse_query` gives it, for tree views: Prometheus's node names and keys. */
import { type Matcher, formatValue } from '@vigie/model'
import type { Expr, TimeModifiers, VectorMatching } from '@vigie/promql'

/** Keys in the order in which Go writes a map. */
export function queryTree(expr: Expr): object {
  switch (expr.kind) {
    case 'number':
      return { type: 'numberLiteral', val: plainNumber(expr.value) }
    case 'string':
      return { type: 'stringLiteral', val: expr.value }
    case 'paren':
      return { expr: queryTree(expr.expr), type: 'parenExpr' }
    case 'unary':
      return { expr: queryTree(expr.expr), op: expr.op, type: 'unaryExpr' }
    case 'vectorSelector':
      return {
        anchored: expr.isAnchored,
        matchers: expr.matchers.map(matcherTree),
        name: expr.name,
        offset: expr.offsetMs,
        smoothed: expr.isSmoothed,
        ...timeTree(expr),
        type: 'vectorSelector',
      }
    case 'matrixSelector':
      return {
        anchored: expr.selector.isAnchored,
        matchers: expr.selector.matchers.map(matcherTree),
        name: expr.selector.name,
        offset: expr.selector.offsetMs,
        range: expr.rangeMs,
        smoothed: expr.selector.isSmoothed,
        ...timeTree(expr.selector),
        type: 'matrixSelector',
      }
    case 'subquery':
      return {
        expr: queryTree(expr.expr),
        offset: expr.offsetMs,
        range: expr.rangeMs,
        ...timeTree(expr, expr.stepMs),
        type: 'subquery',
      }
    case 'aggregate':
      return {
        expr: queryTree(expr.expr),
        grouping: expr.grouping,
        op: expr.op,
        param: expr.param === undefined ? null : queryTree(expr.param),
        type: 'aggregation',
        without: expr.isWithout,
      }
    case 'binary':
      return {
        bool: expr.returnsBool,
        lhs: queryTree(expr.lhs),
        matching: expr.matching === undefined ? null : matchingTree(expr.matching),
        op: expr.op,
        rhs: queryTree(expr.rhs),
        type: 'binaryExpr',
      }
    case 'call': {
      const { name, args, returns, variadic } = expr.func
      return {
        args: expr.args.map(queryTree),
        func: { argTypes: args, name, returnType: returns, variadic },
        type: 'call',
      }
    }
  }
}

const matcherTree = ({ name, type, value }: Matcher): object => ({ name, type, value })

const timeTree = ({ atEdge, atMs }: TimeModifiers, stepMs?: number): object => ({
  startOrEnd: atEdge ?? null,
  ...(stepMs === undefined ? {} : { step: stepMs }),
  timestamp: atMs ?? null,
})

const matchingTree = (matching: VectorMatching): object => ({
  card: matching.card,
  fillValues: { lhs: fillTree(matching.fillLeft), rhs: fillTree(matching.fillRight) },
  include: matching.include,
  labels: matching.labels,
  on: matching.isOn,
})

const fillTree = (value: number | undefined): number | null => value ?? null

/** The shortest decimal digits that are this number, never with an exponent. */
function plainNumber(value: number): string {
  const text = formatValue(value)
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (match === null) return text
  const [, sign, whole, fraction = '', exponent] = match
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return point >= digits.length
    ? sign + digits + '0'.repeat(point - digits.length)
    : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}
