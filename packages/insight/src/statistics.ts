/** The few statistics that everything else here is made of. */

export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return values.length === 0 ? NaN : sum / values.length
}

/** Unbiased; NaN of fewer than two. */
export function variance(values: ArrayLike<number>): number {
  if (values.length < 2) return NaN
  const centre = mean(values)
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += (values[i]! - centre) ** 2
  return sum / (values.length - 1)
}

/** Quantile on the line between neighbours of the sorted values, as k6's; NaN of none. */
export function quantile(values: ArrayLike<number>, q: number): number {
  const sorted = Float64Array.from(values).sort()
  if (sorted.length === 0) return NaN
  const at = q * (sorted.length - 1)
  const low = Math.floor(at)
  const high = Math.min(low + 1, sorted.length - 1)
  return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!)
}

export const median = (values: ArrayLike<number>): number => quantile(values, 0.5)

export interface Line {
  /** y = intercept + slope · x */
  intercept: number
  slope: number
  /** Share of the variance explained, 0..1. */
  r2: number
}

/** Weighted least squares. Flat through the mean where x has no spread. NaN of no points. */
export function lineOf(x: ArrayLike<number>, y: ArrayLike<number>, w?: ArrayLike<number>): Line {
  let sw = 0
  let sx = 0
  let sy = 0
  for (let i = 0; i < x.length; i++) {
    const weight = w?.[i] ?? 1
    sw += weight
    sx += weight * x[i]!
    sy += weight * y[i]!
  }
  const mx = sx / sw
  const my = sy / sw
  let sxx = 0
  let sxy = 0
  let syy = 0
  for (let i = 0; i < x.length; i++) {
    const weight = w?.[i] ?? 1
    sxx += weight * (x[i]! - mx) ** 2
    sxy += weight * (x[i]! - mx) * (y[i]! - my)
    syy += weight * (y[i]! - my) ** 2
  }
  if (!(sxx > 0)) return { intercept: my, slope: 0, r2: 0 }
  const slope = sxy / sxx
  return { intercept: my - slope * mx, slope, r2: syy > 0 ? (sxy * sxy) / (sxx * syy) : 1 }
}

/** Spearman's rank correlation of the pairs in which both are numbers, −1..1; 0 when one is constant. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const pairs: [number, number][] = []
  for (let i = 0; i < a.length; i++)
    if (!Number.isNaN(a[i]!) && !Number.isNaN(b[i]!)) pairs.push([a[i]!, b[i]!])
  if (pairs.length < 3) return 0
  const left = ranksOf(pairs.map(([one]) => one))
  const right = ranksOf(pairs.map(([, other]) => other))
  const { slope, r2 } = lineOf(left, right)
  return variance(right) > 0 ? Math.sign(slope) * Math.sqrt(r2) : 0
}

/** Ranks from 1, ties share their mean. */
function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).toSorted((i, j) => values[i]! - values[j]!)
  const ranks = Array.from({ length: values.length }, () => 0)
  for (let from = 0; from < order.length;) {
    let to = from
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to++
    for (let k = from; k <= to; k++) ranks[order[k]!] = (from + to) / 2 + 1
    from = to + 1
  }
  return ranks
}
