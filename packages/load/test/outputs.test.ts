// Outputs of real runs: files line by line, and remote write into a real server.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { decodeWriteRequest } from '@vigie/model/remote-write'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runScript } from './run-script.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigie-outputs-'))
const written: { values: Map<string, number>; headers: Record<string, unknown> }[] = []
let server: Server
let base = ''

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.url === '/api/v1/write') {
        const { series, starts, v } = decodeWriteRequest(Buffer.concat(chunks), 1 << 24)
        const values = new Map(series.map((one, i) => [one.get('__name__') ?? '', v[starts[i]!]!]))
        written.push({ values, headers: request.headers })
      }
      response.statusCode = request.url === '/missing' ? 404 : 200
      response.end('hello')
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

const SCRIPT = `
  import http from 'k6/http'
  import { check, group } from 'k6'
  import { Trend, Counter } from 'k6/metrics'
  const mine = new Trend('mine', true)
  const beans = new Counter('beans')
  export const options = {
    iterations: 2, tags: { team: 'a,"b"' },
    thresholds: { mine: ['avg<100', { threshold: 'max<5', abortOnFail: true, delayAbortEval: '10s' }], 'mine{kind: x}': ['avg>=0'] },
  }
  export default function () {
    const res = http.get(__ENV.BASE + '/ok', { tags: { kind: 'x' } })
    check(res, { fine: (r) => r.status === 200 })
    group('inner', () => http.get(__ENV.BASE + '/missing'))
    mine.add(1.5, { kind: 'x' })
    beans.add(3)
  }`
const run = (flags: string[], env: Record<string, string> = {}): ReturnType<typeof runScript> =>
  runScript(SCRIPT, { flags, env: { BASE: base, ...env } })

interface Line {
  metric: string
  type: string
  data: {
    time: string
    value: number
    tags: Record<string, string>
    metadata?: Record<string, string>
    [key: string]: unknown
  }
}
const linesOf = (text: string): Line[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)

