/**
 * Interval of a statistic of one run by the moving-block bootstrap: neighbours depend on each other, so
 * whole blocks are drawn, long enough (10 s or more of a run) that one says little about the next.
 */
import { randomOf } from './random.ts'
import { quantile } from './statistics.ts'

export interface BootstrapOptions {
  /** Values of one block. */
  blockSize: number
  /** Left out: 400. */
  resamples?: number
  /** Share outside the interval; left out: 0.05. */
  alpha?: number
  /** Left out: 1. The same data and seed give the same interval. */
  seed?: number
}

/** `values` in order of time. NaN of no values; one point of a single block. */
export function bootstrapInterval(
  values: ArrayLike<number>,
  statistic: (values: Float64Array) => number,
  { blockSize, resamples = 400, alpha = 0.05, seed = 1 }: BootstrapOptions,
): { low: number; high: number } {
  const size = Math.max(1, Math.min(Math.floor(blockSize), values.length))
  const random = randomOf(seed)
  const starts = values.length - size + 1
  const drawn = new Float64Array(values.length)
  const statistics = Array.from({ length: values.length === 0 ? 0 : resamples }, () => {
    for (let at = 0; at < drawn.length;) {
      const from = Math.floor(random.uniform() * starts)
      for (let i = 0; i < size && at < drawn.length; i++) drawn[at++] = values[from + i]!
    }
    return statistic(drawn)
  })
  return { low: quantile(statistics, alpha / 2), high: quantile(statistics, 1 - alpha / 2) }
}
