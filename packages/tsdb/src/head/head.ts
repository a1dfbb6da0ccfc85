/**
 * All series and samples in memory. Nothing here touches a disk or decides what may be appended: it
 * is the state that commits, replay and queries share.
 *
 * The open chunk of a series is XOR encoded as its samples come, in a chain of blocks of the arena:
 *
 *     previous block <4b> | 124 bytes of the chunk's bits
 *
 * so that it grows without being copied. Where it ends (chunk-ends.ts) it goes to the chunk log as one
 * piece and its blocks are free for others. That of a series of histograms, of which there are fewer, is
 * an object of its own.
 */
import { type Histogram, type Labels, StorageLimitError, isStale } from '@vigie/model'
import { XOR } from '../chunk/encoding.ts'
import { HistogramChunk } from '../chunk/histogram-writer.ts'
import { Arena, byteOf, wordOf } from './arena.ts'
import {
  CHUNK_BITS_MAX,
  CHUNK_SAMPLES_MAX,
  HistogramEnds,
  RANGE_MS,
  RECKONED_AT,
  reckonEnd,
} from './chunk-ends.ts'
import { ChunkLog } from './chunk-log.ts'
import { type ChunkBytes, ChunkReader, placeOf } from './chunk-slabs.ts'
import type { Intervals } from '../block/tombstones.ts'
import type { ChunkSpill } from './chunk-spill.ts'
import { HashTable } from './hash-table.ts'
import { LabelSets, hashSymbols } from './label-sets.ts'
import { OutOfOrder } from './out-of-order.ts'
import { Postings } from './postings.ts'
import * as series from './series-table.ts'
import { Symbols } from './symbols.ts'
import { NO_LEADING, SAMPLE_BYTES_MAX, XorEncoder, firstTimestamp } from '../chunk/xor.ts'

const BLOCK_BYTES = 128
const PAYLOAD_BYTES = 124
/** Before the samples of a chunk. */
const COUNT_BYTES = 2
/** Count and samples of the largest chunk of floats, and what may be touched beyond. */
const XOR_BYTES_MAX = 2 + (CHUNK_BITS_MAX >>> 3) + 2 * SAMPLE_BYTES_MAX
/** A count that has no room in its byte, as of some chunks of histograms. */
const MANY = 255
/** A time beyond this either way (the year 144,683) is no time. */
export const T_MAX: number = 2 ** 52
/** No range: what the range word of a series says whose open chunk is of histograms. */
const NO_RANGE = -(2 ** 31)

export interface HeadOptions {
  maxSeries: number
  now: () => number
  /** Where full chunks go that memory has no room for; without one they stay in memory. */
  spill?: ChunkSpill
  /** Full chunks in memory, bytes. */
  sealedBytesMax: number
  /** How long a query may hold a snapshot, ms. */
  snapshotMsMax: number
}

interface OpenHistograms {
  chunk: HistogramChunk
  ends: HistogramEnds
}

interface Dying {
  sinceMs: number
  slots: Uint32Array
}

export class Head {
  readonly symbols: Symbols
  readonly labelSets: LabelSets
  readonly postings: Postings = new Postings()
  readonly table: series.SeriesTable = new series.SeriesTable()
  readonly chunks: ChunkLog
  readonly reader: ChunkReader = new ChunkReader()
  readonly outOfOrder: OutOfOrder = new OutOfOrder()
  // The open chunks of histograms, by slot.
  readonly #histograms = new Map<number, OpenHistograms>()
  readonly arena: Arena = new Arena()
  readonly #index: HashTable
  readonly #encoder = new XorEncoder()
  readonly #scratch = new Uint8Array(XOR_BYTES_MAX)
  readonly #scratchView = new DataView(this.#scratch.buffer)
  readonly #chunk = new Uint8Array(XOR_BYTES_MAX)
  readonly #chunkView = new DataView(this.#chunk.buffer)
  readonly #maxSeries: number
  readonly #now: () => number
  readonly #snapshotMsMax: number
  #dying: Dying[] = []
  #openSamples = 0
  #openChunks = 0
  /** Oldest timestamp of all there ever were, ms; Infinity before the first sample. */
  minT: number = Infinity
  /** Newest timestamp of all, ms; -Infinity before the first sample. */
  maxT: number = -Infinity
  /** Samples older than this are gone, or as good as gone. */
  minValidT: number = -Infinity
  /** Samples older than this are refused; never less than `minValidT`. */
  minAppendT: number = -T_MAX
  /** Grows when slots are freed: references taken before must be looked at again. */
  collections = 0
  /** What was deleted, by slot. Replaced when it changes: who holds it sees the same for ever. */
  tombstones: ReadonlyMap<number, Intervals> = new Map()
  seriesCreated = 0
  chunksCreated = 0
  seriesRemoved = 0
  /** Series whose memory was given to others. */
  seriesFreed = 0

