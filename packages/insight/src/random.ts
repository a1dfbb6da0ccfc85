/** Seeded random numbers: resampling gives the same interval for the same data. */

export interface Random {
  /** 0 (included) to 1 (not). */
  uniform(): number
  /** Standard normal. */
  normal(): number
}

/** The generator "mulberry32", and Box and Muller's normals on top. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return { uniform, normal }
}
