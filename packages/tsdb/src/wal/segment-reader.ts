/**
 * Reads the records of one segment, and finds where it stops making sense: a writer that died leaves
 * a torn record at the end, a disk may leave anything anywhere.
 */
import type { ReadFile } from '../disk.ts'
import { RecordError } from './records.ts'
import { crc32c } from './crc32c.ts'
import { SnappyReader } from './snappy.ts'
import { ZstdMissing, decompressZstd, loadZstd } from './zstd.ts'
import {
  FIRST,
  FRAGMENT_HEADER_BYTES,
  LAST,
  MIDDLE,
  PAGE_BYTES,
  SNAPPY,
  TYPE_MASK,
  WHOLE,
  ZSTD,
} from './format.ts'

/** No record may be larger once put together and decompressed: a batch of millions of samples. */
const RECORD_BYTES_MAX = 256 << 20
const WINDOW_BYTES: number = 32 * PAGE_BYTES

/** What is wrong with a segment; all records before `offset` are good. */
export interface Corruption {
  /** Where the first record that cannot be read begins. */
  offset: number
  reason: string
}

/** A segment holds what this version cannot read: nothing is wrong with it, and nothing may be cut off. */
export class UnsupportedError extends Error {
  override name = 'UnsupportedError'
}

/**
 * Calls `visit` with every record, whole and decompressed, in a buffer that is used again, and with where
 * it begins. A RecordError that it throws is a corruption like any other. Returns what stopped it, undefined at the end.
 */
export async function readSegment(
  file: ReadFile,
  visit: (record: Buffer, offset: number) => void,
): Promise<Corruption | undefined> {
  const reader = new SegmentReader(file)
  try {
    for (;;) {
      const record = await nextRecord(reader, file.sizeBytes)
      if (record === undefined) break
      visit(record, reader.recordStart)
    }
  } catch (error) {
    if (!(error instanceof BadSegment || error instanceof RecordError)) throw error
    return { offset: reader.recordStart, reason: error.message }
  }
  if (reader.offset >= file.sizeBytes) return undefined
  return { offset: reader.offset, reason: 'the last record is cut off' }
}

/** Like `next`; loads what it takes to decompress the record. Throws UnsupportedError when that is not to be had. */
async function nextRecord(reader: SegmentReader, end: number): Promise<Buffer | undefined> {
  try {
    return reader.next(end)
  } catch (error) {
    if (!(error instanceof ZstdMissing)) throw error
  }
  try {
    await loadZstd()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UnsupportedError(`record compressed with zstd, which cannot be loaded: ${reason}`, {
      cause: error,
    })
  }
  return reader.next(end)
}

/** Bytes that are no record. */
export class BadSegment extends Error {}

/** Reads one record after the other, also of a segment that grows meanwhile. */
export class SegmentReader {
  /** Behind the last record that was read. */
  offset: number
  /** Where the last record that was read or could not be read begins. */
  recordStart: number
  readonly #file: ReadFile
  readonly #window = Buffer.allocUnsafe(WINDOW_BYTES)
  // What of the file the window holds; it starts at a page.
  #windowStart = 0
  #windowEnd = 0
  #record = Buffer.allocUnsafe(PAGE_BYTES)
  #recordSize = 0
  readonly #snappy = new SnappyReader()

  /** `offset`: where a record begins. */
  constructor(file: ReadFile, offset = 0) {
    this.#file = file
    this.offset = offset
    this.recordStart = offset
  }

