/** `--find-limit` against a server whose ceiling is known, as a user meets it. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Started, getJson, run, start } from './processes.ts'

const LIMIT_PER_SEC = 60
const BURST = 5

const dir = mkdtempSync(join(tmpdir(), 'vigie-find-limit-'))
let shop: Server
let vigie: Started
let vigieUrl = ''
const calls = new Map<string, number>()

/** `/limited` answers 429 above LIMIT_PER_SEC, `/broken` 500; a Vigie watches. */
beforeAll(async () => {
  let tokens = BURST
  let atMs = performance.now()
  let answered = 0
  let refused = 0
  shop = createServer((request, response) => {
    const path = request.url ?? ''
    if (path === '/metrics') {
      response.setHeader('content-type', 'text/plain; version=0.0.4')
      response.end(
        `# TYPE http_requests_total counter\nhttp_requests_total ${answered}\n# TYPE ratelimit_rejected_total counter\nratelimit_rejected_total ${refused}\n`,
      )
      return
    }
    answered++
    calls.set(path, (calls.get(path) ?? 0) + 1)
    const nowMs = performance.now()
    tokens = Math.min(BURST, tokens + ((nowMs - atMs) * LIMIT_PER_SEC) / 1000)
    atMs = nowMs
    const isRefused = path === '/limited' && tokens < 1
    if (path === '/limited' && !isRefused) tokens--
    if (isRefused) refused++
    response.statusCode = path === '/broken' ? 500 : isRefused ? 429 : 200
    response.end('ok')
  }).listen(0, '127.0.0.1')
  await once(shop, 'listening')
  const base = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`
  writeFileSync(
    join(dir, 'vigie.yml'),
    `global: { scrape_interval: 200ms, scrape_timeout: 200ms }
scrape_configs: [{ job_name: shop, static_configs: [{ targets: ['${new URL(base).host}'] }] }]
`,
  )
  vigie = start(dir, ['--web.listen-address=127.0.0.1:0'])
  vigieUrl = (await vigie.until(/Vigie is at (\S+)/))[1]
  writeFileSync(
    join(dir, 'rate.js'),
    `import http from 'k6/http'
export const options = {
  scenarios: { a: { executor: 'constant-arrival-rate', rate: 50, duration: '1m', preAllocatedVUs: 5, maxVUs: 50 } },
  thresholds: { http_req_failed: ['rate<0.02'] },
}
export const setup = () => void http.get('${base}/setup')
export const teardown = () => void http.get('${base}/teardown')
export default () => void http.get('${base}/limited')
`,
  )
  writeFileSync(
    join(dir, 'over.js'),
    `import http from 'k6/http'
export const options = {
  scenarios: { a: {
    executor: 'ramping-arrival-rate', startRate: 10, preAllocatedVUs: 10, maxVUs: 50,
    stages: [{ duration: '4s', target: 30 }, { duration: '1s', target: 150 }, { duration: '5s', target: 150 }],
  } },
  thresholds: { http_req_failed: ['rate<0.02'] },
}
export default () => void http.get('${base}/limited')
`,
  )
  writeFileSync(
    join(dir, 'broken.js'),
    `import http from 'k6/http'
import { sleep } from 'k6'
export const options = { vus: 5, duration: '1m' }
export default () => { http.get('${base}/broken'); sleep(0.05) }
`,
  )
  await visit(base, 20)
})
/** Visitors of real life, about ten a second, and Vigie sees them. */
async function visit(base: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await (await fetch(base)).text()
    await new Promise((done) => setTimeout(done, 100))
  }
}

afterAll(async () => {
  await vigie.stop('SIGKILL')
  shop.closeAllConnections()
  shop.close()
  rmSync(dir, { recursive: true, force: true })
})

interface Result {
  exitCode: number
  limit: {
    unit: string
    phase: string
    sustained: number | null
    failed: number | null
    class: string | null
    isConfirmed: boolean | null
    levels: { load: number; held: boolean; phase: string }[]
    headroom: { factor: number; expr: string } | null
  }
  suspects: { metric: string; sentence: string; expr: string }[]
}

const load = (...args: string[]): ReturnType<typeof run> =>
  run(dir, ['load', '--vigie', '', '--find-limit', ...args])

test('the rate that a server allows is found, with what gave first and head-room over real life', async () => {
  const { code, stdout } = await run(dir, [
    'load',
    '--find-limit',
    '--vigie',
    vigieUrl,
    '--hold',
    '1s',
    '--precision',
    '0.3',
    '--start',
    '20',
    '--json',
    'rate.js',
  ])
  const { exitCode, limit, suspects } = JSON.parse(stdout) as Result
  expect([code, exitCode]).toEqual([0, 0])
  expect(limit).toMatchObject({ unit: 'rate', phase: 'done', class: 'errors', isConfirmed: true })
  // A machine that stalls makes bursts of its own: only the ceiling is sure.
  expect(limit.sustained).toBeGreaterThanOrEqual(20)
  expect(limit.sustained).toBeLessThanOrEqual(LIMIT_PER_SEC * 1.1)
  expect(limit.failed! / limit.sustained!).toBeLessThanOrEqual(1.5)
  expect(limit.levels[0]).toMatchObject({ load: 20, held: true, phase: 'baseline' })
  expect(suspects[0]).toMatchObject({ metric: 'ratelimit_rejected_total' })
  expect(limit.headroom!.expr).toContain('http_requests_total')
  expect(limit.headroom!.factor).toBeGreaterThan(2)
  expect([calls.get('/setup'), calls.get('/teardown')]).toEqual([1, 1])
  const [stored] = await getJson<{ id: string }[]>(`${vigieUrl}/api/vigie/runs`)
  expect(await getJson(`${vigieUrl}/api/vigie/runs/${stored.id}`)).toMatchObject({
    state: 'passed',
    limit: { phase: 'done' },
  })
})

test('an ordinary run whose thresholds fail ends with what gave first', async () => {
  const { code, stdout } = await run(dir, ['load', '--vigie', vigieUrl, 'over.js'])
  expect(stdout).toMatch(/█ WHAT GAVE FIRST\n\n {4}1\. shop: ratelimit rejected/)
  expect(code).toBe(99)
})

test('a target that fails the first load already fails the run', async () => {
  const { code, stdout, stderr } = await load('--hold', '1s', '--start', '1', 'broken.js')
  expect(stdout).toContain('The script has no thresholds')
  expect(stdout).toContain('http_req_failed rate<0.01: 1')
  expect(stderr).toContain('It fails already at 1 VU')
  expect(code).toBe(99)
})

test('Ctrl+C in the middle tells what is known so far', async () => {
  const search = start(dir, ['load', '--vigie', '', '--find-limit', '--hold', '1s', 'rate.js'])
  await search.until(/baseline .* held/)
  await search.stop('SIGINT')
  expect(search.output()).toMatch(
    /█ LIMIT\n\n {4}Stopped early: no limit found up to \d+ iterations\/s\./,
  )
  expect(search.child.exitCode).toBe(105)
})

test.each<[args: string[], message: string, exitCode?: number]>([
  [['--hold', '30s', 'rate.js'], '--find-limit-by, --hold, --precision, --max and --start need'],
  [['--find-limit', '--hold', '10ms', 'rate.js'], 'want at least 1s'],
  [['--find-limit', '--find-limit-by', 'users', 'rate.js'], 'want vus or rate'],
  [['--find-limit', '--max', '-1', 'rate.js'], 'want a number above 0'],
  [['--find-limit', '--execution-segment', '0:1/2', 'rate.js'], 'on one generator', 104],
])('%j is refused', async (args, message, exitCode = 255) => {
  const { code, stderr } = await run(dir, ['load', '--vigie', '', ...args])
  expect(stderr).toContain(message)
  expect(code).toBe(exitCode)
})
