/**
 * A file of JSON lines that is appended to and now and then rewritten. A line is on its way to the disk
 * when `append` returns, so it survives the death of the process; a last line cut off by the death of
 * the machine is dropped when reading. Rewriting goes to a temporary name, is synced and renamed.
 */
import {
  appendFileSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { Logger } from '../logger.ts'

export class JsonLog {
  readonly #path: string
  readonly #log: Logger
  #lineCount = 0

  constructor(path: string, log: Logger) {
    this.#path = path
    this.#log = log
    mkdirSync(dirname(path), { recursive: true })
  }

  /** Every line, oldest first. Lines that are not JSON are left out and logged. */
  read(): unknown[] {
    const values: unknown[] = []
    let skipped = 0
    for (const line of this.#text().split('\n')) {
      if (line === '') continue
      try {
        values.push(JSON.parse(line))
      } catch {
        skipped++
      }
    }
    if (skipped > 0)
      this.#log.warn('unreadable lines skipped', { file: this.#path, count: skipped })
    this.#lineCount = values.length
    return values
  }

  #text(): string {
    try {
      const text = readFileSync(this.#path, 'utf8')
      // Half a line at the end must not grow together with the next one.
      if (text !== '' && !text.endsWith('\n')) appendFileSync(this.#path, '\n')
      return text
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
      throw new Error(`cannot read ${this.#path}: ${(error as Error).message}`, { cause: error })
    }
  }

  /** Failing to write is logged, not thrown: an alert matters more than its record. */
  append(value: unknown): void {
    try {
      appendFileSync(this.#path, JSON.stringify(value) + '\n')
      this.#lineCount++
    } catch (error) {
      this.#log.error('cannot write', { file: this.#path, error: (error as Error).message })
    }
  }

  /** Rewrites the file when it holds far more lines than `values`, which are what still counts. */
  compact(values: () => Iterable<unknown>, liveCount: number): void {
    if (this.#lineCount < 2 * liveCount + 1000) return
    const temporary = `${this.#path}.tmp`
    try {
      const file = openSync(temporary, 'w')
      this.#lineCount = 0
      for (const value of values()) {
        writeSync(file, JSON.stringify(value) + '\n')
        this.#lineCount++
      }
      fsyncSync(file)
      closeSync(file)
      renameSync(temporary, this.#path)
    } catch (error) {
      this.#log.error('cannot rewrite', { file: this.#path, error: (error as Error).message })
    }
  }
}
