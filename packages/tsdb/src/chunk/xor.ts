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

/** A decoder reads words and may look this far beyond the end of a chunk. */
export const DECODE_SLACK_BYTES = 8

// The column written last, as the halves of its doubles: [low, high, …].
let column: Float64Array = new Float64Array(0)
let columnWords: Int32Array = new Int32Array(0)

function wordsOf(v: Float64Array): Int32Array {
  if (v === column) return columnWords
  column = v
  columnWords = new Int32Array(v.buffer, v.byteOffset, v.length * 2)
  return columnWords
}

/**
 * Appends to `out` the samples with minT <= t <= maxT among the first `count` of the chunk whose
 * samples (without their count) start at `start`. DECODE_SLACK_BYTES beyond its end must be readable.
 *
 * One long function: the state of a decoder is all locals, a sample costs no calls but those that
 * read words. Every sample is written; one before `minT` is written over by the next.
 */
// oxlint-disable-next-line max-lines-per-function -- see above
export function decodeXor(
  view: DataView,
  start: number,
  count: number,
  minT: number,
  maxT: number,
  out: SampleColumns,
): void {
  if (count === 0) return
  out.reserve(out.length + count)
  const outT = out.t
  const outWords = wordsOf(out.v)
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
  if (t > maxT) return
  let high = view.getInt32(at)
  let low = view.getInt32(at + 4)
  at += 8
  outT[length] = t
  outWords[2 * length] = low
  outWords[2 * length + 1] = high
  if (t >= minT) length++
  let left = count - 1
  if (left === 0) {
    out.length = length
    return
  }
  let delta = 0
  factor = 1
  do {
    byte = view.getUint8(at++)
    delta += (byte & 0x7f) * factor
    factor *= 128
  } while (byte >= 128)
  let bit = at * 8
  // The window of the last xor written in full, and what is left of 64 bits without its trailing zeros.
  let leading = 0
  let size = 64
  let maskHigh = -1
  let maskLow = -1
  for (let isSecond = true; ; isSecond = false) {
    // The next 25 bits at least, from the highest on.
    let word = view.getInt32(bit >>> 3) << (bit & 7)
    if (!isSecond) {
      if (word >>> 30 === 0) {
        // Fast path: on time and unchanged, several times over.
        let run = Math.min(Math.clz32(word) >>> 1, 12, left)
        bit += run * 2
        left -= run
        for (; run > 0; run--) {
          t += delta
          if (t > maxT) break
          outT[length] = t
          outWords[2 * length] = low
          outWords[2 * length + 1] = high
          if (t >= minT) length++
        }
        if (left === 0 || run > 0) break
        continue
      }
      if (word >= 0) {
        bit++
        word <<= 1
      } else {
        if (word << 1 >= 0) {
          delta += signed((word << 2) >>> 18, 0x1fff)
          bit += 16
        } else if (word << 2 >= 0) {
          delta += signed((word << 3) >>> 15, 0xffff)
          bit += 20
        } else if (word << 3 >= 0) {
          delta += signed((word << 4) >>> 12, 0x7ffff)
          bit += 24
        } else {
          delta += (readWord(view, bit + 4) | 0) * 2 ** 32 + readWord(view, bit + 36)
          bit += 68
        }
        word = view.getInt32(bit >>> 3) << (bit & 7)
      }
    }
    t += delta
    if (t > maxT) break
    if (word >= 0) bit++
    else {
      // The significant bits, from the highest of 64 on; bits of what follows them are masked below.
      let top = 0
      let bottom = 0
      let known = 22
      if (word << 1 < 0) {
        leading = (word >>> 25) & 31
        size = (word >>> 19) & 63 || 64
        const trailing = 64 - leading - size
        maskHigh = trailing >= 32 ? -1 << (trailing - 32) : -1
        maskLow = trailing >= 32 ? 0 : -1 << trailing
        bit += 13
        top = view.getInt32(bit >>> 3) << (bit & 7)
        known = 25
      } else {
        bit += 2
        top = word << 2
      }
      if (size > known) {
        const from = bit >>> 3
        const shift = bit & 7
        const next = view.getInt32(from + 4)
        top = (view.getInt32(from) << shift) | ((next >>> 1) >>> (31 - shift))
        bottom = (next << shift) | (view.getUint8(from + 8) >>> (8 - shift))
      }
      high ^= (top >>> leading) & maskHigh
      low ^= ((bottom >>> leading) | ((top << 1) << (31 - leading))) & maskLow
      bit += size
    }
    outT[length] = t
    outWords[2 * length] = low
    outWords[2 * length + 1] = high
    if (t >= minT) length++
    if (--left === 0) break
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

/** 32 bits as an unsigned number. */
function readWord(view: DataView, bit: number): number {
  const at = bit >>> 3
  const shift = bit & 7
  if (shift === 0) return view.getUint32(at)
  return ((view.getInt32(at) << shift) | (view.getUint8(at + 4) >>> (8 - shift))) >>> 0
}

/** Of 2 * max + 2 numbers those above max + 1 stand for negative ones. */
const signed = (bits: number, max: number): number => ((bits + max) & (2 * max + 1)) - max
