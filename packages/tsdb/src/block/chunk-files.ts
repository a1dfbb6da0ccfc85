/**
 * Chunks of a block, in files of up to 512 MB:
 *
 *     85bd40dd <4b> | version 1 <1b> | 0 <3b> | chunk …
 *     chunk:  size <uvarint> | encoding <1b> | data <size> | CRC-32C of encoding and data <4b>
 *
 * A chunk's reference is the number of its file, from 0, times 2^32, and its offset in it.
 * Source: tsdb/docs/format/chunks.md of Prometheus.
 */
import { join } from 'node:path'
import type { SampleColumns } from '@vigie/model'
import { ChunkError } from '../chunk/bits.ts'
import { decodeChunk } from '../chunk/decode.ts'
import { DECODE_SLACK_BYTES } from '../chunk/xor.ts'
import type { Disk, DiskFile, ReadFile } from '../disk.ts'
import { crc32c } from '../wal/crc32c.ts'
import type { ChunkData } from './block-series.ts'
import { ByteBuffer, ByteReader } from './byte-buffer.ts'
import { CorruptBlockError } from './meta.ts'

export const CHUNKS_FOLDER = 'chunks'
const MAGIC = 0x85bd40dd
const VERSION = 1
const HEADER_BYTES = 8
const FILE_BYTES_MAX = 512 * 1024 * 1024
const TWO_32 = 2 ** 32
const WRITE_BYTES = 1 << 20
/** The largest size that is believed. */
const CHUNK_BYTES_MAX = 1 << 24
/** Size, encoding and checksum. */
const FRAME_BYTES_MAX = 5 + 1 + 4
const CRC_BYTES = 4
/** No two chunks with a sample begin within as many bytes. */
const CHECKED_BYTES = 16

const fileName = (index: number): string => String(index + 1).padStart(6, '0')

export class ChunkFilesWriter {
  readonly #disk: Disk
  readonly #dir: string
  readonly #fileBytesMax: number
  readonly #buffer = new ByteBuffer()
  #file: DiskFile | undefined
  #index = -1
  /** Bytes of the file that are written or in the buffer. */
  #size = 0

  /** `dir` is the block's. */
  constructor(disk: Disk, dir: string, fileBytesMax: number = FILE_BYTES_MAX) {
    this.#disk = disk
    this.#dir = join(dir, CHUNKS_FOLDER)
    this.#fileBytesMax = fileBytesMax
    disk.makeDir(this.#dir)
  }

  /** The chunk's reference. Throws DiskError. */
  add(chunk: ChunkData): number {
    const { data, encoding } = chunk
    if (this.#file === undefined || this.#size + data.length + FRAME_BYTES_MAX > this.#fileBytesMax)
      this.#begin()
    const buffer = this.#buffer
    const ref = this.#index * TWO_32 + this.#size
    const before = buffer.size
    buffer.uvarint(data.length)
    const start = buffer.size
    buffer.u8(encoding)
    buffer.raw(data)
    buffer.crc(start)
    this.#size += buffer.size - before
    if (buffer.size >= WRITE_BYTES) this.#flush()
    return ref
  }

  #begin(): void {
    this.#end()
    this.#index++
    this.#file = this.#disk.open(join(this.#dir, fileName(this.#index)))
    this.#buffer.u32(MAGIC)
    this.#buffer.u8(VERSION)
    this.#buffer.raw(new Uint8Array(3))
    this.#size = HEADER_BYTES
  }

  #flush(): void {
    if (this.#buffer.size > 0) this.#file?.append(this.#buffer.bytes)
    this.#buffer.clear()
  }

  #end(): void {
    this.#flush()
    this.#file?.sync()
    this.#file?.close()
    this.#file = undefined
  }

  /** Writes and syncs what is left. Throws DiskError. */
  finish(): void {
    this.#end()
    this.#disk.syncDir(this.#dir)
  }

  /** Closes without a word, after an error. */
  abandon(): void {
    this.#file?.close()
    this.#file = undefined
  }
}

/** The chunk files of a block that is open for reading. */
export class ChunkFiles {
  readonly files: readonly ReadFile[]
  readonly paths: readonly string[]
  /** By file, a bit for each CHECKED_BYTES: whether the chunk that begins in them was found whole. */
  readonly #checked: (Uint8Array | undefined)[] = []

  constructor(files: readonly ReadFile[], paths: readonly string[]) {
    this.files = files
    this.paths = paths
  }

  /** Throws DiskError and CorruptBlockError. */
  static open(disk: Disk, dir: string): ChunkFiles {
    const folder = join(dir, CHUNKS_FOLDER)
    const names = disk
      .list(folder)
      .filter((name) => /^\d{6,}$/.test(name))
      .sort()
    const files: ReadFile[] = []
    try {
      for (const [i, name] of names.entries()) {
        const path = join(folder, name)
        if (name !== fileName(i))
          throw new CorruptBlockError(path, `got file ${name}, want ${fileName(i)}`)
        const file = disk.openRead(path)
        files.push(file)
        checkHeader(file, path)
      }
    } catch (error) {
      for (const file of files) file.close()
      throw error
    }
    return new ChunkFiles(
      files,
      names.map((name) => join(folder, name)),
    )
  }

