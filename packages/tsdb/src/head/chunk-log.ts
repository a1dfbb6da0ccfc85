/**
 * Full chunks, in the order in which they were closed, see chunk-slabs.ts for how they lie. Nothing in
 * a slab changes once written; the oldest one is dropped as a whole when its samples are too old.
 * Slabs beyond a budget of memory go to files, oldest first. When the disk takes none, they stay in
 * memory and are tried again.
 */
import { XOR } from '../chunk/encoding.ts'
import { DiskError } from '../disk.ts'
import type { ChunkSpill, Spilled } from './chunk-spill.ts'
import {
  HISTOGRAM_HEADER_BYTES,
  PAGE_BYTES,
  SLABS_MAX,
  SLAB_BYTES,
  SLACK_BYTES,
  type SlabPlace,
  type SlabPlaces,
  XOR_HEADER_BYTES,
  filePages,
  linkOf,
} from './chunk-slabs.ts'

/** Offset 0 of slab 0 would be link 0. */
const FIRST_OFFSET = 8

interface Slab {
  readonly number: number
  /** Undefined once it is in a file. */
  memory: Uint8Array | undefined
  view: DataView | undefined
  spilled: Spilled | undefined
  usedBytes: number
  chunks: number
  samples: number
  maxT: number
  /** When it was filled, ms; Infinity while it is not. */
  sealedMs: number
}

export interface ChunkLogOptions {
  /** Where slabs go that memory has no room for; undefined: they stay in memory. */
  spill: ChunkSpill | undefined
  /** Full slabs in memory. */
  sealedBytesMax: number
  /** Slabs that snapshots may still read are kept for so long, ms. */
  snapshotMsMax: number
  now: () => number
}

export class ChunkLog {
  #places: SlabPlaces = []
  // Oldest first; those in files come before those in memory.
  readonly #order: Slab[] = []
  readonly #options: ChunkLogOptions
  #spilledSlabs = 0
  #nextFileNumber = 0
  /** Slabs that could not be written to a file. */
  spillFailures = 0

  constructor(options: ChunkLogOptions) {
    this.#options = options
  }

  /** Copied when it changes: who holds it sees the same slabs for ever. */
  get places(): SlabPlaces {
    return this.#places
  }

  /** Bytes in memory. */
  get sizeBytes(): number {
    return (this.#order.length - this.#spilledSlabs) * SLAB_BYTES
  }

  /** Bytes in files. */
  get spilledBytes(): number {
    return this.#options.spill?.sizeBytes ?? 0
  }

  get chunks(): number {
    return this.#order.reduce((sum, slab) => sum + slab.chunks, 0)
  }

  get samples(): number {
    return this.#order.reduce((sum, slab) => sum + slab.samples, 0)
  }

  /**
   * Appends a chunk, the first `size` bytes of `data`, less than a slab. `previous` is the
   * link of the chunk of its series before it. Returns its link.
   */
  add(
    previous: number,
    encoding: number,
    minT: number,
    maxT: number,
    data: Uint8Array,
    size: number,
  ): number {
    const header = encoding === XOR ? XOR_HEADER_BYTES : HISTOGRAM_HEADER_BYTES
    const slab = this.#slabFor(header + size)
    const at = slab.usedBytes
    const view = slab.view!
    view.setUint32(at, previous, true)
    view.setUint32(at + 4, maxT - minT, true)
    view.setUint32(at + 8, size * 4 + encoding, true)
    if (encoding !== XOR) view.setFloat64(at + XOR_HEADER_BYTES, minT, true)
    const bytes = slab.memory!
    for (let i = 0; i < size; i++) bytes[at + header + i] = data[i]
    slab.usedBytes = (at + header + size + 7) & ~7
    slab.chunks++
    slab.samples += (data[0] << 8) | data[1]
    if (maxT > slab.maxT) slab.maxT = maxT
    return linkOf(slab.number, at)
  }

  /** The slab to write to, with its end where a chunk of `size` bytes may begin. */
  #slabFor(size: number): Slab {
    if (size + SLACK_BYTES > SLAB_BYTES - PAGE_BYTES)
      throw new RangeError(`BUG: chunk of ${size} bytes, want less than a slab`)
    const slab = this.#order.at(-1)
    if (slab === undefined || slab.view === undefined) return this.#addSlab(slab)
    const inPage = slab.usedBytes % PAGE_BYTES
    if (inPage > 0 && inPage + size > PAGE_BYTES) slab.usedBytes += PAGE_BYTES - inPage
    return slab.usedBytes + size + SLACK_BYTES <= SLAB_BYTES ? slab : this.#addSlab(slab)
  }

  #addSlab(full: Slab | undefined): Slab {
    if (full !== undefined) {
      full.sealedMs = this.#options.now()
      this.spill()
    }
    const number = full === undefined ? 0 : (full.number + 1) % SLABS_MAX
    if (this.#places[number] !== undefined)
      throw new RangeError(`BUG: ${SLABS_MAX} chunk slabs in use`)
    const buffer = new SharedArrayBuffer(SLAB_BYTES)
    const slab: Slab = {
      number,
      memory: new Uint8Array(buffer),
      view: new DataView(buffer),
      spilled: undefined,
      usedBytes: FIRST_OFFSET,
      chunks: 0,
      samples: 0,
      maxT: -Infinity,
      sealedMs: Infinity,
    }
    this.#order.push(slab)
    const { memory, view } = slab
    this.#publish(number, { memory, view, file: undefined, position: 0, fileNumber: 0 })
    return slab
  }

  /** Moves full slabs to files while more are in memory than may be; a failure is counted, no more. */
  spill(): void {
    const { spill, sealedBytesMax } = this.#options
    if (spill === undefined) return
    const sealed = (): number => {
      const isOpen = this.#order.at(-1)?.sealedMs === Infinity
      return this.#order.length - this.#spilledSlabs - (isOpen ? 1 : 0)
    }
    while (sealed() * SLAB_BYTES > sealedBytesMax) {
      const slab = this.#order[this.#spilledSlabs]
      try {
        this.#moveToFile(slab, spill.add(filePages(slab.memory!.subarray(0, slab.usedBytes))))
      } catch (error) {
        if (!(error instanceof DiskError)) throw error
        this.spillFailures++
        return
      }
    }
  }

  #moveToFile(slab: Slab, spilled: Spilled): void {
    const { file, position } = spilled
    const fileNumber = this.#nextFileNumber++
    this.#publish(slab.number, { memory: undefined, view: undefined, file, position, fileNumber })
    slab.spilled = spilled
    slab.memory = undefined
    slab.view = undefined
    this.#spilledSlabs++
  }

  /**
   * Drops the oldest slabs as long as all their samples are older than `minT`. A slab with samples
   * from the future counts as old as it is itself. Returns the number of chunks dropped.
   */
  dropBefore(minT: number): number {
    const { spill, now, snapshotMsMax } = this.#options
    let dropped = 0
    while (this.#order.length > 1) {
      const oldest = this.#order[0]
      if (Math.min(oldest.maxT, oldest.sealedMs) >= minT) break
      this.#order.shift()
      this.#publish(oldest.number, undefined)
      if (oldest.spilled !== undefined) {
        this.#spilledSlabs--
        spill?.drop(oldest.spilled, now())
      }
      dropped += oldest.chunks
    }
    spill?.removeDead(now() - snapshotMsMax)
    return dropped
  }

  #publish(number: number, place: SlabPlace | undefined): void {
    const places = [...this.#places]
    places[number] = place
    this.#places = places
  }

  /** Gives the files back. Throws DiskError. */
  close(): void {
    this.#options.spill?.close()
  }
}
