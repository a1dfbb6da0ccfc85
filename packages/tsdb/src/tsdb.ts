/**
 * The storage: the head with its log, the blocks that were cut out of it, and the limits that keep
 * them bounded.
 *
 *     commit ──▶ log ──▶ head ─────┐
 *                          │       ├──▶ select
 *                          ▼       │
 *     maintain ─────────▶ blocks ──┘
 */
import { join } from 'node:path'
import type { Appender, LabelQuery, Matcher, SeriesSet, Storage } from '@vigie/model'
import type { BlockMeta } from './block/meta.ts'
import { BlockSet } from './blocks/block-set.ts'
import { Compactor } from './blocks/compactor.ts'
import { BlockMaintenance } from './blocks/maintenance.ts'
import { mergeNames, mergeSets } from './blocks/merged-set.ts'
import { snapshotName } from './blocks/snapshot.ts'
import { type Cardinality, cardinality } from './cardinality.ts'
import type { ExemplarRing } from './exemplars.ts'
import { type FollowOptions, HeadStore, type WriteFailure } from './head-store.ts'
import { type MetricFamily, tsdbMetrics } from './metrics.ts'
import { type Limits, type TsdbOptions, limitsOf } from './options.ts'
import { StorageShare } from './share/storage-share.ts'
import type { WalTail } from './wal/wal-tail.ts'

/**
 * What there is, at this moment: in the head, but for what is said of blocks. Times are ms since the
 * epoch, null when there is no sample.
 */
export interface TsdbStats {
  series: number
  samples: number
  chunks: number
  oldestMs: number | null
  newestMs: number | null
  memoryBytes: number
  walBytes: number
  walSegments: number
  blocks: number
  blockBytes: number
  /** Blocks that could not be read and were moved to `corrupt` in the data directory. */
  corruptBlocks: number
  /** The oldest sample of all, in blocks too. */
  oldestBlockMs: number | null
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
  /** What each block says of itself, by time. */
  blocks(): BlockMeta[]
  /**
   * Syncs when the policy is 'interval', cuts blocks out of the head, merges them, and drops what is
   * older or more than the limits allow. To be called every few seconds; a call while one is running
   * syncs and waits for that one. Rejects with DiskError and others; the next call tries again.
   */
  maintain(): Promise<void>
  /**
   * Deletes the samples in [minT, maxT] (ms, inclusive) of the series that satisfy all matchers of any
   * one of the lists. They are found no more; their bytes go when blocks are merged or cleaned.
   */
  deleteSeries(matchers: readonly (readonly Matcher[])[], minT: number, maxT: number): Promise<void>
  /** Writes the blocks anew of which something was deleted. */
  cleanTombstones(): Promise<void>
  /**
   * Copies everything to `snapshots/<name>` in the data directory: blocks as hard links, the head as a
   * block of its own unless it is skipped, and so what came out of order. Resolves with the name.
   */
  snapshot(options: { skipHead: boolean }): Promise<string>
  /** See HeadStore. */
  setOutOfOrderTimeWindow(windowMs: number): Promise<void>
  /** What a thread that reads beside this one asks; see StorageReader. */
  share(): StorageShare
  /** Follows the log from a place on, see HeadStore. To be closed before the storage is. */
  follow(options: FollowOptions): Promise<WalTail>
  /** Syncs, closes and unlocks. Nothing may be called afterwards. */
  close(): Promise<void>
}

/**
 * Opens the storage in `options.dir`, which no other process may have open: loads its blocks, and
 * reads what its log holds beyond them. Throws LockedError, DiskError, or UnsupportedError for a log
 * that this version cannot read.
 */
export async function openTsdb(options: TsdbOptions): Promise<Tsdb> {
  const { dir, disk, log, now } = options
  disk.makeDir(dir)
  const unlock = disk.lock(join(dir, 'lock'))
  let blocks: BlockSet | undefined
  try {
    const { snapshotMs } = limitsOf(options)
    blocks = BlockSet.open({ dir, disk, log, now, snapshotMs })
    const store = await HeadStore.open(options, blocks.headMinT)
    return new OpenTsdb(options, store, blocks, unlock)
  } catch (error) {
    blocks?.close()
    unlock()
    throw error
  }
}

class OpenTsdb implements Tsdb {
  readonly #store: HeadStore
  readonly #blocks: BlockSet
  readonly #compactor: Compactor
  readonly #maintenance: BlockMaintenance
  readonly #limits: Limits
  readonly #options: TsdbOptions
  readonly #unlock: () => void
  #running: Promise<void> | undefined
  /** Settles when no file is being synced. */
  #syncing: Promise<void> = Promise.resolve()

