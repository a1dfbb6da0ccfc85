/**
 * Remote write 1.0: a snappy block around the protobuf message `prometheus.WriteRequest`.
 *
 *     WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3 }
 *     TimeSeries   { repeated Label labels = 1; Sample samples = 2; Exemplar = 3; Histogram = 4 }
 *     Label        { string name = 1; string value = 2 }
 *     Sample       { double value = 1; int64 timestamp = 2 }        (ms since the epoch)
 *
 * Float samples and metadata only: native histograms and exemplars are skipped and counted.
 * For Node alone (snappy is native); the browser never speaks it.
 * Source: prometheus.io/docs/specs/prw/remote_write_spec, prompb/remote.proto and types.proto.
 */
import protobuf from 'protobufjs/minimal.js'
import { compressSync, uncompressSync } from 'snappy'
import { Labels, METRIC_NAME, compareNames } from './labels.ts'
import { isStale } from './value.ts'

/** Samples of one series, as parallel columns: `t` integer ms, `v` values. */
export interface WriteSeries {
  labels: Labels
  t: ArrayLike<number>
  v: ArrayLike<number>
}

/** What a metric family is. `type` is lower case as in the text format, 'unknown' when not said. */
export interface WriteMetadata {
  metric: string
  type: MetricType
  help: string
  unit: string
}

const METRIC_TYPES = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
] as const
export type MetricType = (typeof METRIC_TYPES)[number]

export interface WriteBatch {
  series: readonly WriteSeries[]
  metadata?: readonly WriteMetadata[]
}

/**
 * A decoded request, columnar: the samples of `series[i]` are `t[j]`, `v[j]` for
 * `starts[i] <= j < starts[i + 1]`, in the order sent.
 */
export interface DecodedWrite {
  series: Labels[]
  starts: Uint32Array
  t: Float64Array
  v: Float64Array
  metadata: WriteMetadata[]
  skipped: SkippedWrite
}

/** What was in a request and is not in its decoded form. */
export interface SkippedWrite {
  /** Native histogram samples. */
  histograms: number
  exemplars: number
  /** Series without a metric name or with one label twice; Prometheus drops them too. */
  invalidSeries: number
}

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

const TYPE_DOUBLE = 1
const TYPE_BYTES = 2
const tag = (field: number, type: number): number => (field << 3) | type

/** The body of a request, compressed. */
export function encodeWriteRequest(batch: WriteBatch): Uint8Array {
  const writer = protobuf.Writer.create()
  for (const one of batch.series) encodeSeries(writer, one)
  for (const one of batch.metadata ?? []) encodeMetadata(writer, one)
  // Without the copy every call would leave a buffer of its own outside of the heap.
  return compressSync(writer.finish(), { copyOutputData: true })
}

function encodeSeries(writer: protobuf.Writer, { labels, t, v }: WriteSeries): void {
  writer.uint32(tag(1, TYPE_BYTES)).fork()
  const { pairs } = labels
  for (let i = 0; i < pairs.length; i += 2) {
    writer.uint32(tag(1, TYPE_BYTES)).fork()
    writer.uint32(tag(1, TYPE_BYTES)).string(pairs[i])
    writer.uint32(tag(2, TYPE_BYTES)).string(pairs[i + 1])
    writer.ldelim()
  }
  for (let i = 0; i < t.length; i++) {
    writer.uint32(tag(2, TYPE_BYTES)).fork()
    encodeValue(writer, v[i])
    writer.uint32(tag(2, 0)).int64(t[i])
    writer.ldelim()
  }
  writer.ldelim()
}

/** A NaN is written by its bits, which a register may change: Prometheus knows two of them. */
function encodeValue(writer: protobuf.Writer, value: number): void {
  // proto3 leaves out zero, but not negative zero.
  if (Object.is(value, 0)) return
  writer.uint32(tag(1, TYPE_DOUBLE))
  if (value === value) writer.double(value)
  else if (isStale(value)) writer.fixed32(2).fixed32(0x7ff00000)
  else writer.fixed32(1).fixed32(0x7ff80000)
}

