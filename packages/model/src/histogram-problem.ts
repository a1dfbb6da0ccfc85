/** What makes a native histogram invalid, in Prometheus's words. */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram, SCHEMA_MAX, SCHEMA_MIN } from './histogram.ts'

/** Undefined for a valid histogram. */
export function histogramProblem(h: Histogram): string | undefined {
  if (h.schema === CUSTOM_BUCKETS_SCHEMA) return customProblem(h) ?? countProblem(h)
  if (!(h.schema >= SCHEMA_MIN && h.schema <= SCHEMA_MAX))
    return `histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets: schema ${h.schema}`
  const spans =
    spansProblem('positive', h.positiveSpans, h.positiveCounts.length) ??
    spansProblem('negative', h.negativeSpans, h.negativeCounts.length)
  if (spans !== undefined) return spans
  if (h.customBounds.length > 0)
    return 'histogram with exponential schema must not have custom bounds'
  return countProblem(h)
}

function spansProblem(side: string, spans: Int32Array, buckets: number): string | undefined {
  let length = 0
  for (let i = 0; i < spans.length; i += 2) {
    if (i > 0 && spans[i] < 0)
      return `${side} side: span number ${i / 2 + 1} with offset ${spans[i]}: histogram has a span whose offset is negative`
    length += spans[i + 1] >>> 0
  }
  if (length === buckets) return undefined
  return `${side} side: spans need ${length} buckets, have ${buckets} buckets: histogram spans specify different number of buckets than provided`
}

function customProblem(h: Histogram): string | undefined {
  const problem = boundsProblem(h)
  if (problem !== undefined) return `custom buckets: ${problem}`
  if (h.zeroCount !== 0) return 'custom buckets: must have zero count of 0'
  if (h.zeroThreshold !== 0) return 'custom buckets: must have zero threshold of 0'
  if (h.negativeSpans.length > 0) return 'custom buckets: must not have negative spans'
  if (h.negativeCounts.length > 0) return 'custom buckets: must not have negative buckets'
  return undefined
}

function boundsProblem({
  customBounds: bounds,
  positiveSpans: spans,
  positiveCounts,
}: Histogram): string | undefined {
  for (let i = 0; i < bounds.length; i++) {
    const before = i === 0 ? -Infinity : bounds[i - 1]
    if (!(bounds[i] > before))
      return `previous bound is ${before} and current is ${bounds[i]}: histogram custom bounds must be in strictly increasing order`
  }
  if (bounds.at(-1) === Infinity)
    return 'last +Inf bound must not be explicitly defined: histogram custom bounds must be finite'
  let length = 0
  let total = 0
  for (let i = 0; i < spans.length; i += 2) {
    if (spans[i] < 0)
      return `span number ${i / 2 + 1} with offset ${spans[i]}: histogram has a span whose offset is negative`
    length += spans[i + 1] >>> 0
    total += (spans[i + 1] >>> 0) + spans[i]
  }
  if (length !== positiveCounts.length)
    return `spans need ${length} buckets, have ${positiveCounts.length} buckets: histogram spans specify different number of buckets than provided`
  if (total > bounds.length + 1)
    return `only ${bounds.length} custom bounds defined which is insufficient to cover total span length of ${total}: histogram custom bounds are too few`
  return undefined
}

function countProblem(h: Histogram): string | undefined {
  const problem =
    bucketProblem('negative', h.negativeCounts) ?? bucketProblem('positive', h.positiveCounts)
  // Counts of floats need not add up exactly.
  if (problem !== undefined || !h.isInteger) return problem
  let found = h.zeroCount
  for (const count of h.negativeCounts) found += count
  for (const count of h.positiveCounts) found += count
  const text = `${found} observations found in buckets, but the Count field is ${h.count}`
  // An observation of NaN is in no bucket.
  if (Number.isNaN(h.sum))
    return found > h.count
      ? `${text}: histogram's observation count should be at least the number of observations found in the buckets`
      : undefined
  return found === h.count
    ? undefined
    : `${text}: histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)`
}

function bucketProblem(side: string, counts: Float64Array): string | undefined {
  const i = counts.findIndex((count) => count < 0)
  if (i < 0) return undefined
  return `${side} side: bucket number ${i + 1} has observation count of ${counts[i]}: histogram has a bucket whose observation count is negative`
}
