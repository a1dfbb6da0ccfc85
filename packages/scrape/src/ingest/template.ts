/**
 * The last body of a target with the numbers cut out, and what each number belongs to:
 *
 *     body      # TYPE a counter\na{x="1"} 5\na{x="2"} 17\n
 *     segments [# TYPE a counter\na{x="1"} ][\na{x="2"} ]        one per sample, up to its value
 *     tail                                              [\n]     what follows the last sample
 *
 * The next body is nearly the same. Where a segment is equal byte for byte, the line is well-formed,
 * has the same labels under the same metadata, and its series reference is known without hashing or
 * making a string. Held as columns and one run of bytes: about 20 bytes a series beside its text.
 */
import type { TextFormat } from '../exposition/parser.ts'

/** Series dropped by relabelling: parsed, counted as scraped, not kept. */
export const DROPPED = 0
/** Series that the storage refused to make: asked for again with every scrape. */
export const REFUSED = -1

export class Template {
  static readonly EMPTY: Template = new Template('prometheus', Buffer.alloc(0), 0, {
    segmentEnd: new Int32Array(0),
    seriesStart: new Int32Array(0),
    refs: new Float64Array(0),
    types: new Uint8Array(0),
    hasTimestamp: new Uint8Array(0),
  })

  readonly format: TextFormat
  readonly bytes: Buffer
  readonly view: DataView
  readonly size: number
  readonly slotCount: number
  /** Per slot: the end of its segment in `bytes`, where the value would stand. */
  readonly segmentEnd: Int32Array
  /** Per slot: where name and labels begin in `bytes`. */
  readonly seriesStart: Int32Array
  /** Per slot: the storage's reference, DROPPED or REFUSED. */
  readonly refs: Float64Array
  /** Per slot: index of the `# TYPE` in force, see TYPE_NAMES. */
  readonly types: Uint8Array
  /** Per slot: 1 when a timestamp stood behind the value. */
  readonly hasTimestamp: Uint8Array

  constructor(format: TextFormat, bytes: Buffer, slotCount: number, columns: Columns) {
    this.format = format
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.size = bytes.length
    this.slotCount = slotCount
    this.segmentEnd = columns.segmentEnd
    this.seriesStart = columns.seriesStart
    this.refs = columns.refs
    this.types = columns.types
    this.hasTimestamp = columns.hasTimestamp
  }

  segmentStart(slot: number): number {
    return slot === 0 ? 0 : this.segmentEnd[slot - 1]
  }

  /** The type in force where the slot's segment begins: an equal segment under another one is another series. */
  typeBefore(slot: number): number {
    return slot === 0 ? 0 : this.types[slot - 1]
  }

  /** The end of name and labels: the segment without the blanks before the value. */
  seriesEnd(slot: number): number {
    let end = this.segmentEnd[slot]
    while (this.bytes[end - 1] === 0x20 || this.bytes[end - 1] === 0x09) end--
    return end
  }

  get tailStart(): number {
    return this.segmentStart(this.slotCount)
  }
}

interface Columns {
  segmentEnd: Int32Array
  seriesStart: Int32Array
  refs: Float64Array
  types: Uint8Array
  hasTimestamp: Uint8Array
}

const SLOTS_INITIAL = 1024
const BYTES_INITIAL = 64 * 1024

/** Scratch in which a template is put together; one serves all targets, as ingestion never yields. */
export class TemplateBuilder {
  slotCount = 0
  #bytes = Buffer.allocUnsafeSlow(BYTES_INITIAL)
  #size = 0
  #columns: Columns = emptyColumns(SLOTS_INITIAL)

  reset(): void {
    this.slotCount = 0
    this.#size = 0
  }

  /** `Template.types` of the last slot; 0 without one. */
  get lastType(): number {
    return this.slotCount === 0 ? 0 : this.#columns.types[this.slotCount - 1]
  }

