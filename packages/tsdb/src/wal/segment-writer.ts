/**
 * Appends batches of records to the segments of a folder. A batch is one write. When it fails, the
 * file is cut back to where it was before the next batch is written, so that no reader ever meets a
 * torn record in the middle of the log.
 */
import { compressSync } from 'snappy'
import { join } from 'node:path'
import { type Disk, DiskError, type DiskFile } from '../disk.ts'
import { crc32c } from './crc32c.ts'
import {
  FIRST,
  FRAGMENT_HEADER_BYTES,
  LAST,
  MIDDLE,
  PAGE_BYTES,
  SNAPPY,
  WHOLE,
  segmentName,
} from './format.ts'

/** Compressing less than this costs more than it saves. */
const COMPRESSED_BYTES_MIN = 128

export class SegmentWriter {
  readonly #disk: Disk
  readonly #dir: string
  readonly #segmentBytes: number
  readonly #isCompressed: boolean
  #index: number
  #file: DiskFile
  // The segment that was last begun, with or without success.
  #nextIndex = -1
  // Ended, but not yet synced.
  readonly #full: DiskFile[] = []
  // Good bytes of the file; what is beyond was left by a write that failed.
  #sizeBytes: number
  // Where the last batch begins.
  #lastBatchAt = 0
  #batch = Buffer.allocUnsafe(4 * PAGE_BYTES)
  #batchSize = 0

  /** Goes on with segment `index`, which must be empty or end with a whole record. */
  constructor(disk: Disk, dir: string, index: number, segmentBytes: number, isCompressed: boolean) {
    this.#disk = disk
    this.#dir = dir
    this.#index = index
    this.#segmentBytes = segmentBytes
    this.#isCompressed = isCompressed
    this.#file = disk.open(join(dir, segmentName(index)))
    this.#sizeBytes = this.#file.sizeBytes
  }

  /** The segment that is written to. */
  get index(): number {
    return this.#index
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Adds a record to the batch. Its bytes are copied. */
  add(record: Uint8Array): void {
    if (this.#isCompressed && record.length >= COMPRESSED_BYTES_MIN)
      this.#addFragments(compressSync(record, { copyOutputData: true }), SNAPPY)
    else this.#addFragments(record, 0)
  }

  #addFragments(record: Uint8Array, compression: number): void {
    const pages = Math.ceil(record.length / (PAGE_BYTES - FRAGMENT_HEADER_BYTES)) + 1
    this.#reserve(record.length + (pages + 1) * FRAGMENT_HEADER_BYTES)
    let done = 0
    let isFirst = true
    do {
      const pageLeft = this.#startFragment()
      const length = Math.min(record.length - done, pageLeft - FRAGMENT_HEADER_BYTES)
      const isLast = done + length === record.length
      const type = isFirst ? (isLast ? WHOLE : FIRST) : isLast ? LAST : MIDDLE
      this.#putFragment(type | compression, record, done, length)
      done += length
      // With room for a header alone, the first fragment is empty; Prometheus does the same.
      isFirst = false
    } while (done < record.length)
  }

  /** Fills a page up that has no room for another header; returns what is left in the page. */
  #startFragment(): number {
    const at = (this.#sizeBytes + this.#batchSize) % PAGE_BYTES
    const pageLeft = PAGE_BYTES - at
    if (pageLeft >= FRAGMENT_HEADER_BYTES) return pageLeft
    this.#batch.fill(0, this.#batchSize, this.#batchSize + pageLeft)
    this.#batchSize += pageLeft
    return PAGE_BYTES
  }

  #putFragment(flags: number, record: Uint8Array, start: number, length: number): void {
    const batch = this.#batch
    const at = this.#batchSize
    batch[at] = flags
    batch.writeUInt16BE(length, at + 1)
    batch.writeUInt32BE(crc32c(record, start, start + length), at + 3)
    batch.set(record.subarray(start, start + length), at + FRAGMENT_HEADER_BYTES)
    this.#batchSize += FRAGMENT_HEADER_BYTES + length
  }

  #reserve(count: number): void {
    if (this.#batchSize + count <= this.#batch.length) return
    const batch = Buffer.allocUnsafe((this.#batchSize + count) * 2)
    this.#batch.copy(batch, 0, 0, this.#batchSize)
    this.#batch = batch
  }

  /**
   * Cuts off what a failed write left, and begins a new segment when this one is full. To be called
   * before the first `add` of a batch. Throws DiskError; then nothing has changed.
   */
  begin(): void {
    this.#batchSize = 0
    if (this.#file.sizeBytes !== this.#sizeBytes) this.#file.truncate(this.#sizeBytes)
    if (this.#sizeBytes >= this.#segmentBytes) this.roll()
  }

  /** Writes the batch, and syncs it if asked to. Throws DiskError; then nothing of it is in the log. */
  commit(isSynced: boolean): void {
    const batch = this.#batch.subarray(0, this.#batchSize)
    this.#batchSize = 0
    this.#lastBatchAt = this.#sizeBytes
    try {
      this.#file.append(batch)
      if (isSynced) this.sync()
    } catch (error) {
      this.#cutQuietly()
      throw error
    }
    this.#sizeBytes += batch.length
  }

  /** Takes the batch back that was committed last, before another one is begun. */
  undo(): void {
    this.#sizeBytes = this.#lastBatchAt
    this.#cutQuietly()
  }

  #cutQuietly(): void {
    try {
      if (this.#file.sizeBytes !== this.#sizeBytes) this.#file.truncate(this.#sizeBytes)
    } catch {
      // `begin` tries again, and lets nothing be written behind it until it succeeds.
    }
  }

  /** Ends this segment and begins the next one. */
  roll(): void {
    const pad = (PAGE_BYTES - (this.#sizeBytes % PAGE_BYTES)) % PAGE_BYTES
    if (this.#file.sizeBytes !== this.#sizeBytes) this.#file.truncate(this.#sizeBytes)
    const path = join(this.#dir, segmentName(this.#index + 1))
    if (this.#nextIndex !== this.#index + 1 && this.#disk.stat(path) !== undefined) {
      const reason = 'it is there already: another process has the directory open'
      throw new DiskError('begin segment', path, new Error(reason))
    }
    this.#nextIndex = this.#index + 1
    const next = this.#disk.open(path)
    try {
      // Only the last segment may end within a page.
      this.#file.append(Buffer.alloc(pad))
    } catch (error) {
      next.close()
      this.#disk.remove(path)
      throw error
    }
    this.#full.push(this.#file)
    this.#file = next
    this.#sizeBytes = 0
    this.#index++
  }

  sync(): void {
    this.#closeFull((file) => file.sync())
    this.#file.sync()
  }

  /** Like `sync`, without holding the caller. */
  async syncLater(): Promise<void> {
    const full = this.#full.splice(0)
    try {
      for (const file of full) await file.syncLater()
    } finally {
      for (const file of full) file.close()
    }
    await this.#file.syncLater()
  }

  close(): void {
    this.#closeFull(() => {})
    try {
      // Or the next process would find what the callers were told is not there.
      if (this.#file.sizeBytes !== this.#sizeBytes) this.#file.truncate(this.#sizeBytes)
    } finally {
      this.#file.close()
    }
  }

  #closeFull(before: (file: DiskFile) => void): void {
    for (const file of this.#full.splice(0)) {
      before(file)
      file.close()
    }
  }
}
