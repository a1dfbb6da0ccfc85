/** Quantiles of plain values. */

/**
 * The q-quantile of `values`, which are sorted in place, interpolated between neighbours. NaN counts
 * as the smallest value. q outside of [0, 1] gives an infinity.
 */
export function quantile(q: number, values: Float64Array): number {
  if (values.length === 0 || Number.isNaN(q)) return NaN
  if (q < 0) return -Infinity
  if (q > 1) return Infinity
  sortNanFirst(values)
  const rank = q * (values.length - 1)
  const lower = Math.max(0, Math.floor(rank))
  const upper = Math.min(values.length - 1, lower + 1)
  const weight = rank - Math.floor(rank)
  return values[lower] * (1 - weight) + values[upper] * weight
}

function sortNanFirst(values: Float64Array): void {
  values.sort()
  // The sort of typed arrays puts NaN last.
  let nanCount = 0
  while (nanCount < values.length && Number.isNaN(values[values.length - 1 - nanCount])) nanCount++
  if (nanCount === 0) return
  values.copyWithin(nanCount, 0, values.length - nanCount)
  values.fill(NaN, 0, nanCount)
}
