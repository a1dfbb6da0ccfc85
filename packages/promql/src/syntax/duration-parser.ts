/**
 * Durations inside of brackets and after `offset`: numbers, and arithmetic over them with `step()`,
 * `range()`, `min_of` and `max_of`. What needs no evaluation time is still kept as a tree, as
 * Prometheus does; plain numbers, signed or not, stay numbers.
 */
import type { DurationExpr, DurationOperand, NumberLiteral } from './ast.ts'
import { isDurationOutOfRange, parseDurationToken, parseNumber } from './literals.ts'
import type { TokenStream } from './token-stream.ts'
import type { Token, TokenKind } from './token.ts'

const BINARY: ReadonlyMap<TokenKind, readonly [op: DurationExpr['op'], precedence: number]> =
  new Map<TokenKind, readonly [DurationExpr['op'], number]>([
    ['ADD', ['+', 1]],
    ['SUB', ['-', 1]],
    ['MUL', ['*', 2]],
    ['DIV', ['/', 2]],
    ['MOD', ['%', 2]],
    ['POW', ['^', 3]],
  ])

const POWER = 3

/** A whole duration expression, as inside of brackets. */
function parseDurationExpr(tokens: TokenStream, precedenceMin = 1): DurationOperand {
  return tokens.deeper(() => parseOperators(tokens, precedenceMin))
}

function parseOperators(
  tokens: TokenStream,
  precedenceMin: number,
  first: DurationOperand = parseOperand(tokens),
): DurationOperand {
  let left = first
  for (;;) {
    const operator = BINARY.get(tokens.peek().kind)
    if (operator === undefined || operator[1] < precedenceMin) return left
    const [op, precedence] = operator
    const token = tokens.take()
    const right = parseDurationExpr(tokens, op === '^' ? precedence : precedence + 1)
    left = combine(tokens, op, left, right, token)
  }
}

/** One that must be greater than 0 where that can be said now. */
export function parsePositiveDuration(tokens: TokenStream): DurationOperand {
  const duration = parseDurationExpr(tokens)
  if (duration.kind === 'number' && duration.value <= 0) {
    tokens.report('duration must be greater than 0', duration.start, duration.end)
  }
  return duration
}

/**
 * The duration after `offset`. It ends at the first operator, so that `x offset 5m * 2` doubles x;
 * but not when it begins with a parenthesis or with two signs.
 */
export function parseOffset(tokens: TokenStream): DurationOperand {
  if (tokens.is('LEFT_PAREN')) return parseDurationExpr(tokens)
  return tokens.deeper(() => {
    const sign = tokens.accept('ADD') ?? tokens.accept('SUB')
    if (sign === undefined) return parseOperand(tokens)
    // Whether a number is too large is said of number and sign.
    if (tokens.is('NUMBER') || tokens.is('DURATION'))
      return applySign(tokens, sign, parseNumberLiteral(tokens))
    if (!tokens.is('ADD') && !tokens.is('SUB'))
      return applySign(tokens, sign, unplaced(parseOperand(tokens)))
    return parseOperators(tokens, 1, applySign(tokens, sign, parseDurationExpr(tokens, POWER)))
  })
}

function parseOperand(tokens: TokenStream): DurationOperand {
  const token = tokens.peek()
  const kind: string = token.kind
  switch (kind) {
    case 'NUMBER':
    case 'DURATION':
      return checkRange(tokens, parseNumberLiteral(tokens), undefined)
    case 'ADD':
    case 'SUB':
      tokens.take()
      return applySign(tokens, token, parseDurationExpr(tokens, POWER))
    case 'STEP':
    case 'RANGE':
      return parseNullary(tokens, kind === 'STEP' ? 'step' : 'range')
    case 'MIN_OF':
    case 'MAX_OF':
    case 'IDENTIFIER':
      return parseChoice(tokens)
    case 'LEFT_PAREN':
      return parseParens(tokens)
    default:
      return tokens.unexpected()
  }
}

/** A number or duration token as a literal in seconds. */
export function parseNumberLiteral(tokens: TokenStream): NumberLiteral {
  const { kind, text, start, end } = tokens.take()
  const isDuration = kind === 'DURATION'
  const parsed = isDuration ? parseDurationToken(text) : parseNumber(text)
  if (typeof parsed === 'string') tokens.report(parsed, start, end)
  const value = typeof parsed === 'string' ? 0 : isDuration ? parsed / 1000 : parsed
  return { kind: 'number', value, isDuration, start, end }
}

function checkRange(
  tokens: TokenStream,
  literal: NumberLiteral,
  sign: Token | undefined,
): NumberLiteral {
  if (!isDurationOutOfRange(literal.value)) return literal
  const { start, end } = sign ?? literal
  tokens.report('duration out of range', start, end)
  return { ...literal, value: 0 }
}

function applySign(tokens: TokenStream, sign: Token, operand: DurationOperand): DurationOperand {
  if (operand.kind === 'number') {
    const value = sign.kind === 'SUB' ? -operand.value : operand.value
    return checkRange(tokens, { ...operand, value, start: sign.start }, sign)
  }
  if (sign.kind === 'ADD') return operand
  const { start } = sign
  return {
    kind: 'duration',
    op: '-',
    lhs: undefined,
    rhs: operand,
    isWrapped: false,
    start,
    end: operand.end,
  }
}

function parseNullary(tokens: TokenStream, op: 'step' | 'range'): DurationExpr {
  const { start } = tokens.take()
  tokens.expect('LEFT_PAREN')
  const { end } = tokens.expect('RIGHT_PAREN')
  return { kind: 'duration', op, lhs: undefined, rhs: undefined, isWrapped: false, start, end }
}

function parseChoice(tokens: TokenStream): DurationExpr {
  const name = tokens.peek().text.toLowerCase()
  if (name !== 'min_of' && name !== 'max_of') return tokens.unexpected()
  const { start } = tokens.take()
  tokens.expect('LEFT_PAREN')
  const lhs = parseDurationExpr(tokens)
  tokens.expect('COMMA')
  const rhs = parseDurationExpr(tokens)
  const { end } = tokens.expect('RIGHT_PAREN')
  return { kind: 'duration', op: name, lhs, rhs, isWrapped: false, start, end }
}

function parseParens(tokens: TokenStream): DurationExpr {
  const { start } = tokens.take()
  const inner = parseDurationExpr(tokens)
  const { end } = tokens.expect('RIGHT_PAREN')
  if (inner.kind === 'duration') return { ...inner, isWrapped: true }
  // A number cannot say that it was in parentheses: a unary plus around it does.
  return { kind: 'duration', op: '+', lhs: undefined, rhs: inner, isWrapped: true, start, end }
}

/** A signed number in parentheses has, in Prometheus, the position of the number alone. */
function unplaced(operand: DurationOperand): DurationOperand {
  if (operand.kind === 'number' || operand.op !== '+' || operand.lhs !== undefined) return operand
  const { start, end } = operand.rhs!
  return { ...operand, start, end }
}

function combine(
  tokens: TokenStream,
  op: DurationExpr['op'],
  lhs: DurationOperand,
  rhs: DurationOperand,
  operator: Token,
): DurationOperand {
  const { start } = lhs
  const { end } = rhs
  if ((op === '/' || op === '%') && rhs.kind === 'number' && rhs.value === 0) {
    tokens.report(op === '/' ? 'division by zero' : 'modulo by zero', operator.start, operator.end)
    return { kind: 'number', value: 0, isDuration: false, start, end }
  }
  return { kind: 'duration', op, lhs, rhs, isWrapped: false, start, end }
}
