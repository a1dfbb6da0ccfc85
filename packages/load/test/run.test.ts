// Whole runs: executors, options, summary, outputs.
import { readFileSync, rmSync } from 'node:fs'
import { type IncomingMessage, type Server, createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { decodeWriteRequest } from '@vigie/model/remote-write'
import { METRIC_NAME, isStale } from '@vigie/model'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import type { RunReport } from '../src/index.ts'
import { cert, key } from './certificate.ts'
import { runScript } from './run-script.ts'

let server: Server
let sockets: WebSocketServer
let base = ''

beforeAll(async () => {
  server = createServer((request, response) => {
    response.statusCode = request.url === '/404' ? 404 : 200
    response.end('{"ok":true}')
  })
  sockets = new WebSocketServer({ server, handleProtocols: (all) => [...all][0] ?? false })
  sockets.on('connection', (socket, request) => {
    socket.on('error', () => {})
    if (request.url === '/cut') socket.terminate()
    if (request.url === '/bye') socket.close(4000, 'bye')
    socket.on('message', (data: Buffer, isBinary) =>
      socket.send(isBinary ? data : `echo ${data.toString()}`, { binary: isBinary }),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  sockets.close()
  server.close()
  server.closeAllConnections()
})

test.concurrent('constant-vus, setup data, checks, groups and teardown, on two workers', async () => {
  const { code, logged, stdout, stderr } = await runScript(
    `import http from 'k6/http'
    import { check, group, sleep } from 'k6'
    export const options = { vus: 3, duration: '1s', thresholds: { checks: ['rate==1'], 'http_req_duration{kind:a}': ['p(95)<60000'] } }
    export function setup() { console.log('setup', __VU); return { list: [1] } }
    export default function (data) {
      data.list.push(1)
      group('g', () => {
        const r = http.get('${base}/', { tags: { kind: 'a' } })
        check(r, { ok: (x) => x.json('ok') === true && data.list.length === __ITER + 2 })
      })
      if (__VU === 1 && __ITER === 0) { nowhere.x }
      sleep(0.2)
    }
    export function teardown(data) { console.log('teardown', data.list.length) }`,
    { options: { workers: 2 } },
  )
  expect(code, stderr).toBe(0)
  expect(logged).toEqual(['setup 0', 'teardown 1'])
  expect(stderr).toMatch(
    /ReferenceError: nowhere is not defined\\n\\tat default \(file:\/\/\/script.js:11:\d+\)\\n" executor=constant-vus scenario=default source=stacktrace/,
  )
  expect(stdout).toContain("✓ 'rate==1' rate=100.00%")
  expect(stdout).toMatch(/\{ kind:a \}\.+: avg=/)
  expect(stdout).toMatch(/vus_max\.+: 3 +min=3 +max=3/)
})

test.concurrent('errors point into TypeScript', async () => {
  const { stderr } = await runScript(
    `import { fails } from './lib.ts'
interface Unused { a: number }

export default function (): void {
  const wide: Unused = { a: 1 }; fails(wide.a)
}`,
    {
      name: 'script.ts',
      files: {
        'lib.ts':
          "import { sleep } from 'k6'\ntype N = number\n\nexport function fails(n: N): void {\n  sleep(0.001)\n  throw new Error('at ' + n)\n}",
      },
    },
  )
  expect(stderr).toContain(
    'Error: at 1\\n\\tat fails (file:///lib.ts:6:9)\\n\\tat default (file:///script.ts:5:34)',
  )
})

test.concurrent('setup data is JSON as Go writes it', async () => {
  const { stderr } = await runScript(
    `export function setup() { return { u: undefined, times: [new Date(0), new Date(120), new Date(123)] } }
    export default function (data) { console.log(JSON.stringify(data)) }`,
  )
  expect(stderr).toContain(
    '{"u":null,"times":["1970-01-01T00:00:00Z","1970-01-01T00:00:00.12Z","1970-01-01T00:00:00.123Z"]}',
  )
})

test.concurrent('shared and per-vu iterations, scenarios with exec, env, tags and startTime', async () => {
  const { code, logged, stdout } = await runScript(
    `import exec from 'k6/execution'
    import { sleep } from 'k6'
    export const options = { scenarios: {
      shared: { executor: 'shared-iterations', vus: 2, iterations: 5, exec: 'a', env: { WHO: 'A' }, tags: { t: 'x' } },
      own: { executor: 'per-vu-iterations', vus: 2, iterations: 2, exec: 'b', startTime: '1500ms' },
    }, thresholds: { 'iterations{scenario:shared}': ['count==5'], 'iterations{scenario:own}': ['count==4'], 'iterations{t:x}': ['count==5'] } }
    export function a() { console.log(__ENV.WHO, exec.scenario.name, exec.scenario.iterationInTest, exec.vu.tags.t); sleep(0.02) }
    export function b() { console.log('b', exec.scenario.executor, exec.vu.iterationInScenario) }`,
  )
  expect(code, stdout).toBe(0)
  expect(logged.filter((line) => line.startsWith('A')).sort()).toEqual(
    [0, 1, 2, 3, 4].map((n) => `A shared ${n} x`),
  )
  expect(logged.filter((line) => line.startsWith('b')).sort()).toEqual([
    'b per-vu-iterations 0',
    'b per-vu-iterations 0',
    'b per-vu-iterations 1',
    'b per-vu-iterations 1',
  ])
  expect(logged.indexOf('b per-vu-iterations 0')).toBeGreaterThan(4)
})

test.concurrent('ramping-vus, with what is ramped down interrupted after its grace', async () => {
  const { code, stdout } = await runScript(
    `import { sleep } from 'k6'
    export const options = { scenarios: { r: { executor: 'ramping-vus', startVUs: 0, gracefulRampDown: '0s', gracefulStop: '0s',
      stages: [{ duration: '300ms', target: 3 }, { duration: '300ms', target: 3 }, { duration: '300ms', target: 0 }] } } }
    export default function () { sleep(30) }`,
    { flags: ['--summary-mode', 'disabled'] },
  )
  expect([code, stdout]).toEqual([0, ''])
})

test.concurrent('what maxDuration cuts off is dropped, and counted', async () => {
  const { code } = await runScript(
    `import { sleep } from 'k6'
    export const options = { scenarios: { a: { executor: 'shared-iterations', vus: 1, iterations: 20, maxDuration: '1s', gracefulStop: '0s' } },
      thresholds: { dropped_iterations: ['count>10'], iterations: ['count<5'] } }
    export default function () { sleep(0.3) }`,
  )
  expect(code).toBe(0)
})

const layers: [
  what: string,
  options: string,
  env: Record<string, string>,
  flags: string[],
  iterations: number,
][] = [
  ['the script', '{ iterations: 3 }', {}, [], 3],
  ['the environment over the script', '{ iterations: 3 }', { K6_ITERATIONS: '4' }, [], 4],
  ['the command line over both', '{ iterations: 3 }', { K6_ITERATIONS: '4' }, ['-i', '5'], 5],
  [
    'a shortcut over scenarios',
    "{ scenarios: { a: { executor: 'per-vu-iterations', iterations: 9 } } }",
    {},
    ['-i', '2'],
    2,
  ],
  ['VUs alone', '{}', {}, ['-u', '3'], 3],
]
test.concurrent.each(layers)('options: %s', async (_, options, env, flags, iterations) => {
  const { code, stdout, stderr } = await runScript(
    `export const options = { ...${options}, thresholds: { iterations: ['count==${iterations}'] } }; export default () => {}`,
    { env, flags },
  )
  expect(code, stdout + stderr).toBe(0)
})

test.concurrent('hosts lead names elsewhere', async () => {
  const { logged } = await runScript(
    `import http from 'k6/http'
    export const options = { hosts: { 'game.example': '127.0.0.1', '*.wild.example:80': '${base.slice(7)}' } }
    export default () => console.log(http.get('http://game.example:${base.split(':')[2]}/').status, http.get('http://a.wild.example/').status)`,
  )
  expect(logged).toEqual(['200 200'])
})

test.concurrent('https: verified, or not when told so', async () => {
  const secure = createSecureServer({ key, cert }, (_, response) => response.end('safe'))
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve))
  const { port } = secure.address() as AddressInfo
  const script = `import http from 'k6/http'
    export default () => { for (let i = 0; i < 2; i++) { const r = http.get('https://game.example:${port}/'); console.log(r.body, r.error_code, r.tls_version, r.timings.tls_handshaking > 0) } }
    export const options = { hosts: { 'game.example': '127.0.0.1' } }`
  const strict = await runScript(script)
  const lax = await runScript(script, { flags: ['--insecure-skip-tls-verify'] })
  secure.close()
  secure.closeAllConnections()
  expect(strict.logged).toEqual(['null 1310  false', 'null 1310  false'])
  expect(lax.logged).toEqual(['safe 0 tls1.3 true', 'safe 0 tls1.3 false'])
  expect(lax.stdout).toMatch(/data_received\.+: [1-9]/)
})

test.concurrent('handleSummary decides what is written', async () => {
  const { stdout, dir, stderr } = await runScript(
    `import { check } from 'k6'
    export function setup() { return { s: 1 } }
    export default () => check(1, { one: true })
    export const options = { thresholds: { checks: ['rate>0'] } }
    export function handleSummary(data) {
      return { stdout: JSON.stringify([data.metrics.checks, data.root_group.checks[0].passes, data.setup_data]), 'out.json': 'x' }
    }`,
    { flags: ['--summary-export', 'export.json'], files: { keep: '' } },
  )
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual([
    {
      type: 'rate',
      contains: 'default',
      values: { rate: 1, passes: 1, fails: 0 },
      thresholds: { 'rate>0': { ok: true } },
    },
    1,
    { s: 1 },
  ])
  expect(readFileSync(join(dir, 'out.json'), 'utf8')).toBe('x')
  const exported = JSON.parse(readFileSync(join(dir, 'export.json'), 'utf8')) as {
    metrics: Record<string, unknown>
    root_group: { checks: Record<string, object> }
  }
  expect(exported.metrics['checks']).toEqual({
    value: 1,
    passes: 1,
    fails: 0,
    thresholds: { 'rate>0': false },
  })
  expect(exported.root_group.checks['one']).toMatchObject({ path: '::one', passes: 1, fails: 0 })
  rmSync(dir, { recursive: true })
})

test.concurrent('an interrupted iteration is none, but its bytes count', async () => {
  const { code, stdout, stderr } = await runScript(
    `import http from 'k6/http'
    import { sleep } from 'k6'
    export const options = {
      scenarios: { a: { executor: 'per-vu-iterations', vus: 1, iterations: 1, maxDuration: '1s', gracefulStop: '0s' } },
      thresholds: { data_sent: ['count>0'], data_received: ['count>0'], iterations: ['count==0'] },
    }
    export default () => { http.get('${base}/'); sleep(100) }`,
  )
  expect(code, stderr + stdout).toBe(0)
})

test.concurrent('a websocket session blocks until it is closed', async () => {
  const { code, logged, stderr, stdout } = await runScript(
    `import ws from 'k6/ws'
    import { check, sleep } from 'k6'
    export const options = { thresholds: { ws_sessions: ['count==1'], ws_msgs_sent: ['count==3'], ws_msgs_received: ['count==3'], ws_session_duration: ['count>0'.replace('count', 'avg')] } }
    export default function () {
      const res = ws.connect('${base.replace('http', 'ws')}/', { headers: { 'X-A': '1' }, tags: { t: 1 } }, function (socket) {
        socket.on('open', () => { console.log('open'); socket.send('a'); sleep(0.02); console.log('slept') })
        socket.on('message', (m) => {
          console.log(m)
          if (m === 'echo a') socket.sendBinary(new Uint8Array([1, 2, 3]).buffer)
          if (m === 'echo b') socket.close()
        })
        socket.on('binaryMessage', (b) => { console.log('binary', b.byteLength); socket.setTimeout(() => socket.send('b'), 10) })
        socket.on('close', (c) => console.log('close', c))
        socket.setInterval(() => {}, 50)
      })
      console.log(res.status, check(res, { 'is 101': (r) => r && r.status === 101 }))
    }`,
  )
  expect(code, stderr + stdout).toBe(0)
  expect(logged).toEqual([
    'open',
    'slept',
    'echo a',
    'binary 3',
    'echo b',
    'close 1001',
    '101 true',
  ])
})

test.concurrent('websockets that fail: refused, cut off, closed by the server, thrown in a handler', async () => {
  const { logged, stderr } = await runScript(
    `import ws from 'k6/ws'
    const url = '${base.replace('http', 'ws')}'
    export default function () {
      console.log(ws.connect('ws://127.0.0.1:1/', (s) => {}).error)
      ws.connect(url + '/cut', (s) => { s.on('close', (c) => console.log('cut', c)) })
      ws.connect(url + '/bye', (s) => { s.on('close', (c) => console.log('bye', c)) })
      try { ws.connect(url + '/', (s) => { s.on('open', () => { throw new Error('in a handler') }) }) } catch (e) { console.log(e.message) }
    }`,
  )
  expect(logged, stderr).toEqual([
    'dial tcp 127.0.0.1:1: connect: connection refused',
    'cut 1006',
    'bye 4000',
    'in a handler',
  ])
})

interface Received {
  writes: Map<string, number[]>
  reports: RunReport[]
  server: Server
  url: string
}

/** A Vigie that keeps what it is sent. */
async function vigie(): Promise<Received> {
  const received: Received = { writes: new Map(), reports: [], server: createServer(), url: '' }
  received.server.on('request', (request: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      if (request.url === '/api/v1/write') {
        const { series, starts, v } = decodeWriteRequest(body, 1 << 24)
        series.forEach((labels, i) => {
          const name = `${labels.get(METRIC_NAME)}{${labels.get('scenario')}${labels.get('le')}} ${labels.get('testid')}`
          received.writes.set(name, [
            ...(received.writes.get(name) ?? []),
            ...v.slice(starts[i], starts[i + 1]),
          ])
        })
      } else received.reports.push(JSON.parse(body.toString('utf8')) as RunReport)
      response.end()
    })
  })
  await new Promise<void>((resolve) => received.server.listen(0, '127.0.0.1', resolve))
  received.url = `http://127.0.0.1:${(received.server.address() as AddressInfo).port}`
  return received
}

