/** `--check-after`: what a load run does to the data counts against it. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Started, eventually, getJson, run, start } from './processes.ts'

const dir = mkdtempSync(join(tmpdir(), 'vigie-check-after-'))
let shop: Server
let vigie: Started
let url = ''
/** Orders that were paid and not booked: must be none. */
let unbooked: { id: number; reason: string }[] = []
/** Orders that a worker is about to book, one every 50 ms. */
let pending = 0

beforeAll(async () => {
  shop = createServer((request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4')
    if (request.url === '/metrics') response.end(`orders_pending ${pending}\n`)
    else if (request.url === '/unbooked')
      response.end(
        JSON.stringify(pending > 0 ? [{ id: 0, reason: 'not yet booked' }, ...unbooked] : unbooked),
      )
    else {
      if (request.url === '/lose') unbooked.push({ id: unbooked.length, reason: 'lost' })
      if (request.url === '/later') pending++
      response.end('ok')
    }
  }).listen(0, '127.0.0.1')
  await once(shop, 'listening')
  const worker = setInterval(() => (pending = Math.max(0, pending - 1)), 50)
  shop.on('close', () => clearInterval(worker))
  const { port } = shop.address() as AddressInfo
  const base = `http://127.0.0.1:${port}`
  writeFileSync(
    join(dir, 'vigie.yml'),
    `global: { scrape_interval: 200ms, scrape_timeout: 200ms }
scrape_configs:
  - job_name: shop
    static_configs: [{ targets: ['127.0.0.1:${port}'] }]
checks:
  - name: paid_is_booked
    description: Every paid order is booked.
    http: ${base}/unbooked
    expect: { rows: 0 }
    every: 1h
    for: 2
    severity: critical
`,
  )
  writeFileSync(
    join(dir, 'script.js'),
    `import http from 'k6/http'\nexport const options = { iterations: 40 }\nexport default () => void http.get('${base}' + __ENV.URL_PATH)\n`,
  )
  vigie = start(dir, ['--web.listen-address=127.0.0.1:0'])
  url = (await vigie.until(/Vigie is at (\S+)/))[1]
  await eventually('the shop is scraped', 15_000, async () => {
    const { data } = await getJson<{ data: { result: unknown[] } }>(
      `${url}/api/v1/query?query=orders_pending`,
    )
    return data.result.length > 0 ? true : undefined
  })
})
afterAll(async () => {
  await vigie.stop('SIGKILL')
  shop.closeAllConnections()
  shop.close()
  rmSync(dir, { recursive: true, force: true })
})

const load = (path: string, ...more: string[]): ReturnType<typeof run> =>
  run(dir, [
    'load',
    '--check-after',
    '--vigie',
    url,
    '-e',
    `URL_PATH=${path}`,
    ...more,
    'script.js',
  ])

test('data that stays right passes', async () => {
  const { code, stdout } = await load('/fine')
  expect(stdout).toContain('data checks hold as before the run')
  expect(code).toBe(0)
})

test('work that is still under way when the load ends is waited for', async () => {
  const { code, stderr } = await load('/later')
  expect(stderr).toContain('waiting until the target is quiet')
  expect(code).toBe(0)
  expect(pending).toBe(0)
})

test('a violation that was not there before fails the run, with its rows; one that was does not', async () => {
  const first = await load('/lose', '--settle', '100ms')
  expect(first.stdout).toContain(
    '✗ paid_is_booked (critical): 40 violations, none before the run\n      Every paid order is booked.\n        id=0, reason=lost\n',
  )
  expect(first.stderr).toContain(
    'data checks that held before the run are violated: paid_is_booked',
  )
  expect(first.code).toBe(99)
  const [report] = await getJson<{ id: string; state: string }[]>(`${url}/api/vigie/runs`)
  expect(await getJson(`${url}/api/vigie/runs/${report.id}`)).toMatchObject({
    state: 'failed',
    brokenChecks: [{ name: 'paid_is_booked', violations: 40 }],
  })
  const second = await load('/fine', '--settle', '0s')
  expect(second.code).toBe(0)
  unbooked = []
})

test('without a Vigie, or one without checks, it says what it needs', async () => {
  const { code, stderr } = await run(dir, ['load', '--check-after', '--vigie', '', 'script.js'])
  expect(stderr).toContain('--check-after needs a running Vigie')
  expect(code).toBe(104)
})
