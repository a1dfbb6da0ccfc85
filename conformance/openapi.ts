/**
 * Every endpoint of the Prometheus API against its OpenAPI description: each is asked, by each method it
 * has there, with good parameters and with bad ones, and every answer must be of the shape that the
 * description gives for its status. The descriptions of both versions are walked.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Labels, makeHistogram } from '@vigie/model'
import { encodeWriteRequest } from '@vigie/model/remote-write'
import { type Vigie, startVigie } from '@vigie/server'
import { parse } from 'yaml'
import { type Schema, shapeProblem } from './json-schema.ts'
import type { SuiteResult } from './suite.ts'

interface Operation {
  responses: Record<string, { content?: Record<string, { schema?: Schema }> }>
}
interface Description {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

const VERSIONS = ['3.1', '3.2']
const NOW_MS = 1_800_000_000_000

/** What is asked of each path; every line is sent by every method of the path. `T` is now, in seconds. */
const QUERIES: Readonly<Record<string, readonly string[]>> = {
  '/query': [
    'query=up',
    'query=nh',
    'query=up[1h]',
    'query=nh[1h]',
    'query=1',
    'query="a"',
    'query=rate(up[5m])',
    'query=up&stats=true&limit=1',
    'query=up&stats=all&lookback_delta=1m&timeout=10s&time=T',
    'query=up{',
    '',
  ],
  '/query_range': [
    'query=up&start=T-600&end=T&step=60',
    'query=nh&start=T-600&end=T&step=1m&stats=all',
    'query=up&start=0&end=1&step=0',
    'query=up',
  ],
  '/query_exemplars': ['query=up', 'query=nothing', 'query=up{', 'query=up&start=2&end=1'],
  '/format_query': ['query=sum(up)by(job)', 'query=sum('],
  '/parse_query': ['query=sum(rate(up[5m]))/on(job)up', 'query=sum('],
  '/labels': ['', 'match[]=up&limit=1', 'start=x', 'match[]={}'],
  '/label/{name}/values': ['', 'match[]=up', 'limit=-1'],
  '/search/metric_names': ['', 'search[]=u&include_score=true&include_metadata=true', 'limit=x'],
  '/search/label_names': ['search[]=j', 'sort_by=x'],
  '/search/label_values': ['label=job', ''],
  '/series': ['match[]=up', 'match[]=up&limit=1', ''],
  '/metadata': ['', 'limit=1&limit_per_metric=1', 'metric=hits', 'limit=x'],
  '/scrape_pools': [''],
  '/scrape_pools/config': ['scrapePool=app', 'scrapePool=no', ''],
  '/targets': ['', 'state=active', 'state=dropped', 'scrapePool=app'],
  '/targets/metadata': ['', 'metric=hits', 'match_target={job="app"}&limit=1', 'match_target={'],
  '/targets/relabel_steps': ['scrapePool=app&labels={"a":"b"}', 'scrapePool=app', ''],
  '/rules': ['', 'type=alert&exclude_alerts=true', 'group_limit=1', 'type=x'],
  '/status/tsdb': ['', 'limit=1', 'limit=x'],
  '/status/self_metrics': ['', 'metric_name_pattern=vigie_.*', 'metric_name_pattern=('],
  '/admin/tsdb/delete_series': ['match[]=nothing', ''],
  '/admin/tsdb/snapshot': ['skip_head=true', '', 'skip_head=x'],
}
/**
 * Where Prometheus's own answers, as recorded, are not what its description says (the time of a text is
 * a number; counts that were not asked for are null): there we are held to the answers.
 */
const DESCRIBED_WRONGLY: ReadonlySet<string> = new Set([
  '/query?query="a"',
  '/targets?state=active',
])
/** Streams without an end, and bodies of their own. */
const UNASKED = new Set(['/notifications/live', '/read', '/write', '/otlp/v1/metrics'])

const CONFIG = (port: number): string => `
default_rules: false
rule_files: [rules.yml]
scrape_configs:
- job_name: app
  scrape_interval: 1h
  relabel_configs: [{ target_label: zone, replacement: z }]
  static_configs: [{ targets: ['127.0.0.1:${port}', '127.0.0.1:1'] }]
- job_name: gone
  static_configs: [{ targets: ['127.0.0.1:2'] }]
  relabel_configs: [{ action: drop }]
`
const RULES = `
groups:
- name: a
  rules: [{ record: r, expr: vector(1) }, { alert: A, expr: vector(1) }]
- name: b
  rules: [{ alert: B, expr: vector(1), for: 1h }]
`
const BODY = '# HELP hits Hits.\n# TYPE hits counter\nhits_total 1 # {id="x"} 1\n# EOF\n'

