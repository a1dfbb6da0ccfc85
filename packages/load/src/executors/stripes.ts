/**
 * Execution segments: which part of a test one of several generators runs, found out by each alone.
 * The whole work (VUs, iterations, ticks) is numbered 0, 1, …; of every `period` numbers in a row each
 * segment owns a fixed few, spread as evenly as they go. What one segment does not own, another does.
 */

/** The numbers of one segment: those whose remainder modulo `period` is in `own` (sorted). */
export interface Stripes {
  period: number
  own: number[]
}

/** Segments of a test in their order: lengths in whole parts of the sum, and which of them is ours. */
export interface Segmentation {
  parts: number[]
  index: number
}

/**
 * Deals the numbers 0 to sum−1 to the segments: each number goes to the first segment, longest first,
 * that has fewer of them than its share so far.
 */
export function stripesOf({ parts, index }: Segmentation): Stripes {
  const period = parts.reduce((sum, part) => sum + part, 0)
  const byLength = parts.map((_, i) => i).sort((a, b) => parts[b]! - parts[a]! || a - b)
  const dealt = parts.map(() => 0)
  const own: number[] = []
  for (let number = 0; number < period; number++) {
    const owner = byLength.find((i) => dealt[i]! * period <= number * parts[i]!)
    if (owner === undefined) continue
    dealt[owner]!++
    if (owner === index) own.push(number)
  }
  return { period, own }
}

/** How many of the first `count` numbers are ours. */
export function scaled(stripes: Stripes | null, count: number): number {
  if (stripes === null) return count
  const { period, own } = stripes
  const rest = count % period
  return Math.floor(count / period) * own.length + own.filter((number) => number < rest).length
}

/** The number of the whole test that our n-th one is (both from 0). */
export function globalOf(stripes: Stripes | null, n: number): number {
  if (stripes === null) return n
  const { period, own } = stripes
  return Math.floor(n / own.length) * period + own[n % own.length]!
}

/**
 * The segmentation in the proportions in which `count` things are shared by it; null when none of them
 * is ours. Ticks follow VUs by this: who has no VU gets no tick.
 */
export function resegment(segmentation: Segmentation, count: number): Segmentation | null {
  const shares = segmentation.parts.map((_, index) =>
    scaled(stripesOf({ parts: segmentation.parts, index }), count),
  )
  if (shares[segmentation.index] === 0) return null
  const parts = reduced(shares.filter((share) => share > 0))
  const index = shares.slice(0, segmentation.index).filter((share) => share > 0).length
  return { parts, index }
}

/** The same proportions in the smallest whole numbers. */
export function reduced(parts: readonly number[]): number[] {
  const divisor = parts.reduce(gcd, 0)
  return parts.map((part) => part / divisor)
}

function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b]
  return a
}
