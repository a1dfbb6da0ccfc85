/** The HTTP API of a running Vigie, asked by real requests: Prometheus's JSON, its errors, its limits. */
import { readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { type IncomingHttpHeaders, createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { createParser } from '@vigie/scrape'
import { Labels, type Matcher, makeHistogram } from '@vigie/model'
import { encodeWriteRequest } from '@vigie/model/remote-write'
import { encodeReadRequest, encodeWriteRequestV2 } from '@vigie/remote'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ListenError } from '../src/index.ts'
import { PAGE, type TestVigie, startTestVigie } from './start-vigie.ts'
import { encodeSeries } from './write.ts'

const SERIES = [
  'up{instance="a",job="api"} 1x10',
  'up{instance="b",job="api"} 1x5 0x4',
  'hits_total{job="api"} 0+6x10',
  'odd NaN Inf -Inf 1e300 0.0000012345678',
  '{"utf8.name","host.name"="x y"} 1x10',
]
const RULES = `
groups:
- name: g
  interval: 1h
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
    labels: {team: a}
  - alert: Down
    expr: up == 0
    for: 5m
    labels: {severity: page}
    annotations: {summary: it is down}
`
const CONFIG = `
global: { scrape_interval: 1h, evaluation_interval: 1h }
rule_files: [rules.yml]
default_rules: false
scrape_configs:
- job_name: gone
  static_configs: [{ targets: ['127.0.0.1:1'] }]
  relabel_configs: [{ action: drop }]
`

let started: TestVigie

beforeAll(async () => {
  started = await startTestVigie(CONFIG, { now: () => 200_000 }, { 'rules.yml': RULES })
  const answer = await ask('POST /api/v1/write', encodeSeries(SERIES, 0, 10_000), WRITE)
  if (answer.status !== 204) throw new Error(answer.text)
})
afterAll(async () => started?.stop())

const WRITE = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  bytes: Buffer
  text: string
}

