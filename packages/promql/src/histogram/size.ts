/** How much a native histogram weighs beside a float. */
import type { Histogram } from '@vigie/model'

/** Bytes of a histogram without its lists, and of a float with its time, as in Prometheus. */
const FIXED_BYTES = 168
const SAMPLE_BYTES = 16
const TIME_BYTES = 8

/** The number of float samples that it counts for against the limits of queries. */
export function histogramSize(h: Histogram): number {
  const lists =
    (h.positiveSpans.length + h.negativeSpans.length) / 2 +
    h.positiveCounts.length +
    h.negativeCounts.length +
    h.customBounds.length
  return Math.trunc((FIXED_BYTES + 8 * lists + TIME_BYTES) / SAMPLE_BYTES)
}
