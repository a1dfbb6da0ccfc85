/** What follows an expression and binds tightest: ranges, subqueries, offset, @, range modifiers. */
import type {
  DurationExpr,
  DurationOperand,
  Expr,
  Subquery,
  TimeModifiers,
  VectorSelector,
} from './ast.ts'
import { parseNumberLiteral, parseOffset, parsePositiveDuration } from './duration-parser.ts'
import { MAX_DURATION_MS } from './literals.ts'
import type { TokenStream } from './token-stream.ts'
import type { Token } from './token.ts'

/** Reads all modifiers after `operand`, which is changed or wrapped by them. */
export function parsePostfix(
  tokens: TokenStream,
  operand: Expr,
  allowsRangeModifiers: boolean,
): Expr {
  let expr = operand
  for (;;) {
    const kind: string = tokens.peek().kind
    switch (kind) {
      case 'LEFT_BRACKET':
        expr = parseBrackets(tokens, expr)
        break
      case 'OFFSET':
        tokens.take()
        setOffset(
          tokens,
          expr,
          tokens.within('offset', OFFSET_WANTS, () => parseOffset(tokens)),
        )
        break
      case 'AT':
        tokens.take()
        tokens.within('@', 'timestamp', () => parseAt(tokens, expr))
        break
      case 'ANCHORED':
      case 'SMOOTHED':
        setRangeModifier(tokens, tokens.take(), expr, allowsRangeModifiers)
        break
      default:
        return expr
    }
  }
}

const OFFSET_WANTS = 'number, duration, step(), or range()'

function parseBrackets(tokens: TokenStream, expr: Expr): Expr {
  const open = tokens.take()
  const range = tokens.within('subquery or range selector', OFFSET_WANTS, () =>
    parsePositiveDuration(tokens),
  )
  if (tokens.accept('RIGHT_BRACKET')) return newMatrix(tokens, expr, range, open)
  tokens.within('subquery or range', '":" or "]"', () => tokens.expect('COLON'))
  let step: DurationOperand | undefined
  if (!tokens.is('RIGHT_BRACKET')) {
    const wants = 'number, duration, step(), range(), or "]"'
    step = tokens.within('subquery selector', wants, () => parsePositiveDuration(tokens))
  }
  tokens.within('subquery selector', '"]"', () => tokens.expect('RIGHT_BRACKET'))
  const subquery: Subquery = {
    kind: 'subquery',
    expr,
    rangeMs: literalMs(range),
    rangeExpr: asExpr(range),
    stepMs: step === undefined ? 0 : literalMs(step),
    stepExpr: step && asExpr(step),
    offsetMs: 0,
    offsetExpr: undefined,
    atMs: undefined,
    atEdge: undefined,
    start: expr.start,
    end: tokens.lastEnd,
  }
  return subquery
}

function newMatrix(tokens: TokenStream, expr: Expr, range: DurationOperand, open: Token): Expr {
  const problem = whyNoRange(expr)
  if (problem !== undefined) tokens.report(problem, open.start, tokens.lastEnd)
  return {
    kind: 'matrixSelector',
    // With a problem reported, nobody will look at what this is.
    selector: expr as VectorSelector,
    rangeMs: literalMs(range),
    rangeExpr: asExpr(range),
    start: expr.start,
    end: tokens.lastEnd,
  }
}

function whyNoRange(expr: Expr): string | undefined {
  if (expr.kind !== 'vectorSelector') return 'ranges only allowed for vector selectors'
  if (expr.offsetMs !== 0 || expr.offsetExpr !== undefined)
    return 'no offset modifiers allowed before range'
  if (expr.atMs !== undefined || expr.atEdge !== undefined)
    return 'no @ modifiers allowed before range'
  return undefined
}

/** Prometheus keeps nanoseconds and cuts off what is less than a millisecond. */
function literalMs(duration: DurationOperand): number {
  if (duration.kind !== 'number') return 0
  const ns = Math.round(duration.value * 1e9)
  return Number.isNaN(ns) ? -MAX_DURATION_MS : Number(BigInt(ns) / 1_000_000n)
}

