/**
 * The storage: the head in memory, the log on disk, and the limits that keep both bounded.
 *
 *     commit ──▶ log ──▶ head ──▶ select
 *                 ▲        ▲
 *                 └ maintain: drops the oldest of both
 */
import { join } from 'node:path'
import {
  type Appender,
  type LabelQuery,
  Labels,
  type Matcher,
  type SeriesSet,
  type Storage,
  StorageLimitError,
} from '@vigie/model'
import { Batch, BatchAppender, type BatchSink, type Refusals } from './appender.ts'
import { type Cardinality, cardinality } from './cardinality.ts'
import { Head } from './head/head.ts'
import { labelNames, labelValues, selectSlots } from './head/select.ts'
import { Selection } from './head/selection.ts'
import * as series from './head/series-table.ts'
import { type Counters, type MetricFamily, tsdbMetrics } from './metrics.ts'
import { type Limits, type Logger, type TsdbOptions, limitsOf } from './options.ts'
import { addSampleRecords, addSeriesRecords, checkpointRecords } from './wal-records.ts'
import { type LogVisitor, WriteAheadLog } from './wal/log.ts'
import { RecordWriter } from './wal/records.ts'

/** What there is, at this moment. Times are ms since the epoch, null when there is no sample. */
export interface TsdbStats {
  series: number
  samples: number
  chunks: number
  oldestMs: number | null
  newestMs: number | null
  memoryBytes: number
  walBytes: number
  walSegments: number
  retentionMs: number
  retentionBytes: number
}

/** An open storage. `select`, `labelNames` and `labelValues` answer at once. */
export interface Tsdb extends Storage {
  select(matchers: readonly Matcher[], minT: number, maxT: number): SeriesSet
  labelNames(query: LabelQuery): string[]
  labelValues(name: string, query: LabelQuery): string[]
  appender(): Appender
  stats(): TsdbStats
  /** The `limit` largest entries of each list of /api/v1/status/tsdb. */
  cardinality(limit: number): Cardinality
  /** The storage's own metrics, under Prometheus's names where there is one. */
  metrics(): MetricFamily[]
  /**
   * Drops what is older than the limits allow, and syncs when the policy is 'interval'. To be called
   * every few seconds; a call while one is running waits for that one. Throws DiskError; the next
   * call tries again.
   */
  maintain(): Promise<void>
  /** Syncs, closes and unlocks. Nothing may be called afterwards. */
  close(): Promise<void>
}

/**
 * Opens the storage in `options.dir`, which no other process may have open, and reads what its log
 * holds. Throws LockedError, DiskError, or UnsupportedError for a log that this version cannot read.
 */
