/** Endpoints beside queries, lists and status: trees, jobs, features, federation, notifications, switches. */
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Labels } from '@vigie/model'
import { encodeWriteRequest } from '@vigie/model/remote-write'
import { parse } from 'yaml'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestVigie, startTestVigie } from './start-vigie.ts'
import { encodeSeries } from './write.ts'

const SERIES = [
  'up{instance="a",job="api"} 1x10',
  'up{instance="b",job="api"} 1x5 0x3 stale',
  'hits_total{job="api"} 0+6x10',
  '{"utf8.name","host.name"="x \\"y"} 0.5x10',
]
const CONFIG = `
global: { scrape_interval: 1h, external_labels: { cluster: c, job: never } }
default_rules: false
scrape_configs:
- job_name: gone
  basic_auth: { username: me, password: hidden }
  static_configs: [{ targets: ['127.0.0.1:1'] }]
  relabel_configs: [{ source_labels: [job], target_label: b }, { action: drop }, { target_label: c }]
`
const FEDERATED = `# TYPE hits_total untyped
hits_total{job="api",cluster="c",instance=""} 60 100000
# TYPE up untyped
up{instance="a",job="api",cluster="c"} 1 100000
# TYPE utf8_name untyped
utf8_name{host_name="x \\"y",cluster="c",instance="",job="never"} 0.5 100000
`

let started: TestVigie

beforeAll(async () => {
  started = await startTestVigie(CONFIG, { now: () => 200_000, enableOtlp: true })
  const status = await post('/api/v1/write', encodeSeries(SERIES, 0, 10_000))
  if (status !== 204) throw new Error(`remote write answers ${status}`)
})
afterAll(async () => started?.stop())

async function post(path: string, body?: Uint8Array): Promise<number> {
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' }
  const init = body === undefined ? {} : { headers, body: Buffer.from(body) }
  return (await fetch(started.url + path, { method: 'POST', ...init })).status
}

const data = async (path: string): Promise<unknown> => {
  const response = await fetch(`${started.url}/api/v1/${path}`)
  const body = (await response.json()) as { data: unknown }
  expect(response.status, JSON.stringify(body)).toBe(200)
  return body.data
}

test('an expression as a tree', async () => {
  const check = async (query: string, tree: object): Promise<void> =>
    expect(await data(`parse_query?query=${encodeURIComponent(query)}`), query).toEqual(tree)
  const number = (val: string): object => ({ type: 'numberLiteral', val })
  const selector = (name: string, more: object = {}): object => ({
    type: 'vectorSelector',
    name,
    matchers: [{ name: '__name__', type: '=', value: name }],
    offset: 0,
    timestamp: null,
    startOrEnd: null,
    anchored: false,
    smoothed: false,
    ...more,
  })
  await check('1e21', number('1000000000000000000000'))
  await check('1.5e-9', number('0.0000000015'))
  await check('Inf', number('+Inf'))
  await check('("a")', { type: 'parenExpr', expr: { type: 'stringLiteral', val: 'a' } })
  await check('-up', { type: 'unaryExpr', op: '-', expr: selector('up') })
  await check('up offset 1m', selector('up', { offset: 60_000 }))
  await check('up @ 5', selector('up', { timestamp: 5000 }))
  await check('rate(up[5m] @ end())', {
    type: 'call',
    func: { name: 'rate', argTypes: ['matrix'], variadic: 0, returnType: 'vector' },
    args: [selector('up', { type: 'matrixSelector', range: 300_000, startOrEnd: 'end' })],
  })
  await check('up[1h:5m]', {
    type: 'subquery',
    expr: selector('up'),
    range: 3_600_000,
    step: 300_000,
    offset: 0,
    timestamp: null,
    startOrEnd: null,
  })
  await check('topk without (a) (2, up)', {
    type: 'aggregation',
    op: 'topk',
    expr: selector('up'),
    param: number('2'),
    grouping: ['a'],
    without: true,
  })
  await check('up == bool on (a) group_left (b) up', {
    type: 'binaryExpr',
    op: '==',
    lhs: selector('up'),
    rhs: selector('up'),
    matching: {
      card: 'many-to-one',
      labels: ['a'],
      on: true,
      include: ['b'],
      fillValues: { lhs: null, rhs: null },
    },
    bool: true,
  })
  await check('1 + 1', {
    type: 'binaryExpr',
    op: '+',
    lhs: number('1'),
    rhs: number('1'),
    matching: null,
    bool: false,
  })
})

