/**
 * The head and its log: what is appended goes to the log first and then to the head, and a start
 * reads it back from there.
 *
 *     commit ──▶ log ──▶ head ──▶ select, blockSeries
 *                 ▲        ▲
 *                 └ truncate: forgets the oldest of both
 */
import { join } from 'node:path'
import type { Appender, LabelQuery, Matcher, SeriesSet } from '@vigie/model'
import {
  Batch,
  BatchAppender,
  type BatchSink,
  type ByType,
  type Refusals,
  type TakenExemplar,
} from './appender.ts'
import type { BlockSeries } from './block/block-series.ts'
import { withInterval } from './block/tombstones.ts'
import { ExemplarRing } from './exemplars.ts'
import { blockSeries, lateSeries } from './head/block-series.ts'
import { ChunkSpill } from './head/chunk-spill.ts'
import { Head, T_MAX } from './head/head.ts'
import { labelNames, labelValues, selectSlots } from './head/select.ts'
import { Selection } from './head/selection.ts'
import * as series from './head/series-table.ts'
import { Measures } from './measures.ts'
import { type TsdbOptions, limitsOf } from './options.ts'
import { Replay } from './replay.ts'
import {
  addExemplarRecords,
  addLateRecords,
  addSampleRecords,
  addSeriesRecords,
  checkpointRecords,
  walRefOf,
} from './wal-records.ts'
import { type LogOptions, type LogVisitor, WriteAheadLog } from './wal/log.ts'
import { RecordWriter } from './wal/records.ts'
import type { TailVisitor } from './wal/tail-records.ts'
import { type WalPosition, WalTail } from './wal/wal-tail.ts'

/** What a head counts since its start. */
export interface HeadCounters {
  samplesAppended: ByType
  /** Of these, those that came out of order. */
  lateAppended: ByType
  writesFailed: number
  truncations: number
  truncationsFailed: number
}

/** The log takes nothing: what is appended is refused, what is there is served. */
export interface WriteFailure {
  /** When the first batch was refused, ms since the epoch. */
  sinceMs: number
  reason: string
}

export interface FollowOptions {
  visitor: TailVisitor
  /** Left out: what is committed from now on. */
  from?: WalPosition | undefined
  keptFrom: () => number
}

/** Full chunks that memory has no room for, while the storage is open. */
const SPILL_DIR = 'head_chunks'
/** The log of samples that came out of order, beside the one that has all. */
const LATE_LOG_DIR = 'wbl'
const PROMETHEUS_CHUNKS_DIR = 'chunks_head'
/** Batches kept for later appenders, and how large one may be to be kept. */
const SPARE_BATCHES_MAX = 4
const SPARE_SAMPLES_MAX = 1 << 18
/** A segment that spans more than this is ended, so that it can be dropped. */
const SEGMENT_SPAN_MS_MAX = 30 * 60_000

const NO_RECORDS: LogVisitor = {
  series() {},
  samples() {},
  histogram() {},
  tombstone() {},
}

const logOptions = (options: TsdbOptions, name: string): LogOptions => ({
  dir: join(options.dir, name),
  segmentBytes: limitsOf(options).segmentBytes,
  isCompressed: options.walCompression !== 'none',
  isSynced: options.fsync === 'always',
  workerUrl: options.blockWorkerUrl,
  disk: options.disk,
  log: options.log,
  now: options.now,
})

