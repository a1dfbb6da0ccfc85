/** From the head's numbers to records of the log. */
import type { Batch, TakenExemplar } from './appender.ts'
import type { Head } from './head/head.ts'
import * as series from './head/series-table.ts'
import { EXEMPLARS, SAMPLES } from './wal/format.ts'
import { putHistogram, recordTypeOf } from './wal/histogram-records.ts'
import { RecordWriter } from './wal/records.ts'

/** Samples of one record; a larger batch is several. */
const SAMPLES_PER_RECORD = 50_000
const EXEMPLARS_PER_RECORD = 5000
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

/** Calls `add` with the records of the samples of a batch. */
export function addSampleRecords(
  writer: RecordWriter,
  head: Head,
  batch: Batch,
  add: (record: Uint8Array) => void,
): void {
  const { count, h } = batch
  if (h === undefined) return addFloats(writer, head, batch, 0, count, add)
  const records = new BatchRecords(writer, head, batch, add)
  if (batch.isMixed) records.addInOrder()
  else records.addByKind()
}

/** Calls `add` with the records of those samples of a batch that come out of order. */
export function addLateRecords(
  writer: RecordWriter,
  head: Head,
  batch: Batch,
  add: (record: Uint8Array) => void,
): void {
  const late = batch.late ?? []
  const records = new BatchRecords(writer, head, batch, add)
  records.addOnly(late)
}

/** Calls `add` with the records of exemplars. */
export function addExemplarRecords(
  writer: RecordWriter,
  head: Head,
  taken: readonly TakenExemplar[],
  add: (record: Uint8Array) => void,
): void {
  for (let start = 0; start < taken.length; start += EXEMPLARS_PER_RECORD) {
    const part = taken.slice(start, start + EXEMPLARS_PER_RECORD)
    writer.startSamples(walRefOf(head, part[0].slot), part[0].exemplar.t, EXEMPLARS)
    for (const { slot, exemplar } of part)
      writer.exemplar(walRefOf(head, slot), exemplar.t, exemplar.v, exemplar.labels.pairs)
    add(writer.record)
  }
}

function addFloats(
  writer: RecordWriter,
  head: Head,
  { refs, t, v }: Batch,
  from: number,
  to: number,
  add: (record: Uint8Array) => void,
): void {
  for (let start = from; start < to; start += SAMPLES_PER_RECORD) {
    const end = Math.min(to, start + SAMPLES_PER_RECORD)
    writer.startSamples(walRefOf(head, refs[start] & series.SERIES_MAX), t[start])
    for (let i = start; i < end; i++)
      writer.sample(walRefOf(head, refs[i] & series.SERIES_MAX), t[i], v[i])
    add(writer.record)
  }
}

/** The records of a batch with histograms: each record has samples of one kind. */
class BatchRecords {
  readonly #writer: RecordWriter
  readonly #head: Head
  readonly #batch: Batch
  readonly #add: (record: Uint8Array) => void
  // The type of the record that is being written, 0 when there is none.
  #type = 0
  #samples = 0

  constructor(writer: RecordWriter, head: Head, batch: Batch, add: (record: Uint8Array) => void) {
    this.#writer = writer
    this.#head = head
    this.#batch = batch
    this.#add = add
  }

  /** Few records: one kind after the other. */
  addByKind(): void {
    const types = new Set<number>()
    for (let i = 0; i < this.#batch.count; i++) types.add(this.#typeOf(i))
    for (const type of types) {
      for (let i = 0; i < this.#batch.count; i++) if (this.#typeOf(i) === type) this.#put(type, i)
      this.#end()
    }
  }

  /** Samples of a series must be read in the order of their time. */
  addInOrder(): void {
    for (let i = 0; i < this.#batch.count; i++) this.#put(this.#typeOf(i), i)
    this.#end()
  }

  addOnly(indexes: Iterable<number>): void {
    for (const i of indexes) this.#put(this.#typeOf(i), i)
    this.#end()
  }

  #typeOf(i: number): number {
    const h = this.#batch.h?.[i]
    return h === undefined ? SAMPLES : recordTypeOf(h)
  }

  #put(type: number, i: number): void {
    const { refs, t, v, h } = this.#batch
    const ref = walRefOf(this.#head, refs[i] & series.SERIES_MAX)
    if (type !== this.#type || this.#samples >= SAMPLES_PER_RECORD) {
      this.#end()
      this.#writer.startSamples(ref, t[i], type)
      this.#type = type
    }
    this.#samples++
    if (type === SAMPLES) this.#writer.sample(ref, t[i], v[i])
    else putHistogram(this.#writer, ref, t[i], h![i]!)
  }

  #end(): void {
    if (this.#type !== 0) this.#add(this.#writer.record)
    this.#type = 0
    this.#samples = 0
  }
}

/**
 * The records that say which series there are, and what of them is deleted, as slices; `aliases` are further numbers of some of
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
  yield* tombstoneRecords(head, writer)
}

/** Tombstones of one record. */
const TOMBSTONES_PER_RECORD = 1000

function* tombstoneRecords(head: Head, writer: RecordWriter): Iterable<Uint8Array> {
  writer.startTombstones()
  let count = 0
  for (const [slot, intervals] of head.tombstones) {
    if (!head.table.isAlive(slot)) continue
    for (let i = 0; i < intervals.length; i += 2)
      writer.tombstone(walRefOf(head, slot), intervals[i], intervals[i + 1])
    if (++count % TOMBSTONES_PER_RECORD !== 0) continue
    yield writer.record
    writer.startTombstones()
  }
  if (writer.size > 1) yield writer.record
}