/** `METHOD path`. Not fetch, which would not let us name another host. */
async function ask(
  what: string,
  body: Uint8Array | string = '',
  headers: Record<string, string> = {},
  base = started.url,
): Promise<Answer> {
  const [method, path] = what.split(' ')
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base)
    const sent = httpRequest({ hostname, port, path, method, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const { statusCode: status = 0, headers: got } = response
        resolve({ status, headers: got, bytes, text: bytes.toString('utf8') })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const data = async (path: string): Promise<unknown> => {
  const { status, text } = await ask(`GET /api/v1/${path}`)
  expect(status, text).toBe(200)
  return (JSON.parse(text) as { data: unknown }).data
}

describe('answers', () => {
  /** The whole body, byte for byte, but for `{"status":"success","data":` before it and `}` behind. */
  const check = async (what: string, want: string, form = ''): Promise<void> => {
    const answer = await ask(what, form, form === '' ? {} : FORM)
    expect(answer.text, what).toBe(`{"status":"success","data":${want}}`)
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json'])
  }
  const UP_A = '{"metric":{"__name__":"up","instance":"a","job":"api"},'
  const UP_B = '{"metric":{"__name__":"up","instance":"b","job":"api"},'

  test('query', async () => {
    const vector = (result: string): string => `{"resultType":"vector","result":[${result}]}`
    await check('GET /api/v1/query?query=1&time=5', '{"resultType":"scalar","result":[5,"1"]}')
    await check('GET /api/v1/query?query=1', '{"resultType":"scalar","result":[200,"1"]}')
    await check(
      'GET /api/v1/query?query="a"&time=.5'.replaceAll('"', '%22'),
      '{"resultType":"string","result":[0.5,"a"]}',
    )
    await check(
      'GET /api/v1/query?query=up&time=60',
      vector(`${UP_A}"value":[60,"1"]},${UP_B}"value":[60,"0"]}`),
    )
    await check(
      'GET /api/v1/query?query=up==0&time=1970-01-01T00:01:00Z',
      vector(`${UP_B}"value":[60,"0"]}`),
    )
    await check(
      'GET /api/v1/query?query=up==0&time=1970-01-01T01:01:00.000%2B01:00',
      vector(`${UP_B}"value":[60,"0"]}`),
    )
    await check('GET /api/v1/query?query=nothing', vector(''))
    await check(
      'GET /api/v1/query?query=sum(up)&time=90&lookback_delta=1s',
      vector('{"metric":{},"value":[90,"1"]}'),
    )
    await check('GET /api/v1/query?query=sum(up)&time=95&lookback_delta=1s', vector(''))
    await check(
      'POST /api/v1/query',
      vector('{"metric":{},"value":[60,"1"]}'),
      'query=sum(up)&time=60',
    )
    await check(
      'POST /api/v1/query?query=1&time=60',
      vector('{"metric":{},"value":[60,"1"]}'),
      'query=sum(up)',
    )
    await check(
      'GET /api/v1/query?query=odd%5B1m%5D&time=40',
      '{"resultType":"matrix","result":[{"metric":{"__name__":"odd"},"values":[[0,"NaN"],[10,"+Inf"],[20,"-Inf"],[30,"1e+300"],[40,"0.0000012345678"]]}]}',
    )
  })

  test('query_range', async () => {
    const matrix = (result: string): string => `{"resultType":"matrix","result":[${result}]}`
    await check(
      'GET /api/v1/query_range?query=up==0&start=40&end=60&step=10',
      matrix(`${UP_B}"values":[[60,"0"]]}`),
    )
    await check(
      'GET /api/v1/query_range?query=rate(hits_total%5B20s%5D)&start=40&end=60&step=20s',
      matrix(
        '{"metric":{"job":"api"},"values":[[40,"0.6000000000000001"],[60,"0.6000000000000001"]]}',
      ),
    )
    await check(
      'GET /api/v1/query_range?query=1&start=0&end=1&step=.5',
      matrix('{"metric":{},"values":[[0,"1"],[0.500,"1"],[1,"1"]]}'),
    )
    await check(
      'POST /api/v1/query_range',
      matrix('{"metric":{},"values":[[5,"5"]]}'),
      'query=time()&start=5&end=5&step=1',
    )
    await check('GET /api/v1/query_range?query=nothing&start=0&end=1&step=1', matrix(''))
  })

  test('series, labels and values', async () => {
    await check(
      'GET /api/v1/series?match[]=up&match[]=up%7Binstance="a"%7D'.replaceAll('"', '%22'),
      '[{"__name__":"up","instance":"a","job":"api"},{"__name__":"up","instance":"b","job":"api"}]',
    )
    await check(
      'POST /api/v1/series',
      '[{"__name__":"hits_total","job":"api"}]',
      'match[]=hits_total',
    )
    await check('GET /api/v1/series?match[]=up&start=1000&end=1001', '[]')
    await check('GET /api/v1/labels', '["__name__","host.name","instance","job"]')
    await check('POST /api/v1/labels', '["__name__","job"]', 'match[]=hits_total')
    await check('GET /api/v1/label/instance/values', '["a","b"]')
    await check('GET /api/v1/label/__name__/values', '["hits_total","odd","up","utf8.name"]')
    await check('GET /api/v1/label/host.name/values', '["x y"]')
    await check('GET /api/v1/label/U__host_2e_name/values', '["x y"]')
    await check('GET /api/v1/label/U__host_2E_name/values', '["x y"]')
    await check('GET /api/v1/label/U____name____/values', '[]')
    await check('GET /api/v1/label/U__a_110000_/values', '[]')
    await check('GET /api/v1/label/U__a_zz/values', '[]')
    await check(`GET /api/v1/label/U__${'_20_'.repeat(200)}/values`, '[]')
    await check('GET /api/v1/label/instance/values?match[]=up&start=0&end=60', '["a","b"]')
    await check('GET /api/v1/label/instance/values?start=1000', '[]')
  })

  test('the rest', async () => {
    await check('GET /api/v1/format_query?query=sum(up)by(job)', '"sum by (job) (up)"')
    await check('GET /api/v1/query_exemplars?query=up', '[]')
    await check('GET /api/v1/alerts', '{"alerts":[]}')
    await check('GET /api/v1/alertmanagers', '{"activeAlertmanagers":[],"droppedAlertmanagers":[]}')
    await check('GET /api/v1/notifications', '[]')
    await check('GET /api/v1/metadata', '{}')
    await check('GET /api/v1/targets/metadata', '[]')
    await check('GET /api/v1/scrape_pools', '{"scrapePools":["gone"]}')
    await check('GET /api/v1/status/walreplay', '{"min":0,"max":0,"current":0}')
    await check(
      'GET /api/v1/targets',
      '{"activeTargets":[],"droppedTargets":[{"discoveredLabels":{"__address__":"127.0.0.1:1","__always_scrape_classic_histograms__":"false","__convert_classic_histograms_to_nhcb__":"false","__metrics_path__":"/metrics","__scheme__":"http","__scrape_interval__":"1h","__scrape_native_histograms__":"false","__scrape_timeout__":"10s","job":"gone"},"scrapePool":"gone"}],"droppedTargetCounts":{"gone":1}}',
    )
    await check(
      'GET /api/v1/targets?state=active&scrapePool=other',
      '{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":null}',
    )
  })

  test('rules, filtered and in pages', async () => {
    const names = async (params: string): Promise<string[]> => {
      const { groups } = (await data(`rules${params}`)) as {
        groups: { rules: { name: string }[] }[]
      }
      return groups.flatMap((group) => group.rules.map((rule) => rule.name))
    }
    expect(await data('rules')).toMatchObject({
      groups: [
        {
          name: 'g',
          interval: 3600,
          rules: [
            {
              name: 'job:up:sum',
              query: 'sum by (job) (up)',
              labels: { team: 'a' },
              type: 'recording',
            },
            {
              name: 'Down',
              query: 'up == 0',
              duration: 300,
              labels: { severity: 'page' },
              annotations: { summary: 'it is down' },
              alerts: [],
              type: 'alerting',
              state: expect.any(String),
            },
          ],
        },
      ],
    })
    const check = async (params: string, ...want: string[]): Promise<void> =>
      expect(await names(params), params).toEqual(want)
    await check('', 'job:up:sum', 'Down')
    await check('?type=alert', 'Down')
    await check('?type=record', 'job:up:sum')
    await check('?rule_name[]=Down&rule_group[]=g', 'Down')
    await check('?rule_group[]=other')
    await check('?file[]=other')
    await check('?match[]=%7Bteam=%22a%22%7D', 'job:up:sum')
    await check('?group_limit=1', 'job:up:sum', 'Down')
    const hidden = (await data('rules?exclude_alerts=true&type=alert')) as {
      groups: { rules: { alerts: null }[] }[]
    }
    expect(hidden.groups[0].rules[0].alerts).toBe(null)
  })

  test('status', async () => {
    expect(await data('status/config')).toEqual({ yaml: expect.stringContaining('job_name: gone') })
    expect(await data('status/flags')).toEqual({ 'config.file': started.configFile })
    expect(await data('status/buildinfo')).toMatchObject({
      version: '0.0.0-test',
      goVersion: process.version,
    })
    expect(await data('status/runtimeinfo')).toMatchObject({
      startTime: '1970-01-01T00:03:20.000Z',
      reloadConfigSuccess: true,
      storageRetention: '10y or 512MiB',
    })
    expect(await data('status/tsdb?limit=1')).toMatchObject({
      headStats: { numSeries: 5, minTime: 0, maxTime: 100_000 },
      seriesCountByMetricName: [{ name: 'up', value: 2 }],
      labelValueCountByLabelName: [{ name: '__name__', value: 4 }],
      seriesCountByLabelValuePair: [{ name: 'job=api', value: 3 }],
    })
  })

  test('statistics when asked for', async () => {
    expect(await data('query?query=up&time=60&stats=all')).toMatchObject({
      stats: {
        timings: { evalTotalTime: expect.any(Number) },
        samples: { totalQueryableSamples: 2 },
      },
    })
  })

  test('a limit cuts and warns', async () => {
    const cut = 'results truncated due to limit'
    const check = async (path: string, count: number, ...warnings: string[]): Promise<void> => {
      const body = JSON.parse((await ask(`GET /api/v1/${path}`)).text) as {
        data: unknown[] | { result: unknown[] }
        warnings?: string[]
      }
      const list = Array.isArray(body.data) ? body.data : body.data.result
      expect([list.length, ...(body.warnings ?? [])], path).toEqual([count, ...warnings])
    }
    await check('query?query=up&time=60&limit=1', 1, cut)
    await check('query?query=up&time=60&limit=2', 2)
    await check('query?query=up&time=60&limit=0', 2)
    await check('query_range?query=up&start=0&end=10&step=10&limit=1', 1, cut)
    await check('series?match[]=up&limit=1', 1, cut)
    await check('labels?limit=2', 2, cut)
    await check('label/__name__/values?limit=4', 4)
    await check('label/__name__/values?limit=3', 3, cut)
  })

  test('infos', async () => {
    const { text } = await ask('GET /api/v1/query?query=rate(up%5B1m%5D)&time=60')
    expect(JSON.parse(text)).toMatchObject({
      infos: [
        'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "up" (1:6)',
      ],
    })
  })

  test('gzip for those who take it', async () => {
    const path = 'GET /api/v1/query_range?query=up&start=0&end=100&step=1'
    const plain = await ask(path)
    const packed = await ask(path, '', { 'accept-encoding': 'gzip' })
    expect([plain.headers['content-encoding'], packed.headers['content-encoding']]).toEqual([
      undefined,
      'gzip',
    ])
    expect(gunzipSync(packed.bytes).toString()).toBe(plain.text)
  })
})

describe('errors', () => {
  const check = async (
    what: string,
    status: number,
    errorType: string,
    error: string,
  ): Promise<void> => {
    const answer = await ask(what)
    const want = JSON.stringify({ status: 'error', errorType, error })
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
      status,
      'application/json',
      want,
    ])
  }
  const plain = async (what: string, status: number, text: string): Promise<void> => {
    const answer = await ask(what)
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
      status,
      'text/plain; charset=utf-8',
      text,
    ])
  }

  test('as recorded from Prometheus', async () => {
    await check(
      'GET /api/v1/query?query=up%7B',
      400,
      'bad_data',
      'invalid parameter "query": 1:4: parse error: unexpected end of input inside braces',
    )
    await check(
      'GET /api/v1/query?query=rate(up)',
      400,
      'bad_data',
      'invalid parameter "query": 1:6: parse error: expected type range vector in call to function "rate", got instant vector',
    )
    await check(
      'GET /api/v1/query?query=foo(up)',
      400,
      'bad_data',
      'invalid parameter "query": 1:1: parse error: unknown function with name "foo"',
    )
    await check(
      'GET /api/v1/query?query=up&time=foo',
      400,
      'bad_data',
      `invalid parameter "time": invalid time value for 'time': cannot parse "foo" to a valid timestamp`,
    )
    await check(
      'GET /api/v1/query_range?query=up&start=0&end=1&step=0',
      400,
      'bad_data',
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    )
    await check(
      'GET /api/v1/query_range?query=up&start=0&end=11001&step=1',
      400,
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    )
    await check('GET /api/v1/series', 400, 'bad_data', 'no match[] parameter provided')
    await check('GET /api/v1/label/%FF/values', 400, 'bad_data', 'invalid label name: "\\xff"')
    await check(
      'GET /api/v1/query?query=up*on()up&time=0',
      422,
      'execution',
      'found duplicate series for the match group {} on the right hand-side of the operation: [{__name__="up", instance="a", job="api"}, {__name__="up", instance="b", job="api"}];many-to-many matching not allowed: matching labels must be unique on one side',
    )
    await check('POST /api/v1/admin/tsdb/snapshot', 500, 'unavailable', 'admin APIs disabled')
    await plain('GET /api/v1/nothing', 404, '404 page not found\n')
    await plain('POST /-/reload', 403, 'Lifecycle API is not enabled.')
    await plain('PUT /-/quit', 403, 'Lifecycle API is not enabled.')
  })

  test('of parameters', async () => {
    await check(
      'GET /api/v1/query_range?query=up&end=1&step=1',
      400,
      'bad_data',
      'invalid parameter "start": cannot parse "" to a valid timestamp',
    )
    await check(
      'GET /api/v1/query_range?query=up&start=2&end=1&step=1',
      400,
      'bad_data',
      'invalid parameter "end": end timestamp must not be before start time',
    )
    await check(
      'GET /api/v1/query_range?query=up%5B1m%5D&start=0&end=1&step=1',
      400,
      'bad_data',
      'invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    )
    await check(
      'GET /api/v1/query?query=up&limit=-1',
      400,
      'bad_data',
      'invalid parameter "limit": limit must be non-negative',
    )
    await check(
      'GET /api/v1/query?query=up&timeout=1e300',
      400,
      'bad_data',
      'invalid parameter "timeout": cannot parse "1e300" to a valid duration. It overflows int64',
    )
    await check(
      'GET /api/v1/labels?match[]=%7B%7D',
      400,
      'bad_data',
      'match[] must contain at least one non-empty matcher',
    )
    await check('GET /api/v1/metadata?limit=x', 400, 'bad_data', 'limit must be a number')
    await check(
      'GET /api/v1/rules?type=x',
      400,
      'bad_data',
      'invalid parameter "type": not supported value "x"',
    )
    await check(
      'GET /api/v1/rules?group_limit=1&group_next_token=x',
      400,
      'bad_data',
      `invalid parameter "group_next_token": invalid group_next_token 'x'. were rule groups changed?`,
    )
    await check(
      'GET /api/v1/status/tsdb?limit=0',
      400,
      'bad_data',
      'limit must be a positive number',
    )
  })

  test('a query that takes too long ends by its own timeout', async () => {
    const { status, text } = await ask(
      'GET /api/v1/query_range?query=count_over_time(up%5B1d:1s%5D)&start=0&end=10000&step=1&timeout=1ms',
    )
    expect([status, (JSON.parse(text) as { errorType: string }).errorType]).toEqual([
      503,
      'timeout',
    ])
  })

  test('of addresses and bodies', async () => {
    await plain('GET /%FF', 404, '404 page not found\n')
    await plain('GET /nothing.js', 404, '404 page not found\n')
    await plain('GET /-/nothing', 404, '404 page not found\n')
    await plain('POST /graph', 404, '404 page not found\n')
    const { status, text } = await ask('POST /api/vigie/targets', '{', {
      'content-type': 'application/json',
    })
    expect([status, Object.keys(JSON.parse(text) as object)]).toEqual([400, ['error']])
  })
})

