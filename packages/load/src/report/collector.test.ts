import { expect, test } from 'vitest'
import type { RunSeries } from '../metrics/engine.ts'
import { BUILTIN_METRICS } from '../metrics/metric.ts'
import { ReportCollector } from './collector.ts'

const series = (name: string, tags: Record<string, string> = {}): RunSeries => ({
  metric: BUILTIN_METRICS.get(name)!,
  tags: Object.entries(tags),
  sinks: [],
  checks: [],
})

test('a long run has wider points, and loses nothing', () => {
  let nowMs = 5000
  const collector = new ReportCollector('r.html', () => nowMs)
  const [requests, durations] = [series('http_reqs'), series('http_req_duration')]
  for (let second = 0; second < 2000; second++) {
    nowMs = 5000 + second * 1000
    collector.record(requests, Float64Array.of(2))
    collector.record(durations, Float64Array.of(second, second))
  }
  const { stepMs, points } = collector.timeline
  expect([stepMs, points.length]).toEqual([4000, 500])
  expect(points.reduce((sum, one) => sum + one.requests.sum, 0)).toBe(4000)
  expect(points[10]!.duration.values(0, ['min', 'med', 'max', 'count'])).toEqual({
    min: 40,
    med: 41.5,
    max: 43,
    count: 8,
  })
})

test('requests are told apart by method, name and status, up to a limit', () => {
  const collector = new ReportCollector('r.html', () => 0)
  for (let i = 0; i < 300; i++) {
    const tags = { method: 'GET', name: `/${i}`, status: '200' }
    collector.record(series('http_reqs', tags), Float64Array.of(1))
    collector.record(series('http_reqs', { ...tags, url: 'x' }), Float64Array.of(1))
  }
  const rows = [...collector.rows.values()]
  expect([rows.length, rows[0]!.count.sum, rows.at(-1)!.name, rows.at(-1)!.count.sum]).toEqual([
    201,
    2,
    '(others)',
    200,
  ])
})
