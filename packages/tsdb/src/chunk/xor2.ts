/**
 * Reads XOR2 chunks, which Prometheus 3.13 and later write for floats when `chunk_encoding.floats` is
 * `xor2`. Timestamp and value share a prefix:
 *
 *     count <2b> | ST <1b> | t0 <varint> v0 <64 bits> | t1 - t0 <uvarint> value | samples …
 *
 *     sample   `0`      on time, unchanged
 *              `10`     on time, then `0` + bits in the window, or `1` + window + bits
 *              `110`    + delta of deltas in 13 bits + value
 *              `1110`   + the same in 20 bits + value
 *              `11110`  + the same in 64 bits + value
 *              `11111`  on time, stale
 *     value    `0` unchanged · `10` bits in the window · `110` window + bits · `111` stale
 *
 * A change is against the last value that was not stale; window and bits are as in xor.ts. ST says
 * where start timestamps are, which are skipped: highest bit, a varint behind v0; the other seven, the
 * sample from which on each is followed by a varbit. Source: the comments of tsdb/chunkenc/xor2.go.
 */
import { STALE_NAN, type SampleColumns, isStale } from '@vigie/model'
import { BitReader, ChunkError, XorFields } from './bits.ts'

const HEADER_BYTES = 3
const START_KNOWN = 0x80
const VALUE = 0

/**
 * Appends to `out` the samples with minT <= t <= maxT among the first `count` of the chunk at
 * `start`…`end` of `bytes`, its count of samples included. Throws ChunkError.
 */
export function decodeXor2(
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
  minT: number,
  maxT: number,
  out: SampleColumns,
): void {
  if (count === 0) return
  if (end - start < HEADER_BYTES) throw new ChunkError('the chunk is shorter than its header')
  const reader = new BitReader(bytes, start + HEADER_BYTES, end)
  const fields = new XorFields(1)
  const startsAt = bytes[start + 2] & ~START_KNOWN
  const zigzag = reader.uvarint()
  let t = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  reader.float(fields, VALUE)
  let v = fields.floats[VALUE]
  if (isStale(v)) fields.floats[VALUE] = 0
  if ((bytes[start + 2] & START_KNOWN) !== 0) reader.uvarint()
  // Before the first window all bits change.
  fields.leading[VALUE] = 0
  let delta = 0
  for (let i = 0; ;) {
    reader.check()
    if (t > maxT) return
    if (t >= minT) out.push(t, v)
    if (++i === count) return
    if (i === 1) {
      delta = reader.uvarint()
      v = readValue(reader, fields)
    } else {
      const kind = reader.ones(5)
      if (kind >= 2 && kind <= 4) {
        delta += kind === 4 ? readInt64(reader) : readSigned(reader, kind === 2 ? 13 : 20)
        v = readValue(reader, fields)
      } else if (kind === 1) {
        if (reader.bits(1) === 1) reader.window(fields, VALUE)
        reader.change(fields, VALUE)
        v = fields.floats[VALUE]
      } else v = kind === 5 ? STALE_NAN : fields.floats[VALUE]
    }
    t += delta
    if (startsAt > 0 && i >= startsAt) reader.varint()
  }
}

function readValue(reader: BitReader, fields: XorFields): number {
  const kind = reader.ones(3)
  if (kind === 3) return STALE_NAN
  if (kind === 2) reader.window(fields, VALUE)
  if (kind > 0) reader.change(fields, VALUE)
  return fields.floats[VALUE]
}

function readSigned(reader: BitReader, size: number): number {
  const value = reader.bits(size)
  return value >= 2 ** (size - 1) ? value - 2 ** size : value
}

function readInt64(reader: BitReader): number {
  const high = reader.bits(32) | 0
  return high * 2 ** 32 + reader.bits(32)
}
