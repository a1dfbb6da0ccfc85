/** Bytes that grow, with the numbers of Prometheus's block files: big endian, varints as in Go. */
import { crc32c } from '../wal/crc32c.ts'

const CAPACITY_INITIAL = 4096
const TWO_32 = 2 ** 32

export class ByteBuffer {
  #bytes: Buffer = Buffer.allocUnsafe(CAPACITY_INITIAL)
  size = 0

  /** What was written; valid until the next write. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.size)
  }

  clear(): void {
    this.size = 0
  }

  #reserve(count: number): void {
    if (this.size + count <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.size + count))
    this.#bytes.copy(larger, 0, 0, this.size)
    this.#bytes = larger
  }

  u8(value: number): void {
    this.#reserve(1)
    this.#bytes[this.size++] = value
  }

  u32(value: number): void {
    this.#reserve(4)
    this.size = this.#bytes.writeUInt32BE(value, this.size)
  }

  u64(value: number): void {
    this.u32(Math.floor(value / TWO_32))
    this.u32(value % TWO_32)
  }

  /** A non-negative integer below 2^53. */
  uvarint(value: number): void {
    this.#reserve(10)
    let rest = value
    while (rest > 0x7fffffff) {
      this.#bytes[this.size++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    while (rest >= 0x80) {
      this.#bytes[this.size++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.size++] = rest
  }

  /** An integer of less than 2^52 either way. */
  varint(value: number): void {
    this.uvarint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  text(text: string): void {
    const length = Buffer.byteLength(text)
    this.uvarint(length)
    this.#reserve(length)
    this.size += this.#bytes.write(text, this.size)
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.size)
    this.size += bytes.length
  }

  /** Zeros up to a multiple of `alignment`, given that the first byte stands at `base`. */
  pad(alignment: number, base: number): void {
    const count = (alignment - ((base + this.size) % alignment)) % alignment
    this.#reserve(count)
    this.#bytes.fill(0, this.size, this.size + count)
    this.size += count
  }

  /** The checksum of all from `start`. */
  crc(start: number): void {
    this.u32(crc32c(this.#bytes, start, this.size))
  }

  /** Overwrites four bytes that were written before. */
  setU32(at: number, value: number): void {
    this.#bytes.writeUInt32BE(value, at)
  }
}

/** No number takes more bytes. */
const UVARINT_BYTES_MAX = 10

/**
 * Reads such numbers; `at` moves on. Beyond the end everything is 0, and `at` shows it. A number that
 * does not end is Infinity, and so is `at` behind it.
 */
export class ByteReader {
  bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  u32(): number {
    const { bytes, at } = this
    this.at = at + 4
    return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
  }

  u64(): number {
    return this.u32() * TWO_32 + this.u32()
  }

  uvarint(): number {
    const { bytes } = this
    let byte = bytes[this.at++]
    // Fast path: most numbers are small.
    if (byte < 0x80) return byte
    let value = byte & 0x7f
    let factor = 128
    for (let i = 1; i < UVARINT_BYTES_MAX; i++) {
      byte = bytes[this.at++] ?? 0
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 128
    }
    this.at = Infinity
    return Infinity
  }

  varint(): number {
    const zigzag = this.uvarint()
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  }

  /** Moves behind a length and as many bytes. */
  skipText(): void {
    const size = this.uvarint()
    this.at += size
  }
}
