/** What a running Vigie is told of a run: the script once, the state each second, the verdict at the end. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RunReport } from '../src/index.ts'
import { runScript } from './run-script.ts'

const reports: RunReport[] = []
let answer = ''
const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('latin1').on('data', (chunk: string) => (body += chunk))
  request.on('end', () => {
    const isReport = request.url?.startsWith('/api/vigie/runs/') === true
    if (isReport) reports.push(JSON.parse(body) as RunReport)
    response.end(isReport ? answer : '')
  })
})
let vigieUrl = ''

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  vigieUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  reports.length = 0
  answer = ''
})
afterAll(() => server.close())

test('the script goes along once, with the files it imports, checks and verdict at the end', async () => {
  const script = `
    import { check, group } from 'k6'
    import { one } from './lib/one.ts'
    export const options = { iterations: 2, thresholds: { checks: ['rate>0.9'] } }
    export default function () {
      check(one, { 'is one': (v) => v === 1 })
      group('deep', () => check(one, { 'is two': (v) => v === 2 }))
    }`
  const lib = 'export const one: number = 1'
  const files = { 'lib/one.ts': lib }
  const { code } = await runScript(script, { files, options: { vigieUrl, runId: 'r-1' } })
  expect(code).toBe(99)
  const sources = reports.flatMap(({ source }) => (source === undefined ? [] : [source]))
  expect(sources).toEqual([
    {
      files: [
        { path: 'script.js', text: script },
        { path: 'lib/one.ts', text: lib },
      ],
      isCut: false,
    },
  ])
  expect(reports.at(-1)).toMatchObject({
    id: 'r-1',
    script: 'script.js',
    state: 'failed',
    exitCode: 99,
    error: "thresholds on metrics 'checks' have been crossed",
    checks: [
      { group: '', name: 'is one', passes: 2, fails: 0 },
      { group: '::deep', name: 'is two', passes: 0, fails: 2 },
    ],
  })
})

test('a run that Vigie wants to stop stops, with its summary', async () => {
  answer = '{"stop":true}'
  const { code, stderr } = await runScript(
    `import { sleep } from 'k6'
     export const options = { duration: '5m' }
     export default function () { sleep(300) }`,
    { options: { vigieUrl, runId: 'r-2' } },
  )
  expect(code).toBe(105)
  expect(stderr).toContain('the run was stopped in Vigie')
  expect(reports.at(-1)).toMatchObject({ state: 'aborted', error: 'the run was stopped in Vigie' })
})
