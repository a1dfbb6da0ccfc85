/**
 * Where each endpoint has come to in the log, kept in a file of its own: `<folder>/<name>.json`. All
 * before it has been delivered, so that a restart goes on from there, whatever ended the process.
 *
 * It is written behind every batch: after a kill, what had arrived and is not noted is sent again, and
 * receivers of 1.0 refuse it sample by sample. So the text, always of one length, is written over itself.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { LogPosition } from './log-source.ts'

/** Room for two numbers of 16 digits, in one sector of any disk: half of it is never written. */
const TEXT_BYTES = 80

export class PositionFile {
  readonly #dir: string
  readonly #path: string
  #file: number | undefined

  constructor(dir: string, name: string) {
    this.#dir = dir
    const safe = /^[\w-]{1,64}$/.test(name)
      ? name
      : createHash('sha256').update(name).digest('hex').slice(0, 16)
    this.#path = join(dir, `${safe}.json`)
  }

  /** Undefined when there is none yet, or none that can be read. */
  read(): LogPosition | undefined {
    try {
      const { segment, offset } = JSON.parse(readFileSync(this.#path, 'utf8'))
      return isCount(segment) && isCount(offset) ? { segment, offset } : undefined
    } catch {
      // Missing at the first start. One that is broken is the same: it is written anew.
      return undefined
    }
  }

  /** Throws when it cannot be written; then the old one stays. */
  write({ segment, offset }: LogPosition): void {
    const text = JSON.stringify({ segment, offset }).padEnd(TEXT_BYTES - 1) + '\n'
    // Not synced: a failure of the machine may set it back, and some samples are sent twice.
    if (this.#file !== undefined) writeSync(this.#file, text, 0)
    else this.#file = this.#create(text)
  }

  #create(text: string): number {
    mkdirSync(this.#dir, { recursive: true })
    const temporary = `${this.#path}.tmp`
    const file = openSync(temporary, 'w')
    try {
      writeSync(file, text, 0)
      fsyncSync(file)
      renameSync(temporary, this.#path)
      return file
    } catch (error) {
      closeSync(file)
      throw error
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