describe('remote write', () => {
  const write = async (
    body: Uint8Array,
    headers: Record<string, string> = WRITE,
  ): Promise<[number, string]> => {
    const { status, text } = await ask('POST /api/v1/write', body, headers)
    return [status, text]
  }
  const one = (line: string, startMs: number): Uint8Array => encodeSeries([line], startMs, 1000)
  const valueOf = async (expr: string, time: number): Promise<unknown> => {
    const { result } = (await data(`query?query=${expr}&time=${time}`)) as {
      result: { value: unknown[] }[]
    }
    return result[0]?.value[1]
  }

  test('what is written is there', async () => {
    expect(await write(one('written 5 6', 0))).toEqual([204, ''])
    expect(
      await write(one('written 7', 2000), {
        'content-type': 'application/x-protobuf;proto=prometheus.WriteRequest',
      }),
    ).toEqual([204, ''])
    expect(await write(one('written 8', 3000), {})).toEqual([204, ''])
    expect([await valueOf('written', 1), await valueOf('written', 3)]).toEqual(['6', '8'])
    expect(await write(encodeWriteRequest({ series: [] }))).toEqual([204, ''])
  })

  test('the valid part of a request stays', async () => {
    expect(await write(one('partly 1', 10_000))).toEqual([204, ''])
    expect(await write(one('partly 1', 10_000))).toEqual([204, ''])
    const [status, text] = await write(encodeSeries(['partly 2', 'other_part 3'], 10_000, 1000))
    expect([status, text]).toEqual([
      400,
      'duplicate sample for timestamp for series {__name__="partly"}\n',
    ])
    expect([await valueOf('partly', 10), await valueOf('other_part', 10)]).toEqual(['1', '3'])
    expect(await write(one('partly 1', 9000))).toEqual([
      400,
      'out of order sample for series {__name__="partly"}\n',
    ])
  })

  test('2.0, with what was written of it', async () => {
    const labels = (name: string): Labels => Labels.fromObject({ __name__: name })
    const h = { isInteger: true, count: 2, zeroCount: 2 }
    const send = async (t: number, count: number): Promise<unknown> => {
      const body = encodeWriteRequestV2([
        { labels: labels('v2'), t: [t], v: [t] },
        { labels: labels('v2h'), t: [t], v: [NaN], h: [makeHistogram({ ...h, count })] },
      ])
      const type = 'application/x-protobuf;proto=io.prometheus.write.v2.Request'
      const { status, headers, text } = await ask('POST /api/v1/write', body, {
        ...WRITE,
        'content-type': type,
      })
      const written = ['samples', 'histograms', 'exemplars'].map(
        (kind) => headers[`x-prometheus-remote-write-${kind}-written`],
      )
      return [status, ...written, text]
    }
    expect(await send(1000, 2)).toEqual([204, '1', '1', '0', ''])
    expect(await send(2000, 3)).toEqual([
      400,
      '1',
      '0',
      '0',
      expect.stringMatching(/but the Count field is 3: .* for series \{__name__="v2h"\}\n$/),
    ])
    expect(await send(500, 2)).toEqual([
      400,
      '0',
      '0',
      '0',
      'out of order sample for series {__name__="v2"}\nout of order sample for series {__name__="v2h"}\n',
    ])
    const ahead = Date.now() + 660_000
    expect(await send(ahead, 2)).toEqual([
      400,
      '0',
      '0',
      '0',
      expect.stringMatching(/^(out of bounds: timestamp is too far in the future for .*\n){2}$/),
    ])
    expect(await valueOf('v2', 2)).toBe('2000')
  })

  test('what is no remote write is refused', async () => {
    const good = one('refused 1', 0)
    const check = async (
      want: number,
      body: Uint8Array,
      headers?: Record<string, string>,
    ): Promise<void> => {
      const [status, text] = await write(body, headers)
      expect(status, text).toBe(want)
    }
    await check(415, good, { ...WRITE, 'content-type': 'application/json' })
    await check(415, good, { ...WRITE, 'content-type': 'text/plain' })
    await check(415, good, {
      ...WRITE,
      'content-type': 'application/x-protobuf;proto=io.prometheus.write.v3.Request',
    })
    await check(415, good, { ...WRITE, 'content-encoding': 'gzip' })
    await check(400, good.subarray(0, good.length - 3))
    await check(400, Buffer.from('not snappy at all'))
    await check(400, new Uint8Array(0))
    // Says that it unpacks to 4 GiB.
    await check(413, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0))
    await check(413, new Uint8Array(33 * 1024 * 1024))
    expect(await valueOf('refused', 0)).toBe(undefined)
  })
})

