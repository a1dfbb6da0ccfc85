/** How far apart two samples are, whatever their shape. */

/**
 * Kolmogorov-Smirnov distance of two samples: the largest gap between their distribution functions,
 * 0 (alike) to 1 (apart). NaN when one is empty. A score only: neighbours of a series depend on each
 * other, so no p-value follows from it.
 */
export function ksDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length === 0 || b.length === 0) return NaN
  const left = Float64Array.from(a).sort()
  const right = Float64Array.from(b).sort()
  let i = 0
  let j = 0
  let distance = 0
  while (i < left.length && j < right.length) {
    const at = Math.min(left[i]!, right[j]!)
    while (i < left.length && left[i]! <= at) i++
    while (j < right.length && right[j]! <= at) j++
    distance = Math.max(distance, Math.abs(i / left.length - j / right.length))
  }
  return distance
}
