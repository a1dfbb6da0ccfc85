import { type Histogram, formatValue, histogramBuckets, makeHistogram } from '@vigie/model'
import { expect, test } from 'vitest'
import { type JsonHistogram, histogramOf } from './json-histogram.ts'

/** As the HTTP API shows it. */
function shown(h: Histogram): JsonHistogram {
  const buckets = [...histogramBuckets(h)]
    .filter(({ count }) => count !== 0)
    .map(({ lower, upper, lowerInclusive, upperInclusive, count }) => {
      const rule = lowerInclusive ? (upperInclusive ? 3 : 1) : upperInclusive ? 0 : 2
      return [rule, ...[lower, upper, count].map(formatValue)] as [number, string, string, string]
    })
  return { count: formatValue(h.count), sum: formatValue(h.sum), buckets }
}

const fields = (h: Histogram): object => ({ ...h, isInteger: false, counterResetHint: 0 })

test.each(Array.from({ length: 13 }, (_, i) => i - 4))('schema %i comes back', (schema) => {
  for (const start of [-200, -3, 0, 1, 130]) {
    const h = makeHistogram({
      schema,
      count: 30.5,
      sum: -18.25,
      zeroThreshold: 1e-300,
      zeroCount: 2.5,
      positiveSpans: Int32Array.of(start, 2, 3, 1),
      positiveCounts: Float64Array.of(1, 2, 4),
      negativeSpans: Int32Array.of(start + 1, 1, 1, 2),
      negativeCounts: Float64Array.of(8, 0.5, 3),
    })
    // Beyond the largest number there are no buckets.
    if (Math.abs(start + 6) / 2 ** schema > 1000) continue
    expect(fields(histogramOf(shown(h))), `from ${start}`).toEqual(fields(h))
  }
})

test('the zero bucket may reach into the first one', () => {
  const h = makeHistogram({
    schema: 1,
    count: 6,
    sum: 9,
    zeroThreshold: 0.001,
    zeroCount: 1,
    positiveSpans: Int32Array.of(-19, 1, 3, 1),
    positiveCounts: Float64Array.of(2, 3),
  })
  expect(shown(h).buckets![1][1]).toBe('0.001')
  expect(fields(histogramOf(shown(h)))).toEqual(fields(h))
})

test('custom buckets come back with the bounds that are shown', () => {
  const h = makeHistogram({
    schema: -53,
    count: 6,
    sum: 9,
    customBounds: Float64Array.of(-1, 0.5, 2, 7, 30),
    positiveSpans: Int32Array.of(0, 1, 1, 1, 2, 1),
    positiveCounts: Float64Array.of(1, 2, 3),
  })
  const back = histogramOf(shown(h))
  expect([...back.customBounds]).toEqual([-1, 0.5, 2, 30])
  expect(shown(back)).toEqual(shown(h))
})

test('an empty one', () => {
  expect(histogramOf({ count: '0', sum: 'NaN' })).toMatchObject({ count: 0, sum: NaN, schema: 0 })
})
