/**
 * The state of every series, 64 bytes each (one cache line), in pages of 4096 that never move:
 *
 *      0 lastT       f64   newest timestamp, ms; -Infinity before the first sample
 *      8 lastV       f64   its value
 *     16 walRef      f64   its number in the WAL
 *     24 block       u32   last block of the open chunk (arena handle), 0 when there is none
 *     28 closed      u32   newest full chunk (link)
 *     32 labels      u32   label set (arena handle), 0 while the slot is free
 *     36 hash        u32   of the label set
 *     40 pending     u32   where in a batch its last sample was put; the next free slot of a free one
 *     44 delta       i32   last minus second to last timestamp of the open chunk, ms
 *     48 range       i32   number of the 2 h range that the open chunk lies in
 *     52 generation  u16   how often the slot was given out, so that old references are recognised
 *     54 bits        u16   size of the open chunk
 *     56 count u8, leading u8, trailing u8, flags u8 of the open chunk and the series
 *     60 end         i32   where the open chunk ends, ms from the start of its range
 *
 * A reference is generation << 22 | slot; slots count from 1, so that no reference is 0.
 */

const PAGE_SLOTS_BITS = 12
const PAGE_SLOTS = 1 << PAGE_SLOTS_BITS
const SERIES_BYTES = 64
const SLOT_BITS = 22
const GENERATION_MASK = 0x1ff

/** More series than this cannot be told apart by a reference. */
export const SERIES_MAX: number = 2 ** SLOT_BITS - 1

// Offsets within a series, each in units of its own size.
export const LAST_T = 0
export const LAST_V = 1
export const LAST_V_LOW = 2
export const LAST_V_HIGH = 3
export const WAL_REF = 2
export const BLOCK = 6
export const CLOSED = 7
export const LABELS = 8
export const HASH = 9
export const PENDING = 10
export const DELTA = 11
export const RANGE = 12
export const END = 15
export const GENERATION = 26
export const BITS = 27
export const COUNT = 56
export const LEADING = 57
export const TRAILING = 58
export const FLAGS = 59

/** The WAL has a record of the series. */
export const LOGGED = 1
/** It has had a sample, and so is in the postings. */
export const VISIBLE = 2
/** Made since the last collection: too early to be taken for dead. */
export const FRESH = 4
/** Out of the postings; its slot is freed when nobody can hold a snapshot of it any more. */
export const DEAD = 8

export interface SeriesPage {
  readonly f64: Float64Array
  readonly u32: Uint32Array
  readonly i32: Int32Array
  readonly u16: Uint16Array
  readonly u8: Uint8Array
}

export class SeriesTable {
  /** By slot / 4096. Not to be modified. */
  readonly pages: SeriesPage[] = []
  #next = 1
  // First freed, first given out again: references stay unique for longest.
  #firstFree = 0
  #lastFree = 0
  #count = 0

  /** Series alive, dead ones that still hold their slot included. */
  get count(): number {
    return this.#count
  }

  /** One more than the highest slot ever used. */
  get end(): number {
    return this.#next
  }

  get sizeBytes(): number {
    return this.pages.length * PAGE_SLOTS * SERIES_BYTES
  }

  page(slot: number): SeriesPage {
    return this.pages[slot >>> PAGE_SLOTS_BITS]
  }

  allocate(): number {
    this.#count++
    let slot = this.#firstFree
    if (slot === 0) {
      slot = this.#next++
      if (slot >>> PAGE_SLOTS_BITS === this.pages.length) this.pages.push(newPage())
    } else {
      this.#firstFree = this.page(slot).u32[word(slot) + PENDING]
      if (this.#firstFree === 0) this.#lastFree = 0
    }
    const page = this.page(slot)
    const generation = page.u16[half(slot) + GENERATION]
    page.u8.fill(0, byte(slot), byte(slot) + SERIES_BYTES)
    page.u16[half(slot) + GENERATION] = (generation + 1) & GENERATION_MASK
    page.f64[double(slot) + LAST_T] = -Infinity
    return slot
  }

  free(slot: number): void {
    this.#count--
    const page = this.page(slot)
    page.u32[word(slot) + LABELS] = 0
    page.u32[word(slot) + PENDING] = 0
    // A reference to the slot is wrong from now on, not only once it is given out again.
    const generation = page.u16[half(slot) + GENERATION]
    page.u16[half(slot) + GENERATION] = (generation + 1) & GENERATION_MASK
    if (this.#lastFree === 0) this.#firstFree = slot
    else this.page(this.#lastFree).u32[word(this.#lastFree) + PENDING] = slot
    this.#lastFree = slot
  }

  refOf(slot: number): number {
    return this.page(slot).u16[half(slot) + GENERATION] * (1 << SLOT_BITS) + slot
  }

  /** The slot that a reference stands for, 0 when its series is gone. */
  slotOf(ref: number): number {
    const slot = ref & SERIES_MAX
    if (slot === 0 || slot >= this.#next) return 0
    const page = this.page(slot)
    if (page.u16[half(slot) + GENERATION] !== ref >>> SLOT_BITS) return 0
    return page.u32[word(slot) + LABELS] === 0 ? 0 : slot
  }

  /** Whether a slot holds a series that has not been collected. */
  isAlive(slot: number): boolean {
    const page = this.page(slot)
    return page.u32[word(slot) + LABELS] !== 0 && (page.u8[byte(slot) + FLAGS] & DEAD) === 0
  }
}

const IN_PAGE = PAGE_SLOTS - 1
/** Where a slot starts in the doubles of its page. */
export const double = (slot: number): number => (slot & IN_PAGE) * (SERIES_BYTES / 8)
/** Where a slot starts in the 32-bit words of its page. */
export const word = (slot: number): number => (slot & IN_PAGE) * (SERIES_BYTES / 4)
/** Where a slot starts in the 16-bit halves of its page. */
export const half = (slot: number): number => (slot & IN_PAGE) * (SERIES_BYTES / 2)
/** Where a slot starts in the bytes of its page. */
export const byte = (slot: number): number => (slot & IN_PAGE) * SERIES_BYTES

function newPage(): SeriesPage {
  const buffer = new SharedArrayBuffer(PAGE_SLOTS * SERIES_BYTES)
  return {
    f64: new Float64Array(buffer),
    u32: new Uint32Array(buffer),
    i32: new Int32Array(buffer),
    u16: new Uint16Array(buffer),
    u8: new Uint8Array(buffer),
  }
}
