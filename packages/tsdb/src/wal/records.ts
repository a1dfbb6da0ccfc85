/**
 * What is in the records of the log, see format.ts for how records lie in it.
 *
 *     series:   1 | (ref <8b> | labels <uvarint> | (length <uvarint> | text) × 2 labels) …
 *     samples:  2 | ref0 <8b> | t0 <8b> | (ref - ref0 <varint> | t - t0 <varint> | value <8b>) …
 *     samples: 11 | ref0, t0, start0 <varint> | value | (ref - ref before <varint> | t - t0 <varint> |
 *                   start: 0 none, 1 as before, 2 + <varint> | value <8b>) …        (read only)
 *
 *     exemplars: 4 | ref0 <8b> | t0 <8b> | (ref - ref0 <varint> | t - t0 <varint> | value <8b> |
 *                   labels <uvarint> | (length <uvarint> | text) × 2 labels) …        (read only)
 *
 *     tombstones: 3 | (ref <8b> | minT <varint> | maxT <varint>) …
 *
 * Numbers of fixed width are big endian. Source: tsdb/docs/format/wal.md, tsdb/record.
 */
import { isStale } from '@vigie/model'
import { SAMPLES, SAMPLES_V2, SERIES, TOMBSTONES } from './format.ts'

/** Grows to the largest record and is used again for the next. */
export class RecordWriter {
  bytes: Buffer = Buffer.alloc(64 * 1024)
  size = 0
  #view = viewOf(this.bytes)
  #ref0 = 0
  #t0 = 0

  get record(): Uint8Array {
    return this.bytes.subarray(0, this.size)
  }

  startSeries(): void {
    this.size = 0
    this.bytes[this.size++] = SERIES
  }

  seriesRef(ref: number, labels: number): void {
    this.reserve(18)
    this.#fixed64(ref)
    this.uvarint(labels)
  }

  startSamples(ref: number, t: number, type: number = SAMPLES): void {
    this.size = 0
    this.bytes[this.size++] = type
    this.#fixed64(ref)
    this.#fixed64(t)
    this.#ref0 = ref
    this.#t0 = t
  }

  sample(ref: number, t: number, v: number): void {
    this.refAndTime(ref, t)
    this.float(v)
  }

