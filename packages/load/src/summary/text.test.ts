import { expect, test } from 'vitest'
import type { Flush } from '../metrics/buffer.ts'
import { SampleBuffer } from '../metrics/buffer.ts'
import { MetricsEngine } from '../metrics/engine.ts'
import { BUILTIN_METRICS, type Metric } from '../metrics/metric.ts'
import { parseThresholds } from '../metrics/threshold.ts'
import { DEFAULT_SYSTEM_TAGS } from '../options.ts'
import { humanizeBytes, humanizeDuration } from './format.ts'
import { type SummaryMode, summaryText } from './text.ts'

const custom: Metric[] = [
  { name: 'my_rate', type: 'rate', contains: 'default' },
  { name: 'my_trend', type: 'trend', contains: 'default' },
]

/** `metric{tag=value} values…` a line, and the text that comes of a run of 10 s. */
function textOf(
  lines: string,
  mode: SummaryMode,
  thresholds: Record<string, string[]> = {},
): string {
  const groups = parseThresholds(Object.entries(thresholds))
  const engine = new MetricsEngine(custom, groups, new Set(DEFAULT_SYSTEM_TAGS))
  if (mode === 'full') engine.keepDetails()
  const buffer = new SampleBuffer()
  for (const line of lines.trim().split('\n')) {
    const [, name, tags, values] = /^\s*(\w+)(?:\{(.*?)\})? (.*)$/.exec(line)!
    const metric = BUILTIN_METRICS.get(name!) ?? custom.find((one) => one.name === name)!
    const pairs = (tags ?? '')
      .split(',')
      .filter(Boolean)
      .map((pair) => pair.split('=') as [string, string])
    for (const value of values!.split(' '))
      buffer.series(metric, buffer.tags.of([['group', ''], ...pairs])).add(Number(value))
  }
  engine.ingest(0, buffer.flush() as Flush)
  engine.evaluateThresholds(10_000, true)
  return summaryText({
    mode,
    total: engine.view(),
    ...engine.details(),
    thresholds: groups,
    generator: null,
    durationMs: 10_000,
    trendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)'],
    timeUnit: '',
    hasColour: false,
  })
}

const RUN = `
  checks{check=status is 200} 1 1 0
  checks{check=small,group=::a} 1 1 1
  http_req_duration{expected_response=true,kind=a} 10 20 30.5678
  http_req_duration{expected_response=false} 1500
  http_req_waiting 9 19 29
  http_req_failed 0 0 0 1
  http_reqs 1 1 1 1
  iterations 1 1
  iteration_duration 0.0005 61000
  group_duration{group=::a} 5
  my_rate 1 0 0
  my_trend 1.5 2
  vus 1 3 2
  vus_max 3
  data_received 8512
  data_sent 900`

test('compact', () => {
  expect(
    textOf(RUN, 'compact', {
      http_req_duration: ['p(95)<500', 'max<2000'],
      'http_req_duration{kind:a}': ['avg<50'],
      my_rate: ['rate>0.5'],
      http_reqs: ['rate<1', 'count==4'],
    }),
  ).toMatchInlineSnapshot(`
    "  █ THRESHOLDS 

        http_req_duration
        ✗ 'p(95)<500' p(95)=1.27s
        ✓ 'max<2000' max=1.5s

          {kind:a}
          ✓ 'avg<50' avg=20.18ms

        http_reqs
        ✓ 'rate<1' rate=0.4/s
        ✓ 'count==4' count=4

        my_rate
        ✗ 'rate>0.5' rate=33.33%


      █ TOTAL RESULTS 

        checks_total.......: 6      0.6/s
        checks_succeeded...: 83.33% 5 out of 6
        checks_failed......: 16.66% 1 out of 6

        ✗ status is 200
          ↳  66% — ✓ 2 / ✗ 1
        ✓ small

        CUSTOM
        my_rate........................: 33.33% 1 out of 3
        my_trend.......................: avg=1.75     min=1.5   med=1.75    max=2       p(90)=1.95    p(95)=1.975  

        HTTP
        http_req_duration..............: avg=390.14ms min=10ms  med=25.28ms max=1.5s    p(90)=1.05s   p(95)=1.27s  
          { expected_response:true }...: avg=20.18ms  min=10ms  med=20ms    max=30.56ms p(90)=28.45ms p(95)=29.51ms
          { kind:a }...................: avg=20.18ms  min=10ms  med=20ms    max=30.56ms p(90)=28.45ms p(95)=29.51ms
        http_req_failed................: 25.00% 1 out of 4
        http_reqs......................: 4      0.4/s

        EXECUTION
        iteration_duration.............: avg=30.5s    min=500ns med=30.5s   max=1m1s    p(90)=54.9s   p(95)=57.95s 
        iterations.....................: 2      0.2/s
        vus............................: 2      min=1      max=3
        vus_max........................: 3      min=3      max=3

        NETWORK
        data_received..................: 8.5 kB 851 B/s
        data_sent......................: 900 B  90 B/s

    "
  `)
})

test('full', () => {
  expect(
    textOf(
      'checks{check=c,group=::a,scenario=s} 1\nhttp_reqs{scenario=s,group=::a} 1\nhttp_req_waiting{scenario=s} 4\niterations{scenario=s} 1',
      'full',
    ),
  ).toMatchInlineSnapshot(`
    "  █ TOTAL RESULTS 

        checks_total.......: 1       0.1/s
        checks_succeeded...: 100.00% 1 out of 1
        checks_failed......: 0.00%   0 out of 1

        ✓ c

        HTTP
        http_req_waiting...: avg=4ms min=4ms med=4ms max=4ms p(90)=4ms p(95)=4ms
        http_reqs..........: 1 0.1/s

        EXECUTION
        iterations.........: 1 0.1/s

      █ GROUP: a 

        checks_total.......: 1       0.1/s
        checks_succeeded...: 100.00% 1 out of 1
        checks_failed......: 0.00%   0 out of 1

        ✓ c

        HTTP
        http_reqs...: 1 0.1/s

      █ SCENARIO: s 

        checks_total.......: 1       0.1/s
        checks_succeeded...: 100.00% 1 out of 1
        checks_failed......: 0.00%   0 out of 1

        ✓ c

        HTTP
        http_req_waiting...: avg=4ms min=4ms med=4ms max=4ms p(90)=4ms p(95)=4ms
        http_reqs..........: 1 0.1/s

        EXECUTION
        iterations.........: 1 0.1/s

        ↳ GROUP: a

          checks_total.......: 1       0.1/s
          checks_succeeded...: 100.00% 1 out of 1
          checks_failed......: 0.00%   0 out of 1

          ✓ c

          HTTP
          http_reqs...: 1 0.1/s

    "
  `)
})

const durations: [ms: number, text: string][] = [
  [0, '0s'],
  [0.0005, '500ns'],
  [0.12345, '123.45µs'],
  [5.999, '5.99ms'],
  [1234.5, '1.23s'],
  [59_999, '59.99s'],
  [61_000, '1m1s'],
  [3_725_000, '1h2m5s'],
]
test.each(durations)('%d ms', (ms, text) => {
  expect(humanizeDuration(ms)).toBe(text)
})

const bytes: [bytes: number, text: string][] = [
  [0, '0 B'],
  [5, '5 B'],
  [900, '900 B'],
  [8512, '8.5 kB'],
  [12_345, '12 kB'],
  [1_500_000, '1.5 MB'],
]
test.each(bytes)('%d bytes', (size, text) => {
  expect(humanizeBytes(size)).toBe(text)
})