test.concurrent('results go into a running Vigie under the names of k6, with stale markers at the end', async () => {
  const { writes, reports, server: watching, url } = await vigie()
  const { code, stderr } = await runScript(
    `import http from 'k6/http'
    import { sleep } from 'k6'
    export const options = { vus: 2, duration: '2s', thresholds: { http_reqs: ['count>1'] } }
    export default () => { http.get('${base}/'); sleep(0.1) }`,
    { options: { vigieUrl: url, runId: 'run-1' } },
  )
  watching.close()
  expect(code, stderr).toBe(0)
  const counter = writes.get('k6_http_reqs_total{default} run-1')!
  const counts = counter.slice(0, -1)
  expect(counts).toEqual(counts.toSorted((a, b) => a - b))
  expect(isStale(counter.at(-1)!)).toBe(true)
  const total = counts.at(-1)!
  expect(writes.get('k6_http_req_duration_seconds_count{default} run-1')!.at(-2)).toBe(total)
  expect(writes.get('k6_http_req_duration_seconds_bucket{default+Inf} run-1')!.at(-2)).toBe(total)
  expect(writes.get('k6_vus{} run-1')![0]).toBe(2)
  expect(writes.get('k6_http_req_failed_rate{default} run-1')!.at(-2)).toBe(0)
  const last = reports.at(-1)!
  expect(reports[0]!.state).toBe('running')
  expect(last).toMatchObject({
    id: 'run-1',
    script: 'script.js',
    state: 'passed',
    exitCode: 0,
    vusMax: 2,
    progress: 1,
    thresholds: [{ metric: 'http_reqs', source: 'count>1', ok: true, value: total }],
    scenarios: [{ name: 'default', executor: 'constant-vus' }],
  })
  expect(last.metrics['http_reqs']!.values['count']).toBe(total)
  const p95 = last.metrics['http_req_duration']!.values['p(95)']!
  expect(writes.get('k6_http_req_duration_p95{default} run-1')!.at(-2)).toBeCloseTo(p95 / 1000, 9)
  expect(last.summaryText).toContain('TOTAL RESULTS')
  expect(last.endedMs).toBeGreaterThan(last.startedMs)
})