function encodeMetadata(writer: protobuf.Writer, one: WriteMetadata): void {
  writer.uint32(tag(3, TYPE_BYTES)).fork()
  const type = METRIC_TYPES.indexOf(one.type)
  if (type > 0) writer.uint32(tag(1, 0)).int32(type)
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
  try {
    return decodeMessage(message)
  } catch (error) {
    if (error instanceof RemoteWriteError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new RemoteWriteError(
      'bad_protobuf',
      `cannot decode write request: ${reason}; want protobuf message prometheus.WriteRequest`,
      error,
    )
  }
}

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

function decodeMessage(message: Uint8Array): DecodedWrite {
  const reader = protobuf.Reader.create(message)
  const out = new WriteDecoder()
  while (reader.pos < reader.len) {
    const key = reader.uint32()
    if (key === tag(1, TYPE_BYTES)) out.timeSeries(reader, endOf(reader))
    else if (key === tag(3, TYPE_BYTES)) out.metadata.push(decodeMetadata(reader, endOf(reader)))
    else reader.skipType(key & 7)
  }
  return out.finish()
}

/** The end of the message whose length comes next. */
function endOf(reader: protobuf.Reader): number {
  const size = reader.uint32()
  const end = reader.pos + size
  if (end > reader.len)
    throw new RangeError(`message of ${size} bytes at ${reader.pos} ends after ${reader.len}`)
  return end
}

class WriteDecoder {
  readonly metadata: WriteMetadata[] = []
  readonly #series: Labels[] = []
  readonly #starts: number[] = [0]
  readonly #skipped: SkippedWrite = { histograms: 0, exemplars: 0, invalidSeries: 0 }
  // Most requests carry one sample a series; grown when there are more.
  #t = new Float64Array(1024)
  #v = new Float64Array(1024)
  #count = 0

  timeSeries(reader: protobuf.Reader, end: number): void {
    const pairs: string[] = []
    const start = this.#count
    while (reader.pos < end) {
      const key = reader.uint32()
      if (key === tag(1, TYPE_BYTES)) decodeLabel(reader, endOf(reader), pairs)
      else if (key === tag(2, TYPE_BYTES)) this.#sample(reader, endOf(reader))
      else {
        if (key === tag(3, TYPE_BYTES)) this.#skipped.exemplars++
        if (key === tag(4, TYPE_BYTES)) this.#skipped.histograms++
        reader.skipType(key & 7)
      }
    }
    expectEnd(reader, end)
    const labels = labelsOf(pairs)
    if (labels === undefined) {
      this.#skipped.invalidSeries++
      this.#count = start
    } else {
      this.#series.push(labels)
      this.#starts.push(this.#count)
    }
  }

  #sample(reader: protobuf.Reader, end: number): void {
    let t = 0
    let v = 0
    while (reader.pos < end) {
      const key = reader.uint32()
      if (key === tag(1, TYPE_DOUBLE)) v = reader.double()
      else if (key === tag(2, 0)) t = Number(reader.int64())
      else reader.skipType(key & 7)
    }
    expectEnd(reader, end)
    if (this.#count === this.#t.length) this.#grow()
    this.#t[this.#count] = t
    this.#v[this.#count++] = v
  }

  #grow(): void {
    const t = new Float64Array(this.#t.length * 2)
    const v = new Float64Array(this.#v.length * 2)
    t.set(this.#t)
    v.set(this.#v)
    this.#t = t
    this.#v = v
  }

  finish(): DecodedWrite {
    return {
      series: this.#series,
      starts: Uint32Array.from(this.#starts),
      t: this.#t.subarray(0, this.#count),
      v: this.#v.subarray(0, this.#count),
      metadata: this.metadata,
      skipped: this.#skipped,
    }
  }
}

function expectEnd(reader: protobuf.Reader, end: number): void {
  if (reader.pos !== end) throw new RangeError(`field at ${reader.pos} crosses the end at ${end}`)
}

function decodeLabel(reader: protobuf.Reader, end: number, pairs: string[]): void {
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

/** Undefined when a name is empty or comes twice, or none is `__name__`. */
function labelsOf(pairs: string[]): Labels | undefined {
  let isSorted = true
  let hasMetricName = false
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i] === '') return undefined
    if (pairs[i] === METRIC_NAME && pairs[i + 1] !== '') hasMetricName = true
    if (pairs[i + 1] === '') isSorted = false
    if (i > 0 && compareNames(pairs[i - 2], pairs[i]) >= 0) isSorted = false
  }
  if (!hasMetricName) return undefined
  // Fast path: senders must sort.
  if (isSorted) return Labels.fromSorted(pairs)
  const names = new Set<string>()
  for (let i = 0; i < pairs.length; i += 2) names.add(pairs[i])
  return names.size === pairs.length / 2 ? Labels.fromPairs(pairs) : undefined
}

function decodeMetadata(reader: protobuf.Reader, end: number): WriteMetadata {
  const out: WriteMetadata = { metric: '', type: 'unknown', help: '', unit: '' }
  while (reader.pos < end) {
    const key = reader.uint32()
    if (key === tag(1, 0)) out.type = METRIC_TYPES[reader.int32()] ?? 'unknown'
    else if (key === tag(2, TYPE_BYTES)) out.metric = reader.string()
    else if (key === tag(4, TYPE_BYTES)) out.help = reader.string()
    else if (key === tag(5, TYPE_BYTES)) out.unit = reader.string()
    else reader.skipType(key & 7)
  }
  expectEnd(reader, end)
  return out
}
