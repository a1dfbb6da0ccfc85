import { expect, test } from 'vitest'
import { createSink } from './sink.ts'
import { compare, evaluateGroup, parseCondition, parseThresholds, wantsAbort } from './threshold.ts'

const good: [source: string, aggregate: string, operator: string, right: number][] = [
  ['p(95)<300', 'p(95)', '<', 300],
  ['p(99.9) <= 1e3', 'p(99.9)', '<=', 1000],
  ['p( 50 ) > .5', 'p(50)', '>', 0.5],
  [' avg>=-1.5 ', 'avg', '>=', -1.5],
  ['rate===1', 'rate', '==', 1],
  ['count!=0', 'count', '!=', 0],
  ['value == 5', 'value', '==', 5],
]
test.each(good)('%s', (source, aggregate, operator, right) => {
  expect(parseCondition(source)).toEqual({ aggregate, operator, right })
})

const bad = [
  '',
  'p(95)',
  'p(95)<',
  '<300',
  'p(101)<1',
  'p(x)<1',
  'mean<1',
  'avg=<1',
  'avg<1 and avg>0',
  'avg<abc',
  'avg<0x10',
]
test.each(bad)('refuses %j', (source) => {
  expect(() => parseCondition(source)).toThrow(expect.objectContaining({ exitCode: 104 }))
})

const targets: [key: string, target: object][] = [
  ['http_reqs', { metric: 'http_reqs', tags: [] }],
  [
    'http_reqs{status:200, url:"http://x:1"}',
    {
      metric: 'http_reqs',
      tags: [
        ['status', '200'],
        ['url', 'http://x:1'],
      ],
    },
  ],
  ["checks{group: '::a'}", { metric: 'checks', tags: [['group', '::a']] }],
  ['checks{group:}', { metric: 'checks', tags: [['group', '']] }],
  [
    'promql(sum(rate(errors_total{job="x"}[30s])))',
    { promql: 'sum(rate(errors_total{job="x"}[30s]))' },
  ],
]
test.each(targets)('%s', (key, target) => {
  expect(
    parseThresholds([[key, ['value<1'].slice(0, 'promql' in target ? 1 : 0)]])[0]!.target,
  ).toEqual(target)
})

test('empty sinks: left alone during the run; at the end a rate passes and the others are zero', () => {
  const verdict = (
    type: 'rate' | 'trend' | 'counter' | 'gauge',
    source: string,
    isEnd: boolean,
  ): boolean | null => {
    const [group] = parseThresholds([['m', [source]]])
    evaluateGroup(group!, createSink(type), 1000, isEnd)
    return group!.thresholds[0]!.ok
  }
  expect(verdict('rate', 'rate>0.9', false)).toBe(null)
  expect(verdict('rate', 'rate>0.9', true)).toBe(true)
  expect(verdict('trend', 'avg>0', true)).toBe(false)
  expect(verdict('counter', 'count<1', true)).toBe(true)
  expect(verdict('gauge', 'value>0', true)).toBe(false)
})

test('a failed threshold asks for the end only with abortOnFail and after its delay', () => {
  const [group] = parseThresholds([
    ['m', [{ threshold: 'count<1', abortOnFail: true, delayAbortEval: '10s' }]],
  ])
  const sink = createSink('counter')
  sink.add(Float64Array.of(5))
  evaluateGroup(group!, sink, 1000, false)
  expect([wantsAbort([group!], 9000), wantsAbort([group!], 11_000)]).toEqual([false, true])
})

test('operators', () => {
  const holds = (source: string): boolean => compare(5, parseCondition(source))
  expect(['avg<5', 'avg<=5', 'avg>5', 'avg>=5', 'avg==5', 'avg!=5'].map(holds)).toEqual([
    false,
    true,
    false,
    true,
    true,
    false,
  ])
})
