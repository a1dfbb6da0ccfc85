// What programs read: `inspect`, and the machine-readable summary.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { inspectScript, parseLoadArgs } from '../src/index.ts'
import { runScript, workerUrl } from './run-script.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigie-inspect-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function inspect(source: string, executionRequirements = false): Promise<unknown> {
  writeFileSync(join(folder, 'script.js'), source)
  let stdout = ''
  const code = await inspectScript(
    { args: parseLoadArgs(['script.js']), workerUrl, executionRequirements },
    {
      stdout: (text) => void (stdout += text),
      stderr: (text) => void (stdout += text),
      isTTY: false,
      env: {},
      cwd: folder,
      now: Date.now,
    },
  )
  return code === 0 ? JSON.parse(stdout) : [code, stdout]
}

test('inspect shows the options of a script, null where it says nothing', async () => {
  const source = `export const options = { vus: 3, duration: '10s' }; export default function () {}`
  const shown = (await inspect(source)) as Record<string, unknown>
  expect(Object.keys(shown).slice(0, 6)).toEqual([
    'paused',
    'vus',
    'duration',
    'iterations',
    'stages',
    'scenarios',
  ])
  expect(shown).toMatchObject({ vus: 3, duration: '10s', iterations: null, rps: null })
  expect(await inspect(source, true)).toMatchObject({ maxVUs: 3, totalDuration: '40s' })
})

test('inspect fails as a run would', async () => {
  expect(await inspect('export default function ( {')).toEqual([
    107,
    expect.stringContaining('SyntaxError'),
  ])
})

test('the machine-readable summary, in the file and in handleSummary', async () => {
  const path = join(folder, 'summary.json')
  const { code, stdout } = await runScript(
    `import { check } from 'k6'; import { Trend } from 'k6/metrics'
    const t = new Trend('tt')
    export const options = { iterations: 4 }
    export default function () { check(0, { zero: (v) => v === 0, one: (v) => v === 1 }); t.add(3) }
    export function handleSummary(data) { return { stdout: JSON.stringify(Object.keys(data)) } }`,
    { flags: ['--new-machine-readable-summary', '--summary-export', path] },
  )
  expect([code, stdout]).toEqual([0, '["config","metadata","results","version"]'])
  const summary = JSON.parse(readFileSync(path, 'utf8')) as {
    results: { metrics: { name: string }[] }
  }
  expect(summary).toMatchObject({
    config: { execution: 'local', script: 'script.js', duration: expect.any(Number) },
    metadata: { k6_version: '2.2.0', generated_at: expect.stringMatching(/^\d{4}-/) },
    results: {
      checks: {
        metrics: [
          { name: 'checks_total', type: 'counter', contains: 'default', values: { count: 8 } },
          { name: 'checks_failed', type: 'rate', values: { matches: 4, rate: 0.5, total: 8 } },
          { name: 'checks_succeeded', type: 'rate', values: { matches: 4, rate: 0.5, total: 8 } },
        ],
        results: [
          { name: 'zero', passes: 4, fails: 0 },
          { name: 'one', passes: 0, fails: 4 },
        ],
      },
    },
    version: '1.0.0',
  })
  expect(summary.results.metrics.find(({ name }) => name === 'tt')).toEqual({
    name: 'tt',
    type: 'trend',
    contains: 'default',
    values: { avg: 3, min: 3, med: 3, max: 3, p90: 3, p95: 3 },
  })
})
