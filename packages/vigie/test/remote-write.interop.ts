/**
 * Remote write from a Vigie to real servers, both killed and started again while samples go through:
 * in the end the server has every sample that Vigie acknowledged, once.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Labels, makeHistogram } from '@vigie/model'
import { encodeWriteRequest } from '@vigie/model/remote-write'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  type Peer,
  freePort,
  startPrometheus,
  startVictoriaMetrics,
} from '../../../interop/peers.ts'
import { type Started, start } from './processes.ts'

let dir: string
let vigie: Started | undefined
let url = ''
let peer: Peer | undefined

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-remote-'))
})
afterEach(async () => {
  await vigie?.stop('SIGKILL')
  await peer?.kill()
  rmSync(dir, { recursive: true, force: true })
})

async function startVigie(writeUrl: string, keys = ''): Promise<void> {
  const config = `
default_rules: false
global: { external_labels: { cluster: c1 } }
remote_write:
- url: ${writeUrl}
  queue_config: { batch_send_deadline: 100ms, max_samples_per_send: 150, min_shards: 2, max_backoff: 200ms }
${keys}`
  writeFileSync(join(dir, 'vigie.yml'), config)
  const args = ['--config.file=vigie.yml', '--web.listen-address=127.0.0.1:0']
  vigie = start(dir, args)
  url = (await vigie.until(/Vigie is at (\S+)/))[1]
}

const SERIES = 100
const STEP_MS = 1000
const T0 = Math.floor(Date.now() / 1000) * 1000 - 600_000
const labelsOf = (i: number): Labels =>
  Labels.fromObject({ __name__: 'sent', series: String(i), job: 'test' })

/** Vigie has taken one sample of each series. */
async function write(step: number): Promise<void> {
  const series = Array.from({ length: SERIES }, (_, i) => ({
    labels: labelsOf(i),
    t: [T0 + step * STEP_MS],
    v: [step * 1000 + i],
  }))
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    body: encodeWriteRequest({ series }),
  })
  expect(response.status, await response.text()).toBe(204)
}

/** `series: t=v …` of all series. */
type Content = string[]
const wanted = (steps: number): Content =>
  Array.from({ length: SERIES }, (_, i) => {
    const samples = Array.from({ length: steps }, (__, k) => `${T0 + k * STEP_MS}=${k * 1000 + i}`)
    return `${i}: ${samples.join(' ')}`
  }).toSorted()

async function contentOfPrometheus(at: string): Promise<Content> {
  const query = `${at}/api/v1/query?query=sent%7Bcluster%3D%22c1%22%7D%5B1h%5D&time=${T0 / 1000 + 1200}`
  const { data } = (await (await fetch(query)).json()) as {
    data: { result: { metric: Record<string, string>; values: [number, string][] }[] }
  }
  return data.result
    .map(({ metric, values }) => {
      const samples = values.map(([t, v]) => `${Math.round(t * 1000)}=${v}`)
      return `${metric.series}: ${samples.join(' ')}`
    })
    .toSorted()
}

async function contentOfVictoria(at: string): Promise<Content> {
  await fetch(`${at}/internal/force_flush`)
  const export_ = `${at}/api/v1/export?match[]=sent&start=${T0 / 1000 - 60}&end=${T0 / 1000 + 1200}&reduce_mem_usage=0`
  const lines = (await (await fetch(export_)).text()).trim().split('\n')
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const { metric, values, timestamps } = JSON.parse(line) as {
        metric: Record<string, string>
        values: number[]
        timestamps: number[]
      }
      return `${metric.series}: ${timestamps.map((t, i) => `${t}=${values[i]}`).join(' ')}`
    })
    .toSorted()
}

/** The first series that is not as it should be, with what Vigie has of it and what it said. */
async function difference(got: Content, want: Content): Promise<string> {
  const at = want.findIndex((series, i) => series !== got[i])
  if (at < 0 && got.length === want.length) return ''
  const query = `${url}/api/v1/query?query=sent%7Bseries%3D%22${want[at].split(':')[0]}%22%7D%5B1h%5D`
  const own = await (await fetch(`${query}&time=${T0 / 1000 + 1200}`)).text()
  return `${got.length} series of ${want.length}; ${got[at]} instead of ${want[at]}; Vigie has ${own}\n${vigie!.output()}`
}

/** How long nothing new may come before the rest counts as lost. */
const STANDSTILL_MS = 30_000