describe('remote read', () => {
  const refused = async (body: Uint8Array, want: string | RegExp): Promise<void> => {
    const { status, text } = await ask('POST /api/v1/read', body, WRITE)
    expect([status, text]).toEqual([400, expect.stringMatching(want)])
  }
  test('what is no remote read is refused', async () => {
    await refused(Buffer.from('hello'), /cannot decompress/)
    await refused(new Uint8Array(0), /got 0 bytes/)
    await refused(
      encodeReadRequest({ queries: [], accepted: [7] }),
      'server does not support any of the requested response types: \\[7\\]',
    )
    const bad = { type: '=~', name: 'a', value: '(' } as unknown as Matcher
    const queries = [{ minT: 0, maxT: 1, matchers: [bad] }]
    await refused(encodeReadRequest({ queries, accepted: [] }), /missing closing/)
  })
})

describe('management', () => {
  test('health and metrics', async () => {
    expect((await ask('GET /-/healthy')).status).toBe(200)
    expect((await ask('GET /-/ready')).status).toBe(200)
    const { text, headers } = await ask('GET /metrics')
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    const parser = createParser('prometheus')
    parser.reset(Buffer.from(`${text} `), Buffer.byteLength(text), 0, 'unknown')
    let seriesCount = 0
    for (let entry = parser.next(); entry !== 'end'; entry = parser.next())
      if (entry === 'series') seriesCount++
    expect(seriesCount).toBe(text.split('\n').filter((line) => /^[a-z]/.test(line)).length)
    expect(text).toContain('prometheus_tsdb_head_series ')
    expect(text).toMatch(
      /prometheus_http_requests_total\{handler="\/api\/v1\/query",code="200"\} \d+/,
    )
    expect(text).toMatch(
      /^prometheus_http_request_duration_seconds_bucket\{handler="\/api\/v1\/query",le="\+Inf"\} [1-9]/m,
    )
    expect(text).toContain('\n# TYPE prometheus_tsdb_wal_fsync_duration_seconds summary\n')
  })

  test('a reload, and a bad one that changes nothing', async () => {
    const one = await startTestVigie(CONFIG, { enableLifecycle: true }, { 'rules.yml': RULES })
    try {
      const reload = async (): Promise<Answer> => ask('POST /-/reload', '', {}, one.url)
      const status = async (): Promise<string> =>
        (await ask('GET /api/vigie/status', '', {}, one.url)).text
      // A subquery that names no step has that of the evaluation.
      const steps = async (): Promise<string> =>
        (await ask('GET /api/v1/query?query=count_over_time(vector(1)[1h:])', '', {}, one.url)).text
      expect((await reload()).status).toBe(200)
      expect(await steps()).toContain('"1"')
      const changed = CONFIG.replace('job_name: gone', 'job_name: new')
      writeFileSync(
        one.configFile,
        changed.replace('evaluation_interval: 1h', 'evaluation_interval: 30s'),
      )
      expect((await reload()).status).toBe(200)
      expect(await steps()).toContain('"120"')
      expect((await ask('GET /api/v1/targets', '', {}, one.url)).text).toContain(
        '"scrapePool":"new"',
      )
      writeFileSync(one.configFile, `${CONFIG}colour: red\n`)
      const bad = await reload()
      expect([bad.status, bad.text]).toEqual([
        500,
        `failed to reload config: ${one.configFile}:9: colour: unknown key\n`,
      ])
      expect(JSON.parse(await status())).toMatchObject({
        configError: `${one.configFile}:9: colour: unknown key`,
      })
      expect((await ask('GET /api/v1/targets', '', {}, one.url)).text).toContain(
        '"scrapePool":"new"',
      )
      expect((await ask('GET /api/v1/notifications', '', {}, one.url)).text).toContain(
        '"Configuration reload has failed."',
      )
    } finally {
      await one.stop()
    }
  })

  test('a busy port is an error that says so, and lets go of the data directory', async () => {
    const { port } = new URL(started.url)
    const dataDir = join(started.dir, 'other')
    const options = { dataDir, tsdbDir: join(dataDir, 'tsdb') }
    const listen = { host: '127.0.0.1', port: Number(port), orNext: false }
    const files = { 'rules.yml': RULES }
    await expect(startTestVigie(CONFIG, { ...options, listen }, files)).rejects.toThrow(ListenError)
    const next = await startTestVigie(
      CONFIG,
      { ...options, listen: { ...listen, orNext: true } },
      files,
    )
    expect(Number(new URL(next.url).port)).toBeGreaterThan(Number(port))
    await next.stop()
  })
})

