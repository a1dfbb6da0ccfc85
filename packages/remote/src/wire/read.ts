/**
 * Remote read: samples of selectors, asked for and answered as protobuf in a snappy block.
 *
 *     ReadRequest   { repeated Query queries = 1; repeated ResponseType accepted_response_types = 2 }
 *     Query         { int64 start_timestamp_ms = 1; int64 end_timestamp_ms = 2; repeated LabelMatcher matchers = 3 }
 *     LabelMatcher  { Type type = 1 (EQ NEQ RE NRE); string name = 2; string value = 3 }
 *     ReadResponse  { repeated QueryResult results = 1 }
 *     QueryResult   { repeated TimeSeries timeseries = 1 }
 *
 * or, answered as a stream of frames (length <uvarint> | CRC-32C <4b> | message):
 *
 *     ChunkedReadResponse { repeated ChunkedSeries chunked_series = 1; int64 query_index = 2 }
 *     ChunkedSeries       { repeated Label labels = 1; repeated Chunk chunks = 2 }
 *     Chunk               { int64 min_time_ms = 1; int64 max_time_ms = 2; Encoding type = 3; bytes data = 4 }
 *
 * Source: prompb/remote.proto, prompb/types.proto, prometheus.io/docs/prometheus/latest/querying/remote_read_api.
 */
import { Labels, type MatchType, Matcher } from '@vigie/model'
import {
  DecodedWriteBuilder,
  TYPE_BYTES,
  TYPE_VARINT,
  compressSnappy,
  decoding,
  endOf,
  expectEnd,
  readInt64,
  readLabel,
  readTimeSeries,
  tag,
  uncompressSnappy,
  writeLabel,
  writeTimeSeries,
} from '@vigie/model/prompb'
import type { DecodedWrite, WriteSeries } from '@vigie/model/remote-write'
import protobuf from 'protobufjs/minimal.js'

export const SAMPLES = 0
export const STREAMED_XOR_CHUNKS = 1

/** Times are ms, inclusive. */
export interface ReadQuery {
  minT: number
  maxT: number
  matchers: Matcher[]
}

export interface ReadRequest {
  queries: ReadQuery[]
  /** By preference; none: SAMPLES. */
  accepted: number[]
}

/** One chunk as storage has it. */
export interface ReadChunk {
  minT: number
  maxT: number
  encoding: number
  data: Uint8Array
}

const MATCH_TYPES: readonly MatchType[] = ['=', '!=', '=~', '!~']

export function encodeReadRequest({ queries, accepted }: ReadRequest): Uint8Array {
  const writer = protobuf.Writer.create()
  for (const { minT, maxT, matchers } of queries) {
    writer.uint32(tag(1, TYPE_BYTES)).fork()
    if (minT !== 0) writer.uint32(tag(1, TYPE_VARINT)).int64(minT)
    if (maxT !== 0) writer.uint32(tag(2, TYPE_VARINT)).int64(maxT)
    for (const { type, name, value } of matchers) {
      writer.uint32(tag(3, TYPE_BYTES)).fork()
      const number = MATCH_TYPES.indexOf(type)
      if (number > 0) writer.uint32(tag(1, TYPE_VARINT)).uint32(number)
      writer.uint32(tag(2, TYPE_BYTES)).string(name)
      if (value !== '') writer.uint32(tag(3, TYPE_BYTES)).string(value)
      writer.ldelim()
    }
    writer.ldelim()
  }
  if (accepted.length > 0) {
    writer.uint32(tag(2, TYPE_BYTES)).fork()
    for (const type of accepted) writer.uint32(type)
    writer.ldelim()
  }
  return compressSnappy(writer.finish())
}

/** Throws RemoteWriteError, and RegexError for a matcher. */
export function decodeReadRequest(body: Uint8Array, maxDecodedBytes: number): ReadRequest {
  const message = uncompressSnappy(body, maxDecodedBytes)
  const plain = decoding('prometheus.ReadRequest', () => readRequest(message))
  return {
    accepted: plain.accepted,
    queries: plain.queries.map(({ matchers, ...times }) => ({
      ...times,
      matchers: matchers.map(({ type, name, value }) => new Matcher(type, name, value)),
    })),
  }
}

interface PlainMatcher {
  type: MatchType
  name: string
  value: string
}

interface PlainRequest {
  queries: { minT: number; maxT: number; matchers: PlainMatcher[] }[]
  accepted: number[]
}

function readRequest(message: Uint8Array): PlainRequest {
  const reader = protobuf.Reader.create(message)
  const out: PlainRequest = { queries: [], accepted: [] }
  while (reader.pos < reader.len) {
    const key = reader.uint32()
    if (key === tag(1, TYPE_BYTES)) out.queries.push(readQuery(reader, endOf(reader)))
    else if (key === tag(2, TYPE_VARINT)) out.accepted.push(reader.int32())
    else if (key === tag(2, TYPE_BYTES)) {
      const end = endOf(reader)
      while (reader.pos < end) out.accepted.push(reader.int32())
    } else reader.skipType(key & 7)
  }
  return out
}

function readQuery(reader: protobuf.Reader, end: number): PlainRequest['queries'][0] {
  const out: PlainRequest['queries'][0] = { minT: 0, maxT: 0, matchers: [] }
  while (reader.pos < end) {
    const key = reader.uint32()
    if (key === tag(1, TYPE_VARINT)) out.minT = readInt64(reader)
    else if (key === tag(2, TYPE_VARINT)) out.maxT = readInt64(reader)
    else if (key === tag(3, TYPE_BYTES)) out.matchers.push(readMatcher(reader, endOf(reader)))
    else reader.skipType(key & 7)
  }
  expectEnd(reader, end)
  return out
}

