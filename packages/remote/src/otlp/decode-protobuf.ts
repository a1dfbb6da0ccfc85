/**
 * `ExportMetricsServiceRequest` as protobuf. Fields that are not needed are skipped, as are those
 * that are not known. Numbers of fields: opentelemetry-proto, metrics/v1/metrics.proto.
 */
import protobuf from 'protobufjs/minimal.js'
import {
  TYPE_BYTES,
  TYPE_DOUBLE,
  TYPE_VARINT,
  endOf,
  expectEnd,
  readInt64Text,
  readUint64,
  tag,
} from '@vigie/model/prompb'
import {
  type AnyValue,
  type Attribute,
  type Buckets,
  EMPTY_VALUE,
  type ExponentialPoint,
  type HistogramPoint,
  type Metric,
  type MetricData,
  NO_RECORDED_VALUE,
  type NumberPoint,
  type OtlpExemplar,
  OtlpError,
  type ResourceMetrics,
  type ScopeMetrics,
  type SummaryPoint,
  VALUE_DEPTH_MAX,
  idOf,
  millisecondsOf,
} from './metrics.ts'

type Reader = protobuf.Reader

/** Throws OtlpError. */
export function decodeProtobuf(body: Uint8Array): ResourceMetrics[] {
  const reader = protobuf.Reader.create(body)
  const out: ResourceMetrics[] = []
  try {
    fields(reader, reader.len, (key) => {
      if (key !== tag(1, TYPE_BYTES)) return false
      out.push(readResourceMetrics(reader, endOf(reader)))
      return true
    })
  } catch (error) {
    if (error instanceof OtlpError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new OtlpError(
      `cannot decode OTLP: ${reason}; want protobuf message opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest`,
      400,
      error,
    )
  }
  return out
}

/** Calls `read` with the key of each field up to `end`; what it does not take is skipped. */
function fields(reader: Reader, end: number, read: (key: number) => boolean): void {
  while (reader.pos < end) {
    const key = reader.uint32()
    if (!read(key)) reader.skipType(key & 7)
  }
  expectEnd(reader, end)
}

function readResourceMetrics(reader: Reader, end: number): ResourceMetrics {
  const out: ResourceMetrics = { attributes: [], scopes: [] }
  fields(reader, end, (key) => {
    if (key === tag(1, TYPE_BYTES))
      fields(reader, endOf(reader), (inner) => {
        if (inner !== tag(1, TYPE_BYTES)) return false
        out.attributes.push(readAttribute(reader, endOf(reader)))
        return true
      })
    else if (key === tag(2, TYPE_BYTES)) out.scopes.push(readScopeMetrics(reader, endOf(reader)))
    else return false
    return true
  })
  return out
}

function readScopeMetrics(reader: Reader, end: number): ScopeMetrics {
  const out: ScopeMetrics = { name: '', version: '', schemaUrl: '', attributes: [], metrics: [] }
  fields(reader, end, (key) => {
    if (key === tag(1, TYPE_BYTES))
      fields(reader, endOf(reader), (inner) => {
        if (inner === tag(1, TYPE_BYTES)) out.name = reader.string()
        else if (inner === tag(2, TYPE_BYTES)) out.version = reader.string()
        else if (inner === tag(3, TYPE_BYTES))
          out.attributes.push(readAttribute(reader, endOf(reader)))
        else return false
        return true
      })
    else if (key === tag(2, TYPE_BYTES)) out.metrics.push(readMetric(reader, endOf(reader)))
    else if (key === tag(3, TYPE_BYTES)) out.schemaUrl = reader.string()
    else return false
    return true
  })
  return out
}

function readMetric(reader: Reader, end: number): Metric {
  const out = { name: '', description: '', unit: '' }
  let data: MetricData = { kind: 'none' }
  fields(reader, end, (key) => {
    if (key === tag(1, TYPE_BYTES)) out.name = reader.string()
    else if (key === tag(2, TYPE_BYTES)) out.description = reader.string()
    else if (key === tag(3, TYPE_BYTES)) out.unit = reader.string()
    else if (key === tag(5, TYPE_BYTES)) {
      const { points } = readData(reader, endOf(reader), readNumberPoint)
      data = { kind: 'gauge', points }
    } else if (key === tag(7, TYPE_BYTES))
      data = { kind: 'sum', ...readData(reader, endOf(reader), readNumberPoint) }
    else if (key === tag(9, TYPE_BYTES))
      data = { kind: 'histogram', ...readData(reader, endOf(reader), readHistogramPoint) }
    else if (key === tag(10, TYPE_BYTES))
      data = { kind: 'exponential', ...readData(reader, endOf(reader), readExponentialPoint) }
    else if (key === tag(11, TYPE_BYTES)) {
      const { points } = readData(reader, endOf(reader), readSummaryPoint)
      data = { kind: 'summary', points }
    } else return false
    return true
  })
  return { ...out, ...(data as MetricData) }
}

/** The kinds of data have their fields by the same numbers. */
function readData<T>(
  reader: Reader,
  end: number,
  readPoint: (reader: Reader, end: number) => T,
): { points: T[]; temporality: number; isMonotonic: boolean } {
  const out = { points: [] as T[], temporality: 0, isMonotonic: false }
  fields(reader, end, (key) => {
    if (key === tag(1, TYPE_BYTES)) out.points.push(readPoint(reader, endOf(reader)))
    else if (key === tag(2, TYPE_VARINT)) out.temporality = reader.int32()
    else if (key === tag(3, TYPE_VARINT)) out.isMonotonic = reader.bool()
    else return false
    return true
  })
  return out
}

function readNumberPoint(reader: Reader, end: number): NumberPoint {
  const out: NumberPoint = { attributes: [], t: 0, isEnd: false, value: 0, exemplars: [] }
  fields(reader, end, (key) => {
    if (key === tag(3, TYPE_DOUBLE)) out.t = readTime(reader)
    else if (key === tag(4, TYPE_DOUBLE)) out.value = reader.double()
    else if (key === tag(5, TYPE_BYTES)) out.exemplars.push(readExemplar(reader, endOf(reader)))
    else if (key === tag(6, TYPE_DOUBLE)) out.value = readSfixed64(reader)
    else if (key === tag(7, TYPE_BYTES)) out.attributes.push(readAttribute(reader, endOf(reader)))
    else if (key === tag(8, TYPE_VARINT)) out.isEnd = readFlags(reader)
    else return false
    return true
  })
  return out
}

function readHistogramPoint(reader: Reader, end: number): HistogramPoint {
  const out: HistogramPoint = {
    attributes: [],
    t: 0,
    isEnd: false,
    count: 0,
    sum: undefined,
    bucketCounts: [],
    bounds: [],
    exemplars: [],
  }
  fields(reader, end, (key) => {
    if (key === tag(3, TYPE_DOUBLE)) out.t = readTime(reader)
    else if (key === tag(4, TYPE_DOUBLE)) out.count = readFixed64(reader)
    else if (key === tag(5, TYPE_DOUBLE)) out.sum = reader.double()
    else if (key >>> 3 === 6) readAll(reader, key & 7, TYPE_DOUBLE, out.bucketCounts, readFixed64)
    else if (key >>> 3 === 7)
      readAll(reader, key & 7, TYPE_DOUBLE, out.bounds, (one) => one.double())
    else if (key === tag(8, TYPE_BYTES)) out.exemplars.push(readExemplar(reader, endOf(reader)))
    else if (key === tag(9, TYPE_BYTES)) out.attributes.push(readAttribute(reader, endOf(reader)))
    else if (key === tag(10, TYPE_VARINT)) out.isEnd = readFlags(reader)
    else return false
    return true
  })
  return out
}

function readExponentialPoint(reader: Reader, end: number): ExponentialPoint {
  const out: ExponentialPoint = {
    attributes: [],
    t: 0,
    isEnd: false,
    count: 0,
    sum: undefined,
    scale: 0,
    zeroCount: 0,
    positive: { offset: 0, counts: [] },
    negative: { offset: 0, counts: [] },
    exemplars: [],
  }
  fields(reader, end, (key) => {
    if (key === tag(1, TYPE_BYTES)) out.attributes.push(readAttribute(reader, endOf(reader)))
    else if (key === tag(3, TYPE_DOUBLE)) out.t = readTime(reader)
    else if (key === tag(4, TYPE_DOUBLE)) out.count = readFixed64(reader)
    else if (key === tag(5, TYPE_DOUBLE)) out.sum = reader.double()
    else if (key === tag(6, TYPE_VARINT)) out.scale = reader.sint32()
    else if (key === tag(7, TYPE_DOUBLE)) out.zeroCount = readFixed64(reader)
    else if (key === tag(8, TYPE_BYTES)) readBuckets(reader, endOf(reader), out.positive)
    else if (key === tag(9, TYPE_BYTES)) readBuckets(reader, endOf(reader), out.negative)
    else if (key === tag(10, TYPE_VARINT)) out.isEnd = readFlags(reader)
    else if (key === tag(11, TYPE_BYTES)) out.exemplars.push(readExemplar(reader, endOf(reader)))
    else return false
    return true
  })
  return out
}

function readBuckets(reader: Reader, end: number, out: Buckets): void {
  fields(reader, end, (key) => {
    if (key === tag(1, TYPE_VARINT)) out.offset = reader.sint32()
    else if (key >>> 3 === 2) readAll(reader, key & 7, TYPE_VARINT, out.counts, readUint64)
    else return false
    return true
  })
}

function readSummaryPoint(reader: Reader, end: number): SummaryPoint {
  const out: SummaryPoint = {
    attributes: [],
    t: 0,
    isEnd: false,
    count: 0,
    sum: 0,
    quantiles: [],
  }
  fields(reader, end, (key) => {
    if (key === tag(3, TYPE_DOUBLE)) out.t = readTime(reader)
    else if (key === tag(4, TYPE_DOUBLE)) out.count = readFixed64(reader)
    else if (key === tag(5, TYPE_DOUBLE)) out.sum = reader.double()
    else if (key === tag(6, TYPE_BYTES)) {
      const one = { quantile: 0, value: 0 }
      fields(reader, endOf(reader), (inner) => {
        if (inner === tag(1, TYPE_DOUBLE)) one.quantile = reader.double()
        else if (inner === tag(2, TYPE_DOUBLE)) one.value = reader.double()
        else return false
        return true
      })
      out.quantiles.push(one)
    } else if (key === tag(7, TYPE_BYTES)) out.attributes.push(readAttribute(reader, endOf(reader)))
    else if (key === tag(8, TYPE_VARINT)) out.isEnd = readFlags(reader)
    else return false
    return true
  })
  return out
}

function readExemplar(reader: Reader, end: number): OtlpExemplar {
  const out: OtlpExemplar = { attributes: [], t: 0, value: undefined, traceId: '', spanId: '' }
  fields(reader, end, (key) => {
    if (key === tag(2, TYPE_DOUBLE)) out.t = readTime(reader)
    else if (key === tag(3, TYPE_DOUBLE)) out.value = reader.double()
    else if (key === tag(4, TYPE_BYTES)) out.spanId = idOf(hexOf(reader), 8, 'SpanID')
    else if (key === tag(5, TYPE_BYTES)) out.traceId = idOf(hexOf(reader), 16, 'TraceID')
    else if (key === tag(6, TYPE_DOUBLE)) out.value = readSfixed64(reader)
    else if (key === tag(7, TYPE_BYTES)) out.attributes.push(readAttribute(reader, endOf(reader)))
    else return false
    return true
  })
  return out
}

function readAttribute(reader: Reader, end: number, depth = 0): Attribute {
  const out: Attribute = { key: '', value: EMPTY_VALUE }
  fields(reader, end, (key) => {
    if (key === tag(1, TYPE_BYTES)) out.key = reader.string()
    else if (key === tag(2, TYPE_BYTES)) out.value = readValue(reader, endOf(reader), depth + 1)
    else return false
    return true
  })
  return out
}

function readValue(reader: Reader, end: number, depth: number): AnyValue {
  if (depth > VALUE_DEPTH_MAX)
    throw new OtlpError(`a value nests deeper than ${VALUE_DEPTH_MAX} levels`)
  let out: AnyValue = EMPTY_VALUE
  fields(reader, end, (key) => {
    if (key === tag(1, TYPE_BYTES)) out = { kind: 'string', value: reader.string() }
    else if (key === tag(2, TYPE_VARINT)) out = { kind: 'bool', value: reader.bool() }
    else if (key === tag(3, TYPE_VARINT)) out = { kind: 'int', value: readInt64Text(reader) }
    else if (key === tag(4, TYPE_DOUBLE)) out = { kind: 'double', value: reader.double() }
    else if (key === tag(5, TYPE_BYTES)) {
      const values: AnyValue[] = []
      fields(reader, endOf(reader), (inner) => {
        if (inner !== tag(1, TYPE_BYTES)) return false
        values.push(readValue(reader, endOf(reader), depth + 1))
        return true
      })
      out = { kind: 'array', values }
    } else if (key === tag(6, TYPE_BYTES)) {
      const entries: Attribute[] = []
      fields(reader, endOf(reader), (inner) => {
        if (inner !== tag(1, TYPE_BYTES)) return false
        entries.push(readAttribute(reader, endOf(reader), depth + 1))
        return true
      })
      out = { kind: 'map', entries }
    } else if (key === tag(7, TYPE_BYTES)) out = { kind: 'bytes', value: reader.bytes() }
    else return false
    return true
  })
  return out
}

/** Repeated numbers, packed or one by one. */
function readAll(
  reader: Reader,
  type: number,
  single: number,
  into: number[],
  read: (reader: Reader) => number,
): void {
  if (type === single) return void into.push(read(reader))
  if (type !== TYPE_BYTES) return void reader.skipType(type)
  const end = endOf(reader)
  while (reader.pos < end) into.push(read(reader))
  expectEnd(reader, end)
}

const readFlags = (reader: Reader): boolean => (reader.uint32() & NO_RECORDED_VALUE) !== 0
const hexOf = (reader: Reader): string => Buffer.from(reader.bytes()).toString('hex')

function readTime(reader: Reader): number {
  const low = reader.fixed32()
  return millisecondsOf(low, reader.fixed32())
}

function readFixed64(reader: Reader): number {
  const low = reader.fixed32()
  return reader.fixed32() * 2 ** 32 + low
}

function readSfixed64(reader: Reader): number {
  const low = reader.fixed32()
  return (reader.fixed32() | 0) * 2 ** 32 + low
}
