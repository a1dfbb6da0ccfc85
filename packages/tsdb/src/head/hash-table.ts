/**
 * A hash table of numbers (slots, handles) whose keys are stored elsewhere: open addressing with
 * linear probing, at most half full, 0 is an empty place.
 */
export class HashTable {
  readonly #hashOf: (id: number) => number
  #places = new Uint32Array(64)
  #count = 0

  /** `hashOf` gives the 32-bit hash of what was added. Ids are never 0. */
  constructor(hashOf: (id: number) => number) {
    this.#hashOf = hashOf
  }

  get count(): number {
    return this.#count
  }

  get sizeBytes(): number {
    return this.#places.byteLength
  }

  /** The id with that hash for which `isEqual` holds, 0 when there is none. */
  find(hash: number, isEqual: (id: number) => boolean): number {
    const mask = this.#places.length - 1
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const id = this.#places[i]
      if (id === 0) return 0
      if (this.#hashOf(id) === hash && isEqual(id)) return id
    }
  }

  /** `id` must not be there yet. */
  add(id: number): void {
    if (++this.#count * 2 > this.#places.length) this.#grow()
    this.#place(id)
  }

  delete(id: number): void {
    const places = this.#places
    const mask = places.length - 1
    let hole = this.#hashOf(id) & mask
    while (places[hole] !== id) hole = (hole + 1) & mask
    this.#count--
    // Moves back what would no longer be reached across the hole.
    for (let i = (hole + 1) & mask; places[i] !== 0; i = (i + 1) & mask) {
      const home = this.#hashOf(places[i]) & mask
      if (((i - home) & mask) >= ((i - hole) & mask)) {
        places[hole] = places[i]
        hole = i
      }
    }
    places[hole] = 0
  }

  #place(id: number): void {
    const mask = this.#places.length - 1
    let i = this.#hashOf(id) & mask
    while (this.#places[i] !== 0) i = (i + 1) & mask
    this.#places[i] = id
  }

  #grow(): void {
    const before = this.#places
    this.#places = new Uint32Array(before.length * 2)
    for (const id of before) if (id !== 0) this.#place(id)
  }
}
