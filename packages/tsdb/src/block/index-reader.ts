/**
 * Reads the index of a block, of Prometheus's versions 1 and 2. Symbols and the table of postings are read
 * when they are first needed and kept as bytes; postings and series are read as they are asked for.
 */
import { join } from 'node:path'
import type { Disk, ReadFile } from '../disk.ts'
import { crc32c } from '../wal/crc32c.ts'
import { ByteReader } from './byte-buffer.ts'
import { FileWindow } from './file-window.ts'
import { INDEX_FILE, INDEX_MAGIC, INDEX_VERSION, SERIES_ALIGNMENT } from './index-writer.ts'
import { CorruptBlockError } from './meta.ts'
import { PostingsTable } from './postings-table.ts'

const HEADER_BYTES = 5
const CRC_BYTES = 4
/** Every part that has a length begins with a count. */
const COUNT_BYTES = 4
const CONTENTS_BYTES = 6 * 8 + CRC_BYTES
/** Series entries are mostly smaller than this. */
const SERIES_BYTES_USUAL = 512
/** The length before a series entry. */
const SIZE_BYTES_MAX = 10
/** No series entry is larger. */
const SERIES_BYTES_MAX = 1 << 24

interface Contents {
  symbols: number
  series: number
  seriesEnd: number
  table: number
}

export class IndexReader {
  readonly version: number
  readonly #file: ReadFile
  readonly #path: string
  readonly #contents: Contents
  #symbols: Symbols | undefined
  #table: PostingsTable | undefined
  readonly #series: FileWindow
  readonly #postings: FileWindow

  private constructor(file: ReadFile, path: string) {
    this.#file = file
    this.#path = path
    const { sizeBytes } = file
    if (sizeBytes < HEADER_BYTES + CONTENTS_BYTES)
      throw new CorruptBlockError(path, `${sizeBytes} bytes, want a header and a table of contents`)
    this.#series = new FileWindow(file)
    this.#postings = new FileWindow(file)
    const header = this.#range(0, HEADER_BYTES)
    const magic = header.readUInt32BE(0)
    if (magic !== INDEX_MAGIC)
      throw new CorruptBlockError(path, `invalid magic number ${magic.toString(16)}, want baaad700`)
    this.version = header[4]
    if (this.version !== 1 && this.version !== INDEX_VERSION)
      throw new CorruptBlockError(path, `unknown index file version ${this.version}, want 1 or 2`)
    this.#contents = this.#readContents(sizeBytes)
  }

  /** Throws DiskError and CorruptBlockError. */
  static open(disk: Disk, dir: string): IndexReader {
    const path = join(dir, INDEX_FILE)
    const file = disk.openRead(path)
    try {
      return new IndexReader(file, path)
    } catch (error) {
      file.close()
      throw error
    }
  }

  #readContents(sizeBytes: number): Contents {
    const bytes = this.#range(sizeBytes - CONTENTS_BYTES, sizeBytes)
    const end = CONTENTS_BYTES - CRC_BYTES
    if (crc32c(bytes, 0, end) !== bytes.readUInt32BE(end))
      throw new CorruptBlockError(this.#path, 'table of contents: checksum mismatch')
    const reader = new ByteReader(bytes)
    const [symbols, series, labelIndexes, , postings, table] = Array.from({ length: 6 }, () =>
      reader.u64(),
    )
    const after = [labelIndexes, postings, table].filter((at) => at > series)
    return { symbols, series, seriesEnd: Math.min(...after, sizeBytes), table }
  }

  #range(from: number, to: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(to - from)
    const count = this.#file.read(bytes, from)
    if (count < bytes.length)
      throw new CorruptBlockError(this.#path, `it ends at ${from + count}, want ${to} bytes`)
    return bytes
  }

  /**
   * A part that begins with its length and ends with its checksum, between the two. Through a window it is
   * valid until the next one.
   */
  #section(at: number, what: string, window: FileWindow = new FileWindow(this.#file)): Buffer {
    const { sizeBytes } = this.#file
    const bytesAt = (from: number, to: number): Buffer => {
      if (to <= sizeBytes) window.hold(from, to - from)
      if (to > sizeBytes || window.from + window.bytes.length < to)
        throw new CorruptBlockError(
          this.#path,
          `${what} at ${at}: it is not there, want up to ${to}`,
        )
      return window.bytes.subarray(from - window.from, to - window.from)
    }
    const length = bytesAt(at, at + 4).readUInt32BE(0)
    if (length < COUNT_BYTES)
      throw new CorruptBlockError(this.#path, `${what} at ${at}: ${length} bytes, want a count`)
    const bytes = bytesAt(at + 4, at + 4 + length + CRC_BYTES)
    const got = crc32c(bytes, 0, length)
    const want = bytes.readUInt32BE(length)
    if (got !== want)
      throw new CorruptBlockError(
        this.#path,
        `${what} at ${at}: checksum mismatch expected:${want.toString(16)}, actual:${got.toString(16)}`,
      )
    return bytes.subarray(0, length)
  }

