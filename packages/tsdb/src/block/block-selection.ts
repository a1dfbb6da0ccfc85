/**
 * Series of a block that a selector matched. What the index says of them is read at once, into
 * columns; chunks are read as samples are asked for, fastest in the order of the series.
 */
import { Labels, type SampleColumns, type SeriesSet } from '@vigie/model'
import { ByteReader } from './byte-buffer.ts'
import { type ChunkFiles, ChunkReader } from './chunk-files.ts'
import type { IndexReader } from './index-reader.ts'
import { type Intervals, type Tombstones, covers } from './tombstones.ts'

/** What an entry takes at least for a label, two numbers, and for a chunk, three. */
const LABEL_BYTES_MIN = 2
const CHUNK_BYTES_MIN = 3

/** Of several series, one behind the other: symbols of their labels, and their chunks. */
export class SeriesEntries {
  count = 0
  refs: Uint32Array
  /** By series, where its labels begin; one more than series. */
  labelStarts: Uint32Array
  /** Name, value, name, … */
  symbols: Uint32Array = new Uint32Array(1024)
  chunkStarts: Uint32Array
  chunkMinT: Float64Array = new Float64Array(256)
  chunkMaxT: Float64Array = new Float64Array(256)
  chunkRefs: Float64Array = new Float64Array(256)
  readonly #reader = new ByteReader(new Uint8Array(0))

  constructor(capacity: number) {
    this.refs = new Uint32Array(capacity)
    this.labelStarts = new Uint32Array(capacity + 1)
    this.chunkStarts = new Uint32Array(capacity + 1)
  }

  /**
   * Adds a series with those of its chunks that overlap [minT, maxT]; false, and nothing added, when
   * there is none.
   */
  add(index: IndexReader, ref: number, minT: number, maxT: number): boolean {
    const reader = this.#reader
    const limit = index.readSeries(ref, reader)
    const i = this.count
    const labels = reader.uvarint()
    if (labels * LABEL_BYTES_MIN > limit - reader.at) throw index.badSeries(ref)
    const from = this.labelStarts[i]
    if (from + labels * 2 > this.symbols.length)
      this.symbols = grown(this.symbols, from + labels * 2)
    for (let k = 0; k < labels * 2; k++) this.symbols[from + k] = reader.uvarint()
    const first = this.chunkStarts[i]
    let to = first
    const chunks = reader.uvarint()
    if (chunks * CHUNK_BYTES_MIN > limit - reader.at) throw index.badSeries(ref)
    if (first + chunks > this.chunkRefs.length) this.#growChunks(first + chunks)
    let end = 0
    let chunkRef = 0
    for (let k = 0; k < chunks; k++) {
      const start = k === 0 ? reader.varint() : end + reader.uvarint()
      end = start + reader.uvarint()
      chunkRef = k === 0 ? reader.uvarint() : chunkRef + reader.varint()
      if (end < minT || start > maxT) continue
      this.chunkMinT[to] = start
      this.chunkMaxT[to] = end
      this.chunkRefs[to++] = chunkRef
    }
    if (reader.at > limit) throw index.badSeries(ref)
    if (to === first) return false
    this.refs[i] = ref
    this.labelStarts[i + 1] = from + labels * 2
    this.chunkStarts[i + 1] = to
    this.count++
    return true
  }

  #growChunks(count: number): void {
    this.chunkMinT = grown(this.chunkMinT, count)
    this.chunkMaxT = grown(this.chunkMaxT, count)
    this.chunkRefs = grown(this.chunkRefs, count)
  }

  labels(index: IndexReader, i: number): Labels {
    const pairs: string[] = []
    for (let k = this.labelStarts[i]; k < this.labelStarts[i + 1]; k++)
      pairs.push(index.symbol(this.symbols[k]))
    return Labels.fromSorted(pairs)
  }

  /** Takes all series out. */
  clear(): void {
    this.count = 0
  }
}

function grown<T extends Uint32Array | Float64Array>(array: T, count: number): T {
  const size = Math.max(count, array.length * 2)
  const larger = array instanceof Uint32Array ? new Uint32Array(size) : new Float64Array(size)
  larger.set(array)
  return larger as T
}

export class BlockSelection implements SeriesSet {
  readonly #index: IndexReader
  readonly #entries: SeriesEntries
  readonly #chunks: ChunkReader
  readonly #tombstones: Tombstones

  constructor(
    index: IndexReader,
    files: ChunkFiles,
    tombstones: Tombstones,
    refs: Uint32Array,
    minT: number,
    maxT: number,
  ) {
    this.#index = index
    this.#chunks = new ChunkReader(files)
    this.#tombstones = tombstones
    this.#entries = new SeriesEntries(refs.length)
    for (const ref of refs) {
      const deleted = tombstones.size === 0 ? undefined : tombstones.get(ref)
      if (deleted === undefined || isLeft(index, ref, deleted, minT, maxT))
        this.#entries.add(index, ref, minT, maxT)
    }
  }

  get count(): number {
    return this.#entries.count
  }

  labels(index: number): Labels {
    return this.#entries.labels(this.#index, index)
  }

  samples(index: number, minT: number, maxT: number, out: SampleColumns): void {
    out.clear()
    const { chunkStarts, chunkMinT, chunkMaxT, chunkRefs, refs } = this.#entries
    const deleted = this.#tombstones.size === 0 ? undefined : this.#tombstones.get(refs[index])
    for (let k = chunkStarts[index]; k < chunkStarts[index + 1]; k++) {
      if (chunkMaxT[k] < minT || chunkMinT[k] > maxT) continue
      if (deleted !== undefined && covers(deleted, chunkMinT[k], chunkMaxT[k])) continue
      this.#chunks.read(chunkRefs[k])
      this.#chunks.decode(minT, maxT, out)
    }
    if (deleted !== undefined) dropDeleted(out, deleted)
  }
}

/** Whether a chunk of the series is in the time and not deleted as a whole: only then it is listed, as in Prometheus. */
function isLeft(
  index: IndexReader,
  ref: number,
  deleted: Intervals,
  minT: number,
  maxT: number,
): boolean {
  const one = new SeriesEntries(1)
  if (!one.add(index, ref, minT, maxT)) return false
  for (let k = one.chunkStarts[0]; k < one.chunkStarts[1]; k++) {
    const [from, to] = [one.chunkMinT[k], one.chunkMaxT[k]]
    if (from <= maxT && to >= minT && !covers(deleted, from, to)) return true
  }
  return false
}

/** Takes the samples out that lie within intervals. */
export function dropDeleted(out: SampleColumns, deleted: Intervals): void {
  const { t, v, h, length } = out
  let kept = 0
  let k = 0
  for (let i = 0; i < length; i++) {
    while (k < deleted.length && deleted[k + 1] < t[i]) k += 2
    if (k < deleted.length && deleted[k] <= t[i]) continue
    t[kept] = t[i]
    v[kept] = v[i]
    if (h !== undefined) h[kept] = h[i]
    kept++
  }
  out.length = kept
}
