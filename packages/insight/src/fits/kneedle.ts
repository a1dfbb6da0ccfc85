/**
 * Knees of curves of any shape (Satopää and others, "Finding a 'Kneedle' in a Haystack", 2011): where a
 * curve is farthest from the line between its ends. Finds tested points only; a hinge is better for
 * throughput.
 */

export interface KneedleOptions {
  /** `rising`: steep, then flat (throughput); `bending`: flat, then steep (latency). */
  shape: 'rising' | 'bending'
  /** How far the distance must fall again, in mean steps of x; left out: 1. */
  sensitivity?: number
}

/** x of the first knee of points in order of x; null: there is none. */
export function kneeOf(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { shape, sensitivity = 1 }: KneedleOptions,
): number | null {
  const length = x.length
  if (length < 3) return null
  const smooth = Array.from(
    { length },
    (_, i) => (y[Math.max(0, i - 1)]! + y[i]! + y[Math.min(length - 1, i + 1)]!) / 3,
  )
  // The ends have one neighbour: smoothing would pull them in.
  smooth[0] = y[0]!
  smooth[length - 1] = y[length - 1]!
  const spanX = x[length - 1]! - x[0]!
  const low = Math.min(...smooth)
  const spanY = Math.max(...smooth) - low
  if (!(spanX > 0 && spanY > 0)) return null
  const sign = shape === 'rising' ? 1 : -1
  const distance = smooth.map(
    (value, i) => sign * ((value - low) / spanY - (x[i]! - x[0]!) / spanX),
  )
  const step = 1 / (length - 1)
  for (let i = 1; i < length - 1; i++) {
    const peak = distance[i]!
    const isPeak = peak > 0 && peak >= distance[i - 1]! && peak > distance[i + 1]!
    if (isPeak && falls(distance, i, peak - sensitivity * step)) return x[i]!
  }
  return null
}

/** Whether it falls below a threshold before it is as high again. */
function falls(distance: readonly number[], peak: number, threshold: number): boolean {
  for (let i = peak + 1; i < distance.length; i++) {
    if (distance[i]! < threshold) return true
    if (distance[i]! > distance[peak]!) return false
  }
  return false
}
