/**
 * Range functions over `anchored` and `smoothed` ranges (experimental): they reach beyond the bounds
 * of the window instead of extrapolating.
 *
 *   anchored  from the last sample at or before the start to the last one in the range
 *   smoothed  between the values at both bounds, interpolated from the samples around them
 *
 * The window holds all samples of the range and of the lookback around it.
 */
import type { VectorSelector } from '../syntax/ast.ts'
import { executionError } from './query-error.ts'
import type { RangeFunction, Window } from './range-functions.ts'

const ANCHORED = ['changes', 'delta', 'increase', 'rate', 'resets']
const SMOOTHED = ['delta', 'increase', 'rate']

/** `fn`, or what takes its place when the range of `selector` has a modifier. Throws where none does. */
export function extendedFunction(
  name: string,
  selector: VectorSelector,
  fn: RangeFunction,
): RangeFunction {
  if (!selector.isAnchored && !selector.isSmoothed) return fn
  const [modifier, allowed] = selector.isAnchored ? ['anchored', ANCHORED] : ['smoothed', SMOOTHED]
  if (!allowed.includes(name)) {
    throw executionError(
      `${modifier} modifier can only be used with: ${allowed.join(', ')} - not with ${name}`,
    )
  }
  if (fn.marks !== undefined && !SMOOTHED.includes(name)) return countFromAnchor(fn.marks)
  const { isSmoothed } = selector
  const isCounter = name !== 'delta'
  const compute = (w: Window): number => {
    const seconds = name === 'rate' ? (w.endMs - w.startMs) / 1000 : 1
    return change(w, isSmoothed, isCounter) / seconds
  }
  return { compute, samplesMin: 1, mayBeMissing: true }
}

/** Index of the last sample at or before the start of the range; the first one when there is none. */
function anchorOf({ t, from, to, startMs }: Window): number {
  let anchor = from
  while (anchor + 1 < to && t[anchor + 1] <= startMs) anchor++
  return anchor
}

function countFromAnchor(marks: (previous: number, value: number) => boolean): RangeFunction {
  const compute = (w: Window): number => {
    const { v, t, to } = w
    if (t[to - 1] <= w.startMs) return missing(w)
    let count = 0
    for (let i = anchorOf(w) + 1; i < to; i++) if (marks(v[i - 1], v[i])) count++
    return count
  }
  return { compute, samplesMin: 1, mayBeMissing: true }
}

function missing(w: Window): number {
  w.isMissing = true
  return NaN
}

function change(w: Window, isSmoothed: boolean, isCounter: boolean): number {
  const { t, v, to, startMs, endMs } = w
  const first = anchorOf(w)
  let last = to - 1
  if (isSmoothed) while (last > first && t[last - 1] >= endMs) last--
  if (t[last] <= startMs || (isSmoothed && t[first] > endMs)) return missing(w)
  const left =
    isSmoothed && t[first] < startMs ? interpolate(w, first, startMs, isCounter) : v[first]
  const right =
    isSmoothed && last > w.from && t[last] > endMs
      ? interpolate(w, last - 1, endMs, isCounter)
      : v[last]
  let result = right - left
  if (!isCounter) return result
  // Resets at the bounds are in the interpolated values already.
  const insideFrom = t[first] <= startMs ? first + 1 : first
  const insideTo = t[last] >= endMs ? last : last + 1
  let previous = left
  for (let i = insideFrom; i < insideTo; i++) {
    if (v[i] < previous) result += previous
    previous = v[i]
  }
  return right < previous ? result + previous : result
}

/** The value at `atMs`, between sample `i` and the next. A counter that was reset began at 0. */
function interpolate({ t, v }: Window, i: number, atMs: number, isCounter: boolean): number {
  const start = isCounter && v[i + 1] < v[i] ? 0 : v[i]
  return start + ((v[i + 1] - start) * (atMs - t[i])) / (t[i + 1] - t[i])
}
