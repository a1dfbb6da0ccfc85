/**
 * Beside a real Prometheus 3.5 that holds the same samples: every request of the table gets the same
 * status, content type and JSON from both. promtool asks us, Prometheus's remote write fills us, and
 * both scrape one target.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Peer, promtool, promtoolReads, startPrometheus } from '../../../interop/peers.ts'
import { type TestVigie, startTestVigie } from './start-vigie.ts'
import { encodeSeries } from './write.ts'

const STEP_MS = 15_000
/** On a full minute, half an hour ago: within what a Prometheus takes. */
const START_MS = Math.floor(Date.now() / 60_000) * 60_000 - 1_800_000
const START = START_MS / 1000

const SERIES = [
  'up{job="api",instance="a:1"} 1x60',
  'up{job="api",instance="b:1"} 1x30 0x29',
  'up{job="node",instance="c:1"} 1x60',
  'requests_total{job="api",code="200"} 0+7x60',
  'requests_total{job="api",code="500"} 0+1x20 0+3x38',
  'temperature{room="a"} NaN Inf -Inf 0.1 -0 1e300 0.0000012345 1234567.8 1e21 5e-324',
  '{"utf8.name","host.name"="löcal",job="q"} 1+1x60',
  '{"esc",text="a\\"b\\\\c\\nd<&>\\u2028é"} 1x60',
]

let vigie: TestVigie
let prometheus: Peer

/** Throws unless it is taken. */
const post = async (url: string): Promise<void> => {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: Buffer.from(encodeSeries(SERIES, START_MS, STEP_MS)),
  })
  if (response.status !== 204) throw new Error(`${url}: ${await response.text()}`)
}

beforeAll(async () => {
  const bare = 'global: { evaluation_interval: 1h }\ndefault_rules: false\n'
  ;[vigie, prometheus] = await Promise.all([
    startTestVigie(bare),
    startPrometheus({ flags: ['--web.enable-remote-write-receiver'] }),
  ])
  await Promise.all([post(vigie.url), post(prometheus.url)])
})
afterAll(async () => {
  await vigie?.stop()
  await prometheus?.kill()
})

interface Answer {
  status: number
  type: string | null
  body: unknown
}

/** `GET path`, `POST path form`; `T` and `T+60` in values are seconds since the first sample. */
async function ask(url: string, request: string): Promise<Answer> {
  const [method, path, form] = request.split(' ')
  const init: RequestInit =
    form === undefined
      ? { method }
      : {
          method,
          body: form,
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        }
  const response = await fetch(url + path, init)
  const text = await response.text()
  const type = response.headers.get('content-type')
  return { status: response.status, type, body: type?.includes('json') ? JSON.parse(text) : text }
}

const DIGITS = 13

/** Values to so many digits: sums may be added up in another order. */
const rounded = (body: unknown): unknown =>
  JSON.parse(JSON.stringify(body), (_, value: unknown) =>
    typeof value === 'string' && /^-?\d[\d.e+-]*$/.test(value)
      ? String(Number(Number(value).toPrecision(DIGITS)))
      : value,
  )

/** Vectors have no order of their own, unless the query gives one; nor have lists of series. */
function unordered(exact: unknown): unknown {
  const body = rounded(exact) as { data?: unknown }
  const data = body.data as { resultType?: string; result?: unknown[] } | unknown[] | null
  if (Array.isArray(data) && typeof data[0] === 'object') return { ...body, data: sorted(data) }
  if (Array.isArray(data) || data?.resultType !== 'vector' || data.result === undefined) return body
  return { ...body, data: { ...data, result: sorted(data.result) } }
}

