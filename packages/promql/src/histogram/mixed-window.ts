/** Windows over series with histograms: floats and histograms lie apart, each by time. */
import { type Histogram, SampleColumns } from '@vigie/model'
import { histogramSize } from './size.ts'

export interface HistogramColumns {
  t: readonly number[]
  h: readonly Histogram[]
  /** Start timestamps in ms, 0 where there is none; undefined when they are not to be used. */
  st: readonly number[] | undefined
}

/** Histograms `from` (inclusive) to `to` (exclusive). */
export interface HistogramWindow extends HistogramColumns {
  from: number
  to: number
  /** The bounds of the window in ms: left open, right closed. */
  startMs: number
  endMs: number
}

/** Beside the histograms, the floats of the same window: floatFrom (inclusive) to floatTo (exclusive). */
export interface MixedWindow extends HistogramWindow {
  floats: SampleColumns
  floatFrom: number
  floatTo: number
}

/** One sample of either kind. */
export interface MixedSample {
  t: number
  v: number
  h: Histogram | undefined
}

/** Takes the two kinds apart. */
export function splitKinds(
  samples: SampleColumns,
  usesStarts: boolean,
): {
  floats: SampleColumns
  histograms: HistogramColumns
} {
  const floats = new SampleColumns(samples.length)
  const t: number[] = []
  const h: Histogram[] = []
  const { st } = samples
  const starts: number[] | undefined = usesStarts && st !== undefined ? [] : undefined
  if (st !== undefined) floats.st = new Float64Array(samples.length)
  for (let i = 0; i < samples.length; i++) {
    const one = samples.h?.[i]
    if (one === undefined) {
      if (st !== undefined) floats.st![floats.length] = st[i]
      floats.push(samples.t[i], samples.v[i])
    } else {
      t.push(samples.t[i])
      h.push(one)
      starts?.push(st![i])
    }
  }
  return { floats, histograms: { t, h, st: starts } }
}

/** What the samples of a window count against the limit. */
export function windowSize({ h, from, to, floatFrom, floatTo }: MixedWindow): number {
  let size = floatTo - floatFrom
  for (let i = from; i < to; i++) size += histogramSize(h[i])
  return size
}

/** All samples of a window by time. */
export function inOrder(w: MixedWindow): MixedSample[] {
  const out: MixedSample[] = []
  const { t, v } = w.floats
  let f = w.floatFrom
  for (let i = w.from; i < w.to; i++) {
    for (; f < w.floatTo && t[f] < w.t[i]; f++) out.push({ t: t[f], v: v[f], h: undefined })
    out.push({ t: w.t[i], v: NaN, h: w.h[i] })
  }
  for (; f < w.floatTo; f++) out.push({ t: t[f], v: v[f], h: undefined })
  return out
}
