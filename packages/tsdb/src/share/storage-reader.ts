/**
 * Reads in one thread what the storage of another has: labels and full chunks from the memory they
 * share, spilled chunks and blocks from files. Nothing here waits for the other thread.
 */
import { Labels, type SampleColumns, type SeriesSet } from '@vigie/model'
import { dropDeleted } from '../block/block-selection.ts'
import { Block } from '../block/block.ts'
import { mergeSets } from '../blocks/merged-set.ts'
import type { Disk, ReadFile } from '../disk.ts'
import { type Slab, byteOf, makeSlab, slabNumberOf, wordOf } from '../head/arena.ts'
import { ChunkReader, type SlabPlace, type SlabPlaces } from '../head/chunk-slabs.ts'
import { ClosedChunks } from '../head/closed-chunks.ts'
import { mergeChunksInto } from '../head/out-of-order.ts'
import { decodeChunk, markStale } from '../head/selection.ts'
import { SYMBOL_HEADER_BYTES } from '../head/symbols.ts'
import type { SharedHead, SharedMemory, SharedPlace, SharedSelection } from './shared-selection.ts'
import type { SharedSelect } from './storage-share.ts'

/** Strings and label sets that are kept for later queries. */
const CACHED_TEXTS_MAX = 65_536
const CACHED_LABELS_MAX = 65_536
/** Blocks that stay open though no query has asked for them for a while. */
const BLOCKS_MAX = 64

interface OpenBlock {
  block: Block
  version: number
}

export class StorageReader {
  readonly #disk: Disk
  readonly #snapshotMs: number
  readonly #labels = new SharedLabels()
  readonly #closed = new ClosedChunks(new ChunkReader())
  readonly #files = new Map<string, ReadFile>()
  #places: SlabPlaces = []
  readonly #retired: { block: Block; sinceMs: number }[] = []
  // Least recently used first.
  readonly #blocks = new Map<string, OpenBlock>()

  /** `snapshotMs`: how long a query may read what it has selected. */
  constructor(disk: Disk, snapshotMs: number) {
    this.#disk = disk
    this.#snapshotMs = snapshotMs
  }

  /** Takes over what was given with an answer, in the order of the answers. */
  take(memory: SharedMemory): void {
    this.#labels.take(memory)
    if (memory.places !== undefined) this.#takePlaces(memory.places)
  }

