/** Four generators of one run against one Vigie: they begin together, and have one verdict. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Finished, type Started, getJson, run, start } from './processes.ts'

const COUNT = 4
const cwd = mkdtempSync(join(tmpdir(), 'vigie-segments-'))
let vigie: Started
let vigieUrl = ''
let server: Server
let serverUrl = ''
let requests = 0

/** 41 iterations in all, and thresholds over all generators: one that none of them could keep or break alone. */
const SCRIPT = `
import http from 'k6/http'
import exec from 'k6/execution'
const all = (metric) => metric + '{testid="' + __ENV.VIGIE_RUN_ID + '"}'
export const options = {
  scenarios: { a: { executor: 'constant-arrival-rate', rate: 20, duration: '2s', preAllocatedVUs: 8 } },
  thresholds: {
    ['promql(sum(' + all('k6_http_reqs_total') + '))']: ['value==' + __ENV.WANT],
    ['promql(histogram_quantile(0.95, sum by (le) (' + all('k6_http_req_duration_seconds_bucket') + ')))']: ['value<30'],
    ['promql(sum(' + all('k6_http_req_failed_nonzero_total') + ') / sum(' + all('k6_http_req_failed_samples_total') + '))']: ['value==0'],
  },
}
export default () => {
  http.get(__ENV.URL)
  console.log('iteration', exec.scenario.iterationInTest, 'vu', exec.vu.idInTest)
}`

beforeAll(async () => {
  server = createServer((_, response) => {
    requests++
    response.end('ok')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  writeFileSync(join(cwd, 'vigie.yml'), 'self: false\n')
  writeFileSync(join(cwd, 'script.js'), SCRIPT)
  vigie = start(cwd, ['--web.listen-address=127.0.0.1:0'])
  vigieUrl = (await vigie.until(/Vigie is at (\S+)/))[1]!
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await vigie.stop('SIGKILL')
  rmSync(cwd, { recursive: true, force: true })
})

function generators(runId: string, want: number): Promise<Finished[]> {
  return Promise.all(
    Array.from({ length: COUNT }, (_, index) =>
      run(
        cwd,
        [
          'load',
          '-q',
          '--execution-segment=auto',
          `--run-id=${runId}`,
          '-e',
          `URL=${serverUrl}`,
          '-e',
          `WANT=${want}`,
          'script.js',
        ],
        { JOB_COMPLETION_INDEX: String(index), VIGIE_LOAD_PARALLELISM: String(COUNT) },
      ),
    ),
  )
}

const said = (all: readonly Finished[]): string =>
  all.map(({ stdout, stderr }) => stdout + stderr).join('\n')

test('four processes run one test, and come to one verdict', async () => {
  const kept = await generators('kept', 41)
  expect(
    kept.map(({ code }) => code),
    said(kept),
  ).toEqual([0, 0, 0, 0])
  expect(requests).toBe(41)
  const iterations = [...said(kept).matchAll(/iteration (\d+) vu (\d+)/g)]
  expect(iterations.map(([, number]) => Number(number)).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 41 }, (_, i) => i),
  )
  expect(new Set(iterations.map(([, , vu]) => Number(vu) % COUNT)).size).toBe(COUNT)
  const broken = await generators('broken', 40)
  expect(
    broken.map(({ code }) => code),
    said(broken),
  ).toEqual([99, 99, 99, 99])
  expect(broken.every(({ stdout }) => stdout.includes('value=41'))).toBe(true)
  const runs = await getJson<{ id: string }[]>(`${vigieUrl.replace(/\/$/, '')}/api/vigie/runs`)
  expect(runs.map(({ id }) => id).sort()).toEqual(['broken', 'kept'])
}, 90_000)