test('a target and what it says of its metrics', async () => {
  const target = createServer((_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4')
    response.end(
      '# HELP n_total How many.\n# TYPE n_total counter\nn_total 5\n# TYPE b gauge\nb 1\n',
    )
  })
  target.listen(0, '127.0.0.1')
  await once(target, 'listening')
  const address = `127.0.0.1:${(target.address() as AddressInfo).port}`
  const config = `global: {scrape_interval: 1s}\ndefault_rules: false\nscrape_configs: [{job_name: app, static_configs: [{targets: ['${address}'], labels: {zone: z}}]}]`
  const one = await startTestVigie(config)
  try {
    const get = async (path: string): Promise<unknown> =>
      (JSON.parse((await ask(`GET /api/v1/${path}`, '', {}, one.url)).text) as { data: unknown })
        .data
    const deadline = Date.now() + 10_000
    while (JSON.stringify(await get('metadata')) === '{}' && Date.now() < deadline)
      await setTimeout(20)
    expect(await get('targets')).toEqual({
      activeTargets: [
        {
          discoveredLabels: {
            __address__: address,
            __metrics_path__: '/metrics',
            __scheme__: 'http',
            __always_scrape_classic_histograms__: 'false',
            __convert_classic_histograms_to_nhcb__: 'false',
            __scrape_native_histograms__: 'false',
            __scrape_interval__: '1s',
            __scrape_timeout__: '1s',
            job: 'app',
            zone: 'z',
          },
          labels: { instance: address, job: 'app', zone: 'z' },
          scrapePool: 'app',
          scrapeUrl: `http://${address}/metrics`,
          globalUrl: expect.stringMatching(/^http:\/\/.*\/metrics$/),
          lastError: '',
          lastScrape: expect.stringMatching(/^20/),
          lastScrapeDuration: expect.any(Number),
          health: 'up',
          scrapeInterval: '1s',
          scrapeTimeout: '1s',
        },
      ],
      droppedTargets: [],
      droppedTargetCounts: { app: 0 },
    })
    const counter = { type: 'counter', unit: '', help: 'How many.' }
    const gauge = { type: 'gauge', unit: '', help: '' }
    const labels = { instance: address, job: 'app', zone: 'z' }
    expect(await get('metadata')).toEqual({ n_total: [counter], b: [gauge] })
    expect(await get('metadata?metric=b')).toEqual({ b: [gauge] })
    expect(await get('metadata?limit=1')).toEqual({ n_total: [counter] })
    expect(await get('metadata?limit=0')).toEqual({})
    expect(await get('metadata?limit_per_metric=0&metric=b')).toEqual({ b: [gauge] })
    expect(await get('targets/metadata?metric=b')).toEqual([{ target: labels, ...gauge }])
    expect(await get('targets/metadata?match_target=%7Bjob=%22app%22%7D&limit=1')).toEqual([
      { target: labels, metric: 'n_total', ...counter },
      { target: labels, metric: 'b', ...gauge },
    ])
    expect(await get('targets/metadata?limit=0')).toEqual([])
    expect(await get('targets/metadata?match_target=%7Bjob=%22other%22%7D')).toEqual([])
  } finally {
    await one.stop()
    target.close()
  }
})

