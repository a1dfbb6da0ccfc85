/** A block that is open for reading: selectors, names and values of labels, all series, deletions. */
import {
  type LabelQuery,
  type Labels,
  type Matcher,
  SampleColumns,
  type SeriesSet,
  compareNames,
} from '@vigie/model'
import { decodeWhole } from '../chunk/decode.ts'
import { encodeSamples } from '../chunk/encode.ts'
import { XOR, XOR2 } from '../chunk/encoding.ts'
import type { Disk } from '../disk.ts'
import { BlockSelection, SeriesEntries, dropDeleted } from './block-selection.ts'
import type { BlockSeries, ChunkData } from './block-series.ts'
import { ChunkFiles, ChunkReader } from './chunk-files.ts'
import { IndexReader } from './index-reader.ts'
import { type BlockMeta, readMeta, writeMeta } from './meta.ts'
import { matchingSeries, union } from './postings.ts'
import {
  type Intervals,
  covers,
  readTombstones,
  touches,
  withInterval,
  writeTombstones,
} from './tombstones.ts'

/** Where the samples of a series lie; times are ms, inclusive. */
export interface SeriesSpan {
  labels: Labels
  /** How many. */
  chunks: number
  minT: number
  maxT: number
}

/** What a chunk holds, and in how many bytes. */
export interface ChunkShape {
  samples: number
  bytes: number
  /** Of all samples together; undefined: the chunk is of floats. */
  buckets: number | undefined
}

export class Block {
  readonly meta: BlockMeta
  readonly dir: string
  /** Grows with every deletion: who has the block open as it was before must open it again. */
  version = 0
  readonly #disk: Disk
  readonly #index: IndexReader
  readonly #files: ChunkFiles
  // Replaced when something is deleted: selections keep what they began with.
  #tombstones: ReadonlyMap<number, Intervals>

  private constructor(
    disk: Disk,
    dir: string,
    meta: BlockMeta,
    index: IndexReader,
    files: ChunkFiles,
    tombstones: ReadonlyMap<number, Intervals>,
  ) {
    this.#disk = disk
    this.dir = dir
    this.meta = meta
    this.#index = index
    this.#files = files
    this.#tombstones = tombstones
  }

  /** Throws DiskError, CorruptBlockError. Reads little: what is asked for is read then. */
  static open(disk: Disk, dir: string): Block {
    const meta = readMeta(disk, dir)
    const tombstones = readTombstones(disk, dir)
    const index = IndexReader.open(disk, dir)
    try {
      return new Block(disk, dir, meta, index, ChunkFiles.open(disk, dir), tombstones)
    } catch (error) {
      index.close()
      throw error
    }
  }

  /** Throws CorruptBlockError when no query could read it; what one series alone needs is not looked at. */
  check(): void {
    this.#index.check()
  }

