import { expect, test } from 'vitest'
import { allocate, handleIntervals, rampingSteps } from './plan.ts'
import { deriveScenarios, parseScenarios } from './scenario.ts'

/** `0s:1 10s:5` as stages, and the steps as `ms:vus`. */
const ramps: [start: number, stages: string, steps: string][] = [
  [0, '10s:5', '0:0 2000:1 4000:2 6000:3 8000:4 10000:5'],
  [1, '10s:5', '0:1 2500:2 5000:3 7500:4 10000:5'],
  [5, '10s:0', '0:5 2000:4 4000:3 6000:2 8000:1 10000:0'],
  [0, '0s:3 10s:3', '0:0 0:3'],
  [2, '10s:2 0s:5 4s:1', '0:2 10000:5 11000:4 12000:3 13000:2 14000:1'],
  [0, '3s:3 3s:0', '0:0 1000:1 2000:2 3000:3 4000:2 5000:1 6000:0'],
]

const stagesOf = (text: string): { durationMs: number; target: number }[] =>
  text.split(' ').map((one) => {
    const [seconds, target] = one.split('s:')
    return { durationMs: Number(seconds) * 1000, target: Number(target) }
  })

test.each(ramps)('from %i over %s', (start, stages, steps) => {
  expect(
    rampingSteps(start, stagesOf(stages))
      .map(({ atMs, vus }) => `${Math.round(atMs)}:${vus}`)
      .join(' '),
  ).toBe(steps)
})

const ramping = (fields: object): Parameters<typeof handleIntervals>[0] =>
  parseScenarios({ a: { executor: 'ramping-vus', ...fields } })[0]!

test('a handle that is ramped down keeps its slot for gracefulRampDown, at most to the end of gracefulStop', () => {
  const [first, second] = handleIntervals(
    ramping({
      startVUs: 2,
      stages: [{ duration: '10s', target: 0 }],
      gracefulRampDown: '3s',
      gracefulStop: '1s',
    }),
  )
  expect(second).toEqual([{ startMs: 0, stopMs: 5000, killMs: 8000 }])
  expect(first).toEqual([{ startMs: 0, stopMs: 10_000, killMs: 11_000 }])
})

test('handles come back in the order they went: last in, first out', () => {
  const intervals = handleIntervals(
    ramping({
      startVUs: 0,
      stages: [
        { duration: '2s', target: 2 },
        { duration: '2s', target: 1 },
        { duration: '1s', target: 2 },
      ],
      gracefulStop: '0s',
      gracefulRampDown: '0s',
    }),
  )
  expect(intervals[0]).toEqual([{ startMs: 1000, stopMs: 5000, killMs: 5000 }])
  expect(intervals[1]).toEqual([{ startMs: 2000, stopMs: 4000, killMs: 4000 }])
})

/** Shortcuts and the scenario they become. */
const shortcuts: [options: object, becomes: object][] = [
  [{}, { executor: 'per-vu-iterations', vus: 1, iterations: 1 }],
  [{ vus: 3 }, { executor: 'shared-iterations', vus: 3, iterations: 3 }],
  [
    { iterations: 5 },
    { executor: 'shared-iterations', vus: 1, iterations: 5, maxDurationMs: 600_000 },
  ],
  [
    { vus: 2, iterations: 5, duration: '7s' },
    { executor: 'shared-iterations', vus: 2, iterations: 5, maxDurationMs: 7000 },
  ],
  [
    { vus: 2, duration: '1m' },
    { executor: 'constant-vus', vus: 2, durationMs: 60_000 },
  ],
  [
    { vus: 2, stages: [{ duration: '1s', target: 3 }] },
    { executor: 'ramping-vus', startVUs: 2 },
  ],
  [
    { stages: [{ duration: 500, target: 3 }] },
    { executor: 'ramping-vus', startVUs: 1, stages: [{ durationMs: 500, target: 3 }] },
  ],
]

test.each(shortcuts)('%j', (options, becomes) => {
  expect(deriveScenarios(options as Record<string, unknown>)).toMatchObject([
    { name: 'default', exec: 'default', gracefulStopMs: 30_000, ...becomes },
  ])
})

test('scenarios that follow each other share VUs; overlapping ones do not', () => {
  const scenario = (startTime: string): object => ({
    executor: 'constant-vus',
    vus: 3,
    duration: '10s',
    gracefulStop: '0s',
    startTime,
  })
  const after = allocate(parseScenarios({ a: scenario('0s'), b: scenario('10s') }), 2)
  expect(after.vuIds).toEqual([[1, 3], [2]])
  const beside = allocate(parseScenarios({ a: scenario('0s'), b: scenario('5s') }), 2)
  expect(beside.vuIds).toEqual([
    [1, 3, 5],
    [2, 4, 6],
  ])
  expect(beside.shares.map((shares) => shares.map(({ handles }) => handles))).toEqual([
    [[0, 2], [1]],
    [[1], [0, 2]],
  ])
})
