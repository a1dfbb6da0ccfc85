/**
 * Prometheus's XOR chunk encoding of float samples (Gorilla), bit by bit, most significant first:
 *
 *     t0 <varint>  v0 <64 bits>  t1 - t0 <uvarint>  xor(v1)  dod(t2) xor(v2)  dod(t3) xor(v3) …
 *
 *     dod, delta of deltas:        0          → `0`
 *       -8191…8192                            → `10`   + 14 bits
 *       -65535…65536                          → `110`  + 17 bits
 *       -524287…524288                        → `1110` + 20 bits
 *       else                                  → `1111` + 64 bits
 *     xor with the value before:   0          → `0`
 *       fits the bits used last               → `10` + those bits
 *       else → `11` + leading zeros <5 bits> + significant bits <6 bits, 64 as 0> + those bits
 *
 * 64-bit numbers are handled as two 32-bit halves, timestamps as doubles (|t| < 2^52).
 * Source: tsdb/docs/format/chunks.md; the paper is Pelkonen et al., Gorilla, VLDB 2015.
 */
import type { SampleColumns } from '@vigie/model'

/** No sample takes more bytes, the four that a write may touch beyond its last bit included. */
export const SAMPLE_BYTES_MAX = 24
/** `leading` before any xor was written. */
export const NO_LEADING = 0xff

/** Writes samples at any bit of a buffer. Bits beyond the last written one are kept zero. */
export class XorEncoder {
  view: DataView = new DataView(new ArrayBuffer(SAMPLE_BYTES_MAX))
  /** Offset in `view` of bit 0. */
  start = 0
  bit = 0
  /** Leading and trailing zeros of the last xor written in full. */
  leading: number = NO_LEADING
  trailing = 0

  first(t: number, high: number, low: number): void {
    this.#varint(t < 0 ? -t * 2 - 1 : t * 2)
    this.#write(high, 32)
    this.#write(low, 32)
  }

  second(delta: number, xorHigh: number, xorLow: number): void {
    this.#varint(delta)
    this.#xor(xorHigh, xorLow)
  }

  /** `dod` is an int32. */
  next(dod: number, xorHigh: number, xorLow: number): void {
    if (dod === 0) {
      // Fast path: a regular series that stands still.
      if ((xorHigh | xorLow) === 0) return this.#write(0, 2)
      this.#write(0, 1)
    } else if (dod >= -8191 && dod <= 8192) this.#write((0b10 << 14) | (dod & 0x3fff), 16)
    else if (dod >= -65_535 && dod <= 65_536) this.#write((0b110 << 17) | (dod & 0x1ffff), 20)
    else if (dod >= -524_287 && dod <= 524_288) this.#write((0b1110 << 20) | (dod & 0xfffff), 24)
    else {
      this.#write(0b1111, 4)
      this.#write(dod >> 31, 32)
      this.#write(dod, 32)
    }
    this.#xor(xorHigh, xorLow)
  }

  #xor(high: number, low: number): void {
    if ((high | low) === 0) return this.#write(0, 1)
    const leading = high === 0 ? 31 : Math.clz32(high)
    const trailing = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low)
    if (leading >= this.leading && trailing >= this.trailing && this.leading !== NO_LEADING) {
      this.#write(0b10, 2)
    } else {
      this.leading = leading
      this.trailing = trailing
      this.#write((0b11 << 11) | (leading << 6) | ((64 - leading - trailing) & 63), 13)
    }
    const size = 64 - this.leading - this.trailing
    const shift = this.trailing
    if (shift >= 32) this.#write(high >>> (shift - 32), size)
    else {
      const lowest = shift === 0 ? low : (low >>> shift) | (high << (32 - shift))
      if (size > 32) this.#write(high >>> shift, size - 32)
      this.#write(lowest, Math.min(size, 32))
    }
  }

  /** Unsigned, up to 2^53. */
  #varint(value: number): void {
    let rest = value
    while (rest >= 128) {
      this.#write((rest % 128) | 128, 8)
      rest = Math.floor(rest / 128)
    }
    this.#write(rest, 8)
  }

  /** The lowest `size` bits of `value`, 1 to 32; the bits above them are ignored. */
  #write(value: number, size: number): void {
    const at = this.start + (this.bit >>> 3)
    const used = this.bit & 7
    if (used + size > 32) {
      const rest = used + size - 32
      this.#write(value >>> rest, size - rest)
      return this.#write(value, rest)
    }
    const kept = used === 0 ? 0 : this.view.getUint8(at) << 24
    const clean = size === 32 ? value : value & ((1 << size) - 1)
    this.view.setInt32(at, kept | (clean << (32 - used - size)))
    this.bit += size
  }
}

