/**
 * Where an open chunk ends, by Prometheus's rules, so that blocks have the same chunks: at the latest
 * where a block may end. A chunk that is a quarter full says how many more of its kind fit in before, and
 * these are then made equally long; when more comes than that was thought of, its size ends it.
 */

/** No chunk reaches over a multiple of this, so that blocks can be cut there. */
export const RANGE_MS: number = 2 * 3_600_000
/** Samples that a chunk of floats is to have. */
const CHUNK_SAMPLES = 120
/** Its end is reckoned when it has this many. */
export const RECKONED_AT: number = CHUNK_SAMPLES / 4
/** Samples of the largest chunk of floats. */
export const CHUNK_SAMPLES_MAX: number = 2 * CHUNK_SAMPLES
/** Size at which a chunk of floats takes no further sample: one of 19 bytes would pass 1024, 2 of them the count. */
export const CHUNK_BITS_MAX: number = (1024 - 19 - 2) * 8

/** Size that a chunk of histograms is to have. */
const HISTOGRAM_CHUNK_BYTES = 1024
/** Unless it ends with its range, a chunk of histograms has this many, */
const HISTOGRAM_CHUNK_SAMPLES_MIN = 10
/** but for those that are so large, which our slabs have no room for. */
const HISTOGRAM_CHUNK_BYTES_MAX = 32 * 1024
/** What its count has room for. */
const HISTOGRAM_CHUNK_SAMPLES_MAX = 65_535

/** The end of the range that `t` is in. */
export const rangeEnd = (t: number): number => (Math.floor(t / RANGE_MS) + 1) * RANGE_MS

/**
 * The end of a chunk from `minT` to `lastT` in a range that ends at `end`, when it is full once it has
 * `ratio` times as much as now.
 */
export function reckonEnd(minT: number, lastT: number, end: number, ratio: number): number {
  const chunks = (end - minT) / ((lastT - minT + 1) * ratio)
  return chunks <= 1 ? end : Math.trunc(minT + (end - minT) / Math.floor(chunks))
}

/** Ends the chunks of a series of histograms. */
export class HistogramEnds {
  #end: number
  #isReckoned = false

  /** `t`: the first time of its first chunk. */
  constructor(t: number) {
    this.#end = rangeEnd(t)
  }

  /** Whether the open chunk takes no further sample, at `t`. */
  isFull(minT: number, lastT: number, size: number, count: number, t: number): boolean {
    const nextRange = this.#isReckoned ? rangeEnd(minT) : this.#end
    if (!this.#isReckoned && size >= HISTOGRAM_CHUNK_BYTES / 4) {
      this.#end = reckonEnd(minT, lastT, this.#end, HISTOGRAM_CHUNK_BYTES / size)
      this.#isReckoned = true
    }
    if (size >= HISTOGRAM_CHUNK_BYTES_MAX || count >= HISTOGRAM_CHUNK_SAMPLES_MAX) return true
    const isDue = t >= this.#end || size >= HISTOGRAM_CHUNK_BYTES * 2
    return isDue && (count >= HISTOGRAM_CHUNK_SAMPLES_MIN || t >= nextRange)
  }

  /** A chunk begins at `t` as the one before was full. */
  restart(t: number): void {
    this.#end = rangeEnd(t)
    this.#isReckoned = false
  }

  /** A chunk begins at `t` for another reason; then, as in Prometheus, no end is reckoned again. */
  goOn(t: number): void {
    this.#end = rangeEnd(t)
  }
}
