import { expect, test } from 'vitest'
import { FUNCTIONS } from './functions.ts'
import { ParseError } from './parse-error.ts'
import { parseExpr } from './parser.ts'
import { prettyPrint, printExpr } from './print.ts'
import { parseSeries } from './series.ts'
import { type Expr, children, walk } from './ast.ts'

const fails = (query: string, want: string): void => {
  let message = 'no error'
  try {
    parseExpr(query)
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    message = error.message
  }
  expect(message, query).toBe(want)
}

test('errors say where and what', () => {
  fails('', 'unknown position: parse error: no expression found in input')
  fails('sum(', '1:5: parse error: unclosed left parenthesis')
  fails('1 +', '1:4: parse error: unexpected end of input')
  fails('foo{', '1:5: parse error: unexpected end of input inside braces')
  fails(
    'foo{a="b" c}',
    '1:11: parse error: unexpected identifier "c" in label matching, expected "," or "}"',
  )
  fails('foo{é}', "1:5: parse error: unexpected character inside braces: 'é'")
  fails('foo bar', '1:5: parse error: unexpected identifier "bar"')
  fails('sum(foo bar)', '1:9: parse error: unexpected identifier "bar" in aggregation')
  fails(
    'sum by foo',
    '1:8: parse error: unexpected identifier "foo" in grouping opts, expected "("',
  )
  fails(
    'sum by (1)(foo)',
    '1:9: parse error: unexpected number "1" in grouping opts, expected label',
  )
  fails('foo[5m', '1:7: parse error: unclosed left bracket')
  fails('foo[5m:1m:]', "1:10: parse error: unexpected colon ':'")
  fails(
    'foo offset bar',
    '1:12: parse error: unexpected identifier "bar" in offset, expected number, duration, step(), or range()',
  )
  fails('foo @ bar', '1:7: parse error: unexpected identifier "bar" in @, expected timestamp')
  fails(
    '"é" + foo',
    '1:1: parse error: binary expression must contain only scalar and instant vector types',
  )
})

test('columns count bytes, lines count line breaks', () => {
  fails('{a="é"} + [', '1:12: parse error: unexpected "["')
  fails('foo\n+\n  bar baz', '3:7: parse error: unexpected identifier "baz"')
})

test('types are checked', () => {
  fails(
    'rate(foo)',
    '1:6: parse error: expected type range vector in call to function "rate", got instant vector',
  )
  fails(
    'sum(1)',
    '1:5: parse error: expected type instant vector in aggregation expression, got scalar',
  )
  fails('nothing(foo)', '1:1: parse error: unknown function with name "nothing"')
  fails(
    'foo[5m] + 1',
    '1:1: parse error: binary expression must contain only scalar and instant vector types',
  )
  fails('1 == 1', '1:3: parse error: comparisons between scalars must use BOOL modifier')
  fails('foo and 1', '1:1: parse error: set operator "and" not allowed in binary scalar expression')
  fails(
    'round(foo, 1, 2)',
    '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3',
  )
  fails(
    'label_join(foo)',
    '1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 1',
  )
  fails(
    '{a=~".*"}',
    '1:1: parse error: vector selector must contain at least one non-empty matcher',
  )
})

test('what does not fit is named where Prometheus names it', () => {
  fails('\n', '1:1: parse error: no expression found in input')
  fails('round(x, % 5)', '1:8: parse error: trailing commas not allowed in function call args')
  fails(
    'x * on(a) group_left [5m]',
    '1:22: parse error: unexpected "[" in grouping opts, expected "("',
  )
  fails(
    'sum by (without) (x)',
    '1:9: parse error: unexpected <without> in grouping opts, expected label',
  )
  fails('5e-35s', '1:1: parse error: unknown unit "e-" in duration "5e-35s"')
  fails('1\u00a0+ 1', "1:2: parse error: unexpected character: '\\u00a0'")
  fails('foo{"\\a"}', '1:1: parse error: metric name must not be set twice: "foo" or "\\a"')
  fails('foo bar start', '1:5: parse error: unexpected identifier "bar"')
  fails('foo start', '1:5: parse error: unexpected "start"')
  fails(
    '{a=~"\\\\"}',
    '1:2: parse error: error parsing regexp: trailing backslash at end of expression: ``',
  )
})

test('durations after offset', () => {
  fails('foo offset -Inf', '1:12: parse error: duration out of range')
  fails('foo offset Inf', '1:12: parse error: duration out of range')
  fails(
    '18446744073709551616m',
    '1:1: parse error: not a valid duration string: "18446744073709551616m"',
  )
  const check = (query: string, want: string): void =>
    expect(shape(parseExpr(query)), query).toBe(want)
  check('foo offset 5m + 1', '(foo offset 5m + 1)')
  check('foo offset -5m + 1', '(foo offset -5m + 1)')
  check('foo offset (5m) + 1', 'foo offset (5m) + 1')
  check('foo offset -(5m) + 1', '(foo offset -(5m) + 1)')
  check('foo offset --5m + 1', 'foo offset 5m + 1')
  check('foo offset 1.0009 + 1', '(foo offset 1s + 1)')
})

