/** From the head's numbers to records of the log. */
import type { Batch } from './appender.ts'
import type { Head } from './head/head.ts'
import * as series from './head/series-table.ts'
import { RecordWriter } from './wal/records.ts'

/** Samples of one record; a larger batch is several. */
const SAMPLES_PER_RECORD = 50_000
/** Series of one record, in a checkpoint too. */
const SERIES_PER_RECORD = 500

/** Adds the labels of a series to a series record. */
function putSeries(writer: RecordWriter, head: Head, slot: number, walRef: number): void {
  const handle = head.labelsHandle(slot)
  const count = head.labelSets.countOf(handle)
  writer.seriesRef(walRef, count)
  for (let i = 0; i < count; i++) {
    putText(writer, head, head.labelSets.name(handle, i))
    putText(writer, head, head.labelSets.value(handle, i))
  }
}

function putText(writer: RecordWriter, head: Head, symbol: number): void {
  const size = head.symbols.sizeOf(symbol)
  writer.reserve(size + 5)
  writer.uvarint(size)
  writer.size += head.symbols.copyText(symbol, writer.bytes, writer.size)
}

/** Calls `add` with the series records of `slots`. */
export function addSeriesRecords(
  writer: RecordWriter,
  head: Head,
  slots: readonly number[],
  add: (record: Uint8Array) => void,
): void {
  for (let start = 0; start < slots.length; start += SERIES_PER_RECORD) {
    writer.startSeries()
    for (const slot of slots.slice(start, start + SERIES_PER_RECORD))
      putSeries(writer, head, slot, walRefOf(head, slot))
    add(writer.record)
  }
}

export const walRefOf = (head: Head, slot: number): number =>
  head.table.page(slot).f64[series.double(slot) + series.WAL_REF]

/** Calls `add` with the sample records of a batch. */
export function addSampleRecords(
  writer: RecordWriter,
  head: Head,
  batch: Batch,
  add: (record: Uint8Array) => void,
): void {
  const { refs, t, v, count } = batch
  for (let start = 0; start < count; start += SAMPLES_PER_RECORD) {
    const end = Math.min(count, start + SAMPLES_PER_RECORD)
    writer.startSamples(walRefOf(head, refs[start] & series.SERIES_MAX), t[start])
    for (let i = start; i < end; i++)
      writer.sample(walRefOf(head, refs[i] & series.SERIES_MAX), t[i], v[i])
    add(writer.record)
  }
}

/**
 * The records that say which series there are, as slices; `aliases` are further numbers of some of
 * them. Series that die or are born meanwhile do not matter: later segments tell of those.
 */
export function* checkpointRecords(
  head: Head,
  aliases: ReadonlyMap<number, number>,
): Iterable<Uint8Array> {
  const writer = new RecordWriter()
  let count = 0
  const { table } = head
  for (let slot = 1; slot < table.end; slot++) {
    const flags = table.page(slot).u8[series.byte(slot) + series.FLAGS]
    if (!table.isAlive(slot) || (flags & series.LOGGED) === 0) continue
    if (count === 0) writer.startSeries()
    putSeries(writer, head, slot, walRefOf(head, slot))
    if (++count < SERIES_PER_RECORD) continue
    yield writer.record
    count = 0
  }
  if (count === 0) writer.startSeries()
  for (const [ref, slot] of aliases) if (table.isAlive(slot)) putSeries(writer, head, slot, ref)
  if (writer.size > 1) yield writer.record
}
