// Experimental functions beside Prometheus itself: the same series, the same answers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Peer, promtool, startPrometheus } from '../../../interop/peers.ts'
import { Labels, formatValue } from '@vigie/model'
import { Engine, featureOptions } from '../src/index.ts'
import { Memory, type MemorySeries, seriesOf } from './memory.ts'

const START_S = 1_700_000_000
const STEP_S = 15
const SAMPLES = 60
const SERIES = 60

/** Counters with resets and gauges with gaps; names and values of many lengths. */
const series: MemorySeries[] = Array.from({ length: SERIES }, (_, i) => {
  const isCounter = i % 2 === 0
  const labels = Labels.fromObject({
    __name__: isCounter ? 'requests_total' : 'temperature',
    instance: `host-${i}:9090`,
    job: `job${i % 3}`,
    ...(i % 5 === 0 ? { path: '/'.padEnd(i * 6, 'ä') } : {}),
  })
  const samples = Array.from({ length: SAMPLES }, (_x, n) => {
    const value = isCounter ? ((n * (i + 1)) % (40 + i)) * 1.5 : Math.sin(n + i) * i
    const isGap = !isCounter && (n + i) % 7 === 0
    return [(START_S + n * STEP_S) * 1000, isGap ? undefined : value] as const
  })
  return seriesOf(labels, samples)
})

const openMetrics = (): string =>
  [
    ...series.flatMap(({ labels, t, v }) =>
      Array.from(t, (ms, i) => {
        const pairs = Array.from(labels.without('__name__'), ([name, one]) => `${name}="${one}"`)
        return `${labels.metricName}{${pairs.join(',')}} ${formatValue(v[i])} ${ms / 1000}`
      }),
    ),
    '# EOF\n',
  ].join('\n')

const FEATURES = ['promql-experimental-functions', 'promql-delayed-name-removal']

const QUERIES = [
  'limit_ratio(0.3, requests_total)',
  'limit_ratio(-0.7, requests_total)',
  'limit_ratio(0.5, temperature)',
  'limit_ratio(0.4, rate(requests_total[2m]))',
  'limit_ratio by (job) (0.5, {__name__=~".+"})',
  'mad_over_time(temperature[5m])',
  'double_exponential_smoothing(temperature[5m], 0.3, 0.4)',
  'ts_of_max_over_time(temperature[5m])',
  'ts_of_min_over_time(requests_total[5m])',
  'ts_of_last_over_time(temperature[5m])',
  'sum by (job) (rate(requests_total[3m]))',
  'quantile_over_time(0.3, temperature[4m])',
  'predict_linear(temperature[4m], 60)',
  'resets(requests_total[5m])',
  'stddev by (job) (temperature)',
  'topk by (job) (2, irate(requests_total[2m]))',
  'max_over_time(rate(requests_total[1m])[5m:30s])',
]

type Answer = Map<string, [number, number][]>

async function ours(query: string): Promise<Answer> {
  const engine = new Engine(featureOptions(FEATURES))
  const startMs = (START_S + 300) * 1000
  const range = { startMs, endMs: startMs + 300_000, stepMs: 30_000 }
  const { series: all } = await engine.range(new Memory(series), query, range)
  return new Map(
    all.map(({ labels, t, v }) => [
      labels.toString(),
      Array.from(t, (ms, i) => [ms / 1000, v[i]] as [number, number]),
    ]),
  )
}

async function theirs({ url }: Peer, query: string): Promise<Answer> {
  const start = START_S + 300
  const params = new URLSearchParams({
    query,
    start: `${start}`,
    end: `${start + 300}`,
    step: '30',
  })
  const response = await fetch(`${url}/api/v1/query_range?${params.toString()}`)
  const { data, error } = (await response.json()) as {
    error?: string
    data: { result: { metric: Record<string, string>; values: [number, string][] }[] }
  }
  if (error !== undefined) throw new Error(`${query}: ${error}`)
  return new Map(
    data.result.map(({ metric, values }) => [
      Labels.fromObject(metric).toString(),
      values.map(([t, v]) => [t, Number(v)] as [number, number]),
    ]),
  )
}

test('answers are those of Prometheus', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-promql-'))
  writeFileSync(join(dir, 'series.om'), openMetrics())
  await promtool(
    'tsdb',
    'create-blocks-from',
    'openmetrics',
    join(dir, 'series.om'),
    join(dir, 'data'),
  )
  const prometheus = await startPrometheus({
    dataDir: join(dir, 'data'),
    flags: [`--enable-feature=${FEATURES.join(',')}`, '--storage.tsdb.retention.time=100y'],
  })
  try {
    for (const query of QUERIES) {
      const [got, want] = [await ours(query), await theirs(prometheus, query)]
      expect([...got.keys()].sort(), query).toEqual([...want.keys()].sort())
      for (const [labels, points] of want) {
        const mine = got.get(labels)!
        expect(
          mine.map(([t]) => t),
          query,
        ).toEqual(points.map(([t]) => t))
        for (const [i, [, v]] of points.entries())
          expect(mine[i][1], `${query} ${labels}`).toBeCloseTo(v, 9)
      }
    }
  } finally {
    await prometheus.kill()
    rmSync(dir, { recursive: true, force: true })
  }
}, 60_000)
