/**
 * Remote write 1.0: a snappy block around the protobuf message `prometheus.WriteRequest`.
 *
 *     WriteRequest   { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3 }
 *     TimeSeries     { repeated Label labels = 1; Sample samples = 2; Exemplar = 3; Histogram = 4 }
 *     Exemplar       { repeated Label labels = 1; double value = 2; int64 timestamp = 3 }
 *     MetricMetadata { MetricType type = 1; string metric_family_name = 2; help = 4; unit = 5 }
 *
 * For Node alone (snappy is native); the browser never speaks it.
 * Source: prometheus.io/docs/specs/prw/remote_write_spec, prompb/remote.proto and types.proto.
 */
import protobuf from 'protobufjs/minimal.js'
import {
  type DecodedWrite,
  DecodedWriteBuilder,
  METRIC_TYPES,
  type WriteExemplar,
  type WriteMetadata,
} from './decoded-write.ts'
import type { Histogram } from './histogram.ts'
import { Labels } from './labels.ts'
import { readHistogram, writeHistogram } from './prompb-histogram.ts'
import {
  RemoteWriteError,
  TYPE_BYTES,
  TYPE_DOUBLE,
  TYPE_VARINT,
  compressSnappy,
  endOf,
  expectEnd,
  readInt64,
  readLabel,
  readSample,
  tag,
  uncompressSnappy,
  writeDouble,
  writeLabel,
  writeSample,
} from './prompb-parts.ts'

export { RemoteWriteError, uncompressSnappy } from './prompb-parts.ts'
export {
  type DecodedWrite,
  type MetricType,
  type WriteExemplar,
  type WriteMetadata,
} from './decoded-write.ts'

/** Samples of one series, as parallel columns: `t` integer ms, `v` values. */
export interface WriteSeries {
  labels: Labels
  t: ArrayLike<number>
  v: ArrayLike<number>
  /** By sample, those that are histograms. */
  h?: readonly (Histogram | undefined)[] | undefined
  exemplars?: readonly WriteExemplar[] | undefined
}

export interface WriteBatch {
  series: readonly WriteSeries[]
  metadata?: readonly WriteMetadata[]
}

/** The body of a request, compressed. */
export function encodeWriteRequest(batch: WriteBatch): Uint8Array {
  const writer = protobuf.Writer.create()
  for (const one of batch.series) writeTimeSeries(writer, one)
  for (const one of batch.metadata ?? []) writeMetadata(writer, one)
  return compressSnappy(writer.finish())
}

/** A TimeSeries behind the tag of field 1. Floats come before exemplars, histograms after. */
export function writeTimeSeries(writer: protobuf.Writer, series: WriteSeries): void {
  const { labels, t, v, h } = series
  writer.uint32(tag(1, TYPE_BYTES)).fork()
  const { pairs } = labels
  for (let i = 0; i < pairs.length; i += 2) writeLabel(writer, pairs[i], pairs[i + 1])
  for (let i = 0; i < t.length; i++) if (h?.[i] === undefined) writeSample(writer, 2, t[i], v[i])
  for (const exemplar of series.exemplars ?? []) writeExemplar(writer, exemplar)
  h?.forEach((one, i) => {
    if (one !== undefined) writeHistogram(writer, 4, t[i], one)
  })
  writer.ldelim()
}

function writeExemplar(writer: protobuf.Writer, { labels, t, v }: WriteExemplar): void {
  writer.uint32(tag(3, TYPE_BYTES)).fork()
  const { pairs } = labels
  for (let i = 0; i < pairs.length; i += 2) writeLabel(writer, pairs[i], pairs[i + 1])
  writeDouble(writer, 2, v)
  if (t !== 0) writer.uint32(tag(3, TYPE_VARINT)).int64(t)
  writer.ldelim()
}

