// Values worked out by hand: what goes in, and what the summary says of it.
import { expect, test } from 'vitest'
import { DEFAULT_SYSTEM_TAGS } from '../options.ts'
import { summaryData } from '../summary/data.ts'
import { SampleBuffer } from './buffer.ts'
import { MetricsEngine } from './engine.ts'
import { BUILTIN_METRICS, type Metric } from './metric.ts'

const DURATION_MS = 4000
const STATS = ['count', 'avg', 'min', 'med', 'max', 'p(0)', 'p(90)', 'p(95)', 'p(99.9)', 'p(100)']

function valuesOf(
  metric: Metric,
  samples: readonly (readonly [value: number, tags: Record<string, string>])[],
): Record<string, unknown> {
  const engine = new MetricsEngine([metric], [], new Set(DEFAULT_SYSTEM_TAGS))
  // Two workers take turns, and hand over after every third sample.
  const workers = [new SampleBuffer(), new SampleBuffer()]
  samples.forEach(([value, tags], i) => {
    const buffer = workers[i % 2]!
    buffer.series(metric, buffer.tags.of(Object.entries(tags))).add(value)
    if (i % 3 !== 0) return
    const flush = buffer.flush()
    if (flush !== null) engine.ingest(i % 2, flush)
  })
  workers.forEach((buffer, worker) => {
    const flush = buffer.flush()
    if (flush !== null) engine.ingest(worker, flush)
  })
  const { metrics } = summaryData({
    engine,
    thresholds: [],
    durationMs: DURATION_MS,
    trendStats: STATS,
    timeUnit: '',
    noColor: true,
    isTTY: false,
    setupData: undefined,
  })
  return Object.fromEntries(Object.entries(metrics).map(([name, { values }]) => [name, values]))
}

const plain = (...values: number[]): [number, Record<string, string>][] =>
  values.map((value) => [value, {}])
const metric = (type: Metric['type']): Metric => ({ name: 'mm', type, contains: 'default' })

const cases: [what: string, metric: Metric, samples: ReturnType<typeof plain>, values: object][] = [
  [
    'a counter, per second of the run',
    metric('counter'),
    plain(1, 2.5, 6.5),
    { count: 10, rate: 2.5 },
  ],
  ['a counter that goes down', metric('counter'), plain(5, -7), { count: -2, rate: -0.5 }],
  ['a gauge below zero', metric('gauge'), plain(-3), { value: -3, min: -3, max: -3 }],
  [
    'a rate: what is not zero counts',
    metric('rate'),
    plain(0, 1, 5, -1, 0, 0, 0, 1),
    { rate: 0.5, passes: 4, fails: 4 },
  ],
  [
    'a trend of ten, linear between neighbours',
    metric('trend'),
    plain(7, 1, 10, 4, 2, 9, 3, 8, 5, 6),
    {
      count: 10,
      avg: 5.5,
      min: 1,
      med: 5.5,
      max: 10,
      'p(0)': 1,
      'p(90)': 9.1,
      'p(95)': 9.55,
      'p(99.9)': 9.991,
      'p(100)': 10,
    },
  ],
  [
    'a trend of one',
    metric('trend'),
    plain(3),
    {
      count: 1,
      avg: 3,
      min: 3,
      med: 3,
      max: 3,
      'p(0)': 3,
      'p(90)': 3,
      'p(95)': 3,
      'p(99.9)': 3,
      'p(100)': 3,
    },
  ],
  [
    'a trend below zero',
    metric('trend'),
    plain(-4, -2),
    {
      count: 2,
      avg: -3,
      min: -4,
      med: -3,
      max: -2,
      'p(0)': -4,
      'p(90)': -2.2,
      'p(95)': -2.1,
      'p(99.9)': -2.002,
      'p(100)': -2,
    },
  ],
]
test.each(cases)('%s', (_, one, samples, expected) => {
  const values = valuesOf(one, samples)['mm'] as Record<string, number>
  expect(Object.keys(values)).toEqual(Object.keys(expected))
  for (const [name, value] of Object.entries(expected))
    expect(values[name], name).toBeCloseTo(value as number, 9)
})

test('durations of requests that went as expected are kept apart', () => {
  const duration = BUILTIN_METRICS.get('http_req_duration')!
  const values = valuesOf(duration, [
    [10, { expected_response: 'true', url: 'a' }],
    [30, { expected_response: 'true', url: 'b' }],
    [500, { expected_response: 'false', url: 'a' }],
  ])
  expect(values['http_req_duration']).toMatchObject({ count: 3, avg: 180, med: 30, max: 500 })
  expect(values['http_req_duration{expected_response:true}']).toMatchObject({
    count: 2,
    avg: 20,
    max: 30,
  })
})
