/**
 * Native histograms: a distribution as one sample, in buckets whose bounds follow from a schema.
 *
 *     schema n, -4…8     bounds are powers of 2^(2^-n); bucket i is (base^(i-1), base^i]
 *     schema -53         custom buckets: bounds are listed; bucket i is (bounds[i-1], bounds[i]]
 *
 * Only buckets that are used are kept: spans say which. Source: the native histogram specification in
 * prometheus/docs.
 */
import { isStale } from './value.ts'

export const UNKNOWN_RESET = 0
export const COUNTER_RESET = 1
export const NOT_COUNTER_RESET = 2
export const GAUGE = 3
/** What is known of a reset between the histogram before and this one; GAUGE: it may go down. */
export type CounterResetHint =
  | typeof UNKNOWN_RESET
  | typeof COUNTER_RESET
  | typeof NOT_COUNTER_RESET
  | typeof GAUGE

export const CUSTOM_BUCKETS_SCHEMA = -53
export const SCHEMA_MIN = -4
export const SCHEMA_MAX = 8

/** One histogram. Not to be modified: storage, queries and answers share it. */
export interface Histogram {
  /** Whether it came as, and is stored as, a histogram of integer counts. */
  readonly isInteger: boolean
  readonly schema: number
  readonly counterResetHint: CounterResetHint
  /** The zero bucket holds what lies in [-zeroThreshold, zeroThreshold]. */
  readonly zeroThreshold: number
  readonly zeroCount: number
  readonly count: number
  /** A stale marker as sum ends the series, as in Prometheus. */
  readonly sum: number
  /** `[offset, length, …]`: the first offset is a bucket index, later ones are gaps between spans. */
  readonly positiveSpans: Int32Array
  /** Absolute counts of the buckets in the spans, in their order. */
  readonly positiveCounts: Float64Array
  readonly negativeSpans: Int32Array
  readonly negativeCounts: Float64Array
  /** Upper bounds of custom buckets, rising, +Inf left out. Empty for other schemas. */
  readonly customBounds: Float64Array
}

const NO_SPANS = new Int32Array(0)
const NO_COUNTS = new Float64Array(0)

/** A histogram of `fields`, what is not given empty or 0. */
export function makeHistogram(fields: Partial<Histogram>): Histogram {
  return {
    isInteger: fields.isInteger ?? false,
    schema: fields.schema ?? 0,
    counterResetHint: fields.counterResetHint ?? UNKNOWN_RESET,
    zeroThreshold: fields.zeroThreshold ?? 0,
    zeroCount: fields.zeroCount ?? 0,
    count: fields.count ?? 0,
    sum: fields.sum ?? 0,
    positiveSpans: fields.positiveSpans ?? NO_SPANS,
    positiveCounts: fields.positiveCounts ?? NO_COUNTS,
    negativeSpans: fields.negativeSpans ?? NO_SPANS,
    negativeCounts: fields.negativeCounts ?? NO_COUNTS,
    customBounds: fields.customBounds ?? NO_COUNTS,
  }
}

export const isStaleHistogram = (h: Histogram): boolean => isStale(h.sum)