export class HeadStore implements BatchSink {
  readonly head: Head
  readonly now: () => number
  readonly wal: WriteAheadLog
  readonly refused: Refusals = {
    outOfOrder: { float: 0, histogram: 0 },
    outOfBounds: { float: 0, histogram: 0 },
    tooOld: { float: 0, histogram: 0 },
    duplicate: 0,
    limit: 0,
  }
  readonly counters: HeadCounters = {
    samplesAppended: { float: 0, histogram: 0 },
    lateAppended: { float: 0, histogram: 0 },
    writesFailed: 0,
    truncations: 0,
    truncationsFailed: 0,
  }
  readonly measures: Measures = new Measures()
  commits = 0
  /** Set from the first batch that could not be written until the next that can. */
  writeFailure: WriteFailure | undefined
  readonly exemplars: ExemplarRing
  readonly #options: TsdbOptions
  /** See TsdbOptions. */
  outOfOrderTimeWindowMs: number
  // What the late ones among the samples are written to as well: the log of all does not bring them back.
  #lateLog: WriteAheadLog | undefined
  #lateOpening: Promise<WriteAheadLog> | undefined
  #windowWanted: number
  // Its last segment with samples that stand still.
  #frozenSegment = -1
  readonly #writer = new RecordWriter()
  readonly #spare: Batch[] = []
  /** Neither committed nor rolled back: their series stay. */
  readonly #open = new Set<Batch>()
  #nextRef: number
  #aliases: Map<number, number>
  // Later segments hold no sample under an alias.
  readonly #lastAliasSegment: number
  #isDirty = false

  private constructor(
    options: TsdbOptions,
    head: Head,
    { wal, lateLog }: { wal: WriteAheadLog; lateLog: WriteAheadLog | undefined },
    replay: Replay,
  ) {
    this.head = head
    this.now = options.now
    this.wal = wal
    this.#lateLog = lateLog
    this.outOfOrderTimeWindowMs = limitsOf(options).outOfOrderTimeWindowMs
    this.#windowWanted = this.outOfOrderTimeWindowMs
    this.#options = options
    this.exemplars = replay.exemplars
    this.#nextRef = replay.nextRef
    this.#aliases = replay.aliases
    this.#lastAliasSegment = wal.segments.at(-1)!.index
  }

  /**
   * Reads what the log in `options.dir` holds; samples older than `minT` are left out, as blocks have
   * them. Throws DiskError, or UnsupportedError for a log that this version cannot read.
   */
  static async open(options: TsdbOptions, minT: number = -Infinity): Promise<HeadStore> {
    const limits = limitsOf(options)
    const { disk, now } = options
    const startMs = performance.now()
    const spill = new ChunkSpill(disk, join(options.dir, SPILL_DIR))
    const head = new Head({
      maxSeries: limits.maxSeries,
      sealedBytesMax: limits.headChunkBytes,
      snapshotMsMax: limits.snapshotMs,
      now,
      spill,
    })
    head.minValidT = minT
    head.minAppendT = Math.max(minT, -T_MAX)
    const replay = new Replay(head, now, new ExemplarRing(options.maxExemplars ?? 0))
    const wal = await WriteAheadLog.open(logOptions(options, 'wal'), replay)
    replay.finish()
    const lateDir = join(options.dir, LATE_LOG_DIR)
    const hasLate = limits.outOfOrderTimeWindowMs > 0 || disk.stat(lateDir) !== undefined
    const lateLog = hasLate
      ? await WriteAheadLog.open(logOptions(options, LATE_LOG_DIR), replay.late())
      : undefined
    replay.report(wal, options.log)
    // Chunks of Prometheus, in numbers of a log that goes on differently from here; it has all of them.
    disk.remove(join(options.dir, PROMETHEUS_CHUNKS_DIR))
    const store = new HeadStore(options, head, { wal, lateLog }, replay)
    store.measures.replaySeconds = (performance.now() - startMs) / 1000
    return store
  }

  select(matchers: readonly Matcher[], minT: number, maxT: number): SeriesSet {
    return new Selection(this.head, selectSlots(this.head, matchers, minT, maxT))
  }

  labelNames(query: LabelQuery): string[] {
    return labelNames(this.head, query)
  }

  labelValues(name: string, query: LabelQuery): string[] {
    return labelValues(this.head, name, query)
  }

  appender(): Appender {
    return new BatchAppender(this)
  }

