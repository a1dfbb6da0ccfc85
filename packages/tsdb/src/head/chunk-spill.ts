/**
 * Full slabs in files, so that memory does not grow with samples. The files are scratch: no later
 * process reads them, as the log has the same samples; what one left is removed at the start.
 */
import { join } from 'node:path'
import type { Disk, DiskFile } from '../disk.ts'
import type { SlabFile } from './chunk-slabs.ts'

/** Slabs of one file: a file goes when all of them are too old. */
const SLABS_PER_FILE = 64

interface File {
  readonly path: string
  readonly file: DiskFile
  slabs: number
  /** Slabs still in use. */
  live: number
  sizeBytes: number
  /** When its last slab was dropped, ms; Infinity while it has some. */
  deadMs: number
}

/** Where a slab was put. */
export interface Spilled {
  readonly file: SlabFile
  readonly position: number
  readonly sizeBytes: number
}

export class ChunkSpill {
  readonly #disk: Disk
  readonly #dir: string
  #files: File[] = []
  #nextFile = 0

  /** Files go to `dir`, which is emptied. Throws DiskError. */
  constructor(disk: Disk, dir: string) {
    this.#disk = disk
    this.#dir = dir
    disk.remove(dir)
    disk.makeDir(dir)
  }

  /** Bytes of all files. */
  get sizeBytes(): number {
    return this.#files.reduce((sum, one) => sum + one.sizeBytes, 0)
  }

  /** Writes a slab. Throws DiskError; then it is as if nothing happened. */
  add(slab: Uint8Array): Spilled {
    const last = this.#files.at(-1)
    const one = last === undefined || last.slabs >= SLABS_PER_FILE ? this.#addFile() : last
    // What a write left that failed stays there as a gap.
    const position = one.file.sizeBytes
    one.file.append(slab)
    one.sizeBytes = one.file.sizeBytes
    one.slabs++
    one.live++
    one.deadMs = Infinity
    return { file: one.file, position, sizeBytes: slab.length }
  }

  #addFile(): File {
    const path = join(this.#dir, String(this.#nextFile++).padStart(6, '0'))
    const one: File = {
      path,
      file: this.#disk.open(path),
      slabs: 0,
      live: 0,
      sizeBytes: 0,
      deadMs: Infinity,
    }
    this.#files.push(one)
    return one
  }

  /** A slab is wanted no more, but by snapshots. */
  drop({ file }: Spilled, nowMs: number): void {
    const one = this.#files.find((each) => each.file === file)!
    if (--one.live === 0) one.deadMs = nowMs
  }

  /** Removes full files that were dropped before a time, ms. Throws DiskError. */
  removeDead(beforeMs: number): void {
    const dead = this.#files.filter((one, i) => {
      const isFull = one.slabs >= SLABS_PER_FILE || i < this.#files.length - 1
      return isFull && one.deadMs < beforeMs
    })
    this.#files = this.#files.filter((one) => !dead.includes(one))
    for (const { file, path } of dead) {
      file.close()
      this.#disk.remove(path)
    }
  }

  /** Closes and removes all files. Throws DiskError. */
  close(): void {
    for (const { file } of this.#files) file.close()
    this.#files = []
    this.#disk.remove(this.#dir)
  }
}
