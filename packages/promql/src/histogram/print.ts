/** Native histograms as text: as values of labels, and in the notation of unit tests. */
import {
  COUNTER_RESET,
  GAUGE,
  type Histogram,
  type HistogramBucket,
  NOT_COUNTER_RESET,
  formatValue,
  negativeBuckets,
  positiveBuckets,
} from '@vigie/model'
import { isCustom } from './builder.ts'
import { type Side, sideOf } from './side.ts'

/** `{count:10, sum:5, [-0.5,0.5]:2, (0.5,1]:8}`: populated buckets, from the lowest. */
export function histogramText(h: Histogram): string {
  const zero: HistogramBucket = {
    lower: -h.zeroThreshold,
    upper: h.zeroThreshold,
    lowerInclusive: true,
    upperInclusive: true,
    count: h.zeroCount,
  }
  const buckets = [...negativeBuckets(h).reverse(), zero, ...positiveBuckets(h)]
  const shown = buckets.filter(({ count }) => count !== 0).map(bucketText)
  return `{${[`count:${shortest(h.count)}, sum:${shortest(h.sum)}`, ...shown].join(', ')}}`
}

function bucketText(bucket: HistogramBucket): string {
  const open = bucket.lowerInclusive ? '[' : '('
  const close = bucket.upperInclusive ? ']' : ')'
  const { lower, upper, count } = bucket
  return `${open}${shortest(lower)},${shortest(upper)}${close}:${shortest(count)}`
}

const HINTS: ReadonlyMap<number, string> = new Map([
  [COUNTER_RESET, 'reset'],
  [NOT_COUNTER_RESET, 'not_reset'],
  [GAUGE, 'gauge'],
])

/** `{{schema:1 count:3 sum:2 buckets:[1 2]}}`: what is 0 or empty is left out. */
export function histogramNotation(h: Histogram): string {
  const parts: string[] = []
  const add = (key: string, value: number): void => {
    if (value !== 0) parts.push(`${key}:${shortest(value)}`)
  }
  add('schema', h.schema)
  add('count', h.count)
  add('sum', h.sum)
  add('z_bucket', h.zeroCount)
  add('z_bucket_w', h.zeroThreshold)
  if (isCustom(h)) parts.push(`custom_values:[${Array.from(h.customBounds, shortest).join(' ')}]`)
  const hint = HINTS.get(h.counterResetHint)
  if (hint !== undefined) parts.push(`counter_reset_hint:${hint}`)
  addSide(parts, '', sideOf(h.positiveSpans, h.positiveCounts))
  addSide(parts, 'n_', sideOf(h.negativeSpans, h.negativeCounts))
  return `{{${parts.join(' ')}}}`
}

function addSide(parts: string[], prefix: string, { index, count }: Side): void {
  if (index.length === 0) return
  const [first] = index
  if (first !== 0) parts.push(`${prefix}offset:${first}`)
  const all: string[] = []
  for (const [i, at] of index.entries()) {
    while (all.length < at - first) all.push('0')
    all.push(shortest(count[i]))
  }
  parts.push(`${prefix}buckets:[${all.join(' ')}]`)
}

/** Go's `%g`: in as few digits as it needs, with an exponent beyond 10^6 and below 10^-4. */
export function shortest(v: number): string {
  const size = Math.abs(v)
  if (size === 0 || !Number.isFinite(v) || (size >= 1e-4 && size < 1e6)) return formatValue(v)
  return exponential(v)
}

/** Go's `%e` in as few digits as it needs. */
export function exponential(v: number): string {
  const [digits, exponent] = v.toExponential().split('e')
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`
}
