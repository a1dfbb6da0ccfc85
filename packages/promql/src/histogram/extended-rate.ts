/** Histograms in `anchored` and `smoothed` ranges, and between two samples (see extended-ranges.ts). */
import { GAUGE, type Histogram } from '@vigie/model'
import { HistogramBuilder, isCustom, scaled } from './builder.ts'
import { isReset } from './compare.ts'
import type { HistogramColumns, HistogramWindow } from './mixed-window.ts'
import type { Notes } from './notes.ts'

/** The histogram at `atMs`, between two samples. A counter that was reset began at zero. */
export function interpolateHistograms(
  first: Histogram,
  firstMs: number,
  second: Histogram,
  secondMs: number,
  atMs: number,
  isCounter: boolean,
  notes: Notes,
): Histogram | undefined {
  if (atMs === firstMs) return first
  if (atMs === secondMs) return second
  const fraction = (atMs - firstMs) / (secondMs - firstMs)
  if (isCounter && isReset(second, first)) return scaled(second, fraction)
  const result = HistogramBuilder.from(second)
  if (!notes.wentTogether(result.add(first, -1), 'subtraction')) return undefined
  result.multiply(fraction)
  if (!notes.wentTogether(result.add(first), 'addition')) return undefined
  return result.finish(true)
}

/** The change over an extended range; divided by `seconds`. */
export function extendedHistogramRate(
  w: HistogramWindow,
  notes: Notes,
  isSmoothed: boolean,
  isCounter: boolean,
  seconds: number,
): Histogram | undefined {
  const { t, h, from, to, startMs, endMs } = w
  let first = from
  while (first + 1 < to && t[first + 1] <= startMs) first++
  let last = to - 1
  if (isSmoothed) while (last > first && t[last - 1] >= endMs) last--
  if (t[last] <= startMs || (isSmoothed && t[first] > endMs)) return undefined
  for (let i = first; i <= last; i++) {
    if (isCustom(h[i]) !== isCustom(h[first])) {
      notes.mixedSchemas()
      return undefined
    }
    if (isCounter && h[i].counterResetHint === GAUGE) notes.notCounter()
  }
  const between = (i: number, atMs: number): Histogram | undefined =>
    interpolateHistograms(h[i], t[i], h[i + 1], t[i + 1], atMs, isCounter, notes)
  const left = isSmoothed && t[first] < startMs ? between(first, startMs) : h[first]
  const right = isSmoothed && last > from && t[last] > endMs ? between(last - 1, endMs) : h[last]
  if (left === undefined || right === undefined) return undefined
  if (!isCounter && (left.counterResetHint !== GAUGE || right.counterResetHint !== GAUGE))
    notes.notGauge()
  const result = HistogramBuilder.from(right)
  if (!notes.wentTogether(result.add(left, -1), 'subtraction')) return undefined
  if (isCounter) {
    for (const lost of lostAtResets(w, first, last, left, right, startMs, isSmoothed))
      if (!notes.wentTogether(result.add(lost), 'addition')) return undefined
  }
  result.divide(seconds)
  result.hint = GAUGE
  return result.finish()
}

/** What was counted before each reset between the two ends. */
function lostAtResets(
  { t, h }: HistogramColumns,
  first: number,
  last: number,
  left: Histogram,
  right: Histogram,
  startMs: number,
  isSmoothed: boolean,
): Histogram[] {
  const lost: Histogram[] = []
  let next = first + 1
  let previous = left
  if (isSmoothed && t[first] < startMs && isReset(h[next], h[first])) {
    // The reset is in the left end already.
    previous = h[next]
    next++
  }
  if (next > last) return lost
  for (; next < last; next++) {
    if (isReset(h[next], previous)) lost.push(previous)
    previous = h[next]
  }
  if (isReset(right, previous)) lost.push(previous)
  return lost
}
