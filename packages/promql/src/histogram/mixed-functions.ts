/**
 * Functions over a range that holds histograms. Functions that are not here are about floats alone:
 * they leave histograms out and say so.
 */
import { GAUGE, type Histogram, makeHistogram } from '@vigie/model'
import { isStartReset } from '../engine/range-functions.ts'
import { HistogramBuilder, isCustom } from './builder.ts'
import { isEqual, isReset } from './compare.ts'
import { extendedHistogramRate } from './extended-rate.ts'
import {
  type HistogramWindow,
  type MixedSample,
  type MixedWindow,
  inOrder,
} from './mixed-window.ts'
import type { Notes } from './notes.ts'
import { HistogramSum } from './sums.ts'

/** KEPT stands for the result that the floats of the window gave. */
export type MixedResult = number | Histogram | undefined | typeof KEPT
export const KEPT = 'kept'

export type Modifier = 'anchored' | 'smoothed' | undefined

/** Called for windows with at least one histogram. */
export type MixedFunction = (w: MixedWindow, notes: Notes, modifier: Modifier) => MixedResult

const hasFloats = (w: MixedWindow): boolean => w.floatTo > w.floatFrom
const rangeSeconds = (w: HistogramWindow): number => (w.endMs - w.startMs) / 1000

const rate =
  (isCounter: boolean, isPerSecond: boolean): MixedFunction =>
  (w, notes, modifier) => {
    if (hasFloats(w)) {
      notes.mixedKinds()
      return undefined
    }
    const seconds = isPerSecond ? rangeSeconds(w) : 1
    return modifier === undefined
      ? extrapolated(w, notes, isCounter, seconds)
      : extendedHistogramRate(w, notes, modifier === 'smoothed', isCounter, seconds)
  }

/** As `extrapolate` of range-functions.ts does it with floats; of a counter the count says when it was zero. */
function extrapolated(
  w: HistogramWindow,
  notes: Notes,
  isCounter: boolean,
  seconds: number,
): Histogram | undefined {
  const { t, h, st, from, to } = w
  const last = to - 1
  let change: HistogramBuilder | undefined
  if (last > from) {
    change = histogramChange(w, notes, isCounter)
    if (change === undefined) return undefined
  }
  let sampled = (t[last] - t[from]) / 1000
  const interval = last > from ? sampled / (last - from) : 0
  const threshold = interval * 1.1
  let toStart = (t[from] - w.startMs) / 1000
  const start = st?.[from] ?? 0
  if (isCounter && start !== 0 && start > w.startMs && start < t[from]) {
    toStart = 0
    sampled = (t[last] - start) / 1000
    if (change === undefined) change = HistogramBuilder.from(h[from])
    else if (!notes.wentTogether(change.add(h[from]), 'addition')) return undefined
  } else if (change === undefined) {
    return undefined
  } else {
    if (toStart >= threshold) toStart = interval / 2
    if (isCounter && change.count > 0 && h[from].count >= 0)
      toStart = Math.min(toStart, sampled * (h[from].count / change.count))
  }
  let toEnd = (w.endMs - t[last]) / 1000
  if (toEnd >= threshold) toEnd = interval / 2
  const factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled
  change.multiply(factor / seconds)
  return change.finish()
}

function histogramChange(
  w: HistogramWindow,
  notes: Notes,
  isCounter: boolean,
): HistogramBuilder | undefined {
  const { t, h, st, from, to } = w
  const last = h[to - 1]
  let previous = h[from]
  let isNoCounter =
    isCounter && (previous.counterResetHint === GAUGE || last.counterResetHint === GAUGE)
  const isResetAt = (i: number, before: Histogram): boolean =>
    (st !== undefined && isStartReset(st[i - 1], t[i - 1], st[i], t[i])) || isReset(h[i], before)
  if (isCounter && isResetAt(from + 1, previous)) {
    // Nothing of the first sample is in the result: how its buckets lie does not matter.
    const { schema, customBounds } = h[from + 1]
    previous = makeHistogram({ schema, customBounds })
  }
  const usesCustom = isCustom(previous)
  if (isCustom(last) !== usesCustom) {
    if (isNoCounter) notes.notCounter()
    notes.mixedSchemas()
    return undefined
  }
  let schema = Math.min(last.schema, previous.schema)
  if (isCounter) {
    for (let i = from + 1; i < to - 1; i++) {
      if (h[i].counterResetHint === GAUGE) isNoCounter = true
      schema = Math.min(schema, h[i].schema)
      if (isCustom(h[i]) === usesCustom) continue
      notes.mixedSchemas()
      return undefined
    }
  }
  if (isNoCounter) notes.notCounter()
  const change = HistogramBuilder.from(last)
  if (!usesCustom) change.reduceTo(schema)
  if (!notes.wentTogether(change.add(previous, -1), 'subtraction')) return undefined
  if (isCounter) {
    noteOverlap(w, notes)
    for (let i = from + 1; i < to; i++) {
      if (isResetAt(i, previous) && !notes.wentTogether(change.add(previous), 'addition'))
        return undefined
      previous = h[i]
    }
  } else if (h[from].counterResetHint !== GAUGE || last.counterResetHint !== GAUGE) {
    notes.notGauge()
  }
  change.hint = GAUGE
  return change
}

function noteOverlap({ t, st, from, to }: HistogramWindow, notes: Notes): void {
  if (st === undefined) return
  for (let i = from + 1; i < to; i++)
    if (st[i] !== 0 && st[i] < t[i - 1] && st[i] !== st[i - 1]) notes.overlap()
}

