/**
 * What can be told of observations from the buckets of a native histogram. Within an exponential
 * bucket they are taken to be spread evenly on a logarithmic scale, within custom buckets and the
 * zero bucket on a linear one.
 */
import { type Histogram, type HistogramBucket, histogramBuckets } from '@vigie/model'
import { exp2, log2 } from '../engine/go-math.ts'
import { KahanSum } from '../engine/kahan.ts'
import { isCustom } from './builder.ts'

export interface Estimate {
  value: number
  /** Observations that are no number had a part in it: in the result itself, or in its rank. */
  nan: 'result' | 'skew' | undefined
}

const plain = (value: number): Estimate => ({ value, nan: undefined })

/** The q-quantile of the observations. */
export function histogramQuantile(q: number, h: Histogram): Estimate {
  if (q < 0) return plain(-Infinity)
  if (q > 1) return plain(Infinity)
  if (h.count === 0 || Number.isNaN(q)) return plain(NaN)
  const hasNan = Number.isNaN(h.sum)
  // From the nearer end. Observations of NaN are in no bucket, so that only the lower end is sure.
  const isForward = hasNan || q < 0.5
  const buckets = [...histogramBuckets(h)]
  if (!isForward) buckets.reverse()
  let rank = isForward ? q * h.count : (1 - q) * h.count
  let bucket: HistogramBucket = NOTHING
  let count = 0
  let at = 0
  while (at < buckets.length) {
    bucket = buckets[at++]
    count += bucket.count
    if (bucket.count !== 0 && count >= rank) break
  }
  let { lower, upper } = bucket
  if (isCustom(h)) {
    if (lower === -Infinity) {
      if (upper <= 0) return plain(upper)
      lower = 0
    } else if (upper === Infinity) {
      return plain(lower)
    }
  } else if (lower < 0 && upper > 0) {
    ;[lower, upper] = oneSided(h, lower, upper)
  }
  count = Math.min(count, h.count)
  if (count < rank) return hasNan ? { value: NaN, nan: 'result' } : plain(upper)
  rank = isForward ? rank - (count - bucket.count) : count - rank
  if (hasNan) {
    // Prometheus counts on to the end, and then takes the value from the last bucket.
    for (; at < buckets.length; at++) {
      bucket = buckets[at]
      count += bucket.count
      ;({ lower, upper } = bucket)
    }
  }
  const value = within(h, lower, upper, rank / bucket.count)
  return { value, nan: hasNan && count < h.count ? 'skew' : undefined }
}

const NOTHING: HistogramBucket = {
  lower: 0,
  upper: 0,
  lowerInclusive: false,
  upperInclusive: false,
  count: 0,
}

/** The zero bucket of a histogram with buckets on one side only ends at 0 on the other. */
function oneSided(h: Histogram, lower: number, upper: number): [number, number] {
  const hasPositive = h.positiveCounts.length > 0
  const hasNegative = h.negativeCounts.length > 0
  if (hasPositive && !hasNegative) return [0, upper]
  return hasNegative && !hasPositive ? [lower, 0] : [lower, upper]
}

/** The value at a fraction of a bucket. */
function within(h: Histogram, lower: number, upper: number, fraction: number): number {
  if (isCustom(h) || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction
  const logLower = log2(Math.abs(lower))
  const logUpper = log2(Math.abs(upper))
  return lower > 0
    ? exp2(logLower + (logUpper - logLower) * fraction)
    : -exp2(logUpper + (logLower - logUpper) * (1 - fraction))
}

/** The part of a bucket that lies below `v`, which is within it. */
export function fractionBelow(lower: number, upper: number, v: number, isLinear: boolean): number {
  if (isLinear) return (v - lower) / (upper - lower)
  const logLower = log2(Math.abs(lower))
  const logUpper = log2(Math.abs(upper))
  const log = log2(Math.abs(v))
  return v > 0
    ? (log - logLower) / (logUpper - logLower)
    : 1 - (log - logUpper) / (logLower - logUpper)
}

/** The fraction of observations between two bounds. */
export function histogramFraction(lower: number, upper: number, h: Histogram): Estimate {
  if (h.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return plain(NaN)
  if (lower >= upper) return plain(0)
  const buckets = [...histogramBuckets(h)]
  const found = buckets.reduce((sum, { count }) => sum + count, 0)
  const hasNan = Number.isNaN(h.sum)
  const total = hasNan ? found : h.count
  const share = (rankOf(upper, h, buckets, total) - rankOf(lower, h, buckets, total)) / h.count
  return { value: share, nan: hasNan && found < h.count ? 'result' : undefined }
}

/** Number of observations below `v`. */
function rankOf(
  v: number,
  h: Histogram,
  buckets: readonly HistogramBucket[],
  total: number,
): number {
  let rank = 0
  for (const bucket of buckets) {
    let { lower, upper } = bucket
    const isZero = lower <= 0 && upper >= 0
    if (isZero) [lower, upper] = oneSided(h, lower, upper)
    if (lower >= v) return Math.min(rank, total)
    if (upper > v) {
      // Within a bucket without a lower bound nothing is known.
      if (lower === -Infinity) return Math.min(bucket.count, total)
      const fraction = fractionBelow(lower, upper, v, isCustom(h) || isZero)
      return Math.min(rank + bucket.count * fraction, total)
    }
    rank += bucket.count
  }
  return total
}

/** The variance, each observation taken to lie in the middle of its bucket. */
export function histogramVariance(h: Histogram): number {
  const mean = h.sum / h.count
  const sum = new KahanSum()
  for (const { lower, upper, count } of histogramBuckets(h)) {
    if (count === 0) continue
    let value = 0
    if (isCustom(h)) value = (upper + lower) / 2
    else if (!(lower <= 0 && upper >= 0)) {
      value = Math.sqrt(upper * lower)
      if (upper < 0) value = -value
    }
    const delta = value - mean
    sum.add(count * delta * delta)
  }
  return (sum.sum + sum.compensation) / h.count
}
