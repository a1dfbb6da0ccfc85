/**
 * `storage: { url }`: a real VictoriaMetrics, and a real Prometheus, keep the samples; Vigie scrapes,
 * evaluates rules and answers dashboards from there.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Labels, makeHistogram } from '@vigie/model'
import { encodeWriteRequest } from '@vigie/model/remote-write'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Peer, startPrometheus, startVictoriaMetrics } from '../../../interop/peers.ts'
import { type TestVigie, startTestVigie } from './start-vigie.ts'

let dir: string
let target: Server
let address: string
let peer: Peer | undefined
let vigie: TestVigie | undefined

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-cluster-'))
  let count = 0
  target = createServer((_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4')
    response.end(`# TYPE jobs_total counter\njobs_total{queue="a"} ${++count}\nsize 5\n`)
  }).listen(0, '127.0.0.1')
  await once(target, 'listening')
  address = `127.0.0.1:${(target.address() as AddressInfo).port}`
})
afterEach(async () => {
  await vigie?.stop()
  await peer?.kill()
  target.closeAllConnections()
  target.close()
  rmSync(dir, { recursive: true, force: true })
})

const RULES = `
groups:
- name: g
  rules:
  - { record: 'queue:jobs:count', expr: 'count by (queue) (jobs_total)' }
  - { alert: Large, expr: 'size > 4', for: 1s, labels: { severity: page }, annotations: { summary: 'size is {{ $value }}' } }
  - { alert: Nothing, expr: 'absent(no_such_metric)', labels: { severity: page } }
`

const config = (url: string): string => `
default_rules: false
rule_files: [rules.yml]
global: { scrape_interval: 500ms, evaluation_interval: 500ms, external_labels: { cluster: c1 } }
storage: { url: '${url}', queue_config: { batch_send_deadline: 100ms } }
scrape_configs:
- job_name: app
  static_configs: [{ targets: ['${address}'] }]
`

interface Answer {
  status: string
  errorType?: string
  error?: string
  data: {
    result: {
      metric: Record<string, string>
      values: [number, string][]
      value: [number, string]
    }[]
  }
}

const ask = async (url: string, path: string): Promise<Answer> =>
  (await (await fetch(url + path)).json()) as Answer

const eventually = <T>(act: () => Promise<T>): Promise<T> =>
  vi.waitFor(act, { timeout: 45_000, interval: 200 })

const states = async (): Promise<string[]> => {
  const { data } = (await (await fetch(`${vigie!.url}/api/v1/alerts`)).json()) as {
    data: {
      alerts: {
        labels: Record<string, string>
        state: string
        annotations: Record<string, string>
      }[]
    }
  }
  return data.alerts
    .map(
      ({ labels, state, annotations }) =>
        `${labels.alertname} ${state} ${annotations.summary ?? ''}`,
    )
    .toSorted()
}

const start = {
  VictoriaMetrics: () => startVictoriaMetrics(join(dir, 'victoria')),
  Prometheus: () => startPrometheus({ flags: ['--web.enable-remote-write-receiver'] }),
}

test.each(['VictoriaMetrics', 'Prometheus'] as const)(
  'rules fire and dashboards are answered from %s',
  async (name) => {
    peer = await start[name]()
    vigie = await startTestVigie(config(peer.url), {}, { 'rules.yml': RULES })
    await eventually(async () => {
      expect(await states()).toEqual(['Large firing size is 5', 'Nothing firing '])
      // The rule's own series has made its way there and back.
      const { data } = await ask(vigie!.url, '/api/v1/query?query=queue:jobs:count')
      expect(data.result[0]?.metric).toEqual({
        __name__: 'queue:jobs:count',
        cluster: 'c1',
        queue: 'a',
      })
    })
    const now = Math.floor(Date.now() / 1000)
    const range = `start=${now - 60}&end=${now - 1}&step=1`
    for (const path of [
      `/api/v1/query?query=jobs_total[1m]&time=${now - 2}`,
      `/api/v1/query_range?query=rate(jobs_total[10s])&${range}`,
      `/api/v1/series?match[]=jobs_total&${range}`,
      '/api/v1/labels',
      '/api/v1/label/queue/values',
    ]) {
      const [ours, theirs] = await Promise.all([
        ask(vigie.url, path),
        ask(peer.url, `${path}${path.includes('?') ? '&' : '?'}nocache=1`),
      ])
      expect(ours.data, path).toEqual(theirs.data)
      expect(ours.status, path).toBe('success')
    }
    const error = await ask(vigie.url, '/api/v1/query?query=sum(')
    expect(error).toMatchObject({ status: 'error' })
  },
)

test('rules read and record native histograms', async () => {
  const flags = ['--web.enable-remote-write-receiver', '--enable-feature=native-histograms']
  peer = await startPrometheus({ flags })
  const h = makeHistogram({
    isInteger: true,
    schema: 3,
    count: 9,
    sum: 12.5,
    zeroThreshold: 0.001,
    zeroCount: 2,
    positiveSpans: Int32Array.of(-3, 2, 2, 1),
    positiveCounts: Float64Array.of(1, 2, 4),
  })
  const t = Date.now()
  const series = ['a', 'b'].map((name) => ({
    labels: Labels.fromObject({ __name__: 'native', name }),
    t: [t],
    v: [NaN],
    h: [h],
  }))
  const written = await fetch(`${peer.url}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    body: encodeWriteRequest({ series }),
  })
  expect(written.status, await written.text()).toBe(204)
  const rule = "groups: [{ name: g, rules: [{ record: 'all:native', expr: 'sum(native)' }] }]"
  vigie = await startTestVigie(config(peer.url), {}, { 'rules.yml': rule })
  await eventually(async () => {
    const query = async (text: string): Promise<unknown> => {
      const path = `/api/v1/query?query=${encodeURIComponent(text)}`
      const { result } = (await ask(peer!.url, path)).data as unknown as {
        result: { histogram: [number, unknown] }[]
      }
      return result[0]?.histogram[1]
    }
    const want = await query('sum(native)')
    expect(want).toMatchObject({ count: '18', sum: '25' })
    expect(await query('all:native')).toEqual(want)
  })
})

test('alerts survive a restart with an empty disk; a cluster that is gone is a clear error', async () => {
  peer = await start.Prometheus()
  const slow = RULES.replace('for: 1s', 'for: 1h')
  vigie = await startTestVigie(config(peer.url), {}, { 'rules.yml': slow })
  interface Alerts {
    data: { alerts: { labels: Record<string, string>; activeAt: string }[] }
  }
  const activeAt = async (): Promise<string | undefined> => {
    const { data } = (await (await fetch(`${vigie!.url}/api/v1/alerts`)).json()) as Alerts
    return data.alerts.find((one) => one.labels.alertname === 'Large')?.activeAt
  }
  const before = await eventually(async () => {
    const at = await activeAt()
    expect(at).toBeDefined()
    const { data } = await ask(peer!.url, '/api/v1/query?query=ALERTS_FOR_STATE{alertname="Large"}')
    expect(data.result).toHaveLength(1)
    return at!
  })
  await vigie.stop()
  await new Promise((resolve) => setTimeout(resolve, 1500))
  vigie = await startTestVigie(config(peer.url), {}, { 'rules.yml': slow })
  const seconds = (text: string): number => Math.floor(Date.parse(text) / 1000)
  await eventually(async () => {
    const at = await activeAt()
    expect(at).toBeDefined()
    // What was down does not count.
    expect(seconds(at!) - seconds(before)).toBeLessThan(5)
    expect(at).not.toBe(new Date().toISOString())
  })
  await peer.kill()
  const { status, errorType, error } = await ask(vigie.url, '/api/v1/query?query=up')
  expect([status, errorType]).toEqual(['error', 'unavailable'])
  expect(error).toBe(`cannot ask storage ${peer.url}: connection refused`)
  writeFileSync(vigie.configFile, 'default_rules: false\n')
  expect(vigie.vigie.reload()).toBe(true)
  expect((await ask(vigie.url, '/api/v1/query?query=vector(1)')).status).toBe('success')
})
