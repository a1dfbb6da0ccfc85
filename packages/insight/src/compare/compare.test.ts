import { describe, expect, test } from 'vitest'
import { type Random, randomOf } from '../random.ts'
import { quantile } from '../statistics.ts'
import { type ComparedRun, type Comparison, compareRuns } from './compare.ts'
import { change } from './sentence.ts'

const SEGMENTS = 6
const REQUESTS = 600

/** A run as servers are: lognormal latency, a drift that remembers (AR(1)), and a mood of its own. */
function run(random: Random, factor: number, runNoise: number): ComparedRun {
  const mood = Math.exp(runNoise * random.normal())
  const values = new Float64Array(REQUESTS)
  let drift = 0
  for (let i = 0; i < REQUESTS; i++) {
    // The drift moves in windows of 10 requests, as load on a shared machine does.
    if (i % 10 === 0) drift = 0.7 * drift + 0.05 * random.normal()
    values[i] = 100 * factor * mood * Math.exp(drift + 0.5 * random.normal())
  }
  const size = REQUESTS / SEGMENTS
  const segments = Array.from({ length: SEGMENTS }, (_, i) =>
    quantile(values.subarray(i * size, (i + 1) * size), 0.95),
  )
  const rate = 1000 / factor / mood
  return {
    id: 'run',
    figures: [
      { name: 'http_req_duration p(95)', kind: 'latency', value: quantile(values, 0.95), segments },
      { name: 'http_reqs', kind: 'throughput', value: rate * Math.exp(0.01 * random.normal()) },
      { name: 'http_req_failed', kind: 'errors', value: 0, count: REQUESTS },
    ],
  }
}

interface Simulation {
  runs: number
  factor: number
  runNoise?: number
  times?: number
}

/** Share of simulated comparisons that call a verdict. */
function shareOf(
  wanted: readonly string[],
  { runs, factor, runNoise = 0.03, times = 200 }: Simulation,
) {
  const random = randomOf(20_26)
  const side = (of: number): ComparedRun[] =>
    Array.from({ length: runs }, () => run(random, of, runNoise))
  let called = 0
  for (let i = 0; i < times; i++)
    if (wanted.includes(compareRuns(side(1), side(factor)).verdict)) called++
  return called / times
}

const DIFFERENT = ['faster', 'slower']

describe('a difference is called', () => {
  test.each([
    [3, 0.03],
    [5, 0.03],
    [3, 0],
    [1, 0.03],
    [1, 0],
  ])('in at most one of twenty cases without one: %i runs of each, noise %d', (runs, runNoise) => {
    expect(shareOf(DIFFERENT, { runs, factor: 1, runNoise })).toBeLessThanOrEqual(0.05)
  })

  test.each([
    [3, 1.15, 0.6],
    [5, 1.15, 0.95],
    [3, 1.3, 0.95],
    [3, 0.8, 0.9],
  ])('%i runs of each, factor %d: in at least %d of cases', (runs, factor, power) => {
    const verdict = factor > 1 ? 'slower' : 'faster'
    expect(shareOf([verdict], { runs, factor, times: 200 })).toBeGreaterThanOrEqual(power)
  })
})

const one = (
  p95: number,
  more: Partial<{ rate: number; failed: number; count: number }> = {},
): ComparedRun => ({
  id: String(p95),
  figures: [
    { name: 'http_req_duration p(95)', kind: 'latency', value: p95 },
    { name: 'http_reqs', kind: 'throughput', value: more.rate ?? 100 },
    {
      name: 'http_req_failed',
      kind: 'errors',
      value: more.failed ?? 0,
      count: more.count ?? 10_000,
    },
  ],
})

const compared = (a: readonly number[], b: readonly number[]): Comparison =>
  compareRuns(
    a.map((value) => one(value)),
    b.map((value) => one(value)),
  )

test.each<[number[], number[], Comparison['verdict'], string]>([
  [
    [100, 101, 99],
    [120, 121, 119],
    'slower',
    'B is slower than A: http_req_duration p(95) +20 % (+17 % to +23 %).',
  ],
  [
    [100, 101, 99],
    [80, 81, 79],
    'faster',
    'B is faster than A: http_req_duration p(95) −20 % (−22 % to −18 %).',
  ],
  [
    [100, 101, 99],
    [100, 101, 99],
    'same',
    'No difference of 5 % or more: http_req_duration p(95) +0.0 % (−2.2 % to +2.3 %).',
  ],
  [
    [100, 101, 99],
    [103, 104, 102],
    'unsure',
    'Unsure: http_req_duration p(95) +3.0 % (+0.7 % to +5.3 %); more than 3 runs of each tell.',
  ],
  [
    [100, 130, 80],
    [120, 100, 90],
    'unsure',
    'Unsure: http_req_duration p(95) +1.3 % (−38 % to +66 %); more than 3 runs of each tell.',
  ],
  [
    [100, 101, 99],
    [150],
    'slower',
    'B is slower than A: http_req_duration p(95) +50 % (+43 % to +58 %).',
  ],
  [
    [100],
    [150],
    'unsure',
    'Indicative, by one run each: unsure: nothing says how much http_req_duration p(95) varies from run to run.',
  ],
])('%j against %j: %s', (a, b, verdict, sentence) => {
  const comparison = compared(a, b)
  expect(comparison.verdict).toBe(verdict)
  expect(comparison.sentence).toBe(sentence)
})

test('a metric is compared only when all runs have it', () => {
  const comparison = compareRuns([one(100), one(101)], [{ id: 'x', figures: [] }])
  expect(comparison).toMatchObject({
    verdict: 'unsure',
    rows: [],
    sentence: 'The runs have no figure in common.',
  })
})

describe('error rates', () => {
  test.each([
    [0, 0, 'same'],
    [0, 0.05, 'worse'],
    [0.05, 0, 'better'],
    [0.2, 0.21, 'unsure'],
    [0, 0.0001, 'same'],
    [0.01, 0.03, 'worse'],
  ])('%d against %d: %s', (a, b, verdict) => {
    const noise = [0.97, 1, 1.03]
    const side = (failed: number): ComparedRun[] =>
      noise.map((factor) => one(100, { failed: failed * factor }))
    const { rows, hasMoreErrors } = compareRuns(side(a), side(b))
    expect(rows.find(({ kind }) => kind === 'errors')!.verdict).toBe(verdict)
    expect(hasMoreErrors).toBe(verdict === 'worse')
  })

  test('of a few requests say little', () => {
    const side = (failed: number): ComparedRun[] =>
      [1, 1, 1].map(() => one(100, { failed, count: 20 }))
    const { rows } = compareRuns(side(0), side(0.05))
    expect(rows[2]!.verdict).toBe('unsure')
  })

  test('stand in the sentence', () => {
    const side = (failed: number): ComparedRun[] =>
      [100, 101, 99].map((p95) => one(p95, { failed }))
    expect(compareRuns(side(0.001), side(0.1)).sentence).toContain(
      'http_req_failed rose from 0.1 % to 10 %.',
    )
  })
})

test('throughput decides too', () => {
  const side = (rate: number): ComparedRun[] =>
    [1, 1.01, 0.99].map((f) => one(100 * f, { rate: rate * f }))
  expect(compareRuns(side(100), side(80)).sentence).toBe(
    'B is slower than A: http_reqs −20 % (−23 % to −17 %).',
  )
})

test.each([
  [1, '+0.0 %'],
  [1.12, '+12 %'],
  [0.9657, '−3.4 %'],
  [2.31, '×2.3'],
  [154, '×154'],
])('%d is %s', (ratio, text) => {
  expect(change(ratio)).toBe(text)
})
