import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SKETCH_ERROR, TrendSink } from './sink.ts'

const exactPercentile = (values: number[], p: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const position = p * (sorted.length - 1)
  const low = sorted[Math.floor(position)]!
  return low + (sorted[Math.ceil(position)]! - low) * (position % 1)
}

test('percentiles are exact as long as values are kept', () => {
  const sink = new TrendSink()
  sink.add(Float64Array.of(4, 1))
  sink.add(Float64Array.of(3, 2))
  expect([0, 0.5, 0.9, 1].map((p) => sink.percentile(p))).toEqual([1, 2.5, 3.7, 4])
  expect(['avg', 'min', 'med', 'max', 'count', 'p(25)'].map((stat) => sink.stat(stat))).toEqual([
    2.5, 1, 2.5, 4, 4, 1.75,
  ])
})

test('beyond, they lie within the stated error of the values around the rank', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 60, maxLength: 400 }),
      (values) => {
        const sink = new TrendSink(50)
        for (let i = 0; i < values.length; i += 20)
          sink.add(Float64Array.from(values.slice(i, i + 20)))
        expect(sink.isExact).toBe(false)
        expect(sink.count).toBe(values.length)
        for (const p of [0, 0.5, 0.95, 0.99, 1]) {
          const sorted = values.toSorted((a, b) => a - b)
          const rank = p * (values.length - 1)
          const low = sorted[Math.floor(rank)]! * (1 - 2 * SKETCH_ERROR)
          const high = sorted[Math.ceil(rank)]! * (1 + 2 * SKETCH_ERROR)
          expect(sink.percentile(p)).toBeGreaterThanOrEqual(low)
          expect(sink.percentile(p)).toBeLessThanOrEqual(high)
        }
      },
    ),
    { seed: 1, numRuns: 50 },
  )
})

test('a trend of any size agrees with sorting while exact', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, p) => {
        const sink = new TrendSink()
        for (const value of values) sink.add(Float64Array.of(value))
        expect(sink.percentile(p)).toBeCloseTo(exactPercentile(values, p), 6)
      },
    ),
    { seed: 2, numRuns: 50 },
  )
})

test('nothing added is zero', () => {
  expect(['avg', 'min', 'p(95)'].map((stat) => new TrendSink().stat(stat))).toEqual([0, 0, 0])
})
