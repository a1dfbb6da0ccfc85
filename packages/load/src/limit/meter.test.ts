import { expect, test } from 'vitest'
import { MetricsEngine } from '../metrics/engine.ts'
import { BUILTIN_METRICS, type Metric } from '../metrics/metric.ts'
import { parseThresholds } from '../metrics/threshold.ts'
import { LoadMeter } from './meter.ts'

const CUSTOM: Metric[] = [{ name: 'lost', type: 'counter', contains: 'default' }]

interface Metered {
  meter: LoadMeter
  add: (name: string, values: number[], tags?: Record<string, string>) => void
  cut: () => Promise<{ reasons: string[]; closeness: number }>
}

/** A meter over thresholds, and how to give it samples: `add('http_req_duration', [1, 2], { status: '200' })`. */
function meterOf(thresholds: Record<string, string[]>): Metered {
  let now = 0
  const groups = parseThresholds(Object.entries(thresholds))
  const engine = new MetricsEngine(CUSTOM, groups, new Set(['status', 'error_code']))
  const meter = new LoadMeter(engine, groups, undefined, () => now)
  let id = 0
  return {
    meter,
    add: (name, values, tags = {}) => {
      const metric = BUILTIN_METRICS.get(name) ?? CUSTOM.find((one) => one.name === name)!
      engine.ingest(0, {
        series: [{ id: ++id, metric, tags: Object.entries(tags) }],
        records: Float64Array.from([id, values.length, ...values]),
      })
    },
    cut: async () => {
      now += 1000
      const { reasons, closeness } = await meter.cut()
      return { reasons: reasons.map((one) => `${one.class} ${one.text}`), closeness }
    },
  }
}

test('each window is judged on its own', async () => {
  const { add, cut } = meterOf({ http_req_duration: ['p(95)<100'] })
  add('http_req_duration', [50, 60])
  expect(await cut()).toEqual({ reasons: [], closeness: 0.595 })
  add('http_req_duration', [500])
  expect((await cut()).reasons).toEqual(['latency http_req_duration p(95)<100: 500'])
  add('http_req_duration', [50])
  expect((await cut()).reasons).toEqual([])
  expect(await cut()).toEqual({ reasons: [], closeness: 0 })
})

test('submetrics take only their own samples', async () => {
  const { add, cut } = meterOf({ 'http_req_duration{status:200}': ['max<100'] })
  add('http_req_duration', [500], { status: '500' })
  add('http_req_duration', [50], { status: '200' })
  expect((await cut()).reasons).toEqual([])
})

/** Codes of failed requests, and what they mean. */
const codes: [Record<string, number>, string][] = [
  [{ '1500': 3 }, 'errors'],
  [{ '1050': 2, '1500': 1 }, 'timeouts'],
  [{ '1212': 2, '1220': 1, '1500': 2 }, 'crash'],
]
test.each(codes)('failures with the codes %j are %s', async (counts, want) => {
  const { add, cut } = meterOf({ http_req_failed: ['rate<0.5'] })
  for (const [error_code, count] of Object.entries(counts))
    add('http_req_failed', [count, count], { error_code })
  expect((await cut()).reasons).toEqual([`${want} http_req_failed rate<0.5: 1`])
})

test('counts go on through a level, minima of counters say nothing', async () => {
  const { add, cut, meter } = meterOf({ lost: ['count<3', 'count>100'], http_reqs: ['rate>50'] })
  meter.startHold()
  add('lost', [2])
  add('http_reqs', [10])
  expect((await cut()).reasons).toEqual([])
  add('lost', [2])
  expect((await cut()).reasons).toEqual(['latency lost count<3: 4'])
  meter.startHold()
  add('lost', [1])
  expect((await cut()).reasons).toEqual([])
})
