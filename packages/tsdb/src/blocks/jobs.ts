/** What makes a block, as plain functions: they run in a worker, or where there is none in this thread. */
import { join } from 'node:path'
import { Block } from '../block/block.ts'
import type { BlockSeries } from '../block/block-series.ts'
import { type BlockMeta, CorruptBlockError, FROM_OUT_OF_ORDER } from '../block/meta.ts'
import { writeBlock } from '../block/writer.ts'
import { ChunkError } from '../chunk/bits.ts'
import type { Disk } from '../disk.ts'
import { mergeSeries } from './merge.ts'

/** Merges blocks of a folder into one that stands beside them. */
export interface MergeJob {
  kind: 'merge'
  dir: string
  /** Names of the blocks. */
  parents: readonly string[]
  /** Whether the block counts as cut out of the head: its one parent is only cleaned. */
  isCleaning: boolean
  nowMs: number
}

/** Writes series into a new block. */
export interface WriteJob {
  kind: 'write'
  dir: string
  minT: number
  /** Exclusive. */
  maxT: number
  hints: readonly string[]
  nowMs: number
}

export type BlockJob = MergeJob | WriteJob

/** The new block; undefined when nothing is left to be in one. Throws DiskError, CorruptBlockError. */
export function mergeBlocks(disk: Disk, job: MergeJob): BlockMeta | undefined {
  const blocks: Block[] = []
  try {
    for (const name of job.parents) blocks.push(Block.open(disk, join(job.dir, name)))
    const metas = blocks.map(({ meta }) => meta)
    const sources = new Set(metas.flatMap(({ ulid, compaction }) => compaction.sources ?? [ulid]))
    const level = Math.max(...metas.map(({ compaction }) => compaction.level)) + 1
    return writeBlock(disk, job.dir, mergeSeries(blocks.map((block) => block.allSeries())), {
      minT: Math.min(...metas.map(({ minTime }) => minTime)),
      maxT: Math.max(...metas.map(({ maxTime }) => maxTime)),
      level: job.isCleaning ? 1 : level,
      sources: job.isCleaning ? [] : [...sources].sort(),
      parents: metas.map(({ ulid, minTime, maxTime }) => ({ ulid, minTime, maxTime })),
      hints: hintsOf(metas),
      now: job.nowMs,
    })
  } finally {
    for (const block of blocks) block.close()
  }
}

/**
 * A merged block says how far the head was cut only as far as those say it that it was merged from:
 * otherwise a start would take what is in the log alone for cut, and drop it.
 */
function hintsOf(metas: readonly BlockMeta[]): string[] {
  const isLate = ({ compaction }: BlockMeta): boolean =>
    compaction.hints?.includes(FROM_OUT_OF_ORDER) === true
  const endOf = (some: readonly BlockMeta[]): number =>
    some.reduce((max, { maxTime }) => Math.max(max, maxTime), -Infinity)
  const late = metas.filter(isLate)
  const inOrder = metas.filter((meta) => !isLate(meta))
  return endOf(late) > endOf(inOrder) ? [FROM_OUT_OF_ORDER] : []
}

/** The new block; undefined when there are no samples. Throws DiskError. */
export function writeHeadBlock(
  disk: Disk,
  job: WriteJob,
  series: Iterable<BlockSeries>,
): BlockMeta | undefined {
  return writeBlock(disk, job.dir, series, {
    minT: job.minT,
    maxT: job.maxT,
    level: 1,
    sources: [],
    parents: [],
    hints: job.hints,
    now: job.nowMs,
  })
}

/** Whether what was read was not what it should be, and will not be another time. */
export const isCorruption = (error: unknown): error is Error =>
  error instanceof CorruptBlockError || error instanceof ChunkError