  refAndTime(ref: number, t: number): void {
    this.reserve(28)
    this.varint(ref - this.#ref0)
    this.varint(t - this.#t0)
  }

  /** Like the others, wants room made before. */
  float(v: number): void {
    const view = this.#view
    const { size } = this
    this.size = size + 8
    // Fast path: no NaN, whose bits a register may change.
    if (v === v) view.setFloat64(size, v)
    else {
      view.setUint32(size, isStale(v) ? 0x7ff00000 : 0x7ff80000)
      view.setUint32(size + 4, isStale(v) ? 2 : 1)
    }
  }

  startTombstones(): void {
    this.size = 0
    this.bytes[this.size++] = TOMBSTONES
  }

  /** Times in ms, inclusive. */
  tombstone(ref: number, minT: number, maxT: number): void {
    this.reserve(28)
    this.#fixed64(ref)
    this.varint(minT)
    this.varint(maxT)
  }

  /** In a record that `startSamples` began with type EXEMPLARS; `pairs` are its own labels, flat. */
  exemplar(ref: number, t: number, v: number, pairs: readonly string[]): void {
    this.sample(ref, t, v)
    this.reserve(5)
    this.uvarint(pairs.length / 2)
    for (const text of pairs) {
      const size = Buffer.byteLength(text)
      this.reserve(size + 5)
      this.uvarint(size)
      this.size += this.bytes.write(text, this.size)
    }
  }

  /** Makes room for `count` bytes more. */
  reserve(count: number): void {
    if (this.size + count <= this.bytes.length) return
    const bytes = Buffer.alloc(Math.max(this.bytes.length * 2, this.size + count))
    this.bytes.copy(bytes, 0, 0, this.size)
    this.bytes = bytes
    this.#view = viewOf(bytes)
  }

  uvarint(value: number): void {
    let rest = value
    while (rest >= 128) {
      this.bytes[this.size++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.bytes[this.size++] = rest
  }

  varint(value: number): void {
    // Fast path: what most deltas are.
    if (value >= 0 && value < 64) this.bytes[this.size++] = value * 2
    else this.uvarint(value < 0 ? -value * 2 - 1 : value * 2)
  }

  #fixed64(value: number): void {
    this.bytes.writeInt32BE(Math.floor(value / 2 ** 32), this.size)
    this.bytes.writeUInt32BE(value - Math.floor(value / 2 ** 32) * 2 ** 32, this.size + 4)
    this.size += 8
  }
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** A record whose checksum is right but whose content makes no sense. */
export class RecordError extends Error {}

export const recordType = (record: Uint8Array): number => record[0]

/** Visits the series of a series record; `pairs` is flat, names and values, and a new array each time. */
export function readSeries(record: Buffer, visit: (ref: number, pairs: string[]) => void): void {
  const reader = new Cursor(record)
  while (reader.at < record.length) {
    const ref = reader.fixed64()
    const count = reader.uvarint()
    if (count > record.length) throw new RecordError(`series with ${count} labels`)
    const pairs: string[] = []
    for (let i = 0; i < 2 * count; i++) pairs.push(reader.text())
    visit(ref, pairs)
  }
}

/** Visits the intervals of a tombstone record. */
export function readTombstones(
  record: Buffer,
  visit: (ref: number, minT: number, maxT: number) => void,
): void {
  const reader = new Cursor(record)
  while (reader.at < record.length) {
    const ref = reader.fixed64()
    const minT = reader.varint()
    visit(ref, minT, reader.varint())
  }
}

/** Visits the samples of a record of type SAMPLES or SAMPLES_V2. */
export function readSamples(
  record: Buffer,
  visit: (ref: number, t: number, v: number) => void,
): void {
  if (record.length === 1) return
  if (record[0] === SAMPLES_V2) return readSamplesV2(record, visit)
  const reader = new Cursor(record)
  const ref0 = reader.fixed64()
  const t0 = reader.fixed64()
  while (reader.at < record.length) {
    const ref = ref0 + reader.varint()
    const t = t0 + reader.varint()
    visit(ref, t, reader.float())
  }
}

/** Visits the exemplars of an exemplar record; `pairs` are their own labels, flat. */
export function readExemplars(
  record: Buffer,
  visit: (ref: number, t: number, v: number, pairs: string[]) => void,
): void {
  if (record.length === 1) return
  const reader = new Cursor(record)
  const ref0 = reader.fixed64()
  const t0 = reader.fixed64()
  while (reader.at < record.length) {
    const ref = ref0 + reader.varint()
    const t = t0 + reader.varint()
    const v = reader.float()
    const count = reader.uvarint()
    if (count > record.length) throw new RecordError(`exemplar with ${count} labels`)
    const pairs: string[] = []
    for (let i = 0; i < 2 * count; i++) pairs.push(reader.text())
    visit(ref, t, v, pairs)
  }
}

/** Start timestamps are read past: nothing here keeps them. */
function readSamplesV2(record: Buffer, visit: (ref: number, t: number, v: number) => void): void {
  const reader = new Cursor(record)
  let ref = reader.varint()
  const t0 = reader.varint()
  reader.varint()
  visit(ref, t0, reader.float())
  while (reader.at < record.length) {
    ref += reader.varint()
    const t = t0 + reader.varint()
    if (reader.byte() >= 2) reader.varint()
    visit(ref, t, reader.float())
  }
}

/** Reads the parts of a record, from behind its type. Throws RecordError at its end. */
export class Cursor {
  at = 1
  readonly #bytes: Buffer
  readonly #view: DataView

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
  }

  byte(): number {
    return this.#bytes[this.#take(1)]
  }

  fixed64(): number {
    const at = this.#take(8)
    return this.#view.getInt32(at) * 2 ** 32 + this.#view.getUint32(at + 4)
  }

  float(): number {
    return this.#view.getFloat64(this.#take(8))
  }

  uvarint(): number {
    let value = 0
    let factor = 1
    for (let i = 0; i < 10; i++) {
      const byte = this.#bytes[this.#take(1)]
      value += (byte & 0x7f) * factor
      if (byte < 128) return value
      factor *= 128
    }
    throw new RecordError(`number of more than 10 bytes before ${this.at}`)
  }

  /** A number of things of at least `bytesEach` bytes that follow. */
  length(bytesEach: number): number {
    const count = this.uvarint()
    if (count * bytesEach > this.#bytes.length - this.at)
      throw new RecordError(`${count} items in a record of ${this.#bytes.length} bytes`)
    return count
  }

  varint(): number {
    const zigzag = this.uvarint()
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  }

  text(): string {
    const size = this.uvarint()
    const at = this.#take(size)
    return this.#bytes.toString('utf8', at, at + size)
  }

  #take(size: number): number {
    const { at } = this
    this.at += size
    if (this.at > this.#bytes.length)
      throw new RecordError(`record of ${this.#bytes.length} bytes ends before ${this.at}`)
    return at
  }
}
