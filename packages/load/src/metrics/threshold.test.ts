import { expect, test } from 'vitest'
import { createSink } from './sink.ts'
import { SlidingSink } from './sliding.ts'
import { compare, evaluateGroup, parseCondition, parseThresholds, wantsAbort } from './threshold.ts'

const good: [source: string, aggregate: string, operator: string, right: number][] = [
  ['p(95)<300', 'p(95)', '<', 300],
  ['p(99.9) <= 1e3', 'p(99.9)', '<=', 1000],
  ['p( 50 ) > .5', 'p(50)', '>', 0.5],
  [' avg>=-1.5 ', 'avg', '>=', -1.5],
  ['rate===1', 'rate', '==', 1],
  ['count!=0', 'count', '!=', 0],
  ['value == 5', 'value', '==', 5],
  ['max<=+Inf', 'max', '<=', Infinity],
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
  'avg<information',
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
    evaluateGroup(group!, { sink: createSink(type), sliding: null }, 1000, isEnd)
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
  evaluateGroup(group!, { sink, sliding: null }, 1000, false)
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

// A trend with a window of 5 s: one value a second from second 0 on, a dash is none. Looked at every
// second and at the end; what is given is the verdict after each look.
const windows: [what: string, given: object, values: string, verdicts: string][] = [
  ['nothing is said before a window is full', {}, '1 1 1 1 1 1', '- - - - + + +'],
  [
    'a window that fails, fails the run',
    {},
    '1 1 1 1 9 9 1 1 1 1 1 1',
    '- - - - + ✗ ✗ ✗ ✗ ✗ ✗ ✗ ✗',
  ],
  ['a run shorter than the window is one window', {}, '9 9', '- - ✗'],
  ['a window without samples says nothing', {}, '1 - - - - - - - 1', '- - - - + + + + + +'],
  [
    'unless samples are required',
    { requireSamples: true },
    '1 - - - - - - - 1',
    '- - - - + ✗ ✗ ✗ ✗ ✗',
  ],
]
test.each(windows)('%s', (_, given, values, verdicts) => {
  let nowMs = 1_000_000
  const [group] = parseThresholds([['m', [{ threshold: 'avg<4', window: '5s', ...given }]]])
  const sink = createSink('trend')
  const sliding = new SlidingSink('trend', 5000, () => nowMs)
  const seen = values.split(' ').map((value, i) => {
    const record = value === '-' ? [] : [Number(value)]
    nowMs = 1_000_000 + i * 1000
    for (const one of [sink, sliding]) if (record.length > 0) one.add(Float64Array.from(record))
    nowMs += 1000
    evaluateGroup(group!, { sink, sliding }, (i + 1) * 1000, false, nowMs)
    return sign(group!.thresholds[0]!.ok)
  })
  evaluateGroup(group!, { sink, sliding }, nowMs - 1_000_000, true, nowMs)
  expect([...seen, sign(group!.thresholds[0]!.ok)].join(' ')).toBe(verdicts)
})
const sign = (ok: boolean | null): string => (ok === null ? '-' : ok ? '+' : '✗')

test('a threshold that requires samples fails without any', () => {
  const [group] = parseThresholds([['m', [{ threshold: 'rate<1', requireSamples: true }]]])
  evaluateGroup(group!, { sink: createSink('rate'), sliding: null }, 1000, true)
  expect(group!.thresholds[0]).toMatchObject({ ok: false, problem: 'there are no samples' })
})

test('windows that cannot be are refused', () => {
  const one = (window: unknown, key = 'm'): unknown =>
    parseThresholds([[key, [{ threshold: 'value<4', window }]]])
  for (const window of ['soon', '10ms', '2h', -1])
    expect(() => one(window)).toThrow(expect.objectContaining({ exitCode: 104 }))
  expect(() => one('1m', 'promql(up)')).toThrow(/let the expression have it/)
})
