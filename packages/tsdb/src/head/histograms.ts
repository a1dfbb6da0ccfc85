/** What the head wants to know of histograms. */
import type { Histogram } from '@vigie/model'

/** Buckets of one histogram, positive and negative: more could not be told to fit into a slab. */
export const HISTOGRAM_BUCKETS_MAX = 8192

/** Whether buckets and spans go together, and are not too many. */
export function isStorable(h: Histogram): boolean {
  return (
    h.positiveCounts.length === bucketsOf(h.positiveSpans) &&
    h.negativeCounts.length === bucketsOf(h.negativeSpans) &&
    !hasTooManyBuckets(h)
  )
}

export const hasTooManyBuckets = (h: Histogram): boolean =>
  h.positiveCounts.length + h.negativeCounts.length + h.customBounds.length > HISTOGRAM_BUCKETS_MAX

function bucketsOf(spans: Int32Array): number {
  let sum = 0
  for (let i = 1; i < spans.length; i += 2) sum += spans[i]
  return sum
}

/** Whether two histograms say the same, whatever their hints. */
export function isSameHistogram(a: Histogram, b: Histogram): boolean {
  return (
    a.isInteger === b.isInteger &&
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    a.zeroCount === b.zeroCount &&
    a.count === b.count &&
    Object.is(a.sum, b.sum) &&
    isSameList(a.positiveSpans, b.positiveSpans) &&
    isSameList(a.negativeSpans, b.negativeSpans) &&
    isSameList(a.positiveCounts, b.positiveCounts) &&
    isSameList(a.negativeCounts, b.negativeCounts) &&
    isSameList(a.customBounds, b.customBounds)
  )
}

function isSameList(a: Int32Array | Float64Array, b: Int32Array | Float64Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
