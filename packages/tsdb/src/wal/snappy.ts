/**
 * Decompresses snappy blocks into memory that is used again: a log has a hundred thousand of them, and
 * memory made for each would be given back late.
 *
 *     size <uvarint> | elements, each beginning with a tag byte:
 *       xxxxxx00  literal of x + 1 bytes; x 60…63: the length - 1 is in the next 1…4 bytes
 *       oooxxx01  copy of x + 4 bytes from o << 8 | next byte back
 *       xxxxxx10  copy of x + 1 bytes from the next 2 bytes (little endian) back
 *       xxxxxx11  the same with 4 bytes
 *
 * Source: format_description.txt of google/snappy.
 */

/** A block that is none. */
export class SnappyError extends Error {}

export class SnappyReader {
  #out = Buffer.alloc(64 * 1024)
  #view = viewOf(this.#out)

  /** The content of a block of at most `maxBytes`, until the next call. Throws SnappyError. */
  decompress(block: Uint8Array, maxBytes: number): Buffer {
    let size = 0
    let at = 0
    for (let factor = 1; ; factor *= 128) {
      if (at >= block.length || at === 5) throw new SnappyError('snappy block without a size')
      const byte = block[at++]
      size += (byte & 0x7f) * factor
      if (byte < 0x80) break
    }
    if (size > maxBytes) throw new SnappyError(`snappy block of ${size} bytes, want ${maxBytes}`)
    if (size + SLACK_BYTES > this.#out.length) {
      this.#out = Buffer.alloc((size + SLACK_BYTES) * 2)
      this.#view = viewOf(this.#out)
    }
    decompress(viewOf(block), at, this.#view, this.#out, size)
    return this.#out.subarray(0, size)
  }
}

/** Short copies are made four bytes at a time, and may touch what is behind them. */
const SLACK_BYTES = 4
/** Up to here that is faster than asking for a copy. */
const SHORT_BYTES_MAX = 64

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

// oxlint-disable-next-line max-lines-per-function -- a decode loop: all state in locals
function decompress(
  block: DataView,
  start: number,
  out: DataView,
  bytes: Buffer,
  size: number,
): void {
  const end = block.byteLength
  const lastWord = end - 4
  let at = start
  let done = 0
  while (at < end) {
    const tag = block.getUint8(at++)
    const kind = tag & 3
    if (kind === 0) {
      let length = (tag >>> 2) + 1
      if (length > 60) {
        const lengthBytes = length - 60
        if (at + lengthBytes > end) throw new SnappyError('snappy block is cut off')
        length = 1
        for (let i = 0; i < lengthBytes; i++) length += block.getUint8(at++) * 2 ** (8 * i)
      }
      if (at + length > end || done + length > size)
        throw new SnappyError('snappy literal too long')
      if (length <= SHORT_BYTES_MAX && at + length <= lastWord)
        for (let i = 0; i < length; i += 4) out.setInt32(done + i, block.getInt32(at + i))
      else bytes.set(new Uint8Array(block.buffer, block.byteOffset + at, length), done)
      at += length
      done += length
      continue
    }
    const offsetBytes = kind === 3 ? 4 : kind
    if (at + offsetBytes > end) throw new SnappyError('snappy block is cut off')
    let length = (tag >>> 2) + 1
    let back = 0
    if (kind === 1) {
      length = ((tag >>> 2) & 7) + 4
      back = ((tag >>> 5) << 8) | block.getUint8(at)
    } else back = kind === 2 ? block.getUint16(at, true) : block.getUint32(at, true)
    at += offsetBytes
    if (back === 0 || back > done || done + length > size)
      throw new SnappyError('snappy copy from outside')
    const from = done - back
    if (back >= 4)
      for (let i = 0; i < length; i += 4) out.setInt32(done + i, out.getInt32(from + i))
    // The source runs into what is being written: byte by byte, by definition.
    else for (let i = 0; i < length; i++) out.setUint8(done + i, out.getUint8(from + i))
    done += length
  }
  if (done !== size) throw new SnappyError(`snappy block of ${done} bytes, want ${size}`)
}
