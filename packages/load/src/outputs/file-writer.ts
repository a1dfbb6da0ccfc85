/**
 * Text into a file, packed when its name ends in .gz, or onto standard output. A disk that fails is told
 * once, and what comes after is lost; the run goes on.
 */
import { createWriteStream, openSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { LoadIo } from '../api.ts'
import { EXIT, LoadError } from '../errors.ts'

/** Characters that are gathered before they are written. */
const CHUNK = 64 << 10
/** Bytes that may wait for a slow disk; what comes then is lost. */
const MAX_WAITING_BYTES = 256 << 20

export class FileWriter {
  readonly #path: string
  readonly #stream: Writable | null
  readonly #stdout: (text: string) => void
  readonly #fail: (message: string) => void
  readonly #closed: Promise<void>
  #chunk = ''
  #hasFailed = false

  /** `path` '' or '-' is standard output. Throws LoadError when the file cannot be made. */
  constructor(path: string, io: Pick<LoadIo, 'cwd' | 'stdout'>, fail: (message: string) => void) {
    this.#path = path
    this.#stdout = (text) => io.stdout(text)
    this.#fail = fail
    if (path === '' || path === '-') {
      this.#stream = null
      this.#closed = Promise.resolve()
      return
    }
    const file = createWriteStream('', { fd: create(resolve(io.cwd, path)) })
    this.#closed = new Promise((done) => file.on('close', done))
    file.on('error', (error) => this.#lose(error.message))
    this.#stream = path.endsWith('.gz') ? createGzip() : file
    if (this.#stream !== file) this.#stream.pipe(file)
  }

  write(text: string): void {
    this.#chunk += text
    if (this.#chunk.length >= CHUNK) this.flush()
  }

  flush(): void {
    const chunk = this.#chunk
    this.#chunk = ''
    if (chunk === '' || this.#hasFailed) return
    if (this.#stream === null) this.#stdout(chunk)
    else if (this.#stream.writableLength > MAX_WAITING_BYTES) this.#lose('the disk is too slow')
    else this.#stream.write(chunk)
  }

  #lose(problem: string): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.#fail(`cannot write results to ${this.#path}: ${problem}`)
  }

  /** Resolves when everything is on disk, or lost. */
  async close(): Promise<void> {
    this.flush()
    this.#stream?.end()
    await this.#closed
  }
}

function create(path: string): number {
  try {
    return openSync(path, 'w')
  } catch (error) {
    throw new LoadError(EXIT.other, `cannot write results: ${(error as Error).message}`)
  }
}