test.concurrent('a Vigie that is gone is one warning and changes nothing else', async () => {
  const { code, stderr } = await runScript('export default () => {}', {
    options: { vigieUrl: 'http://127.0.0.1:1' },
  })
  expect(code).toBe(0)
  expect(stderr.match(/level=warning/g)).toHaveLength(2)
})

const promql: [
  what: string,
  answer: () => Promise<{ labels: Record<string, string>; value: number }[]>,
  code: number,
  says: string,
][] = [
  ['holds', async () => [{ labels: {}, value: 0.1 }], 0, "✓ 'value<0.3' value=0.1"],
  [
    'is violated by one series of two',
    async () => [
      { labels: {}, value: 0.1 },
      { labels: {}, value: 0.7 },
    ],
    99,
    "✗ 'value<0.3' value=0.7",
  ],
  ['has no series', async () => [], 99, 'the expression gives no series'],
  [
    'cannot be asked',
    async () => {
      throw new Error('connection refused')
    },
    99,
    'could not be evaluated: connection refused',
  ],
]
test.concurrent.each(promql)('a PromQL threshold that %s', async (_, query, code, says) => {
  const asked: string[] = []
  const ran = await runScript(
    "export const options = { thresholds: { 'promql(sum(rate(errors_total[30s])))': ['value<0.3'] } }; export default () => {}",
    { options: { promql: (expr) => (asked.push(expr), query()) } },
  )
  expect([ran.code, asked]).toEqual([code, ['sum(rate(errors_total[30s]))']])
  expect(ran.stdout).toContain(says)
})

test('without a script it says how to watch', async () => {
  const { parseLoadArgs, runLoad } = await import('../src/index.ts')
  let said = ''
  const io = {
    stdout: () => {},
    stderr: (text: string) => void (said += text),
    isTTY: false,
    env: {},
    cwd: '/',
    now: Date.now,
  }
  expect(await runLoad({ args: parseLoadArgs([]), workerUrl: new URL('file:///none') }, io)).toBe(
    255,
  )
  expect(said).toContain('vigie localhost:3000')
})
