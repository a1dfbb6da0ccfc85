/** Marks beside each other at the top of a chart; those that overlap go below one another. */
import type { ChartMark } from './chart.ts'

/** Lanes in use at most; what would be lower is drawn in the last. */
const LANES_MAX = 3

export interface PlacedMark {
  mark: ChartMark
  /** Of the range, 0 to 1. */
  left: number
  width: number
  /** 0 is the top. */
  lane: number
}

export function markLanes(marks: readonly ChartMark[], fromMs: number, toMs: number): PlacedMark[] {
  const ends: number[] = []
  return marks
    .filter((mark) => mark.toMs > fromMs && mark.fromMs < toMs)
    .sort((a, b) => a.fromMs - b.fromMs)
    .map((mark) => {
      const start = Math.max(mark.fromMs, fromMs)
      const end = Math.min(mark.toMs, toMs)
      const free = ends.findIndex((busyUntil) => busyUntil <= start)
      const lane = free >= 0 ? free : Math.min(ends.length, LANES_MAX - 1)
      ends[lane] = Math.max(ends[lane] ?? 0, end)
      const share = (ms: number): number => (ms - fromMs) / (toMs - fromMs)
      return { mark, left: share(start), width: share(end) - share(start), lane }
    })
}
