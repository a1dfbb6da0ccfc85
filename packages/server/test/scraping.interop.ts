/**
 * Beside a real Prometheus 3.5 over the same bodies: protobuf with native histograms, classic ones that
 * are converted, exemplars; and a Prometheus that federates from us.
 */
import { once } from 'node:events'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { Matcher, SampleColumns, isStale } from '@vigie/model'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Peer, promtool, startPrometheus } from '../../../interop/peers.ts'
import { JsonBytes, writeResult } from '../src/index.ts'
import { type TestVigie, startTestVigie } from './start-vigie.ts'

const PROTOBUF =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited'
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
const EXEMPLARS = `# TYPE hits counter
hits_total{code="a"} 17 # {trace_id="KOO5S4vxi0o"} 0.67
hits_total{code="b"} 5 # {trace_id="oHg5SJYRHA0"} 9.8 1520879607.789
# EOF
`

let source: Peer
let bodies: Server
let theirs: Peer
let ours: TestVigie
let federated: Peer
/** Federates from both, with native histograms; `from` says where a series is from. */
let compared: Peer

const config = (address: string, more = ''): string => `
global: { scrape_interval: 1s, external_labels: { cluster: c } }
scrape_configs:
- { job_name: native, metrics_path: /pb, ${more}static_configs: [{ targets: ['${address}'] }] }
- { job_name: both, metrics_path: /pb, ${more}always_scrape_classic_histograms: true, static_configs: [{ targets: ['${address}'] }] }
- { job_name: limited, metrics_path: /pb, ${more}native_histogram_bucket_limit: 4, static_configs: [{ targets: ['${address}'] }] }
- { job_name: coarse, metrics_path: /pb, ${more}native_histogram_min_bucket_factor: 2, static_configs: [{ targets: ['${address}'] }] }
- { job_name: converted, metrics_path: /text, convert_classic_histograms_to_nhcb: true, static_configs: [{ targets: ['${address}'] }] }
- { job_name: kept, metrics_path: /text, convert_classic_histograms_to_nhcb: true, always_scrape_classic_histograms: true, static_configs: [{ targets: ['${address}'] }] }
- { job_name: exemplars, metrics_path: /exemplars, static_configs: [{ targets: ['${address}'] }] }
`

beforeAll(async () => {
  // A server whose own metrics have native histograms with observations in them.
  source = await startPrometheus()
  for (let i = 0; i < 20; i++) await (await fetch(`${source.url}/api/v1/query?query=up`)).text()
  const fetched = async (accept: string): Promise<Buffer> =>
    Buffer.from(await (await fetch(`${source.url}/metrics`, { headers: { accept } })).arrayBuffer())
  const [protobuf, text] = [await fetched(PROTOBUF), await fetched('text/plain')]
  bodies = createServer((request, response) => {
    const [type, body] =
      request.url === '/pb'
        ? [PROTOBUF, protobuf]
        : request.url === '/text'
          ? ['text/plain; version=0.0.4', text]
          : [OPEN_METRICS, Buffer.from(EXEMPLARS)]
    response.setHeader('content-type', type).end(body)
  }).listen(0, '127.0.0.1')
  await once(bodies, 'listening')
  const address = `127.0.0.1:${(bodies.address() as AddressInfo).port}`
  ;[theirs, ours] = await Promise.all([
    startPrometheus({
      config: config(address),
      flags: ['--enable-feature=native-histograms,exemplar-storage'],
    }),
    startTestVigie(`${config(address, 'scrape_native_histograms: true, ')}default_rules: false\n`, {
      features: new Set(['exemplar-storage']),
    }),
  ])
  federated = await startPrometheus({
    config: `
global: { scrape_interval: 1s }
scrape_configs:
- job_name: federate
  honor_labels: true
  metrics_path: /federate
  params: { 'match[]': ['{job="converted"}', 'hits_total'] }
  static_configs: [{ targets: ['${new URL(ours.url).host}'] }]
`,
  })
  const federate = (from: string, url: string): string => `
- job_name: ${from}
  honor_labels: true
  metrics_path: /federate
  params: { 'match[]': ['{job=~"native|both|exemplars"}'] }
  static_configs: [{ targets: ['${new URL(url).host}'] }]
  metric_relabel_configs: [{ target_label: from, replacement: ${from} }]`
  compared = await startPrometheus({
    config: `
global: { scrape_interval: 1s }
scrape_configs:${federate('theirs', theirs.url)}${federate('ours', ours.url)}
`,
    flags: ['--enable-feature=native-histograms'],
  })
  for (const url of [theirs.url, ours.url]) await until(url, 'count(up == 1) == 7')
  await until(federated.url, 'hits_total')
}, 60_000)
afterAll(async () => {
  for (const peer of [source, theirs, federated, compared]) await peer?.kill()
  await ours?.stop()
  bodies?.closeAllConnections()
  bodies?.close()
})

type Result = { metric: Record<string, string>; value?: [number, string]; histogram?: unknown[] }[]

