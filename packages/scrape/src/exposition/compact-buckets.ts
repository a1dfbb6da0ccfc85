/** Buckets of a native histogram without those that are empty. */

export interface Buckets {
  /** `[offset, length, …]`, see Histogram. */
  spans: Int32Array
  counts: Float64Array
}

/**
 * Leaves out empty buckets at the ends, and inside where more than `emptyMax` stand in a row (which
 * would cost less than a span of their own).
 */
export function compactBuckets(
  spans: readonly number[],
  counts: ArrayLike<number>,
  emptyMax: number,
): Buckets {
  const builder = new BucketsBuilder(emptyMax)
  let index = 0
  let k = 0
  for (let i = 0; i < spans.length; i += 2) {
    index += spans[i]
    for (let j = 0; j < spans[i + 1]; j++) builder.add(index++, counts[k++])
  }
  return builder.finish()
}

/** Takes buckets in rising order of their index. */
export class BucketsBuilder {
  readonly #emptyMax: number
  readonly #spans: number[] = []
  readonly #counts: number[] = []
  /** Index behind the last bucket that was kept. */
  #next = 0

  constructor(emptyMax: number) {
    this.#emptyMax = emptyMax
  }

  add(index: number, count: number): void {
    if (count === 0) return
    const gap = index - this.#next
    const spans = this.#spans
    if (spans.length === 0 || gap > this.#emptyMax) spans.push(gap, 1)
    else {
      for (let i = 0; i < gap; i++) this.#counts.push(0)
      spans[spans.length - 1] += gap + 1
    }
    this.#counts.push(count)
    this.#next = index + 1
  }

  finish(): Buckets {
    return { spans: Int32Array.from(this.#spans), counts: Float64Array.from(this.#counts) }
  }
}