const lastTwo =
  (isCounter: boolean): MixedFunction =>
  (w, notes) => {
    const all = inOrder(w)
    if (all.length < 2) return undefined
    const [before, last] = all.slice(-2)
    if (before.h === undefined && last.h === undefined) return KEPT
    if (before.h === undefined || last.h === undefined) {
      notes.mixedKinds()
      return undefined
    }
    const gauges = [before.h, last.h].filter((h) => h.counterResetHint === GAUGE).length
    if (isCounter && gauges > 0) notes.notCounter()
    if (!isCounter && gauges < 2) notes.notGauge()
    const result = HistogramBuilder.from(last.h)
    if (!isCounter || !isLastReset(w, before, last)) {
      if (!notes.wentTogether(result.add(before.h, -1), 'subtraction')) return undefined
    }
    result.hint = GAUGE
    if (isCounter) result.divide((last.t - before.t) / 1000)
    return result.finish()
  }

function isLastReset({ st, to }: MixedWindow, before: MixedSample, last: MixedSample): boolean {
  const byStart = st !== undefined && isStartReset(st[to - 2], before.t, st[to - 1], last.t)
  return byStart || isReset(last.h!, before.h!)
}

const total =
  (isMean: boolean): MixedFunction =>
  (w, notes) => {
    if (hasFloats(w)) {
      notes.mixedKinds()
      return undefined
    }
    const sum = new HistogramSum(w.h[w.from], isMean)
    for (let i = w.from + 1; i < w.to; i++) sum.add(w.h[i])
    if (sum.isIncompatible) {
      notes.mixedSchemas()
      return undefined
    }
    if (sum.hasCollision) notes.collision('aggregation')
    const { isReconciled } = sum
    notes.wentTogether({ isIncompatible: false, hasCollision: false, isReconciled }, 'aggregation')
    return sum.finish()
  }

/** Counts the pairs of neighbours between which something happened. */
const pairs =
  (
    ofFloats: (before: number, v: number) => boolean,
    ofHistograms: (before: Histogram, h: Histogram) => boolean,
    usesStarts: boolean,
  ): MixedFunction =>
  (w, _notes, modifier) => {
    let all = inOrder(w)
    if (modifier === 'anchored') {
      if (all.at(-1)!.t <= w.startMs) return undefined
      const inside = all.findIndex(({ t }) => t > w.startMs)
      all = all.slice(Math.max(0, inside - 1))
    }
    const starts = usesStarts ? startsOf(w) : undefined
    let count = 0
    for (let i = 1; i < all.length; i++) {
      const [before, now] = [all[i - 1], all[i]]
      const isStart =
        starts !== undefined &&
        isStartReset(starts.get(before.t) ?? 0, before.t, starts.get(now.t) ?? 0, now.t)
      if (before.h === undefined || now.h === undefined) {
        if (isStart || before.h !== now.h || ofFloats(before.v, now.v)) count++
      } else if (isStart || ofHistograms(before.h, now.h)) {
        count++
      }
    }
    return count
  }

/** Start timestamps by time, of both kinds. */
function startsOf(w: MixedWindow): Map<number, number> | undefined {
  if (w.st === undefined) return undefined
  const starts = new Map<number, number>()
  for (let i = w.from; i < w.to; i++) starts.set(w.t[i], w.st[i])
  const { t, st } = w.floats
  for (let i = w.floatFrom; i < w.floatTo; i++) starts.set(t[i], st?.[i] ?? 0)
  return starts
}

const firstTime = (w: MixedWindow): number =>
  Math.min(w.t[w.from], hasFloats(w) ? w.floats.t[w.floatFrom] : Infinity)
const lastTime = (w: MixedWindow): number =>
  Math.max(w.t[w.to - 1], hasFloats(w) ? w.floats.t[w.floatTo - 1] : -Infinity)

export const MIXED_FUNCTIONS: ReadonlyMap<string, MixedFunction> = new Map<string, MixedFunction>([
  ['rate', rate(true, true)],
  ['increase', rate(true, false)],
  ['delta', rate(false, false)],
  ['irate', lastTwo(true)],
  ['idelta', lastTwo(false)],
  ['sum_over_time', total(false)],
  ['avg_over_time', total(true)],
  ['count_over_time', (w) => w.to - w.from + w.floatTo - w.floatFrom],
  ['present_over_time', () => 1],
  ['absent_over_time', () => 1],
  ['first_over_time', (w) => (firstTime(w) === w.t[w.from] ? w.h[w.from] : KEPT)],
  ['last_over_time', (w) => (lastTime(w) === w.t[w.to - 1] ? w.h[w.to - 1] : KEPT)],
  ['ts_of_first_over_time', (w) => firstTime(w) / 1000],
  ['ts_of_last_over_time', (w) => lastTime(w) / 1000],
  [
    'resets',
    pairs(
      (before, v) => v < before,
      (before, h) => isReset(h, before),
      true,
    ),
  ],
  [
    'changes',
    pairs(
      (before, v) => v !== before && (v === v || before === before),
      (before, h) => !isEqual(h, before),
      false,
    ),
  ],
])

/** What floats-only functions make of histograms beside floats. */
export const onlyFloats: MixedFunction = (w, notes) => {
  if (hasFloats(w)) notes.ignored()
  return KEPT
}
