/**
 * What happens to blocks: they are cut out of the head, merged, dropped, cleaned and copied. One of
 * these at a time; other work goes on in between.
 */
import { join } from 'node:path'
import type { LabelQuery } from '@vigie/model'
import type { BlockSeries } from '../block/block-series.ts'
import { type BlockMeta, FROM_OUT_OF_ORDER } from '../block/meta.ts'
import type { Disk } from '../disk.ts'
import { oldestFrom } from '../head/oldest.ts'
import type { HeadStore } from '../head-store.ts'
import type { Limits, Logger } from '../options.ts'
import type { BlockSet } from './block-set.ts'
import { CancelledError, type Compactor, CorruptSourceError } from './compactor.ts'
import { BLOCK_RANGE_MS, blockRanges, overlaps, planCompaction, rangeStart } from './plan.ts'
import { beyondSize, beyondTime } from './retention.ts'
import { linkBlock } from './snapshot.ts'

/** A block is cut when the head spans this, ms: what is newer may still get samples. */
export const HEAD_SPAN_MS_MAX: number = BLOCK_RANGE_MS * 1.5
/** After a failure, the next block is not made before this has passed, ms. */
const PAUSE_MS = 60_000

/** How often blocks are looked for that others put there, ms: as in Prometheus. */
const RELOAD_MS = 60_000

/** How often what happened, since the start. */
export interface MaintenanceCounters {
  compactionsTriggered: number
  compactions: number
  compactionsFailed: number
  verticalCompactions: number
  timeRetentions: number
  sizeRetentions: number
}

export interface MaintenanceOptions {
  dir: string
  disk: Disk
  log: Logger
  now: () => number
  limits: Limits
  store: HeadStore
  blocks: BlockSet
  compactor: Compactor
}

export class BlockMaintenance {
  readonly #options: MaintenanceOptions
  readonly #ranges: readonly number[]
  #last: Promise<unknown> = Promise.resolve()
  #notBeforeMs = -Infinity
  #lookedMs: number
  readonly counters: MaintenanceCounters = {
    compactionsTriggered: 0,
    compactions: 0,
    compactionsFailed: 0,
    verticalCompactions: 0,
    timeRetentions: 0,
    sizeRetentions: 0,
  }

  constructor(options: MaintenanceOptions) {
    this.#options = options
    this.#lookedMs = options.now()
    this.#ranges = blockRanges(options.limits.retentionMs, options.limits.maxBlockMs)
  }

  /** One after the other, whatever becomes of those before. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#last.then(act)
    this.#last = result.catch(() => {})
    return result
  }

  /** When all that was asked for is done. */
  async settled(): Promise<void> {
    await this.#last
  }

