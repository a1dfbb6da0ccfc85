/**
 * Full chunks as they lie in slabs of 1 MB, in memory or in a file, and the reading of them. Nothing
 * here writes: another thread that is given the places can read as well. A chunk:
 *
 *     previous <4b> | span <4b> | size * 4 + encoding <4b> | first <8b> | chunk <size>
 *
 * (little endian) `previous` links to the chunk of the same series before it, `span` is its last
 * minus its first timestamp in ms, `first` its first timestamp, left out of XOR chunks, which begin
 * with it. What follows is a chunk as Prometheus has it in its files, its count of samples first.
 *
 *     link (uint32) = slab << 17 | offset / 8           0 is no chunk
 *
 * Slab numbers are used in a circle. A link to a dropped slab means the same as 0: what it led to is
 * gone, and all that was before it too. No chunk crosses a page of 16 KB, but those that are larger,
 * which begin with one: what is in a file is read page by page, and the last pages are kept. There
 * every page is followed by its CRC-32 (4 bytes, little endian), the last one of a slab filled with zeros.
 */
import { crc32 } from 'node:zlib'
import { XOR } from '../chunk/encoding.ts'
import { firstTimestamp } from '../chunk/xor.ts'

export const SLAB_BYTES: number = 1 << 20
export const PAGE_BYTES: number = 16 * 1024
/** A decoder reads four bytes at a time and may look this far beyond a chunk. */
export const SLACK_BYTES = 8
const CRC_BYTES = 4
/** From page to page in a file. */
const FILE_PAGE_BYTES = PAGE_BYTES + CRC_BYTES
const OFFSET_BITS = 17
const OFFSET_MASK = (1 << OFFSET_BITS) - 1
export const SLABS_MAX: number = 1 << (32 - OFFSET_BITS)
/** Bytes before an XOR chunk, and before another one. */
export const XOR_HEADER_BYTES = 12
export const HISTOGRAM_HEADER_BYTES = 20

/** A file that can be read at any place, by whatever means the thread has. */
export interface SlabFile {
  readonly path: string
  read(into: Uint8Array, position: number): number
}

/** Where a slab is: in `memory`, or else in `file` from `position` on. Never changes. */
export interface SlabPlace {
  readonly memory: Uint8Array | undefined
  readonly view: DataView | undefined
  readonly file: SlabFile | undefined
  readonly position: number
  /** Different for every slab that ever went to a file. */
  readonly fileNumber: number
}

/** Places by slab number. A snapshot keeps one of these, and with it what it needs alive. */
export type SlabPlaces = readonly (SlabPlace | undefined)[]

export const linkOf = (slab: number, offset: number): number =>
  ((slab << OFFSET_BITS) | (offset / 8)) >>> 0

export const placeOf = (places: SlabPlaces, link: number): SlabPlace | undefined =>
  link === 0 ? undefined : places[link >>> OFFSET_BITS]

/** A chunk that somebody looks at: its bytes, count first, are those from `start` to `end`. */
export interface ChunkBytes {
  readonly encoding: number
  readonly bytes: Uint8Array
  /** Of the same bytes. */
  readonly view: DataView
  readonly start: number
  readonly end: number
}

/** A file does not have what was written to it. */
export class CorruptChunkError extends Error {
  constructor(path: string, offset: number, reason: string) {
    super(`corrupted chunk: ${path}: page at ${offset}: ${reason}`)
    this.name = 'CorruptChunkError'
  }
}

/** A slab as it goes to a file. */
export function filePages(slab: Uint8Array): Uint8Array {
  const pages = Math.ceil(slab.length / PAGE_BYTES)
  const out = Buffer.alloc(pages * FILE_PAGE_BYTES)
  for (let i = 0; i < pages; i++) {
    const start = i * FILE_PAGE_BYTES
    out.set(slab.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES), start)
    out.writeUInt32LE(crc32(out.subarray(start, start + PAGE_BYTES)), start + PAGE_BYTES)
  }
  return out
}

interface Page {
  readonly bytes: Uint8Array
  readonly view: DataView
}

/** Pages of files that are kept in memory. */
const CACHED_PAGES_MAX = 512
const PAGES_PER_SLAB = SLAB_BYTES / PAGE_BYTES

