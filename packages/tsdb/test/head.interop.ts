/**
 * What only a head has: native histograms, samples out of order, deletions. We take over from a
 * Prometheus that was killed while it scraped, and a Prometheus takes over from us.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Labels, SampleColumns, isStale, makeHistogram } from '@vigie/model'
import { encodeWriteRequest } from '@vigie/model/remote-write'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Peer, startPrometheus } from '../../../interop/peers.ts'
import { type Tsdb, nodeDisk } from '../src/index.ts'
import { append, open, parseLabels, parseMatchers, write } from './notation.ts'

const HOUR = 3_600_000
const WINDOW = 'storage: { tsdb: { out_of_order_time_window: 4h } }\n'

let dir = ''
const running: Peer[] = []

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-interop-'))
})
afterEach(async () => {
  await kill()
  rmSync(dir, { recursive: true })
})

async function start(options: Parameters<typeof startPrometheus>[0]): Promise<Peer> {
  const server = await startPrometheus({ ...options, dataDir: join(dir, 'data') })
  running.push(server)
  return server
}

async function kill(): Promise<void> {
  for (const server of running.splice(0)) await server.kill('SIGKILL')
}

const openData = (): Promise<Tsdb> =>
  open({
    dir: join(dir, 'data'),
    disk: nodeDisk(),
    now: Date.now,
    outOfOrderTimeWindowMs: 4 * HOUR,
  })

interface Answer {
  data: {
    result: {
      metric: Record<string, string>
      values?: [t: number, v: string][]
      histograms?: [t: number, h: { count: string; sum: string }][]
    }[]
  }
}

/** All that a Prometheus has up to `nowMs`: `t:value`, `t:count/sum` of histograms. */
async function ask(url: string, nowMs: number): Promise<string[]> {
  const query = new URLSearchParams({ query: '{__name__=~".+"}[6h]', time: String(nowMs / 1000) })
  const { data }: Answer = JSON.parse(await (await fetch(`${url}/api/v1/query?${query}`)).text())
  return data.result
    .map(({ metric, values = [], histograms = [] }) => {
      const samples: [number, string][] = [
        ...values.map(([t, v]): [number, string] => [
          t,
          String(Number(v.replace('Inf', 'Infinity'))),
        ]),
        ...histograms.map(([t, { count, sum }]): [number, string] => [
          t,
          `${count}/${Number(sum)}`,
        ]),
      ]
      const shown = samples
        .sort(([a], [b]) => a - b)
        .map(([t, v]) => `${Math.round(t * 1000)}:${v}`)
      return [Labels.fromObject(metric).toString(), ...shown].join(' ')
    })
    .sort()
}

/** The same of ours. */
function show(tsdb: Tsdb, nowMs: number): string[] {
  const set = tsdb.select(parseMatchers('__name__=~".+"'), nowMs - 6 * HOUR + 1, nowMs)
  const columns = new SampleColumns()
  const lines: string[] = []
  for (let i = 0; i < set.count; i++) {
    set.samples(i, nowMs - 6 * HOUR + 1, nowMs, columns)
    const samples: string[] = []
    for (let j = 0; j < columns.length; j++) {
      const h = columns.h?.[j]
      if (isStale(columns.v[j])) continue
      samples.push(`${columns.t[j]}:${h === undefined ? columns.v[j] : `${h.count}/${h.sum}`}`)
    }
    if (samples.length > 0) lines.push([set.labels(i).toString(), ...samples].join(' '))
  }
  return lines.sort()
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 100))
}

test('a Prometheus that was killed while it scraped itself: the same answers', async () => {
  const server = await start({ flags: ['--enable-feature=native-histograms'] })
  const port = new URL(server.url).port
  await kill()
  const config = `scrape_configs: [{ job_name: self, scrape_interval: 1s, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }]\n`
  const scraping = await startPrometheus({
    config,
    dataDir: join(dir, 'data'),
    flags: ['--enable-feature=native-histograms'],
    port: Number(port),
  })
  running.push(scraping)
  const query = encodeURIComponent(
    'count_over_time(prometheus_http_request_duration_seconds[1h]) > 3',
  )
  await until(async () => {
    const answer = await fetch(`${scraping.url}/api/v1/query?query=${query}`)
    return ((await answer.json()) as Answer).data.result.length > 0
  })
  const nowMs = Date.now() - 1500
  const want = await ask(scraping.url, nowMs)
  await kill()
  const ours = await openData()
  expect(want.length).toBeGreaterThan(500)
  expect(want.some((line) => line.includes('/'))).toBe(true)
  expect(show(ours, nowMs)).toEqual(want)
  await ours.close()
  expect(readdirSync(join(dir, 'data'))).not.toContain('chunks_head')
})

test('Prometheus takes over what came to us out of order, histograms, and what we deleted', async () => {
  const nowMs = Date.now()
  const ours = await openData()
  write(ours, `a ${nowMs - 1000}:1`, `b ${nowMs - 1000}:1`)
  write(ours, `a ${nowMs - HOUR}:2 ${nowMs - 2 * HOUR}:3 ${nowMs - 500}:4`)
  const appender = ours.appender()
  const ref = appender.series(parseLabels('h{x="y"}'))
  for (const [i, back] of [3000, 2000, 1000, HOUR].entries())
    appender.appendHistogram(
      ref,
      nowMs - back,
      makeHistogram({
        isInteger: i !== 2,
        count: 3,
        sum: i + 0.5,
        positiveSpans: Int32Array.of(i, 2),
        positiveCounts: Float64Array.of(1, 2),
      }),
    )
  append(appender, `b ${nowMs - 2000}:7`)
  appender.commit()
  await ours.deleteSeries([parseMatchers('__name__="b"')], nowMs - 1500, nowMs)
  const want = show(ours, nowMs)
  expect(want.length).toBe(3)
  await ours.close()
  const server = await start({ config: WINDOW, flags: ['--enable-feature=native-histograms'] })
  expect(await ask(server.url, nowMs)).toEqual(want)
})

test('we take over what came to a Prometheus out of order', async () => {
  const server = await start({ config: WINDOW, flags: ['--web.enable-remote-write-receiver'] })
  const nowMs = Date.now()
  const send = async (times: number[]): Promise<void> => {
    const body = encodeWriteRequest({
      series: times.map((t) => ({
        labels: Labels.fromObject({ __name__: 'm', x: String(t % 2) }),
        t: [t],
        v: [t % 1000],
      })),
    })
    const headers = { 'Content-Type': 'application/x-protobuf', 'Content-Encoding': 'snappy' }
    const url = `${server.url}/api/v1/write`
    const { status } = await fetch(url, { method: 'POST', headers, body })
    expect(status).toBe(204)
  }
  // More than a chunk of 32, so that some were put away and markers written.
  for (let i = 0; i < 100; i++) await send([nowMs - ((i * 37) % 100) * 60_000])
  const want = await ask(server.url, nowMs)
  expect(want.join(' ').split(' ').length).toBeGreaterThan(100)
  await kill()
  const ours = await openData()
  expect(show(ours, nowMs)).toEqual(want)
  await ours.close()
})
