// Scenarios that start iterations by the clock, and those whose load is changed while they run.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { controlledRate, controlledVus } from '../src/executors/scenario.ts'
import { runScript } from './run-script.ts'

test.concurrent('constant-arrival-rate on two workers: one tick at the start, one at the end', async () => {
  const { code, logged, stdout } = await runScript(
    `import exec from 'k6/execution'
    export const options = { scenarios: { a: {
      executor: 'constant-arrival-rate', rate: '20', timeUnit: '1s', duration: '1s', preAllocatedVUs: 4 } },
      thresholds: { iterations: ['count==21'], dropped_iterations: ['count==0'] } }
    export default () => console.log(exec.scenario.iterationInTest, exec.scenario.executor)`,
    { options: { workers: 2 } },
  )
  expect(code, stdout).toBe(0)
  expect(logged.map((line) => Number(line.split(' ')[0])).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 21 }, (_, i) => i),
  )
  expect(logged[0]).toBe('0 constant-arrival-rate')
})

test.concurrent('ticks without a free VU are dropped, and VUs are added up to maxVUs', async () => {
  const { code, stdout, stderr } = await runScript(
    `import { sleep } from 'k6'
    export const options = { scenarios: { a: { executor: 'constant-arrival-rate', rate: 50, duration: '1s',
      preAllocatedVUs: 0, maxVUs: 3, gracefulStop: '0s', tags: { t: 'x' } } },
      thresholds: { 'dropped_iterations{t:x}': ['count>=48', 'count<=50'], iterations: ['count==0'] } }
    export default () => sleep(60)`,
    { options: { workers: 2 } },
  )
  expect(code, stdout).toBe(0)
  expect(stderr).toContain(
    'level=warning msg="Insufficient VUs, reached 3 active VUs and cannot initialize more" executor=constant-arrival-rate scenario=a',
  )
})

test.concurrent('a worker whose event loop is held up is helped out by another', async () => {
  const { code, stdout } = await runScript(
    `import exec from 'k6/execution'
    export const options = { scenarios: { a: { executor: 'ramping-arrival-rate', startRate: 20, preAllocatedVUs: 20,
      stages: [{ duration: '1s', target: 20 }] } }, thresholds: { iterations: ['count==20'], dropped_iterations: ['count==0'] } }
    export default () => { if (exec.scenario.iterationInTest === 2) { const until = Date.now() + 700; while (Date.now() < until); } }`,
    { options: { workers: 2 } },
  )
  expect(code, stdout).toBe(0)
})

/** What is wrong with a scenario, its exit code, and what is said. */
const wrong: [scenario: object, code: number, problem: string][] = [
  [{ rate: 0, duration: '1s', preAllocatedVUs: 1 }, 104, 'rate must be at least 1'],
  [{ duration: '1s', preAllocatedVUs: 1 }, 104, 'rate is required'],
  [{ rate: 1, preAllocatedVUs: 1 }, 104, 'duration is required'],
  [{ rate: 1, duration: '1s' }, 104, 'preAllocatedVUs is required'],
  [{ rate: 1, duration: '1s', preAllocatedVUs: 2, maxVUs: 1 }, 104, 'maxVUs (1) must not be'],
  [{ rate: 1, duration: '1s', timeUnit: 0, preAllocatedVUs: 2 }, 104, 'timeUnit must be more than'],
  [{ rate: 1.5, duration: '1s', preAllocatedVUs: 2 }, 255, 'rate must be a whole number'],
  [{ rate: 1, duration: '1s', preAllocatedVUs: 2, vus: 3 }, 255, 'unknown field'],
]

test.concurrent.each(wrong)('%j', async (fields, expected, problem) => {
  const scenario = JSON.stringify({ executor: 'constant-arrival-rate', ...fields })
  const { code, stderr } = await runScript(
    `export const options = { scenarios: { a: ${scenario} } }
    export default () => {}`,
  )
  expect(code, stderr).toBe(expected)
  expect(stderr).toContain(problem)
})

test.concurrent('controlled-vus has as many VUs as it is told, made when they are needed', async () => {
  const seen: number[] = []
  const { code, stdout, stderr } = await runScript(
    `import { sleep } from 'k6'
    export default () => sleep(0.02)`,
    {
      options: {
        workers: 2,
        controller: {
          plan: ([one]) => [
            controlledVus(one!, {
              vus: 2,
              maxVUs: 9,
              durationMs: 60_000,
              gracefulRampDownMs: 1000,
            }),
          ],
          async drive(run) {
            for (const target of [2, 7, 3, 9, 0]) {
              run.setTarget(0, target)
              while (run.state.get('activeVus') !== target)
                await new Promise((resolve) => setTimeout(resolve, 5))
              seen.push(run.state.get('initializedVus'))
            }
          },
        },
      },
    },
  )
  expect(code, stdout + stderr).toBe(0)
  expect(seen).toEqual([2, 7, 7, 9, 9])
})

