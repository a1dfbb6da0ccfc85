/** Prints expressions in Prometheus's form: on one line, or over several as `promtool promql format` does. */
import { METRIC_NAME, compareNames, formatDuration, isLegacyLabelName, quote } from '@vigie/model'
import type {
  AggregateExpr,
  BinaryExpr,
  DurationExpr,
  DurationOperand,
  Expr,
  MatrixSelector,
  NumberLiteral,
  Subquery,
  TimeModifiers,
  VectorSelector,
} from './ast.ts'
import { formatNumber } from './literals.ts'
import { utf8Length } from './parse-error.ts'

/** The expression on one line. */
export function printExpr(expr: Expr | DurationExpr): string {
  switch (expr.kind) {
    case 'number':
      return printNumber(expr)
    case 'string':
      return quote(expr.value)
    case 'vectorSelector':
      return printName(expr) + printModifiers(expr) + printTime(expr)
    case 'matrixSelector':
      return printMatrix(expr)
    case 'subquery':
      return printExpr(expr.expr) + subquerySuffix(expr)
    case 'unary':
      return expr.op + printExpr(expr.expr)
    case 'binary':
      return `${printExpr(expr.lhs)} ${printOperator(expr)} ${printExpr(expr.rhs)}`
    case 'aggregate': {
      const param = expr.param === undefined ? '' : `${printExpr(expr.param)}, `
      return `${printAggregator(expr)}(${param}${printExpr(expr.expr)})`
    }
    case 'call':
      return `${expr.func.name}(${expr.args.map(printExpr).join(', ')})`
    case 'paren':
      return `(${printExpr(expr.expr)})`
    case 'duration':
      return printDurationExpr(expr)
  }
}

/** The expression with line breaks wherever a part is longer than `widthMax`. */
export function prettyPrint(expr: Expr, widthMax = 100): string {
  return pretty(expr, 0, widthMax)
}

function pretty(expr: Expr, level: number, widthMax: number): string {
  const indent = '  '.repeat(level)
  const line = printExpr(expr)
  if (expr.kind === 'unary')
    return indent + expr.op + pretty(expr.expr, level, widthMax).trimStart()
  // Prometheus does not indent a subquery that fits.
  if (utf8Length(line, 0, line.length) <= widthMax)
    return expr.kind === 'subquery' ? line : indent + line
  const inner = (part: Expr): string => pretty(part, level + 1, widthMax)
  switch (expr.kind) {
    case 'aggregate': {
      const param = expr.param === undefined ? '' : `${inner(expr.param)},\n`
      return `${indent}${printAggregator(expr)}(\n${param}${inner(expr.expr)}\n${indent})`
    }
    case 'binary':
      return `${inner(expr.lhs)}\n${indent}${printOperator(expr)}\n${inner(expr.rhs)}`
    case 'call':
      return `${indent}${expr.func.name}(\n${expr.args.map(inner).join(',\n')}\n${indent})`
    case 'paren':
      return `${indent}(\n${inner(expr.expr)}\n${indent})`
    case 'subquery':
      return pretty(expr.expr, level, widthMax) + subquerySuffix(expr)
    case 'number':
    case 'string':
    case 'vectorSelector':
    case 'matrixSelector':
      return indent + line
  }
}

function printNumber({ value, isDuration }: NumberLiteral): string {
  if (isDuration) return formatDuration(Math.round(value * 1000))
  return formatNumber(value)
}

const printLabel = (name: string): string => (isLegacyLabelName(name) ? name : quote(name))
const printLabels = (names: readonly string[]): string => `(${names.map(printLabel).join(', ')})`

function printName({ name, matchers }: VectorSelector): string {
  const shown = matchers.filter(
    (one) => !(name !== '' && one.type === '=' && one.name === METRIC_NAME && one.value === name),
  )
  if (shown.length === 0) return name === '' ? '{}' : name
  return `${name}{${shown.map(String).toSorted(compareNames).join(',')}}`
}

function printModifiers({ isAnchored, isSmoothed }: VectorSelector): string {
  return (isAnchored ? ' anchored' : '') + (isSmoothed ? ' smoothed' : '')
}

function printTime({ offsetMs, offsetExpr, atMs, atEdge }: TimeModifiers): string {
  let out = ''
  if (atMs !== undefined) out += ` @ ${(atMs / 1000).toFixed(3)}`
  else if (atEdge !== undefined) out += ` @ ${atEdge}()`
  if (offsetExpr !== undefined) out += ` offset ${printExpr(offsetExpr)}`
  else if (offsetMs !== 0) out += ` offset ${formatDuration(offsetMs)}`
  return out
}

const printRange = (ms: number, expr: DurationExpr | undefined): string =>
  expr === undefined ? formatDuration(ms) : printExpr(expr)

function printMatrix({ selector, rangeMs, rangeExpr }: MatrixSelector): string {
  const range = `[${printRange(rangeMs, rangeExpr)}]`
  return printName(selector) + range + printModifiers(selector) + printTime(selector)
}

function subquerySuffix(subquery: Subquery): string {
  const { rangeMs, rangeExpr, stepMs, stepExpr } = subquery
  const step = stepMs === 0 && stepExpr === undefined ? '' : printRange(stepMs, stepExpr)
  return `[${printRange(rangeMs, rangeExpr)}:${step}]${printTime(subquery)}`
}

function printOperator({ op, returnsBool, matching }: BinaryExpr): string {
  let out: string = op
  if (returnsBool) out += ' bool'
  if (matching === undefined) return out
  const { card, isOn, labels, include, fillLeft, fillRight } = matching
  const isGrouped = card === 'many-to-one' || card === 'one-to-many'
  if (isOn || labels.length > 0 || isGrouped)
    out += ` ${isOn ? 'on' : 'ignoring'} ${printLabels(labels)}`
  if (isGrouped)
    out += ` ${card === 'many-to-one' ? 'group_left' : 'group_right'} ${printLabels(include)}`
  if (fillLeft !== undefined && Object.is(fillLeft, fillRight))
    return `${out} fill (${printPlain(fillLeft)})`
  if (fillLeft !== undefined) out += ` fill_left (${printPlain(fillLeft)})`
  if (fillRight !== undefined) out += ` fill_right (${printPlain(fillRight)})`
  return out
}

const printPlain = (value: number): string =>
  printNumber({ kind: 'number', value, isDuration: false, start: 0, end: 0 })

function printAggregator({ op, isWithout, grouping }: AggregateExpr): string {
  if (isWithout) return `${op} without ${printLabels(grouping)} `
  return grouping.length === 0 ? op : `${op} by ${printLabels(grouping)} `
}

function printDurationExpr({ op, lhs, rhs, isWrapped }: DurationExpr): string {
  const print = (operand: DurationOperand | undefined): string =>
    operand === undefined ? '' : printExpr(operand)
  let out: string
  if (op === 'step' || op === 'range') out = `${op}()`
  else if (op === 'min_of' || op === 'max_of') out = `${op}(${print(lhs)}, ${print(rhs)})`
  else if (lhs !== undefined) out = `${print(lhs)} ${op} ${print(rhs)}`
  else out = (op === '-' ? '-' : '') + print(rhs)
  return isWrapped ? `(${out})` : out
}
