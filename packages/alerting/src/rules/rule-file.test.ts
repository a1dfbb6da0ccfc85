import { expect, test } from 'vitest'
import { parseRuleFile } from './rule-file.ts'

test('a rule file is read, its group labels go to its rules', () => {
  const { groups, errors } = parseRuleFile(
    `groups:
  - name: g
    interval: 15s
    limit: 3
    query_offset: 1m
    labels: {team: a, severity: low}
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: Down
        expr: up == 0
        for: 1m30s
        keep_firing_for: 0s
        labels: {severity: 1}
        annotations: {summary: "{{ $labels.instance }} {{ $value }}"}
`,
    'rules.yml',
  )
  expect(errors).toEqual([])
  expect(groups).toEqual([
    {
      name: 'g',
      file: 'rules.yml',
      intervalMs: 15_000,
      limit: 3,
      queryOffsetMs: 60_000,
      rules: [
        {
          type: 'recording',
          name: 'job:up:sum',
          expr: 'sum by (job) (up)',
          labels: new Map([
            ['team', 'a'],
            ['severity', 'low'],
          ]),
        },
        {
          type: 'alerting',
          name: 'Down',
          expr: 'up == 0',
          forMs: 90_000,
          keepFiringForMs: 0,
          labels: new Map([
            ['team', 'a'],
            ['severity', '1'],
          ]),
          annotations: new Map([['summary', '{{ $labels.instance }} {{ $value }}']]),
        },
      ],
    },
  ])
  expect(parseRuleFile('', 'f')).toEqual({ groups: [], errors: [] })
})

test('everything that is wrong is told at once, with its line', () => {
  const { groups, errors } = parseRuleFile(
    `groups:
  - name: g
    wat: 1
    rules:
      - alert: A
        expr: rate(up)
        annotation: {}
      - record: r
        alert: A
        expr: 1
      - record: 'a{b="c"}'
        expr: 1
        for: 5m
      - alert: B
        expr: up
        for: soon
        labels: {__name__: x}
        annotations: {summary: "{{ .X "}
  - name: g
  - rules: 5
`,
    'f',
  )
  expect(groups).toEqual([])
  expect(errors.map((one) => `${one.line} ${one.key}: ${one.message}`)).toEqual([
    '3 groups.0.wat: unknown key; want one of name, interval, limit, query_offset, labels, rules',
    '6 groups.0.rules.0.expr: group "g", rule 1, "A": could not parse expression: 1:6: parse error: expected type range vector in call to function "rate", got instant vector',
    '7 groups.0.rules.0.annotation: unknown key; want one of record, alert, expr, for, keep_firing_for, labels, annotations',
    '9 groups.0.rules.1.alert: group "g", rule 2, "r": only one of \'record\' and \'alert\' must be set',
    '11 groups.0.rules.2.record: group "g", rule 3, "a{b=\\"c\\"}": braces present in the recording rule name; should it be in expr?: a{b="c"}',
    '13 groups.0.rules.2.for: group "g", rule 3, "a{b=\\"c\\"}": invalid field \'for\' in recording rule',
    '16 groups.0.rules.3.for: not a valid duration string: "soon"',
    '17 groups.0.rules.3.labels: group "g", rule 4, "B": invalid label name: __name__',
    '18 groups.0.rules.3.annotations: group "g", rule 4, "B": annotation "summary": error parsing template __alert_B: template: __alert_B:1: unclosed action',
    '19 groups.1.name: groupname: "g" is repeated in the same file',
    '20 groups.2: Groupname must not be empty',
    '20 groups.2.rules: got "5", want a list',
  ])
})

test('broken YAML has a line as well', () => {
  expect(parseRuleFile('groups:\n  - name: [', 'f').errors[0].line).toBe(2)
  expect(parseRuleFile('groups: 1\ngroups: 2', 'f').errors[0].message).toBe(
    'Map keys must be unique',
  )
})