const sorted = (list: readonly unknown[]): unknown[] =>
  [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

const times = (request: string): string =>
  request.replace(/=T(?:%2B(\d+))?/g, (_, plus?: string) => `=${START + Number(plus ?? 0)}`)

async function same(request: string): Promise<void> {
  const asked = times(request)
  const [ours, theirs] = await Promise.all([ask(vigie.url, asked), ask(prometheus.url, asked)])
  expect({ ...ours, body: unordered(ours.body) }, request).toEqual({
    ...theirs,
    body: unordered(theirs.body),
  })
}

const q = (expr: string, rest = ''): string =>
  `GET /api/v1/query?query=${encodeURIComponent(expr)}&time=T%2B600${rest}`
const range = (expr: string, rest: string): string =>
  `GET /api/v1/query_range?query=${encodeURIComponent(expr)}${rest}`
const minutes = '&start=T&end=T%2B600&step=60'

describe('the same answer as Prometheus to', () => {
  test.each([
    q('up'),
    q('up[1m]'),
    q('1'),
    q('"text"'),
    q('{__name__=~"utf8.*|esc"}'),
    q('temperature', '&lookback_delta=1h'),
    `GET /api/v1/query?query=temperature%5B10m%5D&time=T%2B300`,
    q('rate(requests_total[5m])'),
    q('sum by (job) (up)'),
    q('sort_desc(rate(requests_total[2m]))'),
    q('histogram_quantile(0.9, requests_total)'),
    q('rate(up[1m])'),
    q('up', '&limit=1').replace('up', 'sum(up)'),
    q('nothing'),
    `POST /api/v1/query query=up%7Bjob%3D%22node%22%7D&time=T%2B600`,
    `POST /api/v1/query?query=up&time=T%2B600 query=up%7Bjob%3D%22node%22%7D`,
    'POST /api/v1/query?query=1&time=5',
    range('up', minutes),
    range('sum(rate(requests_total[2m]))', minutes),
    range('1', '&start=T&end=T&step=1'),
    range('up', '&start=1970-01-01T00:00:00Z&end=1970-01-01T00:00:10.5Z&step=1s'),
    range('1', '&start=0&end=11000&step=1'),
    range('vector(1)', '&start=0&end=3&step=0.5'),
    range('vector(time())', '&start=-1.5&end=1.0005&step=1'),
  ])('%s', same)
})

describe('the same error as Prometheus to', () => {
  test.each([
    'GET /api/v1/query',
    'GET /api/v1/query?query=',
    'GET /api/v1/query?query=up%7B',
    'GET /api/v1/query?query=foo(up)',
    'GET /api/v1/query?query=rate(up)',
    'GET /api/v1/query?query=up&time=foo',
    'GET /api/v1/query?query=up&time=2020-13-01T00:00:00Z',
    'GET /api/v1/query?query=up&timeout=x',
    'GET /api/v1/query?query=up&timeout=1e300',
    'GET /api/v1/query?query=up&lookback_delta=x',
    'GET /api/v1/query?query=up&limit=x',
    'GET /api/v1/query?query=up&limit=-1',
    'GET /api/v1/query?query=up&limit=99999999999999999999',
    range('up', ''),
    range('up', '&start=0'),
    range('up', '&start=0&end=x'),
    range('up', '&start=0&end=1'),
    range('up', '&start=0&end=1&step=x'),
    range('up', '&start=0&end=1&step=0'),
    range('up', '&start=0&end=1&step=-1'),
    range('up', '&start=2&end=1&step=1'),
    range('up', '&start=0&end=11001&step=1'),
    range('up', '&start=0&end=1&step=1&timeout=x'),
    range('up{', '&start=0&end=1&step=1'),
    range('up[1m]', '&start=0&end=1&step=1'),
    range('"a"', '&start=0&end=1&step=1'),
    'GET /api/v1/series',
    'GET /api/v1/series?match[]=',
    'GET /api/v1/series?match[]=up%7B',
    'GET /api/v1/series?match[]=%7Bjob%3D~%22.*%22%7D',
    'GET /api/v1/series?match[]=up&start=x',
    'GET /api/v1/series?match[]=up&end=x',
    'GET /api/v1/series?match[]=up&limit=x',
    'GET /api/v1/labels?limit=-3',
    'GET /api/v1/labels?match[]=%7B%7D',
    'GET /api/v1/labels?match[]=up%7B',
    'GET /api/v1/labels?match[]=',
    'GET /api/v1/label/job/values?match[]=up%7B',
    'GET /api/v1/rules?match[]=',
    'GET /api/v1/label/%FF/values',
    'GET /api/v1/label/a%FF%22/values',
    'GET /api/v1/label/job/values?start=x',
    'GET /api/v1/metadata?limit=x',
    'GET /api/v1/metadata?limit_per_metric=x',
    'GET /api/v1/targets/metadata?limit=x',
    'GET /api/v1/targets/metadata?match_target=up%7B',
    'GET /api/v1/rules?type=x',
    'GET /api/v1/rules?match[]=%7B',
    'GET /api/v1/rules?exclude_alerts=x',
    'GET /api/v1/rules?group_limit=x',
    'GET /api/v1/rules?group_limit=0',
    'GET /api/v1/rules?group_next_token=x',
    'GET /api/v1/rules?group_limit=1&group_next_token=x',
    'GET /api/v1/format_query?query=foo%2B',
    'GET /api/v1/status/tsdb?limit=x',
    'GET /api/v1/status/tsdb?limit=0',
    'GET /api/v1/query_exemplars?query=up%7B&start=0&end=1',
    'GET /api/v1/query_exemplars?query=up&start=5&end=1',
    'POST /api/v1/admin/tsdb/snapshot',
    'POST /api/v1/admin/tsdb/clean_tombstones',
    'PUT /api/v1/admin/tsdb/delete_series?match[]=up',
    'GET /federate?match[]=up%7B',
    'GET /federate?match[]=',
    'GET /api/v1/parse_query?query=up%7B',
    'GET /api/v1/nothing',
    'GET /-/nothing',
    'POST /-/reload',
    'PUT /-/quit',
  ])('%s', same)
})

describe('the same lists as Prometheus for', () => {
  test.each([
    'GET /api/v1/series?match[]=up',
    'GET /api/v1/series?match[]=up&match[]=requests_total&limit=2',
    'GET /api/v1/series?match[]=up&start=0&end=1',
    'POST /api/v1/series match[]=%7B__name__%3D~%22utf8.*%22%7D',
    'GET /api/v1/labels',
    'GET /api/v1/labels?limit=2',
    'GET /api/v1/labels?match[]=up&match[]=temperature',
    'POST /api/v1/labels match[]=up',
    'GET /api/v1/labels?start=0&end=1',
    'GET /api/v1/label/__name__/values',
    'GET /api/v1/label/job/values?match[]=up%7Binstance%3D%22c:1%22%7D',
    'GET /api/v1/label/host.name/values',
    'GET /api/v1/label/U__host_2e_name/values',
    'GET /api/v1/label/U__host_2E_name/values',
    'GET /api/v1/label/U__host_110000_name/values',
    'GET /api/v1/label/U__a__b/values',
    'GET /api/v1/label/U__a_zz_/values',
    'GET /api/v1/label/nothing/values',
    `GET /api/v1/label/U__${'long_20_'.repeat(40)}/values`,
    'GET /api/v1/metadata',
    'GET /api/v1/metadata?metric=up&limit=0&limit_per_metric=-1',
    'GET /api/v1/targets/metadata',
    'GET /api/v1/targets',
    'GET /api/v1/targets?state=active',
    'GET /api/v1/targets?state=dropped',
    'GET /api/v1/targets?state=nonsense',
    'GET /api/v1/scrape_pools',
    'GET /api/v1/rules',
    'GET /api/v1/rules?group_limit=1',
    'GET /api/v1/alerts',
    'GET /api/v1/alertmanagers',
    'GET /api/v1/query_exemplars?query=up&start=0&end=1',
    'GET /api/v1/query_exemplars?query=1',
    'GET /api/v1/format_query?query=sum(up)by(job)',
    'POST /api/v1/format_query query=1%2B1',
    'GET /api/v1/status/walreplay',
    'GET /api/v1/notifications',
    'GET /federate',
    'GET /federate?match[]=up',
    'GET /federate?match[]=%7B%7D',
    'GET /api/v1/targets/metadata?match_target=%7B%7D',
  ])('%s', same)
})

/** What the trees of Prometheus 3.5 do not have yet. */
const NEWER_TREE = new Set(['anchored', 'smoothed', 'fillValues'])

test.each([
  'up',
  '-up',
  '+1.5e-7',
  '"a\\nb"',
  '{__name__=~"a.*",b!="c",d!~"e"}',
  'up offset -5m',
  'up @ 1.5',
  'rate(up{job="a"}[5m] @ start() offset 1h)',
  'max_over_time(rate(up[5m])[1h:30s] @ end())',
  'sum without (a, b) (up)',
  'quantile(0.9, up)',
  'count_values("v", up)',
  'up + on (a) group_left (b, c) down',
  'up > bool 1',
  'up and ignoring (x) down unless other or more',
  '(1 + 2) * 3 ^ 2 % 4 atan2 5',
  'label_replace(up, "a", "$1", "b", "(.*)")',
  'day_of_week()',
  'round(up)',
  'histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m])))',
  '{"utf8.name", "a.b"="c"}',
  'time() - 1e21 + Inf - NaN',
])('the same tree as Prometheus of %s', async (query) => {
  const tree = async (url: string): Promise<unknown> => {
    const { body } = await ask(url, `GET /api/v1/parse_query?query=${encodeURIComponent(query)}`)
    return JSON.parse(JSON.stringify(body), (key, value: unknown) =>
      NEWER_TREE.has(key) ? undefined : value,
    )
  }
  expect(await tree(vigie.url)).toEqual(await tree(prometheus.url))
})

test('promtool asks us', async () => {
  const at = `${START + 600}`
  const instant = await promtool('query', 'instant', `--time=${at}`, vigie.url, 'sum by (job) (up)')
  expect(instant.trim().split('\n').sort()).toEqual([
    `{job="api"} => 1 @[${at}]`,
    `{job="node"} => 1 @[${at}]`,
  ])
  const between = [`--start=${START}`, `--end=${START + 60}`, '--step=30s']
  const range = await promtool(
    'query',
    'range',
    ...between,
    vigie.url,
    'requests_total{code="200"}',
  )
  expect(range.trim().split('\n')).toEqual([
    'requests_total{code="200", job="api"} =>',
    `0 @[${START}]`,
    `14 @[${START + 30}]`,
    `28 @[${START + 60}]`,
  ])
  const all = [`--start=${START}`, `--end=${at}`]
  expect(await promtool('query', 'labels', ...all, vigie.url, 'instance')).toBe('a:1\nb:1\nc:1\n')
  const series = await promtool('query', 'series', '--match=up{job="node"}', ...all, vigie.url)
  expect(series).toBe('{__name__="up", instance="c:1", job="node"}\n')
  expect(await promtoolReads(['check', 'healthy', `--url=${vigie.url}`], '')).toContain('SUCCESS')
  expect(await promtoolReads(['check', 'ready', `--url=${vigie.url}`], '')).toContain('SUCCESS')
})

test('our /metrics satisfies promtool', async () => {
  const text = await (await fetch(`${vigie.url}/metrics`)).text()
  expect(await promtoolReads(['check', 'metrics'], text)).toBe('')
})

describe('beside each other', () => {
  let target: Server
  let address = ''
  let count = 0

  beforeAll(async () => {
    target = createServer((_request, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4')
      response.end(`# HELP jobs_total Jobs.
# TYPE jobs_total counter
jobs_total{kind="a"} ${++count}
# HELP wait_seconds Time in the queue.
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.1"} 3
wait_seconds_bucket{le="+Inf"} 4
wait_seconds_sum 1.25
wait_seconds_count 4
# TYPE size gauge
size NaN
`)
    })
    target.listen(0, '127.0.0.1')
    await once(target, 'listening')
    address = `127.0.0.1:${(target.address() as AddressInfo).port}`
  })
  afterAll(() => {
    target.closeAllConnections()
    target.close()
  })

  const scrapes = (): string => `
global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
scrape_configs:
- job_name: app
  static_configs: [{ targets: ['${address}'], labels: { zone: z } }]
- job_name: gone
  static_configs: [{ targets: ['127.0.0.1:1'] }]
- job_name: dropped
  static_configs: [{ targets: ['127.0.0.1:1'] }]
  relabel_configs: [{ action: drop }]
`
  const matrix = async (url: string, expr: string, time: number): Promise<[number, string][]> => {
    const { body } = await ask(
      url,
      `GET /api/v1/query?query=${encodeURIComponent(expr)}&time=${time}`,
    )
    const { result } = (body as { data: { result: { values: [number, string][] }[] } }).data
    return result[0]?.values ?? []
  }
  /** Resolves with the samples of `expr` once there are so many. */
  const until = async (url: string, expr: string, samples: number): Promise<[number, string][]> => {
    const deadline = Date.now() + 30_000
    for (;;) {
      const values = await matrix(url, expr, Date.now() / 1000)
      if (values.length >= samples) return values
      if (Date.now() > deadline) throw new Error(`${url}: ${values.length} samples of ${expr}`)
      await setTimeout(100)
    }
  }

  test('what Prometheus sends by remote write is what it has', async () => {
    const receiver = await startTestVigie('default_rules: false\n')
    const sender = await startPrometheus({
      config: `${scrapes()}remote_write:\n- url: ${receiver.url}/api/v1/write\n  queue_config: { batch_send_deadline: 200ms }\n`,
    })
    try {
      for (const expr of [
        'jobs_total[5m]',
        'wait_seconds_bucket{le="0.1"}[5m]',
        'size[5m]',
        'up{job="gone"}[5m]',
      ]) {
        const got = await until(receiver.url, expr, 4)
        expect(got, expr).toEqual(await matrix(sender.url, expr, got.at(-1)![0]))
      }
    } finally {
      await sender.kill()
      await receiver.stop()
    }
  })

  test('both scrape one target and run one rule, and say the same of it', async () => {
    const rules = `
groups:
- name: g
  rules:
  - { record: 'zone:wait:p50', expr: 'histogram_quantile(0.5, sum by (le, zone) (wait_seconds_bucket))', labels: { team: t } }
  - { alert: Down, expr: 'up == 0', for: 1h, labels: { severity: page }, annotations: { summary: '{{ $labels.instance }} is {{ $value }}' } }
`
    const dir = mkdtempSync(join(tmpdir(), 'vigie-rules-'))
    const file = join(dir, 'rules.yml')
    writeFileSync(file, rules)
    const config = `${scrapes()}rule_files: ['${file}']\n`
    const ours = await startTestVigie(`${config}default_rules: false\n`)
    const theirs = await startPrometheus({ config })
    try {
      for (const { url } of [ours, theirs]) {
        await until(url, 'jobs_total[5m]', 3)
        await until(url, '{__name__="zone:wait:p50"}[5m]', 2)
        await until(url, 'ALERTS[5m]', 1)
        await until(url, 'up{job="gone"}[5m]', 1)
      }
      const time = `&time=${Date.now() / 1000}`
      const answers = async (request: string): Promise<unknown[]> =>
        Promise.all(
          [ours.url, theirs.url].map(async (url) => comparable((await ask(url, request)).body)),
        )
      for (const request of [
        `GET /api/v1/query?query=up${time}`,
        `GET /api/v1/query?query=scrape_samples_scraped${time}`,
        `GET /api/v1/query?query=scrape_series_added*0${time}`,
        `GET /api/v1/query?query=%7B__name__=~%22wait.*|size|zone.*|ALERTS%22%7D${time}`,
        'GET /api/v1/series?match[]=%7B__name__=~%22.%2B%22%7D',
        'GET /api/v1/labels',
        'GET /api/v1/label/__name__/values',
        'GET /api/v1/metadata',
        'GET /api/v1/metadata?metric=jobs_total',
        'GET /api/v1/targets',
        'GET /api/v1/targets?state=active',
        'GET /api/v1/scrape_pools',
        'GET /api/v1/targets/metadata?metric=jobs_total',
        'GET /api/v1/rules',
        'GET /api/v1/rules?type=alert',
        'GET /api/v1/rules?exclude_alerts=true',
        'GET /api/v1/rules?match[]=%7Bteam=%22t%22%7D',
        'GET /api/v1/alerts',
      ]) {
        const [our, their] = await answers(request)
        expect(our, request).toEqual(their)
      }
    } finally {
      await ours.stop()
      await theirs.kill()
      rmSync(dir, { recursive: true })
    }
  })
})

/** What differs from run to run: when something happened, how long it took, and the words of a refused connection. */
const FLEETING = new Set([
  'lastScrape',
  'lastScrapeDuration',
  'globalUrl',
  'activeAt',
  'lastEvaluation',
  'evaluationTime',
])

/** Labels of targets that Prometheus has since 3.9. */
const NEWER = new Set([
  '__always_scrape_classic_histograms__',
  '__convert_classic_histograms_to_nhcb__',
  '__scrape_native_histograms__',
])

const comparable = (body: unknown): unknown =>
  unordered(
    JSON.parse(JSON.stringify(body), (key, value: unknown) => {
      if (FLEETING.has(key)) return typeof value
      if (NEWER.has(key)) return undefined
      if (key === 'lastError' && value !== '') return 'an error'
      return value
    }),
  )
