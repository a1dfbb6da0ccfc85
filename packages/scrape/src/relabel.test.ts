import { Labels } from '@vigie/model'
import { expect, test } from 'vitest'
import { compileRelabel, relabelProblem, type RelabelConfig } from './relabel.ts'

const labels = (text: string): Labels =>
  Labels.fromPairs(text === '' ? [] : text.split(' ').flatMap((one) => one.split('=')))

/** `a=1 b=2` through the rules; undefined: dropped. */
function check(input: string, rules: RelabelConfig[], want: string | undefined): void {
  const got = compileRelabel(rules)!(labels(input))
  expect(got?.toString()).toBe(want === undefined ? undefined : labels(want).toString())
}

test('replace writes what the expression found', () => {
  const rule = (regex: string, replacement: string): RelabelConfig[] => [
    { sourceLabels: ['a'], regex, targetLabel: 'b', replacement },
  ]
  check('a=host:80', rule('([^:]+):(\\d+)', '${2}_${1}x'), 'a=host:80 b=80_hostx')
  check('a=host:80', rule('(?P<host>[^:]+):.*', '${host}$$'), 'a=host:80 b=host$')
  check('a=x', rule('y', 'z'), 'a=x')
  check('a=x b=y', rule('(.)', ''), 'a=x')
  check('a=x', rule('(.*)', '$1y$2'), 'a=x')
  check('a=x', rule('x', '${unclosed'), 'a=x b=${unclosed')
})

test('references are those of Go', () => {
  const got = (replacement: string, b: string): void =>
    check(
      'a=xy',
      [{ sourceLabels: ['a'], regex: '(?P<n>x)(y)', targetLabel: 'b', replacement }],
      `a=xy b=${b}`,
    )
  got('$0-$2$n', 'xy-yx')
  got('z$01${01}$é${é}$9', 'z')
  got('$$1$-', '$1$-')
})

test('cases change letter by letter', () => {
  const change = (action: 'lowercase' | 'uppercase', from: string, to: string): void =>
    check(`a=${from}`, [{ action, sourceLabels: ['a'], targetLabel: 'a' }], `a=${to}`)
  change('uppercase', 'straßeᾳﬁᾀ', 'STRAßEᾼﬁᾈ')
  change('lowercase', 'ΑΣİ', 'ασi')
})

test('what a rule wrote comes last where labels are mapped onto one', () => {
  check(
    'a=1 b=2',
    [
      { sourceLabels: ['a'], targetLabel: 'a', replacement: '3' },
      { action: 'labelmap', regex: '[ab]', replacement: 'c' },
    ],
    'a=3 b=2 c=3',
  )
  check('a=1', [{ action: 'keep', sourceLabels: ['a'], regex: '1)|(2' }], 'a=1')
})

test('an empty source is a value like any other', () => {
  check('a=1', [{ sourceLabels: ['none'], targetLabel: 'b', replacement: 'x' }], 'a=1 b=x')
  check('a=1', [{ sourceLabels: ['none'], regex: '(.+)', targetLabel: 'b' }], 'a=1')
})

test('keep and drop', () => {
  check('a=1', [{ action: 'keep', sourceLabels: ['a'], regex: '1|2' }], 'a=1')
  check('a=3', [{ action: 'keep', sourceLabels: ['a'], regex: '1|2' }], undefined)
  check('a=12', [{ action: 'drop', sourceLabels: ['a'], regex: '1' }], 'a=12')
  check('a=1 b=2', [{ action: 'drop', sourceLabels: ['a', 'b'], regex: '1;2' }], undefined)
})

test('problems are told in the words of Prometheus', () => {
  const problem = (rule: RelabelConfig, want: string | undefined): void =>
    expect(relabelProblem(rule)).toBe(want)
  problem(
    { action: 'hashmod', targetLabel: 'x' },
    'relabel configuration for hashmod requires non-zero modulus',
  )
  problem(
    { action: 'labeldrop', sourceLabels: ['a'] },
    "labeldrop action requires only 'regex', and no other fields",
  )
  problem({ action: 'keep', sourceLabels: ['a'] }, undefined)
  problem(
    { action: 'labelmap', replacement: '' },
    `"" is invalid 'replacement' for labelmap action`,
  )
  problem(
    { action: 'lowercase', targetLabel: 'a', replacement: 'x' },
    "'replacement' can not be set for lowercase action",
  )
  problem(
    { action: 'keepequal', targetLabel: 'a', regex: 'x' },
    "keepequal action requires only 'source_labels' and `target_label`, and no other fields",
  )
})