describe('pages', () => {
  test.each([
    '/',
    '/graph?g0.expr=up&g0.tab=1',
    '/d/uid/some-name',
    '/load/20260101T000000Z-abcdef',
    '/targets',
  ])('%s is the application', async (path) => {
    const { status, headers, text } = await ask(`GET ${path}`)
    expect([status, headers['content-type'], text]).toEqual([200, 'text/html; charset=utf-8', PAGE])
    expect(headers['content-security-policy']).toContain("script-src 'self';")
  })

  test('its files are served as what they are', async () => {
    const { headers, text } = await ask('GET /assets/app.js')
    expect([headers['content-type'], text]).toEqual([
      'application/javascript; charset=utf-8',
      readFileSync(`${started.dir}/ui/assets/app.js`, 'utf8'),
    ])
  })

  test('nothing outside its folder is served', async () => {
    for (const path of [
      '/../vigie.yml',
      '/..%2fvigie.yml',
      '/assets/../../vigie.yml',
      '/%2e%2e/vigie.yml',
    ])
      expect((await ask(`GET ${path}`)).text, path).not.toContain('scrape_configs')
  })
})

test('who may ask', async () => {
  const check = async (
    what: string,
    headers: Record<string, string>,
    status: number,
  ): Promise<void> => {
    const answer = await ask(what, '', headers)
    expect(answer.status, `${what} ${JSON.stringify(headers)}`).toBe(status)
    expect(answer.headers['content-security-policy']).toContain("default-src 'self'")
  }
  const { host, port } = new URL(started.url)
  await check('GET /api/v1/query?query=1', { host: 'evil.example' }, 403)
  await check('GET /', { host: `evil.example:${port}` }, 403)
  await check('GET /metrics', { host: `localhost:${port}` }, 200)
  await check('POST /api/vigie/save', { origin: 'http://evil.example' }, 403)
  await check('POST /api/vigie/save', { origin: `http://${host}` }, 409)
  await check('POST /api/v1/write', { ...WRITE, origin: 'http://evil.example' }, 403)
  await check('POST /-/reload', { 'sec-fetch-site': 'cross-site' }, 403)
  await check('POST /api/v1/query?query=1', { origin: 'http://evil.example' }, 200)
})

test('a block that cannot be read is moved aside and named, not passed over in silence', async () => {
  const ulid = '01BKGV7JBM69T2G1BGBGM6KB12'
  const meta = {
    ulid,
    minTime: 0,
    maxTime: 7_200_000,
    stats: {},
    compaction: { level: 1 },
    version: 1,
  }
  const folder = `data/tsdb/${ulid}`
  const files = { [`${folder}/meta.json`]: JSON.stringify(meta), [`${folder}/index`]: 'torn' }
  const other = await startTestVigie('', {}, files)
  const answer = await fetch(`${other.url}/api/vigie/status`)
  const { warnings } = (await answer.json()) as { warnings: string[] }
  await other.stop()
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toMatch(/^blocks that could not be read were moved to .*\/corrupt \(1\): /)
})
