/**
 * The geometry of a gauge: 240 degrees around (100, 100), from lower left over the top to lower right.
 *
 *        ,-''''-.
 *       /        \      share 0 at 210°, share 1 at -30°
 *      0          1
 */

const START_DEG = 210
const SWEEP_DEG = 240
const CENTER = 100

function point(share: number, radius: number): [number, number] {
  const angle = ((START_DEG - SWEEP_DEG * share) * Math.PI) / 180
  return [CENTER + radius * Math.cos(angle), CENTER - radius * Math.sin(angle)]
}

/** SVG path along the arc between two shares of 0 to 1; '' when there is nothing between them. */
export function gaugeArc(from: number, to: number, radius: number): string {
  const [low, high] = [clamp(from), clamp(to)]
  if (high <= low) return ''
  const [x1, y1] = point(low, radius)
  const [x2, y2] = point(high, radius)
  const isLarge = (high - low) * SWEEP_DEG > 180 ? 1 : 0
  return `M${round(x1)} ${round(y1)}A${radius} ${radius} 0 ${isLarge} 1 ${round(x2)} ${round(y2)}`
}

const clamp = (share: number): number => Math.min(1, Math.max(0, share))
const round = (value: number): number => Number(value.toFixed(2))
