/**
 * Follows the log while it is written, for those that send on what comes in: from any place that the
 * log still has, record by record, up to what has been committed.
 *
 * References mean nothing without the series records before them: these are read first, from the
 * checkpoint and from all segments before the place.
 */
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Disk, ReadFile } from '../disk.ts'
import type { Logger } from '../options.ts'
import { SERIES, checkpointName, segmentIndex, segmentName } from './format.ts'
import type { WriteAheadLog } from './log.ts'
import { RecordError, readSeries, recordType } from './records.ts'
import { BadSegment, SegmentReader, UnsupportedError } from './segment-reader.ts'
import { type TailVisitor, visitRecord } from './tail-records.ts'

/** A place in the log: between two records of a segment. */
export interface WalPosition {
  segment: number
  offset: number
}

/** What a tail needs to know of the log that it follows. */
export type FollowedLog = Pick<WriteAheadLog, 'segments' | 'checkpointIndex'>

export interface WalTailOptions {
  disk: Disk
  /** The log's folder. */
  dir: string
  log: Logger
  followed: FollowedLog
  visitor: TailVisitor
  /** Left out: what is committed from now on. */
  from?: WalPosition | undefined
  onClose?: () => void
}

/** Records read before other work gets its turn. */
const OPENING_SLICE = 64

export class WalTail {
  readonly #options: WalTailOptions
  #segment: number
  #file: ReadFile | undefined
  #reader: SegmentReader | undefined
  #offset: number
  #checkpointIndex: number
  /** Segments that were dropped, or could not be read to their end, before all of them was read. */
  segmentsLost = 0

  private constructor(options: WalTailOptions, at: WalPosition) {
    this.#options = options
    this.#segment = at.segment
    this.#offset = at.offset
    this.#checkpointIndex = options.followed.checkpointIndex
  }

  /** Reads the series that later records refer to. Throws DiskError, UnsupportedError. */
  static async open(options: WalTailOptions): Promise<WalTail> {
    const { segments } = options.followed
    const end = { segment: segments.at(-1)!.index, offset: segments.at(-1)!.sizeBytes }
    const from = options.from ?? end
    // Of a log that was removed and begun anew, nothing has been read.
    const isAhead = from.segment > end.segment
    const isDropped = from.segment < segments[0].index
    const at = isAhead || isDropped ? { segment: segments[0].index, offset: 0 } : from
    const tail = new WalTail(options, at)
    if (isDropped) tail.#lose(from.segment, segments[0].index)
    await tail.#readSeries(at)
    return tail
  }

