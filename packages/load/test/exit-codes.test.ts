// One script per line and the exit code that k6 gives it.
import { expect, test } from 'vitest'
import { runScript } from './run-script.ts'

const OK = 'export default function () {}'

const cases: [what: string, source: string, code: number, says?: RegExp, flags?: string[]][] = [
  ['an empty iteration', OK, 0],
  ['a syntax error', 'export default function ( {', 107, /SyntaxError: file:\/\/\/script.js:1:\d+/],
  ['a throw in init', 'throw new Error("x"); export default function () {}', 107, /script.js:1:7/],
  [
    'http in init',
    'import http from "k6/http"; http.get("http://127.0.0.1:1"); export default function () {}',
    107,
    /init context/,
  ],
  ['a missing local import', 'import "./gone.js"; export default function () {}', 107, /gone\.js/],
  ['no exports', 'const a = 1', 255, /no exported functions/],
  [
    'a threshold on an unknown metric',
    `export const options = { thresholds: { nope: ['count>1'] } }; ${OK}`,
    104,
    /nope/,
  ],
  [
    'a wrong aggregation',
    `export const options = { thresholds: { http_reqs: ['p(95)<1'] } }; ${OK}`,
    104,
    /counter/,
  ],
  [
    'a malformed expression',
    `export const options = { thresholds: { http_reqs: ['count is 1'] } }; ${OK}`,
    104,
    /malformed/,
  ],
  [
    'a percentile above 100',
    `export const options = { thresholds: { iteration_duration: ['p(101)<1'] } }; ${OK}`,
    104,
  ],
  ['setup throws', `export function setup() { throw new Error('no') } ${OK}`, 107, /Error: no/],
  ['teardown throws', `export function teardown() { throw new Error('no') } ${OK}`, 107],
  [
    'setup takes too long',
    `import { sleep } from 'k6'; export const options = { setupTimeout: '50ms' }; export function setup() { sleep(5) } ${OK}`,
    100,
  ],
  [
    'teardown takes too long',
    `import { sleep } from 'k6'; export const options = { teardownTimeout: '50ms' }; export function teardown() { sleep(5) } ${OK}`,
    101,
  ],
  [
    'setup gives a function',
    `export function setup() { return { f() {} } } ${OK}`,
    255,
    /function/,
  ],
  [
    'test.abort in a VU',
    'import exec from "k6/execution"; export default function () { exec.test.abort("enough") }',
    108,
    /enough/,
  ],
  [
    'test.abort in setup',
    `import exec from "k6/execution"; export function setup() { exec.test.abort() } ${OK}`,
    108,
  ],
  [
    'test.fail',
    'import exec from "k6/execution"; export default function () { exec.test.fail("bad") }',
    110,
  ],
  [
    'a failed threshold',
    `export const options = { thresholds: { iterations: ['count>5'] } }; ${OK}`,
    99,
    /iterations/,
  ],
  [
    'a failed threshold that nobody wants',
    `export const options = { thresholds: { iterations: ['count>5'] } }; ${OK}`,
    0,
    /^/,
    ['--no-thresholds'],
  ],
  [
    'a counter without samples',
    `export const options = { thresholds: { http_reqs: ['count>0'] } }; ${OK}`,
    99,
  ],
  [
    'a trend without samples',
    `export const options = { thresholds: { http_req_duration: ['avg>0'] } }; ${OK}`,
    99,
  ],
  [
    'a rate without samples',
    `export const options = { thresholds: { checks: ['rate>0.9'] } }; ${OK}`,
    0,
  ],
  [
    'a throw in an iteration',
    'export default function () { throw new Error("x") }',
    0,
    /source=stacktrace/,
  ],
  [
    'a rejected async iteration',
    'export default async function () { throw new Error("x") }',
    0,
    /Error: x/,
  ],
  [
    'an unhandled rejection',
    'export default function () { Promise.reject(new Error("lost")) }',
    0,
    /lost/,
  ],
  [
    'a scenario whose function is missing',
    `export const options = { scenarios: { a: { executor: 'per-vu-iterations', exec: 'gone' } } }; ${OK}`,
    104,
    /gone/,
  ],
  [
    'an unknown executor',
    `export const options = { scenarios: { a: { executor: 'nope' } } }; ${OK}`,
    255,
    /nope/,
  ],
  [
    'an arrival rate without a rate',
    `export const options = { scenarios: { a: { executor: 'constant-arrival-rate' } } }; ${OK}`,
    104,
    /rate is required/,
  ],
  [
    'an unknown field of a scenario',
    `export const options = { scenarios: { a: { executor: 'constant-vus', vu: 1 } } }; ${OK}`,
    255,
    /"vu"/,
  ],
  [
    'two shortcuts',
    `export const options = { stages: [{ duration: '1s', target: 1 }], duration: '1s' }; ${OK}`,
    104,
    /simultaneously/,
  ],
  [
    'a duration below a second',
    `export const options = { duration: '10ms' }; ${OK}`,
    104,
    /at least 1s/,
  ],
  ['fewer iterations than VUs', `export const options = { vus: 3, iterations: 2 }; ${OK}`, 104],
  ['a bad duration', `export const options = { duration: 'soon' }; ${OK}`, 255, /soon/],
  ['an unknown option', `export const options = { nope: 1 }; ${OK}`, 0, /level=warning.*nope/],
  [
    'an option that comes later',
    `export const options = { paused: true }; ${OK}`,
    255,
    /"paused" is not supported yet/,
  ],
  [
    'a remote import',
    `import x from 'http://127.0.0.1:1/index.js'; ${OK}`,
    107,
    /cannot fetch the module http:\/\/127.0.0.1:1\/index.js/,
  ],
  ['an extension', `import x from 'k6/x/kafka'; ${OK}`, 107, /unknown module: "k6\/x\/kafka"/],
  ['a package of npm', `import x from 'lodash'; ${OK}`, 107, /"lodash"/],
  [
    'a module of k6 that Vigie has not',
    `import x from 'k6/browser'; ${OK}`,
    107,
    /script.js:1:15: unknown module: "k6\/browser": browsers are not supported/,
  ],
]

