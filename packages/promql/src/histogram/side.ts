/**
 * One side of a native histogram, positive or negative, as arithmetic works on it: bucket indexes,
 * rising, and their counts; with a compensation for each count where sums are to be exact.
 */
import { CUSTOM_BUCKETS_SCHEMA, bucketBound } from '@vigie/model'

export interface Side {
  index: number[]
  count: number[]
  /** As long as `count`, or undefined where nothing is compensated. */
  comp: number[] | undefined
}

export const emptySide = (): Side => ({ index: [], count: [], comp: undefined })

export function sideOf(spans: Int32Array, counts: Float64Array): Side {
  const index: number[] = []
  let next = 0
  for (let s = 0; s < spans.length; s += 2) {
    next += spans[s]
    for (let i = 0; i < spans[s + 1]; i++) index.push(next++)
  }
  return { index, count: Array.from(counts), comp: undefined }
}

export function spansOf({ index }: Side): Int32Array {
  const spans: number[] = []
  let next = 0
  for (const [i, at] of index.entries()) {
    if (i > 0 && at === next) spans[spans.length - 1]++
    else spans.push(at - next, 1)
    next = at + 1
  }
  return Int32Array.from(spans)
}

/** The bucket of a schema with less resolution that bucket `index` of `from` lies in. */
export const coarserIndex = (index: number, from: number, to: number): number =>
  ((index - 1) >> (from - to)) + 1

export function reduced(side: Side, from: number, to: number): Side {
  if (from === to) return side
  const out: Side = { index: [], count: [], comp: side.comp === undefined ? undefined : [] }
  for (const [i, at] of side.index.entries()) {
    const target = coarserIndex(at, from, to)
    const last = out.index.length - 1
    if (last >= 0 && out.index[last] === target) {
      addAt(out, last, side.count[i])
      if (side.comp !== undefined) addAt(out, last, side.comp[i])
    } else {
      out.index.push(target)
      out.count.push(side.count[i])
      out.comp?.push(side.comp![i])
    }
  }
  return out
}

/** Adds `x` to one bucket, compensated where the side is (Neumaier's variant of Kahan's sum). */
export function addAt(side: Side, i: number, x: number): void {
  const sum = side.count[i]
  const total = sum + x
  side.count[i] = total
  if (side.comp === undefined) return
  if (total === Infinity || total === -Infinity) side.comp[i] = 0
  else side.comp[i] += Math.abs(sum) >= Math.abs(x) ? sum - total + x : x - total + sum
}

/** Both sides together, `sign` times the second; buckets of it up to `threshold` are left out. */
export function mergeSides(
  a: Side,
  b: Side,
  sign: 1 | -1,
  schema: number,
  threshold: number,
): Side {
  const out: Side = { index: [], count: [], comp: a.comp === undefined ? undefined : [] }
  let i = 0
  let j = 0
  if (schema !== CUSTOM_BUCKETS_SCHEMA && threshold > 0) {
    while (j < b.index.length && bucketBound(b.index[j], schema, NO_BOUNDS) <= threshold) j++
  }
  while (i < a.index.length || j < b.index.length) {
    const indexA = i < a.index.length ? a.index[i] : Infinity
    const indexB = j < b.index.length ? b.index[j] : Infinity
    const at = Math.min(indexA, indexB)
    out.index.push(at)
    if (indexA === at) {
      out.count.push(a.count[i])
      out.comp?.push(a.comp![i])
      i++
      if (indexB !== at) continue
      const last = out.index.length - 1
      addAt(out, last, sign * b.count[j])
      if (b.comp !== undefined && b.comp[j] !== 0) addAt(out, last, sign * b.comp[j])
    } else {
      out.count.push(sign * b.count[j])
      out.comp?.push(b.comp === undefined ? 0 : sign * b.comp[j])
    }
    j++
  }
  return out
}

const NO_BOUNDS = new Float64Array(0)

/** Without empty buckets. */
export function withoutEmpty(side: Side): Side {
  if (!side.count.includes(0)) return side
  const out: Side = { index: [], count: [], comp: side.comp === undefined ? undefined : [] }
  for (const [i, count] of side.count.entries()) {
    if (count === 0) continue
    out.index.push(side.index[i])
    out.count.push(count)
    out.comp?.push(side.comp![i])
  }
  return out
}

/** Counts of custom buckets, moved to buckets with fewer bounds; empty ones left out. */
export function remapped(side: Side, bounds: Float64Array, target: Float64Array): Side {
  const all: Side = {
    index: [],
    count: Array.from({ length: target.length + 1 }, () => 0),
    comp: side.comp === undefined ? undefined : Array.from({ length: target.length + 1 }, () => 0),
  }
  let at = 0
  for (const [i, index] of side.index.entries()) {
    if (index < bounds.length) while (at < target.length && target[at] < bounds[index]) at++
    else at = target.length
    addAt(all, at, side.count[i])
    if (side.comp !== undefined) addAt(all, at, side.comp[i])
  }
  all.index = all.count.map((_count, i) => i)
  return withoutEmpty(all)
}
