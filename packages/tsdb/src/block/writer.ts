/** Writes a block: under another name first, so that the death of the process leaves no half one. */
import { join } from 'node:path'
import type { Disk } from '../disk.ts'
import type { BlockSeries, ChunkData } from './block-series.ts'
import { ChunkFilesWriter } from './chunk-files.ts'
import { INDEX_FILE, IndexWriter } from './index-writer.ts'
import { type BlockDescription, type BlockMeta, META_VERSION, writeMeta } from './meta.ts'
import { writeTombstones } from './tombstones.ts'
import { newUlid } from './ulid.ts'
import { XOR } from '../chunk/encoding.ts'

export const CREATION_SUFFIX = '.tmp-for-creation'

export interface NewBlock {
  /** Bounds of the times, ms; `maxT` is exclusive. */
  minT: number
  maxT: number
  level: number
  /** Blocks cut out of the head that are in it; none: it is one itself. */
  sources: readonly string[]
  parents: readonly BlockDescription[]
  hints?: readonly string[]
  /** ms since the epoch. */
  now: number
}

/**
 * The block beside others in `parentDir`, whole and synced; undefined when there are no series. Throws
 * DiskError, and what `series` throws; then nothing is left of it.
 */
export function writeBlock(
  disk: Disk,
  parentDir: string,
  series: Iterable<BlockSeries>,
  block: NewBlock,
): BlockMeta | undefined {
  const ulid = newUlid(block.now)
  const dir = join(parentDir, ulid)
  const temporary = dir + CREATION_SUFFIX
  try {
    disk.makeDir(temporary)
    const stats = writeFiles(disk, temporary, series)
    if (stats.numSeries === 0) {
      disk.remove(temporary)
      return undefined
    }
    const { minT, maxT, level, sources, parents, hints = [] } = block
    const meta: BlockMeta = {
      ulid,
      minTime: minT,
      maxTime: maxT,
      stats: withoutZeros(stats),
      compaction: {
        level,
        sources: sources.length === 0 ? [ulid] : [...sources],
        ...(parents.length === 0 ? {} : { parents: [...parents] }),
        ...(hints.length === 0 ? {} : { hints: [...hints] }),
      },
      version: META_VERSION,
    }
    writeMeta(disk, temporary, meta)
    disk.syncDir(temporary)
    disk.rename(temporary, dir)
    try {
      disk.syncDir(parentDir)
    } catch (error) {
      // Who is told that there is no block makes it once more.
      disk.rename(dir, temporary)
      throw error
    }
    return meta
  } catch (error) {
    removeQuietly(disk, temporary)
    throw error
  }
}

type Stats = Required<Omit<BlockMeta['stats'], 'numTombstones'>>

function writeFiles(disk: Disk, dir: string, series: Iterable<BlockSeries>): Stats {
  const stats: Stats = {
    numSamples: 0,
    numFloatSamples: 0,
    numHistogramSamples: 0,
    numSeries: 0,
    numChunks: 0,
  }
  const index = new IndexWriter()
  const files = new ChunkFilesWriter(disk, dir)
  try {
    for (const { labels, chunks } of series) {
      if (chunks.length === 0) continue
      index.add(
        labels,
        chunks,
        chunks.map((chunk) => files.add(chunk)),
      )
      for (const chunk of chunks) count(stats, chunk)
      stats.numSeries++
      stats.numChunks += chunks.length
    }
    files.finish()
  } finally {
    files.abandon()
  }
  if (stats.numSeries > 0) {
    index.write(disk, join(dir, INDEX_FILE))
    writeTombstones(disk, dir, new Map())
  }
  return stats
}

/** Every encoding begins with its count. */
function count(stats: Stats, { data, encoding }: ChunkData): void {
  const samples = (data[0] << 8) | data[1]
  stats.numSamples += samples
  if (encoding === XOR) stats.numFloatSamples += samples
  else stats.numHistogramSamples += samples
}

/** As Prometheus writes them. */
const withoutZeros = (stats: Stats): BlockMeta['stats'] =>
  Object.fromEntries(Object.entries(stats).filter(([, count]) => count !== 0))

function removeQuietly(disk: Disk, path: string): void {
  try {
    disk.remove(path)
  } catch {
    // What went wrong before is what counts; the next start removes it.
  }
}
