/**
 * Bits of chunks, most significant first, and the three kinds of numbers that histogram chunks are
 * made of:
 *
 *     varbit       0 → `0`        n ones and a zero, then 3, 6, 9, 12, 18, 25 or 56 bits; eight ones,
 *                                 then 64 bits. Signed: of n bits the numbers above 2^(n-1) are negative.
 *     float        64 bits
 *     xor          with the float before, as in XOR chunks (xor.ts); every field has its own window
 *
 * Integers are doubles here: exact up to 2^53, which is more than the storage counts to; beyond that
 * they are as near as a double can be, as they are in PromQL. Source: tsdb/docs/format/chunks.md.
 */
import { isStale } from '@vigie/model'

/** The payload of a varbit by the number of ones before it. */
const SIZES = [0, 3, 6, 9, 12, 18, 25, 56, 64]
const SIGNED_MIN = SIZES.map((size) => -(2 ** (size - 1)) + 1)
const SIGNED_MAX = SIZES.map((size) => 2 ** (size - 1))
const UNSIGNED_MAX = SIZES.map((size) => 2 ** size - 1)
SIGNED_MAX[0] = 0
SIGNED_MIN[0] = 0
/** The 64-bit form takes whatever is left. */
const LAST = SIZES.length - 1
/** No number takes more bits. */
const NUMBER_BITS_MAX = 77
/** `leading` of a window before any xor was written. */
const NO_LEADING = 0xff
const WORD = 2 ** 32

const float = new Float64Array(1)
// [low, high]
const words = new Uint32Array(float.buffer)

/** Floats that are written as xors: their bits, and the zeros around the last xor written in full. */
export class XorFields {
  readonly floats: Float64Array
  /** `floats` as [low, high, …], so that the bits of a NaN stay what they are. */
  readonly words: Uint32Array
  readonly leading: Uint8Array
  readonly trailing: Uint8Array

  constructor(count: number) {
    this.floats = new Float64Array(count)
    this.words = new Uint32Array(this.floats.buffer)
    this.leading = new Uint8Array(count).fill(NO_LEADING)
    this.trailing = new Uint8Array(count)
  }
}

/** The chunk's bits end before they should, or say what cannot be. */
export class ChunkError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ChunkError'
  }
}

/** Sets `words` to the bits of `v`; of NaN there are two, as in Prometheus: stale markers and others. */
function setWords(v: number): void {
  float[0] = v
  if (v === v) return
  const marker = isStale(v)
  words[0] = marker ? 2 : 1
  words[1] = marker ? 0x7ff00000 : 0x7ff80000
}

/** Appends to a buffer that grows. */
export class BitWriter {
  #bytes: Uint8Array
  #bit = 0

  constructor(sizeBytes: number) {
    this.#bytes = new Uint8Array(sizeBytes)
  }

  /** All that was written, the last byte filled with zeros. Valid until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, (this.#bit + 7) >>> 3)
  }

  setByte(at: number, value: number): void {
    this.#bytes[at] = value
  }

  /** The lowest `size` bits of `value`, 0 to 32. */
  bits(value: number, size: number): void {
    if ((this.#bit + NUMBER_BITS_MAX) >>> 3 >= this.#bytes.length) this.#grow()
    const bytes = this.#bytes
    for (let left = size; left > 0;) {
      const at = this.#bit >>> 3
      const room = 8 - (this.#bit & 7)
      const taken = Math.min(room, left)
      left -= taken
      bytes[at] |= ((value >>> left) & ((1 << taken) - 1)) << (room - taken)
      this.#bit += taken
    }
  }

  #grow(): void {
    const bytes = new Uint8Array(this.#bytes.length * 2 + NUMBER_BITS_MAX)
    bytes.set(this.#bytes)
    this.#bytes = bytes
  }

  /** A float that stands alone. */
  double(v: number): void {
    setWords(v)
    this.#words()
  }

  #words(): void {
    const low = words[0]
    this.bits(words[1], 32)
    this.bits(low, 32)
  }

  varint(v: number): void {
    let ones = 0
    while (ones < LAST && (v < SIGNED_MIN[ones] || v > SIGNED_MAX[ones])) ones++
    this.#varbit(v, ones)
  }

  varuint(v: number): void {
    let ones = 0
    while (ones < LAST && v > UNSIGNED_MAX[ones]) ones++
    this.#varbit(v, ones)
  }

  #varbit(v: number, ones: number): void {
    const size = SIZES[ones]
    if (ones === LAST) this.bits(0xff, 8)
    else this.bits(2 ** (ones + 1) - 2, ones + 1)
    if (size > 32) {
      this.bits(Math.floor(v / WORD), size - 32)
      this.bits(v, 32)
    } else this.bits(v, size)
  }

  /** Sets a field that a chunk begins with. */
  float(fields: XorFields, field: number, v: number): void {
    setWords(v)
    fields.words[field * 2] = words[0]
    fields.words[field * 2 + 1] = words[1]
    this.#words()
  }

  xor(fields: XorFields, field: number, v: number): void {
    setWords(v)
    const low = words[0] ^ fields.words[field * 2]
    const high = words[1] ^ fields.words[field * 2 + 1]
    fields.words[field * 2] = words[0]
    fields.words[field * 2 + 1] = words[1]
    if ((high | low) === 0) return this.bits(0, 1)
    const leading = high === 0 ? 31 : Math.clz32(high)
    const trailing = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low)
    const { leading: leadings, trailing: trailings } = fields
    if (leadings[field] <= leading && trailings[field] <= trailing) this.bits(0b10, 2)
    else {
      leadings[field] = leading
      trailings[field] = trailing
      this.bits((0b11 << 11) | (leading << 6) | ((64 - leading - trailing) & 63), 13)
    }
    const shift = trailings[field]
    const size = 64 - leadings[field] - shift
    if (shift >= 32) return this.bits(high >>> (shift - 32), size)
    const lowest = shift === 0 ? low : (low >>> shift) | (high << (32 - shift))
    if (size > 32) this.bits(high >>> shift, size - 32)
    this.bits(lowest, Math.min(size, 32))
  }
}

const trailingZeros = (word: number): number => 31 - Math.clz32(word & -word)

/** Reads from `start` on; what would lie beyond `end` reads as zeros until `check`. */
export class BitReader {
  readonly #bytes: Uint8Array
  readonly #endBit: number
  #bit: number

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes
    this.#bit = start * 8
    this.#endBit = Math.min(end, bytes.length) * 8
  }

