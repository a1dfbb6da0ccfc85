// Native histograms beside Prometheus itself: the same series, the same answers.
import { Labels } from '@vigie/model'
import { encodeWriteRequest } from '@vigie/model/remote-write'
import { expect, test } from 'vitest'
import { startPrometheus } from '../../../interop/peers.ts'
import { Engine, type MatrixResult } from '../src/index.ts'
import { plainOf } from './histogram-oracle.ts'
import { Memory, memory } from './memory.ts'

const STEP_MS = 15_000
const START_MS = Math.floor(Date.now() / 60_000) * 60_000 - 1_200_000

/** Counts are high, so that rates are not cut off at zero, where 3.5 differs. */
const LINES = [
  'h{a="1"} {{schema:1 count:900 sum:2000 z_bucket:100 z_bucket_w:1e-9 buckets:[300 500]}}+{{schema:1 count:9 sum:20.5 z_bucket:1 z_bucket_w:1e-9 buckets:[3 5]}}x20 _x3 {{schema:0 count:800 sum:900 z_bucket_w:1e-9 buckets:[400 400]}}x9',
  'h{a="2"} {{schema:2 count:700 sum:-50 n_buckets:[200] buckets:[300 0 200]}}+{{schema:2 count:3 sum:-1 n_buckets:[2] buckets:[1]}}x35',
  'c{a="1"} {{schema:-53 count:600 sum:900 custom_values:[1 2 5] buckets:[100 200 300]}}+{{schema:-53 count:6 sum:9 custom_values:[1 2 5] buckets:[1 2 2 1]}}x35',
  'c{a="2"} {{schema:-53 count:500 sum:70 custom_values:[1 2 5] buckets:[500]}}x10 _x5 {{schema:-53 count:550 sum:90 custom_values:[1 2 5] buckets:[500 50]}}x18',
]

const QUERIES = [
  'h',
  'rate(h[2m])',
  'increase(h{a="1"}[90s])',
  'irate(c[1m])',
  'resets(h[5m])',
  'changes(c[3m])',
  'sum_over_time(c[1m])',
  'sum(h)',
  'sum by (a) (rate(c[2m])) * 3',
  'h - h offset 1m',
  '-c',
  'histogram_count(rate(h[2m]))',
  'histogram_avg(c)',
  'histogram_stddev(h)',
  'histogram_quantile(0.3, h)',
  'histogram_quantile(0.93, rate(c[2m]))',
  'histogram_fraction(-1, 1.7, h)',
  'count_over_time(h[3m])',
  'max(h)',
  'h > 1',
]

const number = (v: number): string => (v === 0 ? '0' : v.toPrecision(11))

interface Answer {
  error?: string
  warnings?: string[]
  infos?: string[]
  data: {
    result: {
      metric: Record<string, string>
      values?: [number, string][]
      histograms?: [number, { count: string; sum: string; buckets?: [number, ...string[]][] }][]
    }[]
  }
}

/** A line a sample: labels, time, and the value, or count, sum and upper bounds with counts. */
function theirs({ data, warnings = [], infos = [] }: Answer): string[] {
  const lines = data.result.flatMap(({ metric, values = [], histograms = [] }) => {
    const labels = Labels.fromObject(metric).toString()
    return [
      ...values.map(([t, v]) => `${labels} ${t} ${number(Number(v))}`),
      ...histograms.map(([t, { count, sum, buckets = [] }]) => {
        const counts = buckets.map((bucket) => number(Number(bucket[3]))).sort()
        return `${labels} ${t} ${number(Number(count))} ${number(Number(sum))} ${counts.join(' ')}`
      }),
    ]
  })
  return [...lines, ...warnings, ...infos].sort()
}

function ours({ series, warnings, infos }: MatrixResult): string[] {
  const lines = series.flatMap(({ labels, t, v, h }) =>
    Array.from(t, (ms, i) => {
      const one = h?.[i]
      const start = `${labels.toString()} ${ms / 1000}`
      if (one === undefined) return `${start} ${number(v[i])}`
      const { count, sum, zero, buckets } = plainOf(one)
      // The API shows a zero bucket that holds something only.
      const all = zero > 0 ? [zero, ...buckets.values()] : [...buckets.values()]
      const counts = all.filter((n) => n !== 0).map(number)
      return `${start} ${number(count)} ${number(sum)} ${counts.sort().join(' ')}`
    }),
  )
  return [...lines, ...warnings, ...infos].sort()
}

test('answers about histograms are those of Prometheus', async () => {
  const prometheus = await startPrometheus({
    flags: ['--web.enable-remote-write-receiver', '--enable-feature=native-histograms'],
  })
  try {
    const series = memory(LINES.join('\n'), STEP_MS).series.map((one) => ({
      ...one,
      t: one.t.map((t) => t + START_MS),
    }))
    const body = encodeWriteRequest({
      series: series.map(({ labels, t, v, h }) => ({ labels, t: [...t], v, h })),
    })
    const headers = {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    }
    const written = await fetch(`${prometheus.url}/api/v1/write`, {
      method: 'POST',
      headers,
      body: Buffer.from(body),
    })
    expect(written.status, await written.text()).toBe(204)
    const range = { startMs: START_MS + 60_000, endMs: START_MS + 540_000, stepMs: 30_000 }
    for (const query of QUERIES) {
      const form = new URLSearchParams({
        query,
        start: `${range.startMs / 1000}`,
        end: `${range.endMs / 1000}`,
        step: '30',
      })
      const answer = await fetch(`${prometheus.url}/api/v1/query_range?${form.toString()}`)
      const want = theirs((await answer.json()) as Answer)
      expect(want.length, query).toBeGreaterThan(0)
      expect(ours(await new Engine().range(new Memory(series), query, range)), query).toEqual(want)
    }
  } finally {
    await prometheus.kill()
  }
}, 60_000)
