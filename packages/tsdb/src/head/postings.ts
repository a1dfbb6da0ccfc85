/**
 * Which series have which label: for every pair of name and value, and for all series together, the
 * slots in rising order. Names and values are symbols, so that no text is kept twice.
 */

/** Slots in a Uint32Array that doubles; sorted when somebody reads, as most arrive in order. */
class SlotList {
  #slots = new Uint32Array(2)
  #length = 0
  #isSorted = true

  get length(): number {
    return this.#length
  }

  get sizeBytes(): number {
    return this.#slots.byteLength
  }

  add(slot: number): void {
    if (this.#length === this.#slots.length) this.#resize(this.#length * 2)
    if (this.#length > 0 && this.#slots[this.#length - 1] > slot) this.#isSorted = false
    this.#slots[this.#length++] = slot
  }

  keepOnly(isKept: (slot: number) => boolean): void {
    let kept = 0
    for (let i = 0; i < this.#length; i++)
      if (isKept(this.#slots[i])) this.#slots[kept++] = this.#slots[i]
    this.#length = kept
    if (kept * 4 < this.#slots.length) this.#resize(Math.max(2, kept * 2))
  }

  /** Sorted; valid until the list changes. */
  view(): Uint32Array {
    const view = this.#slots.subarray(0, this.#length)
    if (!this.#isSorted) view.sort()
    this.#isSorted = true
    return view
  }

  #resize(capacity: number): void {
    const slots = new Uint32Array(capacity)
    slots.set(this.#slots.subarray(0, this.#length))
    this.#slots = slots
  }
}

const NONE = new Uint32Array(0)

/** The slots of one label value. A value that one series alone has is just its slot: no object. */
type Entry = number | SlotList

export class Postings {
  readonly #all = new SlotList()
  readonly #byName = new Map<number, Map<number, Entry>>()
  #pairs = 0

  /** Number of distinct label pairs. */
  get pairs(): number {
    return this.#pairs
  }

  get sizeBytes(): number {
    let sum = this.#all.sizeBytes
    for (const values of this.#byName.values())
      for (const entry of values.values()) sum += typeof entry === 'number' ? 0 : entry.sizeBytes
    return sum
  }

  addSeries(slot: number): void {
    this.#all.add(slot)
  }

  addPair(name: number, value: number, slot: number): void {
    let values = this.#byName.get(name)
    if (values === undefined) this.#byName.set(name, (values = new Map()))
    const entry = values.get(value)
    if (entry === undefined) {
      values.set(value, slot)
      this.#pairs++
    } else if (typeof entry === 'number') {
      const list = new SlotList()
      list.add(entry)
      list.add(slot)
      values.set(value, list)
    } else entry.add(slot)
  }

  /** Takes series out of the list of all. */
  removeSeries(isKept: (slot: number) => boolean): void {
    this.#all.keepOnly(isKept)
  }

  /** Takes series out of the list of one pair. */
  removeFromPair(name: number, value: number, isKept: (slot: number) => boolean): void {
    const values = this.#byName.get(name)
    const entry = values?.get(value)
    if (values === undefined || entry === undefined) return
    if (typeof entry === 'number') {
      if (isKept(entry)) return
    } else {
      entry.keepOnly(isKept)
      if (entry.length > 0) return
    }
    this.#pairs--
    values.delete(value)
    if (values.size === 0) this.#byName.delete(name)
  }

  /** All series, sorted; valid until something is added or removed. */
  all(): Uint32Array {
    return this.#all.view()
  }

  /** The series of one pair, like `all`. */
  pair(name: number, value: number): Uint32Array {
    const entry = this.#byName.get(name)?.get(value)
    if (entry === undefined) return NONE
    return typeof entry === 'number' ? Uint32Array.of(entry) : entry.view()
  }

  countOf(name: number, value: number): number {
    const entry = this.#byName.get(name)?.get(value)
    if (entry === undefined) return 0
    return typeof entry === 'number' ? 1 : entry.length
  }

  names(): Iterable<number> {
    return this.#byName.keys()
  }

  valuesOf(name: number): Iterable<number> {
    return this.#byName.get(name)?.keys() ?? []
  }

  valueCountOf(name: number): number {
    return this.#byName.get(name)?.size ?? 0
  }
}
