/**
 * A native histogram as a protobuf message, the same in remote write 1.0 and 2.0 and in remote read:
 *
 *     Histogram { uint64 count_int = 1 | double count_float = 2; double sum = 3; sint32 schema = 4;
 *       double zero_threshold = 5; uint64 zero_count_int = 6 | double zero_count_float = 7;
 *       BucketSpan negative_spans = 8; sint64 negative_deltas = 9 | double negative_counts = 10;
 *       BucketSpan positive_spans = 11; sint64 positive_deltas = 12 | double positive_counts = 13;
 *       ResetHint reset_hint = 14; int64 timestamp = 15; double custom_values = 16 }
 *     BucketSpan { sint32 offset = 1; uint32 length = 2 }
 *
 * Source: prompb/types.proto, prompb/io/prometheus/write/v2/types.proto.
 */
import type protobuf from 'protobufjs/minimal.js'
import { type CounterResetHint, type Histogram, makeHistogram } from './histogram.ts'
import {
  TYPE_BYTES,
  TYPE_DOUBLE,
  TYPE_VARINT,
  endOf,
  expectEnd,
  readInt64,
  readSint64,
  readUint64,
  tag,
  writeBits,
  writeDouble,
} from './prompb-parts.ts'

/** A Histogram behind the tag of `field`. */
export function writeHistogram(
  writer: protobuf.Writer,
  field: number,
  t: number,
  h: Histogram,
): void {
  writer.uint32(tag(field, TYPE_BYTES)).fork()
  // One of a pair is written even when it is 0: it says which of the two it is.
  writeCount(writer, 1, h.count, h.isInteger)
  writeDouble(writer, 3, h.sum)
  if (h.schema !== 0) writer.uint32(tag(4, TYPE_VARINT)).sint32(h.schema)
  writeDouble(writer, 5, h.zeroThreshold)
  writeCount(writer, 6, h.zeroCount, h.isInteger)
  writeSpans(writer, 8, h.negativeSpans)
  writeCounts(writer, 9, h.negativeCounts, h.isInteger)
  writeSpans(writer, 11, h.positiveSpans)
  writeCounts(writer, 12, h.positiveCounts, h.isInteger)
  if (h.counterResetHint !== 0) writer.uint32(tag(14, TYPE_VARINT)).uint32(h.counterResetHint)
  if (t !== 0) writer.uint32(tag(15, TYPE_VARINT)).int64(t)
  writeDoubles(writer, 16, h.customBounds)
  writer.ldelim()
}

function writeCount(
  writer: protobuf.Writer,
  field: number,
  count: number,
  isInteger: boolean,
): void {
  if (isInteger) writer.uint32(tag(field, TYPE_VARINT)).uint64(count)
  else writeBits(writer.uint32(tag(field + 1, TYPE_DOUBLE)), count)
}

function writeSpans(writer: protobuf.Writer, field: number, spans: Int32Array): void {
  for (let i = 0; i < spans.length; i += 2) {
    writer.uint32(tag(field, TYPE_BYTES)).fork()
    if (spans[i] !== 0) writer.uint32(tag(1, TYPE_VARINT)).sint32(spans[i])
    if (spans[i + 1] !== 0) writer.uint32(tag(2, TYPE_VARINT)).uint32(spans[i + 1])
    writer.ldelim()
  }
}

/** Integer counts as differences to the one before, float ones as they are. */
function writeCounts(
  writer: protobuf.Writer,
  field: number,
  counts: Float64Array,
  isInteger: boolean,
): void {
  if (!isInteger) return writeDoubles(writer, field + 1, counts)
  if (counts.length === 0) return
  writer.uint32(tag(field, TYPE_BYTES)).fork()
  let before = 0
  for (const count of counts) {
    writer.sint64(count - before)
    before = count
  }
  writer.ldelim()
}

function writeDoubles(writer: protobuf.Writer, field: number, values: Float64Array): void {
  if (values.length === 0) return
  writer.uint32(tag(field, TYPE_BYTES)).fork()
  for (const value of values) writeBits(writer, value)
  writer.ldelim()
}

