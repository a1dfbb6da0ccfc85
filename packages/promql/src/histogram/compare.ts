/** Comparing native histograms: equality, and whether a counter was reset from one to the next. */
import {
  COUNTER_RESET,
  type Histogram,
  NOT_COUNTER_RESET,
  type SampleColumns,
  UNKNOWN_RESET,
} from '@vigie/model'
import { HistogramBuilder, commonBounds, isCustom, isSameBounds } from './builder.ts'
import { type Side, reduced, remapped, sideOf, withoutEmpty } from './side.ts'

/** Equal in all but the hint. NaN equals NaN; buckets that are given and empty do not count. */
export function isEqual(a: Histogram, b: Histogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    Object.is(a.zeroThreshold, b.zeroThreshold) &&
    Object.is(a.zeroCount, b.zeroCount) &&
    (!isCustom(a) || isSameBounds(a.customBounds, b.customBounds)) &&
    isSameSide(
      sideOf(a.positiveSpans, a.positiveCounts),
      sideOf(b.positiveSpans, b.positiveCounts),
    ) &&
    isSameSide(sideOf(a.negativeSpans, a.negativeCounts), sideOf(b.negativeSpans, b.negativeCounts))
  )
}

function isSameSide(first: Side, second: Side): boolean {
  const a = withoutEmpty(first)
  const b = withoutEmpty(second)
  return (
    a.index.length === b.index.length &&
    a.index.every((index, i) => index === b.index[i]) &&
    a.count.every((count, i) => Object.is(count, b.count[i]))
  )
}

/** Whether a counter began anew between `previous` and `h`: what was counted is missing in `h`. */
export function isReset(h: Histogram, previous: Histogram): boolean {
  // Fast path: the storage knows.
  if (h.counterResetHint === COUNTER_RESET) return true
  if (h.counterResetHint === NOT_COUNTER_RESET) return false
  if (h.count < previous.count) return true
  if (isCustom(h) !== isCustom(previous)) return true
  if (h.schema > previous.schema || h.zeroThreshold < previous.zeroThreshold) return true
  const before = HistogramBuilder.from(previous)
  if (h.zeroThreshold > before.zeroThreshold) before.widenZero(h.zeroThreshold)
  if (before.zeroThreshold !== h.zeroThreshold || h.zeroCount < before.zeroCount) return true
  const now = sideOf(h.positiveSpans, h.positiveCounts)
  if (isCustom(h)) {
    if (isSameBounds(h.customBounds, previous.customBounds)) return lost(now, before.positive)
    const shared = commonBounds(h.customBounds, previous.customBounds)
    return lost(
      remapped(now, h.customBounds, shared),
      remapped(before.positive, previous.customBounds, shared),
    )
  }
  return (
    lost(now, reduced(before.positive, previous.schema, h.schema)) ||
    lost(
      sideOf(h.negativeSpans, h.negativeCounts),
      reduced(before.negative, previous.schema, h.schema),
    )
  )
}

/** Whether any bucket of `before` is smaller now. */
function lost(now: Side, before: Side): boolean {
  let at = 0
  for (const [i, index] of before.index.entries()) {
    while (at < now.index.length && now.index[at] < index) at++
    const count = now.index[at] === index ? now.count[at] : 0
    if (count < before.count[i]) return true
  }
  return false
}

/** Puts a hint to all histograms but the first where none is, by the one before. */
export function detectResets({ h, length }: SampleColumns): void {
  let previous: Histogram | undefined
  for (let i = 0; i < length; i++) {
    const one = h![i]
    if (one === undefined) continue
    if (previous !== undefined && one.counterResetHint === UNKNOWN_RESET) {
      const counterResetHint = isReset(one, previous) ? COUNTER_RESET : NOT_COUNTER_RESET
      h![i] = { ...one, counterResetHint }
    }
    previous = one
  }
}

/** `h` without what it says of the one before it; a gauge stays one. */
export const withoutHint = (h: Histogram): Histogram =>
  h.counterResetHint === COUNTER_RESET || h.counterResetHint === NOT_COUNTER_RESET
    ? { ...h, counterResetHint: UNKNOWN_RESET }
    : h
