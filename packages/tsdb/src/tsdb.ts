/** The storage: the head with its log, and the limits that keep both bounded. */
import { join } from 'node:path'
import type { Appender, LabelQuery, Matcher, SeriesSet, Storage } from '@vigie/model'
import { type Cardinality, cardinality } from './cardinality.ts'
import type { ExemplarRing } from './exemplars.ts'
import { type FollowOptions, HeadStore, type WriteFailure } from './head-store.ts'
import { type MetricFamily, type RetentionCounters, tsdbMetrics } from './metrics.ts'
import { type Limits, type TsdbOptions, limitsOf } from './options.ts'
import type { WalTail } from './wal/wal-tail.ts'

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
  /** Why nothing can be appended, as on a full disk; null when it can. Goes away by itself. */
  writeFailure: WriteFailure | null
}

/** An open storage. `select`, `labelNames` and `labelValues` answer at once. */
export interface Tsdb extends Storage {
  select(matchers: readonly Matcher[], minT: number, maxT: number): SeriesSet
  labelNames(query: LabelQuery): string[]
  labelValues(name: string, query: LabelQuery): string[]
  appender(): Appender
  readonly exemplars: ExemplarRing
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
  /** Follows the log from a place on, see HeadStore. To be closed before the storage is. */
  follow(options: FollowOptions): Promise<WalTail>
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
    return new OpenTsdb(options, await HeadStore.open(options), unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

class OpenTsdb implements Tsdb {
  readonly #store: HeadStore
  readonly #limits: Limits
  readonly #options: TsdbOptions
  readonly #unlock: () => void
  readonly #counters: RetentionCounters = { timeRetentions: 0, sizeRetentions: 0 }
  #maintenance: Promise<void> | undefined

  constructor(options: TsdbOptions, store: HeadStore, unlock: () => void) {
    this.#store = store
    this.#limits = limitsOf(options)
    this.#options = options
    this.#unlock = unlock
    this.#raiseMinT()
  }

  select(matchers: readonly Matcher[], minT: number, maxT: number): SeriesSet {
    this.#raiseMinT()
    return this.#store.select(matchers, minT, maxT)
  }

  labelNames(query: LabelQuery): string[] {
    this.#raiseMinT()
    return this.#store.labelNames(query)
  }

  labelValues(name: string, query: LabelQuery): string[] {
    this.#raiseMinT()
    return this.#store.labelValues(name, query)
  }

  appender(): Appender {
    this.#raiseMinT()
    return this.#store.appender()
  }

  get exemplars(): ExemplarRing {
    return this.#store.exemplars
  }

  /** Samples are kept for so long behind the newest one; one from the future moves nothing. */
  #raiseMinT(): void {
    const newest = Math.min(this.#store.head.maxT, this.#options.now())
    this.#store.raiseMinT(newest - this.#limits.retentionMs)
  }

  maintain(): Promise<void> {
    this.#maintenance ??= this.#maintain().finally(() => {
      this.#maintenance = undefined
    })
    return this.#maintenance
  }

  async #maintain(): Promise<void> {
    const { head } = this.#store
    this.#raiseMinT()
    if (head.chunks.dropBefore(head.minValidT) > 0) this.#counters.timeRetentions++
    this.#shrink()
    await this.#store.truncate(head.minValidT)
    await this.#store.syncLater()
  }

  /** Gives up the oldest samples, a segment's worth at a time, while there is more than may be kept. */
  #shrink(): void {
    const { head, wal } = this.#store
    const headBytes = (): number => head.sizeBytes + head.chunks.spilledBytes
    let excess = headBytes() + wal.sizeBytes - this.#limits.retentionBytes
    if (excess <= 0) return
    // With one segment there is nothing that can be dropped yet.
    if (wal.segments.length === 1) wal.roll()
    let minT = head.minValidT
    for (const segment of wal.segments.slice(0, -1)) {
      if (excess <= 0) break
      // The next millisecond is the first that is kept.
      minT = Math.max(minT, segment.maxT + 1)
      const before = headBytes()
      head.chunks.dropBefore(minT)
      excess -= segment.sizeBytes + before - headBytes()
    }
    if (minT === head.minValidT) return
    this.#store.raiseMinT(minT)
    this.#counters.sizeRetentions++
  }

  stats(): TsdbStats {
    const { head, wal } = this.#store
    const isEmpty = head.sampleCount === 0
    return {
      series: head.seriesCount,
      samples: head.sampleCount,
      chunks: head.chunkCount,
      oldestMs: isEmpty ? null : Math.max(head.minT, head.minValidT),
      newestMs: isEmpty ? null : head.maxT,
      memoryBytes: head.sizeBytes,
      walBytes: wal.sizeBytes,
      walSegments: wal.segments.length,
      retentionMs: this.#limits.retentionMs,
      retentionBytes: this.#limits.retentionBytes,
      writeFailure: this.#store.writeFailure ?? null,
    }
  }

  cardinality(limit: number): Cardinality {
    return cardinality(this.#store.head, limit)
  }

  metrics(): MetricFamily[] {
    const own = tsdbMetrics({
      store: this.#store,
      limits: this.#limits,
      stats: this.stats(),
      counters: this.#counters,
    })
    return [...own, ...this.exemplars.metrics()]
  }

  follow(options: FollowOptions): Promise<WalTail> {
    return this.#store.follow(options)
  }

  async close(): Promise<void> {
    // Its error was the caller's of `maintain`; what counts now is to close.
    await this.#maintenance?.catch(() => {})
    try {
      this.#store.close()
    } finally {
      this.#unlock()
    }
  }
}