async function ask(url: string, path: string): Promise<unknown> {
  const response = await fetch(url + path)
  const body = (await response.json()) as { data: unknown }
  if (response.status !== 200) throw new Error(`${url}${path}: ${JSON.stringify(body)}`)
  return body.data
}

const query = async (url: string, expr: string): Promise<Result> =>
  ((await ask(url, `/api/v1/query?query=${encodeURIComponent(expr)}`)) as { result: Result }).result

async function until(url: string, expr: string): Promise<void> {
  const deadline = Date.now() + 30_000
  while ((await query(url, expr)).length === 0) {
    if (Date.now() > deadline) throw new Error(`${url} never answers ${expr}`)
    await setTimeout(100)
  }
}

const REPORTS = /^(up|scrape_.*)$/

/** One line for each series that was scraped: its labels and its newest value. */
const lines = (result: Result, without: readonly string[] = []): string[] =>
  result
    .filter(({ metric }) => !REPORTS.test(metric.__name__))
    .map(({ metric, value, histogram }) => {
      const labels = Object.entries(metric).filter(([name]) => !without.includes(name))
      return JSON.stringify([labels.sort(([a], [b]) => (a < b ? -1 : 1)), (value ?? histogram)![1]])
    })
    .sort()

/** Our newest samples of a job, as the storage has them. */
function stored(job: string): Result {
  const set = ours.vigie.storage.select([new Matcher('=', 'job', job)], 0, Infinity)
  const columns = new SampleColumns()
  const samples = []
  for (let i = 0; i < set.count; i++) {
    set.samples(i, 0, Infinity, columns)
    const last = columns.length - 1
    if (isStale(columns.v[last])) continue
    const [t, v, h] = [columns.t[last], columns.v[last], columns.h?.[last]]
    samples.push({ labels: set.labels(i), t, v, h })
  }
  const out = new JsonBytes()
  const stats = { samplesTotal: 0, samplesPeak: 0 }
  writeResult(out, { type: 'vector', samples, warnings: [], infos: [], stats })
  return (JSON.parse(out.finish().toString()) as { result: Result }).result
}

test.each(['native', 'both', 'limited', 'coarse', 'converted', 'kept'])(
  'the same series and values of job %s',
  async (job) => {
    const [our, their] = [stored(job), await query(theirs.url, `{job="${job}"}`)]
    expect(their.filter((one) => one.histogram !== undefined).length).toBeGreaterThan(1)
    expect(lines(our)).toEqual(lines(their))
  },
)

test('the same counts of samples, and metadata', async () => {
  for (const name of ['scrape_samples_scraped', 'scrape_samples_post_metric_relabeling']) {
    const counts = async (url: string): Promise<string[]> =>
      (await query(url, name)).map(({ metric, value }) => `${metric.job} ${value![1]}`).sort()
    expect(await counts(ours.url), name).toEqual(await counts(theirs.url))
  }
  const metadata = async (url: string): Promise<unknown> => ask(url, '/api/v1/metadata')
  expect(await metadata(ours.url)).toEqual(await metadata(theirs.url))
})

test('the same exemplars', async () => {
  const found = async (url: string): Promise<unknown> => {
    const all = (await ask(url, '/api/v1/query_exemplars?query=hits_total')) as {
      exemplars: { timestamp: number }[]
    }[]
    // One without a time has that of its first scrape.
    for (const { exemplars } of all)
      for (const one of exemplars) if (one.timestamp > 1.6e9) one.timestamp = 0
    return all.map((one) => ({ ...one, exemplars: one.exemplars.slice(0, 1) }))
  }
  expect(await found(ours.url)).toEqual(await found(theirs.url))
})

test('a Prometheus that federates from us has what we have', async () => {
  const [their, our] = [
    await query(federated.url, '{job=~"converted|exemplars"}'),
    [...stored('converted'), ...stored('exemplars')],
  ]
  const floats = our.filter(({ value }) => value !== undefined)
  expect(floats.length).toBeGreaterThan(100)
  expect(lines(their, ['cluster'])).toEqual(lines(floats))
  expect(their.every(({ metric }) => metric.cluster === 'c')).toBe(true)
})

test('a Prometheus that federates from both has the same from us, native histograms too', async () => {
  for (const from of ['theirs', 'ours']) await until(compared.url, `hits_total{from="${from}"}`)
  const from = async (name: string): Promise<Result> =>
    (await query(compared.url, `{from="${name}"}`)).filter(
      // What a server says of its own time.
      ({ metric }) => !/^(scrape_|prometheus_target_|up$)/.test(metric.__name__),
    )
  const [their, our] = [await from('theirs'), await from('ours')]
  expect(lines(our, ['from'])).toEqual(lines(their, ['from']))
  expect(our.filter(({ histogram }) => histogram !== undefined).length).toBeGreaterThan(3)
})

test('promtool analyzes a histogram of ours', async () => {
  const args = ['--server', ours.url, '--type', 'histogram', '--duration', '5m']
  const match = 'prometheus_http_request_duration_seconds_bucket{job="both"}'
  const said = await promtool('query', 'analyze', ...args, '--match', match)
  expect(said).toContain('prometheus_http_request_duration_seconds')
})
