import { expect, test } from 'vitest'
import { RunState, monotonicMs } from './executors/run-state.ts'
import { LiveFigures } from './live-figures.ts'
import { MetricsEngine } from './metrics/engine.ts'
import { BUILTIN_METRICS } from './metrics/metric.ts'
import { DEFAULT_SYSTEM_TAGS } from './options.ts'
import { Progress } from './progress.ts'

test('what a scenario does right now, from the last seconds alone', () => {
  let nowMs = 10_000
  const engine = new MetricsEngine([], [], new Set(DEFAULT_SYSTEM_TAGS))
  const live = new LiveFigures(engine, () => nowMs)
  const names = ['http_reqs', 'http_req_duration', 'http_req_failed', 'iterations']
  const series = names.map((name, id) => ({
    id,
    metric: BUILTIN_METRICS.get(name)!,
    tags: [['scenario', name === 'iterations' ? 'b' : 'a']] as const,
  }))
  engine.ingest(0, { series, records: new Float64Array() })
  expect(live.textOf('a')).toBe('')
  for (let second = 0; second < 20; second++) {
    nowMs = 11_000 + second * 1000
    const ms = second < 10 ? 900 : 100
    const records = [0, 1, 30, 1, 2, ms, ms, 2, 2, 3, 30, 3, 1, 4]
    engine.ingest(0, { series: [], records: Float64Array.from(records) })
  }
  expect(live.textOf('a')).toBe('30 req/s  p95=100ms  failed=10.00%')
  expect(live.textOf('b')).toBe('4.0 iter/s  p95=0s')
})

test('on a terminal, one write redraws every line, and none wraps', () => {
  const state = new RunState([
    {
      name: 'default',
      executor: 'constant-vus',
      vus: 2,
      durationMs: 10_000,
      exec: 'default',
      env: {},
      tags: {},
      startTimeMs: 0,
      gracefulStopMs: 0,
      stripes: null,
      vuStripes: null,
    },
  ])
  state.startMs = monotonicMs()
  const written: string[] = []
  const progress = new Progress(state, {
    write: (text) => void written.push(text),
    isTTY: true,
    columns: 60,
    live: () => '153 req/s  p95=57ms',
  })
  progress.start()
  progress.stop()
  const lines = written.join('').trim().split('\n')
  expect(lines.map((line) => line.length <= 59)).toEqual([true, true])
  expect(lines[1]).toMatch(/^default {3}\[[=>-]+\] 0\/2 VUs/)
})