test('numbers are read as in Go', () => {
  const value = (text: string, want: number): void =>
    expect(parseExpr(text), text).toMatchObject({ kind: 'number', value: want })
  value('0_7', 7)
  value('0_8', 8)
  value('0x_1_F', 31)
  value('1_000.5', 1000.5)
  value('1e1_0', 1e10)
  value('0777777777777777777777', 2 ** 63)
  value('01777777777777777777777', Number('1777777777777777777777'))
  for (const bad of ['0xFFFFFFFFFFFFFFFF', '0x'])
    fails(
      bad,
      `1:1: parse error: error parsing number: strconv.ParseFloat: parsing "${bad}": invalid syntax`,
    )
})

test('experimental parts must be enabled', () => {
  fails('mad_over_time(foo[5m])', '1:1: parse error: function "mad_over_time" is not enabled')
  fails('foo smoothed', '1:1: parse error: smoothed modifier is experimental and not enabled')
  expect(parseExpr('mad_over_time(foo[5m] anchored)', { enableExperimental: true }).kind).toBe(
    'call',
  )
})

test('deep nesting is an error, not an exhausted stack', () => {
  const deep = 100_000
  fails('('.repeat(deep), '1:501: parse error: expression is nested too deeply')
  expect(() => parseExpr('-'.repeat(deep) + '1')).toThrow('nested too deeply')
  expect(() => parseExpr('1' + '+1'.repeat(deep))).toThrow('nested too deeply')
  expect(() => parseExpr('x[' + '('.repeat(deep))).toThrow(ParseError)
})

/** The operators of a tree, with all parentheses. */
function shape(expr: Expr): string {
  if (expr.kind === 'binary') return `(${shape(expr.lhs)} ${expr.op} ${shape(expr.rhs)})`
  if (expr.kind === 'unary') return `(${expr.op}${shape(expr.expr)})`
  return printExpr(expr)
}

test('precedence', () => {
  const check = (query: string, want: string): void => expect(shape(parseExpr(query))).toBe(want)
  check('a + b * c - d', '((a + (b * c)) - d)')
  check('a or b and c unless d', '(a or ((b and c) unless d))')
  check('a ^ b ^ c', '(a ^ (b ^ c))')
  check('-a ^ b', '(-(a ^ b))')
  check('-a * b', '((-a) * b)')
  check('a > b + c == d', '((a > (b + c)) == d)')
  check('a % b atan2 c', '((a % b) atan2 c)')
  check('a + b offset 5m', '(a + b offset 5m)')
  check('2 ^ -a * b', '((2 ^ (-a)) * b)')
})

test('printing', () => {
  const check = (query: string, want = query): void =>
    expect(printExpr(parseExpr(query))).toBe(want)
  check('sum by(a,b)(rate(x{c!="d"}[5m]))', 'sum by (a, b) (rate(x{c!="d"}[5m]))')
  check('a*on(b)group_left(c)d', 'a * on (b) group_left (c) d')
  check('x[1h:30s] @ end() offset 1d')
  check('x[2*step()+1]', 'x[2 * step() + 1]')
  check('1e3', '1000')
  check('1h30m')
  expect(prettyPrint(parseExpr('sum(rate(x[5m]))'), 10)).toBe('sum(\n  rate(\n    x[5m]\n  )\n)')
})

test('walk visits parents first and skips on demand', () => {
  const seen: string[] = []
  walk(parseExpr('sum(rate(x[5m])) + 1'), (node, ancestors) => {
    seen.push(`${ancestors.length}${node.kind}`)
    return node.kind !== 'call'
  })
  expect(seen).toEqual(['0binary', '1aggregate', '2call', '1number'])
  expect(children(parseExpr('1'))).toEqual([])
})

test('all functions of Prometheus are there', () => {
  const stable = [...FUNCTIONS.values()].filter((one) => !one.isExperimental)
  expect(stable.length).toBe(73)
  expect(FUNCTIONS.size - stable.length).toBe(17)
  for (const { doc } of FUNCTIONS.values()) expect(doc).toMatch(/\.$/)
})

test('series of unit tests', () => {
  const check = (text: string, labels: string, values: (number | undefined)[]): void => {
    const got = parseSeries(text)
    expect([got.labels.toString(), got.values]).toEqual([labels, values])
  }
  check('x{a="b c"} 1 _ 3', 'x{a="b c"}', [1, undefined, 3])
  check('x 1+2x3', 'x', [1, 3, 5, 7])
  check('x -1-1x2 _x2', 'x', [-1, -2, -3, undefined, undefined])
  check('{} 1e3 -Inf 1m', '{}', [1000, -Infinity, 60])
  check('x 1_000 0x1 Inf+1x1 +2.5', 'x', [1000, 0, 0, Infinity, Infinity, 2.5])
  const refused = [
    'x 1+1',
    'x stalex2',
    'x NaNx3',
    'x 1+infx3',
    'x 1+-1x2',
    'x 1x1_0',
    'x {a="b"} 1',
  ]
  for (const text of refused) expect(() => parseSeries(text), text).toThrow(ParseError)
  expect(() => parseSeries('x 1x99999999')).toThrow('too many values')
})
