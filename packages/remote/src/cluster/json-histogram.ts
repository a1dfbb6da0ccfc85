/**
 * Native histograms as the Prometheus HTTP API shows them, `{count, sum, buckets: [[rule, lower, upper,
 * count], …]}`, back into what they were. The schema is not said: the bounds of any bucket tell it. What
 * fits none of the exponential schemas has custom buckets, with those bounds that are shown.
 */
import {
  CUSTOM_BUCKETS_SCHEMA,
  type Histogram,
  SCHEMA_MAX,
  SCHEMA_MIN,
  bucketBound,
  makeHistogram,
} from '@vigie/model'
import { valueOf } from './value-of.ts'

/** `rule`: 0 (lower, upper], 1 [lower, upper), 2 (lower, upper), 3 [lower, upper]. */
type JsonBucket = readonly [rule: number, lower: string, upper: string, count: string]

export interface JsonHistogram {
  count: string
  sum: string
  buckets?: readonly JsonBucket[]
}

interface Bucket {
  lower: number
  upper: number
  count: number
}

export function histogramOf({ count, sum, buckets = [] }: JsonHistogram): Histogram {
  const read = (rule: (rule: number) => boolean): Bucket[] =>
    buckets
      .filter((one) => rule(one[0]))
      .map(([, lower, upper, n]) => ({
        lower: valueOf(lower),
        upper: valueOf(upper),
        count: valueOf(n),
      }))
  const totals = { count: valueOf(count), sum: valueOf(sum) }
  const [zero] = read((rule) => rule === 3)
  const positive = read((rule) => rule !== 3).filter(({ upper }) => upper > 0)
  const negative = read((rule) => rule !== 3)
    .filter(({ upper }) => upper <= 0)
    .map(({ lower, upper, count: n }) => ({ lower: -upper, upper: -lower, count: n }))
    .reverse()
  const zeroThreshold = zero === undefined ? 0 : Math.max(-zero.lower, zero.upper)
  // The zero bucket may reach into the first one of a side, not into the last.
  const widest = positive.at(-1) ?? negative.at(-1)
  const schema = widest === undefined ? 0 : schemaOf(widest)
  const indices = [positive, negative].map((side) => indicesOf(side, schema, zeroThreshold))
  const [ofPositive, ofNegative] = indices
  if (ofPositive === undefined || ofNegative === undefined)
    return makeHistogram({ ...totals, ...customBuckets(read(() => true)) })
  return makeHistogram({
    ...totals,
    schema,
    zeroThreshold,
    zeroCount: zero?.count ?? 0,
    positiveSpans: spansOf(ofPositive),
    positiveCounts: Float64Array.from(positive, (one) => one.count),
    negativeSpans: spansOf(ofNegative),
    negativeCounts: Float64Array.from(negative, (one) => one.count),
  })
}

/** Of `upper` = `lower` · 2^(2^-schema); NaN where there is none. */
const schemaOf = ({ lower, upper }: Bucket): number =>
  0 - Math.round(Math.log2(Math.log2(upper) - Math.log2(lower)))

/** Undefined when one of the buckets is not of the schema. */
function indicesOf(
  buckets: readonly Bucket[],
  schema: number,
  zeroThreshold: number,
): number[] | undefined {
  if (!(schema >= SCHEMA_MIN && schema <= SCHEMA_MAX)) return undefined
  const indices = buckets.map(({ upper }) => Math.round(Math.log2(upper) * 2 ** schema))
  const fits = buckets.every(
    ({ lower, upper }, i) =>
      bucketBound(indices[i], schema) === upper &&
      Math.max(bucketBound(indices[i] - 1, schema), zeroThreshold) === lower,
  )
  return fits ? indices : undefined
}

function customBuckets(buckets: readonly Bucket[]): Partial<Histogram> {
  const bounds = [...new Set(buckets.flatMap(({ lower, upper }) => [lower, upper]))]
    .filter(Number.isFinite)
    .sort((a, b) => a - b)
  const indexOf = ({ upper }: Bucket): number =>
    upper === Infinity ? bounds.length : bounds.indexOf(upper)
  return {
    schema: CUSTOM_BUCKETS_SCHEMA,
    customBounds: Float64Array.from(bounds),
    positiveSpans: spansOf(buckets.map(indexOf)),
    positiveCounts: Float64Array.from(buckets, (one) => one.count),
  }
}

/** `[offset, length, …]` of rising indices. */
function spansOf(indices: readonly number[]): Int32Array {
  const spans: number[] = []
  let next = 0
  for (const index of indices) {
    if (spans.length === 0 || index !== next) spans.push(index - next, 1)
    else spans[spans.length - 1]++
    next = index + 1
  }
  return Int32Array.from(spans)
}
