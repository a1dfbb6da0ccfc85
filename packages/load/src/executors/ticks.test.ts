import { expect, test } from 'vitest'
import type { Stage } from './scenario.ts'
import { type Stripes, globalOf, reduced, resegment, scaled, stripesOf } from './stripes.ts'
import { type Ticks, constantTicks, rampingTicks } from './ticks.ts'

function timesOf(ticks: Ticks, count: number): string {
  const times: string[] = []
  for (let n = 0; n < count && ticks.timeOf(n) !== Infinity; n++)
    times.push(String(Number(ticks.timeOf(n).toFixed(2))))
  return times.join(' ')
}

/** rate per timeUnit for a duration, and when its iterations begin (ms). */
const constant: [rate: number, timeUnitMs: number, durationMs: number, times: string][] = [
  [2, 1000, 2000, '0 500 1000 1500 2000'],
  [3, 1000, 1000, '0 333.33 666.67 1000'],
  [30, 60_000, 5000, '0 2000 4000'],
  [1, 1000, 1000, '0 1000'],
  [7, 10, 10, '0 1.43 2.86 4.29 5.71 7.14 8.57 10'],
]

test.each(constant)('%i per %i ms for %i ms', (rate, timeUnitMs, durationMs, times) => {
  expect(timesOf(constantTicks(rate, timeUnitMs, durationMs, null), 20)).toBe(times)
})

const stagesOf = (text: string): Stage[] =>
  text.split(' ').map((one) => {
    const [seconds, target] = one.split('s:')
    return { durationMs: Number(seconds) * 1000, target: Number(target) }
  })

/** startRate, stages, times: worked out by hand from the area under the rate. */
const ramps: [startRate: number, stages: string, times: string][] = [
  [2, '2s:2', '500 1000 1500 2000'],
  [0, '2s:4', '1000 1414.21 1732.05 2000'],
  [4, '2s:0', '267.95 585.79 1000 2000'],
  [0, '1s:2 1s:2', '1000 1500 2000'],
  [0, '0s:2 1s:2', '500 1000'],
  [1, '1.5s:1 1s:1', '1000 2000'],
  [0, '1s:0 1s:2', '2000'],
  [0, '5s:0', ''],
  [2, '1s:2 1s:0 1s:0', '500 1000 2000'],
]

test.each(ramps)('from %i over %s', (startRate, stages, times) => {
  expect(timesOf(rampingTicks(startRate, stagesOf(stages), 1000, null), 50)).toBe(times)
})

test('a long ramp has as many ticks as its area, each after the one before', () => {
  const ticks = rampingTicks(10, stagesOf('60s:1000 60s:1000 60s:0'), 1000, null)
  const total = (60 * 1010) / 2 + 60 * 1000 + (60 * 1000) / 2
  const times = Array.from({ length: total }, (_, n) => ticks.timeOf(n))
  expect(times.findIndex((at, n) => n > 0 && at < times[n - 1]!)).toBe(-1)
  expect(times.at(-1)).toBeCloseTo(180_000, 3)
  expect(ticks.timeOf(total)).toBe(Infinity)
})

const show = ({ period, own }: Stripes): string => `${own.join(',')}/${period}`

/** Segment lengths in parts and the numbers that each segment gets. */
const segmentations: [parts: number[], stripes: string][] = [
  [[1], '0/1'],
  [[1, 1], '0/2 1/2'],
  [[2, 1, 1], '0,2/4 1/4 3/4'],
  [[1, 1, 1], '0/3 1/3 2/3'],
  [[1, 2], '1/3 0,2/3'],
  [[7, 7, 6], '0,3,6,9,12,15,18/20 1,4,7,10,13,16,19/20 2,5,8,11,14,17/20'],
]

test.each(segmentations)('segments of %j', (parts, stripes) => {
  expect(parts.map((_, index) => show(stripesOf({ parts, index }))).join(' ')).toBe(stripes)
})

test('shares of any count add up to it, and numbers of the whole are nobody’s twice', () => {
  for (const parts of [
    [1, 1],
    [2, 1, 1],
    [5, 4, 2, 1],
    [1, 9],
    [7, 7, 6],
  ]) {
    const all = parts.map((_, index) => stripesOf({ parts, index }))
    for (let count = 0; count < 50; count++) {
      const shares = all.map((one) => scaled(one, count))
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(count)
      const numbers = all.flatMap((one, i) =>
        Array.from({ length: shares[i]! }, (_, n) => globalOf(one, n)),
      )
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n))
    }
  }
})

test('ticks follow the VUs: who has none gets none', () => {
  expect(reduced([4, 2])).toEqual([2, 1])
  expect(resegment({ parts: [1, 1], index: 1 }, 1)).toBeNull()
  expect(resegment({ parts: [1, 1, 1], index: 2 }, 20)).toEqual({ parts: [7, 7, 6], index: 2 })
  expect(resegment({ parts: [1, 1], index: 0 }, 4)).toEqual({ parts: [1, 1], index: 0 })
})

// 50 iterations/s with 20 VUs in three equal segments.
const segments: [index: number, start: number, steps: string][] = [
  [0, 0, '60 60 60 60 60 60 40'],
  [1, 20, '60 60 60 60 60 60 40'],
  [2, 40, '60 60 60 60 60 100'],
]

test.each(segments)('segment %i begins at %i ms, then steps of %s', (index, start, steps) => {
  const segment = resegment({ parts: [1, 1, 1], index }, 20)!
  const ticks = constantTicks(50, 1000, 2000, stripesOf(segment))
  expect(ticks.timeOf(0)).toBe(start)
  const found = steps.split(' ').map((_, n) => ticks.timeOf(n + 1) - ticks.timeOf(n))
  expect(found.join(' ')).toBe(steps)
})
