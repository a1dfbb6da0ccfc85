/**
 * Small blocks of bytes in large fixed slabs: label text, label sets and the blocks of open chunks.
 *
 *     handle (uint32) = slab << 14 | offset / 16        0 is no block
 *
 * Slabs are SharedArrayBuffers of 256 KB that never move, so that other threads may read them. Sizes
 * are rounded up to a class; a freed block waits in the list of its class, linked through its first
 * four bytes. Slabs are never given back: their number is that of the worst moment.
 */

export const SLAB_BYTES: number = 256 * 1024
const UNIT_BYTES = 16
const UNIT_BITS = 14
const UNIT_MASK = (1 << UNIT_BITS) - 1

/** Largest block, and so the largest label text or label set. */
export const BLOCK_BYTES_MAX = 65_536

const CLASS_BYTES = [
  16,
  32,
  48,
  64,
  80,
  96,
  128,
  160,
  192,
  256,
  320,
  384,
  512,
  768,
  1024,
  2048,
  4096,
  8192,
  16_384,
  32_768,
  BLOCK_BYTES_MAX,
]

export interface Slab {
  readonly bytes: Buffer
  readonly words: Uint32Array
  readonly view: DataView
}

export class Arena {
  /** By slab number. Not to be modified. */
  readonly slabs: Slab[] = []
  // Handle of the first free block of each class.
  readonly #free = new Uint32Array(CLASS_BYTES.length)
  #nextOffset = SLAB_BYTES
  #usedBytes = 0

  /** Bytes of all slabs. */
  get sizeBytes(): number {
    return this.slabs.length * SLAB_BYTES
  }

  /** Bytes of the blocks in use. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  /** A block of at least `sizeBytes`; its content is arbitrary. */
  allocate(sizeBytes: number): number {
    const at = classOf(sizeBytes)
    const blockBytes = CLASS_BYTES[at]
    this.#usedBytes += blockBytes
    const free = this.#free[at]
    // Fast path: one was freed before.
    if (free !== 0) {
      this.#free[at] = this.slab(free).words[wordOf(free)]
      return free
    }
    if (this.#nextOffset + blockBytes > SLAB_BYTES) this.#addSlab()
    const handle = ((this.slabs.length - 1) << UNIT_BITS) | (this.#nextOffset / UNIT_BYTES)
    this.#nextOffset += blockBytes
    return handle >>> 0
  }

  /** Gives a block back; `sizeBytes` as it was asked for. */
  free(handle: number, sizeBytes: number): void {
    const at = classOf(sizeBytes)
    this.#usedBytes -= CLASS_BYTES[at]
    this.slab(handle).words[wordOf(handle)] = this.#free[at]
    this.#free[at] = handle
  }

  slab(handle: number): Slab {
    return this.slabs[slabNumberOf(handle)]
  }

  #addSlab(): void {
    this.slabs.push(makeSlab(new SharedArrayBuffer(SLAB_BYTES)))
    // Offset 0 of the first slab would be handle 0.
    this.#nextOffset = UNIT_BYTES
  }
}

export const makeSlab = (buffer: SharedArrayBuffer): Slab => ({
  bytes: Buffer.from(buffer),
  words: new Uint32Array(buffer),
  view: new DataView(buffer),
})

export const slabNumberOf = (handle: number): number => handle >>> UNIT_BITS
/** Offset of a block in its slab, in bytes. */
export const byteOf = (handle: number): number => (handle & UNIT_MASK) * UNIT_BYTES
/** Offset of a block in its slab, in 32-bit words. */
export const wordOf = (handle: number): number => (handle & UNIT_MASK) * (UNIT_BYTES / 4)

function classOf(sizeBytes: number): number {
  for (let at = 0; at < CLASS_BYTES.length; at++) if (CLASS_BYTES[at] >= sizeBytes) return at
  throw new RangeError(`BUG: block of ${sizeBytes} bytes, want at most ${BLOCK_BYTES_MAX}`)
}