const trailingZeros = (word: number): number => 31 - Math.clz32(word & -word)

/**
 * Appends to `out` the samples with minT <= t <= maxT of the chunk whose samples (without their
 * count) start at `start`. Four bytes beyond its end must be readable. `words` are the two halves of
 * a double, [low, high], in a buffer of their own.
 *
 * One long function: the state of a decoder is all locals, a sample costs no calls but those that
 * read bits.
 */
// oxlint-disable-next-line max-lines-per-function -- see above
export function decodeXor(
  view: DataView,
  start: number,
  count: number,
  minT: number,
  maxT: number,
  words: Uint32Array,
  out: SampleColumns,
): void {
  if (count === 0) return
  out.reserve(out.length + count)
  const float = new Float64Array(words.buffer)
  const { t: outT, v: outV } = out
  let { length } = out
  let at = start
  let zigzag = 0
  let factor = 1
  let byte = 0
  do {
    byte = view.getUint8(at++)
    zigzag += (byte & 0x7f) * factor
    factor *= 128
  } while (byte >= 128)
  let t = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  let high = view.getInt32(at)
  let low = view.getInt32(at + 4)
  at += 8
  let delta = 0
  if (count > 1) {
    factor = 1
    do {
      byte = view.getUint8(at++)
      delta += (byte & 0x7f) * factor
      factor *= 128
    } while (byte >= 128)
  }
  let bit = at * 8
  let leading = 0
  let trailing = 0
  for (let i = 0; ;) {
    if (t > maxT) break
    if (t >= minT) {
      words[0] = low
      words[1] = high
      outT[length] = t
      outV[length++] = float[0]
    }
    if (++i === count) break
    if (i > 1) {
      const prefix = readBits(view, bit, 4)
      if (prefix < 0b1000) bit += 1
      else if (prefix < 0b1100) {
        delta += signed(readBits(view, bit + 2, 14), 14)
        bit += 16
      } else if (prefix < 0b1110) {
        delta += signed(readBits(view, bit + 3, 17), 17)
        bit += 20
      } else if (prefix === 0b1110) {
        delta += signed(readBits(view, bit + 4, 20), 20)
        bit += 24
      } else {
        delta += (readWord(view, bit + 4) | 0) * 2 ** 32 + readWord(view, bit + 36)
        bit += 68
      }
    }
    t += delta
    const control = readBits(view, bit, 2)
    if (control < 0b10) {
      bit += 1
      continue
    }
    bit += 2
    if (control === 0b11) {
      const sizes = readBits(view, bit, 11)
      bit += 11
      leading = sizes >>> 6
      trailing = 64 - leading - (sizes & 63 || 64)
    }
    const size = 64 - leading - trailing
    let xorHigh = 0
    let xorLow = 0
    if (size > 32) {
      xorHigh = readWord(view, bit) >>> (64 - size)
      xorLow = readWord(view, bit + size - 32) | 0
    } else xorLow = readWord(view, bit) >>> (32 - size)
    bit += size
    if (trailing >= 32) {
      xorHigh = xorLow << (trailing - 32)
      xorLow = 0
    } else if (trailing > 0) {
      xorHigh = (xorHigh << trailing) | (xorLow >>> (32 - trailing))
      xorLow <<= trailing
    }
    high ^= xorHigh
    low ^= xorLow
  }
  out.length = length
}

/** The first timestamp of a chunk. */
export function firstTimestamp(view: DataView, start: number): number {
  let zigzag = 0
  let factor = 1
  for (let at = start; ; at++) {
    const byte = view.getUint8(at)
    zigzag += (byte & 0x7f) * factor
    if (byte < 128) return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
    factor *= 128
  }
}

/** 1 to 25 bits as an unsigned number. */
function readBits(view: DataView, bit: number, size: number): number {
  return (view.getInt32(bit >>> 3) << (bit & 7)) >>> (32 - size)
}

/** 32 bits as an unsigned number. */
function readWord(view: DataView, bit: number): number {
  const at = bit >>> 3
  const shift = bit & 7
  if (shift === 0) return view.getUint32(at)
  return ((view.getInt32(at) << shift) | (view.getUint8(at + 4) >>> (8 - shift))) >>> 0
}

/** Numbers above the middle stand for negative ones; the middle itself is positive. */
const signed = (bits: number, size: number): number =>
  bits > 1 << (size - 1) ? bits - 2 ** size : bits
