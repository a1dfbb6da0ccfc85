/**
 * Which buckets a histogram uses, and how two that use different ones get the same. Spans are
 * `[offset, length, …]` as in model's Histogram: the first offset is a bucket index, later ones are gaps.
 */

/** Number of buckets in spans. */
export function bucketCount(spans: Int32Array): number {
  let count = 0
  for (let i = 1; i < spans.length; i += 2) count += spans[i]
  return count
}

/** Indexes of the buckets in spans, rising. */
export function bucketIndexes(spans: Int32Array): Int32Array {
  const out = new Int32Array(bucketCount(spans))
  let count = 0
  let index = 0
  for (let i = 0; i < spans.length; i += 2) {
    index += spans[i]
    for (let j = 0; j < spans[i + 1]; j++) out[count++] = index++
  }
  return out
}

/** Shortest spans with buckets `indexes`, which rise. */
export function spansOf(indexes: Int32Array): Int32Array {
  const spans: number[] = []
  let next = 0
  for (const index of indexes) {
    if (index === next && spans.length > 0) spans[spans.length - 1]++
    else spans.push(index - next, 1)
    next = index + 1
  }
  return Int32Array.from(spans)
}

/** Buckets of two layouts, `before` (of a chunk) and `after` (of the next histogram). */
export interface Union {
  /** Their union, rising. */
  indexes: Int32Array
  /** Where each bucket of either is in the union. */
  before: Int32Array
  after: Int32Array
  /** The buckets that only one of them has. */
  isMissingBefore: boolean
  isMissingAfter: boolean
}

export function unionOf(spansBefore: Int32Array, spansAfter: Int32Array): Union {
  const a = bucketIndexes(spansBefore)
  const b = bucketIndexes(spansAfter)
  const indexes = new Int32Array(a.length + b.length)
  const before = new Int32Array(a.length)
  const after = new Int32Array(b.length)
  let count = 0
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    const index = Math.min(i < a.length ? a[i] : Infinity, j < b.length ? b[j] : Infinity)
    if (i < a.length && a[i] === index) before[i++] = count
    if (j < b.length && b[j] === index) after[j++] = count
    indexes[count++] = index
  }
  return {
    indexes: indexes.subarray(0, count),
    before,
    after,
    isMissingBefore: count > a.length,
    isMissingAfter: count > b.length,
  }
}

/** Counts at their places in a union; as they are where there is none. */
export function spread(
  counts: Float64Array,
  places: Int32Array | undefined,
  union: Union | undefined,
): Float64Array {
  if (places === undefined || union === undefined) return counts
  const out = new Float64Array(union.indexes.length)
  for (let i = 0; i < counts.length; i++) out[places[i]] = counts[i]
  return out
}

/** Whether a bucket has fewer than it had, or one that was used is gone. No union: the same buckets. */
export function isReset(
  union: Union | undefined,
  before: Float64Array,
  after: Float64Array,
): boolean {
  if (union === undefined) return before.some((count, i) => count > after[i])
  const rest = spread(before, union.before, union)
  const now = spread(after, union.after, union)
  return rest.some((count, i) => count > now[i])
}

export function isSame(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
