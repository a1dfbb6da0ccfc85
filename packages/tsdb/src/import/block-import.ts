/**
 * Makes blocks of samples that come in any order: they wait on the disk by range of time, and each range
 * becomes a block, some series at a time. All blocks appear at the end, or none.
 */
import { join } from 'node:path'
import { type Labels, SampleColumns, compareLabels } from '@vigie/model'
import type { BlockSeries } from '../block/block-series.ts'
import type { BlockMeta } from '../block/meta.ts'
import { newUlid } from '../block/ulid.ts'
import { CREATION_SUFFIX, writeBlock } from '../block/writer.ts'
import { encodeSamples } from '../chunk/encode.ts'
import { type Disk, sizeOf } from '../disk.ts'
import { SampleSpool, type SpooledRange } from './sample-spool.ts'

/** The range of the smallest block, of which every other is a multiple: times 3, times 9… */
export const BLOCK_MS_MIN: number = 2 * 3_600_000
const BLOCK_FACTOR = 3
/** More are refused: times that are wrong, or a range that is too small for them. */
const BLOCKS_MAX = 20_000
const SAMPLES_PER_PASS_DEFAULT = 1 << 22
/** Times are written as ms that a double holds. */
const T_MAX = 2 ** 52

/** Something about the samples. `line` is where it was found, 0 when it is about all of them. */
export class ImportError extends Error {
  readonly line: number
  constructor(message: string, line: number) {
    super(message)
    this.name = 'ImportError'
    this.line = line
  }
}

/** The largest range of Prometheus's blocks that is not above `ms`. */
export function blockRange(ms: number): number {
  let range = BLOCK_MS_MIN
  while (range * BLOCK_FACTOR <= ms) range *= BLOCK_FACTOR
  return range
}

export interface ImportOptions {
  /** Where the blocks go; made when missing. */
  dir: string
  disk: Disk
  /** Of each block, see `blockRange`. */
  blockMs: number
  now: () => number
  /** Samples that are in memory at once, or those of one series if it has more. */
  samplesPerPass?: number
}

export interface ImportedBlock {
  meta: BlockMeta
  sizeBytes: number
}

export class BlockImport {
  readonly #options: ImportOptions
  readonly #staging: string
  readonly #spool: SampleSpool
  readonly #labels: Labels[] = []
  readonly #byKey = new Map<string, number>()

