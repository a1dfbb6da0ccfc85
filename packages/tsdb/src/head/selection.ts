/**
 * What a selector matched, and the samples of it: a snapshot of the moment of `select`, that stays
 * valid while a query yields. It holds numbers only: per series its reference, its label set, its
 * newest full chunk and how many samples its open chunk had. Full chunks never change and their slabs
 * live as long as the snapshot holds them. The open chunk only grows; when it has been closed since,
 * it is the oldest chunk that is newer than the newest full one of the snapshot.
 */
import type { Labels, SampleColumns, SeriesSet } from '@vigie/model'
import { CHUNK_HEADER_BYTES, type ChunkSlabs, offsetOf, slabOf } from './chunk-log.ts'
import type { Head } from './head.ts'
import * as series from './series-table.ts'
import { SAMPLE_BYTES_MAX, decodeXor, firstTimestamp } from '../chunk/xor.ts'

/**
 * A chunk that somebody looks at: its bytes, count first, are those from `start` to `end` of `view`,
 * for the time of the call. Only its first `count` samples belong to the snapshot.
 */
type VisitChunk = (view: DataView, start: number, end: number, count: number) => void

export class Selection implements SeriesSet {
  readonly count: number
  readonly #head: Head
  readonly #slabs: ChunkSlabs
  readonly #minValidT: number
  readonly #refs: Uint32Array
  readonly #labels: Uint32Array
  readonly #closed: Uint32Array
  readonly #openCounts: Uint8Array
  readonly #words = new Uint32Array(2)
  #links = new Uint32Array(64)
  readonly #open = new Uint8Array(2 + 122 * SAMPLE_BYTES_MAX)
  readonly #openView = new DataView(this.#open.buffer)

  constructor(head: Head, slots: Uint32Array) {
    this.count = slots.length
    this.#head = head
    this.#slabs = head.chunks.slabs
    this.#minValidT = head.minValidT
    this.#refs = new Uint32Array(slots.length)
    this.#labels = new Uint32Array(slots.length)
    this.#closed = new Uint32Array(slots.length)
    this.#openCounts = new Uint8Array(slots.length)
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]
      const { u32, u8 } = head.table.page(slot)
      this.#refs[i] = head.table.refOf(slot)
      this.#labels[i] = u32[series.word(slot) + series.LABELS]
      this.#closed[i] = u32[series.word(slot) + series.CLOSED]
      this.#openCounts[i] = u8[series.byte(slot) + series.COUNT]
    }
  }

  labels(index: number): Labels {
    this.#slot(index)
    return this.#head.labelSets.labels(this.#labels[index])
  }

  /** The label set of a series, as a handle. */
  labelsHandle(index: number): number {
    return this.#labels[index]
  }

  samples(index: number, minT: number, maxT: number, out: SampleColumns): void {
    out.clear()
    const from = Math.max(minT, this.#minValidT)
    this.visitChunks(index, from, maxT, (view, start, _end, count) =>
      decodeXor(view, start + 2, count, from, maxT, this.#words, out),
    )
  }

  /** Visits the chunks of a series that may have samples in [minT, maxT], from old to new. */
  visitChunks(index: number, minT: number, maxT: number, visit: VisitChunk): void {
    const from = Math.max(minT, this.#minValidT)
    this.#visitClosed(this.#closed[index], from, maxT, visit)
    this.#visitOpen(index, from, visit)
  }

  #slot(index: number): number {
    const slot = this.#head.table.slotOf(this.#refs[index])
    if (slot === 0) throw new Error('cannot read series: it was dropped while the query held it')
    return slot
  }

  /** Full chunks are linked from new to old and wanted from old to new. */
  #visitClosed(newest: number, minT: number, maxT: number, visit: VisitChunk): void {
    let count = 0
    let link = newest
    for (
      let slab = slabOf(this.#slabs, link);
      slab !== undefined;
      slab = slabOf(this.#slabs, link)
    ) {
      const at = offsetOf(link)
      const firstT = firstTimestamp(slab.view, at + CHUNK_HEADER_BYTES + 2)
      if (firstT + slab.view.getUint32(at + 4, true) < minT) break
      if (firstT <= maxT) {
        if (count === this.#links.length) this.#growLinks()
        this.#links[count++] = link
      }
      link = slab.view.getUint32(at, true)
    }
    while (count > 0) this.#visitOne(this.#slabs, this.#links[--count], undefined, visit)
  }

  #growLinks(): void {
    const links = new Uint32Array(this.#links.length * 2)
    links.set(this.#links)
    this.#links = links
  }

  /** The first `count` samples of a full chunk, all of them when it is undefined. */
  #visitOne(slabs: ChunkSlabs, link: number, count: number | undefined, visit: VisitChunk): void {
    const { view } = slabOf(slabs, link)!
    const at = offsetOf(link)
    const start = at + CHUNK_HEADER_BYTES
    visit(view, start, start + view.getUint16(at + 8, true), count ?? view.getUint16(start))
  }

  #visitOpen(index: number, minT: number, visit: VisitChunk): void {
    const count = this.#openCounts[index]
    const slot = this.#slot(index)
    const closedSince = this.#closedSince(index, slot)
    if (closedSince !== 0) return this.#visitOne(this.#head.chunks.slabs, closedSince, count, visit)
    // Fast path: nothing in it is new enough.
    if (count === 0 || this.#head.lastT(slot) < minT) return
    const size = this.#head.copyOpenChunk(slot, this.#open, 2)
    this.#openView.setUint16(0, this.#head.openCount(slot))
    visit(this.#openView, 0, 2 + size, count)
  }

  /** The chunk that was the open one, 0 when it still is. */
  #closedSince(index: number, slot: number): number {
    const newestThen = this.#closed[index]
    const { slabs } = this.#head.chunks
    let link = this.#head.table.page(slot).u32[series.word(slot) + series.CLOSED]
    let found = 0
    while (link !== newestThen && link !== 0) {
      const slab = slabOf(slabs, link)
      if (slab === undefined)
        throw new Error('cannot read series: its chunks were dropped while the query held it')
      found = link
      link = slab.view.getUint32(offsetOf(link), true)
    }
    return found
  }
}
