/**
 * Samples that wait on the disk for their block: a file for each range of time, so that memory grows
 * neither with samples nor with ranges. Little endian, as typed arrays read it:
 *
 *     series <4b> | line <4b> | t <8b> | value <8b>
 */
import { join } from 'node:path'
import { writeFloat64 } from '@vigie/model'
import type { Disk } from '../disk.ts'

const RECORD_BYTES = 24
/** What a range gathers before it is written. */
const BUFFER_BYTES: number = 2048 * RECORD_BYTES
const BUFFER_BYTES_MIN: number = 64 * RECORD_BYTES
/** What all ranges gather together before all are written. */
const BUFFERED_BYTES_MAX = 64 << 20
const READ_BYTES: number = (1 << 15) * RECORD_BYTES

interface Range {
  readonly path: string
  buffer: Buffer
  size: number
  samples: number
  minT: number
  maxT: number
}

/** The samples of a range; `line` is where each was found. */
export interface SpooledRange {
  readonly samples: number
  /** ms, inclusive. */
  readonly minT: number
  readonly maxT: number
  forEach(visit: (series: number, t: number, v: number, line: number) => void): void
}

export class SampleSpool {
  readonly #disk: Disk
  readonly #dir: string
  readonly #rangeMs: number
  readonly #ranges = new Map<number, Range>()
  #bufferedBytes = 0

  /** Files go to `dir`, which must be there. */
  constructor(disk: Disk, dir: string, rangeMs: number) {
    this.#disk = disk
    this.#dir = dir
    this.#rangeMs = rangeMs
  }

  get rangeCount(): number {
    return this.#ranges.size
  }

  /** Throws DiskError. */
  add(series: number, t: number, v: number, line: number): void {
    const index = Math.floor(t / this.#rangeMs)
    const range = this.#ranges.get(index) ?? this.#addRange(index)
    if (range.size === range.buffer.length) this.#makeRoom(range)
    const { buffer, size } = range
    buffer.writeUInt32LE(series, size)
    buffer.writeUInt32LE(line, size + 4)
    buffer.writeDoubleLE(t, size + 8)
    // A stale marker must keep its bits.
    if (v === v) buffer.writeDoubleLE(v, size + 16)
    else writeFloat64(new DataView(buffer.buffer, buffer.byteOffset), size + 16, v, true)
    range.size += RECORD_BYTES
    range.samples++
    if (t < range.minT) range.minT = t
    if (t > range.maxT) range.maxT = t
  }

  #addRange(index: number): Range {
    const path = join(this.#dir, `samples-${index}`)
    const empty = { buffer: Buffer.alloc(0), size: 0, samples: 0 }
    const range: Range = { path, ...empty, minT: Infinity, maxT: -Infinity }
    this.#ranges.set(index, range)
    return range
  }

  #makeRoom(range: Range): void {
    if (range.buffer.length >= BUFFER_BYTES) {
      this.#write(range)
      return
    }
    const size = Math.max(BUFFER_BYTES_MIN, Math.min(range.buffer.length * 4, BUFFER_BYTES))
    if (this.#bufferedBytes + size > BUFFERED_BYTES_MAX) this.#writeAll()
    const larger = Buffer.allocUnsafeSlow(size)
    range.buffer.copy(larger, 0, 0, range.size)
    this.#bufferedBytes += size - range.buffer.length
    range.buffer = larger
  }

  #write(range: Range): void {
    if (range.size === 0) return
    const file = this.#disk.open(range.path)
    try {
      file.append(range.buffer.subarray(0, range.size))
    } finally {
      file.close()
    }
    range.size = 0
  }

  #writeAll(): void {
    for (const range of this.#ranges.values()) {
      this.#write(range)
      range.buffer = Buffer.alloc(0)
    }
    this.#bufferedBytes = 0
  }

  /** All ranges that have samples, by time; the file of each goes when the next one is taken. */
  *ranges(): Iterable<SpooledRange> {
    this.#writeAll()
    const byTime = [...this.#ranges].sort(([a], [b]) => a - b)
    for (const [, { path, samples, minT, maxT }] of byTime) {
      yield { samples, minT, maxT, forEach: (visit) => this.#read(path, visit) }
      this.#disk.remove(path)
    }
  }

  #read(path: string, visit: (series: number, t: number, v: number, line: number) => void): void {
    const file = this.#disk.openRead(path)
    try {
      const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
      const view = new DataView(buffer.buffer)
      for (let position = 0; position < file.sizeBytes;) {
        const size = file.read(buffer, position)
        for (let at = 0; at < size; at += RECORD_BYTES)
          visit(
            view.getUint32(at, true),
            view.getFloat64(at + 8, true),
            view.getFloat64(at + 16, true),
            view.getUint32(at + 4, true),
          )
        position += size
      }
    } finally {
      file.close()
    }
  }
}
