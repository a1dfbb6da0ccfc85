/** Difference of two means with unequal variances (Welch), and what it is when there is little to go by. */
import { mean, variance } from '../statistics.ts'
import { studentQuantile } from '../student.ts'

export interface Difference {
  /** mean(b) − mean(a) */
  value: number
  /** Bounds of the interval; ±Infinity when nothing says how much values vary. */
  low: number
  high: number
}

interface Spread {
  error: number
  df: number
}

/** Interval of confidence 1 − alpha. With one value on one side, its variance is taken from the other. */
export function welch(a: readonly number[], b: readonly number[], alpha: number): Difference {
  return intervalOf(mean(b) - mean(a), spreadOf(a, b), alpha)
}

/** The same around a difference that is known better than by these values. */
export function welchAround(
  value: number,
  a: readonly number[],
  b: readonly number[],
  alpha: number,
): Difference {
  return intervalOf(value, spreadOf(a, b), alpha)
}

/** The same when the standard error is at least `error`, as of counted things. */
export function welchAtLeast(
  value: number,
  a: readonly number[],
  b: readonly number[],
  error: number,
  alpha: number,
): Difference {
  const spread = spreadOf(a, b)
  return intervalOf(value, spread.error > error ? spread : { error, df: 1e6 }, alpha)
}

function intervalOf(value: number, { error, df }: Spread, alpha: number): Difference {
  const reach = studentQuantile(1 - alpha / 2, df) * error
  return Number.isNaN(reach)
    ? { value, low: -Infinity, high: Infinity }
    : { value, low: value - reach, high: value + reach }
}

function spreadOf(a: readonly number[], b: readonly number[]): Spread {
  if (a.length < 2 && b.length < 2) return { error: NaN, df: NaN }
  if (a.length < 2 || b.length < 2) {
    const more = a.length < 2 ? b : a
    return { error: Math.sqrt(variance(more) * (1 / a.length + 1 / b.length)), df: more.length - 1 }
  }
  const va = variance(a) / a.length
  const vb = variance(b) / b.length
  if (va + vb === 0) return { error: 0, df: a.length + b.length - 2 }
  return {
    error: Math.sqrt(va + vb),
    df: (va + vb) ** 2 / (va ** 2 / (a.length - 1) + vb ** 2 / (b.length - 1)),
  }
}
