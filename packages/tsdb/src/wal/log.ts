/**
 * The log as a whole: a folder of segments, the older part of which a checkpoint may stand for.
 *
 *     wal/checkpoint.00000003/00000000    what was needed of segments 0…3
 *     wal/00000004 … wal/00000007         the last one is written to
 *
 * A segment is dropped when all its samples are too old; the series that live on are then written to
 * a new checkpoint, so that the references of later samples keep their meaning.
 */
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Histogram } from '@vigie/model'
import type { Disk, ReadFile } from '../disk.ts'
import type { Logger } from '../options.ts'
import {
  CUSTOM_FLOAT_HISTOGRAMS,
  CUSTOM_HISTOGRAMS,
  EXEMPLARS,
  FLOAT_HISTOGRAMS,
  FLOAT_HISTOGRAMS_V2,
  HISTOGRAMS,
  HISTOGRAMS_V2,
  SAMPLES,
  SAMPLES_V2,
  SERIES,
  TOMBSTONES,
  checkpointIndex,
  checkpointName,
  segmentIndex,
  segmentName,
} from './format.ts'
import { readHistograms } from './histogram-records.ts'
import { readSeries, readTombstones, recordType, readExemplars } from './records.ts'
import { type Corruption, UnsupportedError, readSegment } from './segment-reader.ts'
import { SampleRecord } from './sample-record.ts'
import { readSegmentByWorker } from './segment-worker.ts'
import { SegmentWriter } from './segment-writer.ts'

export interface LogOptions {
  dir: string
  segmentBytes: number
  isCompressed: boolean
  /** Whether a batch is written only once the disk has it. */
  isSynced: boolean
  /** The built `blocks/worker.js`: it reads large segments, of a disk of this machine, when they are replayed. */
  workerUrl?: URL | undefined
  disk: Disk
  log: Logger
  now: () => number
}

/** What a replay finds, in the order in which it was written. */
export interface LogVisitor {
  series(ref: number, pairs: string[]): void
  /** The columns are used again. */
  samples(record: SampleRecord): void
  histogram(ref: number, t: number, h: Histogram): void
  tombstone(ref: number, minT: number, maxT: number): void
  /** `pairs` are the labels of the exemplar. */
  exemplar?(ref: number, t: number, v: number, pairs: string[]): void
}

/**
 * Times are those of the samples in it, Infinity and -Infinity when there are none. Samples from the
 * future count as of now, so that a wrong clock somewhere does not keep a segment for ever.
 */
export interface Segment {
  index: number
  sizeBytes: number
  minT: number
  maxT: number
}

/** Records written to a checkpoint before other work gets its turn. */
const CHECKPOINT_SLICE = 20
/** A smaller segment is read before a thread is there. */
const WORKER_BYTES_MIN = 8 << 20
const TMP_SUFFIX = '.tmp'
/** What is kept for those that follow the log, beyond what storage itself needs of it. */
const HELD_BYTES_MAX: number = 2 * 2 ** 30

export class WriteAheadLog {
  readonly #options: LogOptions
  readonly #segments: Segment[] = []
  readonly #samples = new SampleRecord()
  #writer: SegmentWriter | undefined
  #checkpoint: { index: number; sizeBytes: number } | undefined
  // Those that the checkpoint stands for, too.
  #oldCheckpoints: number[] = []
  /** Records of kinds that are not stored (metadata and others), by type. */
  readonly skippedRecords: Map<number, number> = new Map()
  /** Each says which is the first segment that it has not read to its end. */
  readonly followers: Set<() => number> = new Set()
  corruptions = 0
  checkpoints = 0

  private constructor(options: LogOptions) {
    this.#options = options
  }

