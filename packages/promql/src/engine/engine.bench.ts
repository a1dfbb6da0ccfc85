// Queries as dashboards ask them: 2,000 series, a sample every 15 s for six hours, a step of 60 s.
import { Labels } from '@vigie/model'
import { bench, describe } from 'vitest'
import { Memory, type MemorySeries } from '../../test/memory.ts'
import { Engine } from './engine.ts'

const SERIES = 2000
const SAMPLES = 1440
const INTERVAL_MS = 15_000

const series = Array.from({ length: SERIES }, (_, i): MemorySeries => {
  const labels = Labels.fromObject({
    __name__: 'http_requests_total',
    instance: `host${i % 50}:9090`,
    job: `job${i % 5}`,
    path: `/api/${i % 40}`,
    number: String(i),
  })
  return {
    labels,
    t: Float64Array.from({ length: SAMPLES }, (_x, n) => n * INTERVAL_MS),
    v: Float64Array.from({ length: SAMPLES }, (_x, n) => n * (1 + (i % 7))),
  }
})

const store = new Memory(series)
const engine = new Engine()
const range = { startMs: 300_000, endMs: SAMPLES * INTERVAL_MS, stepMs: 60_000 }
const timeMs = SAMPLES * INTERVAL_MS

describe('over six hours', () => {
  const ask = (query: string): void =>
    bench(query, async () => {
      await engine.range(store, query, range)
    })
  ask('http_requests_total')
  ask('rate(http_requests_total[5m])')
  ask('sum by (job) (rate(http_requests_total[5m]))')
  ask('sum by (instance, path) (http_requests_total)')
  ask('max_over_time(http_requests_total[5m])')
  ask('http_requests_total / on (number) http_requests_total')
})

describe('at one time', () => {
  const ask = (query: string): void =>
    bench(query, async () => {
      await engine.instant(store, query, { timeMs })
    })
  ask('http_requests_total')
  ask('sum by (job) (rate(http_requests_total[5m]))')
  ask('topk(10, http_requests_total)')
})