export async function run(vectorsDir: string): Promise<SuiteResult> {
  const failures: SuiteResult['failures'] = []
  let total = 0
  await withVigie(async (vigie) => {
    for (const version of VERSIONS) {
      const file = join(vectorsDir, `api/openapi/prometheus_openapi_${version}_golden.yaml`)
      const description = parse(readFileSync(file, 'utf8')) as Description
      for (const [path, operations] of Object.entries(description.paths)) {
        if (UNASKED.has(path)) continue
        for (const [method, operation] of Object.entries(operations))
          for (const query of QUERIES[path] ?? ['']) {
            if (DESCRIBED_WRONGLY.has(`${path}?${query}`)) continue
            total++
            const name = `${version} ${method.toUpperCase()} ${path}?${query}`
            const reason = await ask(vigie.url, method, path, query, operation, description)
            if (reason !== undefined) failures.push({ name, reason })
          }
      }
    }
  })
  return { suite: 'openapi', passed: total - failures.length, total, failures }
}

/** What is wrong with the answer. */
async function ask(
  url: string,
  method: string,
  path: string,
  query: string,
  operation: Operation,
  { components }: Description,
): Promise<string | undefined> {
  const seconds = NOW_MS / 1000
  const text = query.replace(/=T(?:-(\d+))?/g, (_, less = '0') => `=${seconds - Number(less)}`)
  const params = new URLSearchParams()
  for (const part of text.split('&').filter((one) => one !== ''))
    params.append(part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1))
  const address = `${url}/api/v1${path.replace('{name}', 'job')}`
  const isForm = method === 'post' && !path.startsWith('/admin/')
  const response = await fetch(isForm ? address : `${address}?${params}`, {
    method: method.toUpperCase(),
    ...(isForm ? { body: params } : {}),
  })
  const body = await response.text()
  // Nothing more to say, which Prometheus's own description does not know of.
  if (response.status === 204) return body === '' ? undefined : `204 with a body: ${body}`
  const { content } = operation.responses[response.status] ?? operation.responses.default
  const type = (response.headers.get('content-type') ?? '').split(';')[0]
  const schema = content?.[type]?.schema
  if (schema === undefined) return `status ${response.status} with ${type}: ${body.slice(0, 200)}`
  if (type !== 'application/json') return undefined
  return shapeProblem(JSON.parse(body), schema, components.schemas)
}

async function withVigie(use: (vigie: Vigie) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-conformance-'))
  const target = createServer((_request, response) =>
    response.setHeader('content-type', 'application/openmetrics-text').end(BODY),
  ).listen(0, '127.0.0.1')
  let vigie: Vigie | undefined
  try {
    await once(target, 'listening')
    writeFileSync(join(dir, 'vigie.yml'), CONFIG((target.address() as AddressInfo).port))
    writeFileSync(join(dir, 'rules.yml'), RULES)
    writeFileSync(join(dir, 'index.html'), '')
    vigie = await start(dir)
    await fill(vigie)
    await use(vigie)
  } finally {
    await vigie?.stop()
    target.close()
    rmSync(dir, { recursive: true })
  }
}

const start = (dir: string): Promise<Vigie> =>
  startVigie({
    version: 'conformance',
    configFile: join(dir, 'vigie.yml'),
    targets: [],
    dataDir: join(dir, 'data'),
    tsdbDir: join(dir, 'data/tsdb'),
    retentionMs: 10 * 365 * 86_400_000,
    retentionBytes: 2 ** 28,
    listen: { host: '127.0.0.1', port: 0, orNext: false },
    externalUrl: null,
    web: undefined,
    enableLifecycle: false,
    enableAdminApi: true,
    features: new Set(['exemplar-storage', 'search-api']),
    dashboardsDir: join(dir, 'dashboards'),
    uiDir: dir,
    discover: false,
    query: { lookbackMs: 300_000, timeoutMs: 30_000, maxConcurrency: 20, maxSamples: 50_000_000 },
    flags: new Map([['config.file', 'vigie.yml']]),
    env: {},
    now: () => NOW_MS,
    log: { debug() {}, info() {}, warn() {}, error: console.error },
  })

/** Floats, a native histogram and an exemplar. */
async function fill(vigie: Vigie): Promise<void> {
  const t = [NOW_MS - 60_000, NOW_MS]
  const h = makeHistogram({
    isInteger: true,
    count: 3,
    sum: 5,
    positiveSpans: Int32Array.of(0, 2),
    positiveCounts: Float64Array.of(1, 2),
  })
  const series = [
    {
      labels: Labels.fromObject({ __name__: 'up', job: 'app' }),
      t,
      v: [1, 1],
      exemplars: [{ labels: Labels.fromObject({ id: 'x' }), t: NOW_MS, v: 1 }],
    },
    { labels: Labels.fromObject({ __name__: 'up', job: 'b' }), t, v: [0, NaN] },
    { labels: Labels.fromObject({ __name__: 'nh' }), t, v: [NaN, NaN], h: [h, h] },
  ]
  const response = await fetch(`${vigie.url}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    body: Buffer.from(encodeWriteRequest({ series })),
  })
  if (response.status !== 204) throw new Error(`cannot write: ${await response.text()}`)
}
