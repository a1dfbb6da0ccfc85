/** Histograms in one line of text. */
import { type Histogram, STALE_NAN, makeHistogram } from '@vigie/model'

const HINTS = { unknown: 0, reset: 1, 'not-reset': 2, gauge: 3 } as const

/**
 * `int schema:3 z:2 sum:7.5 +[1 2 _ 4]@-1 -[5] gauge`: counts of buckets, the first one at the index
 * after `@`, 0 where it is left out; `_` is a gap. The count of all is their sum.
 */
export function parseHistogram(text: string): Histogram {
  const fields: Partial<{ -readonly [K in keyof Histogram]: Histogram[K] }> = { isInteger: true }
  fields.count = 0
  fields.zeroThreshold = 2 ** -128
  for (const [, key, value] of text.matchAll(/([a-z+-]+):?(\[[^\]]*\](?:@-?\d+)?|[^ ]*)/g)) {
    if (key === 'float') fields.isInteger = false
    else if (key === 'schema') fields.schema = Number(value)
    else if (key === 'stale') fields.sum = STALE_NAN
    else if (key === 'sum') fields.sum = Number(value)
    else if (key === 'zt') fields.zeroThreshold = Number(value)
    else if (key === 'z') fields.count += fields.zeroCount = Number(value)
    else if (key === 'bounds') fields.customBounds = Float64Array.from(value.split(',').map(Number))
    else if (key in HINTS) fields.counterResetHint = HINTS[key as keyof typeof HINTS]
    else if (key === '+' || key === '-') {
      const [, list, offset] = /\[(.*)\](?:@(.*))?/.exec(value)!
      const spans: number[] = []
      const counts: number[] = []
      let gap = Number(offset ?? 0)
      for (const one of list.split(' ')) {
        if (one === '_') gap++
        else {
          if (gap !== 0 || spans.length === 0) spans.push(gap, 0)
          spans[spans.length - 1]++
          counts.push(Number(one))
          gap = 0
        }
      }
      const side = key === '+' ? 'positive' : 'negative'
      fields[`${side}Spans`] = Int32Array.from(spans)
      fields[`${side}Counts`] = Float64Array.from(counts)
      fields.count += counts.reduce((sum, one) => sum + one, 0)
    }
  }
  return makeHistogram(fields)
}
