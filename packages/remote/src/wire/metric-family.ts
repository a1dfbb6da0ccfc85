/**
 * Metrics as a protobuf body for scraping: MetricFamily messages, each behind its length. Source:
 * prometheus/client_model, io/prometheus/client/metrics.proto.
 */
import { GAUGE, type Histogram } from '@vigie/model'
import { TYPE_BYTES, TYPE_DOUBLE, TYPE_VARINT, tag, writeBits } from '@vigie/model/prompb'
import protobuf from 'protobufjs/minimal.js'

/** Metrics of one name, all of them floats or all of them histograms of one kind. */
export interface MetricFamily {
  name: string
  metrics: {
    labels: readonly (readonly [name: string, value: string])[]
    /** ms since the epoch. */
    t: number
    value: number | Histogram
  }[]
}

const UNTYPED = 3
const HISTOGRAM = 4
const GAUGE_HISTOGRAM = 5

/** What a family is told to be; families of the same name differ in it. */
export function familyType(value: number | Histogram): number {
  if (typeof value === 'number') return UNTYPED
  return value.counterResetHint === GAUGE ? GAUGE_HISTOGRAM : HISTOGRAM
}

export function encodeMetricFamilies(families: readonly MetricFamily[]): Uint8Array {
  const writer = protobuf.Writer.create()
  for (const { name, metrics } of families) {
    writer.fork()
    writer.uint32(tag(1, TYPE_BYTES)).string(name)
    writer.uint32(tag(3, TYPE_VARINT)).uint32(familyType(metrics[0].value))
    for (const metric of metrics) {
      writer.uint32(tag(4, TYPE_BYTES)).fork()
      writeMetric(writer, metric)
      writer.ldelim()
    }
    writer.ldelim()
  }
  return writer.finish()
}

function writeMetric(
  writer: protobuf.Writer,
  { labels, t, value }: MetricFamily['metrics'][number],
): void {
  for (const [name, text] of labels) {
    writer.uint32(tag(1, TYPE_BYTES)).fork()
    writer.uint32(tag(1, TYPE_BYTES)).string(name)
    writer.uint32(tag(2, TYPE_BYTES)).string(text)
    writer.ldelim()
  }
  const isFloat = typeof value === 'number'
  writer.uint32(tag(isFloat ? 5 : 7, TYPE_BYTES)).fork()
  if (isFloat) writeNumber(writer, 1, value)
  else writeHistogram(writer, value)
  writer.ldelim()
  writer.uint32(tag(6, TYPE_VARINT)).int64(t)
}

/** Zero is written: the fields tell what kind of histogram it is. */
function writeNumber(writer: protobuf.Writer, field: number, value: number): void {
  writeBits(writer.uint32(tag(field, TYPE_DOUBLE)), value)
}

/** With counts as floats, whatever they were: as Prometheus federates them. */
function writeHistogram(writer: protobuf.Writer, h: Histogram): void {
  writeNumber(writer, 2, h.sum)
  writeNumber(writer, 4, h.count)
  writer.uint32(tag(5, TYPE_VARINT)).sint32(h.schema)
  writeNumber(writer, 6, h.zeroThreshold)
  writeNumber(writer, 8, h.zeroCount)
  writeSpans(writer, 9, h.negativeSpans)
  for (const count of h.negativeCounts) writeNumber(writer, 11, count)
  writeSpans(writer, 12, h.positiveSpans)
  for (const count of h.positiveCounts) writeNumber(writer, 14, count)
}

function writeSpans(writer: protobuf.Writer, field: number, spans: Int32Array): void {
  for (let i = 0; i < spans.length; i += 2) {
    writer.uint32(tag(field, TYPE_BYTES)).fork()
    writer.uint32(tag(1, TYPE_VARINT)).sint32(spans[i])
    writer.uint32(tag(2, TYPE_VARINT)).uint32(spans[i + 1])
    writer.ldelim()
  }
}