function writeMetadata(writer: protobuf.Writer, one: WriteMetadata): void {
  writer.uint32(tag(3, TYPE_BYTES)).fork()
  const type = METRIC_TYPES.indexOf(one.type)
  if (type > 0) writer.uint32(tag(1, TYPE_VARINT)).int32(type)
  if (one.metric !== '') writer.uint32(tag(2, TYPE_BYTES)).string(one.metric)
  if (one.help !== '') writer.uint32(tag(4, TYPE_BYTES)).string(one.help)
  if (one.unit !== '') writer.uint32(tag(5, TYPE_BYTES)).string(one.unit)
  writer.ldelim()
}

/**
 * Reads the body of a request. Throws RemoteWriteError when it is no snappy block, no WriteRequest,
 * or would be larger than `maxDecodedBytes` once decompressed (which is known before decompressing).
 */
export function decodeWriteRequest(body: Uint8Array, maxDecodedBytes: number): DecodedWrite {
  const message = uncompressSnappy(body, maxDecodedBytes)
  return decoding('prometheus.WriteRequest', () => decodeMessage(message))
}

/** What `decode` makes of a message; what it throws says which message was expected. */
export function decoding<T>(message: string, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof RemoteWriteError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new RemoteWriteError(
      'bad_protobuf',
      `cannot decode write request: ${reason}; want protobuf message ${message}`,
      error,
    )
  }
}

function decodeMessage(message: Uint8Array): DecodedWrite {
  const reader = protobuf.Reader.create(message)
  const out = new DecodedWriteBuilder()
  while (reader.pos < reader.len) {
    const key = reader.uint32()
    if (key === tag(1, TYPE_BYTES)) readTimeSeries(reader, endOf(reader), out)
    else if (key === tag(3, TYPE_BYTES)) out.metadata.push(readMetadata(reader, endOf(reader)))
    else reader.skipType(key & 7)
  }
  return out.finish()
}

/** Adds the TimeSeries that ends at `end` to `out`. Throws RangeError. */
export function readTimeSeries(
  reader: protobuf.Reader,
  end: number,
  out: DecodedWriteBuilder,
): void {
  const pairs: string[] = []
  while (reader.pos < end) {
    const key = reader.uint32()
    if (key === tag(1, TYPE_BYTES)) readLabel(reader, endOf(reader), pairs)
    else if (key === tag(2, TYPE_BYTES)) readSample(reader, endOf(reader), out)
    else if (key === tag(3, TYPE_BYTES)) out.exemplar(readExemplar(reader, endOf(reader)))
    else if (key === tag(4, TYPE_BYTES)) readHistogram(reader, endOf(reader), out)
    else reader.skipType(key & 7)
  }
  expectEnd(reader, end)
  out.endSeries(pairs)
}

function readExemplar(reader: protobuf.Reader, end: number): WriteExemplar {
  const pairs: string[] = []
  let v = 0
  let t = 0
  while (reader.pos < end) {
    const key = reader.uint32()
    if (key === tag(1, TYPE_BYTES)) readLabel(reader, endOf(reader), pairs)
    else if (key === tag(2, TYPE_DOUBLE)) v = reader.double()
    else if (key === tag(3, TYPE_VARINT)) t = readInt64(reader)
    else reader.skipType(key & 7)
  }
  expectEnd(reader, end)
  return { labels: Labels.fromPairs(pairs), t, v }
}

function readMetadata(reader: protobuf.Reader, end: number): WriteMetadata {
  const out: WriteMetadata = { metric: '', type: 'unknown', help: '', unit: '' }
  while (reader.pos < end) {
    const key = reader.uint32()
    if (key === tag(1, TYPE_VARINT)) out.type = METRIC_TYPES[reader.int32()] ?? 'unknown'
    else if (key === tag(2, TYPE_BYTES)) out.metric = reader.string()
    else if (key === tag(4, TYPE_BYTES)) out.help = reader.string()
    else if (key === tag(5, TYPE_BYTES)) out.unit = reader.string()
    else reader.skipType(key & 7)
  }
  expectEnd(reader, end)
  return out
}
