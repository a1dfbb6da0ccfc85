/**
 * Full chunks, in the order in which they were closed, in fixed slabs of 1 MB. Nothing in it changes
 * once written; the oldest slab is dropped as a whole when its samples are too old. A chunk:
 *
 *     previous <4b> | span <4b> | size <2b> | count <2b, big endian> | XOR samples <size - 2>
 *
 * `previous` links to the chunk of the same series before it, `span` is its last minus its first
 * timestamp in ms, and what follows `size` is a chunk as Prometheus has it in its files.
 *
 *     link (uint32) = slab << 17 | offset / 8           0 is no chunk
 *
 * Slab numbers are used in a circle. A link to a dropped slab means the same as 0: what it led to is
 * gone, and all that was before it too.
 */

const SLAB_BYTES = 1 << 20
/** A decoder reads four bytes at a time and may look this far beyond a chunk. */
const SLACK_BYTES = 8
const OFFSET_BITS = 17
const OFFSET_MASK = (1 << OFFSET_BITS) - 1
const SLABS_MAX = 1 << (32 - OFFSET_BITS)
export const CHUNK_HEADER_BYTES = 10

export interface ChunkSlab {
  readonly number: number
  readonly bytes: Uint8Array
  readonly view: DataView
  usedBytes: number
  chunks: number
  samples: number
  maxT: number
  /** When it was filled, ms; Infinity while it is not. */
  sealedMs: number
}

/** Slabs by number. A snapshot keeps one of these, and with it what it needs alive. */
export type ChunkSlabs = readonly (ChunkSlab | undefined)[]

export class ChunkLog {
  #slabs: ChunkSlabs = []
  // Oldest first.
  readonly #order: ChunkSlab[] = []
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Copied when it changes: who holds it sees the same slabs for ever. */
  get slabs(): ChunkSlabs {
    return this.#slabs
  }

  get sizeBytes(): number {
    return this.#order.length * SLAB_BYTES
  }

  get chunks(): number {
    return this.#order.reduce((sum, slab) => sum + slab.chunks, 0)
  }

  get samples(): number {
    return this.#order.reduce((sum, slab) => sum + slab.samples, 0)
  }

  /** Appends a chunk: the first `size` bytes of `data` are its count and samples. Returns its link. */
  add(previous: number, minT: number, maxT: number, data: Uint8Array, size: number): number {
    let slab = this.#order.at(-1)
    if (slab === undefined || slab.usedBytes + CHUNK_HEADER_BYTES + size + SLACK_BYTES > SLAB_BYTES)
      slab = this.#addSlab(slab)
    const at = slab.usedBytes
    slab.view.setUint32(at, previous, true)
    slab.view.setUint32(at + 4, maxT - minT, true)
    slab.view.setUint16(at + 8, size, true)
    const { bytes } = slab
    for (let i = 0; i < size; i++) bytes[at + CHUNK_HEADER_BYTES + i] = data[i]
    slab.usedBytes = (at + CHUNK_HEADER_BYTES + size + 7) & ~7
    slab.chunks++
    slab.samples += (data[0] << 8) | data[1]
    if (maxT > slab.maxT) slab.maxT = maxT
    return ((slab.number << OFFSET_BITS) | (at / 8)) >>> 0
  }

  #addSlab(full: ChunkSlab | undefined): ChunkSlab {
    if (full !== undefined) full.sealedMs = this.#now()
    const number = full === undefined ? 0 : (full.number + 1) % SLABS_MAX
    if (this.#slabs[number] !== undefined)
      throw new RangeError(`BUG: ${SLABS_MAX} chunk slabs in use`)
    const buffer = new SharedArrayBuffer(SLAB_BYTES)
    const slab: ChunkSlab = {
      number,
      bytes: new Uint8Array(buffer),
      view: new DataView(buffer),
      // Offset 0 of slab 0 would be link 0.
      usedBytes: 8,
      chunks: 0,
      samples: 0,
      maxT: -Infinity,
      sealedMs: Infinity,
    }
    this.#order.push(slab)
    this.#publish(number, slab)
    return slab
  }

  /**
   * Drops the oldest slabs as long as all their samples are older than `minT`. A slab with samples
   * from the future counts as old as it is itself. Returns the number of chunks dropped.
   */
  dropBefore(minT: number): number {
    let dropped = 0
    while (this.#order.length > 1) {
      const oldest = this.#order[0]
      if (Math.min(oldest.maxT, oldest.sealedMs) >= minT) break
      this.#order.shift()
      this.#publish(oldest.number, undefined)
      dropped += oldest.chunks
    }
    return dropped
  }

  #publish(number: number, slab: ChunkSlab | undefined): void {
    const slabs = [...this.#slabs]
    slabs[number] = slab
    this.#slabs = slabs
  }
}

export const slabOf = (slabs: ChunkSlabs, link: number): ChunkSlab | undefined =>
  link === 0 ? undefined : slabs[link >>> OFFSET_BITS]
/** Offset of a chunk in its slab, in bytes. */
export const offsetOf = (link: number): number => (link & OFFSET_MASK) * 8
