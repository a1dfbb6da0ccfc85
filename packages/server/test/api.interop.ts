/**
 * Beside a real Prometheus 3.5 that holds the same samples: every request of the table gets the same
 * status, content type and JSON from both. promtool asks us, Prometheus's remote write fills us, and
 * both scrape one target.
 */
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Peer, promtool, startPrometheus } from './peers.ts'
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

const post = async (url: string): Promise<number> => {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: Buffer.from(encodeSeries(SERIES, START_MS, STEP_MS)),
  })
  return response.status
}

beforeAll(async () => {
  const bare = 'global: { evaluation_interval: 1h }\ndefault_rules: false\n'
  ;[vigie, prometheus] = await Promise.all([
    startTestVigie(bare),
    startPrometheus('scrape_configs: []\n', ['--web.enable-remote-write-receiver']),
  ])
  expect([await post(vigie.url), await post(prometheus.url)]).toEqual([204, 204])
})
afterAll(async () => {
  await vigie?.stop()
  await prometheus?.stop()
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

/** Vectors have no order of their own, unless the query gives one. */
function unordered(body: unknown): unknown {
  const { data } = body as { data?: { resultType?: string; result?: unknown[] } | null }
  if (data?.resultType !== 'vector' || data.result === undefined) return body
  const key = (one: unknown): string => JSON.stringify(one)
  const result = [...data.result].sort((a, b) => (key(a) < key(b) ? -1 : 1))
  return { ...(body as object), data: { ...data, result } }
}

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
    'GET /api/v1/query?query=up&time=%FF%22',
    'GET /api/v1/query?query=up&timeout=x',
    'GET /api/v1/query?query=up&timeout=1e300',
    'GET /api/v1/query?query=up&lookback_delta=x',
    'GET /api/v1/query?query=up&limit=x',
    'GET /api/v1/query?query=up&limit=-1',
    'GET /api/v1/query?query=up&limit=99999999999999999999',
    q('up * on() up'),
    q('up + on(job) group_left requests_total'),
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
    'GET /api/v1/label/__name__/values?limit=2',
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
    'GET /api/v1/format_query?query=sum(up)by(job)',
    'POST /api/v1/format_query query=1%2B1',
    'GET /api/v1/status/walreplay',
    'GET /api/v1/notifications',
  ])('%s', same)
})
