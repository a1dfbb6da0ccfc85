import { expect, test } from 'vitest'
import { handleIntervals, maxVusOf } from './plan.ts'
import { parseScenarios } from './scenario.ts'
import { readSegmentation, segmentScenarios } from './segment.ts'
import { type Segmentation, globalOf, stripesOf } from './stripes.ts'
import { ticksOf } from './ticks.ts'

const show = (one: Segmentation | null): string =>
  one === null ? 'all' : `${one.index} of ${one.parts.join(',')}`

/** The two options, and which segment of what lengths they mean. */
const segments: [segment: string | undefined, sequence: string | undefined, means: string][] = [
  [undefined, undefined, 'all'],
  ['', '', 'all'],
  ['0:1', undefined, '0 of 1'],
  ['1/4', undefined, '0 of 1,3'],
  ['10%', undefined, '0 of 1,9'],
  ['0.2:2/3', undefined, '1 of 3,7,5'],
  ['50%:75%', '0,1/2,0.75,1', '1 of 2,1,1'],
  ['2/4:75%', '0,1/2,3/4,1', '1 of 2,1,1'],
  ['1/2:1', '1/4,1/2,1', '2 of 1,1,2'],
  ['1/3:2/3', '0,1/3,2/3,1', '1 of 1,1,1'],
]

test.each(segments)('segment %s in %s', (segment, sequence, means) => {
  expect(show(readSegmentation(segment, sequence, {}))).toBe(means)
})

/** What is no segment, and what is said of it. */
const wrong: [segment: string, sequence: string | undefined, problem: string][] = [
  ['1:1/2', undefined, 'want 0 <= from < to <= 1'],
  ['0:2', undefined, 'want 0 <= from < to <= 1'],
  ['a', undefined, '"a" is no part of a test'],
  ['1/0', undefined, '"1/0" is no part of a test'],
  ['0:1/3', '0,1/2,1', 'the execution segment 0:1/3 is not in the sequence 0,1/2,1'],
  ['0:1', '0,1/2,1', 'is not in the sequence'],
  ['0:1/2', '0,1/2,1/3', 'want rising points from 0 to 1'],
  ['0:1/2', '0', 'want rising points from 0 to 1'],
  ['auto', undefined, 'needs JOB_COMPLETION_INDEX'],
  ['auto', '0,1', 'makes its own sequence'],
]

test.each(wrong)('segment %s in %s is refused', (segment, sequence, problem) => {
  expect(() => readSegmentation(segment, sequence, {})).toThrow(problem)
})

test('auto is the pod’s part of an Indexed Job', () => {
  const env = { JOB_COMPLETION_INDEX: '2', VIGIE_LOAD_PARALLELISM: '4' }
  expect(show(readSegmentation('auto', undefined, env))).toBe('2 of 1,1,1,1')
})

const quarters = [0, 1, 2, 3].map((index) => ({ parts: [1, 1, 1, 1], index }))
const scenario = (fields: object): ReturnType<typeof parseScenarios> =>
  parseScenarios({ a: fields })

/** A scenario, and the VUs and iterations that each of four equal segments gets of it. */
const shares: [fields: object, vus: string][] = [
  [{ executor: 'constant-vus', vus: 10, duration: '1s' }, '3 3 2 2'],
  [{ executor: 'per-vu-iterations', vus: 2, iterations: 5 }, '1×5 1×5 - -'],
  [{ executor: 'shared-iterations', vus: 6, iterations: 20 }, '2/7 2/7 1/3 1/3'],
  [{ executor: 'shared-iterations', vus: 2, iterations: 9 }, '1/5 1/4 - -'],
  [{ executor: 'ramping-vus', startVUs: 0, stages: [{ duration: '9s', target: 9 }] }, '3 2 2 2'],
  [
    { executor: 'constant-arrival-rate', rate: 9, duration: '1s', preAllocatedVUs: 2, maxVUs: 6 },
    '1-2 1-2 0-1 0-1',
  ],
]

test.each(shares)('%j', (fields, vus) => {
  const found = quarters.map((quarter) => {
    const [one] = segmentScenarios(scenario(fields), quarter).scenarios
    if (one === undefined) return '-'
    if (one.executor === 'per-vu-iterations') return `${one.vus}×${one.iterations}`
    if (one.executor === 'shared-iterations') return `${one.vus}/${one.iterations}`
    if (one.executor === 'constant-arrival-rate') return `${one.preAllocatedVUs}-${one.maxVUs}`
    return String(maxVusOf(one))
  })
  expect(found.join(' ')).toBe(vus)
})

test('segments of a ramp start and stop their VUs when the whole ramp would', () => {
  const ramp = { executor: 'ramping-vus', startVUs: 0, gracefulStop: '0s', gracefulRampDown: '0s' }
  const stages = [
    { duration: '8s', target: 8 },
    { duration: '8s', target: 0 },
  ]
  const starts = (index: number): number[][] =>
    segmentScenarios(scenario({ ...ramp, stages }), { parts: [1, 1], index }).scenarios.flatMap(
      (one) => handleIntervals(one).map(([first]) => [first!.startMs, first!.stopMs]),
    )
  expect(starts(0)).toEqual([
    [1000, 16_000],
    [3000, 14_000],
    [5000, 12_000],
    [7000, 10_000],
  ])
  expect(starts(1)).toEqual([
    [2000, 15_000],
    [4000, 13_000],
    [6000, 11_000],
    [8000, 9000],
  ])
})

test('ticks of all segments together are those of the whole', () => {
  const fields = { rate: 7, duration: '3s', preAllocatedVUs: 10, maxVUs: 10 }
  const whole = scenario({ executor: 'constant-arrival-rate', ...fields })
  const timesOf = (scenarios: ReturnType<typeof scenario>): number[] => {
    const ticks = ticksOf(scenarios[0] as Parameters<typeof ticksOf>[0])
    const times: number[] = []
    for (let n = 0; ticks.timeOf(n) !== Infinity; n++) times.push(ticks.timeOf(n))
    return times
  }
  const parts = [0, 1, 2].map((index) =>
    timesOf(segmentScenarios(whole, { parts: [5, 3, 2], index }).scenarios),
  )
  expect(parts.map((times) => times.length)).toEqual([11, 7, 4])
  expect(parts.flat().sort((a, b) => a - b)).toEqual(timesOf(whole))
  expect(globalOf(stripesOf({ parts: [5, 3, 2], index: 1 }), 3)).toBe(11)
})