/**
 * `visit` is called with the Histogram that ends at `end`; whether it makes sense is for the caller to
 * check. Throws RangeError.
 */
export function readHistogram(
  reader: protobuf.Reader,
  end: number,
  visit: { histogram(t: number, h: Histogram): void },
): void {
  let t = 0
  const out = { isInteger: false, schema: 0, zeroThreshold: 0, zeroCount: 0, count: 0, sum: 0 }
  let hint = 0
  const spans: [number[], number[]] = [[], []]
  const deltas: [number[], number[]] = [[], []]
  const counts: [number[], number[]] = [[], []]
  const bounds: number[] = []
  while (reader.pos < end) {
    const key = reader.uint32()
    const type = key & 7
    const field = key >>> 3
    if (key === tag(1, TYPE_VARINT)) {
      out.isInteger = true
      out.count = readUint64(reader)
    } else if (key === tag(2, TYPE_DOUBLE)) {
      out.isInteger = false
      out.count = reader.double()
    } else if (key === tag(3, TYPE_DOUBLE)) out.sum = reader.double()
    else if (key === tag(4, TYPE_VARINT)) out.schema = reader.sint32()
    else if (key === tag(5, TYPE_DOUBLE)) out.zeroThreshold = reader.double()
    else if (key === tag(6, TYPE_VARINT)) out.zeroCount = readUint64(reader)
    else if (key === tag(7, TYPE_DOUBLE)) out.zeroCount = reader.double()
    else if (key === tag(14, TYPE_VARINT)) hint = reader.int32()
    else if (key === tag(15, TYPE_VARINT)) t = readInt64(reader)
    else if (field === 8 || field === 11) readSpan(reader, endOf(reader), spans[sign(field)])
    else if (field === 9 || field === 12) readNumbers(reader, type, deltas[sign(field)], readSint64)
    else if (field === 10 || field === 13)
      readNumbers(reader, type, counts[sign(field)], readDouble)
    else if (field === 16) readNumbers(reader, type, bounds, readDouble)
    else reader.skipType(type)
  }
  expectEnd(reader, end)
  const countsOf = (i: 0 | 1): Float64Array =>
    out.isInteger ? summed(deltas[i]) : Float64Array.from(counts[i])
  visit.histogram(
    t,
    makeHistogram({
      ...out,
      counterResetHint: (hint >= 0 && hint <= 3 ? hint : 0) as CounterResetHint,
      negativeSpans: Int32Array.from(spans[0]),
      negativeCounts: countsOf(0),
      positiveSpans: Int32Array.from(spans[1]),
      positiveCounts: countsOf(1),
      customBounds: Float64Array.from(bounds),
    }),
  )
}

/** 0 for the fields of negative buckets, 1 for those of positive ones. */
const sign = (field: number): 0 | 1 => (field < 11 ? 0 : 1)
const readDouble = (reader: protobuf.Reader): number => reader.double()

function readSpan(reader: protobuf.Reader, end: number, into: number[]): void {
  let offset = 0
  let length = 0
  while (reader.pos < end) {
    const key = reader.uint32()
    if (key === tag(1, TYPE_VARINT)) offset = reader.sint32()
    else if (key === tag(2, TYPE_VARINT)) length = reader.uint32()
    else reader.skipType(key & 7)
  }
  expectEnd(reader, end)
  into.push(offset, length)
}

/** Repeated numbers, packed or one by one. */
function readNumbers(
  reader: protobuf.Reader,
  type: number,
  into: number[],
  read: (reader: protobuf.Reader) => number,
): void {
  if (type !== TYPE_BYTES) {
    into.push(read(reader))
    return
  }
  const end = endOf(reader)
  while (reader.pos < end) into.push(read(reader))
  expectEnd(reader, end)
}

function summed(deltas: readonly number[]): Float64Array {
  const out = new Float64Array(deltas.length)
  let count = 0
  for (let i = 0; i < deltas.length; i++) out[i] = count += deltas[i]
  return out
}
