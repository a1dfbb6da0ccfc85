/**
 * A part of a file, in memory that is used again: what is asked for in the order of the file comes from
 * large reads, what lies scattered from small ones.
 */
import type { ReadFile } from '../disk.ts'

const BYTES_MIN = 4 * 1024
const BYTES_MAX = 256 * 1024
/** Larger ones are not kept. */
const KEPT_BYTES_MAX = 1 << 20

export class FileWindow {
  readonly #file: ReadFile
  /** Valid until the next `hold`. */
  bytes: Buffer = Buffer.alloc(0)
  /** Where in the file `bytes` begin. */
  from = 0
  #buffer: Buffer = Buffer.alloc(0)

  constructor(file: ReadFile) {
    this.#file = file
  }

  /** Makes [at, at + size) lie in the window, as far as the file goes. Throws DiskError. */
  hold(at: number, size: number): void {
    const end = Math.min(at + size, this.#file.sizeBytes)
    const to = this.from + this.bytes.length
    if (at >= this.from && end <= to) return
    const isNear = at >= this.from && at <= to + BYTES_MIN
    const wanted = Math.min(
      Math.max(end - at, isNear ? BYTES_MAX : BYTES_MIN),
      this.#file.sizeBytes - at,
    )
    if (wanted > this.#buffer.length || this.#buffer.length > KEPT_BYTES_MAX)
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(wanted, 0))
    this.bytes = this.#buffer.subarray(0, this.#file.read(this.#buffer.subarray(0, wanted), at))
    this.from = at
  }
}
