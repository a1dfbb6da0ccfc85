/**
 * The parser of PromQL: precedence climbing over the tokens, then the type check. Error texts and
 * positions are Prometheus's.
 *
 * Precedence, loosest first: or; and unless; comparisons; + -; * / % atan2 and signs; ^ (to the
 * right). Brackets, offset, @ and the range modifiers bind tightest.
 */
import { METRIC_NAME, Matcher, type MatchType, RegexError, quote } from '@vigie/model'
import type {
  AggregateExpr,
  AggregateOp,
  BinaryExpr,
  BinaryOp,
  Cardinality,
  Expr,
  Node,
  VectorMatching,
  VectorSelector,
} from './ast.ts'
import { children } from './ast.ts'
import { checkSelectors, checkTypes } from './check.ts'
import { parseNumberLiteral } from './duration-parser.ts'
import { FUNCTIONS } from './functions.ts'
import { ParseError } from './parse-error.ts'
import { parsePostfix } from './postfix.ts'
import { unquote } from './strings.ts'
import { SyntaxStop, TokenStream } from './token-stream.ts'
import {
  AGGREGATOR_KINDS,
  LABEL_NAME_KINDS,
  METRIC_NAME_KINDS,
  type Token,
  type TokenKind,
} from './token.ts'

/** What is experimental is refused unless it is asked for; all names are those of Prometheus's flags. */
export interface ParseOptions {
  /** All of the below. */
  enableExperimental?: boolean
  /** promql-experimental-functions */
  enableExperimentalFunctions?: boolean
  /** promql-extended-range-selectors: `anchored` and `smoothed`. */
  enableExtendedRangeSelectors?: boolean
  /** promql-binop-fill-modifiers: `fill`, `fill_left` and `fill_right`. */
  enableBinopFillModifiers?: boolean
}

interface Features {
  functions: boolean
  ranges: boolean
  fill: boolean
}

function featuresOf(options: ParseOptions): Features {
  const all = options.enableExperimental ?? false
  return {
    functions: options.enableExperimentalFunctions ?? all,
    ranges: options.enableExtendedRangeSelectors ?? all,
    fill: options.enableBinopFillModifiers ?? all,
  }
}

/** How deep a tree may be: long chains of operators are deep on their left side. */
const TREE_DEPTH_MAX = 1000

const BINARY_OPS: ReadonlyMap<TokenKind, readonly [op: BinaryOp, precedence: number]> = new Map<
  TokenKind,
  readonly [BinaryOp, number]
>([
  ['LOR', ['or', 1]],
  ['LAND', ['and', 2]],
  ['LUNLESS', ['unless', 2]],
  ['EQLC', ['==', 3]],
  ['NEQ', ['!=', 3]],
  ['LSS', ['<', 3]],
  ['LTE', ['<=', 3]],
  ['GTR', ['>', 3]],
  ['GTE', ['>=', 3]],
  ['TRIM_UPPER', ['</', 3]],
  ['TRIM_LOWER', ['>/', 3]],
  ['ADD', ['+', 4]],
  ['SUB', ['-', 4]],
  ['MUL', ['*', 5]],
  ['DIV', ['/', 5]],
  ['MOD', ['%', 5]],
  ['ATAN2', ['atan2', 5]],
  ['POW', ['^', 6]],
])

const POWER = 6

/** Parses and checks a query. Throws ParseError. */
export function parseExpr(query: string, options: ParseOptions = {}): Expr {
  return parseWhole(query, options, (parser) => parser.expression())
}

/**
 * Parses `metric{label="value"}`, as in the `match[]` parameter. Throws ParseError, also for one that
 * every series would match unless `allowsEmpty`.
 */
export function parseSelector(query: string, allowsEmpty = false): VectorSelector {
  return parseWhole(query, {}, (parser) => {
    const selector = parser.selector()
    selector.allowsEmpty ||= allowsEmpty
    return selector
  })
}

function parseWhole<T extends Expr>(
  query: string,
  options: ParseOptions,
  read: (parser: Parser) => T,
): T {
  const tokens = new TokenStream(query)
  const parser = new Parser(tokens, featuresOf(options))
  try {
    if (tokens.is('EOF')) {
      tokens.report('no expression found in input', 0, 0)
      throw new SyntaxStop()
    }
    const expr = read(parser)
    if (!tokens.is('EOF')) tokens.unexpected()
    if (isTooDeep(expr)) {
      checkSelectors(expr, tokens.problems)
      if (tokens.problems.length === 0) tokens.tooDeep()
    }
    if (tokens.problems.length === 0) checkTypes(expr, query, tokens.problems)
    if (tokens.problems.length === 0) return expr
  } catch (error) {
    if (!(error instanceof SyntaxStop)) throw error
  }
  throw new ParseError(query, tokens.problems)
}

