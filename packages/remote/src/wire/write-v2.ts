/**
 * Remote write 2.0: a snappy block around the protobuf message `io.prometheus.write.v2.Request`. Every
 * text is in it once, and referred to by its number; number 0 is the empty text.
 *
 *     Request    { repeated string symbols = 4; repeated TimeSeries timeseries = 5 }
 *     TimeSeries { repeated uint32 labels_refs = 1; Sample samples = 2; Histogram histograms = 3;
 *                  Exemplar exemplars = 4; Metadata metadata = 5 }
 *     Exemplar   { repeated uint32 labels_refs = 1; double value = 2; int64 timestamp = 3 }
 *     Metadata   { MetricType type = 1; uint32 help_ref = 3; uint32 unit_ref = 4 }
 *
 * Start timestamps (created_timestamp = 6, and start_timestamp in samples) are read past.
 * Source: prometheus.io/docs/specs/prw/remote_write_spec_2_0, prompb/io/prometheus/write/v2/types.proto.
 */
import { Labels } from '@vigie/model'
import {
  DecodedWriteBuilder,
  METRIC_TYPES,
  TYPE_BYTES,
  TYPE_DOUBLE,
  TYPE_VARINT,
  compressSnappy,
  decoding,
  endOf,
  expectEnd,
  readHistogram,
  readInt64,
  readSample,
  tag,
  uncompressSnappy,
  writeDouble,
  writeHistogram,
  writeSample,
} from '@vigie/model/prompb'
import type {
  DecodedWrite,
  WriteExemplar,
  WriteMetadata,
  WriteSeries,
} from '@vigie/model/remote-write'
import protobuf from 'protobufjs/minimal.js'

/** A series with what is known of its metric. */
export interface WriteSeriesV2 extends WriteSeries {
  metadata?: Omit<WriteMetadata, 'metric'> | undefined
}

/** The body of a request, compressed. */
export function encodeWriteRequestV2(series: readonly WriteSeriesV2[]): Uint8Array {
  const symbols = new Symbols()
  const body = protobuf.Writer.create()
  for (const one of series) writeSeries(body, one, symbols)
  const head = protobuf.Writer.create()
  for (const symbol of symbols.list) head.uint32(tag(4, TYPE_BYTES)).string(symbol)
  const start = head.finish()
  const rest = body.finish()
  const message = new Uint8Array(start.length + rest.length)
  message.set(start)
  message.set(rest, start.length)
  return compressSnappy(message)
}

/** Texts by number, in order of their first use. */
class Symbols {
  readonly list: string[] = ['']
  readonly #numbers = new Map<string, number>([['', 0]])

  numberOf(text: string): number {
    let number = this.#numbers.get(text)
    if (number !== undefined) return number
    number = this.list.length
    this.list.push(text)
    this.#numbers.set(text, number)
    return number
  }
}

function writeSeries(writer: protobuf.Writer, series: WriteSeriesV2, symbols: Symbols): void {
  const { labels, t, v, h, metadata } = series
  // Numbers are given in Prometheus's order, in which the metadata come first.
  const help = symbols.numberOf(metadata?.help ?? '')
  const unit = symbols.numberOf(metadata?.unit ?? '')
  writer.uint32(tag(5, TYPE_BYTES)).fork()
  writeRefs(writer, labels, symbols)
  for (let i = 0; i < t.length; i++) if (h?.[i] === undefined) writeSample(writer, 2, t[i], v[i])
  h?.forEach((one, i) => {
    if (one !== undefined) writeHistogram(writer, 3, t[i], one)
  })
  for (const exemplar of series.exemplars ?? []) {
    writer.uint32(tag(4, TYPE_BYTES)).fork()
    writeRefs(writer, exemplar.labels, symbols)
    writeDouble(writer, 2, exemplar.v)
    if (exemplar.t !== 0) writer.uint32(tag(3, TYPE_VARINT)).int64(exemplar.t)
    writer.ldelim()
  }
  writer.uint32(tag(5, TYPE_BYTES)).fork()
  const type = METRIC_TYPES.indexOf(metadata?.type ?? 'unknown')
  if (type > 0) writer.uint32(tag(1, TYPE_VARINT)).uint32(type)
  if (help > 0) writer.uint32(tag(3, TYPE_VARINT)).uint32(help)
  if (unit > 0) writer.uint32(tag(4, TYPE_VARINT)).uint32(unit)
  writer.ldelim()
  writer.ldelim()
}

function writeRefs(writer: protobuf.Writer, { pairs }: Labels, symbols: Symbols): void {
  if (pairs.length === 0) return
  writer.uint32(tag(1, TYPE_BYTES)).fork()
  for (const text of pairs) writer.uint32(symbols.numberOf(text))
  writer.ldelim()
}

