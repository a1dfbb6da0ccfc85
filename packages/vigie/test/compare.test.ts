/** `vigie load compare` and `--runs`: real runs against a server of known speed. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Finished, type Started, getJson, run, start } from './processes.ts'

interface Compared {
  verdict: string
  isIndicative: boolean
  hasMoreErrors: boolean
  runs: { a: number; b: number }
  rows: { name: string; ratio: number | null; low: number | null; verdict: string }[]
}

const dir = mkdtempSync(join(tmpdir(), 'vigie-compare-'))
let server: Server
let vigie: Started
let url = ''
let target = ''
/** Two runs that go on while the first test does. */
let long: Promise<Finished[]>

/** `/fast` answers at once, `/slow` after 40 ms, `/broken` with 500. */
beforeAll(async () => {
  server = createServer((request, response) => {
    response.statusCode = request.url === '/broken' ? 500 : 200
    setTimeout(() => response.end('ok'), request.url === '/slow' ? 40 : 0)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  writeFileSync(
    join(dir, 'script.js'),
    `import http from 'k6/http'
export default () => { http.get('${target}' + __ENV.URL_PATH) }
`,
  )
  writeFileSync(
    join(dir, 'vigie.yml'),
    'global: { scrape_interval: 1s }\ndefault_rules: false\nscrape_configs: []\n',
  )
  vigie = start(dir, ['--config.file=vigie.yml', '--web.listen-address=127.0.0.1:0'])
  url = (await vigie.until(/Vigie is at (\S+)/))[1]
  const flags = ['--duration', '12500ms', '--vus', '1', '--quiet', 'script.js']
  long = Promise.all([
    load('-e', 'URL_PATH=/fast', ...flags),
    load('-e', 'URL_PATH=/broken', ...flags),
  ])
})
afterAll(async () => {
  await vigie.stop('SIGKILL')
  server.closeAllConnections()
  server.close()
  rmSync(dir, { recursive: true, force: true })
})

const load = (...args: string[]): Promise<Finished> =>
  run(dir, ['load', ...args], { VIGIE_URL: url })
/** The oldest first. */
const ids = async (): Promise<string[]> => {
  const runs = await getJson<{ id: string }[]>(`${url}/api/vigie/runs`)
  return runs.map(({ id }) => id).toReversed()
}

test('two scripts in turns, then the same runs by their ids, on the page, and as files', async () => {
  const once3 = ['--runs', '3', '--iterations', '20', '--vus', '2', 'script.js']
  const done = await load(
    'compare',
    '--env-a',
    'URL_PATH=/fast',
    '--env-b',
    'URL_PATH=/slow',
    ...once3,
  )
  expect(done.stderr).toMatch(/^A 1 of 3: passed {3}http_req_duration p\(95\) [\d.]+ ms/)
  expect(done.stderr.match(/^[AB] \d/gm)).toEqual(['A 1', 'B 1', 'A 2', 'B 2', 'A 3', 'B 3'])
  expect(done.stdout).toMatch(/^ +A \(3 runs\) +B \(3 runs\) +change +interval/)
  expect(done.stdout).toContain('B is slower than A: http_req_duration p(95) ×')
  expect(done.code).toBe(1)

  const [a1, b1, a2, b2, a3, b3] = (await ids()).slice(-6)
  const [a, b] = [`${a1},${a2},${a3}`, `${b1},${b2},${b3}`]
  const stored = await load('compare', '--json', a, b)
  const comparison = JSON.parse(stored.stdout) as Compared
  expect(comparison).toMatchObject({ verdict: 'slower', isIndicative: false, runs: { a: 3, b: 3 } })
  expect(stored.code).toBe(1)
  expect(await getJson<Compared>(`${url}/api/vigie/runs/compare?a=${a}&b=${b}`)).toEqual(comparison)
  expect((await load('compare', b, a)).stdout).toContain('B is faster than A')

  const report = (id: string): Promise<unknown> => getJson(`${url}/api/vigie/runs/${id}`)
  writeFileSync(join(dir, 'a.json'), JSON.stringify(await report(a1)))
  writeFileSync(join(dir, 'b.json'), JSON.stringify(await report(b1)))
  const files = await run(dir, ['load', 'compare', '--vigie', '', 'a.json', 'b.json'])
  expect(files.stdout).toContain('unsure: nothing says how much')
  expect(files.code).toBe(0)
})

test('one long run of each is compared by its parts, as a hint', async () => {
  await long
  const two = (await ids()).slice(0, 2)
  const reports = await Promise.all(
    two.map((id) =>
      getJson<{ metrics: { http_req_failed: { values: { rate: number } } } }>(
        `${url}/api/vigie/runs/${id}`,
      ),
    ),
  )
  // They began at the same time: the one that failed is B.
  const [a, b] = reports[0].metrics.http_req_failed.values.rate === 0 ? two : two.toReversed()
  const { stdout, code } = await load('compare', '--json', a, b)
  const comparison = JSON.parse(stdout) as Compared
  expect(comparison).toMatchObject({ isIndicative: true, hasMoreErrors: true })
  const p95 = comparison.rows.find(({ name }) => name === 'http_req_duration p(95)')!
  expect(p95.low).toBeTypeOf('number')
  expect(code).toBe(1)
})

test('how much runs of one script differ', async () => {
  const { stdout, stderr, code } = await load(
    '--runs=2',
    '--iterations',
    '10',
    '-e',
    'URL_PATH=/slow',
    'script.js',
  )
  expect(stderr).toMatch(/^run 1 of 2: passed.*\nrun 2 of 2: passed/)
  expect(stdout).toMatch(/2 runs +mean +95 % interval +least … most/)
  expect(stdout).toContain(`one side of a comparison: ${(await ids()).slice(-2).join(',')}`)
  expect(code).toBe(0)
})

test.each<[string, string[], string]>([
  ['no sides', ['a'], 'found 1 sides, expected two'],
  ['a run that is not there', ['nope', 'nope2'], 'there is no run "nope'],
  ['scripts without a count', ['a.js', 'b.js'], 'a.js is a script: say how often, with --runs 3'],
  ['a count that is none', ['--runs', 'x', 'a.js', 'b.js'], '--runs: found "x", expected 1 to 100'],
  ['one script for both', ['--runs', '3', 'a.js'], 'found 1 scripts, expected two'],
  ['a file that is not there', ['x.json', 'y.json'], 'cannot read x.json'],
  ['a flag that nobody has', ['--what', 'a', 'b'], 'unknown flag --what'],
])('%s', async (_, args, problem) => {
  const { stderr, code } = await load('compare', ...args)
  expect(stderr).toContain(problem)
  expect(code).toBe(255)
})