test('json: every sample with its time and tags, each metric before its first', async () => {
  const path = join(folder, 'out.json')
  const { code, stderr } = await run([
    '--out',
    `json=${path}`,
    '--system-tags',
    'method,name,status,group,check,scenario,url,expected_response,vu,iter',
  ])
  expect(code, stderr).toBe(0)
  const text = readFileSync(path, 'utf8')
  const lines = linesOf(text)
  const points = lines.filter(({ type }) => type === 'Point')
  const counts = new Map<string, number>()
  for (const { metric } of points) counts.set(metric, (counts.get(metric) ?? 0) + 1)
  expect(Object.fromEntries([...counts].filter(([name]) => !name.startsWith('vus')))).toEqual({
    http_reqs: 4,
    http_req_duration: 4,
    http_req_blocked: 4,
    http_req_connecting: 4,
    http_req_tls_handshaking: 4,
    http_req_sending: 4,
    http_req_waiting: 4,
    http_req_receiving: 4,
    http_req_failed: 4,
    checks: 2,
    mine: 2,
    beans: 2,
    group_duration: 2,
    data_sent: 2,
    data_received: 2,
    iterations: 2,
    iteration_duration: 2,
  })
  const seen = new Set<string>()
  for (const { metric, type } of lines) {
    expect(seen.has(metric)).toBe(type === 'Point')
    seen.add(metric)
  }
  const raw = text.split('\n').find((line) => line.startsWith('{"metric":"http_reqs"'))!
  expect(raw.replace(/"time":"[^"]+"/, '"time":""').replaceAll(base, '')).toBe(
    '{"metric":"http_reqs","type":"Point","data":{"time":"","value":1,"tags":{"expected_response":"true","group":"","kind":"x","method":"GET","name":"/ok","scenario":"default","status":"200","team":"a,\\"b\\"","url":"/ok"},"metadata":{"iter":"0","vu":"1"}}}',
  )
  expect(lines.find(({ type, metric }) => type === 'Metric' && metric === 'mine')).toEqual({
    type: 'Metric',
    data: {
      name: 'mine',
      type: 'trend',
      contains: 'time',
      thresholds: ['avg<100', { threshold: 'max<5', abortOnFail: true, delayAbortEval: '10s' }],
      submetrics: [{ name: 'mine{kind: x}', suffix: 'kind: x', tags: { kind: 'x' } }],
    },
    metric: 'mine',
  })
  // The nine samples of a request have one time.
  const times = points
    .filter(({ metric }) => metric.startsWith('http_'))
    .map(({ data }) => data.time)
  expect(new Set(times).size).toBe(4)
  expect(times[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/)
  expect(
    points.filter(({ metric }) => metric === 'iterations').map(({ data }) => data.metadata),
  ).toEqual([
    { iter: '0', vu: '1' },
    { iter: '1', vu: '1' },
  ])
})

test('csv: a column for every system tag, the rest in one', async () => {
  const path = join(folder, 'out.csv.gz')
  const { code, stderr } = await run(['-o', `csv=${path}`], { K6_CSV_TIME_FORMAT: 'unix_milli' })
  expect(code, stderr).toBe(0)
  const [header, ...rows] = gunzipSync(readFileSync(path)).toString().trimEnd().split('\n')
  expect(header).toBe(
    'metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,scenario,service,status,subproto,tls_version,url,extra_tags,metadata',
  )
  const row = rows.find((one) => one.startsWith('http_reqs'))!
  expect(row.replace(/,\d{13},/, ',T,').replaceAll(base, '')).toBe(
    'http_reqs,T,1.000000,,,,true,,GET,/ok,HTTP/1.1,default,,200,,,/ok,"kind=x&team=a,""b""",',
  )
  expect(
    rows.filter((one) => one.startsWith('http_req_failed')).map((one) => one.split(',')[2]),
  ).toEqual(['0.000000', '1.000000', '0.000000', '1.000000'])
})

test('json on standard output, and two outputs at once', async () => {
  const path = join(folder, 'both.csv')
  const { stdout } = await run([
    '--out',
    'json',
    '--out',
    `csv=${path}`,
    '--summary-mode',
    'disabled',
  ])
  expect(linesOf(stdout).length).toBeGreaterThan(40)
  expect(readFileSync(path, 'utf8').split('\n').length).toBeGreaterThan(30)
})

test('experimental-prometheus-rw: names, statistics, seconds, headers', async () => {
  written.length = 0
  const { code, stderr } = await run(['--out', 'experimental-prometheus-rw'], {
    K6_PROMETHEUS_RW_SERVER_URL: `${base}/api/v1/write`,
    K6_PROMETHEUS_RW_TREND_STATS: 'p(99.9),count,sum',
    K6_PROMETHEUS_RW_USERNAME: 'me',
    K6_PROMETHEUS_RW_PASSWORD: 'secret',
    'K6_PROMETHEUS_RW_HEADERS_X-Scope-OrgID': 'team',
  })
  expect(code, stderr).toBe(0)
  const last = new Map(written.flatMap(({ values }) => [...values]))
  const mine = [...last].filter(([name]) => /mine|beans|checks/.test(name))
  expect(Object.fromEntries(mine)).toEqual({
    k6_beans_total: 6,
    k6_checks_rate: 1,
    k6_mine_count: 2,
    k6_mine_p999: 0.0015,
    k6_mine_sum: 0.003,
  })
  expect(written[0]!.headers).toMatchObject({
    'x-scope-orgid': 'team',
    authorization: `Basic ${btoa('me:secret')}`,
  })
})

const refused: [out: string, env: Record<string, string>, says: string][] = [
  ['nope', {}, "invalid output type 'nope', available types are: json, csv"],
  ['influxdb=http://x', {}, 'the output "influxdb" is not supported'],
  ['kafka', {}, 'nor by k6 any more'],
  ['json=/gone/for/good.json', {}, 'cannot write results'],
  ['csv', { K6_CSV_TIME_FORMAT: 'sundial' }, 'unknown time format "sundial"'],
  [
    'experimental-prometheus-rw',
    { K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM: 'true' },
    'NATIVE_HISTOGRAM is not supported',
  ],
  ['experimental-prometheus-rw', { K6_PROMETHEUS_RW_SERVER_URL: 'here' }, 'SERVER_URL'],
]
test.each(refused)('--out %s %j is refused', async (out, env, says) => {
  const { code, stderr } = await run(['--out', out], env)
  expect([code, stderr]).toEqual([255, expect.stringContaining(says)])
})

test('files are whole after the run was interrupted', async () => {
  const path = join(folder, 'cut.json.gz')
  let count = 0
  const abort = new AbortController()
  const { code } = await runScript(
    `import { sleep } from 'k6'; export default function () { console.log('go'); sleep(0.01) }`,
    {
      flags: ['-d', '60s', '--out', `json=${path}`],
      signal: abort.signal,
      onLog: (line) => line.includes('msg=go') && ++count > 20 && abort.abort(),
    },
  )
  expect(code).toBe(105)
  expect(linesOf(gunzipSync(readFileSync(path)).toString()).at(-1)).toMatchObject({ type: 'Point' })
})