/**
 * Reads the body of a request. Metadata come out by the name of their series. Throws RemoteWriteError
 * when it is no snappy block, no Request, refers to texts that are not there, or would be larger than
 * `maxDecodedBytes` once decompressed.
 */
export function decodeWriteRequestV2(body: Uint8Array, maxDecodedBytes: number): DecodedWrite {
  const message = uncompressSnappy(body, maxDecodedBytes)
  return decoding('io.prometheus.write.v2.Request', () => decodeMessage(message))
}

function decodeMessage(message: Uint8Array): DecodedWrite {
  const symbols = readSymbols(message)
  const reader = protobuf.Reader.create(message)
  const out = new DecodedWriteBuilder()
  while (reader.pos < reader.len) {
    const key = reader.uint32()
    if (key === tag(5, TYPE_BYTES)) readSeries(reader, endOf(reader), symbols, out)
    else reader.skipType(key & 7)
  }
  return out.finish()
}

/** They may stand behind the series that use them. */
function readSymbols(message: Uint8Array): string[] {
  const reader = protobuf.Reader.create(message)
  const symbols: string[] = []
  while (reader.pos < reader.len) {
    const key = reader.uint32()
    if (key === tag(4, TYPE_BYTES)) symbols.push(reader.string())
    else reader.skipType(key & 7)
  }
  return symbols
}

function readSeries(
  reader: protobuf.Reader,
  end: number,
  symbols: readonly string[],
  out: DecodedWriteBuilder,
): void {
  const pairs: string[] = []
  let metadata: Omit<WriteMetadata, 'metric'> | undefined
  while (reader.pos < end) {
    const key = reader.uint32()
    if (key >>> 3 === 1) readRefs(reader, key & 7, symbols, pairs)
    else if (key === tag(2, TYPE_BYTES)) readSample(reader, endOf(reader), out)
    else if (key === tag(3, TYPE_BYTES)) readHistogram(reader, endOf(reader), out)
    else if (key === tag(4, TYPE_BYTES)) out.exemplar(readExemplar(reader, endOf(reader), symbols))
    else if (key === tag(5, TYPE_BYTES)) metadata = readMetadata(reader, endOf(reader), symbols)
    else reader.skipType(key & 7)
  }
  expectEnd(reader, end)
  expectPairs(pairs)
  const labels = out.endSeries(pairs)
  if (labels === undefined || metadata === undefined) return
  const { type, help, unit } = metadata
  if (type !== 'unknown' || help !== '' || unit !== '')
    out.metadata.push({ metric: labels.metricName, ...metadata })
}

function expectPairs(pairs: readonly string[]): void {
  if (pairs.length % 2 !== 0)
    throw new RangeError(`${pairs.length} label references, want an even number`)
}

function readRefs(
  reader: protobuf.Reader,
  type: number,
  symbols: readonly string[],
  into: string[],
): void {
  const end = type === TYPE_BYTES ? endOf(reader) : reader.pos + 1
  while (reader.pos < end) into.push(symbolOf(reader.uint32(), symbols))
}

function symbolOf(number: number, symbols: readonly string[]): string {
  if (number >= symbols.length)
    throw new RangeError(`reference to symbol ${number} of ${symbols.length}`)
  return symbols[number]
}

function readExemplar(
  reader: protobuf.Reader,
  end: number,
  symbols: readonly string[],
): WriteExemplar {
  const pairs: string[] = []
  let v = 0
  let t = 0
  while (reader.pos < end) {
    const key = reader.uint32()
    if (key >>> 3 === 1) readRefs(reader, key & 7, symbols, pairs)
    else if (key === tag(2, TYPE_DOUBLE)) v = reader.double()
    else if (key === tag(3, TYPE_VARINT)) t = readInt64(reader)
    else reader.skipType(key & 7)
  }
  expectEnd(reader, end)
  expectPairs(pairs)
  return { labels: Labels.fromPairs(pairs), t, v }
}

function readMetadata(
  reader: protobuf.Reader,
  end: number,
  symbols: readonly string[],
): Omit<WriteMetadata, 'metric'> {
  const out: Omit<WriteMetadata, 'metric'> = { type: 'unknown', help: '', unit: '' }
  while (reader.pos < end) {
    const key = reader.uint32()
    if (key === tag(1, TYPE_VARINT)) out.type = METRIC_TYPES[reader.int32()] ?? 'unknown'
    else if (key === tag(3, TYPE_VARINT)) out.help = symbolOf(reader.uint32(), symbols)
    else if (key === tag(4, TYPE_VARINT)) out.unit = symbolOf(reader.uint32(), symbols)
    else reader.skipType(key & 7)
  }
  expectEnd(reader, end)
  return out
}
