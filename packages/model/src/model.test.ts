import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Labels,
  Matcher,
  RegexError,
  STALE_NAN,
  compareLabels,
  compileAnchored,
  formatDuration,
  formatValue,
  isStale,
  parseDuration,
  quote,
  writeFloat64,
} from './index.ts'

const labels = (text: string): Labels =>
  Labels.fromPairs(text.split(',').flatMap((one) => one.split('=')))

describe('labels', () => {
  test('print as Prometheus does', () => {
    const check = (pairs: string, want: string): void => expect(labels(pairs).toString()).toBe(want)
    check('__name__=up,job=a', 'up{job="a"}')
    check('__name__=up', 'up')
    check('b=2,a=1', '{a="1", b="2"}')
    check('__name__=na.me,la.bel=x', '{"na.me", "la.bel"="x"}')
    check('a=q"u\\o\nte', '{a="q\\"u\\\\o\\nte"}')
  })

  test('are a set: order, duplicates and empty values do not matter', () => {
    expect(labels('b=2,a=1,c=').key).toBe(labels('a=1,b=2').key)
    expect(labels('a=1,a=2').get('a')).toBe('2')
    expect(labels('a=1').get('b')).toBe('')
  })

  test('with places, replaces and removes', () => {
    const check = (from: string, name: string, value: string, want: string): void =>
      expect(labels(from).with(name, value).toString()).toBe(want)
    check('b=2', 'a', '1', '{a="1", b="2"}')
    check('b=2', 'c', '3', '{b="2", c="3"}')
    check('a=1,b=2', 'a', '9', '{a="9", b="2"}')
    check('a=1,b=2', 'a', '', '{b="2"}')
  })

  test('order by UTF-8 bytes', () => {
    const names = ['\u{1f600}', '\uffee', 'z', 'a', 'é']
    const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const sets = names.map((name) => Labels.fromObject({ [name]: 'x' })).sort(compareLabels)
    expect(sets.map((one) => one.pairs[0])).toEqual(byBytes)
  })

  test('quote is what Go reads back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        expect(
          JSON.parse(
            // Escapes that JSON does not have; an escaped backslash is passed over as a whole.
            quote(text).replace(/\\(.)/g, (all, letter: string) => JSON_ESCAPES.get(letter) ?? all),
          ),
        ).toBe(text)
      }),
    )
  })
})

const JSON_ESCAPES = new Map([
  ['x', '\\u00'],
  ['a', '\\u0007'],
  ['v', '\\u000b'],
])

test('regular expressions are anchored RE2', () => {
  const check = (expression: string, value: string, want: boolean): void =>
    expect(compileAnchored(expression)(value), `${expression} on ${JSON.stringify(value)}`).toBe(
      want,
    )
  check('a|b', 'b', true)
  check('a|b', 'ab', false)
  check('(a|b)', 'a', true)
  check('foo.*', 'foo\nbar', true)
  check('foo.+', 'foo', false)
  check('.*foo', 'xfoo', true)
  check('.+foo.+', 'xfoo', false)
  check('.+foo.+', 'xfooy', true)
  check('.+foo.+', 'foofoox', true)
  check('.*', '', true)
  check('.+', '', false)
  check('(?i)UP', 'up', true)
  check('5..', '503', true)
  check('a{2,3}', 'aa', true)
  check('\\Qa.', 'a.', true)
  check('(?P<n>a)|(?P<n>b)', 'b', true)
  expect(() => compileAnchored('a(')).toThrow(RegexError)
  expect(() => compileAnchored('a)(b')).toThrow(RegexError)
})

test('an expression that makes others backtrack takes linear time', () => {
  expect(compileAnchored('(a+)+b')('a'.repeat(5000))).toBe(false)
})

test('matchers', () => {
  const check = (
    type: '=' | '!=' | '=~' | '!~',
    value: string,
    given: string,
    want: boolean,
  ): void => expect(new Matcher(type, 'x', value).matches(given)).toBe(want)
  check('=', 'a', 'a', true)
  check('!=', 'a', 'a', false)
  check('=~', 'a.', 'ab', true)
  check('!~', 'a.', 'ab', false)
  check('=', '', '', true)
  // Flags and empty quotes may stand between a letter and how often it comes.
  expect(new Matcher('=~', 'x', 'ab(?m){0}c').prefix).toBe('a')
  expect(new Matcher('=~', 'x', 'ab\\Q\\E*').prefix).toBe('a')
})

test('durations', () => {
  const check = (text: string, ms: number | undefined): void => expect(parseDuration(text)).toBe(ms)
  check('1h30m', 5_400_000)
  check('15s', 15_000)
  check('1w2d', 9 * 86_400_000)
  check('0', 0)
  check('', undefined)
  check('1.5h', undefined)
  check('30m1h', undefined)
  check('5', undefined)
  const print = (ms: number, text: string): void => expect(formatDuration(ms)).toBe(text)
  print(0, '0s')
  print(5_400_000, '1h30m')
  print(7 * 86_400_000, '1w')
  print(8 * 86_400_000, '8d')
  print(1500, '1s500ms')
})

test('stale markers survive their way through registers and buffers', () => {
  const column = Float64Array.of(1, STALE_NAN, NaN)
  const copy = new Float64Array(3)
  for (let i = 0; i < 3; i++) copy[i] = column[i]
  expect([...copy].map(isStale)).toEqual([false, true, false])
  const view = new DataView(new ArrayBuffer(8))
  writeFloat64(view, 0, copy[1], false)
  expect(view.getBigUint64(0)).toBe(0x7ff0000000000002n)
})

test('values print as Go prints them', () => {
  const check = (v: number, want: string): void => expect(formatValue(v)).toBe(want)
  check(1.5, '1.5')
  check(-0, '-0')
  check(1e21, '1e+21')
  check(1e-7, '1e-07')
  check(123456789012, '123456789012')
  check(NaN, 'NaN')
  check(-Infinity, '-Inf')
})

test.each([
  ['a|b', ['a', 'b'], ''],
  ['(?:a|b c)', ['a', 'b c'], ''],
  ['a', ['a'], 'a'],
  ['', [''], ''],
  ['ab.*', undefined, 'ab'],
  ['ab*', undefined, 'a'],
  ['ab?c', undefined, 'a'],
  ['ab{0,2}', undefined, 'a'],
  ['ab+', undefined, 'ab'],
  ['a\u{1f600}*', undefined, 'a'],
  ['a\\.b', undefined, 'a'],
  ['ab.*|c', undefined, ''],
  ['ab(c|d)', undefined, ''],
  ['(?i)ab', undefined, ''],
  ['^ab', undefined, ''],
  ['ab$', undefined, 'ab'],
  ['.*ab', undefined, ''],
])('what %j can match: %j, from %j on', (expression, values, prefix) => {
  const matcher = new Matcher('=~', 'x', expression)
  expect(matcher.onlyValues).toEqual(values)
  expect(matcher.prefix).toBe(prefix)
  const other = new Matcher('!~', 'x', expression)
  expect([other.onlyValues, other.prefix]).toEqual([undefined, ''])
})