test.concurrent.each(cases)('%s', async (_, source, code, says = /^/, flags = []) => {
  const ran = await runScript(source, { flags })
  expect(ran.code, ran.stderr).toBe(code)
  expect(ran.stderr).toMatch(says)
})

test('the first Ctrl+C ends the run with 105, after teardown and summary', async () => {
  const abort = new AbortController()
  const source = `import { sleep } from 'k6'
    export function teardown() { console.log('torn down') }
    export default function () { console.log('go'); try { sleep(10) } finally { console.log('finally') } }`
  const running = runScript(source, {
    signal: abort.signal,
    flags: ['-d', '60s'],
    onLog: (line) => line.includes('msg=go') && abort.abort(),
  })
  const { code, logged, stdout } = await running
  expect([code, logged]).toEqual([105, ['go', 'torn down']])
  expect(stdout).toContain('TOTAL RESULTS')
})

test('test.abort is seen by no catch and no finally', async () => {
  const { code, logged } = await runScript(`import exec from 'k6/execution'
    export default function () { try { exec.test.abort() } catch { console.log('caught') } finally { console.log('finally') } }`)
  expect([code, logged]).toEqual([108, []])
})

test('abortOnFail ends the run early', async () => {
  const started = Date.now()
  const { code, stderr } = await runScript(
    `import { sleep } from 'k6'
    export const options = { duration: '60s', thresholds: { iterations: [{ threshold: 'count<3', abortOnFail: true }] } }
    export default function () { sleep(0.1) }`,
  )
  expect(code).toBe(99)
  expect(stderr).toContain('abortOnFail')
  expect(Date.now() - started).toBeLessThan(25_000)
})
