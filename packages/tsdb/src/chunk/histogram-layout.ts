/**
 * What histogram chunks, of integers and of floats, begin with. Source: tsdb/docs/format/chunks.md.
 *
 *     count <2b, big endian> | flags <1b> | zero threshold <1 or 9b> | schema <varint>
 *     | positive spans | negative spans | custom bounds, for custom buckets alone
 *
 *     flags             highest two bits: what is known of a reset before the chunk
 *     zero threshold    0 → 0 · 2^e, -243 <= e <= 10 → e + 244 · else 255 and the float
 *     spans             how many <varuint>, then for each length <varuint> offset <varint>
 *     bounds            how many <varuint>, then for each 1000 * bound + 1 <varuint> where that is whole
 *                       and at most 33,554,431, else 0 <varuint> and the float
 */
import { CUSTOM_BUCKETS_SCHEMA, SCHEMA_MAX, SCHEMA_MIN } from '@vigie/model'
import { type BitReader, type BitWriter, ChunkError } from './bits.ts'
import { bucketCount } from './buckets.ts'

export const COUNT_BYTES = 2
export const HEADER_BYTES = 3

/** The flags of a chunk. */
export const RESET_UNKNOWN = 0b00
export const RESET_NOT = 0b01
export const RESET_BEFORE = 0b10
export const GAUGE_CHUNK = 0b11
export type ResetFlags =
  | typeof RESET_UNKNOWN
  | typeof RESET_NOT
  | typeof RESET_BEFORE
  | typeof GAUGE_CHUNK

/** Resolutions that later servers may write; they are read, and brought down to SCHEMA_MAX. */
export const SCHEMA_RESERVED_MAX = 52
/** No sane histogram has more in one chunk; a corrupt one may say anything. */
const BUCKETS_MAX = 1 << 20

export interface Layout {
  schema: number
  zeroThreshold: number
  positiveSpans: Int32Array
  negativeSpans: Int32Array
  customBounds: Float64Array
}

export function writeLayout(writer: BitWriter, layout: Layout): void {
  writeZeroThreshold(writer, layout.zeroThreshold)
  writer.varint(layout.schema)
  writeSpans(writer, layout.positiveSpans)
  writeSpans(writer, layout.negativeSpans)
  if (layout.schema !== CUSTOM_BUCKETS_SCHEMA) return
  writer.varuint(layout.customBounds.length)
  for (const bound of layout.customBounds) writeBound(writer, bound)
}

/** Throws ChunkError. */
export function readLayout(reader: BitReader): Layout {
  const zeroThreshold = readZeroThreshold(reader)
  const schema = reader.varint()
  const isCustom = schema === CUSTOM_BUCKETS_SCHEMA
  if (!isCustom && !(schema >= SCHEMA_MIN && schema <= SCHEMA_RESERVED_MAX))
    throw new ChunkError(
      `unknown histogram schema ${schema}; got ${schema}, want ${SCHEMA_MIN} to ${SCHEMA_MAX} or -53`,
    )
  const positiveSpans = readSpans(reader)
  const negativeSpans = readSpans(reader)
  const customBounds = isCustom ? readBounds(reader) : new Float64Array(0)
  reader.check()
  return { schema, zeroThreshold, positiveSpans, negativeSpans, customBounds }
}

const float = new Float64Array(1)
// [low, high]
const words = new Uint32Array(float.buffer)

function writeZeroThreshold(writer: BitWriter, threshold: number): void {
  if (threshold === 0) return writer.bits(0, 8)
  float[0] = threshold
  const exponent = (words[1] >>> 20) - 1023
  const isPower = words[0] === 0 && (words[1] & 0xfffff) === 0
  if (isPower && exponent >= -243 && exponent <= 10) return writer.bits(exponent + 244, 8)
  writer.bits(255, 8)
  writer.double(threshold)
}

function readZeroThreshold(reader: BitReader): number {
  const code = reader.bits(8)
  if (code === 0) return 0
  return code === 255 ? reader.double() : 2 ** (code - 244)
}

function writeSpans(writer: BitWriter, spans: Int32Array): void {
  writer.varuint(spans.length / 2)
  for (let i = 0; i < spans.length; i += 2) {
    writer.varuint(spans[i + 1])
    writer.varint(spans[i])
  }
}

function readSpans(reader: BitReader): Int32Array {
  const count = counted(reader, 2)
  const spans = new Int32Array(count * 2)
  let buckets = 0
  for (let i = 0; i < spans.length; i += 2) {
    const length = reader.varuint()
    buckets += length
    if (buckets > BUCKETS_MAX) throw new ChunkError(`the chunk says it has ${buckets} buckets`)
    spans[i + 1] = length
    spans[i] = reader.varint()
  }
  return spans
}

/** How many things of at least `bits` each come; throws ChunkError when there cannot be that many. */
function counted(reader: BitReader, bits: number): number {
  const count = reader.varuint()
  if (count * bits > reader.left)
    throw new ChunkError(`the chunk is too short for the ${count} spans or bounds it says it has`)
  return count
}

/** 1000 times the largest bound that is written as an integer. */
const MILLI_MAX = 33_554_430

function writeBound(writer: BitWriter, bound: number): void {
  const milli = bound * 1000
  const whole = Math.round(milli)
  if (milli >= 0 && milli <= MILLI_MAX && whole / 1000 === bound) return writer.varuint(whole + 1)
  writer.bits(0, 1)
  writer.double(bound)
}

function readBounds(reader: BitReader): Float64Array {
  const bounds = new Float64Array(counted(reader, 1))
  for (let i = 0; i < bounds.length; i++) {
    const code = reader.varuint()
    bounds[i] = code === 0 ? reader.double() : (code - 1) / 1000
  }
  return bounds
}

/** Throws ChunkError when the first sample of a layout takes more bits than there are. */
export function checkBuckets(reader: BitReader, layout: Layout, bitsPerBucket: number): void {
  const buckets = bucketCount(layout.positiveSpans) + bucketCount(layout.negativeSpans)
  if (buckets * bitsPerBucket > reader.left)
    throw new ChunkError(`the chunk is too short for the ${buckets} buckets it says it has`)
}
