/**
 * Samples on their way from the log to the head, gathered so that each series gets a run of its own:
 * its state and its chunk come into the processor's caches once for many samples, where the order of the
 * log, scrape after scrape, has them come for each.
 */
import type { Head } from './head/head.ts'

/** Samples that are gathered, 24 bytes each; there is room for fewer until they come. */
const BUFFERED_MAX = 1 << 21
const CAPACITY_MIN = 1 << 10
/** A run shorter than this on average is not worth the sorting. */
const SERIES_PER_SAMPLE_MAX = 4

export class ReplayBuffer {
  readonly #head: Head
  #slots = new Uint32Array(CAPACITY_MIN)
  #t = new Float64Array(CAPACITY_MIN)
  #bits = new Int32Array(CAPACITY_MIN * 2)
  #order = new Uint32Array(CAPACITY_MIN)
  #ends = new Uint32Array(0)
  #count = 0

  constructor(head: Head) {
    this.#head = head
  }

  /** Whether `flush` must come before the next `add`. */
  get isFull(): boolean {
    return this.#count === BUFFERED_MAX
  }

  add(slot: number, t: number, low: number, high: number): void {
    if (this.#count === this.#slots.length) this.#grow()
    const i = this.#count++
    this.#slots[i] = slot
    this.#t[i] = t
    this.#bits[2 * i] = low
    this.#bits[2 * i + 1] = high
  }

  #grow(): void {
    const capacity = this.#slots.length * 4
    const [slots, t, bits] = [this.#slots, this.#t, this.#bits]
    this.#slots = new Uint32Array(capacity)
    this.#t = new Float64Array(capacity)
    this.#bits = new Int32Array(capacity * 2)
    this.#order = new Uint32Array(capacity)
    this.#slots.set(slots)
    this.#t.set(t)
    this.#bits.set(bits)
  }

  /** Gives all to the head, in order of time; how many it took. */
  flush(): number {
    const count = this.#count
    this.#count = 0
    if (count === 0) return 0
    const { end } = this.#head.table
    return count * SERIES_PER_SAMPLE_MAX < end
      ? this.#appendEach(count)
      : this.#appendRuns(count, end)
  }

  #appendEach(count: number): number {
    const order = this.#order
    let taken = 0
    for (let i = 0; i < count; i++) {
      order[0] = i
      taken += this.#head.appendRun(this.#slots[i], this.#t, this.#bits, order, 0, 1)
    }
    return taken
  }

  /** Sorts by counting. */
  #appendRuns(count: number, end: number): number {
    const slots = this.#slots
    const order = this.#order
    if (this.#ends.length < end) this.#ends = new Uint32Array(end * 2)
    const ends = this.#ends.fill(0, 0, end)
    for (let i = 0; i < count; i++) ends[slots[i]]++
    let sum = 0
    for (let slot = 0; slot < end; slot++) {
      const start = sum
      sum += ends[slot]
      ends[slot] = start
    }
    for (let i = 0; i < count; i++) order[ends[slots[i]]++] = i
    let taken = 0
    let from = 0
    for (let slot = 0; slot < end; slot++) {
      const to = ends[slot]
      if (to > from) taken += this.#head.appendRun(slot, this.#t, this.#bits, order, from, to)
      from = to
    }
    return taken
  }
}