function readMatcher(reader: protobuf.Reader, end: number): PlainMatcher {
  let number = 0
  let name = ''
  let value = ''
  while (reader.pos < end) {
    const key = reader.uint32()
    if (key === tag(1, TYPE_VARINT)) number = reader.int32()
    else if (key === tag(2, TYPE_BYTES)) name = reader.string()
    else if (key === tag(3, TYPE_BYTES)) value = reader.string()
    else reader.skipType(key & 7)
  }
  expectEnd(reader, end)
  const type = MATCH_TYPES[number]
  if (type === undefined) throw new RangeError(`invalid matcher type ${number}`)
  return { type, name, value }
}

/** A ReadResponse on its way: the series of one query after the other. */
export class ReadResponseWriter {
  readonly #writer = protobuf.Writer.create()

  startQuery(): void {
    this.#writer.uint32(tag(1, TYPE_BYTES)).fork()
  }

  series(series: WriteSeries): void {
    writeTimeSeries(this.#writer, series)
  }

  endQuery(): void {
    this.#writer.ldelim()
  }

  /** The body of the answer. */
  finish(): Uint8Array {
    return compressSnappy(this.#writer.finish())
  }
}

/** The series of each query, in the order asked. Throws RemoteWriteError. */
export function decodeReadResponse(body: Uint8Array, maxDecodedBytes: number): DecodedWrite[] {
  const message = uncompressSnappy(body, maxDecodedBytes)
  return decoding('prometheus.ReadResponse', () => {
    const reader = protobuf.Reader.create(message)
    const results: DecodedWrite[] = []
    while (reader.pos < reader.len) {
      const key = reader.uint32()
      if (key === tag(1, TYPE_BYTES)) results.push(readResult(reader, endOf(reader)))
      else reader.skipType(key & 7)
    }
    return results
  })
}

function readResult(reader: protobuf.Reader, end: number): DecodedWrite {
  const out = new DecodedWriteBuilder({ isNameless: true })
  while (reader.pos < end) {
    const key = reader.uint32()
    if (key === tag(1, TYPE_BYTES)) readTimeSeries(reader, endOf(reader), out)
    else reader.skipType(key & 7)
  }
  expectEnd(reader, end)
  return out.finish()
}

/** The message of one frame: chunks of one series. */
export function encodeChunkedSeries(
  queryIndex: number,
  { pairs }: Labels,
  chunks: readonly ReadChunk[],
): Uint8Array {
  const writer = protobuf.Writer.create()
  writer.uint32(tag(1, TYPE_BYTES)).fork()
  for (let i = 0; i < pairs.length; i += 2) writeLabel(writer, pairs[i], pairs[i + 1])
  for (const { minT, maxT, encoding, data } of chunks) {
    writer.uint32(tag(2, TYPE_BYTES)).fork()
    if (minT !== 0) writer.uint32(tag(1, TYPE_VARINT)).int64(minT)
    if (maxT !== 0) writer.uint32(tag(2, TYPE_VARINT)).int64(maxT)
    writer.uint32(tag(3, TYPE_VARINT)).uint32(encoding)
    writer.uint32(tag(4, TYPE_BYTES)).bytes(data)
    writer.ldelim()
  }
  writer.ldelim()
  if (queryIndex !== 0) writer.uint32(tag(2, TYPE_VARINT)).int64(queryIndex)
  return writer.finish()
}

export interface ChunkedSeries {
  labels: Labels
  chunks: ReadChunk[]
}

/** The message of one frame. Throws RemoteWriteError. */
export function decodeChunkedSeries(message: Uint8Array): {
  queryIndex: number
  series: ChunkedSeries[]
} {
  return decoding('prometheus.ChunkedReadResponse', () => {
    const reader = protobuf.Reader.create(message)
    const out = { queryIndex: 0, series: [] as ChunkedSeries[] }
    while (reader.pos < reader.len) {
      const key = reader.uint32()
      if (key === tag(1, TYPE_BYTES)) out.series.push(readChunkedSeries(reader, endOf(reader)))
      else if (key === tag(2, TYPE_VARINT)) out.queryIndex = readInt64(reader)
      else reader.skipType(key & 7)
    }
    return out
  })
}

function readChunkedSeries(reader: protobuf.Reader, end: number): ChunkedSeries {
  const pairs: string[] = []
  const chunks: ReadChunk[] = []
  while (reader.pos < end) {
    const key = reader.uint32()
    if (key === tag(1, TYPE_BYTES)) readLabel(reader, endOf(reader), pairs)
    else if (key === tag(2, TYPE_BYTES)) chunks.push(readChunk(reader, endOf(reader)))
    else reader.skipType(key & 7)
  }
  expectEnd(reader, end)
  return { labels: Labels.fromPairs(pairs), chunks }
}

function readChunk(reader: protobuf.Reader, end: number): ReadChunk {
  const out: ReadChunk = { minT: 0, maxT: 0, encoding: 0, data: new Uint8Array(0) }
  while (reader.pos < end) {
    const key = reader.uint32()
    if (key === tag(1, TYPE_VARINT)) out.minT = readInt64(reader)
    else if (key === tag(2, TYPE_VARINT)) out.maxT = readInt64(reader)
    else if (key === tag(3, TYPE_VARINT)) out.encoding = reader.int32()
    else if (key === tag(4, TYPE_BYTES)) out.data = reader.bytes()
    else reader.skipType(key & 7)
  }
  expectEnd(reader, end)
  return out
}