  /**
   * The next record that ends at or before `end`, whole and decompressed, in a buffer that is used
   * again; undefined when there is none. Throws BadSegment, ZstdMissing, DiskError.
   */
  next(end: number): Buffer | undefined {
    let { offset } = this
    this.recordStart = offset
    // Type of the last fragment of an incomplete record, 0 between records.
    let open = 0
    while (offset < end) {
      if (open === 0) this.recordStart = offset
      const pageLeft = PAGE_BYTES - (offset % PAGE_BYTES)
      const at = this.#load(offset, end)
      const flags = this.#window[at]
      const type = flags & TYPE_MASK
      if (flags === 0) this.#expectZeros(at, Math.min(pageLeft, end - offset))
      if (flags === 0 || pageLeft < FRAGMENT_HEADER_BYTES) {
        offset += pageLeft
        if (open === 0) this.offset = offset
        continue
      }
      checkOrder(type, open)
      const length = this.#checkFragment(at, pageLeft, end - offset)
      this.#collect(at + FRAGMENT_HEADER_BYTES, length, open === 0)
      offset += FRAGMENT_HEADER_BYTES + length
      open = type
      if (type !== WHOLE && type !== LAST) continue
      const record = this.#decompress(flags)
      this.offset = offset
      return record
    }
    return undefined
  }

  /** Brings the page of `offset` into the window; where `offset` is in it. */
  #load(offset: number, end: number): number {
    if (offset >= this.#windowEnd || offset < this.#windowStart) {
      this.#windowStart = offset - (offset % PAGE_BYTES)
      const size = this.#file.read(this.#window, this.#windowStart)
      // What is behind the end may be written anew.
      this.#windowEnd = Math.min(end, this.#windowStart + size)
      if (this.#windowEnd <= offset) throw new BadSegment('the file became shorter')
    }
    return offset - this.#windowStart
  }

  #expectZeros(at: number, count: number): void {
    for (let i = at; i < at + count; i++)
      if (this.#window[i] !== 0) throw new BadSegment('data in the empty rest of a page')
  }

  /** The length of a fragment whose bytes are all there and as they were written. */
  #checkFragment(at: number, pageLeft: number, fileLeft: number): number {
    if (fileLeft < FRAGMENT_HEADER_BYTES) throw new BadSegment('the last record is cut off')
    const length = this.#window.readUInt16BE(at + 1)
    if (FRAGMENT_HEADER_BYTES + length > pageLeft)
      throw new BadSegment(`a fragment of ${length} bytes crosses its page`)
    if (FRAGMENT_HEADER_BYTES + length > fileLeft)
      throw new BadSegment('the last record is cut off')
    const want = this.#window.readUInt32BE(at + 3)
    const start = at + FRAGMENT_HEADER_BYTES
    const got = crc32c(this.#window, start, start + length)
    if (got !== want)
      throw new BadSegment(`checksum ${got.toString(16)}, want ${want.toString(16)}`)
    return length
  }

  #collect(at: number, length: number, isFirst: boolean): void {
    if (isFirst) this.#recordSize = 0
    const size = this.#recordSize + length
    if (size > RECORD_BYTES_MAX) throw new BadSegment(`a record of more than ${size} bytes`)
    if (size > this.#record.length) {
      const record = Buffer.allocUnsafe(size * 2)
      this.#record.copy(record, 0, 0, this.#recordSize)
      this.#record = record
    }
    this.#window.copy(this.#record, this.#recordSize, at, at + length)
    this.#recordSize = size
  }

  #decompress(flags: number): Buffer {
    const record = this.#record.subarray(0, this.#recordSize)
    if ((flags & ZSTD) !== 0) return unpack(() => decompressZstd(record, RECORD_BYTES_MAX))
    if ((flags & SNAPPY) === 0) return record
    return unpack(() => this.#snappy.decompress(record, RECORD_BYTES_MAX))
  }
}

function unpack(decompress: () => Uint8Array): Buffer {
  try {
    const out = decompress()
    return Buffer.from(out.buffer, out.byteOffset, out.length)
  } catch (error) {
    if (error instanceof ZstdMissing) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new BadSegment(`a record cannot be decompressed: ${reason}`)
  }
}

function checkOrder(type: number, open: number): void {
  const isStart = type === WHOLE || type === FIRST
  const isNext = type === MIDDLE || type === LAST
  if (!isStart && !isNext) throw new BadSegment(`fragment of unknown type ${type}`)
  if (isStart && open !== 0) throw new BadSegment('a record begins inside another')
  if (isNext && open === 0) throw new BadSegment('a record has no beginning')
}
