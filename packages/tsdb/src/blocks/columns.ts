/** Samples of one series from several places, as one list by time. */
import type { SampleColumns } from '@vigie/model'

/** Puts the samples of `from` behind those of `into`. */
export function appendColumns(into: SampleColumns, from: SampleColumns): void {
  const { length } = from
  if (length === 0) return
  const start = into.length
  into.reserve(start + length)
  into.t.set(from.t.subarray(0, length), start)
  into.v.set(from.v.subarray(0, length), start)
  if (from.h !== undefined) {
    into.h ??= []
    for (let i = 0; i < length; i++) if (from.h[i] !== undefined) into.h[start + i] = from.h[i]
  }
  into.length = start + length
}

/**
 * Adds the samples of `from` to those of `into`, by time; of two at the same time that of `into` is
 * kept. `scratch` loses what it held.
 */
export function mergeColumns(
  into: SampleColumns,
  from: SampleColumns,
  scratch: SampleColumns,
): void {
  if (from.length === 0) return
  // Fast path: nearly always one begins where the other ends.
  if (into.length === 0 || into.t[into.length - 1] < from.t[0]) return appendColumns(into, from)
  scratch.clear()
  appendColumns(scratch, into)
  into.clear()
  let i = 0
  let j = 0
  while (i < scratch.length || j < from.length) {
    const isFirst = j === from.length || (i < scratch.length && scratch.t[i] <= from.t[j])
    if (isFirst && j < from.length && scratch.t[i] === from.t[j]) j++
    if (isFirst) copySample(into, scratch, i++)
    else copySample(into, from, j++)
  }
}

function copySample(into: SampleColumns, from: SampleColumns, i: number): void {
  const h = from.h?.[i]
  if (h === undefined) into.push(from.t[i], from.v[i])
  else into.pushHistogram(from.t[i], h)
}