  /** Throws DiskError, CorruptBlockError, as does what it gives. */
  select(matchers: readonly Matcher[], minT: number, maxT: number): SeriesSet {
    const refs = matchingSeries(this.#index, matchers)
    return new BlockSelection(this.#index, this.#files, this.#tombstones, refs, minT, maxT)
  }

  /** Sorted. */
  labelNames({ matchers, minT, maxT }: LabelQuery): string[] {
    if (matchers.length === 0) return this.#index.table.names()
    const names = new Set<number>()
    this.#forEach(matchers, minT, maxT, ({ symbols, labelStarts }) => {
      for (let k = labelStarts[0]; k < labelStarts[1]; k += 2) names.add(symbols[k])
    })
    return [...names].map((name) => this.#index.symbol(name)).sort(compareNames)
  }

  /** Sorted. */
  labelValues(name: string, { matchers, minT, maxT }: LabelQuery): string[] {
    const values: string[] = []
    if (matchers.length === 0) {
      this.#index.table.forEach(name, (value) => values.push(value))
      return values
    }
    const symbols = new Set<number>()
    this.#forEach(matchers, minT, maxT, (entry) => {
      for (let k = entry.labelStarts[0]; k < entry.labelStarts[1]; k += 2)
        if (this.#index.symbol(entry.symbols[k]) === name) symbols.add(entry.symbols[k + 1])
    })
    return [...symbols].map((value) => this.#index.symbol(value)).sort(compareNames)
  }

  /** How many values each name has, and of each of them its count of series, are for `visit`. */
  forEachPair(visit: (name: string, value: string, series: number) => void): void {
    const { table } = this.#index
    for (const name of table.names())
      table.forEach(name, (value, at) => visit(name, value, this.#index.postings(at).length))
  }

  /**
   * Series that satisfy all matchers, by labels, without reading a chunk. What was deleted counts as if it
   * were there. Throws as it is read.
   */
  *spans(matchers: readonly Matcher[]): Iterable<SeriesSpan> {
    const entry = new SeriesEntries(1)
    for (const ref of matchingSeries(this.#index, matchers)) {
      entry.clear()
      if (!entry.add(this.#index, ref, -Infinity, Infinity)) continue
      const chunks = entry.chunkStarts[1]
      yield {
        labels: entry.labels(this.#index, 0),
        chunks,
        minT: entry.chunkMinT[0],
        maxT: entry.chunkMaxT[chunks - 1],
      }
    }
  }

  /** Each chunk of the series that satisfy all matchers, deleted ones included. Throws as it is read. */
  *chunkShapes(matchers: readonly Matcher[]): Iterable<ChunkShape> {
    const entry = new SeriesEntries(1)
    const reader = new ChunkReader(this.#files)
    const columns = new SampleColumns()
    for (const ref of matchingSeries(this.#index, matchers)) {
      entry.clear()
      if (!entry.add(this.#index, ref, -Infinity, Infinity)) continue
      for (let k = entry.chunkStarts[0]; k < entry.chunkStarts[1]; k++) {
        reader.read(entry.chunkRefs[k])
        const { encoding, start, end, bytes } = reader
        const isFloats = encoding === XOR || encoding === XOR2
        columns.clear()
        if (!isFloats) reader.decode(-Infinity, Infinity, columns)
        yield {
          samples: bytes.readUInt16BE(start),
          bytes: end - start,
          buckets: isFloats ? undefined : bucketsOf(columns),
        }
      }
    }
  }

  #forEach(
    matchers: LabelQuery['matchers'],
    minT: number,
    maxT: number,
    visit: (entry: SeriesEntries) => void,
  ): void {
    const entry = new SeriesEntries(1)
    const lists = matchers.map((all) => matchingSeries(this.#index, all))
    for (const ref of union(lists)) {
      entry.clear()
      if (entry.add(this.#index, ref, minT, maxT)) visit(entry)
    }
  }

  /** All that is in it, by labels, without what was deleted. Throws as it is read. */
  *allSeries(): Iterable<BlockSeries> {
    const entry = new SeriesEntries(1)
    const reader = new ChunkReader(this.#files)
    for (const ref of this.#index.allPostings()) {
      entry.clear()
      if (!entry.add(this.#index, ref, -Infinity, Infinity)) continue
      const chunks: ChunkData[] = []
      const deleted = this.#tombstones.get(ref) ?? []
      for (let k = entry.chunkStarts[0]; k < entry.chunkStarts[1]; k++) {
        const minT = entry.chunkMinT[k]
        const maxT = entry.chunkMaxT[k]
        if (covers(deleted, minT, maxT)) continue
        reader.read(entry.chunkRefs[k])
        const { encoding, bytes, start, end } = reader
        const chunk = { minT, maxT, encoding, data: new Uint8Array(bytes.subarray(start, end)) }
        if (touches(deleted, minT, maxT)) chunks.push(...withoutDeleted(chunk, deleted))
        else chunks.push(chunk)
      }
      if (chunks.length > 0) yield { labels: entry.labels(this.#index, 0), chunks }
    }
  }

  /** Hides the samples in [minT, maxT] of the series that satisfy all matchers; how many series. Throws DiskError. */
  delete(matchers: readonly Matcher[], minT: number, maxT: number): number {
    const tombstones = new Map(this.#tombstones)
    const entry = new SeriesEntries(1)
    let count = 0
    for (const ref of matchingSeries(this.#index, matchers)) {
      entry.clear()
      if (!entry.add(this.#index, ref, minT, maxT)) continue
      // As in Prometheus, no further than the series goes.
      const first = Math.max(minT, entry.chunkMinT[0])
      const last = Math.min(maxT, entry.chunkMaxT[entry.chunkStarts[1] - 1])
      tombstones.set(ref, withInterval(tombstones.get(ref) ?? [], first, last))
      count++
    }
    if (count === 0) return 0
    writeTombstones(this.#disk, this.dir, tombstones)
    this.#tombstones = tombstones
    this.version++
    const intervals = [...tombstones.values()].reduce((sum, one) => sum + one.length / 2, 0)
    this.meta.stats.numTombstones = intervals
    writeMeta(this.#disk, this.dir, this.meta)
    return count
  }

  close(): void {
    this.#index.close()
    this.#files.close()
  }
}

function withoutDeleted(chunk: ChunkData, deleted: Intervals): ChunkData[] {
  const columns = new SampleColumns()
  decodeWhole(chunk, columns)
  dropDeleted(columns, deleted)
  return encodeSamples(columns)
}

/** Entries for buckets of all samples, empty ones within spans included. */
function bucketsOf({ h, length }: SampleColumns): number {
  let sum = 0
  for (let i = 0; i < length; i++)
    sum += (h?.[i]?.positiveCounts.length ?? 0) + (h?.[i]?.negativeCounts.length ?? 0)
  return sum
}