  constructor({ maxSeries, now, spill, sealedBytesMax, snapshotMsMax }: HeadOptions) {
    this.#maxSeries = Math.min(maxSeries, series.SERIES_MAX)
    this.#now = now
    this.#snapshotMsMax = snapshotMsMax
    this.chunks = new ChunkLog({ spill, sealedBytesMax, snapshotMsMax, now })
    this.symbols = new Symbols(this.arena)
    this.labelSets = new LabelSets(this.arena, this.symbols)
    this.#index = new HashTable(
      (slot) => this.table.page(slot).u32[series.word(slot) + series.HASH],
    )
  }

  /** Series that can be appended to. */
  get seriesCount(): number {
    return this.#index.count
  }

  get sampleCount(): number {
    return this.#openSamples + this.chunks.samples + this.outOfOrder.samples
  }

  /** Full chunks and open ones. */
  get chunkCount(): number {
    return this.chunks.chunks + this.#openChunks
  }

  /** Bytes of all slabs and indexes. */
  get sizeBytes(): number {
    return (
      this.arena.sizeBytes +
      this.chunks.sizeBytes +
      this.reader.sizeBytes +
      this.table.sizeBytes +
      this.#index.sizeBytes +
      this.symbols.sizeBytes +
      this.postings.sizeBytes
    )
  }

  /** The slot of the series with these labels, made when there is none. Throws StorageLimitError. */
  seriesFor(labels: Labels): number {
    const symbols = this.labelSets.find(labels)
    if (symbols !== undefined) {
      const slot = this.#index.find(hashSymbols(symbols), (one) =>
        this.labelSets.isEqual(this.labelsHandle(one), symbols),
      )
      if (slot !== 0) return slot
    }
    return this.#addSeries(labels)
  }

  #addSeries(labels: Labels): number {
    if (this.table.count >= this.#maxSeries)
      throw new StorageLimitError(
        'max-series',
        `cannot store series ${labels.toString()}: ${this.table.count} series are stored, ` +
          `want at most ${this.#maxSeries} (limit max-series)`,
      )
    const handle = this.labelSets.add(labels)
    const slot = this.table.allocate()
    const page = this.table.page(slot)
    page.u32[series.word(slot) + series.LABELS] = handle
    page.u32[series.word(slot) + series.HASH] = this.labelSets.hash(handle)
    page.u8[series.byte(slot) + series.FLAGS] = series.FRESH
    this.#index.add(slot)
    this.seriesCreated++
    return slot
  }

  labelsHandle(slot: number): number {
    return this.table.page(slot).u32[series.word(slot) + series.LABELS]
  }

  /** Newest timestamp of a series, -Infinity before its first sample. */
  lastT(slot: number): number {
    return this.table.page(slot).f64[series.double(slot) + series.LAST_T]
  }

  /** The newest sample of a series if it is a histogram. */
  lastHistogram(slot: number): Histogram | undefined {
    return this.#histograms.get(slot)?.chunk.last
  }

  /** Whether `v` has the bits of the newest value of a series. */
  isLastValue(slot: number, v: number): boolean {
    if (this.#histograms.has(slot)) return false
    return isSameValue(this.table.page(slot).f64[series.double(slot) + series.LAST_V], v)
  }

  /** Adds a sample, which must be newer than all of its series. Queries see it from now on. */
  append(slot: number, t: number, v: number): void {
    const page = this.table.page(slot)
    const inWords = series.word(slot)
    const inBytes = series.byte(slot)
    const inDoubles = series.double(slot)
    let count = page.u8[inBytes + series.COUNT]
    // Fast path: nothing to be thought of. The range of histograms ended long ago.
    if (
      count > 0 &&
      (t >= page.i32[inWords + series.RANGE] * RANGE_MS + page.i32[inWords + series.END] ||
        count === RECKONED_AT ||
        count >= CHUNK_SAMPLES_MAX ||
        page.u16[series.half(slot) + series.BITS] > CHUNK_BITS_MAX)
    )
      count = this.#endChunk(page, slot, t, count)
    const lowBefore = page.u32[inWords + series.LAST_V_LOW]
    const highBefore = page.u32[inWords + series.LAST_V_HIGH]
    const tBefore = page.f64[inDoubles + series.LAST_T]
    page.f64[inDoubles + series.LAST_T] = t
    if (v === v) page.f64[inDoubles + series.LAST_V] = v
    else storeNaN(page.u32, inWords, isStale(v))
    const low = page.u32[inWords + series.LAST_V_LOW]
    const high = page.u32[inWords + series.LAST_V_HIGH]

    const encoder = this.#encoder
    this.#openEncoder(page, slot, count)
    if (count === 0) {
      page.i32[inWords + series.RANGE] = Math.floor(t / RANGE_MS)
      page.i32[inWords + series.END] = RANGE_MS
      page.i32[inWords + series.DELTA] = 0
      this.#openChunks++
      this.chunksCreated++
      encoder.first(t, high, low)
      if ((page.u8[inBytes + series.FLAGS] & series.VISIBLE) === 0) this.#show(slot)
    } else {
      const delta = t - tBefore
      if (count === 1) encoder.second(delta, high ^ highBefore, low ^ lowBefore)
      else {
        const dod = delta - page.i32[inWords + series.DELTA]
        encoder.next(dod, high ^ highBefore, low ^ lowBefore)
      }
      page.i32[inWords + series.DELTA] = delta
    }
    this.#closeEncoder(page, slot)
    page.u8[inBytes + series.COUNT] = count + 1
    this.#openSamples++
    if (t > this.maxT) this.maxT = t
    if (t < this.minT) this.minT = t
  }

  /** Closes an open chunk that takes no further float, at `t`; how many samples the open one has then. */
  #endChunk(page: series.SeriesPage, slot: number, t: number, count: number): number {
    if (page.i32[series.word(slot) + series.RANGE] === NO_RANGE) this.#closeHistograms(slot)
    else if (this.#isFull(page, slot, t, count)) this.#closeChunk(slot)
    else return count
    return 0
  }

  /** Whether the open chunk of floats takes no further sample, at `t`. */
  #isFull(page: series.SeriesPage, slot: number, t: number, count: number): boolean {
    if (page.u16[series.half(slot) + series.BITS] > CHUNK_BITS_MAX) return true
    const at = series.word(slot) + series.END
    const rangeStart = page.i32[series.word(slot) + series.RANGE] * RANGE_MS
    if (count === RECKONED_AT) {
      const end = reckonEnd(this.openMinT(slot), this.lastT(slot), rangeStart + page.i32[at], 4)
      page.i32[at] = end - rangeStart
    }
    return t >= rangeStart + page.i32[at] || count >= CHUNK_SAMPLES_MAX
  }

  /**
   * Adds the samples `order[from]` to `order[to - 1]` of columns, values by their bits, [low, high]
   * each. Those not newer than the series, or too old, are passed over; returns how many were not.
   */
  // oxlint-disable-next-line max-lines-per-function -- a hot loop: all state in locals
  appendRun(
    slot: number,
    t: Float64Array,
    bits: Int32Array,
    order: Uint32Array,
    from: number,
    to: number,
  ): number {
    const page = this.table.page(slot)
    const inWords = series.word(slot)
    const inBytes = series.byte(slot)
    const encoder = this.#encoder
    const { minValidT } = this
    let lastT = this.lastT(slot)
    let count = page.u8[inBytes + series.COUNT]
    if (page.i32[inWords + series.RANGE] === NO_RANGE && count > 0) {
      this.#closeHistograms(slot)
      count = 0
    }
    let end = page.i32[inWords + series.RANGE] * RANGE_MS + page.i32[inWords + series.END]
    let startBits = page.u16[series.half(slot) + series.BITS]
    let delta = page.i32[inWords + series.DELTA]
    let low = page.u32[inWords + series.LAST_V_LOW] | 0
    let high = page.u32[inWords + series.LAST_V_HIGH] | 0
    let isOpen = false
    let taken = 0
    for (let k = from; k < to; k++) {
      const i = order[k]
      const now = t[i]
      if (!(now > lastT && now >= minValidT)) continue
      const lowBefore = low
      const highBefore = high
      low = bits[2 * i]
      high = bits[2 * i + 1]
      const bitCount = isOpen ? startBits + encoder.bit : startBits
      if (
        count > 0 &&
        (now >= end ||
          count >= CHUNK_SAMPLES_MAX ||
          count === RECKONED_AT ||
          bitCount > CHUNK_BITS_MAX)
      ) {
        if (isOpen) this.#closeEncoder(page, slot)
        isOpen = false
        page.u8[inBytes + series.COUNT] = count
        page.f64[series.double(slot) + series.LAST_T] = lastT
        startBits = page.u16[series.half(slot) + series.BITS]
        if (this.#isFull(page, slot, now, count)) {
          this.#closeChunk(slot)
          count = 0
        } else end = page.i32[inWords + series.RANGE] * RANGE_MS + page.i32[inWords + series.END]
      }
      if (!isOpen) {
        this.#openScratch(page, slot, count)
        startBits = page.u16[series.half(slot) + series.BITS] & ~7
      }
      isOpen = true
      if (count === 0) {
        const range = Math.floor(now / RANGE_MS)
        page.i32[inWords + series.RANGE] = range
        page.i32[inWords + series.END] = RANGE_MS
        end = (range + 1) * RANGE_MS
        delta = 0
        this.#openChunks++
        this.chunksCreated++
        encoder.first(now, high, low)
      } else {
        const step = now - lastT
        if (count === 1) encoder.second(step, high ^ highBefore, low ^ lowBefore)
        else encoder.next(step - delta, high ^ highBefore, low ^ lowBefore)
        delta = step
      }
      lastT = now
      count++
      taken++
      if (now < this.minT) this.minT = now
    }
    if (taken === 0) return 0
    if (isOpen) this.#closeEncoder(page, slot)
    page.u8[inBytes + series.COUNT] = count
    page.f64[series.double(slot) + series.LAST_T] = lastT
    page.u32[inWords + series.LAST_V_LOW] = low
    page.u32[inWords + series.LAST_V_HIGH] = high
    page.i32[inWords + series.DELTA] = delta
    this.#openSamples += taken
    if (lastT > this.maxT) this.maxT = lastT
    if ((page.u8[inBytes + series.FLAGS] & series.VISIBLE) === 0) this.#show(slot)
    return taken
  }

  /** Sets the encoder to the end of the open chunk, in the scratch, which has room for all of a chunk. */
  #openScratch(page: series.SeriesPage, slot: number, count: number): void {
    this.#openEncoder(page, slot, count)
    const encoder = this.#encoder
    if (encoder.view === this.#scratchView) return
    this.#scratch[0] = encoder.view.getUint8(encoder.start)
    encoder.view = this.#scratchView
    encoder.start = 0
  }

  /** Like `append`, for a histogram of at most HISTOGRAM_BUCKETS_MAX buckets. */
  appendHistogram(slot: number, t: number, h: Histogram): void {
    const page = this.table.page(slot)
    const inWords = series.word(slot)
    const before = this.#histograms.get(slot)
    let chunk: HistogramChunk
    if (before === undefined) {
      if (page.u8[series.byte(slot) + series.COUNT] > 0) this.#closeChunk(slot)
      chunk = HistogramChunk.begin(t, h)
    } else chunk = appendTo(before, t, h)
    if (before !== undefined && chunk !== before.chunk) this.#closeHistograms(slot)
    if (chunk !== before?.chunk) {
      this.#openChunks++
      this.chunksCreated++
    }
    this.#histograms.set(slot, { chunk, ends: before?.ends ?? new HistogramEnds(t) })
    page.u8[series.byte(slot) + series.COUNT] = Math.min(chunk.count, MANY)
    page.i32[inWords + series.RANGE] = NO_RANGE
    page.f64[series.double(slot) + series.LAST_T] = t
    if ((page.u8[series.byte(slot) + series.FLAGS] & series.VISIBLE) === 0) this.#show(slot)
    this.#openSamples++
    if (t > this.maxT) this.maxT = t
    if (t < this.minT) this.minT = t
  }

  /** Adds a sample that comes too late for `append`; false when there is one of its time already. */
  insertLate(slot: number, t: number, v: number, h: Histogram | undefined): boolean {
    const isNew = this.outOfOrder.insert(slot, t, v, h)
    const { u8 } = this.table.page(slot)
    if ((u8[series.byte(slot) + series.FLAGS] & series.VISIBLE) === 0) this.#show(slot)
    return isNew
  }

  #closeHistograms(slot: number): void {
    const { encoding, minT, maxT, bytes, count } = this.#histograms.get(slot)!.chunk
    const page = this.table.page(slot)
    const at = series.word(slot) + series.CLOSED
    page.u32[at] = this.chunks.add(page.u32[at], encoding, minT, maxT, bytes, bytes.length)
    page.u8[series.byte(slot) + series.COUNT] = 0
    this.#openSamples -= count
    this.#openChunks--
    this.#histograms.delete(slot)
  }

  /** Sets the encoder to the end of the open chunk: in its block, or in the scratch near the block's end. */
  #openEncoder(page: series.SeriesPage, slot: number, count: number): void {
    const encoder = this.#encoder
    const inWords = series.word(slot)
    const inBytes = series.byte(slot)
    if (count === 0) {
      page.u32[inWords + series.BLOCK] = this.#addBlock(0)
      page.u16[series.half(slot) + series.BITS] = 0
      encoder.leading = NO_LEADING
      encoder.trailing = 0
    } else {
      encoder.leading = page.u8[inBytes + series.LEADING]
      encoder.trailing = page.u8[inBytes + series.TRAILING]
    }
    const block = page.u32[inWords + series.BLOCK]
    const { view, bytes } = this.arena.slab(block)
    const bits = page.u16[series.half(slot) + series.BITS]
    const at = (bits >>> 3) % PAYLOAD_BYTES
    encoder.bit = bits & 7
    // At 0 with nothing in it yet, the block before is full; only the first one may be empty.
    if (at + SAMPLE_BYTES_MAX <= PAYLOAD_BYTES && (at > 0 || encoder.bit > 0 || bits === 0)) {
      encoder.view = view
      encoder.start = byteOf(block) + 4 + at
    } else {
      encoder.view = this.#scratchView
      encoder.start = 0
      this.#scratch[0] = bytes[byteOf(block) + 4 + at]
    }
  }

  /** Takes over what the encoder wrote, out of the scratch if need be. */
  #closeEncoder(page: series.SeriesPage, slot: number): void {
    const encoder = this.#encoder
    const before = page.u16[series.half(slot) + series.BITS]
    if (encoder.view === this.#scratchView) this.#moveScratch(page, slot, before)
    page.u16[series.half(slot) + series.BITS] = (before & ~7) + encoder.bit
    page.u8[series.byte(slot) + series.LEADING] = encoder.leading
    page.u8[series.byte(slot) + series.TRAILING] = encoder.trailing
  }

  #moveScratch(page: series.SeriesPage, slot: number, bitsBefore: number): void {
    let block = page.u32[series.word(slot) + series.BLOCK]
    let at = (bitsBefore >>> 3) % PAYLOAD_BYTES
    // At 0 the block is full, but for the first one.
    if (bitsBefore > 0 && at === 0 && (bitsBefore & 7) === 0) at = PAYLOAD_BYTES
    const size = (this.#encoder.bit + 7) >>> 3
    for (let i = 0; i < size; i++) {
      if (at === PAYLOAD_BYTES) {
        block = this.#addBlock(block)
        at = 0
      }
      this.arena.slab(block).bytes[byteOf(block) + 4 + at++] = this.#scratch[i]
    }
    page.u32[series.word(slot) + series.BLOCK] = block
  }

  #addBlock(previous: number): number {
    const block = this.arena.allocate(BLOCK_BYTES)
    this.arena.slab(block).words[wordOf(block)] = previous
    return block
  }

  /** Samples of the open chunk. */
  openCount(slot: number): number {
    const count = this.table.page(slot).u8[series.byte(slot) + series.COUNT]
    return count === MANY ? this.#histograms.get(slot)!.chunk.count : count
  }

  #closeChunk(slot: number): void {
    const page = this.table.page(slot)
    const inWords = series.word(slot)
    const count = page.u8[series.byte(slot) + series.COUNT]
    const size = this.#copyOpenChunk(slot)
    const minT = firstTimestamp(this.#chunkView, 2)
    const previous = page.u32[inWords + series.CLOSED]
    const link = this.chunks.add(previous, XOR, minT, this.lastT(slot), this.#chunk, size)
    page.u32[inWords + series.CLOSED] = link
    this.#openSamples -= count
    this.#openChunks--
    this.#freeBlocks(page, slot)
  }

  #freeBlocks(page: series.SeriesPage, slot: number): void {
    let block = page.u32[series.word(slot) + series.BLOCK]
    while (block !== 0) {
      const previous = this.arena.slab(block).words[wordOf(block)]
      this.arena.free(block, BLOCK_BYTES)
      block = previous
    }
    page.u32[series.word(slot) + series.BLOCK] = 0
    page.u8[series.byte(slot) + series.COUNT] = 0
  }

  /**
   * The open chunk of a series with samples as it is now, at most until the next append or call.
   */
  openChunk(slot: number): ChunkBytes {
    const histograms = this.#histograms.get(slot)
    if (histograms === undefined) {
      const size = this.#copyOpenChunk(slot)
      return { encoding: XOR, bytes: this.#chunk, view: this.#chunkView, start: 0, end: size }
    }
    const { encoding, bytes } = histograms.chunk
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    return { encoding, bytes, view, start: 0, end: bytes.length }
  }

  /** Size of what `openChunk` gives. */
  openBytes(slot: number): number {
    const histograms = this.#histograms.get(slot)
    if (histograms !== undefined) return histograms.chunk.bytes.length
    return COUNT_BYTES + ((this.table.page(slot).u16[series.half(slot) + series.BITS] + 7) >>> 3)
  }

  /** Copies the open chunk of floats to the scratch, count first; returns its size. */
  #copyOpenChunk(slot: number): number {
    const page = this.table.page(slot)
    const into = this.#chunk
    into[0] = 0
    into[1] = page.u8[series.byte(slot) + series.COUNT]
    const size = (page.u16[series.half(slot) + series.BITS] + 7) >>> 3
    let end = size
    let block = page.u32[series.word(slot) + series.BLOCK]
    while (block !== 0) {
      const start = Math.floor((end - 1) / PAYLOAD_BYTES) * PAYLOAD_BYTES
      const { bytes, words } = this.arena.slab(block)
      const from = byteOf(block) + 4
      for (let i = start; i < end; i++) into[2 + i] = bytes[from + i - start]
      block = words[wordOf(block)]
      end = start
    }
    return COUNT_BYTES + size
  }

  /** The first timestamp of the open chunk, Infinity when all samples of a series came out of order. */
  openMinT(slot: number): number {
    const histograms = this.#histograms.get(slot)
    if (histograms !== undefined) return histograms.chunk.minT
    if (this.table.page(slot).u8[series.byte(slot) + series.COUNT] === 0) return Infinity
    this.#copyOpenChunk(slot)
    return firstTimestamp(this.#chunkView, 2)
  }

  /** First and last timestamp of what is still there of a series with samples. */
  boundsOf(slot: number): { minT: number; maxT: number } {
    const late = this.outOfOrder.boundsOf(slot)
    return {
      minT: Math.min(this.#firstT(slot), late?.minT ?? Infinity),
      maxT: Math.max(this.lastT(slot), late?.maxT ?? -Infinity),
    }
  }

  #firstT(slot: number): number {
    const { reader, chunks } = this
    let link = this.table.page(slot).u32[series.word(slot) + series.CLOSED]
    if (!reader.seek(chunks.places, link)) return this.openMinT(slot)
    let first = reader.minT
    while (reader.seek(chunks.places, link)) {
      first = reader.minT
      link = reader.previous
    }
    return first
  }

  #show(slot: number): void {
    const page = this.table.page(slot)
    page.u8[series.byte(slot) + series.FLAGS] |= series.VISIBLE
    this.postings.addSeries(slot)
    const handle = this.labelsHandle(slot)
    const count = this.labelSets.countOf(handle)
    for (let i = 0; i < count; i++)
      this.postings.addPair(this.labelSets.name(handle, i), this.labelSets.value(handle, i), slot)
  }

  /** Keeps the series of the first `count` references from being forgotten by the next `collect`. */
  keep(refs: ArrayLike<number>, count: number): void {
    for (let i = 0; i < count; i++) {
      const slot = this.table.slotOf(refs[i])
      if (slot !== 0) this.table.page(slot).u8[series.byte(slot) + series.FLAGS] |= series.FRESH
    }
  }

  /**
   * Forgets the series whose newest sample is older than `minT`, and those that never got one. They
   * are found no more at once; their memory is free when no snapshot can need it.
   */
  collect(minT: number): void {
    const dead: number[] = []
    for (let slot = 1; slot < this.table.end; slot++) {
      if (!this.table.isAlive(slot)) continue
      const page = this.table.page(slot)
      const inWords = series.word(slot)
      const closed = page.u32[inWords + series.CLOSED]
      // Slab numbers come round again, so that a dead link must not be kept.
      if (placeOf(this.chunks.places, closed) === undefined) page.u32[inWords + series.CLOSED] = 0
      const flags = page.u8[series.byte(slot) + series.FLAGS]
      page.u8[series.byte(slot) + series.FLAGS] = flags & ~series.FRESH
      const isOld = (flags & series.VISIBLE) === 0 || this.lastT(slot) < minT
      if (isOld && (flags & series.FRESH) === 0 && !this.outOfOrder.has(slot)) dead.push(slot)
    }
    if (dead.length > 0) this.#bury(Uint32Array.from(dead))
    this.#freeDead()
    this.#forgetTombstones(minT)
  }

  #forgetTombstones(minT: number): void {
    if (this.tombstones.size === 0) return
    const kept = [...this.tombstones].filter(
      ([slot, intervals]) => this.table.isAlive(slot) && intervals[intervals.length - 1] >= minT,
    )
    this.tombstones = new Map(kept)
  }

  #bury(slots: Uint32Array): void {
    const pairs = new Map<number, Set<number>>()
    for (const slot of slots) {
      this.#index.delete(slot)
      this.table.page(slot).u8[series.byte(slot) + series.FLAGS] |= series.DEAD
      const handle = this.labelsHandle(slot)
      const count = this.labelSets.countOf(handle)
      for (let i = 0; i < count; i++) {
        const name = this.labelSets.name(handle, i)
        const values = pairs.get(name)
        if (values === undefined) pairs.set(name, new Set([this.labelSets.value(handle, i)]))
        else values.add(this.labelSets.value(handle, i))
      }
    }
    const isAlive = (slot: number): boolean => this.table.isAlive(slot)
    this.postings.removeSeries(isAlive)
    for (const [name, values] of pairs)
      for (const value of values) this.postings.removeFromPair(name, value, isAlive)
    this.#dying.push({ sinceMs: this.#now(), slots })
    this.seriesRemoved += slots.length
    this.collections++
  }

  #freeDead(): void {
    const nowMs = this.#now()
    const isDue = ({ sinceMs }: Dying): boolean => nowMs - sinceMs > this.#snapshotMsMax
    for (const { slots } of this.#dying.filter(isDue))
      for (const slot of slots) {
        const page = this.table.page(slot)
        const count = this.openCount(slot)
        this.#openSamples -= count
        if (count > 0) this.#openChunks--
        this.#freeBlocks(page, slot)
        this.#histograms.delete(slot)
        this.labelSets.remove(this.labelsHandle(slot))
        this.table.free(slot)
        this.seriesFreed++
      }
    this.#dying = this.#dying.filter((one) => !isDue(one))
  }
}

/** The chunk that holds `h` from now on: the open one, or one that begins with it. */
function appendTo({ chunk, ends }: OpenHistograms, t: number, h: Histogram): HistogramChunk {
  const isOfKind = chunk.isInteger === h.isInteger
  if (!isOfKind || ends.isFull(chunk.minT, chunk.maxT, chunk.bytes.length, chunk.count, t)) {
    ends.restart(t)
    return HistogramChunk.begin(t, h, chunk)
  }
  const next = chunk.append(t, h)
  if (next !== chunk) ends.goOn(t)
  return next
}

/** Equal bits, as far as Prometheus tells them apart: zeros by sign, stale markers from other NaN. */
export const isSameValue = (a: number, b: number): boolean =>
  Object.is(a, b) && isStale(a) === isStale(b)

/** The two NaN that Prometheus knows, by their bits. */
function storeNaN(u32: Uint32Array, inWords: number, isMarker: boolean): void {
  u32[inWords + series.LAST_V_LOW] = isMarker ? 2 : 1
  u32[inWords + series.LAST_V_HIGH] = isMarker ? 0x7ff00000 : 0x7ff80000
}
