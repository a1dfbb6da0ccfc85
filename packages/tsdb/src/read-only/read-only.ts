/**
 * A data directory to look at: its blocks and its log, as Prometheus or Vigie left or have them. Nothing in
 * it is changed, so that a server may have it open; what that server does meanwhile is not seen.
 */
import { join } from 'node:path'
import {
  type LabelQuery,
  type Matcher,
  type Queryable,
  type SeriesSet,
  matchesAll,
} from '@vigie/model'
import { Block, type SeriesSpan } from '../block/block.ts'
import {
  type BlockMeta,
  CorruptBlockError,
  FROM_OUT_OF_ORDER,
  META_FILE,
  readMeta,
} from '../block/meta.ts'
import { isUlid } from '../block/ulid.ts'
import { mergeNames, mergeSets } from '../blocks/merged-set.ts'
import { type Disk, DiskError, sizeOf } from '../disk.ts'
import { HeadStore } from '../head-store.ts'
import type { Logger } from '../options.ts'
import { readOnlyDisk } from './read-only-disk.ts'

export interface ReadOnlyOptions {
  /** Prometheus's `--storage.tsdb.path`. */
  dir: string
  disk: Disk
  log: Logger
  now: () => number
}

/** A block and what it takes on the disk. */
export interface BlockOnDisk {
  readonly block: Block
  readonly meta: BlockMeta
  readonly sizeBytes: number
}

/** A server that has the directory may remove blocks and segments while it is opened: then again, so often. */
const TRIES_MAX = 5

/**
 * The blocks of a directory by time, without those that another one stands for. To be closed. Throws
 * DiskError, CorruptBlockError.
 */
export function openBlocks(options: ReadOnlyOptions): BlockOnDisk[] {
  for (let tries = 1; ; tries++) {
    try {
      return openAll(options)
    } catch (error) {
      if (tries === TRIES_MAX || !isMissing(error)) throw error
    }
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof DiskError &&
  error.cause instanceof Error &&
  'code' in error.cause &&
  error.cause.code === 'ENOENT'

function openAll({ dir, disk, log }: ReadOnlyOptions): BlockOnDisk[] {
  const found: BlockOnDisk[] = []
  const corrupt = new Map<string, CorruptBlockError>()
  try {
    for (const name of disk.list(dir).filter(isUlid)) {
      const path = join(dir, name)
      // Half written or half removed.
      if (disk.stat(join(path, META_FILE)) === undefined) continue
      if (!isReadable(disk, path, log)) continue
      try {
        const block = Block.open(disk, path)
        found.push({ block, meta: block.meta, sizeBytes: sizeOf(disk, path) })
      } catch (error) {
        if (!(error instanceof CorruptBlockError)) throw error
        corrupt.set(name, error)
      }
    }
    const replaced = new Set(
      found.flatMap(({ meta }) => meta.compaction.parents?.map(({ ulid }) => ulid) ?? []),
    )
    for (const [name, error] of corrupt) if (!replaced.has(name)) throw error
    const [old, kept] = [found.filter(isReplaced), found.filter((one) => !isReplaced(one))]
    for (const { block } of old) block.close()
    return kept.sort((a, b) => a.meta.minTime - b.meta.minTime)

    function isReplaced({ meta }: BlockOnDisk): boolean {
      return replaced.has(meta.ulid) || meta.compaction.deletable === true
    }
  } catch (error) {
    for (const { block } of found) block.close()
    throw error
  }
}

/** A block that does not say what it is, is none, as for Prometheus. */
function isReadable(disk: Disk, path: string, log: Logger): boolean {
  try {
    readMeta(disk, path)
    return true
  } catch (error) {
    if (!(error instanceof CorruptBlockError)) throw error
    log.warn('a block is left out', { reason: error.message })
    return false
  }
}

/** Blocks and log as one. */
export class ReadOnlyTsdb implements Queryable {
  readonly blocks: readonly BlockOnDisk[]
  readonly #head: HeadStore

  private constructor(blocks: readonly BlockOnDisk[], head: HeadStore) {
    this.blocks = blocks
    this.#head = head
  }

  /** Reads the whole log into memory. Throws DiskError, CorruptBlockError, UnsupportedError. */
  static async open(options: ReadOnlyOptions): Promise<ReadOnlyTsdb> {
    for (let tries = 1; ; tries++) {
      const blocks = openBlocks(options)
      try {
        return new ReadOnlyTsdb(blocks, await openHead(options, blocks))
      } catch (error) {
        for (const { block } of blocks) block.close()
        if (tries === TRIES_MAX || !isMissing(error)) throw error
      }
    }
  }

  select(matchers: readonly Matcher[], minT: number, maxT: number): SeriesSet {
    return mergeSets(this.#parts(minT, maxT).map((part) => part.select(matchers, minT, maxT)))
  }

  labelNames(query: LabelQuery): string[] {
    return mergeNames(this.#parts(query.minT, query.maxT).map((part) => part.labelNames(query)))
  }

  labelValues(name: string, query: LabelQuery): string[] {
    const parts = this.#parts(query.minT, query.maxT)
    return mergeNames(parts.map((part) => part.labelValues(name, query)))
  }

  /** Series of the log alone. */
  *logSpans(matchers: readonly Matcher[]): Iterable<SeriesSpan> {
    for (const { labels, chunks } of this.#head.blockSeries(-Infinity, Infinity))
      if (matchesAll(matchers, labels))
        yield { labels, chunks: chunks.length, minT: chunks[0].minT, maxT: chunks.at(-1)!.maxT }
  }

  #parts(minT: number, maxT: number): (Block | HeadStore)[] {
    const blocks = this.blocks.filter(({ meta }) => meta.minTime <= maxT && meta.maxTime > minT)
    return [...blocks.map(({ block }) => block), this.#head]
  }

  close(): void {
    for (const { block } of this.blocks) block.close()
    this.#head.close()
  }
}

/** The log holds what blocks have, too: only what is newer is read. */
function openHead(
  { dir, disk, log, now }: ReadOnlyOptions,
  blocks: readonly BlockOnDisk[],
): Promise<HeadStore> {
  const minT = blocks
    .filter(({ meta }) => meta.compaction.hints?.includes(FROM_OUT_OF_ORDER) !== true)
    .reduce((max, { meta }) => Math.max(max, meta.maxTime), -Infinity)
  const limits = { retentionMs: Infinity, maxSeries: Infinity, headChunkBytes: Infinity }
  return HeadStore.open(
    { ...limits, dir, disk: readOnlyDisk(disk), log, now, fsync: 'never' },
    minT,
  )
}
