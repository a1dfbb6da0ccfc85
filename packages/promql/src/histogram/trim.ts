/**
 * Trimming: a histogram with only the observations above or below a value. The bucket around the
 * value is divided as quantiles divide it; the sum is estimated anew from the middles of the buckets.
 */
import {
  type Histogram,
  type HistogramBucket,
  negativeBuckets,
  positiveBuckets,
} from '@vigie/model'
import { HistogramBuilder, isCustom } from './builder.ts'
import { fractionBelow } from './estimates.ts'

/** What is kept of a bucket: how many observations, and the value that stands for them. */
interface Kept {
  count: number
  middle: number
}

/** Keeps what is below `bound` (`</`), or above it (`>/`). */
export function trimmed(h: Histogram, bound: number, keepsBelow: boolean): Histogram {
  const builder = HistogramBuilder.from(h)
  let count = 0
  let sum = 0
  let isTrimmed = false
  const sides = [
    { side: builder.positive, buckets: positiveBuckets(h), isPositive: true },
    { side: builder.negative, buckets: negativeBuckets(h), isPositive: false },
  ]
  const populated: boolean[] = []
  for (const { side, buckets, isPositive } of sides) {
    populated.push(buckets.some((bucket) => bucket.count !== 0))
    for (const [i, bucket] of buckets.entries()) {
      if (bucket.count === 0) continue
      const kept = keptOf(bucket, bound, keepsBelow, isPositive, isCustom(h))
      if (kept.count !== bucket.count) isTrimmed = true
      side.count[i] = kept.count
      count += kept.count
      sum += kept.middle * kept.count
    }
  }
  if (h.zeroCount > 0) {
    const [hasPositive, hasNegative] = populated
    const lower = hasPositive && !hasNegative ? 0 : -h.zeroThreshold
    const upper = hasNegative && !hasPositive ? 0 : h.zeroThreshold
    const kept = keptOfZero(lower, upper, h.zeroCount, bound, keepsBelow)
    if (kept.count !== h.zeroCount) isTrimmed = true
    builder.zeroCount = kept.count
    count += kept.count
    sum += kept.middle * kept.count
  }
  if (!isTrimmed) return h
  builder.count = count
  builder.sum = sum
  return builder.finish()
}

const NONE: Kept = { count: 0, middle: 0 }

function keptOf(
  bucket: HistogramBucket,
  bound: number,
  keepsBelow: boolean,
  isPositive: boolean,
  isLinear: boolean,
): Kept {
  const { lower, upper, count } = bucket
  const isWhole = keepsBelow ? upper <= bound : lower >= bound
  if (isWhole) return { count, middle: middleOf(lower, upper, isPositive, isLinear) }
  const isCut = keepsBelow ? lower < bound : upper > bound
  if (!isCut) return NONE
  if (lower === -Infinity) return keptOfLowest(bucket, bound, keepsBelow)
  // Nobody knows how the observations in an endless bucket are spread.
  if (upper === Infinity) return !keepsBelow && bound >= lower ? { count, middle: bound } : NONE
  const below = count * fractionBelow(lower, upper, bound, isLinear)
  return keepsBelow
    ? { count: below, middle: middleOf(lower, bound, isPositive, isLinear) }
    : { count: count - below, middle: middleOf(bound, upper, isPositive, isLinear) }
}

/** A bucket without a lower bound is taken to begin at 0 where that makes sense. */
function keptOfLowest({ upper, count }: HistogramBucket, bound: number, keepsBelow: boolean): Kept {
  const isFinite = upper !== Infinity
  if (keepsBelow) {
    if (bound > 0 && upper > 0 && isFinite)
      return { count: (count * bound) / upper, middle: bound / 2 }
    return upper <= 0 ? { count, middle: bound } : NONE
  }
  if (bound === -Infinity) return { count, middle: 0 }
  return bound >= 0 && isFinite
    ? { count: count * (1 - bound / upper), middle: (bound + upper) / 2 }
    : NONE
}

function keptOfZero(
  lower: number,
  upper: number,
  count: number,
  bound: number,
  keepsBelow: boolean,
): Kept {
  const whole: Kept = { count, middle: (lower + upper) / 2 }
  if (bound <= lower) return keepsBelow ? NONE : whole
  if (bound >= upper) return keepsBelow ? whole : NONE
  return keepsBelow
    ? { count: (count * (bound - lower)) / (upper - lower), middle: (lower + bound) / 2 }
    : { count: (count * (upper - bound)) / (upper - lower), middle: (bound + upper) / 2 }
}

function middleOf(lower: number, upper: number, isPositive: boolean, isLinear: boolean): number {
  if (!Number.isFinite(lower)) {
    if (!Number.isFinite(upper)) return 0
    return upper > 0 ? upper / 2 : upper
  }
  if (!Number.isFinite(upper)) return lower
  if (isLinear) return (lower + upper) / 2
  const middle = Math.sqrt(Math.abs(lower * upper))
  return isPositive ? middle : -middle
}
