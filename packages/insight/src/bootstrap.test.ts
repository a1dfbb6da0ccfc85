import { expect, test } from 'vitest'
import { bootstrapInterval } from './bootstrap.ts'
import { randomOf } from './random.ts'
import { mean, quantile } from './statistics.ts'

const options = { blockSize: 20, seed: 3 }

/** Values that remember: each is 0.9 of the one before, and noise. */
function remembering(seed: number, length: number): Float64Array {
  const random = randomOf(seed)
  const values = new Float64Array(length)
  for (let i = 1; i < length; i++) values[i] = 0.9 * values[i - 1]! + random.normal()
  return values
}

test('blocks see what single values hide: the true mean is inside nine times of ten', () => {
  const inside = (blockSize: number): number => {
    let count = 0
    for (let seed = 0; seed < 50; seed++) {
      const { low, high } = bootstrapInterval(remembering(seed, 400), mean, {
        blockSize,
        resamples: 100,
        seed,
      })
      if (low <= 0 && high >= 0) count++
    }
    return count
  }
  expect(inside(1)).toBeLessThan(25)
  expect(inside(40)).toBeGreaterThan(39)
})

test('the same data and seed give the same interval', () => {
  const values = remembering(1, 200)
  const p95 = (of: Float64Array): number => quantile(of, 0.95)
  const first = bootstrapInterval(values, p95, options)
  expect(bootstrapInterval(values, p95, options)).toEqual(first)
  expect(first.low).toBeLessThan(quantile(values, 0.95))
  expect(first.high).toBeGreaterThan(first.low)
})

test('of nothing, and of one value', () => {
  expect(bootstrapInterval([], mean, options)).toEqual({ low: NaN, high: NaN })
  expect(bootstrapInterval([5], mean, options)).toEqual({ low: 5, high: 5 })
})
