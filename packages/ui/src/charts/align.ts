/**
 * Range query answers on one time axis: a row of the answer per series, a column per step, null where
 * a series has no sample.
 */
import type { MatrixSeries } from '../api/prometheus.ts'

export interface Aligned {
  /** Seconds since the epoch, ascending. */
  times: number[]
  /** One array per series, as long as `times`. */
  values: (number | null)[][]
}

/** Steps that one chart is given at most; Prometheus itself refuses more than 11,000. */
const STEPS_MAX = 11_000

export function alignMatrix(
  series: MatrixSeries[],
  startSec: number,
  endSec: number,
  stepSec: number,
): Aligned {
  const count = Math.min(STEPS_MAX, Math.floor((endSec - startSec) / stepSec + 1e-6) + 1)
  const times = Array.from({ length: Math.max(0, count) }, (_, i) => startSec + i * stepSec)
  const values = series.map((one) => {
    const row: (number | null)[] = Array.from({ length: times.length }, () => null)
    for (const [t, text] of one.values ?? []) {
      const index = Math.round((t - startSec) / stepSec)
      const value = parseSample(text)
      if (index >= 0 && index < row.length && Number.isFinite(value)) row[index] = value
    }
    return row
  })
  return { times, values }
}

/** A sample value as Prometheus writes it: a number, `NaN`, `+Inf` or `-Inf`. */
export function parseSample(text: string): number {
  if (text === '+Inf' || text === 'Inf') return Infinity
  if (text === '-Inf') return -Infinity
  return Number(text)
}

/** A step for `points` columns over the range: whole seconds, at least `minSec`. */
export function niceStep(rangeSec: number, points: number, minSec = 1): number {
  const raw = Math.max(minSec, rangeSec / points)
  const nice = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200]
  return nice.find((step) => step >= raw) ?? Math.ceil(raw / 86400) * 86400
}
