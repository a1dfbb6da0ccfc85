// Scripts that need real blocking: a thread for each VU, and nothing else different.
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { type Ran, type Setting, runScript } from './run-script.ts'

let server: Server
let sockets: WebSocketServer
let base = ''
/** `METHOD /path`, in the order in which they came. */
const asked: string[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.setHeader('Set-Cookie', `seen=${request.headers.cookie ?? 'none'}`)
    response.end(JSON.stringify({ url: request.url, cookie: request.headers.cookie ?? null }))
  })
  sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  sockets.close()
  server.close()
  server.closeAllConnections()
})

const HEAD = `import http from 'k6/http'
import ws from 'k6/ws'
import exec from 'k6/execution'
import { sleep, check, group } from 'k6'
`

/** The script as it is, and with real blocking. */
async function bothWays(source: string, setting: Setting = {}): Promise<[Ran, Ran]> {
  const own = await runScript(HEAD + source, setting)
  const flags = [...(setting.flags ?? []), '--real-blocking']
  return [own, await runScript(HEAD + source, { ...setting, flags })]
}

/** A summary of counts, as text on stdout. */
const COUNTS = `
export function handleSummary({ metrics, root_group }) {
  const counts = Object.keys(metrics).sort().map((name) => {
    const { count, passes, fails } = metrics[name].values
    return name + ' ' + (passes === undefined ? count : passes + '/' + fails)
  })
  return { stdout: counts.filter((one) => !/undefined|data_|vus/.test(one)).join('\\n') + '\\n' }
}`

test('a getter that blocks chooses it, with one line that names construct, place and price', async () => {
  const { code, logged, stderr } = await runScript(
    `${HEAD}export const options = { vus: 2, iterations: 2 }
const o = { get x() { return http.get('${base}/x').json('url') } }
export default () => { console.log(o.x) }`,
  )
  expect([code, logged], stderr).toEqual([0, ['/x', '/x']])
  expect(stderr.match(/real blocking.*/g)).toEqual([
    'real blocking: the getter "x" calls http.get at file:///script.js:6:30; slower and heavier: 2 threads"',
  ])
})

const scripts: [what: string, source: string, setting?: Setting][] = [
  [
    'setup, groups, checks, cookies, batch, own tags, teardown and errors',
    `export const options = { vus: 1, iterations: 3, thresholds: { checks: ['rate==1'] } }
export function setup() { return { seen: [http.get('BASE/setup').status] } }
export default function (data) {
  data.seen.push(__ITER)
  exec.vu.tags.mine = 'a' + __ITER
  const value = group('outer', () => group('inner', () => {
    const r = http.get('BASE/first')
    return check(r, { ok: (x) => x.status === 200, cookies: () => http.get('BASE/second').json('cookie') === 'seen=none' })
  }))
  const both = http.batch(['BASE/b0', { method: 'POST', url: 'BASE/b1', body: { a: 1 } }])
  console.log(value, both.map((r) => r.json('url')).join(), data.seen.join(), exec.vu.iterationInInstance)
  if (__ITER === 1) throw new Error('boom')
}
export function teardown(data) { console.log('end', data.seen.join(), http.del('BASE/end').status) }`,
  ],
  [
    'a websocket whose handlers block',
    `export default function () {
  const result = ws.connect('BASE/'.replace('http', 'ws'), null, (socket) => {
    socket.on('open', () => { http.get('BASE/open'); socket.send('one') })
    socket.on('message', (text) => { console.log(text); sleep(0.01); socket.setTimeout(() => socket.close(), 5) })
    socket.on('close', (code) => console.log('closed', code))
  })
  console.log(result.status)
}`,
  ],
  [
    'asynchronous requests and timers while the VU sleeps',
    `export default async function () {
  const later = http.asyncRequest('GET', 'BASE/async')
  setTimeout(() => console.log('timer'), 1)
  sleep(0.05)
  console.log('slept')
  const r = await later
  console.log(r.json('url'))
}`,
  ],
  [
    'an unhandled rejection and a rejected default',
    `export default async function () {
  sleep(0.001)
  throw new Error('async boom')
}`,
  ],
  [
    'test.abort',
    `export default function () {
  try { exec.test.abort('enough') } catch { console.log('catch') } finally { console.log('finally') }
}
export function teardown() { console.log('end') }`,
  ],
  [
    'two scenarios, one after the other, on the same VU',
    `export const options = { scenarios: {
  a: { executor: 'per-vu-iterations', vus: 1, iterations: 2, exec: 'a', env: { WHO: 'a' }, maxDuration: '300ms', gracefulStop: '0s' },
  b: { executor: 'shared-iterations', vus: 1, iterations: 2, exec: 'b', tags: { t: 'b' }, startTime: '400ms' },
} }
let calls = 0
export function a() { console.log('a', __ENV.WHO, ++calls, __ITER, http.get('BASE/a').status) }
export function b() { console.log('b', __ENV.WHO, ++calls, __ITER, exec.scenario.iterationInTest) }`,
  ],
]

test.concurrent.each(scripts)('the same both ways: %s', async (_, source, setting) => {
  const text = source.replaceAll('BASE', base) + COUNTS
  const [own, real] = await bothWays(text, setting)
  expect(own.stderr).not.toContain('real blocking')
  expect([real.code, real.logged, real.stdout]).toEqual([own.code, own.logged, own.stdout])
  expect(errorsOf(real)).toEqual(errorsOf(own))
})

/** Messages of errors, without what is only true of one run. */
function errorsOf({ stderr }: Ran): string[] {
  return [...stderr.matchAll(/level=error msg="?(.*)/g)].map(([, message]) => message!)
}

test('the server sees the same requests in the same order', async () => {
  const source = `export const options = { iterations: 2 }
export default function () { for (let i = 0; i < 3; i++) http.get('${base}/n' + i); http.batch(['${base}/p']); http.post('${base}/q', 'x') }`
  const seen: string[][] = []
  for (const flags of [[], ['--real-blocking']]) {
    asked.length = 0
    await runScript(HEAD + source, { flags })
    seen.push([...asked])
  }
  expect(seen[0]).toHaveLength(10)
  expect(seen[1]).toEqual(seen[0])
})

test('what is interrupted runs no catch and no finally, though it computes or sleeps', async () => {
  const { code, logged, stdout } = await runScript(
    `${HEAD}export const options = { scenarios: { s: { executor: 'constant-vus', vus: 2, duration: '1s', gracefulStop: '100ms' } } }
export default function () {
  try {
    http.get('${base}/')
    if (__VU === 1) for (;;);
    sleep(60)
  } catch { console.log('catch') } finally { console.log('finally') }
}${COUNTS}`,
    { flags: ['--real-blocking'] },
  )
  expect([code, logged]).toEqual([0, []])
  expect(stdout).toContain('http_reqs 2')
  expect(stdout).not.toContain('iterations')
})

test('setup that computes for ever times out', async () => {
  const { code } = await runScript(
    "export const options = { setupTimeout: '200ms' }\nexport function setup() { for (;;); }\nexport default () => {}",
    { flags: ['--real-blocking'] },
  )
  expect(code).toBe(100)
})

test('more VUs than threads can serve are refused before the run', async () => {
  const { code, stderr } = await runScript(`${HEAD}export default () => sleep(1)`, {
    flags: ['--real-blocking', '--vus', '501', '--iterations', '501'],
  })
  expect(code).toBe(104)
  expect(stderr).toContain('want at most 500 VUs, got 501')
})