/** Shows one chunk after the other: what `seek` found stays until the next one. */
export class ChunkReader implements ChunkBytes {
  encoding: number = XOR
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(this.bytes.buffer)
  start = 0
  end = 0
  /** Link to the chunk before it. */
  previous = 0
  minT = 0
  maxT = 0
  // Oldest use first.
  readonly #pages = new Map<number, Page>()

  /** Bytes of the pages that are kept. */
  get sizeBytes(): number {
    return this.#pages.size * PAGE_BYTES
  }

  /** Samples of the chunk. */
  get count(): number {
    return this.view.getUint16(this.start)
  }

  /** Goes to a chunk; false when it has been dropped. Throws what the reading of a file throws. */
  seek(places: SlabPlaces, link: number): boolean {
    const place = placeOf(places, link)
    if (place === undefined) return false
    const offset = (link & OFFSET_MASK) * 8
    let at = offset
    if (place.view !== undefined) {
      this.view = place.view
      this.bytes = place.memory!
    } else {
      at = offset % PAGE_BYTES
      const page = this.#page(place, (offset - at) / PAGE_BYTES)
      this.view = page.view
      this.bytes = page.bytes
    }
    const size = this.view.getUint32(at + 8, true) >>> 2
    if (place.view === undefined && at + HISTOGRAM_HEADER_BYTES + size > PAGE_BYTES) {
      // Only a chunk that is larger than a page crosses it: that one begins with the page.
      if (at === 0) this.#readLarge(place, offset, HISTOGRAM_HEADER_BYTES + size)
    }
    this.#readHeader(at)
    return true
  }

  #readHeader(at: number): void {
    const { view } = this
    const sizeAndEncoding = view.getUint32(at + 8, true)
    this.previous = view.getUint32(at, true)
    this.encoding = sizeAndEncoding & 3
    if (this.encoding === XOR) {
      this.start = at + XOR_HEADER_BYTES
      this.minT = firstTimestamp(view, this.start + 2)
    } else {
      this.start = at + HISTOGRAM_HEADER_BYTES
      this.minT = view.getFloat64(at + XOR_HEADER_BYTES, true)
    }
    this.end = this.start + (sizeAndEncoding >>> 2)
    this.maxT = this.minT + view.getUint32(at + 4, true)
  }

  #page(place: SlabPlace, index: number): Page {
    const key = place.fileNumber * PAGES_PER_SLAB + index
    let page = this.#pages.get(key)
    if (page === undefined) {
      page = this.#sparePage()
      readPage(place, index, page)
    } else this.#pages.delete(key)
    this.#pages.set(key, page)
    return page
  }

  /** The page that was used least recently, or a new one. */
  #sparePage(): Page {
    if (this.#pages.size < CACHED_PAGES_MAX) return pageOf(PAGE_BYTES)
    const [[key, page]] = this.#pages
    this.#pages.delete(key)
    return page
  }

  #readLarge(place: SlabPlace, offset: number, size: number): void {
    const large = pageOf(size)
    for (let done = 0; done < size; done += PAGE_BYTES) {
      const { bytes } = this.#page(place, (offset + done) / PAGE_BYTES)
      large.bytes.set(bytes.subarray(0, Math.min(PAGE_BYTES, size - done)), done)
    }
    this.bytes = large.bytes
    this.view = large.view
  }
}

function pageOf(sizeBytes: number): Page {
  const bytes = new Uint8Array(sizeBytes + SLACK_BYTES)
  return { bytes, view: new DataView(bytes.buffer) }
}

/** The checksum goes where the slack is. Throws CorruptChunkError, and what the reading throws. */
function readPage({ file, position }: SlabPlace, index: number, { bytes, view }: Page): void {
  const offset = position + index * FILE_PAGE_BYTES
  const count = file!.read(bytes.subarray(0, FILE_PAGE_BYTES), offset)
  if (count < FILE_PAGE_BYTES)
    throw new CorruptChunkError(file!.path, offset, `${count} bytes, want ${FILE_PAGE_BYTES}`)
  const want = view.getUint32(PAGE_BYTES, true)
  const got = crc32(bytes.subarray(0, PAGE_BYTES))
  if (got !== want) {
    const reason = `checksum mismatch expected:${want.toString(16)}, actual:${got.toString(16)}`
    throw new CorruptChunkError(file!.path, offset, reason)
  }
}