  /**
   * All series with samples in [minT, maxT] (ms, inclusive), sorted by labels, with those samples
   * only: a snapshot of this moment, to be read within minutes. Sorted as it is read, metric by
   * metric, so that the reader may let other work run in between.
   */
  blockSeries(minT: number, maxT: number): Iterable<BlockSeries> {
    return blockSeries(this.head, minT, maxT)
  }

  /**
   * Deletes the samples with minT <= t <= maxT (ms) of the series that satisfy all matchers of any of
   * the lists; returns how many series had such. They are gone from now on, and stay so. Throws
   * DiskError; then nothing is deleted.
   */
  deleteSeries(matchers: readonly (readonly Matcher[])[], minT: number, maxT: number): number {
    const { head, wal } = this
    const slots = new Set(matchers.flatMap((list) => [...selectSlots(head, list, minT, maxT)]))
    if (slots.size === 0) return 0
    const tombstones = new Map(head.tombstones)
    wal.write(Infinity, -Infinity, (add) => {
      this.#writer.startTombstones()
      for (const slot of slots) {
        // No further than there are samples now: later ones are not meant.
        const bounds = head.boundsOf(slot)
        const from = Math.max(minT, bounds.minT)
        const to = Math.min(maxT, bounds.maxT)
        this.#writer.tombstone(walRefOf(head, slot), from, to)
        tombstones.set(slot, withInterval(tombstones.get(slot) ?? [], from, to))
      }
      add(this.#writer.record)
    })
    head.tombstones = tombstones
    this.#isDirty = true
    return slots.size
  }

  /**
   * Lets what came out of order so far stand still, so that blocks can be made of it; the starts of the
   * ranges of `rangeMs` that these are. Throws DiskError.
   */
  freezeLate(rangeMs: number): number[] {
    if (this.#lateLog === undefined) return []
    this.head.outOfOrder.freeze()
    this.#lateLog.roll()
    this.#frozenSegment = this.#lateLog.segments.at(-1)!.index - 1
    return this.head.outOfOrder.frozenRanges(rangeMs)
  }

  /** Like `blockSeries`, of what stands still. */
  lateSeries(minT: number, maxT: number): Iterable<BlockSeries> {
    return lateSeries(this.head, minT, maxT)
  }

  /** Forgets what stands still, as blocks have it. Throws DiskError. */
  dropLate(): void {
    this.head.outOfOrder.dropFrozen()
    this.#lateLog?.dropThrough(this.#frozenSegment)
  }

  /**
   * Takes samples out of order up to this age from now on, see TsdbOptions; of several calls the last one
   * counts. Throws DiskError; then it is as before.
   */
  async setOutOfOrderTimeWindow(windowMs: number): Promise<void> {
    this.#windowWanted = windowMs
    if (windowMs > 0 && this.#lateLog === undefined) {
      // There was none, so that nothing is in it.
      this.#lateOpening ??= WriteAheadLog.open(logOptions(this.#options, LATE_LOG_DIR), NO_RECORDS)
      try {
        this.#lateLog = await this.#lateOpening
      } finally {
        this.#lateOpening = undefined
      }
    }
    this.outOfOrderTimeWindowMs = this.#windowWanted
  }

  takeBatch(): Batch {
    const batch = this.#spare.pop() ?? new Batch()
    this.#open.add(batch)
    return batch
  }

  giveBack(batch: Batch): void {
    this.#open.delete(batch)
    batch.clear()
    if (this.#spare.length < SPARE_BATCHES_MAX && batch.refs.length <= SPARE_SAMPLES_MAX)
      this.#spare.push(batch)
  }

  commitBatch(batch: Batch): void {
    const unlogged = batch.hasUnlogged ? this.#numberUnlogged(batch) : []
    try {
      if (batch.late === undefined) this.#log(batch, unlogged)
      else this.#logBoth(batch, unlogged)
    } catch (error) {
      this.#noteFailure(error)
      for (const slot of unlogged) this.#setLogged(slot, false)
      throw error
    }
    if (this.writeFailure !== undefined) this.#noteRecovery(this.writeFailure)
    const { head } = this
    const { refs, t, v, h, count } = batch
    const { late } = batch
    const { samplesAppended, lateAppended } = this.counters
    let histograms = 0
    for (let i = 0; i < count; i++) {
      const slot = refs[i] & series.SERIES_MAX
      const histogram = h?.[i]
      if (histogram !== undefined) histograms++
      if (late?.has(i) === true) {
        const type = histogram === undefined ? 'float' : 'histogram'
        if (head.insertLate(slot, t[i], v[i], histogram)) lateAppended[type]++
        else samplesAppended[type]--
      } else if (histogram === undefined) head.append(slot, t[i], v[i])
      else head.appendHistogram(slot, t[i], histogram)
    }
    this.commits++
    samplesAppended.float += count - histograms
    samplesAppended.histogram += histograms
    this.#isDirty = true
  }

  #noteFailure(error: unknown): void {
    const { log, now } = this.#options
    const reason = error instanceof Error ? error.message : String(error)
    this.counters.writesFailed++
    if (this.writeFailure === undefined)
      log.error('samples are refused until the WAL can be written again', { error: reason })
    this.writeFailure = { sinceMs: this.writeFailure?.sinceMs ?? now(), reason }
  }

  #noteRecovery({ sinceMs }: WriteFailure): void {
    const { log, now } = this.#options
    log.warn('the WAL can be written again', { refusedMs: now() - sinceMs })
    this.writeFailure = undefined
  }

  /** Of series that the log knows: the others have no sample yet, and nobody asks for them. */
  logExemplars(taken: readonly TakenExemplar[]): void {
    const { head } = this
    const logged = taken.filter(({ slot }) => {
      const flags = head.table.page(slot).u8[series.byte(slot) + series.FLAGS]
      return (flags & series.LOGGED) !== 0
    })
    if (logged.length === 0) return
    const times = logged.map(({ exemplar }) => exemplar.t)
    try {
      this.wal.write(Math.min(...times), Math.max(...times), (add) =>
        addExemplarRecords(this.#writer, head, logged, add),
      )
    } catch (error) {
      this.#noteFailure(error)
    }
  }

  /** Gives the series of a batch that the log does not know a number there; their slots. */
  #numberUnlogged(batch: Batch): number[] {
    const unlogged: number[] = []
    const { table } = this.head
    for (let i = 0; i < batch.count; i++) {
      const slot = batch.refs[i] & series.SERIES_MAX
      const page = table.page(slot)
      if ((page.u8[series.byte(slot) + series.FLAGS] & series.LOGGED) !== 0) continue
      page.f64[series.double(slot) + series.WAL_REF] = this.#nextRef++
      this.#setLogged(slot, true)
      unlogged.push(slot)
    }
    return unlogged
  }

  #setLogged(slot: number, isLogged: boolean): void {
    const { u8 } = this.head.table.page(slot)
    const at = series.byte(slot) + series.FLAGS
    u8[at] = isLogged ? u8[at] | series.LOGGED : u8[at] & ~series.LOGGED
  }