test('the settings and relabelling of a job', async () => {
  expect(await data('scrape_pools/config?scrapePool=gone')).toEqual({
    yaml: expect.stringContaining('job_name: gone\nscrape_interval: 1h\nscrape_timeout: 10s\n'),
  })
  const labels = encodeURIComponent('{"__address__":"a:1","job":"x"}')
  const rule = { separator: ';', regex: '(.*)', replacement: '$1', action: 'replace' }
  expect(await data(`targets/relabel_steps?scrapePool=gone&labels=${labels}`)).toEqual({
    steps: [
      {
        rule: { ...rule, source_labels: ['job'], target_label: 'b' },
        output: { __address__: 'a:1', b: 'x', job: 'x' },
        keep: true,
      },
      { rule: { ...rule, action: 'drop' }, output: {}, keep: false },
      { rule: { ...rule, target_label: 'c' }, output: {}, keep: false },
    ],
  })
  const error = async (path: string): Promise<unknown> =>
    ((await (await fetch(`${started.url}/api/v1/${path}`)).json()) as { error: string }).error
  expect(await error('targets/relabel_steps')).toBe('no scrapePool parameter provided')
  expect(await error('targets/relabel_steps?scrapePool=gone')).toBe('no labels parameter provided')
  expect(await error('scrape_pools/config?scrapePool=x')).toBe('scrape pool "x" not found')
})

test('what it measures of itself', async () => {
  const only = await data('status/self_metrics?metric_name_pattern=vigie_build_.*')
  expect(only).toEqual([
    {
      name: 'vigie_build_info',
      help: expect.any(String),
      type: 'GAUGE',
      metric: [{ gauge: { value: 1 }, label: expect.any(Array) }],
    },
  ])
})

test('what it can do', async () => {
  expect(await data('features')).toMatchObject({
    api: { admin: false, remote_write_receiver: true },
    promql_functions: { rate: true, info: false },
  })
  expect(await (await fetch(`${started.url}/version`)).json()).toMatchObject({
    version: '0.0.0-test',
  })
})

test('a description of the whole, true of every path', async () => {
  const read = async (query: string): Promise<Record<string, never>> =>
    parse(await (await fetch(`${started.url}/api/v1/openapi.yaml${query}`)).text()) as never
  const described = await read('')
  expect(described.openapi).toBe('3.1.0')
  expect((await read('?openapi_version=3.2')).openapi).toBe('3.2.0')
  expect((await fetch(`${started.url}/api/v1/openapi.yaml?openapi_version=4`)).status).toBe(400)
  for (const [path, methods] of Object.entries<Record<string, object>>(described.paths))
    for (const method of Object.keys(methods)) {
      if (path === '/notifications/live' || path.startsWith('/search/')) continue
      const url = `${started.url}/api/v1${path.replace('{name}', 'job')}`
      const { status } = await fetch(url, { method: method.toUpperCase() })
      expect(status, `${method} ${path}`).not.toBe(404)
    }
})

test('federation: newest samples with external labels, sorted, what has ended left out', async () => {
  const all = 'match[]=up&match[]={job="api"}&match[]={"host.name"!=""}'
  const response = await fetch(`${started.url}/federate?${all}`)
  expect(response.status).toBe(200)
  expect(await response.text()).toBe(FEDERATED)
})

test('notifications, as a list and as they come', async () => {
  const abort = new AbortController()
  const live = await fetch(`${started.url}/api/v1/notifications/live`, { signal: abort.signal })
  expect(live.headers.get('content-type')).toBe('text/event-stream')
  const reader = live.body!.pipeThrough(new TextDecoderStream()).getReader()
  const next = async (): Promise<unknown> => {
    const { value } = await reader.read()
    return JSON.parse(value!.replace(/^data: /, ''))
  }
  const failed = { text: 'Configuration reload has failed.', date: '1970-01-01T00:03:20.000Z' }
  writeFileSync(started.configFile, 'nonsense: 1\n')
  expect(started.vigie.reload()).toBe(false)
  expect(await next()).toEqual({ ...failed, active: true })
  expect(await data('notifications')).toEqual([{ ...failed, active: true }])
  writeFileSync(started.configFile, CONFIG)
  expect(started.vigie.reload()).toBe(true)
  expect(await next()).toEqual({ ...failed, active: false })
  expect(await data('notifications')).toEqual([])
  abort.abort()
})

