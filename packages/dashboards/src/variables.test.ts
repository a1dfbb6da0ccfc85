import { expect, test } from 'vitest'
import {
  type VariableSource,
  builtinVariables,
  interpolateText,
  parseVariableQuery,
  readDashboard,
  resolveVariables,
  variableValue,
} from './index.ts'
import { pickOptions, sortOptions, splitCustom } from './variable-options.ts'

test('what a query asks', () => {
  const check = (query: string, want: object): void =>
    expect(parseVariableQuery(query), query).toEqual(want)
  const values = (label: string, selector = ''): object => ({
    kind: 'labelValues',
    label,
    selector,
  })
  check('label_values(job)', values('job'))
  check('label_values(up, job)', values('job', 'up'))
  check(' label_values(up{a=~"x|y,z", b!=""},job) ', values('job', 'up{a=~"x|y,z", b!=""}'))
  check('label_values({__name__=~"a,b"}, "job")', values('job', '{__name__=~"a,b"}'))
  check('label_values(up{a="x"})', { kind: 'labelValues', label: 'up{a="x"}', selector: '' })
  check('label_names()', { kind: 'labelNames' })
  check('metrics(^http_)', { kind: 'metrics', pattern: /^http_/ })
  check('query_result(topk(3, sum(up) by (job)))', {
    kind: 'queryResult',
    expr: 'topk(3, sum(up) by (job))',
  })
  check('up{job="a"}', { kind: 'series', selector: 'up{job="a"}' })
  check('', { kind: 'nothing' })
})

test('what a regex makes of the answers', () => {
  const check = (regex: string, want: string): void =>
    expect(
      pickOptions(['web-1:90', 'web-2:90', 'db-1:91'], regex)
        .map(({ text, value }) => (text === value ? text : `${text}=${value}`))
        .join(' '),
      regex,
    ).toBe(want)
  check('', 'web-1:90 web-2:90 db-1:91')
  check('/web/', 'web-1:90 web-2:90')
  check('web.*', 'web-1:90 web-2:90')
  check('web', '')
  check('/(.*):/', 'web-1 web-2 db-1')
  check('/([a-z]+)-/', 'web db')
  check('/(?<text>.*):(?<value>.*)/', 'web-1=90 db-1=91')
  check('/(\\d+)/g', '1 90 2 91')
  check('/[/', 'web-1:90 web-2:90 db-1:91')
})

test('orders', () => {
  const check = (sort: number, want: string): void =>
    expect(
      sortOptions(
        ['b2', 'B10', 'a1'].map((text) => ({ text, value: text })),
        sort,
      )
        .map((one) => one.text)
        .join(' '),
    ).toBe(want)
  check(0, 'b2 B10 a1')
  check(1, 'B10 a1 b2')
  check(2, 'b2 a1 B10')
  check(3, 'a1 b2 B10')
  check(4, 'B10 b2 a1')
  check(5, 'a1 B10 b2')
  check(7, 'a1 b2 B10')
  check(8, 'B10 b2 a1')
})

test('values of one’s own', () => {
  expect(splitCustom('a, b\\,c, shown : v')).toEqual([
    { text: 'a', value: 'a' },
    { text: 'b,c', value: 'b,c' },
    { text: 'shown', value: 'v' },
  ])
})

test('formats', () => {
  const variables = new Map([
    ['v', { values: ['a.b', "c'd"], isMulti: true, text: 'A + C' }],
    ['at', { values: ['1700000000000'], isMulti: false }],
  ])
  const check = (text: string, want: string): void =>
    expect(interpolateText(text, variables), text).toBe(want)
  check('${v}', 'A + C')
  check('[[v:csv]]', "a.b,c'd")
  check('${v:regex}', "(a\\.b|c'd)")
  check('${v:glob}', "{a.b,c'd}")
  check('${v:json}', '["a.b","c\'d"]')
  check('${v:singlequote}', "'a.b','c\\'d'")
  check('${v:doublequote}', '"a.b","c\'d"')
  check('${v:queryparam}', 'var-v=a.b&var-v=c%27d')
  check('${v:percentencode}', '%7Ba.b%2Cc%27d%7D')
  check('${v:distributed}', "a.b,v=c'd")
  check('${at:date:iso}', '2023-11-14T22:13:20.000Z')
  check('${at:date:seconds}', '1700000000')
})

const source: VariableSource = {
  labelNames: () => Promise.resolve([]),
  labelValues: () => Promise.reject(new Error('no such label')),
  queryResult: () => Promise.resolve([]),
  series: () => Promise.resolve([]),
}
const valuesOf = async (
  list: object[],
  chosen: [string, string[]][] = [],
): Promise<[string, readonly string[], string | undefined][]> => {
  const { variables } = readDashboard({ panels: [], templating: { list } })
  const builtins = builtinVariables({
    fromMs: 0,
    toMs: 3_600_000,
    stepMs: 15_000,
    scrapeMs: 15_000,
  })
  const resolved = await resolveVariables(variables, new Map(chosen), source, builtins)
  return resolved.map((one) => {
    const { values, text } = variableValue(one)
    return [one.def.name, values, text]
  })
}

test('intervals can follow the range', async () => {
  const interval = {
    name: 'i',
    type: 'interval',
    query: '1m,5m',
    auto: true,
    auto_count: 60,
    auto_min: '10s',
  }
  expect(await valuesOf([{ ...interval, current: { value: '$__auto_interval_i' } }])).toEqual([
    ['i', ['1m'], 'auto'],
  ])
  expect(await valuesOf([{ ...interval, auto_min: '5m' }], [['i', ['auto']]])).toEqual([
    ['i', ['5m'], 'auto'],
  ])
  expect(await valuesOf([interval], [['i', ['5m']]])).toEqual([['i', ['5m'], '5m']])
})

test('texts, constants and data sources', async () => {
  expect(
    await valuesOf([
      { name: 't', type: 'textbox', query: 'x' },
      { name: 'c', type: 'constant', query: 'y' },
      { name: 'd', type: 'datasource', query: 'prometheus' },
      { name: 'filters', type: 'adhoc' },
    ]),
  ).toEqual([
    ['t', ['x'], 'x'],
    ['c', ['y'], 'y'],
    ['d', ['vigie'], 'Vigie'],
    ['filters', [], ''],
  ])
})

test('a variable that cannot be asked for says why and breaks no other', async () => {
  const { variables } = readDashboard({
    panels: [],
    templating: {
      list: [
        { name: 'a', type: 'query', query: 'label_values(x)' },
        { name: 'b', type: 'custom', query: '1,2' },
      ],
    },
  })
  const resolved = await resolveVariables(variables, new Map(), source, new Map())
  expect(resolved.map((one) => [one.error, one.selected])).toEqual([
    ['no such label', []],
    ['', ['1']],
  ])
})