  /** Behind the last record that was read. */
  get position(): WalPosition {
    return { segment: this.#segment, offset: this.#offset }
  }

  /** Behind the last record that was committed. */
  get end(): WalPosition {
    const last = this.#options.followed.segments.at(-1)!
    return { segment: last.index, offset: last.sizeBytes }
  }

  /** Visits what is in the next record; false when there is none yet. Throws DiskError, UnsupportedError. */
  read(): boolean {
    for (;;) {
      const record = this.#next()
      if (record !== undefined) {
        visitRecord(record, this.#segment, this.#options.visitor)
        return true
      }
      const next = this.#options.followed.segments.find((one) => one.index > this.#segment)
      if (next === undefined) return false
      // One that was opened was read to its end, dropped or not.
      const firstLost = this.#reader === undefined ? this.#segment : this.#segment + 1
      if (next.index > firstLost) this.#lose(firstLost, next.index)
      this.#close()
      this.#segment = next.index
      this.#offset = 0
    }
  }

  /** The next record of the current segment; undefined at its committed end, and when it is gone or broken. */
  #next(): Buffer | undefined {
    const { followed, disk, dir, log } = this.#options
    const known = followed.segments.find((one) => one.index === this.#segment)
    if (this.#reader === undefined) {
      // Dropped before it was opened: what was not read of it is lost.
      if (known === undefined) return undefined
      this.#file = disk.openRead(join(dir, segmentName(this.#segment)))
      this.#reader = new SegmentReader(this.#file, Math.min(this.#offset, known.sizeBytes))
    }
    const end = known?.sizeBytes ?? this.#file!.sizeBytes
    try {
      const record = this.#reader.next(end)
      this.#offset = this.#reader.offset
      return record
    } catch (error) {
      if (!(error instanceof BadSegment || error instanceof RecordError)) throw error
      log.warn('the rest of a WAL segment cannot be read, its samples are not sent on', {
        segment: this.#segment,
        offset: this.#reader.recordStart,
        reason: error.message,
      })
      this.segmentsLost++
      this.#reader.offset = end
      this.#offset = end
      return undefined
    }
  }

  #lose(from: number, to: number): void {
    this.segmentsLost += to - from
    this.#options.log.warn('WAL segments were dropped before they were sent on', {
      from,
      to: to - 1,
    })
  }

  async #readSeries(at: WalPosition): Promise<void> {
    const { disk, dir, followed, visitor } = this.#options
    for (const path of this.#checkpointFiles())
      await this.#seriesOf(path, this.#checkpointIndex, Infinity)
    for (const { index, sizeBytes } of followed.segments.slice()) {
      if (index > at.segment) break
      const path = join(dir, segmentName(index))
      // A log that goes on being truncated may have removed it meanwhile.
      if (disk.stat(path) === undefined) continue
      await this.#seriesOf(path, index, index === at.segment ? at.offset : sizeBytes)
    }
    visitor.opened?.()
  }

  #checkpointFiles(): string[] {
    const { disk, dir } = this.#options
    if (this.#checkpointIndex < 0) return []
    const folder = join(dir, checkpointName(this.#checkpointIndex))
    if (disk.stat(folder) === undefined) return []
    return disk
      .list(folder)
      .filter((name) => segmentIndex(name) !== undefined)
      .sort()
      .map((name) => join(folder, name))
  }

  async #seriesOf(path: string, segment: number, end: number): Promise<void> {
    const { visitor } = this.#options
    await this.#eachRecord(path, end, (record) => {
      if (recordType(record) === SERIES)
        readSeries(record, (ref, pairs) => visitor.series(ref, pairs, segment))
    })
  }

  async #eachRecord(path: string, end: number, visit: (record: Buffer) => void): Promise<void> {
    const file = this.#options.disk.openRead(path)
    try {
      const reader = new SegmentReader(file)
      const last = Math.min(end, file.sizeBytes)
      for (let count = 1; ; count++) {
        const record = reader.next(last)
        if (record === undefined) return
        visit(record)
        if (count % OPENING_SLICE === 0) await nextTurn()
      }
    } catch (error) {
      if (error instanceof UnsupportedError)
        throw new UnsupportedError(`cannot read ${path}: ${error.message}`, { cause: error })
      // The log itself has reported it, and what is behind is not its either.
      if (!(error instanceof BadSegment || error instanceof RecordError)) throw error
    } finally {
      file.close()
    }
  }

  /**
   * After the log was truncated: which series a checkpoint still has. Those of earlier segments that
   * are not among them never come again. Undefined when nothing was truncated since the last call.
   */
  async truncated(): Promise<{ segment: number; refs: ReadonlySet<number> } | undefined> {
    const segment = this.#options.followed.checkpointIndex
    if (segment === this.#checkpointIndex) return undefined
    this.#checkpointIndex = segment
    const refs = new Set<number>()
    for (const path of this.#checkpointFiles())
      await this.#eachRecord(path, Infinity, (record) => {
        if (recordType(record) === SERIES) readSeries(record, (ref) => void refs.add(ref))
      })
    return { segment, refs }
  }

  #close(): void {
    this.#file?.close()
    this.#file = undefined
    this.#reader = undefined
  }

  close(): void {
    this.#close()
    this.#options.onClose?.()
  }
}