  /** To both logs, or to none. */
  #logBoth(batch: Batch, unlogged: readonly number[]): void {
    const lateLog = this.#lateLog!
    lateLog.write(batch.minT, batch.maxT, (add) =>
      addLateRecords(this.#writer, this.head, batch, add),
    )
    try {
      this.#log(batch, unlogged)
    } catch (error) {
      lateLog.undo()
      throw error
    }
  }

  #log(batch: Batch, unlogged: readonly number[]): void {
    this.wal.write(batch.minT, batch.maxT, (add) => {
      addSeriesRecords(this.#writer, this.head, unlogged, add)
      addSampleRecords(this.#writer, this.head, batch, add)
    })
  }

  /**
   * From now on refuses samples older than `minT`, before a block is cut, so that nothing comes too
   * late for it; never goes back.
   */
  refuseBefore(minT: number): void {
    if (minT > this.head.minAppendT) this.head.minAppendT = minT
  }

  /**
   * From now on refuses and hides samples older than `minT`; what is there of them stays in memory
   * and in the log. Never goes back.
   */
  raiseMinT(minT: number): void {
    this.refuseBefore(minT)
    if (minT > this.head.minValidT) this.head.minValidT = minT
  }

  /**
   * Forgets samples older than `minT`, in memory and in the log, as far as whole slabs and segments
   * go, and the series that have none since. Lets other work run in between. Throws DiskError; then
   * the log keeps them, and the next call tries again.
   */
  async truncate(minT: number): Promise<void> {
    const { head, wal } = this
    this.raiseMinT(minT)
    head.chunks.dropBefore(head.minValidT)
    head.chunks.spill()
    const before = wal.checkpoints
    const startMs = performance.now()
    try {
      const current = wal.segments.at(-1)!
      if (current.maxT - current.minT > SEGMENT_SPAN_MS_MAX) wal.roll()
      await wal.dropBefore(head.minValidT, () => checkpointRecords(head, this.#liveAliases()))
    } catch (error) {
      this.counters.truncationsFailed++
      throw error
    } finally {
      // What the log still has, a replay would bring back.
      const collectMs = performance.now()
      for (const { refs, count } of this.#open) head.keep(refs, count)
      head.collect(Math.min(wal.minT, head.minValidT))
      this.measures.headCollection.observe((performance.now() - collectMs) / 1000)
    }
    if (wal.checkpoints > before) {
      this.counters.truncations++
      this.measures.walTruncation.observe((performance.now() - startMs) / 1000)
    }
  }

  /**
   * Follows the log from a place on. `keptFrom` says which is the first segment whose samples have not
   * reached their aim: it stays as long as that does not take too much (HELD_BYTES_MAX). Throws
   * DiskError, UnsupportedError.
   */
  async follow({ visitor, from, keptFrom }: FollowOptions): Promise<WalTail> {
    const { disk, dir, log } = this.#options
    const { followers } = this.wal
    followers.add(keptFrom)
    const onClose = (): void => void followers.delete(keptFrom)
    const tailOptions = { disk, dir: join(dir, 'wal'), log, followed: this.wal, visitor }
    try {
      return await WalTail.open({ ...tailOptions, from, onClose })
    } catch (error) {
      onClose()
      throw error
    }
  }

  #liveAliases(): ReadonlyMap<number, number> {
    if (this.wal.segments[0].index > this.#lastAliasSegment) this.#aliases = new Map()
    return this.#aliases
  }

  /** Batches that are neither committed nor rolled back. */
  get openBatches(): number {
    return this.#open.size
  }

  /** Bytes of the log of samples that came out of order, undefined when there is none. */
  get lateLogBytes(): number | undefined {
    return this.#lateLog?.sizeBytes
  }

  /** Bytes of the logs. */
  get logBytes(): number {
    return this.wal.sizeBytes + (this.#lateLog?.sizeBytes ?? 0)
  }

  /** Syncs the log, unless nothing came since the last time or the policy is never to do so. */
  async syncLater(): Promise<void> {
    if (this.#options.fsync === 'never' || !this.#isDirty) return
    this.#isDirty = false
    try {
      await this.measures.walSync.time(() => this.wal.syncLater())
      await this.#lateLog?.syncLater()
    } catch (error) {
      this.#isDirty = true
      throw error
    }
  }

  close(): void {
    try {
      if (this.#options.fsync !== 'never') {
        this.wal.sync()
        this.#lateLog?.sync()
      }
    } finally {
      this.wal.close()
      this.#lateLog?.close()
      this.head.chunks.close()
    }
  }
}