  /** All that is due. Rejects with DiskError and others; the next call tries again, blocks after a pause. */
  run(): Promise<void> {
    return this.#inTurn(async () => {
      const { store, blocks } = this.#options
      const failure = await this.#makeBlocks()
      await store.truncate(store.head.minValidT)
      this.retain()
      blocks.closeRetired()
      if (failure !== undefined) throw failure.error
    })
  }

  /** Cuts and merges; what went wrong. */
  async #makeBlocks(): Promise<{ error: unknown } | undefined> {
    const { now } = this.#options
    if (now() < this.#notBeforeMs) return undefined
    try {
      this.#look()
      if ((await this.#cut()) || this.#isLateFull()) await this.#cutLate()
      await this.#merge()
      return undefined
    } catch (error) {
      if (error instanceof CancelledError) return undefined
      this.counters.compactionsFailed++
      this.#notBeforeMs = now() + PAUSE_MS
      return { error }
    }
  }

  /** Blocks may have been put there, as an import does, or taken away. */
  #look(): void {
    const { blocks, now } = this.#options
    if (now() - this.#lookedMs < RELOAD_MS) return
    this.#lookedMs = now()
    blocks.reload()
  }

  #isHeadFull(): boolean {
    const { head } = this.#options.store
    return this.#newest() - Math.max(head.minT, head.minValidT) > HEAD_SPAN_MS_MAX
  }

  /** What comes late is not put into files as it fills: memory would grow with the window. */
  #isLateFull(): boolean {
    const { limits, store } = this.#options
    return store.head.outOfOrder.samples > limits.lateSamplesMax
  }

  /** A sample from the future moves nothing. */
  #newest(): number {
    return Math.min(this.#options.store.head.maxT, this.#options.now())
  }

  /** Whether there was anything to cut. */
  async #cut(): Promise<boolean> {
    let isCut = false
    while (this.#isHeadFull()) {
      isCut = true
      const { store } = this.#options
      const { head } = store
      const minT = Math.max(head.minT, head.minValidT)
      const maxT = rangeStart(minT, BLOCK_RANGE_MS) + BLOCK_RANGE_MS
      this.counters.compactionsTriggered++
      store.refuseBefore(maxT)
      const meta = await this.#write(this.#options.dir, minT, maxT)
      if (meta !== undefined) this.#load(meta)
      // Nothing was in the range: what comes next may be years later.
      const next = meta === undefined ? oldestFrom(head, maxT) : maxT
      store.raiseMinT(Math.min(next, rangeStart(this.#newest(), BLOCK_RANGE_MS)))
      await store.truncate(head.minValidT)
    }
    return isCut
  }

  /** Blocks of what came out of order, one for each range; they overlap others until they are merged. */
  async #cutLate(): Promise<void> {
    const { store, dir } = this.#options
    const metas = await this.#writeLate(dir)
    if (metas.length === 0) return
    this.#load(metas.findLast((meta) => meta !== undefined))
    store.dropLate()
  }

  async #writeLate(dir: string): Promise<(BlockMeta | undefined)[]> {
    const { store } = this.#options
    const metas: (BlockMeta | undefined)[] = []
    for (const minT of store.freezeLate(BLOCK_RANGE_MS)) {
      const maxT = minT + BLOCK_RANGE_MS
      const series = store.lateSeries(minT, maxT - 1)
      metas.push(await this.#writeSeries(dir, minT, maxT, series, [FROM_OUT_OF_ORDER]))
    }
    return metas
  }

  /** A block of what the head has from `minT` to before `maxT`. */
  #write(dir: string, minT: number, maxT: number): Promise<BlockMeta | undefined> {
    const { store } = this.#options
    const series = store.measures.passing(store.blockSeries(minT, maxT - 1))
    return this.#writeSeries(dir, minT, maxT, series, [])
  }

  async #writeSeries(
    dir: string,
    minT: number,
    maxT: number,
    series: Iterable<BlockSeries>,
    hints: string[],
  ): Promise<BlockMeta | undefined> {
    const { compactor, now, log } = this.#options
    const startMs = now()
    const job = { kind: 'write', dir, minT, maxT, hints, nowMs: startMs } as const
    const meta = await this.#measured(() => compactor.write(job, series))
    if (meta === undefined) return undefined
    this.counters.compactions++
    log.info('block written', { block: meta.ulid, minT, maxT, ...meta.stats, ms: now() - startMs })
    return meta
  }

  async #measured<T>(make: () => Promise<T>): Promise<T> {
    const { measures } = this.#options.store
    const startMs = performance.now()
    measures.isWritingBlock = true
    try {
      return await make()
    } finally {
      measures.isWritingBlock = false
      measures.compaction.observe((performance.now() - startMs) / 1000)
    }
  }

  /** Loads a block that is new on the disk; takes it away again when that fails. */
  #load(meta: BlockMeta | undefined): void {
    const { blocks, dir, disk } = this.#options
    try {
      blocks.reload()
    } catch (error) {
      if (meta !== undefined) disk.remove(join(dir, meta.ulid))
      throw error
    }
  }

  async #merge(): Promise<void> {
    const { blocks } = this.#options
    for (;;) {
      // What waits in memory comes first.
      if (this.#isHeadFull()) await this.#cut()
      const parents = planCompaction(blocks.metas, this.#ranges)
      if (parents.length === 0) return
      this.counters.compactionsTriggered++
      if (overlaps(parents).length > 0) this.counters.verticalCompactions++
      try {
        await this.#mergeInto(parents, false)
      } catch (error) {
        if (!(error instanceof CorruptSourceError)) throw error
        this.counters.compactionsFailed++
        const names = parents.map(({ ulid }) => ulid)
        this.#options.log.error('blocks cannot be merged', { blocks: names, error: error.message })
        blocks.markFailed(parents)
      }
    }
  }

  async #mergeInto(parents: readonly BlockMeta[], isCleaning: boolean): Promise<void> {
    const { blocks, compactor, dir, now, log } = this.#options
    const startMs = now()
    const names = parents.map(({ ulid }) => ulid)
    const job = { kind: 'merge', dir, parents: names, isCleaning, nowMs: startMs } as const
    const meta = await this.#measured(() => compactor.merge(job))
    // All of them was deleted.
    if (meta === undefined) blocks.remove(parents)
    else this.#load(meta)
    this.counters.compactions++
    log.info('blocks merged', { parents: names, block: meta?.ulid ?? null, ms: now() - startMs })
  }

  /** Drops blocks that are too old, and the oldest ones while all is too much. Throws DiskError. */
  retain(): void {
    const { blocks, store, limits } = this.#options
    const old = beyondTime(blocks.loaded, limits.retentionMs)
    if (old.length > 0) this.counters.timeRetentions++
    blocks.remove(old.map(({ meta }) => meta))
    const otherBytes = store.logBytes + store.head.chunks.spilledBytes
    const large = beyondSize(blocks.loaded, otherBytes, limits.retentionBytes)
    if (large.length > 0) this.counters.sizeRetentions++
    blocks.remove(large.map(({ meta }) => meta))
  }

  /** See Tsdb. */
  deleteSeries(alternatives: LabelQuery['matchers'], minT: number, maxT: number): Promise<void> {
    return this.#inTurn(async () => {
      const { blocks, store } = this.#options
      for (const block of blocks.overlapping(minT, maxT))
        for (const matchers of alternatives) block.delete(matchers, minT, maxT)
      blocks.measure()
      store.deleteSeries(alternatives, minT, maxT)
    })
  }

  /** See Tsdb. */
  cleanTombstones(): Promise<void> {
    return this.#inTurn(async () => {
      const startMs = performance.now()
      for (const meta of this.#options.blocks.metas)
        if ((meta.stats.numTombstones ?? 0) > 0) await this.#mergeInto([meta], true)
      this.#options.store.measures.tombstoneCleanup.observe((performance.now() - startMs) / 1000)
    })
  }

  /** See Tsdb. */
  snapshot(name: string, skipHead: boolean): Promise<void> {
    return this.#inTurn(async () => {
      const { dir, disk, blocks, store } = this.#options
      const target = join(dir, 'snapshots', name)
      disk.makeDir(target)
      for (const { meta } of blocks.loaded) linkBlock(disk, join(dir, meta.ulid), target)
      const { head } = store
      const minT = Math.max(head.minT, head.minValidT)
      if (!skipHead) {
        if (head.maxT >= minT) await this.#write(target, minT, head.maxT + 1)
        await this.#writeLate(target)
      }
      disk.syncDir(target)
    })
  }
}
