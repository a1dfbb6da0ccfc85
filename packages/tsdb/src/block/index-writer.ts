/**
 * The index of a block, Prometheus's version 2:
 *
 *     baaad700 <4b> | 2 <1b>
 *     symbols          all names and values, sorted
 *     series           by labels; each at a multiple of 16, which is its reference times 16
 *     postings         the references of all series, then those of each label pair
 *     postings table   where the postings of which pair are, sorted
 *     contents         where each of these is
 *
 * Every part ends with its CRC-32C. Symbols are known only when the last series is, so series wait in
 * memory, some 100 bytes each. Source: tsdb/docs/format/index.md of Prometheus.
 */
import { type Labels, compareNames } from '@vigie/model'
import type { Disk, DiskFile } from '../disk.ts'
import type { ChunkData } from './block-series.ts'
import { ByteBuffer, ByteReader } from './byte-buffer.ts'

export const INDEX_FILE = 'index'
export const INDEX_MAGIC = 0xbaaad700
export const INDEX_VERSION = 2
export const SERIES_ALIGNMENT = 16
const WRITE_BYTES = 1 << 20
const SPOOL_BYTES = 1 << 20
const VALUES_MAX = 2 ** 26

export class IndexWriter {
  /** Numbers of texts and of label pairs in the order they came. */
  readonly #symbols = new Map<string, number>([['', 0]])
  readonly #pairs = new Map<number, number>()
  readonly #pairNames: number[] = []
  readonly #pairValues: number[] = []
  /** By pair, how many series have it. */
  readonly #counts: number[] = []
  /** By series: count of pairs, pairs, chunks as the index has them. */
  readonly #spools: Buffer[] = []
  #spool = new ByteBuffer()
  #count = 0

  get seriesCount(): number {
    return this.#count
  }

  /** Adds a series behind those before it, with the references of its chunks. */
  add(labels: Labels, chunks: readonly ChunkData[], refs: readonly number[]): void {
    const spool = this.#spool
    const { pairs } = labels
    spool.uvarint(pairs.length / 2)
    for (let i = 0; i < pairs.length; i += 2) {
      const pair = this.#pair(this.#symbol(pairs[i]), this.#symbol(pairs[i + 1]))
      this.#counts[pair]++
      spool.uvarint(pair)
    }
    spool.uvarint(chunks.length)
    let maxT = 0
    let ref = 0
    for (let i = 0; i < chunks.length; i++) {
      const chunk = chunks[i]
      if (i === 0) spool.varint(chunk.minT)
      else spool.uvarint(chunk.minT - maxT)
      spool.uvarint(chunk.maxT - chunk.minT)
      if (i === 0) spool.uvarint(refs[0])
      else spool.varint(refs[i] - ref)
      maxT = chunk.maxT
      ref = refs[i]
    }
    this.#count++
    if (spool.size < SPOOL_BYTES) return
    this.#spools.push(spool.bytes)
    this.#spool = new ByteBuffer()
  }