  /** Reads what is there, repairs its end, and opens a new segment behind it. Throws DiskError, UnsupportedError. */
  static async open(options: LogOptions, visitor: LogVisitor): Promise<WriteAheadLog> {
    const log = new WriteAheadLog(options)
    options.disk.makeDir(options.dir)
    await log.#replay(visitor)
    const last = log.#segments.at(-1)
    const next = last === undefined ? (log.#checkpoint?.index ?? -1) + 1 : last.index + 1
    log.#openWriter(last?.sizeBytes === 0 ? last.index : next)
    return log
  }

  /** Oldest first; the last one is being written. */
  get segments(): readonly Readonly<Segment>[] {
    return this.#segments
  }

  get sizeBytes(): number {
    const segments = this.#segments.reduce((sum, one) => sum + one.sizeBytes, 0)
    return segments + (this.#checkpoint?.sizeBytes ?? 0)
  }

  /** The oldest sample that a replay would find, Infinity when there is none. */
  get minT(): number {
    return this.#segments.reduce((min, one) => Math.min(min, one.minT), Infinity)
  }

  /** The last segment that a checkpoint stands for, -1 when there is none. */
  get checkpointIndex(): number {
    return this.#checkpoint?.index ?? -1
  }

  #openWriter(index: number): void {
    const { disk, dir, segmentBytes, isCompressed } = this.#options
    this.#writer = new SegmentWriter(disk, dir, index, segmentBytes, isCompressed)
    if (this.#segments.at(-1)?.index !== index) this.#segments.push(emptySegment(index))
  }

  async #replay(visitor: LogVisitor): Promise<void> {
    const { disk, dir } = this.#options
    const names = disk.list(dir)
    for (const name of names) if (name.endsWith(TMP_SUFFIX)) disk.remove(join(dir, name))
    const checkpoints = names.flatMap((name) => checkpointIndex(name) ?? [])
    const newest = Math.max(-1, ...checkpoints)
    this.#oldCheckpoints = checkpoints.filter((index) => index < newest)
    if (newest >= 0) {
      const folder = join(dir, checkpointName(newest))
      let sizeBytes = 0
      for (const index of segmentsIn(disk.list(folder))) {
        const path = join(folder, segmentName(index))
        sizeBytes += await this.#replaySegment(path, emptySegment(index), visitor)
      }
      this.#checkpoint = { index: newest, sizeBytes }
    }
    for (const index of segmentsIn(names)) {
      const path = join(dir, segmentName(index))
      // A checkpoint stands for it: only the death of the process kept it from being removed.
      if (index <= newest) disk.remove(path)
      else {
        const segment = emptySegment(index)
        this.#segments.push(segment)
        segment.sizeBytes = await this.#replaySegment(path, segment, visitor)
      }
    }
  }

  /** Returns the size of the segment, after its repair. */
  async #replaySegment(path: string, segment: Segment, visitor: LogVisitor): Promise<number> {
    await nextTurn()
    const file = this.#options.disk.open(path)
    try {
      const corruption = await this.#read(file, path, segment, visitor)
      if (corruption !== undefined) {
        this.#report(path, corruption, file.sizeBytes)
        file.truncate(corruption.offset)
      }
      return file.sizeBytes
    } catch (error) {
      if (error instanceof UnsupportedError)
        throw new UnsupportedError(`cannot read ${path}: ${error.message}`, { cause: error })
      throw error
    } finally {
      file.close()
    }
  }