  constructor(options: TsdbOptions, store: HeadStore, blocks: BlockSet, unlock: () => void) {
    const { dir, disk, log, now, blockWorkerUrl } = options
    const limits = limitsOf(options)
    this.#store = store
    this.#blocks = blocks
    this.#limits = limits
    this.#options = options
    this.#unlock = unlock
    const compactor = new Compactor(disk, blockWorkerUrl)
    this.#compactor = compactor
    const parts = { store, blocks, compactor, limits }
    this.#maintenance = new BlockMaintenance({ dir, disk, log, now, ...parts })
    this.#maintenance.retain()
  }

  select(matchers: readonly Matcher[], minT: number, maxT: number): SeriesSet {
    const blocks = this.#blocks.overlapping(minT, maxT)
    const inBlocks = blocks.map((block) => block.select(matchers, minT, maxT))
    return mergeSets([...inBlocks, this.#store.select(matchers, minT, maxT)])
  }

  labelNames(query: LabelQuery): string[] {
    const blocks = this.#blocks.overlapping(query.minT, query.maxT)
    const inBlocks = blocks.map((block) => block.labelNames(query))
    return mergeNames([...inBlocks, this.#store.labelNames(query)])
  }

  labelValues(name: string, query: LabelQuery): string[] {
    const blocks = this.#blocks.overlapping(query.minT, query.maxT)
    const inBlocks = blocks.map((block) => block.labelValues(name, query))
    return mergeNames([...inBlocks, this.#store.labelValues(name, query)])
  }

  appender(): Appender {
    return this.#store.appender()
  }

  get exemplars(): ExemplarRing {
    return this.#store.exemplars
  }

  async maintain(): Promise<void> {
    const synced = this.#store.syncLater()
    this.#syncing = Promise.allSettled([this.#syncing, synced]).then(() => {})
    this.#running ??= this.#maintenance.run().finally(() => {
      this.#running = undefined
    })
    await Promise.all([synced, this.#running])
  }

  blocks(): BlockMeta[] {
    return this.#blocks.metas
  }

  deleteSeries(
    matchers: readonly (readonly Matcher[])[],
    minT: number,
    maxT: number,
  ): Promise<void> {
    return this.#maintenance.deleteSeries(matchers, minT, maxT)
  }

  cleanTombstones(): Promise<void> {
    return this.#maintenance.cleanTombstones()
  }

  async snapshot({ skipHead }: { skipHead: boolean }): Promise<string> {
    const name = snapshotName(this.#options.now())
    await this.#maintenance.snapshot(name, skipHead)
    return name
  }

  stats(): TsdbStats {
    const { head, wal } = this.#store
    const oldestMs = Math.max(head.minT, head.minValidT)
    const isEmpty = head.sampleCount === 0 || oldestMs > head.maxT
    return {
      series: head.seriesCount,
      samples: head.sampleCount,
      chunks: head.chunkCount,
      oldestMs: isEmpty ? null : oldestMs,
      newestMs: isEmpty ? null : head.maxT,
      memoryBytes: head.sizeBytes,
      walBytes: wal.sizeBytes,
      walSegments: wal.segments.length,
      blocks: this.#blocks.loaded.length,
      blockBytes: this.#blocks.sizeBytes,
      corruptBlocks: this.#blocks.corruptCount,
      oldestBlockMs: this.#blocks.loaded[0]?.meta.minTime ?? (isEmpty ? null : oldestMs),
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
      blocks: this.#blocks,
      counters: this.#maintenance.counters,
    })
    return [...own, ...this.exemplars.metrics()]
  }

  share(): StorageShare {
    return new StorageShare(this.#store.head, (minT, maxT) =>
      this.#blocks.overlapping(minT, maxT).map(({ dir, version }) => ({ dir, version })),
    )
  }

  setOutOfOrderTimeWindow(windowMs: number): Promise<void> {
    return this.#store.setOutOfOrderTimeWindow(windowMs)
  }

  follow(options: FollowOptions): Promise<WalTail> {
    return this.#store.follow(options)
  }

  async close(): Promise<void> {
    await this.#compactor.cancel()
    await this.#maintenance.settled()
    await this.#syncing
    try {
      this.#store.close()
    } finally {
      this.#blocks.close()
      this.#unlock()
    }
  }
}
