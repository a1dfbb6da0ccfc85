/**
 * Memory that bodies arrive in, used again from body to body: what is allocated anew for each would
 * bring on a full garbage collection every few dozen scrapes.
 */

/** Larger buffers are not kept, so that one large target does not hold memory for ever. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024
const KEPT_COUNT_MAX = 8
const SIZE_MIN = 64 * 1024

export class BodyPool {
  readonly #free: Buffer[] = []

  /** A buffer of at least `size` bytes with anything in it; the caller's until it gives it back. */
  take(size: number): Buffer {
    const { length } = this.#free
    for (let i = length - 1; i >= 0; i--)
      if (this.#free[i].length >= size) return this.#free.splice(i, 1)[0]
    return Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(Math.max(size, SIZE_MIN))))
  }

  /** Nobody may look at `buffer` afterwards. */
  giveBack(buffer: Buffer): void {
    if (buffer.length > KEPT_BYTES_MAX) return
    // The smallest one makes room: the larger fits more bodies.
    if (this.#free.push(buffer) > KEPT_COUNT_MAX)
      this.#free.sort((a, b) => b.length - a.length).pop()
  }
}

/** A body that grows as its parts arrive. */
export class GrowingBody {
  readonly #pool: BodyPool
  #bytes: Buffer
  size = 0

  constructor(pool: BodyPool) {
    this.#pool = pool
    this.#bytes = pool.take(SIZE_MIN)
  }

  /** Copies `part`. */
  add(part: Uint8Array): void {
    const size = this.size + part.length
    if (size > this.#bytes.length) {
      const larger = this.#pool.take(Math.max(size, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, this.size)
      this.#pool.giveBack(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes.set(part, this.size)
    this.size = size
  }

  /** What has arrived; valid until `release`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.size)
  }

  /** Gives the memory back. To be called once, or never: then it is collected. */
  release(): void {
    this.#pool.giveBack(this.#bytes)
    this.#bytes = Buffer.alloc(0)
    this.size = 0
  }
}
