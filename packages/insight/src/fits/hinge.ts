/**
 * Throughput against offered load in an open model: X = min(offered, C). The ceiling C comes from all
 * levels above the bend, so it is not bound to a level that was tested.
 */
import { lineOf } from '../statistics.ts'

export interface HingePoint {
  offered: number
  throughput: number
}

export interface HingeFit {
  /** Largest throughput, per second. */
  ceiling: number
  /** Share of the variance explained. */
  r2: number
}

/** Of offered load that must be missing before there is a bend. */
const MISSING = 0.02

/** Null when throughput follows the offered load to the end: there is no ceiling to be seen. */
export function fitHinge(points: readonly HingePoint[]): HingeFit | null {
  const sorted = points.toSorted((a, b) => a.offered - b.offered)
  const top = sorted.at(-1)
  if (sorted.length < 3 || top === undefined) return null
  let ceiling = top.offered
  let least = Infinity
  // Between two neighbouring levels the best ceiling is the mean of all throughputs above.
  for (let k = 0; k < sorted.length; k++) {
    const above = sorted.slice(k)
    const low = k === 0 ? 0 : sorted[k - 1]!.offered
    const mean = above.reduce((sum, { throughput }) => sum + throughput, 0) / above.length
    const candidate = Math.min(Math.max(mean, low), sorted[k]!.offered)
    const error = squares(sorted, candidate)
    if (error >= least) continue
    least = error
    ceiling = candidate
  }
  if (ceiling > (1 - MISSING) * top.offered) return null
  const fitted = sorted.map(({ offered }) => Math.min(offered, ceiling))
  return {
    ceiling,
    r2: lineOf(
      fitted,
      sorted.map(({ throughput }) => throughput),
    ).r2,
  }
}

const squares = (points: readonly HingePoint[], ceiling: number): number =>
  points.reduce(
    (sum, { offered, throughput }) => sum + (throughput - Math.min(offered, ceiling)) ** 2,
    0,
  )