  /** Bits that are left. */
  get left(): number {
    return this.#endBit - this.#bit
  }

  /** Throws ChunkError when more was read than there is. */
  check(): void {
    if (this.left < 0) throw new ChunkError('the chunk ends in the middle of a sample')
  }

  /** The next 25 bits, from the highest bit of an int32 on. */
  #peek(): number {
    const bytes = this.#bytes
    const at = this.#bit >>> 3
    const word = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
    return word << (this.#bit & 7)
  }

  /** 1 to 32 bits as an unsigned number. */
  bits(size: number): number {
    if (size > 25) {
      const high = this.bits(size - 16)
      return high * 65_536 + this.bits(16)
    }
    const value = this.#peek() >>> (32 - size)
    this.#bit += size
    return value
  }

  double(): number {
    const high = this.bits(32)
    words[0] = this.bits(32)
    words[1] = high
    return float[0]
  }

  float(fields: XorFields, field: number): void {
    fields.words[field * 2 + 1] = this.bits(32)
    fields.words[field * 2] = this.bits(32)
  }

  /** How many ones come, up to `max`, with the zero behind them when there are fewer. */
  ones(max: number): number {
    const count = Math.min(Math.clz32(~this.#peek()), max)
    this.#bit += count === max ? max : count + 1
    return count
  }

  varint(): number {
    const next = this.#peek()
    // Fast path: no change.
    if (next >= 0) {
      this.#bit++
      return 0
    }
    const ones = this.ones(LAST)
    const size = SIZES[ones]
    if (size > 32) return this.#wide(2 ** (size - 33), this.bits(size - 32), this.bits(32), ones)
    const value = this.bits(size)
    return value > SIGNED_MAX[ones] ? value - 2 ** size : value
  }

  /** Signed, from its halves: above the middle it is negative, in the 64-bit form at the middle too. */
  #wide(middle: number, high: number, low: number, ones: number): number {
    const isNegative = high > middle || (high === middle && (low > 0 || ones === LAST))
    return (isNegative ? high - 2 * middle : high) * WORD + low
  }

  varuint(): number {
    const next = this.#peek()
    if (next >= 0) {
      this.#bit++
      return 0
    }
    const ones = this.ones(LAST)
    const size = SIZES[ones]
    if (size <= 32) return this.bits(size)
    const high = this.bits(size - 32)
    return high * WORD + this.bits(32)
  }

  xor(fields: XorFields, field: number): void {
    const next = this.#peek()
    if (next >= 0) {
      this.#bit++
      return
    }
    this.#bit += 2
    if (next << 1 < 0) this.window(fields, field)
    this.change(fields, field)
  }

  /** Which bits of a field change from now on. */
  window(fields: XorFields, field: number): void {
    const leading = this.bits(5)
    fields.leading[field] = leading
    fields.trailing[field] = Math.max(0, 64 - leading - (this.bits(6) || 64))
  }

  /** Changes the bits of a field that are in its window. */
  change(fields: XorFields, field: number): void {
    const trailing = fields.trailing[field]
    const size = 64 - fields.leading[field] - trailing
    if (size <= 0) throw new ChunkError('a change comes before the first one in full')
    let high = size > 32 ? this.bits(size - 32) : 0
    let low = this.bits(Math.min(size, 32))
    if (trailing >= 32) {
      high = low << (trailing - 32)
      low = 0
    } else if (trailing > 0) {
      high = (high << trailing) | (low >>> (32 - trailing))
      low <<= trailing
    }
    fields.words[field * 2] ^= low
    fields.words[field * 2 + 1] ^= high
  }

  /** A number in bytes of seven bits, the lowest first. */
  uvarint(): number {
    let value = 0
    for (let factor = 1; factor < 2 ** 63; factor *= 128) {
      const byte = this.bits(8)
      value += (byte & 0x7f) * factor
      if (byte < 128) return value
    }
    throw new ChunkError('a varint does not end')
  }
}
