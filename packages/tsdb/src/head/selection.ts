/**
 * What a selector matched, and the samples of it: a snapshot of the moment of `select`, that stays
 * valid while a query yields. It holds numbers only: per series its reference, its label set, its
 * newest full chunk and how many samples its open chunk had. Full chunks never change and their slabs
 * live as long as the snapshot holds them. The open chunk only grows; when it has been closed since,
 * it is the oldest chunk that is newer than the newest full one of the snapshot.
 */
import {
  type Labels,
  STALE_NAN,
  type SampleColumns,
  type SeriesSet,
  isStaleHistogram,
} from '@vigie/model'
import { dropDeleted } from '../block/block-selection.ts'
import type { ChunkData } from '../block/block-series.ts'
import type { Intervals, Tombstones } from '../block/tombstones.ts'
import { XOR } from '../chunk/encoding.ts'
import { decodeHistograms } from '../chunk/histogram-reader.ts'
import { decodeXor } from '../chunk/xor.ts'
import type { SharedHead } from '../share/shared-selection.ts'
import { type ChunkBytes, SLACK_BYTES, type SlabPlaces } from './chunk-slabs.ts'
import { ClosedChunks } from './closed-chunks.ts'
import type { Head } from './head.ts'
import { mergeChunksInto } from './out-of-order.ts'
import * as series from './series-table.ts'

/** Looks at a chunk, during the call. Only its first `count` samples belong to the snapshot. */
type VisitChunk = (chunk: ChunkBytes, count: number) => void

export class Selection implements SeriesSet {
  readonly count: number
  readonly #head: Head
  readonly #places: SlabPlaces
  readonly #minValidT: number
  readonly #tombstones: Tombstones
  readonly #refs: Uint32Array
  readonly #labels: Uint32Array
  readonly #closed: Uint32Array
  readonly #openCounts: Uint16Array
  // By index, of the series that have samples that came out of order.
  #late: Map<number, ChunkData[]> | undefined
  readonly #closedChunks: ClosedChunks

