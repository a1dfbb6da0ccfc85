/**
 * Where each endpoint has come to in the log, kept in a file of its own: `<folder>/<name>.json`. All
 * before it has been delivered, so that a restart goes on from there, whatever ended the process.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LogPosition } from './log-source.ts'

export class PositionFile {
  readonly #dir: string
  readonly #path: string

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
    mkdirSync(this.#dir, { recursive: true })
    const temporary = `${this.#path}.tmp`
    // Not synced: a failure of the machine may set it back, and some samples are sent twice.
    writeFileSync(temporary, JSON.stringify({ segment, offset }) + '\n')
    renameSync(temporary, this.#path)
  }
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