const asExpr = (duration: DurationOperand): DurationExpr | undefined =>
  duration.kind === 'duration' ? duration : undefined

/** The part of `expr` that carries offset and @; reports when there is none. */
function modifiersOf(tokens: TokenStream, expr: Expr, modifier: string): TimeModifiers | undefined {
  if (expr.kind === 'vectorSelector' || expr.kind === 'subquery') return expr
  if (expr.kind === 'matrixSelector') {
    if (expr.selector.kind === 'vectorSelector') return expr.selector
    tokens.report('ranges only allowed for vector selectors', expr.start, expr.end)
    return undefined
  }
  const where = 'an instant vector selector or range vector selector or a subquery'
  tokens.report(`${modifier} modifier must be preceded by ${where}`, expr.start, expr.end)
  return undefined
}

function setOffset(tokens: TokenStream, expr: Expr, offset: DurationOperand): void {
  const target = modifiersOf(tokens, expr, 'offset')
  if (target === undefined) return
  if (target.offsetMs !== 0 || target.offsetExpr !== undefined) {
    tokens.report('offset may not be set multiple times', expr.start, expr.end)
    return
  }
  target.offsetMs = literalMs(offset)
  target.offsetExpr = asExpr(offset)
  expr.end = tokens.lastEnd
}

function parseAt(tokens: TokenStream, expr: Expr): void {
  const edge = tokens.accept('START') ?? tokens.accept('END')
  if (edge !== undefined) {
    tokens.expect('LEFT_PAREN')
    tokens.expect('RIGHT_PAREN')
    const target = atTarget(tokens, expr)
    if (target !== undefined) target.atEdge = edge.kind === 'START' ? 'start' : 'end'
  } else {
    const sign = tokens.accept('ADD') ?? tokens.accept('SUB')
    if (!tokens.is('NUMBER') && !tokens.is('DURATION')) tokens.unexpected()
    const literal = parseNumberLiteral(tokens)
    const seconds = sign?.kind === 'SUB' ? -literal.value : literal.value
    if (!(Math.abs(seconds) < 2 ** 63)) {
      tokens.report(
        `timestamp out of bounds for @ modifier: ${goFixed(seconds)}`,
        expr.start,
        expr.end,
      )
    }
    const target = atTarget(tokens, expr)
    if (target !== undefined) target.atMs = roundHalfAway(seconds * 1000)
  }
  expr.end = tokens.lastEnd
}

function atTarget(tokens: TokenStream, expr: Expr): TimeModifiers | undefined {
  const target = modifiersOf(tokens, expr, '@')
  if (target === undefined) return undefined
  if (target.atMs === undefined && target.atEdge === undefined) return target
  tokens.report('@ <timestamp> may not be set multiple times', expr.start, expr.end)
  return undefined
}

/** Go's math.Round: halves go away from zero. */
const roundHalfAway = (value: number): number => Math.sign(value) * Math.round(Math.abs(value))

/** Go's %f. */
function goFixed(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  return `${BigInt(Math.trunc(value))}.${Math.abs(value % 1)
    .toFixed(6)
    .slice(2)}`
}

function setRangeModifier(
  tokens: TokenStream,
  token: Token,
  expr: Expr,
  allowsRangeModifiers: boolean,
): void {
  const name = token.kind === 'ANCHORED' ? 'anchored' : 'smoothed'
  const report = (message: string): void => tokens.report(message, expr.start, expr.end)
  if (!allowsRangeModifiers) return report(`${name} modifier is experimental and not enabled`)
  if (expr.kind === 'subquery') return report(`${name} modifier is not supported for subqueries`)
  const selector = expr.kind === 'matrixSelector' ? expr.selector : expr
  if (selector.kind !== 'vectorSelector') {
    if (expr.kind !== 'matrixSelector') report(`${name} modifier not implemented`)
    return
  }
  if (token.kind === 'ANCHORED') selector.isAnchored = true
  else selector.isSmoothed = true
  if (selector.isAnchored && selector.isSmoothed) {
    report('anchored and smoothed modifiers cannot be used together')
  }
}