  constructor(head: Head, slots: Uint32Array) {
    this.count = slots.length
    this.#head = head
    this.#closedChunks = new ClosedChunks(head.reader)
    this.#places = head.chunks.places
    this.#minValidT = head.minValidT
    this.#tombstones = head.tombstones
    this.#refs = new Uint32Array(slots.length)
    this.#labels = new Uint32Array(slots.length)
    this.#closed = new Uint32Array(slots.length)
    this.#openCounts = new Uint16Array(slots.length)
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]
      const { u32 } = head.table.page(slot)
      this.#refs[i] = head.table.refOf(slot)
      this.#labels[i] = u32[series.word(slot) + series.LABELS]
      this.#closed[i] = u32[series.word(slot) + series.CLOSED]
      this.#openCounts[i] = head.openCount(slot)
    }
    if (!head.outOfOrder.isEmpty) this.#takeLate(head, slots)
  }

  #takeLate(head: Head, slots: Uint32Array): void {
    this.#late = new Map()
    for (let i = 0; i < slots.length; i++)
      if (head.outOfOrder.has(slots[i])) this.#late.set(i, head.outOfOrder.chunksOf(slots[i]))
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
    this.visitChunks(index, from, maxT, (chunk, count) =>
      decodeChunk(chunk, count, from, maxT, out),
    )
    const late = this.#late?.get(index)
    if (late !== undefined) mergeChunksInto(out, late, minT, maxT)
    if (out.h !== undefined) markStale(out)
    const deleted = this.deleted(index)
    if (deleted !== undefined) dropDeleted(out, deleted)
  }

  /** Where a series is in the table; 0 when it was dropped. */
  slot(index: number): number {
    return this.#head.table.slotOf(this.#refs[index])
  }

  /** What of a series is deleted, undefined when nothing is. */
  deleted(index: number): Intervals | undefined {
    if (this.#tombstones.size === 0) return undefined
    return this.#tombstones.get(this.#slot(index))
  }

  /** Visits the chunks of a series that may have samples in [minT, maxT], from old to new. */
  visitChunks(index: number, minT: number, maxT: number, visit: VisitChunk): void {
    const from = Math.max(minT, this.#minValidT)
    this.#closedChunks.visit(this.#places, this.#closed[index], from, maxT, (chunk) =>
      visit(chunk, chunk.count),
    )
    this.#visitOpen(index, from, visit)
  }

  /** The same for another thread. To be called in the turn of the selection. */
  share(minT: number): SharedHead {
    const { count } = this
    const openStarts = new Uint32Array(count + 1)
    const openCounts = this.#openCounts.slice()
    const openEncodings = new Uint8Array(count)
    const deletedBySeries = new Map<number, Intervals>()
    let size = 0
    for (let i = 0; i < count; i++) {
      openStarts[i] = size
      const deleted = this.deleted(i)
      if (deleted !== undefined) deletedBySeries.set(i, deleted)
      const slot = this.#slot(i)
      if (this.#head.lastT(slot) < minT) openCounts[i] = 0
      if (openCounts[i] > 0) size += this.#head.openBytes(slot)
    }
    openStarts[count] = size
    // What a decoder may look at beyond the last chunk is there.
    const open = new Uint8Array(size + SLACK_BYTES)
    for (let i = 0; i < count; i++) {
      if (openCounts[i] === 0) continue
      const { bytes, start, end, encoding } = this.#head.openChunk(this.#slot(i))
      open.set(bytes.subarray(start, end), openStarts[i])
      openEncodings[i] = encoding
    }
    return {
      count,
      labels: this.#labels,
      closed: this.#closed,
      openStarts,
      openCounts,
      openEncodings,
      open,
      deleted: deletedBySeries,
      late: this.#late,
      minValidT: this.#minValidT,
    }
  }

  #slot(index: number): number {
    const slot = this.#head.table.slotOf(this.#refs[index])
    if (slot === 0) throw new Error('cannot read series: it was dropped while the query held it')
    return slot
  }

  #visitOpen(index: number, minT: number, visit: VisitChunk): void {
    const count = this.#openCounts[index]
    if (count === 0) return
    const slot = this.#slot(index)
    const closedSince = this.#closedSince(index, slot)
    if (closedSince !== 0) {
      this.#head.reader.seek(this.#head.chunks.places, closedSince)
      return visit(this.#head.reader, count)
    }
    // Fast path: nothing in it is new enough.
    if (this.#head.lastT(slot) >= minT) visit(this.#head.openChunk(slot), count)
  }

  /** The chunk that was the open one, 0 when it still is. */
  #closedSince(index: number, slot: number): number {
    const newestThen = this.#closed[index]
    const { reader, chunks, table } = this.#head
    let link = table.page(slot).u32[series.word(slot) + series.CLOSED]
    let found = 0
    while (link !== newestThen && link !== 0) {
      if (!reader.seek(chunks.places, link))
        throw new Error('cannot read series: its chunks were dropped while the query held it')
      found = link
      link = reader.previous
    }
    return found
  }
}

/** Appends the samples with minT <= t <= maxT of the first `count` of a chunk to `out`. */
export function decodeChunk(
  { encoding, bytes, view, start, end }: ChunkBytes,
  count: number,
  minT: number,
  maxT: number,
  out: SampleColumns,
): void {
  if (encoding === XOR) decodeXor(view, start + 2, count, minT, maxT, out)
  else decodeHistograms(bytes, start, end, count, encoding, minT, maxT, out)
}

/** Histograms that end a series become what ends a series of floats. */
export function markStale(out: SampleColumns): void {
  const h = out.h!
  for (let i = 0; i < out.length; i++) {
    const one = h[i]
    if (one === undefined || !isStaleHistogram(one)) continue
    h[i] = undefined
    out.v[i] = STALE_NAN
  }
}