test.concurrent('controlled-rate starts as many iterations as it is told', async () => {
  let whileStopped = NaN
  const { code, stdout, stderr } = await runScript(`export default () => {}`, {
    options: {
      workers: 2,
      controller: {
        plan: ([one]) => [
          controlledRate(one!, { rate: 100, preAllocatedVUs: 5, maxVUs: 5, durationMs: 60_000 }),
        ],
        async drive(run) {
          const started = async (count: number): Promise<void> => {
            while (run.state.getOf(0, 'started') < count)
              await new Promise((resolve) => setTimeout(resolve, 5))
          }
          await started(20)
          run.setTarget(0, 0)
          // The old rate goes on for 50 ms; what is later than that is not.
          await new Promise((resolve) => setTimeout(resolve, 300))
          const before = run.state.getOf(0, 'started')
          await new Promise((resolve) => setTimeout(resolve, 300))
          whileStopped = run.state.getOf(0, 'started') - before
          run.setTarget(0, 1000)
          await started(before + 200)
        },
      },
    },
  })
  expect(code, stdout + stderr).toBe(0)
  expect(whileStopped).toBeLessThan(6)
})

test.concurrent('a generator that is the limit says so before any figure', async () => {
  const { code, stdout } = await runScript(
    `export const options = { vus: 1, duration: '2500ms' }
    export default () => { const until = Date.now() + 50; while (Date.now() < until); }`,
    { options: { workers: 1 } },
  )
  expect(code).toBe(0)
  expect(stdout.trimStart()).toMatch(
    /^! The generator was the limit, not the target \(worker 0 \d+ % busy .*\n\n {2}█ TOTAL RESULTS/,
  )
})

test.concurrent('what the clock asked for stands beside what was done', async () => {
  const { code, stdout } = await runScript(
    `export const options = { scenarios: { a: { executor: 'constant-arrival-rate', rate: 50, duration: '1s', preAllocatedVUs: 5 } } }
    export default () => {}`,
    { options: { workers: 2 } },
  )
  expect(code).toBe(0)
  expect(stdout).toMatch(/iterations_offered\.+: 51 started=51 dropped=0/)
  expect(stdout).toMatch(/iteration_duration_from_offer\.+: avg=.* p\(99\)=/)
})

test.concurrent('a segment runs its part, with ids of the whole test', async () => {
  const runs = await Promise.all(
    ['0:1/3', '1/3:2/3', '2/3:1'].map((segment) =>
      runScript(
        `import exec from 'k6/execution'
        export const options = { scenarios: {
          a: { executor: 'shared-iterations', vus: 3, iterations: 7 },
          b: { executor: 'per-vu-iterations', vus: 1, iterations: 1, exec: 'b', startTime: '100ms' } } }
        export default () => console.log('a', exec.vu.idInTest, exec.scenario.iterationInTest, __VU)
        export function b() { console.log('b', exec.vu.idInInstance) }`,
        { flags: ['--execution-segment', segment, '--execution-segment-sequence', '0,1/3,2/3,1'] },
      ),
    ),
  )
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0])
  expect(runs.map(({ logged }) => logged)).toEqual([
    ['a 1 0 1', 'a 1 3 1', 'a 1 6 1', 'b 2'],
    ['a 2 1 1', 'a 2 4 1'],
    ['a 3 2 1', 'a 3 5 1'],
  ])
  expect(runs[1]!.stderr).toContain("Executor 'b' is disabled for this execution segment")
})

test.concurrent('rps limits the requests of all VUs on all workers together', async () => {
  const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  let requests = 0
  server.on('request', () => requests++)
  const start = performance.now()
  const { code } = await runScript(
    `import http from 'k6/http'
    export const options = { vus: 4, iterations: 20, rps: 40, minIterationDuration: '1ms' }
    export default () => http.get('http://127.0.0.1:${(server.address() as AddressInfo).port}/')`,
    { options: { workers: 2 } },
  )
  server.close()
  expect(code).toBe(0)
  expect(requests).toBe(20)
  // 19 gaps of 25 ms.
  expect(performance.now() - start).toBeGreaterThan(475)
})

test.concurrent('with --linger the process stays until Ctrl+C, and the run is what it was', async () => {
  const interrupt = new AbortController()
  const { code, logged, stdout } = await runScript(
    `export default () => {}
    export function teardown() { console.log('over') }`,
    {
      flags: ['--linger'],
      signal: interrupt.signal,
      onLog: (line) => line.includes('over') && setTimeout(() => interrupt.abort(), 200),
    },
  )
  expect([code, interrupt.signal.aborted, logged]).toEqual([0, true, ['over']])
  expect(stdout).toContain('iterations')
})

test.concurrent('a VU in an endless loop is an interrupted iteration; teardown and the others are not touched', async () => {
  const { code, logged, stderr, stdout } = await runScript(
    `import { sleep } from 'k6'
    export const options = { scenarios: { a: { executor: 'constant-vus', vus: 2, duration: '1s', gracefulStop: '0s' } },
      thresholds: { iterations: ['count>0'] } }
    export const setup = () => 7
    export default () => { if (__VU === 1) while (true); sleep(0.1) }
    export function teardown(data) { console.log('teardown', data) }`,
    { options: { workers: 2 } },
  )
  expect(code, stderr + stdout).toBe(0)
  expect(logged).toEqual(['teardown 7'])
  expect(stderr).toContain('a worker thread does not stop')
})