  #symbol(text: string): number {
    let symbol = this.#symbols.get(text)
    if (symbol === undefined) this.#symbols.set(text, (symbol = this.#symbols.size))
    return symbol
  }

  #pair(name: number, value: number): number {
    const key = name * VALUES_MAX + value
    let pair = this.#pairs.get(key)
    if (pair === undefined) {
      pair = this.#pairs.size
      this.#pairs.set(key, pair)
      this.#pairNames.push(name)
      this.#pairValues.push(value)
      this.#counts.push(0)
    }
    return pair
  }

  /** Writes the file and syncs it. Throws DiskError. */
  write(disk: Disk, path: string): void {
    const file = disk.open(path)
    try {
      const out = new IndexFile(file)
      this.#writeAll(out)
      out.flush()
      file.sync()
    } finally {
      file.close()
    }
  }

  #writeAll(out: IndexFile): void {
    const header = new ByteBuffer()
    header.u32(INDEX_MAGIC)
    header.u8(INDEX_VERSION)
    out.write(header.bytes)
    const symbolsAt = out.position
    const { texts, ranks } = this.#sortedSymbols()
    writeSymbols(out, texts)
    const seriesAt = out.alignedPosition(SERIES_ALIGNMENT)
    const postings = this.#writeSeries(out, ranks)
    const postingsAt = out.alignedPosition(4)
    const table = this.#writePostings(out, ranks, postings)
    // Readers of version 2 do without the indexes of labels; an empty table says that there are none.
    const labelTableAt = out.position
    writeTable(out, [], texts)
    const tableAt = out.position
    writeTable(out, table, texts)
    const contents = new ByteBuffer()
    for (const at of [symbolsAt, seriesAt, postingsAt, labelTableAt, postingsAt, tableAt])
      contents.u64(at)
    contents.crc(0)
    out.write(contents.bytes)
  }

  /** Texts in order, and by number their place in it. */
  #sortedSymbols(): { texts: string[]; ranks: Uint32Array } {
    const texts = [...this.#symbols.keys()].sort(compareNames)
    const ranks = new Uint32Array(texts.length)
    for (const [rank, text] of texts.entries()) ranks[this.#symbols.get(text)!] = rank
    return { texts, ranks }
  }

  /** Writes all series; gives their references by pair, and those of all. */
  #writeSeries(out: IndexFile, ranks: Uint32Array): Postings {
    const starts = new Uint32Array(this.#counts.length + 1)
    for (const [pair, count] of this.#counts.entries()) starts[pair + 1] = starts[pair] + count
    const ends = starts.slice()
    const byPair = new Uint32Array(starts[this.#counts.length])
    const all = new Uint32Array(this.#count)
    const entry = new ByteBuffer()
    const framed = new ByteBuffer()
    let index = 0
    for (const spool of [...this.#spools, this.#spool.bytes]) {
      const reader = new ByteReader(spool)
      while (reader.at < spool.length) {
        framed.clear()
        framed.pad(SERIES_ALIGNMENT, out.position)
        const ref = (out.position + framed.size) / SERIES_ALIGNMENT
        all[index++] = ref
        entry.clear()
        const count = reader.uvarint()
        entry.uvarint(count)
        for (let i = 0; i < count; i++) {
          const pair = reader.uvarint()
          byPair[ends[pair]++] = ref
          entry.uvarint(ranks[this.#pairNames[pair]])
          entry.uvarint(ranks[this.#pairValues[pair]])
        }
        copyChunks(reader, entry)
        framed.uvarint(entry.size)
        framed.raw(entry.bytes)
        entry.crc(0)
        framed.raw(entry.bytes.subarray(entry.size - 4))
        out.write(framed.bytes)
      }
    }
    return { all, byPair, starts }
  }

  #writePostings(out: IndexFile, ranks: Uint32Array, { all, byPair, starts }: Postings): Entry[] {
    const table: Entry[] = [{ name: 0, value: 0, at: writeList(out, all) }]
    const order = this.#pairNames.map((_name, pair) => pair)
    const nameRank = (pair: number): number => ranks[this.#pairNames[pair]]
    const valueRank = (pair: number): number => ranks[this.#pairValues[pair]]
    order.sort((a, b) => nameRank(a) - nameRank(b) || valueRank(a) - valueRank(b))
    for (const pair of order)
      table.push({
        name: nameRank(pair),
        value: valueRank(pair),
        at: writeList(out, byPair.subarray(starts[pair], starts[pair + 1])),
      })
    return table
  }
}

interface Postings {
  all: Uint32Array
  /** One pair behind the other. */
  byPair: Uint32Array
  starts: Uint32Array
}

/** Name and value by their place among the symbols, and where their postings are. */
interface Entry {
  name: number
  value: number
  at: number
}

/** A file that is written from front to back in large pieces. */
class IndexFile {
  readonly #file: DiskFile
  readonly #buffer = new ByteBuffer()
  position = 0

  constructor(file: DiskFile) {
    this.#file = file
  }

  write(bytes: Uint8Array): void {
    this.#buffer.raw(bytes)
    this.position += bytes.length
    if (this.#buffer.size >= WRITE_BYTES) this.flush()
  }

  /** The next position that is a multiple of `alignment`, with zeros up to there. */
  alignedPosition(alignment: number): number {
    const rest = this.position % alignment
    if (rest > 0) this.write(new Uint8Array(alignment - rest))
    return this.position
  }

  flush(): void {
    if (this.#buffer.size > 0) this.#file.append(this.#buffer.bytes)
    this.#buffer.clear()
  }
}

function writeSymbols(out: IndexFile, texts: readonly string[]): void {
  const section = new ByteBuffer()
  section.u32(texts.length)
  for (const text of texts) section.text(text)
  writeSection(out, section)
}

/** Length, content, checksum. */
function writeSection(out: IndexFile, section: ByteBuffer): void {
  const length = new ByteBuffer()
  length.u32(section.size)
  section.crc(0)
  out.write(length.bytes)
  out.write(section.bytes)
}

function copyChunks(from: ByteReader, to: ByteBuffer): void {
  const count = from.uvarint()
  to.uvarint(count)
  const start = from.at
  for (let i = 0; i < count * 3; i++) from.uvarint()
  to.raw(from.bytes.subarray(start, from.at))
}

/** Where the list begins. */
function writeList(out: IndexFile, refs: Uint32Array): number {
  const at = out.alignedPosition(4)
  const section = new ByteBuffer()
  section.u32(refs.length)
  for (const ref of refs) section.u32(ref)
  writeSection(out, section)
  return at
}

function writeTable(out: IndexFile, table: readonly Entry[], texts: readonly string[]): void {
  const section = new ByteBuffer()
  section.u32(table.length)
  for (const { name, value, at } of table) {
    section.uvarint(2)
    section.text(texts[name])
    section.text(texts[value])
    section.uvarint(at)
  }
  writeSection(out, section)
}