/** Without recursion, because it is what makes recursion over the tree safe. */
function isTooDeep(expr: Expr): boolean {
  let level: Node[] = [expr]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > TREE_DEPTH_MAX) return true
    level = level.flatMap(children)
  }
  return false
}

class Parser {
  readonly #tokens: TokenStream
  readonly #features: Features

  constructor(tokens: TokenStream, features: Features) {
    this.#tokens = tokens
    this.#features = features
  }

  expression(precedenceMin = 1): Expr {
    return this.#tokens.deeper(() => {
      let left = this.#operand()
      for (;;) {
        const operator = BINARY_OPS.get(this.#tokens.peek().kind)
        if (operator === undefined || operator[1] < precedenceMin) return left
        left = this.#binary(left, operator)
      }
    })
  }

  #binary(lhs: Expr, [op, precedence]: readonly [BinaryOp, number]): BinaryExpr {
    this.#tokens.take()
    const returnsBool = this.#tokens.accept('BOOL') !== undefined
    const matching = this.#matching()
    const rhs = this.expression(op === '^' ? precedence : precedence + 1)
    return { kind: 'binary', op, lhs, rhs, matching, returnsBool, start: lhs.start, end: rhs.end }
  }

  #matching(): VectorMatching {
    const tokens = this.#tokens
    const matching: VectorMatching = {
      card: 'one-to-one',
      isOn: false,
      labels: [],
      include: [],
      fillLeft: undefined,
      fillRight: undefined,
    }
    if (tokens.is('ON') || tokens.is('IGNORING')) {
      matching.isOn = tokens.take().kind === 'ON'
      matching.labels = this.#groupingLabels()
      if (tokens.is('GROUP_LEFT') || tokens.is('GROUP_RIGHT')) {
        const card: Cardinality =
          tokens.take().kind === 'GROUP_LEFT' ? 'many-to-one' : 'one-to-many'
        matching.card = card
        if (!this.#mayBeginOperand() || tokens.is('LEFT_PAREN'))
          matching.include = this.#groupingLabels()
      }
    }
    for (;;) {
      const token = tokens.peek()
      if (token.kind !== 'FILL' && token.kind !== 'FILL_LEFT' && token.kind !== 'FILL_RIGHT')
        return matching
      this.#fill(matching, token)
    }
  }

  /** Whether an operand, or a fill modifier before it, may begin with the next token. */
  #mayBeginOperand(): boolean {
    const { kind } = this.#tokens.peek()
    return OPERAND_KINDS.has(kind) || METRIC_NAME_KINDS.has(kind)
  }

  #fill(matching: VectorMatching, token: Token): void {
    const tokens = this.#tokens
    tokens.take()
    if (!this.#features.fill) {
      tokens.report('binop fill modifiers are experimental and not enabled', token.start, token.end)
    }
    tokens.expect('LEFT_PAREN')
    const sign = tokens.accept('SUB') ?? tokens.accept('ADD')
    if (!tokens.is('NUMBER') && !tokens.is('DURATION')) tokens.unexpected()
    const literal = parseNumberLiteral(tokens)
    tokens.expect('RIGHT_PAREN')
    const value = sign?.kind === 'SUB' ? -literal.value : literal.value
    if (token.kind !== 'FILL_RIGHT') matching.fillLeft = value
    if (token.kind !== 'FILL_LEFT') matching.fillRight = value
  }

  #operand(): Expr {
    const token = this.#tokens.peek()
    if (token.kind !== 'ADD' && token.kind !== 'SUB') {
      return parsePostfix(this.#tokens, this.#primary(), this.#features.ranges)
    }
    this.#tokens.take()
    const expr = this.expression(POWER)
    if (expr.kind === 'number') {
      return { ...expr, value: token.kind === 'SUB' ? -expr.value : expr.value, start: token.start }
    }
    return {
      kind: 'unary',
      op: token.kind === 'SUB' ? '-' : '+',
      expr,
      start: token.start,
      end: expr.end,
    }
  }

  #primary(): Expr {
    const tokens = this.#tokens
    const token = tokens.peek()
    if (token.kind === 'NUMBER' || token.kind === 'DURATION') return parseNumberLiteral(tokens)
    if (token.kind === 'STRING') {
      tokens.take()
      return { kind: 'string', value: unquote(token.text), start: token.start, end: token.end }
    }
    if (token.kind === 'LEFT_PAREN') return this.#parens()
    if (token.kind === 'LEFT_BRACE') return this.selector()
    if (!METRIC_NAME_KINDS.has(token.kind)) return tokens.unexpected()
    tokens.take()
    if (AGGREGATOR_KINDS.has(token.kind)) {
      if (tokens.is('LEFT_PAREN') || tokens.is('BY') || tokens.is('WITHOUT'))
        return this.#aggregate(token)
    } else if (CALLABLE.has(token.kind) && tokens.is('LEFT_PAREN')) {
      return this.#call(token)
    }
    return this.#selectorAfter(token)
  }

  #parens(): Expr {
    const { start } = this.#tokens.take()
    const expr = this.expression()
    const { end } = this.#tokens.expect('RIGHT_PAREN')
    return { kind: 'paren', expr, start, end }
  }

  #call(name: Token): Expr {
    const tokens = this.#tokens
    const args = this.#arguments()
    const start = name.start
    const end = tokens.lastEnd
    const func = FUNCTIONS.get(name.text)
    if (func === undefined) {
      tokens.report(`unknown function with name ${quote(name.text)}`, name.start, name.end)
      return { kind: 'number', value: 0, isDuration: false, start, end }
    }
    if (func.isExperimental && !this.#features.functions) {
      tokens.report(`function ${quote(name.text)} is not enabled`, name.start, name.end)
    }
    return { kind: 'call', func, args, start, end }
  }

  #arguments(): Expr[] {
    const tokens = this.#tokens
    tokens.expect('LEFT_PAREN')
    const args: Expr[] = []
    if (tokens.accept('RIGHT_PAREN')) return args
    for (;;) {
      args.push(this.expression())
      const comma = tokens.accept('COMMA')
      if (comma === undefined) break
      if (!this.#mayBeginOperand()) {
        tokens.report('trailing commas not allowed in function call args', comma.start, comma.end)
        break
      }
    }
    tokens.expect('RIGHT_PAREN')
    return args
  }

  #aggregate(operator: Token): Expr {
    const tokens = this.#tokens
    const grouping = (): { isWithout: boolean; labels: string[] } | undefined => {
      if (!tokens.is('BY') && !tokens.is('WITHOUT')) return undefined
      const isWithout = tokens.take().kind === 'WITHOUT'
      return { isWithout, labels: this.#groupingLabels() }
    }
    const [before, args] = tokens.within(
      'aggregation',
      '',
      () => [grouping(), this.#arguments()] as const,
    )
    const modifier = before ?? grouping()
    const end = tokens.lastEnd
    return this.#newAggregate(
      operator,
      modifier?.isWithout ?? false,
      modifier?.labels ?? [],
      args,
      end,
    )
  }

  #newAggregate(
    operator: Token,
    isWithout: boolean,
    grouping: string[],
    args: Expr[],
    end: number,
  ): Expr {
    const { start } = operator
    const report = (message: string): Expr => {
      this.#tokens.report(message, start, end)
      return { kind: 'number', value: 0, isDuration: false, start, end }
    }
    const op = operator.kind.toLowerCase() as AggregateOp
    if (args.length === 0) return report('no arguments for aggregate expression provided')
    if ((op === 'limitk' || op === 'limit_ratio') && !this.#features.functions) {
      report(
        `${op}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`,
      )
    }
    const want = PARAMETERISED.has(op) ? 2 : 1
    if (args.length !== want) {
      return report(
        `wrong number of arguments for aggregate expression provided, expected ${want}, got ${args.length}`,
      )
    }
    const param = want === 2 ? args[0] : undefined
    const aggregate: AggregateExpr = {
      kind: 'aggregate',
      op,
      expr: args[want - 1],
      param,
      isWithout,
      grouping,
      start,
      end,
    }
    return aggregate
  }

  #groupingLabels(): string[] {
    const tokens = this.#tokens
    const context = 'grouping opts'
    tokens.within(context, '"("', () => tokens.expect('LEFT_PAREN'))
    const labels: string[] = []
    while (!tokens.accept('RIGHT_PAREN')) {
      labels.push(tokens.within(context, 'label', () => this.#groupingLabel()))
      if (tokens.accept('COMMA')) continue
      tokens.within(context, '"," or ")"', () => tokens.expect('RIGHT_PAREN'))
      break
    }
    return labels
  }

  #groupingLabel(): string {
    const tokens = this.#tokens
    const token = tokens.peek()
    if (token.kind !== 'STRING' && !LABEL_NAME_KINDS.has(token.kind)) tokens.unexpected()
    tokens.take()
    const name = token.kind === 'STRING' ? unquote(token.text) : token.text
    if (name === '') tokens.report('invalid label name for grouping: ""', token.start, token.end)
    return name
  }

  /** A selector with braces, or one that begins with a name. */
  selector(): VectorSelector {
    const token = this.#tokens.peek()
    if (token.kind === 'LEFT_BRACE') return this.#newSelector('', token.start)
    if (!METRIC_NAME_KINDS.has(token.kind)) this.#tokens.unexpected()
    this.#tokens.take()
    return this.#selectorAfter(token)
  }

  #selectorAfter(name: Token): VectorSelector {
    return this.#newSelector(name.text, name.start)
  }

  #newSelector(name: string, start: number): VectorSelector {
    const tokens = this.#tokens
    const matchers = tokens.is('LEFT_BRACE') ? this.#matchers() : []
    if (name !== '') matchers.push(new Matcher('=', METRIC_NAME, name))
    return {
      kind: 'vectorSelector',
      name,
      matchers,
      isAnchored: false,
      isSmoothed: false,
      allowsEmpty: false,
      offsetMs: 0,
      offsetExpr: undefined,
      atMs: undefined,
      atEdge: undefined,
      start,
      end: tokens.lastEnd,
    }
  }

  #matchers(): Matcher[] {
    const tokens = this.#tokens
    const context = 'label matching'
    tokens.expect('LEFT_BRACE')
    const matchers: Matcher[] = []
    while (!tokens.accept('RIGHT_BRACE')) {
      const matcher = this.#matcher(context)
      if (matcher !== undefined) matchers.push(matcher)
      if (tokens.accept('COMMA')) continue
      tokens.within(context, '"," or "}"', () => tokens.expect('RIGHT_BRACE'))
      break
    }
    return matchers
  }

  #matcher(context: string): Matcher | undefined {
    const tokens = this.#tokens
    const token = tokens.peek()
    if (token.kind !== 'IDENTIFIER' && token.kind !== 'STRING') {
      tokens.unexpected({ name: context, expected: 'identifier or "}"' })
    }
    tokens.take()
    const name = token.kind === 'STRING' ? unquote(token.text) : token.text
    const type = MATCH_TYPES.get(tokens.peek().kind)
    if (type === undefined) {
      // A string alone is a metric name.
      if (token.kind === 'STRING') return new Matcher('=', METRIC_NAME, name)
      return tokens.unexpected({ name: context, expected: 'label matching operator' })
    }
    tokens.take()
    const value = tokens.within(context, 'string', () => tokens.expect('STRING'))
    try {
      return new Matcher(type, name, unquote(value.text))
    } catch (error) {
      if (!(error instanceof RegexError)) throw error
      tokens.report(error.message, token.start, value.end)
      return undefined
    }
  }
}

const PARAMETERISED: ReadonlySet<AggregateOp> = new Set<AggregateOp>([
  'topk',
  'bottomk',
  'quantile',
  'count_values',
  'limitk',
  'limit_ratio',
])

/** What an operand begins with, beside names. */
const OPERAND_KINDS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'ADD',
  'SUB',
  'NUMBER',
  'DURATION',
  'STRING',
  'LEFT_BRACE',
  'LEFT_PAREN',
  'FILL',
  'FILL_LEFT',
  'FILL_RIGHT',
])

/** What may be called: names, and the keywords that are experimental functions too. */
const CALLABLE: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'IDENTIFIER',
  'START',
  'END',
  'STEP',
  'RANGE',
])

const MATCH_TYPES: ReadonlyMap<TokenKind, MatchType> = new Map<TokenKind, MatchType>([
  ['EQL', '='],
  ['NEQ', '!='],
  ['EQL_REGEX', '=~'],
  ['NEQ_REGEX', '!~'],
])