const BODY = `# TYPE hits counter
hits_total{code="a"} 1 # {trace="x"} 0.5 100
hits_total{code="b"} 1 # {trace="y"} 0.25
hits_total{code="c"} 1
# EOF
`

test('exemplars, scraped and written', async () => {
  const target = createServer((_request, response) =>
    response.setHeader('content-type', 'application/openmetrics-text').end(BODY),
  ).listen(0, '127.0.0.1')
  await once(target, 'listening')
  const { port } = target.address() as AddressInfo
  const config = (max: number): string => `
default_rules: false
storage: { exemplars: { max_exemplars: ${max} } }
scrape_configs: [{ job_name: j, scrape_interval: 1h, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }]
`
  const own = await startTestVigie(config(10), {
    now: () => 200_000,
    features: new Set(['exemplar-storage']),
  })
  try {
    const ask = async (query: string): Promise<string> =>
      (await fetch(`${own.url}/api/v1/query_exemplars?query=${encodeURIComponent(query)}`)).text()
    const labels = (code: string): string =>
      `{"__name__":"hits_total","code":"${code}","instance":"127.0.0.1:${port}","job":"j"}`
    const all =
      `{"status":"success","data":[{"seriesLabels":${labels('a')},"exemplars":[{"labels":{"trace":"x"},"value":"0.5","timestamp":100}]},` +
      `{"seriesLabels":${labels('b')},"exemplars":[{"labels":{"trace":"y"},"value":"0.25","timestamp":200}]}]}`
    await expect.poll(() => ask('rate(hits_total[5m]) + up')).toBe(all)
    const written = encodeWriteRequest({
      series: [
        {
          labels: Labels.fromObject({ __name__: 'w' }),
          t: [1],
          v: [1],
          exemplars: [{ labels: Labels.EMPTY, t: 150_500, v: 3 }],
        },
      ],
    })
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' }
    const init = { method: 'POST', headers, body: Buffer.from(written) }
    expect((await fetch(`${own.url}/api/v1/write`, init)).status).toBe(204)
    const ofWritten =
      '[{"seriesLabels":{"__name__":"w"},"exemplars":[{"labels":{},"value":"3","timestamp":150.500}]}]'
    expect(await ask('w')).toBe(`{"status":"success","data":${ofWritten}}`)
    expect((await fetch(`${own.url}/api/v1/query_exemplars?query=1`)).status).toBe(204)
    writeFileSync(own.configFile, config(0))
    expect(own.vigie.reload()).toBe(true)
    expect(await ask('w')).toBe('{"status":"success","data":[]}')
  } finally {
    await own.stop()
    target.close()
  }
})

test('names that fit, in lines', async () => {
  const own = await startTestVigie('default_rules: false', {
    now: () => 200_000,
    features: new Set(['search-api']),
  })
  try {
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' }
    const body = Buffer.from(encodeSeries(SERIES, 0, 10_000))
    await fetch(`${own.url}/api/v1/write`, { method: 'POST', headers, body })
    const lines = async (path: string): Promise<string> => {
      const response = await fetch(`${own.url}/api/v1/search/${path}`)
      expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8')
      return response.text()
    }
    const end = '{"status":"success","has_more":false}\n'
    const more = '{"status":"success","has_more":true}\n'
    expect(await lines('metric_names?search[]=ts')).toBe(
      `{"results":[{"name":"hits_total"}]}\n${end}`,
    )
    expect(await lines('metric_names?sort_by=alpha&sort_dir=dsc&limit=2&batch_size=1')).toBe(
      `{"results":[{"name":"utf8.name"}]}\n{"results":[{"name":"up"}]}\n${more}`,
    )
    expect(await lines('label_names?search[]=job&include_score=true')).toBe(
      `{"results":[{"name":"job","score":1}]}\n${end}`,
    )
    expect(await lines('label_values?label=instance&match[]=up&search[]=zz')).toBe(
      `{"results":[]}\n${end}`,
    )
    const error = async (path: string): Promise<unknown> =>
      ((await (await fetch(`${own.url}/api/v1/search/${path}`)).json()) as { error: string }).error
    expect(await error('label_values')).toBe('missing required parameter "label"')
    expect(await error('label_names?fuzz_threshold=101')).toBe(
      'invalid fuzz_threshold "101": must be 0-100',
    )
    expect(await error('label_names?sort_dir=asc')).toBe(
      'sort_dir is only valid with sort_by=alpha',
    )
  } finally {
    await own.stop()
  }
  expect((await fetch(`${started.url}/api/v1/search/metric_names`)).status).toBe(404)
})

