/**
 * What remote write 1.0, remote write 2.0 and remote read have in common: the snappy block around a
 * message, and the parts of messages that are the same in all of them.
 *
 *     Label     { string name = 1; string value = 2 }
 *     Sample    { double value = 1; int64 timestamp = 2 }                (ms since the epoch)
 *     Histogram { see prompb-histogram.ts }
 *
 * For Node alone (snappy is native). Source: prompb/types.proto, prompb/io/prometheus/write/v2.
 */
import type protobuf from 'protobufjs/minimal.js'
import { compressSync, uncompressSync } from 'snappy'
import { isStale } from './value.ts'

/** A request that cannot be taken: `status` is the HTTP status that says so. */
export class RemoteWriteError extends Error {
  readonly code: 'bad_snappy' | 'bad_protobuf' | 'too_large'
  readonly status: 400 | 413

  constructor(code: RemoteWriteError['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'RemoteWriteError'
    this.code = code
    this.status = code === 'too_large' ? 413 : 400
  }
}

export const TYPE_VARINT = 0
export const TYPE_DOUBLE = 1
export const TYPE_BYTES = 2
/** What stands in front of a field: its number and the way it is written. */
export const tag = (field: number, type: number): number => (field << 3) | type

/** The block of a message. Its memory is on the heap: without the copy every call would leave a buffer outside. */
export const compressSnappy = (message: Uint8Array): Uint8Array =>
  compressSync(message, { copyOutputData: true })

/** Decompresses a snappy block of at most `maxBytes`. Throws RemoteWriteError. */
export function uncompressSnappy(body: Uint8Array, maxBytes: number): Uint8Array {
  const sizeBytes = snappySize(body)
  if (sizeBytes > maxBytes)
    throw new RemoteWriteError(
      'too_large',
      `cannot decompress snappy block: decoded size ${sizeBytes} bytes, want at most ${maxBytes}`,
    )
  try {
    const out = uncompressSync(body)
    return typeof out === 'string' ? Buffer.from(out) : out
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new RemoteWriteError('bad_snappy', `cannot decompress snappy block: ${reason}`, error)
  }
}

/** A block begins with its decoded size, as a varint of at most 32 bits. */
function snappySize(body: Uint8Array): number {
  let size = 0
  for (let i = 0; i < 5 && i < body.length; i++) {
    size += (body[i] & 0x7f) * 2 ** (7 * i)
    if (body[i] < 0x80) return size
  }
  throw new RemoteWriteError(
    'bad_snappy',
    `cannot decompress snappy block: no size in its first bytes; got ${body.length} bytes`,
  )
}

/** The end of the message whose length comes next. Throws RangeError. */
export function endOf(reader: protobuf.Reader): number {
  const size = reader.uint32()
  const end = reader.pos + size
  if (end > reader.len)
    throw new RangeError(`message of ${size} bytes at ${reader.pos} ends after ${reader.len}`)
  return end
}

export function expectEnd(reader: protobuf.Reader, end: number): void {
  if (reader.pos !== end) throw new RangeError(`field at ${reader.pos} crosses the end at ${end}`)
}

// Halves of the last 64-bit number that was read.
let low = 0
let high = 0

function readHalves(reader: protobuf.Reader): void {
  const { buf, len } = reader
  let { pos } = reader
  low = 0
  high = 0
  for (let i = 0; i < 10; i++) {
    if (pos >= len) throw new RangeError(`number at ${reader.pos} ends after ${len}`)
    const byte = buf[pos++]
    const bits = byte & 0x7f
    if (i < 4) low |= bits << (7 * i)
    else if (i === 4) {
      low |= bits << 28
      high = bits >>> 4
    } else high |= bits << (7 * i - 32)
    if (byte >= 0x80) continue
    reader.pos = pos
    return
  }
  throw new RangeError(`number of more than 10 bytes at ${reader.pos}`)
}

/** A signed 64-bit number; beyond 2^53 the nearest double. Without the objects that protobufjs makes. */
export function readInt64(reader: protobuf.Reader): number {
  readHalves(reader)
  return high * 2 ** 32 + (low >>> 0)
}

/** The same as text, exact. */
export function readInt64Text(reader: protobuf.Reader): string {
  readHalves(reader)
  return String(BigInt.asIntN(64, (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)))
}

export function readUint64(reader: protobuf.Reader): number {
  readHalves(reader)
  return (high >>> 0) * 2 ** 32 + (low >>> 0)
}

/** A zigzag number. */
export function readSint64(reader: protobuf.Reader): number {
  const value = readUint64(reader)
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

/**
 * A double behind its tag, nothing when it is zero: proto3 leaves it out, but not negative zero. A NaN is
 * written by its bits, which a register may change: Prometheus knows two of them.
 */
export function writeDouble(writer: protobuf.Writer, field: number, value: number): void {
  if (Object.is(value, 0)) return
  writer.uint32(tag(field, TYPE_DOUBLE))
  writeBits(writer, value)
}

export function writeBits(writer: protobuf.Writer, value: number): void {
  if (value === value) writer.double(value)
  else if (isStale(value)) writer.fixed32(2).fixed32(0x7ff00000)
  else writer.fixed32(1).fixed32(0x7ff80000)
}

/** A Sample behind the tag of `field`. */
export function writeSample(writer: protobuf.Writer, field: number, t: number, v: number): void {
  writer.uint32(tag(field, TYPE_BYTES)).fork()
  writeDouble(writer, 1, v)
  if (t !== 0) writer.uint32(tag(2, TYPE_VARINT)).int64(t)
  writer.ldelim()
}

/** A Label behind the tag of field 1. */
export function writeLabel(writer: protobuf.Writer, name: string, value: string): void {
  writer.uint32(tag(1, TYPE_BYTES)).fork()
  writer.uint32(tag(1, TYPE_BYTES)).string(name)
  writer.uint32(tag(2, TYPE_BYTES)).string(value)
  writer.ldelim()
}

/** Adds name and value of the Label that ends at `end` to `pairs`. */
export function readLabel(reader: protobuf.Reader, end: number, pairs: string[]): void {
  let name = ''
  let value = ''
  while (reader.pos < end) {
    const key = reader.uint32()
    if (key === tag(1, TYPE_BYTES)) name = reader.string()
    else if (key === tag(2, TYPE_BYTES)) value = reader.string()
    else reader.skipType(key & 7)
  }
  expectEnd(reader, end)
  pairs.push(name, value)
}

/** `visit` is called with what the Sample that ends at `end` says. */
export function readSample(
  reader: protobuf.Reader,
  end: number,
  visit: { sample(t: number, v: number): void },
): void {
  let t = 0
  let v = 0
  while (reader.pos < end) {
    const key = reader.uint32()
    if (key === tag(1, TYPE_DOUBLE)) v = reader.double()
    else if (key === tag(2, TYPE_VARINT)) t = readInt64(reader)
    else reader.skipType(key & 7)
  }
  expectEnd(reader, end)
  visit.sample(t, v)
}
