/** Histograms of OpenTelemetry as native ones. */
import {
  CUSTOM_BUCKETS_SCHEMA,
  GAUGE,
  type Histogram,
  SCHEMA_MAX,
  SCHEMA_MIN,
  STALE_NAN,
  UNKNOWN_RESET,
  makeHistogram,
} from '@vigie/model'
import { type Buckets, DELTA, type ExponentialPoint, type HistogramPoint } from './metrics.ts'

/** OTLP says none: as narrow as Prometheus takes it. */
const ZERO_THRESHOLD = 1e-128
/** Empty buckets that are written out rather than begin a new span. */
const GAP_MAX = 2

/** Throws RangeError for a scale that has no schema. */
export function exponentialHistogram(point: ExponentialPoint, temporality: number): Histogram {
  const { scale } = point
  if (scale < SCHEMA_MIN)
    throw new RangeError(`an exponential histogram has scale ${scale}, below ${SCHEMA_MIN}`)
  const down = Math.max(0, scale - SCHEMA_MAX)
  // Bucket 0 of OpenTelemetry begins at 1, that of Prometheus ends there.
  const [positiveSpans, positiveCounts] = sparse(point.positive, down, 1)
  const [negativeSpans, negativeCounts] = sparse(point.negative, down, 1)
  return makeHistogram({
    ...commonOf(point, temporality),
    schema: scale - down,
    zeroThreshold: ZERO_THRESHOLD,
    ...(point.isEnd
      ? {}
      : {
          zeroCount: point.zeroCount,
          positiveSpans,
          positiveCounts,
          negativeSpans,
          negativeCounts,
        }),
  })
}

export function customBucketsHistogram(point: HistogramPoint, temporality: number): Histogram {
  const [positiveSpans, positiveCounts] = sparse({ offset: 0, counts: point.bucketCounts }, 0, 0)
  return makeHistogram({
    ...commonOf(point, temporality),
    schema: CUSTOM_BUCKETS_SCHEMA,
    customBounds: Float64Array.from(point.bounds),
    ...(point.isEnd ? {} : { positiveSpans, positiveCounts }),
  })
}

function commonOf(
  { count, sum, isEnd }: ExponentialPoint | HistogramPoint,
  temporality: number,
): Partial<Histogram> {
  return {
    isInteger: true,
    counterResetHint: temporality === DELTA ? GAUGE : UNKNOWN_RESET,
    count: isEnd ? 0 : count,
    sum: isEnd ? STALE_NAN : (sum ?? 0),
  }
}

/** `2 ** down` buckets become one; `shift` is added to its index. */
function sparse(
  { offset, counts }: Buckets,
  down: number,
  shift: number,
): [Int32Array, Float64Array] {
  const byIndex = new Map<number, number>()
  counts.forEach((count, i) => {
    const index = Math.floor((offset + i) / 2 ** down) + shift
    if (count !== 0) byIndex.set(index, (byIndex.get(index) ?? 0) + count)
  })
  const spans: number[] = []
  const kept: number[] = []
  let next = 0
  for (const [index, count] of byIndex) {
    const gap = index - next
    if (kept.length > 0 && gap <= GAP_MAX) for (let i = 0; i < gap; i++) kept.push(0)
    else spans.push(gap, 0)
    const length = kept.length > 0 && gap <= GAP_MAX ? gap + 1 : 1
    spans[spans.length - 1] += length
    kept.push(count)
    next = index + 1
  }
  return [Int32Array.from(spans), Float64Array.from(kept)]
}