test('deletion, cleaning and snapshots when they are switched on', async () => {
  const own = await startTestVigie('default_rules: false', {
    now: () => 200_000,
    enableAdminApi: true,
  })
  try {
    const send = async (path: string, body?: Uint8Array): Promise<Response> =>
      fetch(`${own.url}/api/v1/${path}`, {
        method: 'POST',
        ...(body === undefined
          ? {}
          : {
              body: Buffer.from(body),
              headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
            }),
      })
    await send('write', encodeSeries(SERIES, 0, 10_000))
    const names = async (): Promise<unknown> =>
      ((await (await fetch(`${own.url}/api/v1/label/__name__/values`)).json()) as { data: unknown })
        .data
    expect((await send('admin/tsdb/delete_series?match[]=up&match[]=hits_total')).status).toBe(204)
    expect(await names()).toEqual(['utf8.name'])
    expect((await send('admin/tsdb/clean_tombstones')).status).toBe(204)
    const { data: made } = (await (await send('admin/tsdb/snapshot')).json()) as {
      data: { name: string }
    }
    expect(made.name).toMatch(/^\d{8}T\d{6}Z-[0-9a-f]{16}$/)
    expect(existsSync(join(own.dir, 'data/tsdb/snapshots', made.name))).toBe(true)
    const error = async (path: string): Promise<unknown> =>
      ((await (await send(path)).json()) as { error: string }).error
    expect(await error('admin/tsdb/delete_series')).toBe('no match[] parameter provided')
    expect(await error('admin/tsdb/delete_series?match[]=up&start=x')).toBe(
      `invalid parameter "start": invalid time value for 'start': cannot parse "x" to a valid timestamp`,
    )
    expect(await error('admin/tsdb/snapshot?skip_head=x')).toBe(
      'invalid parameter "skip_head": unable to parse boolean: strconv.ParseBool: parsing "x": invalid syntax',
    )
    const blocks = await (await fetch(`${own.url}/api/v1/status/tsdb/blocks`)).json()
    expect(blocks).toEqual({ status: 'success', data: { blocks: expect.any(Array) } })
  } finally {
    await own.stop()
  }
})

test('a value of stats that Prometheus will refuse is warned of', async () => {
  const warnings = async (stats: string): Promise<unknown> =>
    ((await (await fetch(`${started.url}/api/v1/query?query=up&stats=${stats}`)).json()) as object)[
      'warnings' as never
    ]
  expect(await warnings('true')).toBe(undefined)
  expect(await warnings('1')).toEqual([
    'value "1" for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"',
  ])
})

test('a remote write receiver that is switched off', async () => {
  const off = await startTestVigie('default_rules: false', { enableRemoteWrite: false })
  const response = await fetch(`${off.url}/api/v1/write`, { method: 'POST' })
  expect([response.status, await response.text()]).toEqual([
    404,
    'remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n',
  ])
  await off.stop()
})

test('methods that a path does not take, and bodies that it does not read', async () => {
  const check = async (
    request: string,
    status: number,
    allow: string | null,
    init: RequestInit = {},
  ): Promise<void> => {
    const [method, path] = request.split(' ')
    const response = await fetch(started.url + path, { method, ...init })
    await response.arrayBuffer()
    expect([response.status, response.headers.get('allow')], request).toEqual([status, allow])
  }
  await check('DELETE /api/v1/query', 405, 'GET, OPTIONS, POST')
  await check('HEAD /api/v1/query', 405, 'GET, OPTIONS, POST')
  await check('POST /api/v1/targets', 405, 'GET, OPTIONS')
  await check('GET /api/v1/write', 405, 'OPTIONS, POST')
  await check('GET /-/reload', 405, 'OPTIONS, POST, PUT')
  await check('PUT /api/v1/series', 405, 'DELETE, GET, OPTIONS, POST')
  await check('DELETE /api/v1/series', 500, null)
  await check('POST /-/healthy', 405, 'GET, HEAD, OPTIONS')
  await check('HEAD /-/healthy', 200, null)
  await check('OPTIONS /-/healthy', 200, 'GET, HEAD, OPTIONS')
  await check('OPTIONS /api/v1/query', 204, null)
  await check('OPTIONS /api/v1/nothing', 204, null)
  await check('POST /api/v1/nothing', 404, null)
  const json = { headers: { 'content-type': 'application/json' }, body: 'query=2' }
  await check('POST /api/v1/query?query=1', 200, null, json)
  await check('POST /api/v1/query', 400, null, json)
})