/** '' once all series are as they should be, else what is wrong when nothing has changed for a while. */
async function remaining(content: () => Promise<Content>, steps: number): Promise<string> {
  const want = wanted(steps)
  let last = ''
  let endMs = 0
  for (;;) {
    const got = await content()
    const rest = await difference(got, want)
    if (rest === '') return ''
    const seen = got.join('\n') + (await requestCount())
    if (seen !== last) endMs = Date.now() + STANDSTILL_MS
    else if (Date.now() > endMs) return rest
    last = seen
    await setTimeout(200)
  }
}

/** Requests that Vigie has made: what may have arrived before is sent sample by sample, and nothing is new. */
async function requestCount(): Promise<string> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return (
    metrics.match(/^prometheus_remote_storage_sent_batch_duration_seconds_count.*$/m)?.[0] ?? ''
  )
}

const STEPS = 60

test.each([
  ['1.0', ''],
  ['2.0', '  protobuf_message: io.prometheus.write.v2.Request\n'],
])(
  'Prometheus, killed twice, and Vigie, killed twice: nothing lost, nothing twice (%s)',
  async (_, keys) => {
    const port = await freePort()
    const dataDir = join(dir, 'prometheus')
    const flags = ['--web.enable-remote-write-receiver']
    const startPeer = async (): Promise<void> => {
      peer = await startPrometheus({ dataDir, flags, port })
    }
    await startPeer()
    const writeUrl = `http://127.0.0.1:${port}/api/v1/write`
    await startVigie(writeUrl, keys)
    for (let step = 0; step < STEPS; step++) {
      if (step === 10 || step === 40) await peer!.kill('SIGKILL')
      if (step === 20 || step === 45) await startPeer()
      if (step === 30 || step === 43) {
        await vigie!.stop('SIGKILL')
        await startVigie(writeUrl, keys)
      }
      await write(step)
    }
    expect(await remaining(() => contentOfPrometheus(peer!.url), STEPS)).toBe('')
  },
)

test('VictoriaMetrics, stopped, and Vigie, killed: nothing lost, nothing twice', async () => {
  const port = await freePort()
  const startPeer = async (): Promise<void> => {
    // What is sent again after a kill arrives twice: this is how VictoriaMetrics is told to keep it once.
    peer = await startVictoriaMetrics(join(dir, 'victoria'), ['-dedup.minScrapeInterval=1ms'], port)
  }
  await startPeer()
  const writeUrl = `http://127.0.0.1:${port}/api/v1/write`
  await startVigie(writeUrl)
  for (let step = 0; step < STEPS; step++) {
    if (step === 10) await peer!.kill('SIGTERM')
    if (step === 20) await startPeer()
    if (step === 30) {
      await vigie!.stop('SIGKILL')
      await startVigie(writeUrl)
    }
    await write(step)
  }
  expect(await remaining(() => contentOfVictoria(peer!.url), STEPS)).toBe('')
})

test('native histograms arrive in Prometheus as they were', async () => {
  peer = await startPrometheus({
    flags: ['--web.enable-remote-write-receiver', '--enable-feature=native-histograms'],
  })
  await startVigie(
    `${peer.url}/api/v1/write`,
    '  send_native_histograms: true\n  protobuf_message: io.prometheus.write.v2.Request\n',
  )
  const h = makeHistogram({
    isInteger: true,
    schema: 1,
    count: 12,
    sum: 18.4,
    zeroThreshold: 0.001,
    zeroCount: 2,
    positiveSpans: Int32Array.of(0, 2, 1, 2),
    positiveCounts: Float64Array.of(1, 2, 1, 4),
    negativeSpans: Int32Array.of(0, 1),
    negativeCounts: Float64Array.of(2),
  })
  const labels = Labels.fromObject({ __name__: 'sent' })
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    body: encodeWriteRequest({ series: [{ labels, t: [T0], v: [NaN], h: [h] }] }),
  })
  expect(response.status).toBe(204)
  await vi.waitFor(
    async () => {
      const query = `${peer!.url}/api/v1/query?query=sent&time=${T0 / 1000}`
      const { data } = (await (await fetch(query)).json()) as {
        data: { result: { histogram: [number, Record<string, unknown>] }[] }
      }
      expect(data.result[0]?.histogram[1]).toMatchObject({ count: '12', sum: '18.4' })
      expect(data.result[0].histogram[1].buckets).toHaveLength(6)
    },
    { timeout: 20_000 },
  )
})
