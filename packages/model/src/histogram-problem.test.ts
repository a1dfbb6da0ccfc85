import { expect, test } from 'vitest'
import { histogramProblem } from './histogram-problem.ts'
import { type Histogram, STALE_NAN, makeHistogram } from './index.ts'

const counts = (...values: number[]): Float64Array => Float64Array.from(values)
const spans = (...values: number[]): Int32Array => Int32Array.from(values)
const good: Partial<Histogram> = {
  isInteger: true,
  count: 4,
  zeroCount: 1,
  positiveSpans: spans(-2, 1, 3, 1),
  positiveCounts: counts(2, 1),
}
const custom: Partial<Histogram> = {
  schema: -53,
  isInteger: true,
  count: 3,
  positiveSpans: spans(0, 2),
  positiveCounts: counts(2, 1),
  customBounds: counts(1),
}

test.each<[fields: Partial<Histogram>, problem: RegExp | undefined]>([
  [{}, undefined],
  [good, undefined],
  [custom, undefined],
  [{ isInteger: true, sum: STALE_NAN }, undefined],
  [{ ...good, count: 9, sum: NaN }, undefined],
  [
    { ...good, count: 3, sum: NaN },
    /4 observations found in buckets, but the Count field is 3: .* at least/,
  ],
  [{ ...good, count: 5 }, /but the Count field is 5: .* should equal/],
  [{ ...good, isInteger: false, count: 5 }, undefined],
  [{ ...good, schema: 9 }, /schema 9/],
  [{ ...good, schema: -5 }, /schema -5/],
  [{ ...good, positiveSpans: spans(0, 1, -1, 1) }, /positive side: span number 2 with offset -1/],
  [{ ...good, positiveSpans: spans(0, 3) }, /positive side: spans need 3 buckets, have 2 buckets/],
  [{ ...good, negativeSpans: spans(0, 1) }, /negative side: spans need 1 buckets, have 0/],
  [
    { ...good, positiveCounts: counts(2, -1) },
    /positive side: bucket number 2 has observation count of -1/,
  ],
  [{ ...good, customBounds: counts(1) }, /must not have custom bounds/],
  [
    { ...custom, customBounds: counts(1, 1) },
    /custom buckets: previous bound is 1 and current is 1/,
  ],
  [{ ...custom, customBounds: counts(1, Infinity) }, /must be finite/],
  [{ ...custom, customBounds: counts() }, /only 0 custom bounds .* total span length of 2/],
  [{ ...custom, zeroCount: 1 }, /zero count of 0/],
  [{ ...custom, zeroThreshold: 1 }, /zero threshold of 0/],
  [{ ...custom, negativeSpans: spans(0, 0) }, /must not have negative spans/],
  [{ ...custom, positiveSpans: spans(0, 3) }, /spans need 3 buckets, have 2/],
])('%o', (fields, problem) => {
  const found = histogramProblem(makeHistogram(fields))
  expect(found ?? 'none').toMatch(problem ?? /^none$/)
})
