/**
 * Histograms in records of the log. Types 7 and 9 hold such of integers, 8 and 10 of floats; 9 and 10
 * are for custom buckets, 12 and 13 are newer forms of 7 and 8, which are read only.
 *
 *     ref0 <8b> | t0 <8b> | (ref - ref0 <varint> | t - t0 <varint> | histogram) …
 *     ref0 <varint> | t0 <varint> | start0 <varint> | histogram | (ref - ref before <varint> |
 *         t - t0 <varint> | start: 0 none, 1 as before, 2 + <varint> | histogram) …      (12 and 13)
 *
 *     histogram: hint <1b> | schema <varint> | zero threshold <8b> | zero count | count | sum <8b> |
 *         spans | spans | counts | counts | only of custom buckets: bounds (length <uvarint> | <8b> …)
 *     spans:     length <uvarint> | (offset <varint> | length <uvarint>) …
 *     counts of integers: <uvarint>; of buckets: length <uvarint> | changes from one to the next <varint> …
 *     counts of floats:   <8b>;      of buckets: length <uvarint> | <8b> …
 *
 * Source: tsdb/docs/format/wal.md, tsdb/record.
 */
import {
  CUSTOM_BUCKETS_SCHEMA,
  type CounterResetHint,
  type Histogram,
  SCHEMA_MAX,
  SCHEMA_MIN,
} from '@vigie/model'
import {
  CUSTOM_FLOAT_HISTOGRAMS,
  CUSTOM_HISTOGRAMS,
  FLOAT_HISTOGRAMS,
  FLOAT_HISTOGRAMS_V2,
  HISTOGRAMS,
  HISTOGRAMS_V2,
} from './format.ts'
import { Cursor, RecordError, type RecordWriter } from './records.ts'

/** The type of record that a histogram goes to. */
export function recordTypeOf({ schema, isInteger }: Histogram): number {
  if (schema === CUSTOM_BUCKETS_SCHEMA)
    return isInteger ? CUSTOM_HISTOGRAMS : CUSTOM_FLOAT_HISTOGRAMS
  return isInteger ? HISTOGRAMS : FLOAT_HISTOGRAMS
}

/** Adds a histogram to a record that `startSamples` began with its type. */
export function putHistogram(writer: RecordWriter, ref: number, t: number, h: Histogram): void {
  writer.refAndTime(ref, t)
  writer.reserve(64)
  writer.bytes[writer.size++] = h.counterResetHint
  writer.varint(h.schema)
  writer.float(h.zeroThreshold)
  for (const count of [h.zeroCount, h.count]) {
    if (h.isInteger) writer.uvarint(count)
    else writer.float(count)
  }
  writer.float(h.sum)
  putSpans(writer, h.positiveSpans)
  putSpans(writer, h.negativeSpans)
  for (const counts of [h.positiveCounts, h.negativeCounts]) {
    if (h.isInteger) putChanges(writer, counts)
    else putFloats(writer, counts)
  }
  if (h.schema === CUSTOM_BUCKETS_SCHEMA) putFloats(writer, h.customBounds)
}

function putSpans(writer: RecordWriter, spans: Int32Array): void {
  writer.reserve(10 + spans.length * 10)
  writer.uvarint(spans.length / 2)
  for (let i = 0; i < spans.length; i += 2) {
    writer.varint(spans[i])
    writer.uvarint(spans[i + 1])
  }
}

function putChanges(writer: RecordWriter, counts: Float64Array): void {
  writer.reserve(10 + counts.length * 10)
  writer.uvarint(counts.length)
  let before = 0
  for (const count of counts) {
    writer.varint(count - before)
    before = count
  }
}

function putFloats(writer: RecordWriter, values: Float64Array): void {
  writer.reserve(10 + values.length * 8)
  writer.uvarint(values.length)
  for (const value of values) writer.float(value)
}

/** Visits the histograms of a record; those of schemas that nobody knows are left out, as in Prometheus. */
export function readHistograms(
  record: Buffer,
  visit: (ref: number, t: number, h: Histogram) => void,
): void {
  const [type] = record
  if (record.length === 1) return
  const isInteger = type === HISTOGRAMS || type === CUSTOM_HISTOGRAMS || type === HISTOGRAMS_V2
  const cursor = new Cursor(record)
  const take = (ref: number, t: number): void => {
    const h = readHistogram(cursor, isInteger)
    if (isKnownSchema(h.schema)) visit(ref, t, h)
  }
  if (type === HISTOGRAMS_V2 || type === FLOAT_HISTOGRAMS_V2) return readV2(cursor, record, take)
  const ref0 = cursor.fixed64()
  const t0 = cursor.fixed64()
  while (cursor.at < record.length) {
    const ref = ref0 + cursor.varint()
    take(ref, t0 + cursor.varint())
  }
}

/** Start timestamps are read past: nothing here keeps them. */
function readV2(cursor: Cursor, record: Buffer, take: (ref: number, t: number) => void): void {
  let ref = cursor.varint()
  const t0 = cursor.varint()
  cursor.varint()
  take(ref, t0)
  while (cursor.at < record.length) {
    ref += cursor.varint()
    const t = t0 + cursor.varint()
    if (cursor.byte() >= 2) cursor.varint()
    take(ref, t)
  }
}

const isKnownSchema = (schema: number): boolean =>
  schema === CUSTOM_BUCKETS_SCHEMA || (schema >= SCHEMA_MIN && schema <= SCHEMA_MAX)

function readHistogram(cursor: Cursor, isInteger: boolean): Histogram {
  const hint = cursor.byte()
  if (hint > 3) throw new RecordError(`histogram with counter reset hint ${hint}`)
  const readCount = (): number => (isInteger ? cursor.uvarint() : cursor.float())
  const schema = cursor.varint()
  const zeroThreshold = cursor.float()
  const zeroCount = readCount()
  const count = readCount()
  const sum = cursor.float()
  const positiveSpans = readSpans(cursor)
  const negativeSpans = readSpans(cursor)
  const readCounts = (): Float64Array => (isInteger ? readChanges(cursor) : readFloats(cursor))
  const positiveCounts = readCounts()
  const negativeCounts = readCounts()
  const customBounds = schema === CUSTOM_BUCKETS_SCHEMA ? readFloats(cursor) : new Float64Array(0)
  return {
    isInteger,
    schema,
    counterResetHint: hint as CounterResetHint,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positiveSpans,
    positiveCounts,
    negativeSpans,
    negativeCounts,
    customBounds,
  }
}

function readSpans(cursor: Cursor): Int32Array {
  const spans = new Int32Array(cursor.length(2) * 2)
  for (let i = 0; i < spans.length; i += 2) {
    spans[i] = cursor.varint()
    spans[i + 1] = cursor.uvarint()
  }
  return spans
}

function readChanges(cursor: Cursor): Float64Array {
  const counts = new Float64Array(cursor.length(1))
  let count = 0
  for (let i = 0; i < counts.length; i++) counts[i] = count += cursor.varint()
  return counts
}

function readFloats(cursor: Cursor): Float64Array {
  const values = new Float64Array(cursor.length(8))
  for (let i = 0; i < values.length; i++) values[i] = cursor.float()
  return values
}