test('pages of other origins read the API when they are allowed to', async () => {
  const other = await startTestVigie('default_rules: false', {
    isReadableFrom: (origin) => origin === 'http://a.com',
  })
  try {
    const headersOf = async (origin?: string): Promise<(string | null)[]> => {
      const headers = origin === undefined ? {} : { origin }
      const response = await fetch(`${other.url}/api/v1/query?query=1`, { headers })
      const names = ['vary', 'access-control-allow-origin', 'access-control-allow-methods']
      return names.map((name) => response.headers.get(name))
    }
    expect(await headersOf()).toEqual(['Origin', null, null])
    expect(await headersOf('http://a.com')).toEqual([
      'Origin',
      'http://a.com',
      'GET, POST, OPTIONS',
    ])
    expect(await headersOf('http://b.com')).toEqual(['Origin', null, 'GET, POST, OPTIONS'])
  } finally {
    await other.stop()
  }
})

test('numbers of /federate', async () => {
  const lines = ['fed{n="1"} 1795408622', 'fed{n="2"} -0', 'fed{n="3"} 100000', 'fed{n="4"} 1e-5']
  expect(await post('/api/v1/write', encodeSeries(lines, 150_000, 1000))).toBe(204)
  const response = await fetch(`${started.url}/federate?match[]=fed&match[]={}`)
  const values = (await response.text()).match(/(?<=\} )\S+/g)
  expect(values).toEqual(['1.795408622e+09', '0', '100000', '1e-05'])
})

test('names and formats of /federate', async () => {
  const lines = ['{"fed.x_1", "a-b"="c", "x:y"="z", e_f="g"} 1']
  expect(await post('/api/v1/write', encodeSeries(lines, 150_000, 1000))).toBe(204)
  const ask = async (accept: string): Promise<[string | null, string]> => {
    const response = await fetch(`${started.url}/federate?match[]={"fed.x_1"}`, {
      headers: { accept },
    })
    return [response.headers.get('content-type'), await response.text()]
  }
  const TEXT = 'text/plain; version=0.0.4; charset=utf-8; escaping='
  const external = 'e_f="g",x:y="z",cluster="c",instance="",job="never"'
  for (const [accept, escaping, name, labels] of [
    ['', 'underscores', 'fed_x_1', 'a_b="c"'],
    ['text/plain;escaping=nope', 'underscores', 'fed_x_1', 'a_b="c"'],
    ['text/plain;escaping=dots', 'dots', 'fed_dot_x__1', 'a__b="c"'],
    ['text/plain;escaping=values', 'values', 'U__fed_2e_x__1', 'U__a_2d_b="c"'],
  ])
    expect(await ask(accept)).toEqual([
      TEXT + escaping,
      `# TYPE ${name} untyped\n${name}{${labels},${external}} 1 150000\n`,
    ])
  // What is wanted most says how names are written, also where it is not served.
  const prometheus =
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'
  expect(await ask(prometheus)).toEqual([
    `${TEXT}allow-utf-8`,
    '# TYPE "fed.x_1" untyped\n{"fed.x_1","a-b"="c",' + `${external}} 1 150000\n`,
  ])
  const MESSAGE = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily'
  const protobuf = `${MESSAGE}; encoding=delimited`
  const [type, body] = await ask(`text/plain;q=0.5,${protobuf};q=0.7`)
  expect(type).toBe(`${protobuf}; escaping=underscores`)
  expect(body).toContain('fed_x_1')
  expect((await ask(`${MESSAGE};encoding=text`))[0]).toBe(`${TEXT}underscores`)
})

test('where a range query falls between milliseconds', async () => {
  const times = async (more: string): Promise<unknown> => {
    const found = await data(`query_range?query=time()&${more}`)
    return (found as { result: { values: [number, string][] }[] }).result[0].values.map(([t]) => t)
  }
  expect(await times('start=1.0005&end=3.0005&step=1')).toEqual([1, 2, 3])
  expect(await times('start=1.0004&end=3.0005&step=0.9996')).toEqual([1, 1.999, 2.998])
})