  /** Throws DiskError. To be finished or given up. */
  constructor(options: ImportOptions) {
    this.#options = options
    // A start of any server removes it, should this process die.
    this.#staging = join(options.dir, newUlid(options.now()) + CREATION_SUFFIX)
    options.disk.makeDir(this.#staging)
    this.#spool = new SampleSpool(options.disk, this.#staging, options.blockMs)
  }

  /** The number of a series. */
  series(labels: Labels): number {
    let index = this.#byKey.get(labels.key)
    if (index === undefined) {
      index = this.#labels.length
      this.#labels.push(labels)
      this.#byKey.set(labels.key, index)
    }
    return index
  }

  /** `t` in ms. Throws ImportError, DiskError. */
  add(series: number, t: number, v: number, line: number): void {
    if (!(Math.abs(t) < T_MAX)) throw new ImportError(`timestamp ${t / 1000} is out of range`, line)
    this.#spool.add(series, t, v, line)
    if (this.#spool.rangeCount > BLOCKS_MAX)
      throw new ImportError(
        `the samples up to here would make more than ${BLOCKS_MAX} blocks; ` +
          'are the timestamps seconds? if they are, larger blocks make fewer',
        line,
      )
  }

  /** Writes the blocks; those it gives are there for good. Throws ImportError, DiskError: then there is none. */
  finish(): ImportedBlock[] {
    const { dir, disk } = this.#options
    const blocks: ImportedBlock[] = []
    const ranks = this.#sortedRanks()
    for (const range of this.#spool.ranges()) {
      const meta = this.#writeBlock(range, ranks)
      blocks.push({ meta, sizeBytes: sizeOf(disk, join(this.#staging, meta.ulid)) })
    }
    for (const { meta } of blocks) disk.rename(join(this.#staging, meta.ulid), join(dir, meta.ulid))
    disk.syncDir(dir)
    this.abandon()
    return blocks
  }

  /** Leaves nothing behind. */
  abandon(): void {
    this.#options.disk.remove(this.#staging)
  }

  /** By number of a series, its place among all by labels; sorts the labels, too. */
  #sortedRanks(): Uint32Array {
    const labels = this.#labels
    const order = labels.map((_one, index) => index)
    order.sort((a, b) => compareLabels(labels[a], labels[b]))
    const ranks = new Uint32Array(order.length)
    for (const [rank, index] of order.entries()) ranks[index] = rank
    const sorted = order.map((index) => labels[index])
    for (const [rank, one] of sorted.entries()) labels[rank] = one
    return ranks
  }

  #writeBlock(range: SpooledRange, ranks: Uint32Array): BlockMeta {
    const { disk, now } = this.#options
    const { minT, maxT } = range
    const block = { minT, maxT: maxT + 1, level: 1, sources: [], parents: [], now: now() }
    return writeBlock(disk, this.#staging, this.#seriesOf(range, ranks), block)!
  }

  *#seriesOf(range: SpooledRange, ranks: Uint32Array): Iterable<BlockSeries> {
    const { samplesPerPass = SAMPLES_PER_PASS_DEFAULT } = this.#options
    const counts = new Uint32Array(ranks.length)
    range.forEach((series) => counts[ranks[series]]++)
    for (let from = 0; from < counts.length;) {
      let samples = counts[from]
      let to = from + 1
      while (to < counts.length && samples + counts[to] <= samplesPerPass) samples += counts[to++]
      if (samples > 0) yield* this.#someSeries(range, ranks, counts, from, to)
      from = to
    }
  }

  /** Series `from` to `to` by labels. */
  *#someSeries(
    range: SpooledRange,
    ranks: Uint32Array,
    counts: Uint32Array,
    from: number,
    to: number,
  ): Iterable<BlockSeries> {
    const starts = new Uint32Array(to - from + 1)
    for (let rank = from; rank < to; rank++)
      starts[rank - from + 1] = starts[rank - from] + counts[rank]
    const all = new Found(starts[to - from])
    const ends = starts.slice()
    range.forEach((series, t, v, line) => {
      const rank = ranks[series]
      if (rank >= from && rank < to) all.set(ends[rank - from]++, t, v, line)
    })
    const columns = new SampleColumns()
    for (let rank = from; rank < to; rank++) {
      if (counts[rank] === 0) continue
      const labels = this.#labels[rank]
      all.copy(starts[rank - from], starts[rank - from + 1], labels, columns)
      yield { labels, chunks: encodeSamples(columns) }
    }
  }
}

/** Samples as they were found. */
class Found {
  readonly #t: Float64Array
  readonly #v: Float64Array
  readonly #lines: Uint32Array

  constructor(count: number) {
    this.#t = new Float64Array(count)
    this.#v = new Float64Array(count)
    this.#lines = new Uint32Array(count)
  }

  set(i: number, t: number, v: number, line: number): void {
    this.#t[i] = t
    this.#v[i] = v
    this.#lines[i] = line
  }

  /** Samples `from` to `to`, of one series, by time; what was found twice once. Throws ImportError. */
  copy(from: number, to: number, labels: Labels, out: SampleColumns): void {
    const [t, v, lines] = [this.#t, this.#v, this.#lines]
    const order = this.#isRising(from, to) ? undefined : this.#order(from, to)
    out.clear()
    let before = -1
    for (let k = from; k < to; k++) {
      const i = order === undefined ? k : order[k - from]
      if (before >= 0 && t[i] === t[before]) {
        if (Object.is(v[i], v[before])) continue
        throw new ImportError(
          `duplicate sample: ${labels.toString()} has ${v[i]} at ${t[i] / 1000}, and ${v[before]} ` +
            `in line ${lines[before]}`,
          lines[i],
        )
      }
      out.push(t[i], v[i])
      before = i
    }
  }

  #isRising(from: number, to: number): boolean {
    for (let i = from + 1; i < to; i++) if (this.#t[i] <= this.#t[i - 1]) return false
    return true
  }

  /** By time, those of the same time as they were found. */
  #order(from: number, to: number): Uint32Array {
    const t = this.#t
    const order = Uint32Array.from({ length: to - from }, (_, k) => from + k)
    return order.sort((a, b) => t[a] - t[b] || a - b)
  }
}
