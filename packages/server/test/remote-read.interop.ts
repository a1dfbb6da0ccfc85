/** Remote read with a real Prometheus, in both directions: the same samples, floats and native histograms. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Histogram, Labels, Matcher, SampleColumns, makeHistogram } from '@vigie/model'
import { type WriteSeries, encodeWriteRequest } from '@vigie/model/remote-write'
import { SAMPLES, decodeReadResponse, encodeReadRequest } from '@vigie/remote'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Peer, freePort, startPrometheus } from '../../../interop/peers.ts'
import { type TestVigie, startTestVigie } from './start-vigie.ts'

const T0 = Math.floor(Date.now() / 1000) * 1000 - 1_200_000
const COUNT = 300

const histogramAt = (i: number): Histogram =>
  makeHistogram({
    isInteger: true,
    schema: 2,
    count: 3 * i + 3,
    sum: i * 1.5,
    positiveSpans: Int32Array.of(0, 2),
    positiveCounts: Float64Array.of(i + 1, 2 * i + 2),
  })

const series: WriteSeries[] = [
  ...Array.from({ length: 20 }, (_, k) => ({
    labels: Labels.fromObject({ __name__: 'floats', k: String(k) }),
    t: Array.from({ length: COUNT }, (__, i) => T0 + i * 1000 + k),
    v: Array.from({ length: COUNT }, (__, i) => Math.sin(i + k) * 1000),
  })),
  {
    labels: Labels.fromObject({ __name__: 'native' }),
    t: Array.from({ length: COUNT }, (_, i) => T0 + i * 1000),
    v: Array.from({ length: COUNT }, () => NaN),
    h: Array.from({ length: COUNT }, (_, i) => histogramAt(i)),
  },
]

let vigie: TestVigie | undefined
let peer: Peer | undefined

beforeEach(() => {
  vigie = undefined
  peer = undefined
})
afterEach(async () => {
  await vigie?.stop()
  await peer?.kill()
})

async function fill(url: string): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    body: encodeWriteRequest({ series }),
  })
  expect(response.status, await response.text()).toBe(204)
}

const ask = async (url: string, path: string): Promise<unknown> => {
  const body = (await (await fetch(url + path)).json()) as { status: string; data: unknown }
  expect(body, path).toMatchObject({ status: 'success' })
  return body.data
}

const end = T0 / 1000 + COUNT
const paths = [
  `/api/v1/query?query=sort(last_over_time(floats[5m]))&time=${end}`,
  `/api/v1/query?query=floats{k="7"}[10m]&time=${end}`,
  `/api/v1/query?query=count_over_time(floats{k=~"1."}[10m])&time=${end}`,
  `/api/v1/query_range?query=sum(floats)&start=${end - 200}&end=${end}&step=10`,
]

async function expectSame(reader: string, from: string): Promise<void> {
  for (const path of paths) {
    const [ours, theirs] = await Promise.all([ask(reader, path), ask(from, path)])
    expect(ours, path).toEqual(theirs)
    expect(JSON.stringify(theirs).length, path).toBeGreaterThan(100)
  }
}

const NATIVE = '--enable-feature=native-histograms'

test('what Vigie reads from Prometheus is what it has', async () => {
  peer = await startPrometheus({ flags: ['--web.enable-remote-write-receiver', NATIVE] })
  await fill(peer.url)
  vigie = await startTestVigie(
    `default_rules: false\nremote_read:\n- { url: '${peer.url}/api/v1/read', read_recent: true }\n`,
  )
  await expectSame(vigie.url, peer.url)
  const matchers = [new Matcher('=', '__name__', 'native')]
  const set = await vigie.vigie.queryable.select(matchers, T0, T0 + COUNT * 1000)
  const columns = new SampleColumns()
  set.samples(0, T0, T0 + COUNT * 1000, columns)
  expect(columns.length).toBe(COUNT)
  const shown = (h: Histogram | undefined): unknown => h && [h.count, h.sum, h.positiveCounts]
  expect(columns.h!.map(shown)).toEqual(
    Array.from({ length: COUNT }, (_, i) => shown(histogramAt(i))),
  )
})

test('what Prometheus reads from Vigie is what it has', async () => {
  vigie = await startTestVigie('default_rules: false\n')
  await fill(vigie.url)
  peer = await startPrometheus({
    config: `remote_read:\n- { url: '${vigie.url}/api/v1/read', read_recent: true }\n`,
    flags: [NATIVE],
  })
  await expectSame(peer.url, vigie.url)
  const { result } = (await ask(peer.url, `/api/v1/query?query=native[10m]&time=${end}`)) as {
    result: { histograms: [number, { count: string; sum: string }][] }[]
  }
  expect(result[0].histograms.map(([, h]) => [h.count, h.sum])).toEqual(
    Array.from({ length: COUNT }, (_, i) => [String(3 * i + 3), String(i * 1.5)]),
  )
})

test('servers that fail are warnings, as in Prometheus', async () => {
  const failing = createServer((_, response) => void response.writeHead(500).end('boom\n'))
  await once(failing.listen(0, '127.0.0.1'), 'listening')
  try {
    const far = `http://127.0.0.1:${(failing.address() as AddressInfo).port}/read`
    const gone = `http://127.0.0.1:${await freePort()}/read`
    const config = `remote_read:
- { url: '${far}', read_recent: true }
- { url: '${gone}', read_recent: true }
`
    vigie = await startTestVigie(`default_rules: false\n${config}`)
    peer = await startPrometheus({
      config,
      flags: ['--web.enable-remote-write-receiver', NATIVE],
    })
    const answerOf = async (at: string, path: string): Promise<unknown> => {
      const text = await (await fetch(at + path)).text()
      const body = JSON.parse(text) as { warnings?: string[] }
      // Why a connection failed is said in each one's own words.
      const warnings = body.warnings?.map((one) => one.replace(/(?<=\/read": ).*$/, '…')).sort()
      return { ...body, warnings }
    }
    for (const at of [vigie.url, peer.url]) await fill(at)
    const selected = 'match[]=floats{k="1"}'
    for (const path of [
      ...paths,
      `/api/v1/query?query=nothing_here`,
      `/api/v1/series?${selected}&start=${end - 300}&end=${end}`,
      `/api/v1/series?${selected}&match[]=floats{k="2"}&start=${end - 300}&end=${end}`,
      `/api/v1/labels?${selected}&start=${end - 300}&end=${end}`,
      `/api/v1/label/k/values?${selected}&start=${end - 300}&end=${end}`,
    ])
      expect(await answerOf(vigie.url, path), path).toEqual(await answerOf(peer.url, path))
  } finally {
    failing.closeAllConnections()
    failing.close()
  }
})

test('plain samples, for clients that take no chunks', async () => {
  vigie = await startTestVigie(
    'default_rules: false\nglobal: { external_labels: { region: eu } }\n',
  )
  await fill(vigie.url)
  const matchers = [new Matcher('=', '__name__', 'floats'), new Matcher('=', 'region', 'eu')]
  const queries = [{ minT: T0 + 10_000, maxT: T0 + 12_000, matchers }]
  const response = await fetch(`${vigie.url}/api/v1/read`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    body: encodeReadRequest({ queries, accepted: [SAMPLES] }),
  })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/x-protobuf')
  expect(response.headers.get('content-encoding')).toBe('snappy')
  const [result] = decodeReadResponse(Buffer.from(await response.arrayBuffer()), 1 << 24)
  expect(result.series.length).toBe(20)
  expect(result.series[0].toString()).toBe('floats{k="0", region="eu"}')
  expect([...result.t.subarray(0, 3)]).toEqual([T0 + 10_000, T0 + 11_000, T0 + 12_000])
})
