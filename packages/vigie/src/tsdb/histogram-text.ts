/** A native histogram on one line, as Prometheus's tools print it. */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from '@vigie/model'
import { goFloat } from './go-text.ts'

/** `{count:3, sum:5, (1,2]:3}`, empty buckets left out. */
export function histogramText(h: Histogram): string {
  const parts = [`count:${goFloat(h.count)}`, `sum:${goFloat(h.sum)}`]
  const positive = usedBuckets(h.positiveSpans, h.positiveCounts)
  if (h.schema === CUSTOM_BUCKETS_SCHEMA) {
    const bound = (i: number): number => {
      if (i < 0) return -Infinity
      return i < h.customBounds.length ? h.customBounds[i] : Infinity
    }
    for (const { index, count } of positive) {
      const open = index === 0 ? '[' : '('
      parts.push(`${open}${goFloat(bound(index - 1))},${goFloat(bound(index))}]:${goFloat(count)}`)
    }
    return `{${parts.join(', ')}}`
  }
  const bound = (i: number): string => goFloat(boundOf(i, h.schema))
  const negativeBound = (i: number): string => goFloat(-boundOf(i, h.schema))
  for (const { index, count } of usedBuckets(h.negativeSpans, h.negativeCounts).reverse())
    parts.push(`[${negativeBound(index)},${negativeBound(index - 1)}):${goFloat(count)}`)
  const zero = goFloat(h.zeroThreshold)
  if (h.zeroCount !== 0) parts.push(`[-${zero},${zero}]:${goFloat(h.zeroCount)}`)
  for (const { index, count } of positive)
    parts.push(`(${bound(index - 1)},${bound(index)}]:${goFloat(count)}`)
  return `{${parts.join(', ')}}`
}

/** The upper bound of a bucket; the last one of all ends at the largest number. */
function boundOf(index: number, schema: number): number {
  const bound = schema <= 0 ? 2 ** (index * 2 ** -schema) : fraction(index, schema)
  if (bound !== Infinity) return bound
  const before = schema <= 0 ? 2 ** ((index - 1) * 2 ** -schema) : fraction(index - 1, schema)
  return before === Infinity ? Infinity : Number.MAX_VALUE
}

/** The root and the power of two apart, so that the same root gives the same digits everywhere. */
function fraction(index: number, schema: number): number {
  const roots = 2 ** schema
  const power = Math.floor(index / roots)
  return 2 ** ((index - power * roots) / roots) * 2 ** power
}

function usedBuckets(spans: Int32Array, counts: Float64Array): { index: number; count: number }[] {
  const out: { index: number; count: number }[] = []
  let index = 0
  let at = 0
  for (let span = 0; span < spans.length; span += 2) {
    index += spans[span]
    for (const end = index + spans[span + 1]; index < end; index++)
      out.push({ index, count: counts[at++] })
  }
  return out.filter(({ count }) => count !== 0)
}
