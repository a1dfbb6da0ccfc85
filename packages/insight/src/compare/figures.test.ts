import { expect, test } from 'vitest'
import { comparedRun, segmentPlan, withSegments } from './figures.ts'

const FIGURES = [
  { name: 'http_req_duration med', kind: 'latency', value: 12 },
  { name: 'http_req_duration p(95)', kind: 'latency', value: 40 },
  { name: 'http_reqs', kind: 'throughput', value: 100 },
  { name: 'http_req_failed', kind: 'errors', value: 0.01, count: 1000 },
  { name: 'checks failed', kind: 'errors', value: 0.1, count: 10 },
  { name: 'login_time p(95)', kind: 'latency', value: 7 },
]

test.each([
  [
    'a report',
    {
      http_req_duration: {
        type: 'trend',
        contains: 'time',
        values: { avg: 15, med: 12, 'p(95)': 40 },
      },
      'http_req_duration{name:a}': { type: 'trend', values: { 'p(95)': 1 } },
      http_req_waiting: { type: 'trend', values: { 'p(95)': 3 } },
      http_reqs: { type: 'counter', values: { count: 6000, rate: 100 } },
      http_req_failed: { type: 'rate', values: { rate: 0.01, passes: 10, fails: 990 } },
      checks: { type: 'rate', values: { rate: 0.9, passes: 9, fails: 1 } },
      login_time: { type: 'trend', values: { 'p(95)': 7 } },
      my_rate: { type: 'rate', values: { rate: 0.5, passes: 1, fails: 1 } },
      vus: { type: 'gauge', values: { value: 3, min: 1, max: 3 } },
    },
  ],
  [
    'an exported summary',
    {
      http_req_duration: { avg: 15, med: 12, 'p(95)': 40, thresholds: { 'p(95)<50': false } },
      http_reqs: { count: 6000, rate: 100 },
      http_req_failed: { value: 0.01, passes: 10, fails: 990 },
      checks: { value: 0.9, passes: 9, fails: 1 },
      login_time: { 'p(95)': 7 },
      vus: { value: 3, min: 1, max: 3 },
    },
  ],
])('figures of %s', (_, metrics) => {
  const { figures } = comparedRun({ id: 'a', metrics })
  expect(figures.map((one) => ({ ...one, value: Math.round(one.value * 1e9) / 1e9 }))).toEqual(
    FIGURES,
  )
})

test('the plan of segments', () => {
  const plan = segmentPlan({ id: 'a"b', startedMs: 1000, endedMs: 61_500 })!
  expect(plan).toMatchObject({ startMs: 11_083, endMs: 61_498, stepMs: 10_083 })
  expect(plan.queries.find(({ name }) => name === 'http_req_duration p(95)')!.expr).toBe(
    'histogram_quantile(0.95, sum by (le) (increase(k6_http_req_duration_seconds_bucket{testid="a\\"b"}[10083ms])))',
  )
  expect(segmentPlan({ id: 'a', startedMs: 0, endedMs: 11_000 })).toBeNull()
})

test('segments join the figures they belong to, when there are three or more', () => {
  const run = comparedRun({ id: 'a', metrics: { http_reqs: { rate: 5 }, iterations: { rate: 2 } } })
  const { figures } = withSegments(
    run,
    new Map([
      ['http_reqs', [1, NaN, 2, 3]],
      ['iterations', [1, 2]],
    ]),
  )
  expect(figures.map(({ segments }) => segments)).toEqual([[1, 2, 3], undefined])
})