  /** Takes over slots [from, to) of `source` as they are. */
  appendSlots(source: Template, from: number, to: number): void {
    if (from >= to) return
    const start = source.segmentStart(from)
    const end = source.segmentEnd[to - 1]
    const shift = this.#size - start
    const at = this.slotCount
    this.#reserve(end - start, to - from)
    const { segmentEnd, seriesStart, refs, types, hasTimestamp } = this.#columns
    source.bytes.copy(this.#bytes, this.#size, start, end)
    for (let i = from; i < to; i++) {
      segmentEnd[at + i - from] = source.segmentEnd[i] + shift
      seriesStart[at + i - from] = source.seriesStart[i] + shift
    }
    refs.set(source.refs.subarray(from, to), at)
    types.set(source.types.subarray(from, to), at)
    hasTimestamp.set(source.hasTimestamp.subarray(from, to), at)
    this.#size += end - start
    this.slotCount += to - from
  }

  /** A segment [start, end) of `body` whose series begins at `seriesStart`. */
  appendLine(
    body: Buffer,
    start: number,
    seriesStart: number,
    end: number,
    ref: number,
    type: number,
    hasTimestamp: boolean,
  ): void {
    this.#reserve(end - start, 1)
    copyBytes(body, start, end, this.#bytes, this.#size)
    const slot = this.slotCount++
    this.#columns.seriesStart[slot] = this.#size + seriesStart - start
    this.#size += end - start
    this.#columns.segmentEnd[slot] = this.#size
    this.#columns.refs[slot] = ref
    this.#columns.types[slot] = type
    this.#columns.hasTimestamp[slot] = hasTimestamp ? 1 : 0
  }

  /** The template of exactly what was appended, ending with [start, end) of `body`. */
  finish(format: TextFormat, body: Buffer, start: number, end: number): Template {
    const tail = Math.max(0, end - start)
    this.#reserve(tail, 0)
    body.copy(this.#bytes, this.#size, start, start + tail)
    const count = this.slotCount
    const bytes = Buffer.allocUnsafeSlow(this.#size + tail)
    this.#bytes.copy(bytes, 0, 0, this.#size + tail)
    const { segmentEnd, seriesStart, refs, types, hasTimestamp } = this.#columns
    return new Template(format, bytes, count, {
      segmentEnd: segmentEnd.slice(0, count),
      seriesStart: seriesStart.slice(0, count),
      refs: refs.slice(0, count),
      types: types.slice(0, count),
      hasTimestamp: hasTimestamp.slice(0, count),
    })
  }

  #reserve(bytes: number, slots: number): void {
    if (this.#size + bytes > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#size + bytes))
      this.#bytes.copy(larger, 0, 0, this.#size)
      this.#bytes = larger
    }
    const capacity = this.#columns.refs.length
    if (this.slotCount + slots <= capacity) return
    const columns = emptyColumns(Math.max(capacity * 2, this.slotCount + slots))
    columns.segmentEnd.set(this.#columns.segmentEnd)
    columns.seriesStart.set(this.#columns.seriesStart)
    columns.refs.set(this.#columns.refs)
    columns.types.set(this.#columns.types)
    columns.hasTimestamp.set(this.#columns.hasTimestamp)
    this.#columns = columns
  }
}

/** Buffer.copy costs more than a line of text is worth. */
function copyBytes(source: Buffer, start: number, end: number, target: Buffer, at: number): void {
  if (end - start > COPIED_BY_HAND_MAX) source.copy(target, at, start, end)
  else for (let i = start; i < end; i++) target[at + i - start] = source[i]
}

const COPIED_BY_HAND_MAX = 256

function emptyColumns(capacity: number): Columns {
  return {
    segmentEnd: new Int32Array(capacity),
    seriesStart: new Int32Array(capacity),
    refs: new Float64Array(capacity),
    types: new Uint8Array(capacity),
    hasTimestamp: new Uint8Array(capacity),
  }
}

/** Finds slots by name and labels: an open-addressing table over the template's own bytes. */
export class SlotIndex {
  readonly #template: Template
  readonly #table: Int32Array
  readonly #mask: number

  constructor(template: Template) {
    this.#template = template
    let capacity = 16
    while (capacity < template.slotCount * 2) capacity *= 2
    this.#mask = capacity - 1
    this.#table = new Int32Array(capacity).fill(-1)
    for (let slot = 0; slot < template.slotCount; slot++) {
      const from = template.seriesStart[slot]
      let at = hashBytes(template.view, from, template.seriesEnd(slot)) & this.#mask
      while (this.#table[at] >= 0) at = (at + 1) & this.#mask
      this.#table[at] = slot
    }
  }

  /** The first slot whose series is written as [from, to) of a body under the same type; -1: none. */
  find(view: DataView, from: number, to: number, type: number): number {
    const { bytes, view: own, seriesStart, types } = this.#template
    for (let at = hashBytes(view, from, to) & this.#mask; ; at = (at + 1) & this.#mask) {
      const slot = this.#table[at]
      if (slot < 0) return -1
      const start = seriesStart[slot]
      const after = bytes[start + to - from]
      const isEnd =
        after === 0x20 || after === 0x09 || start + to - from === this.#template.segmentEnd[slot]
      if (isEnd && types[slot] === type && equalBytes(own, start, view, from, to - from))
        return slot
    }
  }
}

/** Over words of four bytes, the last one overlapping its predecessor. */
function hashBytes(view: DataView, from: number, to: number): number {
  let hash = to - from
  if (hash < 4) for (let i = from; i < to; i++) hash = Math.imul(hash ^ view.getUint8(i), PRIME)
  else {
    const last = to - 4
    for (let i = from; i < last; i += 4) {
      hash = Math.imul(hash ^ view.getInt32(i, true), PRIME)
      hash ^= hash >>> 15
    }
    hash = Math.imul(hash ^ view.getInt32(last, true), PRIME)
  }
  return (hash ^ (hash >>> 15)) >>> 0
}

const PRIME = 0x2c1b3c6d

/** Whether `length` bytes from `a[aAt]` and `b[bAt]` are the same. Both views must be long enough. */
export function equalBytes(
  a: DataView,
  aAt: number,
  b: DataView,
  bAt: number,
  length: number,
): boolean {
  if (length < 4) {
    for (let i = 0; i < length; i++) if (a.getUint8(aAt + i) !== b.getUint8(bAt + i)) return false
    return true
  }
  // Words of four bytes, the last one overlapping its predecessor.
  const last = length - 4
  for (let i = 0; i < last; i += 4)
    if (a.getInt32(aAt + i, true) !== b.getInt32(bAt + i, true)) return false
  return a.getInt32(aAt + last, true) === b.getInt32(bAt + last, true)
}
