import { Labels } from '@vigie/model'
import { describe, expect, test } from 'vitest'
import { RuleTemplate, alertTemplateData, parseAlertTemplate } from './rule-template.ts'
import type { Value } from './value.ts'

const context = {
  query: async () => [{ labels: Labels.fromPairs(['__name__', 'up', 'job', 'api']), v: 0.5 }],
  timeMs: 1_353_755_652_000,
  externalUrl: 'http://vigie:9090/x',
}

const expand = (text: string, data: Value = null): Promise<string> =>
  new RuleTemplate('t', text).expand(data, context)

test('control structures, variables and scopes are those of Go', async () => {
  const check = async (text: string, want: string, data?: Value): Promise<void> =>
    expect(await expand(text, data), text).toBe(want)
  await check('a {{- 1 }} b', 'a1 b')
  await check('a {{ 1 -}} b', 'a 1b')
  await check('{{/* gone */}}x', 'x')
  await check('{{if 0}}a{{else if 1}}b{{else}}c{{end}}', 'b')
  await check('{{with ""}}a{{else}}b{{end}}', 'b')
  await check('{{range $i, $x := .}}{{$i}}={{$x}};{{end}}', '0=a;1=b;', ['a', 'b'])
  await check('{{range .}}{{else}}none{{end}}', 'none', [])
  await check('{{range 3}}{{.}}{{if eq . 1}}{{break}}{{end}}{{end}}', '01')
  await check('{{range 3}}{{if eq . 1}}{{continue}}{{end}}{{.}}{{end}}', '02')
  await check('{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}', '2')
  await check('{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}', '21')
  await check('{{define "a"}}[{{.}}]{{end}}{{template "a" 5}}', '[5]')
  await check('{{block "b" 7}}<{{.}}>{{end}}', '<7>')
  await check('{{and 0 (query "x").y}}', '0')
  await check('{{or 0 "a" "b"}}', 'a')
  await check(
    '{{printf "%5.2f|%-4s|%04d|%q|%v|%T" 3.14159 "a" 7 "b" 1e9 1}}',
    ' 3.14|a   |0007|"b"|1e+09|int',
  )
  await check('{{1234567.0}} {{100000.0}} {{0.00001}}', '1.234567e+06 100000 1e-05')
  await check(
    '{{index . "a"}}{{len .}}',
    '12',
    new Map<string, Value>([
      ['a', 1n],
      ['b', 2n],
    ]),
  )
  await check('{{slice "abcdef" 1 3}}', 'bc')
  await check('{{"a" | printf "%s-%s" "b"}}', 'b-a')
})

describe('errors name the place', () => {
  const check = async (text: string, want: string): Promise<void> => {
    const message = await Promise.resolve()
      .then(() => expand(text))
      .then(
        (out) => `printed ${out}`,
        (error: Error) => error.message,
      )
    expect(message.replace(/^error (parsing|executing) template t: template: /, '')).toBe(want)
  }
  test('in parsing', async () => {
    await check('{{ foo }}', 't:1: function "foo" not defined')
    await check('\n{{ $x }}', 't:2: undefined variable "$x"')
    await check('{{ if true }}', 't:1: unexpected EOF')
    await check('{{ end }}', 't:1: unexpected {{end}}')
    await check('{{ }}', 't:1: missing value for command')
    await check('{{ (1 }}', 't:1: unclosed left paren')
    await check('{{ "a }}', 't:1: unterminated quoted string')
    await check('{{ break }}', 't:1: {{break}} outside {{range}}')
  })
  test('in execution', async () => {
    await check(
      '{{ gt 1.5 1 }}',
      't:1:3: executing "t" at <gt 1.5 1>: error calling gt: incompatible types for comparison',
    )
    await check(
      '{{ toUpper 1 }}',
      't:1:11: executing "t" at <1>: wrong type for value; expected string; got int',
    )
    await check(
      '{{ toUpper }}',
      't:1:3: executing "t" at <toUpper>: wrong number of args for toUpper: want 1 got 0',
    )
    await check(
      '{{ template "x" }}',
      't:1:12: executing "t" at <{{template "x"}}>: template "x" not defined',
    )
  })
})

test('what never ends is stopped', async () => {
  await expect(expand('{{define "a"}}{{template "a"}}{{end}}{{template "a"}}')).rejects.toThrow(
    'exceeded maximum template depth',
  )
  await expect(expand('{{range 10000000}}x{{end}}')).rejects.toThrow('more than 1000000 steps')
})

test('labels and annotations see the alert', async () => {
  const labels = Labels.fromPairs(['job', 'api', 'instance', 'a:1'])
  const data = alertTemplateData(labels, new Map([['cluster', 'c1']]), 'http://x', 0.123)
  const template = parseAlertTemplate(
    'A',
    '{{ $labels.job }} {{ $labels.none }}{{ .Labels.instance }} {{ $value | humanizePercentage }} {{ $externalLabels.cluster }} {{ with query "up" }}{{ . | first | value }}{{ end }}',
  )
  expect(await template.expand(data, context)).toBe('api a:1 12.3% c1 0.5')
})
