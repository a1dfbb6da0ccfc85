/**
 * Classic histograms: cumulative counts by upper bound. Quantiles and fractions assume that
 * observations are spread evenly within a bucket.
 */

export interface Bucket {
  upperBound: number
  count: number
}

interface Forced {
  minBucket: number
  maxBucket: number
  maxDiff: number
}

export interface BucketQuantile {
  value: number
  /** What was wrong, when counts fell from one bucket to the next by more than rounding explains. */
  forced: Forced | undefined
}

/** Differences of this relative size between neighbours are rounding, not observations. */
const TOLERANCE = 1e-12

/** The q-quantile. `buckets` are sorted and put right in place. NaN without a +Inf bucket. */
export function bucketQuantile(q: number, buckets: Bucket[]): BucketQuantile {
  const result = (value: number, forced?: Forced): BucketQuantile => ({ value, forced })
  if (Number.isNaN(q)) return result(NaN)
  if (q < 0) return result(-Infinity)
  if (q > 1) return result(Infinity)
  const merged = mergeBounds(buckets)
  if (merged === undefined) return result(NaN)
  const forced = forceMonotonic(merged)
  const last = merged.length - 1
  const observations = merged[last].count
  if (merged.length < 2 || observations === 0) return result(NaN, forced)
  let rank = q * observations
  // As Go searches, which matters where a count is NaN.
  let b = 0
  for (let end = last; b < end;) {
    const middle = (b + end) >> 1
    if (merged[middle].count >= rank) end = middle
    else b = middle + 1
  }
  if (b === last) return result(merged[last - 1].upperBound, forced)
  if (b === 0 && merged[0].upperBound <= 0) return result(merged[0].upperBound, forced)
  const end = merged[b].upperBound
  let start = 0
  let count = merged[b].count
  if (b > 0) {
    start = merged[b - 1].upperBound
    count -= merged[b - 1].count
    rank -= merged[b - 1].count
  }
  return result(start + (end - start) * (rank / count), forced)
}

/** The fraction of observations between two bounds. NaN without a +Inf bucket or observations. */
export function bucketFraction(lower: number, upper: number, buckets: Bucket[]): number {
  const merged = mergeBounds(buckets)
  if (merged === undefined) return NaN
  const total = merged[merged.length - 1].count
  if (total === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN
  if (lower >= upper) return 0
  return (rankOf(upper, merged, total) - rankOf(lower, merged, total)) / total
}

/** Number of observations below `bound`. */
function rankOf(bound: number, buckets: readonly Bucket[], total: number): number {
  let rank = 0
  let start = buckets[0].upperBound <= 0 ? -Infinity : 0
  for (const { upperBound, count } of buckets) {
    if (bound <= start) return Math.min(rank, total)
    if (bound < upperBound) {
      // Within a bucket of infinite width nothing is known: none of it counts.
      if (start === -Infinity) return Math.min(count, total)
      const share = upperBound === Infinity ? 0 : (bound - start) / (upperBound - start)
      return Math.min(rank + (count - rank) * share, total)
    }
    rank = count
    start = upperBound
  }
  return total
}

/** Sorted, equal bounds added up; undefined when the last bucket is not +Inf. */
function mergeBounds(buckets: Bucket[]): Bucket[] | undefined {
  buckets.sort((a, b) => a.upperBound - b.upperBound || 0)
  if (buckets.length === 0 || buckets[buckets.length - 1].upperBound !== Infinity) return undefined
  const merged: Bucket[] = []
  for (const bucket of buckets) {
    const last = merged.at(-1)
    if (last !== undefined && last.upperBound === bucket.upperBound) last.count += bucket.count
    else merged.push(bucket)
  }
  return merged
}

/** Raises counts that are below the one before. */
function forceMonotonic(buckets: Bucket[]): Forced | undefined {
  let forced: Forced | undefined
  let previous = buckets[0].count
  for (const bucket of buckets) {
    const { count, upperBound } = bucket
    if (count === previous) continue
    if (isClose(previous, count)) {
      bucket.count = previous
    } else if (count < previous) {
      const difference = previous - count
      forced ??= { minBucket: upperBound, maxBucket: upperBound, maxDiff: difference }
      forced.minBucket = Math.min(forced.minBucket, upperBound)
      forced.maxBucket = Math.max(forced.maxBucket, upperBound)
      forced.maxDiff = Math.max(forced.maxDiff, difference)
      bucket.count = previous
    } else {
      previous = count
    }
  }
  return forced
}

const isClose = (a: number, b: number): boolean =>
  Math.abs(a - b) < TOLERANCE * Math.min(Math.abs(a) + Math.abs(b), Number.MAX_VALUE)
