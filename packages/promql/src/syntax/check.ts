/** The type check of a parsed query, with Prometheus's texts. Also settles the kinds of matching. */
import {
  type AggregateExpr,
  type BinaryExpr,
  type Call,
  type Expr,
  type Node,
  type ValueType,
  type VectorSelector,
  children,
  isComparison,
  isSetOp,
  typeName,
  valueType,
} from './ast.ts'
import { METRIC_NAME, quote } from '@vigie/model'
import type { ParseProblem } from './parse-error.ts'

/** Adds to `problems` all that is wrong with the types in `expr`. */
export function checkTypes(expr: Expr, query: string, problems: ParseProblem[]): void {
  new Checker(query, problems).check(expr)
}

/** The part of the check that trees too deep for recursion get: what is wrong with their selectors. */
export function checkSelectors(expr: Expr, problems: ParseProblem[]): void {
  const pending: Node[] = [expr]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node.kind === 'vectorSelector') checkSelector(node, problems)
    pending.push(...children(node).toReversed())
  }
}

class Checker {
  readonly #query: string
  readonly #problems: ParseProblem[]

  constructor(query: string, problems: ParseProblem[]) {
    this.#query = query
    this.#problems = problems
  }

  #report(message: string, { start, end }: { start: number; end: number }): void {
    this.#problems.push({ message, start, end })
  }

  check(expr: Expr): ValueType {
    switch (expr.kind) {
      case 'number':
      case 'string':
        break
      case 'paren':
        this.check(expr.expr)
        break
      case 'aggregate':
        this.#aggregate(expr)
        break
      case 'binary':
        this.#binary(expr)
        break
      case 'call':
        this.#call(expr)
        break
      case 'unary': {
        const type = this.check(expr.expr)
        if (type !== 'scalar' && type !== 'vector') {
          const only =
            'unary expression only allowed on expressions of type scalar or instant vector'
          this.#report(`${only}, got "${typeName(type)}"`, expr)
        }
        break
      }
      case 'subquery': {
        const type = this.check(expr.expr)
        if (type !== 'vector')
          this.#report(`subquery is only allowed on instant vector, got ${type} instead`, expr)
        break
      }
      case 'matrixSelector':
        this.check(expr.selector)
        break
      case 'vectorSelector':
        checkSelector(expr, this.#problems)
        break
    }
    return valueType(expr)
  }

  #expect(expr: Expr, want: ValueType, context: string): void {
    const type = this.check(expr)
    if (type !== want)
      this.#report(`expected type ${typeName(want)} in ${context}, got ${typeName(type)}`, expr)
  }

  #aggregate({ op, expr, param }: AggregateExpr): void {
    this.#expect(expr, 'vector', 'aggregation expression')
    if (param === undefined) return
    this.#expect(param, op === 'count_values' ? 'string' : 'scalar', 'aggregation parameter')
  }

  #binary(expr: BinaryExpr): void {
    const { op, lhs, rhs, returnsBool } = expr
    const left = this.check(lhs)
    const right = this.check(rhs)
    if (returnsBool && !isComparison(op)) {
      this.#report(
        'bool modifier can only be used on comparison operators',
        this.#operatorSpan(expr),
      )
    }
    if (isComparison(op) && !returnsBool && left === 'scalar' && right === 'scalar') {
      this.#report('comparisons between scalars must use BOOL modifier', this.#operatorSpan(expr))
    }
    const matching = expr.matching!
    if (isSetOp(op) && matching.card === 'one-to-one') matching.card = 'many-to-many'
    for (const label of matching.labels) {
      if (!matching.isOn || !matching.include.includes(label)) continue
      const message = `label "${label}" must not occur in ON and GROUP clause at once`
      this.#report(message, this.#operatorSpan(expr))
    }
    for (const [type, side] of [
      [left, lhs],
      [right, rhs],
    ] as const) {
      if (type === 'scalar' || type === 'vector') continue
      this.#report('binary expression must contain only scalar and instant vector types', side)
    }
    this.#matching(expr, left === 'vector' && right === 'vector')
    if ((left === 'scalar' || right === 'scalar') && isSetOp(op)) {
      this.#report(`set operator "${op}" not allowed in binary scalar expression`, expr)
    }
  }

  #matching(expr: BinaryExpr, areVectors: boolean): void {
    const { op } = expr
    const { card, labels, fillLeft, fillRight } = expr.matching!
    const hasFill = fillLeft !== undefined || fillRight !== undefined
    if (!areVectors) {
      if (labels.length > 0)
        this.#report('vector matching only allowed between instant vectors', expr)
      if (hasFill)
        this.#report('filling in missing series only allowed between instant vectors', expr)
      expr.matching = undefined
    } else if (isSetOp(op)) {
      if (card !== 'many-to-many') {
        this.#report(`no grouping allowed for "${op}" operation`, expr)
        this.#report('set operations must always be many-to-many', expr)
      }
      if (hasFill) this.#report('filling in missing series not allowed for set operators', expr)
    }
  }

  /** From the operator to the right side, its modifiers included. */
  #operatorSpan({ lhs, rhs }: BinaryExpr): { start: number; end: number } {
    let start = lhs.end
    while (/\s/.test(this.#query[start])) start++
    let end = rhs.start - 1
    while (/\s/.test(this.#query[end])) end--
    return { start, end }
  }

  #call(call: Call): void {
    const { func, args } = call
    const { name, variadic } = func
    const count = func.args.length
    const countMin = variadic === 0 ? count : count - 1
    const quoted = `call to "${name}", got ${args.length}`
    if (variadic === 0 && args.length !== count) {
      this.#report(`expected ${count} argument(s) in ${quoted}`, call)
    } else if (args.length < countMin) {
      this.#report(`expected at least ${countMin} argument(s) in ${quoted}`, call)
    } else if (variadic > 0 && args.length > countMin + variadic) {
      this.#report(`expected at most ${countMin + variadic} argument(s) in ${quoted}`, call)
    }
    if (name === 'info' && args.length > 1) this.#infoSelector(args[1], call)
    for (const [i, arg] of args.entries()) {
      if (i >= count && variadic === 0) break
      this.#expect(arg, func.args[Math.min(i, count - 1)], `call to function "${name}"`)
    }
  }

  #infoSelector(arg: Expr, call: Call): void {
    const type = valueType(arg)
    if (type !== 'vector') {
      this.#report(
        `expected type instant vector in call to function "info", got ${typeName(type)}`,
        call,
      )
    }
    if (arg.kind !== 'vectorSelector') this.#report('expected label selectors only', arg)
    else if (arg.name !== '')
      this.#report('expected label selectors only, got vector selector instead', arg)
    else arg.allowsEmpty = true
  }
}

function checkSelector(selector: VectorSelector, problems: ParseProblem[]): void {
  const { name, matchers, start, end } = selector
  if (name !== '') {
    // The name before the braces is the last matcher.
    for (const matcher of matchers.slice(0, -1)) {
      if (matcher.name !== METRIC_NAME) continue
      const names = `${quote(name)} or ${quote(matcher.value)}`
      problems.push({ message: `metric name must not be set twice: ${names}`, start, end })
    }
    return
  }
  if (!selector.allowsEmpty && matchers.every((matcher) => matcher.matchesEmpty)) {
    const message = 'vector selector must contain at least one non-empty matcher'
    problems.push({ message, start, end })
  }
}