  #read(
    file: ReadFile,
    path: string,
    segment: Segment,
    visitor: LogVisitor,
  ): Promise<Corruption | undefined> {
    const { workerUrl } = this.#options
    const record = (one: Buffer): void => this.#visit(one, segment, visitor)
    if (workerUrl === undefined || file.sizeBytes < WORKER_BYTES_MIN)
      return readSegment(file, record)
    const samples = (one: SampleRecord): void => this.#visitSamples(one, segment, visitor)
    return readSegmentByWorker(workerUrl, path, { samples, record })
  }

  #visitSamples(record: SampleRecord, segment: Segment, visitor: LogVisitor): void {
    let { minT, maxT } = segment
    const { t, count } = record
    for (let i = 0; i < count; i++) {
      if (t[i] < minT) minT = t[i]
      if (t[i] > maxT) maxT = t[i]
    }
    segment.minT = minT
    if (maxT !== segment.maxT) segment.maxT = Math.min(maxT, this.#options.now())
    visitor.samples(record)
  }

  #visit(record: Buffer, segment: Segment, visitor: LogVisitor): void {
    const type = recordType(record)
    let { minT, maxT } = segment
    const see = (t: number): void => {
      if (t < minT) minT = t
      if (t > maxT) maxT = t
    }
    switch (type) {
      case SERIES:
        whole<[number, string[]]>(
          (take) => readSeries(record, (...one) => take(one)),
          ([ref, pairs]) => visitor.series(ref, pairs),
        )
        break
      case SAMPLES:
      case SAMPLES_V2:
        this.#samples.read(record)
        return this.#visitSamples(this.#samples, segment, visitor)
      case HISTOGRAMS:
      case FLOAT_HISTOGRAMS:
      case CUSTOM_HISTOGRAMS:
      case CUSTOM_FLOAT_HISTOGRAMS:
      case HISTOGRAMS_V2:
      case FLOAT_HISTOGRAMS_V2:
        whole<[number, number, Histogram]>(
          (take) => readHistograms(record, (...one) => take(one)),
          ([ref, t, h]) => {
            see(t)
            visitor.histogram(ref, t, h)
          },
        )
        break
      case TOMBSTONES:
        whole<[number, number, number]>(
          (take) => readTombstones(record, (...one) => take(one)),
          ([ref, from, to]) => visitor.tombstone(ref, from, to),
        )
        break
      case EXEMPLARS:
        whole<[number, number, number, string[]]>(
          (take) => readExemplars(record, (...one) => take(one)),
          ([ref, t, v, pairs]) => visitor.exemplar?.(ref, t, v, pairs),
        )
        break
      default:
        this.skippedRecords.set(type, (this.skippedRecords.get(type) ?? 0) + 1)
    }
    segment.minT = minT
    if (maxT !== segment.maxT) segment.maxT = Math.min(maxT, this.#options.now())
  }

  #report(path: string, { offset, reason }: Corruption, sizeBytes: number): void {
    this.corruptions++
    this.#options.log.warn('WAL repaired: cut off what cannot be read', {
      segment: path,
      offset,
      lostBytes: sizeBytes - offset,
      reason,
    })
  }

  /**
   * Writes a batch: `fill` is given what takes its records, one call each. `minT` and `maxT` are
   * those of its samples. Throws DiskError; then nothing of it is in the log.
   */
  write(minT: number, maxT: number, fill: (add: (record: Uint8Array) => void) => void): void {
    const writer = this.#writer!
    writer.begin()
    fill((record) => writer.add(record))
    writer.commit(this.#options.isSynced)
    const segment = this.#currentSegment()
    segment.sizeBytes = writer.sizeBytes
    if (minT < segment.minT) segment.minT = minT
    segment.maxT = Math.max(segment.maxT, Math.min(maxT, this.#options.now()))
  }

  /** Takes back what the last `write` wrote. */
  undo(): void {
    this.#writer!.undo()
    this.#currentSegment().sizeBytes = this.#writer!.sizeBytes
  }

  #currentSegment(): Segment {
    const { index } = this.#writer!
    const last = this.#segments.at(-1)
    if (last?.index === index) return last
    const segment = emptySegment(index)
    this.#segments.push(segment)
    return segment
  }

  /** Ends the current segment, unless it is empty. */
  roll(): void {
    if (this.#writer!.sizeBytes === 0) return
    this.#writer!.roll()
    this.#currentSegment()
  }

  /**
   * Drops the oldest segments as long as all their samples are older than `minT`, behind a checkpoint
   * with the records that `records` gives. Those that a follower has yet to read are kept, up to
   * HELD_BYTES_MAX. Lets other work run in between.
   */
  async dropBefore(minT: number, records: () => Iterable<Uint8Array>): Promise<void> {
    const full = this.#segments.slice(0, -1)
    const firstKept = full.findIndex((segment) => segment.maxT >= minT)
    const old = firstKept < 0 ? full : full.slice(0, firstKept)
    const dropped = old.slice(0, old.length - this.#heldCount(old))
    if (dropped.length === 0) return
    const { index: lastDropped } = dropped.at(-1)!
    // It is there already when they could not all be removed the last time.
    if (this.#checkpoint?.index !== lastDropped) await this.#writeCheckpoint(lastDropped, records())
    const { disk, dir } = this.#options
    disk.syncDir(dir)
    this.#removeOldCheckpoints()
    for (const { index } of dropped) disk.remove(join(dir, segmentName(index)))
    this.#segments.splice(0, dropped.length)
  }

  /** Drops the segments up to `index`, whose samples are elsewhere by now. Throws DiskError. */
  dropThrough(index: number): void {
    while (this.#segments.length > 1 && this.#segments[0].index <= index) {
      this.#options.disk.remove(join(this.#options.dir, segmentName(this.#segments[0].index)))
      this.#segments.shift()
    }
  }

  /** How many of these segments, the newest ones, are kept for those that follow the log. */
  #heldCount(old: readonly Segment[]): number {
    const first = Math.min(...[...this.followers].map((follower) => follower()))
    let sizeBytes = 0
    let count = 0
    for (const segment of old.toReversed()) {
      sizeBytes += segment.sizeBytes
      if (segment.index < first || sizeBytes > HELD_BYTES_MAX) break
      count++
    }
    return count
  }

  async #writeCheckpoint(index: number, records: Iterable<Uint8Array>): Promise<void> {
    const { disk, dir, segmentBytes, isCompressed, log } = this.#options
    const folder = join(dir, checkpointName(index))
    disk.remove(folder + TMP_SUFFIX)
    disk.makeDir(folder + TMP_SUFFIX)
    const writer = new SegmentWriter(disk, folder + TMP_SUFFIX, 0, segmentBytes, isCompressed)
    let sizeBytes = 0
    try {
      let count = 0
      writer.begin()
      for (const record of records) {
        writer.add(record)
        if (++count % CHECKPOINT_SLICE !== 0) continue
        writer.commit(false)
        writer.begin()
        await nextTurn()
      }
      writer.commit(false)
      await writer.syncLater()
      sizeBytes = writer.index * segmentBytes + writer.sizeBytes
    } finally {
      writer.close()
    }
    disk.rename(folder + TMP_SUFFIX, folder)
    if (this.#checkpoint !== undefined) this.#oldCheckpoints.push(this.#checkpoint.index)
    this.#checkpoint = { index, sizeBytes }
    this.checkpoints++
    log.debug('WAL checkpoint written', { lastSegment: index, sizeBytes })
  }

  #removeOldCheckpoints(): void {
    const { disk, dir } = this.#options
    for (const index of this.#oldCheckpoints) disk.remove(join(dir, checkpointName(index)))
    this.#oldCheckpoints = []
  }

  sync(): void {
    this.#writer!.sync()
  }

  syncLater(): Promise<void> {
    return this.#writer!.syncLater()
  }

  close(): void {
    this.#writer!.close()
  }
}

/** Visits what a record holds once all of it was read: of one that makes no sense nothing is taken over. */
function whole<T>(read: (take: (one: T) => void) => void, visit: (one: T) => void): void {
  const all: T[] = []
  read((one) => void all.push(one))
  for (const one of all) visit(one)
}

const emptySegment = (index: number): Segment => ({
  index,
  sizeBytes: 0,
  minT: Infinity,
  maxT: -Infinity,
})

const segmentsIn = (names: readonly string[]): number[] =>
  names.flatMap((name) => segmentIndex(name) ?? []).sort((a, b) => a - b)
