/**
 * The buckets of native histograms with their bounds, to the last bit those of Prometheus: its table of
 * bounds was computed with Go's exp2, which is not always the nearest number.
 */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram, SCHEMA_MAX } from './histogram.ts'

/** One bucket. Whether its bounds belong to it is said for each. */
export interface HistogramBucket {
  lower: number
  upper: number
  lowerInclusive: boolean
  upperInclusive: boolean
  count: number
}

/** Upper bound of bucket `index` on the positive side; of the negative side it is the negative of it. */
export function bucketBound(
  index: number,
  schema: number,
  customBounds: ArrayLike<number> = [],
): number {
  if (schema === CUSTOM_BUCKETS_SCHEMA) {
    if (index < 0) return -Infinity
    return index < customBounds.length ? customBounds[index] : Infinity
  }
  if (schema < 0) return powerOfTwo(index * 2 ** -schema)
  const size = 2 ** schema
  const exponent = Math.floor(index / size)
  const part = index - exponent * size
  return part === 0 ? powerOfTwo(exponent) : scaled(FRACTIONS[schema][part], exponent + 1)
}

/** The last bucket of finite numbers ends with the largest of them. */
const powerOfTwo = (exponent: number): number =>
  exponent === 1024 ? Number.MAX_VALUE : 2 ** exponent

/** `fraction` · 2^`exponent`, in two steps where one would overflow or lose bits. */
function scaled(fraction: number, exponent: number): number {
  if (exponent > 1023) return fraction * 2 * 2 ** (exponent - 1)
  return exponent < -1022
    ? fraction * 2 ** -1022 * 2 ** (exponent + 1022)
    : fraction * 2 ** exponent
}

/** By schema, bounds from 0.5 up to 1. */
const FRACTIONS: readonly (readonly number[])[] = fractions()

function fractions(): number[][] {
  const all: number[][] = [[0.5]]
  for (let schema = 1; schema <= SCHEMA_MAX; schema++) {
    const factor = exp2(exp2(-schema))
    const bounds: number[] = []
    for (let i = 0; i < 2 ** schema; i++)
      bounds.push(i % 2 === 0 ? all[schema - 1][i / 2] : bounds[i - 1] * factor)
    all.push(bounds)
  }
  return all
}

/** 2^x for 0 <= |x| <= 1 by the polynomial of FreeBSD's e_exp.c, which Go uses. */
function exp2(x: number): number {
  const k = Math.trunc(x + Math.sign(x) * 0.5)
  const high = (x - k) * 6.9314718036912381649e-1
  const low = (k - x) * 1.90821492927058770002e-10
  const r = high - low
  const square = r * r
  const c =
    r -
    square *
      (1.66666666666666657415e-1 +
        square *
          (-2.77777777770155933842e-3 +
            square *
              (6.61375632143793436117e-5 +
                square * (-1.6533902205465251539e-6 + square * 4.13813679705723846039e-8))))
  return (1 - (low - (r * c) / (2 - c) - high)) * 2 ** k
}

/** All buckets in rising order, the zero bucket among them when it holds something. */
export function* histogramBuckets(h: Histogram): Iterable<HistogramBucket> {
  const negative = [...indexed(h.negativeSpans, h.negativeCounts)].reverse()
  const { schema, customBounds, zeroThreshold } = h
  for (const [index, count] of negative) {
    const upper = -bucketBound(index - 1, schema)
    yield {
      lower: -bucketBound(index, schema),
      // The zero bucket reaches into this one.
      upper: Math.min(upper, -zeroThreshold),
      lowerInclusive: true,
      upperInclusive: false,
      count,
    }
  }
  if (h.zeroCount > 0)
    yield {
      lower: -zeroThreshold,
      upper: zeroThreshold,
      lowerInclusive: true,
      upperInclusive: true,
      count: h.zeroCount,
    }
  const isCustom = schema === CUSTOM_BUCKETS_SCHEMA
  for (const [index, count] of indexed(h.positiveSpans, h.positiveCounts)) {
    const lower = bucketBound(index - 1, schema, customBounds)
    yield {
      lower: isCustom ? lower : Math.max(lower, zeroThreshold),
      upper: bucketBound(index, schema, customBounds),
      lowerInclusive: isCustom && index === 0,
      upperInclusive: true,
      count,
    }
  }
}

/** Buckets above zero, those of custom bounds among them, away from zero. */
export function positiveBuckets(h: Histogram): HistogramBucket[] {
  const { schema, customBounds } = h
  const isCustom = schema === CUSTOM_BUCKETS_SCHEMA
  return Array.from(indexed(h.positiveSpans, h.positiveCounts), ([index, count]) => ({
    lower: bucketBound(index - 1, schema, customBounds),
    upper: bucketBound(index, schema, customBounds),
    lowerInclusive: isCustom && index === 0,
    upperInclusive: true,
    count,
  }))
}

/** Buckets below zero, away from zero. */
export function negativeBuckets({
  schema,
  negativeSpans,
  negativeCounts,
}: Histogram): HistogramBucket[] {
  return Array.from(indexed(negativeSpans, negativeCounts), ([index, count]) => ({
    lower: -bucketBound(index, schema),
    upper: -bucketBound(index - 1, schema),
    lowerInclusive: true,
    upperInclusive: false,
    count,
  }))
}

/** Index and count of the buckets that the spans name. */
function* indexed(spans: Int32Array, counts: Float64Array): Iterable<[number, number]> {
  let index = 0
  let k = 0
  for (let i = 0; i < spans.length; i += 2) {
    index += spans[i]
    for (let j = 0; j < spans[i + 1]; j++) yield [index++, counts[k++]]
  }
}
