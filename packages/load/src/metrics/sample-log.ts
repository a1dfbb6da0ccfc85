/**
 * Every sample of one worker on its own, with its time, for outputs that want that: five numbers each,
 * `[series id, ms since the epoch, value, VU, iteration]`. Nobody pays for it otherwise.
 */
import type { TagSet } from './tags.ts'

/** Numbers of one sample. */
export const SAMPLE_SIZE = 5

/** A tag that tells the series of VUs apart, and goes nowhere else. */
export const OWNER_TAG = '\u0000vu'

/** Who makes samples. `iteration` counts from 0. */
export interface SampleOwner {
  readonly id: number
  readonly currentIteration: number
}

export class SampleLog {
  readonly #now: () => number
  readonly #owners = new Map<string, SampleOwner>()
  #numbers = new Float64Array(1024)
  #length = 0
  /** What happens in one go has one time, like the nine samples of a request. */
  #nowMs = 0

  /** `now` is in ms since the epoch. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** From here on, series with the owner's tag tell who made their samples. */
  own(owner: SampleOwner): void {
    this.#owners.set(String(owner.id), owner)
  }

  ownerOf(tags: TagSet): SampleOwner | null {
    const id = tags.pairs.find(([name]) => name === OWNER_TAG)?.[1]
    return id === undefined ? null : (this.#owners.get(id) ?? null)
  }

  push(series: number, value: number, owner: SampleOwner | null): void {
    if (this.#nowMs === 0) {
      this.#nowMs = this.#now()
      queueMicrotask(() => (this.#nowMs = 0))
    }
    if (this.#length + SAMPLE_SIZE > this.#numbers.length) {
      const grown = new Float64Array(this.#numbers.length * 2)
      grown.set(this.#numbers)
      this.#numbers = grown
    }
    const at = this.#length
    this.#numbers[at] = series
    this.#numbers[at + 1] = this.#nowMs
    this.#numbers[at + 2] = value
    this.#numbers[at + 3] = owner === null ? -1 : owner.id
    this.#numbers[at + 4] = owner === null ? -1 : owner.currentIteration
    this.#length += SAMPLE_SIZE
  }

  /** What came in since the last time. */
  take(): Float64Array {
    const taken = this.#numbers.slice(0, this.#length)
    this.#length = 0
    return taken
  }
}
