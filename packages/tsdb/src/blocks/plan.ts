/**
 * Which blocks to merge next, as Prometheus decides it: blocks grow by powers of three from two hours
 * on, aligned to multiples of their size.
 *
 *     2 h  2 h  2 h │ 2 h  2 h  2 h │ 2 h      three of a range become one of the next
 *          6 h      │      6 h      │ …
 *
 * Only the metas are looked at; nothing here touches a disk.
 */
import type { BlockMeta } from '../block/meta.ts'

/** What the head is cut into, ms. */
export const BLOCK_RANGE_MS: number = 2 * 3_600_000
const RANGE_FACTOR = 3
const LEVELS_MAX = 10
/** No block spans more than this, ms. */
const RANGE_MAX_MS = 31 * 24 * 3_600_000
/** Nor more than this part of what is kept, so that little too much is kept at a time. */
const RETENTION_PART_MAX = 0.1
/** Deleted parts of a block, per series in it, above which it is rewritten without them. */
const TOMBSTONES_PER_SERIES_MAX = 0.05

/** The sizes of blocks, ms, smallest first; `retentionMs` 0 stands for no limit, `maxMs` for that part of it. */
export function blockRanges(retentionMs: number, maxMs?: number): number[] {
  const part =
    retentionMs === 0 ? RANGE_MAX_MS : Math.min(RANGE_MAX_MS, retentionMs * RETENTION_PART_MAX)
  const limit = maxMs ?? part
  const ranges = [BLOCK_RANGE_MS]
  while (ranges.length < LEVELS_MAX && ranges.at(-1)! * RANGE_FACTOR <= limit)
    ranges.push(ranges.at(-1)! * RANGE_FACTOR)
  return ranges
}

/** Start of the range of `rangeMs` that `t` lies in, ms. */
export const rangeStart = (t: number, rangeMs: number): number => Math.floor(t / rangeMs) * rangeMs

/** The blocks to merge into one, by time; [] when all is as it should be. One block is one to rewrite. */
export function planCompaction(
  metas: readonly BlockMeta[],
  ranges: readonly number[],
): BlockMeta[] {
  const byTime = [...metas].sort((a, b) => a.minTime - b.minTime)
  const overlapping = overlaps(byTime).find((group) => !hasFailed(group))
  if (overlapping !== undefined) return overlapping
  // The newest block stays as it is for a while: time to copy it away.
  const older = byTime.slice(0, -1)
  const group = firstFullRange(older, ranges)
  return group.length > 0 ? group : firstWithTombstones(older, ranges)
}

/** Runs of blocks, by time, of which each but the first overlaps one before it. */
export function overlaps(byTime: readonly BlockMeta[]): BlockMeta[][] {
  const groups: BlockMeta[][] = []
  let maxTime = -Infinity
  for (const meta of byTime) {
    if (meta.minTime < maxTime) groups.at(-1)!.push(meta)
    else groups.push([meta])
    maxTime = Math.max(maxTime, meta.maxTime)
  }
  return groups.filter((group) => group.length > 1)
}

const hasFailed = (group: readonly BlockMeta[]): boolean =>
  group.some((one) => one.compaction.failed === true)

function firstFullRange(byTime: readonly BlockMeta[], ranges: readonly number[]): BlockMeta[] {
  if (byTime.length === 0) return []
  const newestMinTime = byTime.at(-1)!.minTime
  for (const range of ranges.slice(1))
    for (const group of splitByRange(byTime, range)) {
      if (group.length < 2 || hasFailed(group)) continue
      const { maxTime } = group.at(-1)!
      // Full, or, with gaps, followed by a newer block: nothing more will come into it.
      if (maxTime - group[0].minTime === range || maxTime <= newestMinTime) return group
    }
  return []
}

/** Neighbours that lie within one aligned range. */
export function splitByRange(byTime: readonly BlockMeta[], range: number): BlockMeta[][] {
  const groups = new Map<number, BlockMeta[]>()
  for (const meta of byTime) {
    const start = rangeStart(meta.minTime, range)
    if (meta.maxTime > start + range) continue
    const group = groups.get(start)
    if (group === undefined) groups.set(start, [meta])
    else group.push(meta)
  }
  return [...groups.values()]
}

function firstWithTombstones(byTime: readonly BlockMeta[], ranges: readonly number[]): BlockMeta[] {
  const big = ranges[Math.floor(ranges.length / 2)]
  for (const meta of [...byTime].reverse()) {
    const { numTombstones = 0, numSeries = 0 } = meta.stats
    const isBig = meta.maxTime - meta.minTime >= big
    if (!isBig) return numTombstones > 0 && numTombstones >= numSeries ? [meta] : []
    if (numTombstones / (numSeries + 1) > TOMBSTONES_PER_SERIES_MAX) return [meta]
  }
  return []
}