  #takePlaces(places: readonly (SharedPlace | undefined)[]): void {
    const paths = new Set(places.map((place) => place?.path))
    for (const [path, file] of this.#files) {
      if (paths.has(path)) continue
      // Queries under way may still read it; without a name it is gone when they are.
      this.#files.delete(path)
      file.close()
    }
    this.#places = places.map((place) => (place === undefined ? undefined : this.#place(place)))
  }

  #place({ memory, path, position, fileNumber }: SharedPlace): SlabPlace {
    if (memory !== undefined)
      return {
        memory: new Uint8Array(memory),
        view: new DataView(memory),
        file: undefined,
        position,
        fileNumber,
      }
    const read = (into: Uint8Array, at: number): number => this.#file(path).read(into, at)
    return { memory: undefined, view: undefined, file: { path, read }, position, fileNumber }
  }

  #file(path: string): ReadFile {
    let file = this.#files.get(path)
    if (file === undefined) this.#files.set(path, (file = this.#disk.openRead(path)))
    return file
  }

  /** Throws DiskError when a block has gone meanwhile: then the storage is to be asked again. */
  series({ head, blocks }: SharedSelection, { matchers, minT, maxT }: SharedSelect): SeriesSet {
    const sets = blocks.map(({ dir, version }) =>
      this.#block(dir, version).select(matchers, minT, maxT),
    )
    return mergeSets([...sets, new SharedHeadSet(head, this.#places, this.#labels, this.#closed)])
  }

  #block(dir: string, version: number): Block {
    const known = this.#blocks.get(dir)
    const isGood = known !== undefined && known.version === version
    const block = isGood ? known.block : Block.open(this.#disk, dir)
    if (known !== undefined && !isGood) this.#retire(known.block)
    // Set anew, it is the last.
    this.#blocks.delete(dir)
    this.#blocks.set(dir, { block, version })
    if (this.#blocks.size > BLOCKS_MAX) {
      const [[oldest, one]] = this.#blocks
      this.#blocks.delete(oldest)
      this.#retire(one.block)
    }
    this.#closeRetired()
    return block
  }

  #retire(block: Block): void {
    this.#retired.push({ block, sinceMs: performance.now() })
  }

  #closeRetired(): void {
    const nowMs = performance.now()
    while (this.#retired.length > 0 && nowMs - this.#retired[0].sinceMs > this.#snapshotMs)
      this.#retired.shift()!.block.close()
  }
}

/** Labels in the memory of the storage, as far as it was given. */
class SharedLabels {
  readonly #slabs: Slab[] = []
  readonly #texts = new Map<number, string>()
  readonly #labels = new Map<number, Labels>()
  #generation = 0

  take({ arena, generation }: SharedMemory): void {
    for (const buffer of arena) this.#slabs.push(makeSlab(buffer))
    if (generation === this.#generation) return
    this.#generation = generation
    this.#texts.clear()
    this.#labels.clear()
  }

  #slab(handle: number): Slab {
    return this.#slabs[slabNumberOf(handle)]
  }

  get(handle: number): Labels {
    const known = this.#labels.get(handle)
    if (known !== undefined) return known
    const { words } = this.#slab(handle)
    const at = wordOf(handle)
    const pairs: string[] = []
    for (let i = 1; i <= 2 * words[at]; i++) pairs.push(this.#text(words[at + i]))
    const labels = Labels.fromSorted(pairs)
    if (this.#labels.size >= CACHED_LABELS_MAX) this.#labels.clear()
    this.#labels.set(handle, labels)
    return labels
  }

  #text(symbol: number): string {
    const known = this.#texts.get(symbol)
    if (known !== undefined) return known
    const { bytes, words } = this.#slab(symbol)
    const start = byteOf(symbol) + SYMBOL_HEADER_BYTES
    const size = words[wordOf(symbol) + 2]
    const text = bytes.toString('utf8', start, start + size)
    if (this.#texts.size >= CACHED_TEXTS_MAX) this.#texts.clear()
    this.#texts.set(symbol, text)
    return text
  }
}

class SharedHeadSet implements SeriesSet {
  readonly #head: SharedHead
  readonly #places: SlabPlaces
  readonly #labels: SharedLabels
  readonly #closed: ClosedChunks
  readonly #view: DataView

  constructor(head: SharedHead, places: SlabPlaces, labels: SharedLabels, closed: ClosedChunks) {
    this.#head = head
    this.#places = places
    this.#labels = labels
    this.#closed = closed
    const { open } = head
    this.#view = new DataView(open.buffer, open.byteOffset, open.length)
  }

  get count(): number {
    return this.#head.count
  }

  labels(index: number): Labels {
    return this.#labels.get(this.#head.labels[index])
  }

  samples(index: number, minT: number, maxT: number, out: SampleColumns): void {
    out.clear()
    const { closed, openCounts, openStarts, openEncodings, open, minValidT } = this.#head
    const from = Math.max(minT, minValidT)
    this.#closed.visit(this.#places, closed[index], from, maxT, (chunk) =>
      decodeChunk(chunk, chunk.count, from, maxT, out),
    )
    if (openCounts[index] > 0) {
      const chunk = {
        encoding: openEncodings[index],
        bytes: open,
        view: this.#view,
        start: openStarts[index],
        end: openStarts[index + 1],
      }
      decodeChunk(chunk, openCounts[index], from, maxT, out)
    }
    const late = this.#head.late?.get(index)
    if (late !== undefined) mergeChunksInto(out, late, minT, maxT)
    if (out.h !== undefined) markStale(out)
    const deleted = this.#head.deleted.get(index)
    if (deleted !== undefined) dropDeleted(out, deleted)
  }
}