  /** Whether a chunk must still be checked. Files never change, so it is once. */
  isUnchecked(file: number, offset: number): boolean {
    const bits = (this.#checked[file] ??= new Uint8Array(
      Math.ceil(this.files[file].sizeBytes / CHECKED_BYTES / 8),
    ))
    const place = Math.floor(offset / CHECKED_BYTES)
    return (bits[place >>> 3] & (1 << (place & 7))) === 0
  }

  setChecked(file: number, offset: number): void {
    const place = Math.floor(offset / CHECKED_BYTES)
    this.#checked[file]![place >>> 3] |= 1 << (place & 7)
  }

  close(): void {
    for (const file of this.files) file.close()
  }
}

function checkHeader(file: ReadFile, path: string): void {
  const header = Buffer.alloc(HEADER_BYTES)
  if (file.read(header, 0) < HEADER_BYTES)
    throw new CorruptBlockError(path, `${file.sizeBytes} bytes, want a header of ${HEADER_BYTES}`)
  const magic = header.readUInt32BE(0)
  if (magic !== MAGIC)
    throw new CorruptBlockError(path, `invalid magic number ${magic.toString(16)}, want 85bd40dd`)
  if (header[4] !== VERSION)
    throw new CorruptBlockError(path, `invalid chunk format version ${header[4]}, want ${VERSION}`)
}

const WINDOW_BYTES = 256 * 1024
/** Chunks read one by one, far from each other, get this much at a time. */
const WINDOW_BYTES_MIN = 8 * 1024

/**
 * Reads chunks through a window over one file at a time, which is large as long as they follow each
 * other. After `read` the chunk is `bytes[start, end)`, with a few readable bytes behind.
 */
export class ChunkReader {
  readonly #files: ChunkFiles
  #window: Buffer = Buffer.allocUnsafeSlow(WINDOW_BYTES_MIN + DECODE_SLACK_BYTES)
  #file = -1
  #from = 0
  #to = 0
  readonly #numbers = new ByteReader(this.#window)
  bytes: Buffer = this.#window
  view: DataView = viewOf(this.#window)
  start = 0
  end = 0
  encoding = 0
  #ref = 0

  constructor(files: ChunkFiles) {
    this.#files = files
  }

  /** Throws DiskError, and CorruptBlockError with the place when the chunk is not what it should be. */
  read(ref: number): void {
    const file = Math.floor(ref / TWO_32)
    const offset = ref - file * TWO_32
    this.#ref = ref
    this.#hold(file, offset, FRAME_BYTES_MAX, ref)
    const numbers = this.#numbers
    numbers.at = offset - this.#from
    const size = numbers.uvarint()
    if (!(size <= CHUNK_BYTES_MAX))
      throw this.#corrupt(ref, `a chunk of ${size} bytes, want at most ${CHUNK_BYTES_MAX}`)
    const before = numbers.at - (offset - this.#from)
    const total = before + 1 + size + CRC_BYTES
    this.#hold(file, offset, total, ref)
    const at = offset - this.#from + before
    const end = at + 1 + size
    if (end + CRC_BYTES > this.#to - this.#from)
      throw this.#corrupt(ref, `the file ends within the chunk of ${size} bytes`)
    if (this.#files.isUnchecked(file, offset)) {
      const want = this.#window.readUInt32BE(end)
      const got = crc32c(this.#window, at, end)
      if (got !== want)
        throw this.#corrupt(
          ref,
          `checksum mismatch expected:${want.toString(16)}, actual:${got.toString(16)}`,
        )
      this.#files.setChecked(file, offset)
    }
    this.encoding = this.#window[at]
    this.start = at + 1
    this.end = end
  }

  /** Appends the samples with minT <= t <= maxT of the chunk that was read last. Throws CorruptBlockError. */
  decode(minT: number, maxT: number, out: SampleColumns): void {
    try {
      decodeChunk(this.view, this.start, this.end, this.encoding, minT, maxT, out)
    } catch (error) {
      if (!(error instanceof ChunkError)) throw error
      throw this.#corrupt(this.#ref, error.message)
    }
  }

  /** Makes [offset, offset + size) of a file lie in the window, as far as the file goes. */
  #hold(index: number, offset: number, size: number, ref: number): void {
    const isSameFile = index === this.#file
    if (isSameFile && offset >= this.#from && offset + size <= this.#to) return
    const file = this.#files.files[index]
    if (file === undefined) throw this.#corrupt(ref, `there is no chunk file ${fileName(index)}`)
    const isNear = isSameFile && offset >= this.#from && offset <= this.#to + WINDOW_BYTES_MIN
    const wanted = Math.max(size, isNear ? WINDOW_BYTES : WINDOW_BYTES_MIN)
    if (wanted + DECODE_SLACK_BYTES > this.#window.length) {
      this.#window = Buffer.allocUnsafeSlow(wanted + DECODE_SLACK_BYTES)
      this.#numbers.bytes = this.#window
      this.bytes = this.#window
      this.view = viewOf(this.#window)
    }
    this.#file = index
    this.#from = offset
    this.#to = offset + file.read(this.#window.subarray(0, wanted), offset)
  }

  #corrupt(ref: number, reason: string): CorruptBlockError {
    const index = Math.floor(ref / TWO_32)
    const path = this.#files.paths[index] ?? CHUNKS_FOLDER
    return new CorruptBlockError(path, `chunk at ${ref - index * TWO_32}: ${reason}`)
  }
}

const viewOf = (bytes: Buffer): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