export async function openTsdb(options: TsdbOptions): Promise<Tsdb> {
  const { dir, disk } = options
  disk.makeDir(dir)
  const unlock = disk.lock(join(dir, 'lock'))
  try {
    const head = new Head(limitsOf(options).maxSeries, options.now)
    const replay = new Replay(head, limitsOf(options), options.now)
    const log = await WriteAheadLog.open(logOptions(options), replay)
    replay.report(log, options.log)
    return new OpenTsdb(options, head, log, replay, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

const logOptions = (options: TsdbOptions): Parameters<typeof WriteAheadLog.open>[0] => ({
  dir: join(options.dir, 'wal'),
  segmentBytes: limitsOf(options).segmentBytes,
  isCompressed: options.walCompression !== 'none',
  isSynced: options.fsync === 'always',
  disk: options.disk,
  log: options.log,
  now: options.now,
})

/** Numbers of the log that are kept in an array; they are dense but in the logs of old servers. */
const DENSE_REFS_MAX = 1 << 26

/** Slots by their number in the log, 0 when there is none. */
class RefMap {
  #dense = new Uint32Array(1 << 16)
  readonly #sparse = new Map<number, number>()

  get(ref: number): number {
    return ref < DENSE_REFS_MAX ? (this.#dense[ref] ?? 0) : (this.#sparse.get(ref) ?? 0)
  }

  set(ref: number, slot: number): void {
    if (ref >= DENSE_REFS_MAX) {
      this.#sparse.set(ref, slot)
      return
    }
    if (ref >= this.#dense.length) {
      const dense = new Uint32Array(2 ** Math.ceil(Math.log2(ref + 1)))
      dense.set(this.#dense)
      this.#dense = dense
    }
    this.#dense[ref] = slot
  }
}

/** Fills the head from the log. */
class Replay implements LogVisitor {
  readonly #head: Head
  readonly #limits: Limits
  readonly #now: () => number
  readonly #slots = new RefMap()
  readonly #startMs: number
  /** Further numbers of a series that was written to the log more than once. */
  readonly aliases: Map<number, number> = new Map()
  nextRef = 1
  samples = 0
  unknownRefs = 0
  overLimit = 0

  constructor(head: Head, limits: Limits, now: () => number) {
    this.#head = head
    this.#limits = limits
    this.#now = now
    this.#startMs = now()
  }

  series(ref: number, pairs: string[]): void {
    if (ref >= this.nextRef) this.nextRef = ref + 1
    try {
      const slot = this.#head.seriesFor(Labels.fromPairs(pairs))
      this.#slots.set(ref, slot)
      const page = this.#head.table.page(slot)
      const flags = page.u8[series.byte(slot) + series.FLAGS]
      if ((flags & series.LOGGED) === 0) {
        page.u8[series.byte(slot) + series.FLAGS] = flags | series.LOGGED
        page.f64[series.double(slot) + series.WAL_REF] = ref
      } else if (page.f64[series.double(slot) + series.WAL_REF] !== ref) this.aliases.set(ref, slot)
    } catch (error) {
      if (!(error instanceof StorageLimitError)) throw error
      this.overLimit++
    }
  }

  sample(ref: number, t: number, v: number): void {
    const slot = this.#slots.get(ref)
    if (slot === 0) this.unknownRefs++
    else if (t > this.#head.lastT(slot) && t >= this.#head.minValidT) {
      this.#head.append(slot, t, v)
      // Keeps the memory of a long log within bounds.
      if (++this.samples % 1_000_000 === 0) this.#dropOld()
    }
  }

  #dropOld(): void {
    const head = this.#head
    head.minValidT = Math.max(
      head.minValidT,
      Math.min(head.maxT, this.#now()) - this.#limits.retentionMs,
    )
    head.chunks.dropBefore(head.minValidT)
  }

  report(log: WriteAheadLog, logger: Logger): void {
    const { samples, unknownRefs, overLimit } = this
    const skipped = [...log.skippedRecords.values()].reduce((sum, one) => sum + one, 0)
    const took = { ms: this.#now() - this.#startMs }
    logger.info('WAL replayed', { series: this.#head.seriesCount, samples, ...took })
    if (skipped > 0) logger.info('WAL records of kinds that are not stored', { records: skipped })
    if (unknownRefs > 0) logger.warn('WAL samples of unknown series', { samples: unknownRefs })
    if (overLimit > 0) logger.warn('WAL series beyond limit max-series', { series: overLimit })
  }
}

/** Batches kept for later appenders, and how large one may be to be kept. */
const SPARE_BATCHES_MAX = 4
const SPARE_SAMPLES_MAX = 1 << 18
/** A segment that spans more than this part of the retention is ended, so that it can be dropped. */
const SEGMENTS_PER_RETENTION = 12

class OpenTsdb implements Tsdb, BatchSink {
  readonly head: Head
  readonly refused: Refusals = { outOfOrder: 0, duplicate: 0, tooOld: 0, limit: 0 }
  commits = 0
  readonly #wal: WriteAheadLog
  readonly #limits: Limits
  readonly #options: TsdbOptions
  readonly #unlock: () => void
  readonly #writer = new RecordWriter()
  readonly #spare: Batch[] = []
  readonly #counters: Counters = {
    samplesAppended: 0,
    writesFailed: 0,
    truncations: 0,
    truncationsFailed: 0,
    timeRetentions: 0,
    sizeRetentions: 0,
  }
  #nextRef: number
  #aliases: Map<number, number>
  // Later segments hold no sample under an alias.
  readonly #lastAliasSegment: number
  #maintenance: Promise<void> | undefined
  #isDirty = false

  constructor(
    options: TsdbOptions,
    head: Head,
    wal: WriteAheadLog,
    replay: Replay,
    unlock: () => void,
  ) {
    this.head = head
    this.#wal = wal
    this.#limits = limitsOf(options)
    this.#options = options
    this.#unlock = unlock
    this.#nextRef = replay.nextRef
    this.#aliases = replay.aliases
    this.#lastAliasSegment = wal.segments.at(-1)!.index
    this.#raiseMinValidT()
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

  takeBatch(): Batch {
    return this.#spare.pop() ?? new Batch()
  }

  giveBack(batch: Batch): void {
    batch.clear()
    if (this.#spare.length < SPARE_BATCHES_MAX && batch.refs.length <= SPARE_SAMPLES_MAX)
      this.#spare.push(batch)
  }

  commitBatch(batch: Batch): void {
    const unlogged = batch.hasUnlogged ? this.#numberUnlogged(batch) : []
    try {
      this.#log(batch, unlogged)
    } catch (error) {
      this.#counters.writesFailed++
      for (const slot of unlogged) this.#setLogged(slot, false)
      throw error
    }
    const { head } = this
    const { refs, t, v, count } = batch
    for (let i = 0; i < count; i++) head.append(refs[i] & series.SERIES_MAX, t[i], v[i])
    this.commits++
    this.#counters.samplesAppended += count
    this.#isDirty = true
    this.#raiseMinValidT()
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

  #log(batch: Batch, unlogged: readonly number[]): void {
    this.#wal.write(batch.minT, batch.maxT, (add) => {
      addSeriesRecords(this.#writer, this.head, unlogged, add)
      addSampleRecords(this.#writer, this.head, batch, add)
    })
  }

  /** Samples are kept for so long behind the newest one; one from the future moves nothing. */
  #raiseMinValidT(): void {
    const { head } = this
    const newest = Math.min(head.maxT, this.#options.now())
    head.minValidT = Math.max(head.minValidT, newest - this.#limits.retentionMs)
  }

  maintain(): Promise<void> {
    this.#maintenance ??= this.#maintain().finally(() => {
      this.#maintenance = undefined
    })
    return this.#maintenance
  }

  async #maintain(): Promise<void> {
    const { head } = this
    this.#raiseMinValidT()
    if (head.chunks.dropBefore(head.minValidT) > 0) this.#counters.timeRetentions++
    this.#shrink()
    await this.#truncateLog()
    head.collect(Math.min(this.#wal.minT, head.minValidT))
    if (this.#options.fsync !== 'never' && this.#isDirty) {
      this.#isDirty = false
      await this.#wal.syncLater()
    }
  }

  /** Gives up the oldest samples, a segment's worth at a time, while there is more than may be kept. */
  #shrink(): void {
    const { head } = this
    let excess = head.sizeBytes + this.#wal.sizeBytes - this.#limits.retentionBytes
    if (excess <= 0) return
    // With one segment there is nothing that can be dropped yet.
    if (this.#wal.segments.length === 1) this.#wal.roll()
    let minT = head.minValidT
    for (const segment of this.#wal.segments.slice(0, -1)) {
      if (excess <= 0) break
      // The next millisecond is the first that is kept.
      minT = Math.max(minT, segment.maxT + 1)
      const before = head.sizeBytes
      head.chunks.dropBefore(minT)
      excess -= segment.sizeBytes + before - head.sizeBytes
    }
    if (minT === head.minValidT) return
    head.minValidT = minT
    this.#counters.sizeRetentions++
  }

  async #truncateLog(): Promise<void> {
    const { head } = this
    const current = this.#wal.segments.at(-1)!
    if (current.maxT - current.minT > this.#limits.retentionMs / SEGMENTS_PER_RETENTION)
      this.#wal.roll()
    const before = this.#wal.checkpoints
    try {
      await this.#wal.dropBefore(head.minValidT, () => checkpointRecords(head, this.#liveAliases()))
    } catch (error) {
      this.#counters.truncationsFailed++
      throw error
    }
    if (this.#wal.checkpoints > before) this.#counters.truncations++
  }

  #liveAliases(): ReadonlyMap<number, number> {
    if (this.#wal.segments[0].index > this.#lastAliasSegment) this.#aliases = new Map()
    return this.#aliases
  }

  stats(): TsdbStats {
    const { head } = this
    const isEmpty = head.sampleCount === 0
    return {
      series: head.seriesCount,
      samples: head.sampleCount,
      chunks: head.chunkCount,
      oldestMs: isEmpty ? null : Math.max(head.minT, head.minValidT),
      newestMs: isEmpty ? null : head.maxT,
      memoryBytes: head.sizeBytes,
      walBytes: this.#wal.sizeBytes,
      walSegments: this.#wal.segments.length,
      retentionMs: this.#limits.retentionMs,
      retentionBytes: this.#limits.retentionBytes,
    }
  }

  cardinality(limit: number): Cardinality {
    return cardinality(this.head, limit)
  }

  metrics(): MetricFamily[] {
    return tsdbMetrics({
      head: this.head,
      wal: this.#wal,
      limits: this.#limits,
      stats: this.stats(),
      refused: this.refused,
      counters: this.#counters,
    })
  }

  async close(): Promise<void> {
    // Its error was the caller's of `maintain`; what counts now is to close.
    await this.#maintenance?.catch(() => {})
    try {
      if (this.#options.fsync !== 'never') this.#wal.sync()
    } finally {
      this.#wal.close()
      this.#unlock()
    }
  }
}
