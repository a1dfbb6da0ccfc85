/**
 * The utilisation law, U = b + X·D: what a resource costs per unit of throughput (its demand D) says at
 * which throughput it is full, long before it is. The smallest such throughput is the bottleneck's.
 */
import { lineOf } from '../statistics.ts'

export interface Demand {
  /** Utilisation per unit of throughput: seconds of the resource per request. */
  demand: number
  /** Utilisation without load. */
  idle: number
  /** Throughput at which it is full. */
  ceiling: number
  r2: number
}

/** Busy without load beyond this share: it does not work for the load. */
const IDLE_MAX = 0.6

/** From levels below the knee; null when utilisation does not follow the throughput. */
export function demandOf(
  throughput: readonly number[],
  utilisation: readonly number[],
): Demand | null {
  if (throughput.length < 2) return null
  const { intercept, slope, r2 } = lineOf(throughput, utilisation)
  if (!(slope > 0) || intercept >= IDLE_MAX) return null
  return { demand: slope, idle: intercept, ceiling: (1 - intercept) / slope, r2 }
}
