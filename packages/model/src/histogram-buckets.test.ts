import { expect, test } from 'vitest'
import { bucketBound, histogramBuckets } from './histogram-buckets.ts'
import { makeHistogram } from './histogram.ts'

test('bounds are those of Prometheus, to the last bit', () => {
  const check = (schema: number, index: number, want: number): void =>
    expect(bucketBound(index, schema), `schema ${schema}, bucket ${index}`).toBe(want)
  check(0, 0, 1)
  check(0, -3, 0.125)
  check(0, 1024, Number.MAX_VALUE)
  check(0, 1025, Infinity)
  check(0, -1074, 5e-324)
  check(-2, 2, 256)
  check(-4, 64, Number.MAX_VALUE)
  check(-1, -537, 5e-324)
  // Of the published table, doubled.
  check(1, 1, 2 * 0.7071067811865475)
  check(2, 1, 2 * 0.5946035575013605)
  check(8, 1, 2 * 0.5013556375251013)
  check(8, 255, 2 * 0.9972960560854698)
  check(8, 127, 2 * 0.7051948041086352)
  check(8, -255, 0.5013556375251013)
  check(3, 13, 4 * 0.7711054127039704)
  check(8, 262_144, Number.MAX_VALUE)
  check(8, 262_143, 0.9972960560854698 * 2 ** 1023 * 2)
})

test('buckets in order, with their bounds', () => {
  const show = (fields: Parameters<typeof makeHistogram>[0]): string[] =>
    [...histogramBuckets(makeHistogram(fields))].map(
      (one) =>
        `${one.lowerInclusive ? '[' : '('}${one.lower},${one.upper}${one.upperInclusive ? ']' : ')'} ${one.count}`,
    )
  expect(
    show({
      zeroThreshold: 0.25,
      zeroCount: 3,
      positiveSpans: Int32Array.of(-1, 2, 1, 1),
      positiveCounts: Float64Array.of(1, 2, 4),
      negativeSpans: Int32Array.of(0, 2),
      negativeCounts: Float64Array.of(5, 6),
    }),
  ).toEqual(['[-2,-1) 6', '[-1,-0.5) 5', '[-0.25,0.25] 3', '(0.25,0.5] 1', '(0.5,1] 2', '(2,4] 4'])
  // The zero bucket cuts off what it covers.
  expect(
    show({
      zeroThreshold: 0.75,
      positiveSpans: Int32Array.of(0, 1),
      positiveCounts: Float64Array.of(1),
    }),
  ).toEqual(['(0.75,1] 1'])
  expect(
    show({
      schema: -53,
      customBounds: Float64Array.of(1, 2),
      positiveSpans: Int32Array.of(0, 3),
      positiveCounts: Float64Array.of(1, 2, 3),
    }),
  ).toEqual(['[-Infinity,1] 1', '(1,2] 2', '(2,Infinity] 3'])
})