  /** Reads the parts that every query needs. Throws CorruptBlockError when one is not as it was written. */
  check(): void {
    this.#section(this.#contents.symbols, 'symbols')
    this.#section(this.#contents.table, 'postings table')
  }

  /** The text of a symbol, by its number, or in version 1 by its offset. */
  symbol(ref: number): string {
    this.#symbols ??= new Symbols(
      this.#section(this.#contents.symbols, 'symbols'),
      this.version === 1 ? this.#contents.symbols + 4 : undefined,
      this.#path,
    )
    return this.#symbols.text(ref)
  }

  /** Where the postings of each label pair are. */
  get table(): PostingsTable {
    this.#table ??= new PostingsTable(
      this.#section(this.#contents.table, 'postings table'),
      this.#path,
    )
    return this.#table
  }

  /** The series references of the list at an offset of the file, rising. */
  postings(at: number): Uint32Array {
    const section = this.#section(at, 'postings', this.#postings)
    const count = section.readUInt32BE(0)
    if (count * 4 > section.length - 4)
      throw new CorruptBlockError(this.#path, `postings at ${at}: ${count} do not fit`)
    const refs = new Uint32Array(count)
    const reader = new ByteReader(section, 4)
    for (let i = 0; i < count; i++) refs[i] = reader.u32()
    return refs
  }

  /** References of all series, by labels. */
  allPostings(): Uint32Array {
    const at = this.table.find('', '')
    return at === undefined ? new Uint32Array(0) : this.postings(at)
  }

  /** Sets `reader` to the content of a series' entry; where that ends. Fastest when references rise. */
  readSeries(ref: number, reader: ByteReader): number {
    const at = this.version === 1 ? ref : ref * SERIES_ALIGNMENT
    const { series, seriesEnd } = this.#contents
    if (at < series || at >= seriesEnd)
      throw new CorruptBlockError(this.#path, `series ${ref}: there is none at ${at}`)
    const window = this.#series
    window.hold(at, SERIES_BYTES_USUAL)
    reader.bytes = window.bytes
    reader.at = at - window.from
    let size = reader.uvarint()
    if (reader.at + size + CRC_BYTES > window.bytes.length && size <= SERIES_BYTES_MAX) {
      window.hold(at, size + CRC_BYTES + SIZE_BYTES_MAX)
      reader.bytes = window.bytes
      reader.at = at - window.from
      size = reader.uvarint()
    }
    const end = reader.at + size
    if (end + CRC_BYTES > window.bytes.length)
      throw new CorruptBlockError(this.#path, `series at ${at}: its ${size} bytes are not there`)
    const got = crc32c(window.bytes, reader.at, end)
    const want = window.bytes.readUInt32BE(end)
    if (got !== want)
      throw new CorruptBlockError(
        this.#path,
        `series at ${at}: checksum mismatch expected:${want.toString(16)}, actual:${got.toString(16)}`,
      )
    return end
  }

  /** The error for a series whose entry says what its bytes have no room for. */
  badSeries(ref: number): CorruptBlockError {
    return new CorruptBlockError(this.#path, `series ${ref}: its labels and chunks do not fit`)
  }

  close(): void {
    this.#file.close()
  }
}

/** The texts of an index; each becomes a string once. */
class Symbols {
  readonly #bytes: Buffer
  readonly #path: string
  /** By number, where the length of the text stands. */
  readonly #offsets: Uint32Array
  readonly #texts: (string | undefined)[]
  /** By offset in the file, as version 1 refers to them. */
  readonly #byOffset: Map<number, number> | undefined

  /** `fileOffset`: where `bytes` begin in the file, for version 1. */
  constructor(bytes: Buffer, fileOffset: number | undefined, path: string) {
    this.#bytes = bytes
    this.#path = path
    const count = bytes.readUInt32BE(0)
    if (count > bytes.length) throw new CorruptBlockError(path, `symbols: ${count} do not fit`)
    this.#offsets = new Uint32Array(count)
    this.#texts = Array.from({ length: count })
    this.#byOffset = fileOffset === undefined ? undefined : new Map()
    const reader = new ByteReader(bytes, 4)
    for (let i = 0; i < count; i++) {
      this.#offsets[i] = reader.at
      this.#byOffset?.set(reader.at + fileOffset!, i)
      reader.skipText()
    }
    if (reader.at > bytes.length) throw new CorruptBlockError(path, 'symbols: they end too early')
  }

  text(ref: number): string {
    const index = this.#byOffset === undefined ? ref : (this.#byOffset.get(ref) ?? -1)
    const known = this.#texts[index]
    if (known !== undefined) return known
    const at = this.#offsets[index]
    if (at === undefined)
      throw new CorruptBlockError(
        this.#path,
        `symbol ${ref}: there is none, there are ${this.#offsets.length}`,
      )
    const reader = new ByteReader(this.#bytes, at)
    const size = reader.uvarint()
    const text = this.#bytes.toString('utf8', reader.at, reader.at + size)
    this.#texts[index] = text
    return text
  }
}
