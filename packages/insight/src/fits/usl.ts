/**
 * Gunther's universal scalability law, X(N) = λN / (1 + σ(N−1) + κN(N−1)), fitted to measured levels.
 * N is concurrency: users without think time, or requests in flight (throughput times response time).
 *
 * N/X is linear in the parameters: N/X = a + b(N−1) + cN(N−1), so weighted least squares does it; weights
 * (X²/N)² undo what the transform does to the errors of X. A negative σ or κ means nothing: it is 0, and
 * the rest is fitted again.
 */
import { mean } from '../statistics.ts'

export interface UslPoint {
  concurrency: number
  throughput: number
}

export interface UslFit {
  /** Throughput of one alone, per second. */
  lambda: number
  /** Share that waits for one another. */
  sigma: number
  /** Cost of keeping each other informed. */
  kappa: number
  /** Concurrency of the largest throughput; null: none within twice of what was tested. */
  peakConcurrency: number | null
  peakThroughput: number | null
  /** Share of the variance of the throughput explained. */
  r2: number
  /** Throughput at a concurrency; NaN beyond twice of what was tested. */
  predict(concurrency: number): number
}

/** Fewer levels fit anything. */
const LEVELS_MIN = 6
const R2_MIN = 0.9
const REACH = 2

/** Null when it does not hold: too few levels, or a fit that explains too little. */
export function fitUsl(points: readonly UslPoint[]): UslFit | null {
  const known = points.filter(({ concurrency, throughput }) => concurrency > 0 && throughput > 0)
  const levels = new Set(known.map(({ concurrency }) => concurrency))
  if (levels.size < LEVELS_MIN) return null
  const solution = solveClamped(known)
  if (solution === null) return null
  const { a, b, c } = solution
  if (!(a > 0)) return null
  const [lambda, sigma, kappa] = [1 / a, b / a, c / a]
  const at = (n: number): number => (lambda * n) / (1 + sigma * (n - 1) + kappa * n * (n - 1))
  const r2 = explained(known, at)
  if (!(r2 >= R2_MIN)) return null
  const reach = REACH * Math.max(...levels)
  const peak = kappa > 0 && sigma < 1 ? Math.sqrt((1 - sigma) / kappa) : Infinity
  const isKnown = peak <= reach
  return {
    lambda,
    sigma,
    kappa,
    peakConcurrency: isKnown ? peak : null,
    peakThroughput: isKnown ? at(peak) : null,
    r2,
    predict: (concurrency) => (concurrency <= reach ? at(concurrency) : NaN),
  }
}

interface Coefficients {
  a: number
  b: number
  c: number
}

function solveClamped(points: readonly UslPoint[]): Coefficients | null {
  const terms: ((n: number) => number)[] = [() => 1, (n) => n - 1, (n) => n * (n - 1)]
  const solved = (used: readonly number[]): Coefficients | null => {
    const x = leastSquares(
      points,
      used.map((i) => terms[i]!),
    )
    if (x === null) return null
    const all = [0, 0, 0]
    for (const [k, i] of used.entries()) all[i] = x[k]!
    return { a: all[0]!, b: all[1]!, c: all[2]! }
  }
  const first = solved([0, 1, 2])
  if (first === null || (first.b >= 0 && first.c >= 0)) return first
  const second = solved(first.b < 0 ? [0, 2] : [0, 1])
  return second === null || (second.b >= 0 && second.c >= 0) ? second : solved([0])
}

/** Weighted normal equations by elimination; null when they are singular. */
function leastSquares(
  points: readonly UslPoint[],
  terms: readonly ((n: number) => number)[],
): number[] | null {
  const size = terms.length
  const rows = Array.from({ length: size }, () => new Float64Array(size + 1))
  for (const { concurrency: n, throughput: x } of points) {
    const weight = (x * x * (1 / n)) ** 2
    const values = terms.map((term) => term(n))
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) rows[i]![j]! += weight * values[i]! * values[j]!
      rows[i]![size]! += (weight * values[i]! * n) / x
    }
  }
  for (let i = 0; i < size; i++) {
    const pivot = rows[i]![i]!
    if (!(Math.abs(pivot) > 1e-12 * rows[0]![0]!)) return null
    for (let k = i + 1; k < size; k++) {
      const factor = rows[k]![i]! / pivot
      for (let j = i; j <= size; j++) rows[k]![j]! -= factor * rows[i]![j]!
    }
  }
  const solution = Array.from({ length: size }, () => 0)
  for (let i = size - 1; i >= 0; i--) {
    let rest = rows[i]![size]!
    for (let j = i + 1; j < size; j++) rest -= rows[i]![j]! * solution[j]!
    solution[i] = rest / rows[i]![i]!
  }
  return solution
}

function explained(points: readonly UslPoint[], at: (n: number) => number): number {
  const centre = mean(points.map(({ throughput }) => throughput))
  let residual = 0
  let total = 0
  for (const { concurrency, throughput } of points) {
    residual += (throughput - at(concurrency)) ** 2
    total += (throughput - centre) ** 2
  }
  return total > 0 ? 1 - residual / total : 0
}
