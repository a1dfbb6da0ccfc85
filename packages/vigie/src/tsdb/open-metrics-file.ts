/** Reads OpenMetrics text of any size, plain or gzipped, piece by piece. Every line is one entry. */
import { createReadStream } from 'node:fs'
import { Readable, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { DiskError } from '@vigie/tsdb'
import { ExpositionError, type TextParser, createParser } from '@vigie/scrape'

/** Parsed at once; a piece ends where a line does. */
const PIECE_BYTES = 8 << 20
const READ_BYTES = 1 << 20
const LINE_BYTES_MAX = 64 << 20
const NEWLINE = 0x0a

export type Source = AsyncIterable<Uint8Array>

/**
 * The text of a file, or of `stdin` when the path is `-`; what begins as gzip does is unpacked. `onRead` is
 * told how many bytes there were, packed ones where they are. Throws DiskError as it is read.
 */
export async function* openText(
  path: string,
  stdin: Source | undefined,
  onRead: (bytes: number) => void,
): Source {
  try {
    const raw =
      path === '-' && stdin !== undefined
        ? stdin
        : createReadStream(path, { highWaterMark: READ_BYTES })
    const pieces = counted(raw, onRead)
    const first = await pieces.next()
    if (first.done === true) return
    const all = withFirst(first.value, pieces)
    if (!isGzip(first.value)) yield* all
    else yield* pipeline(Readable.from(all), createGunzip({ chunkSize: READ_BYTES }), () => {})
  } catch (error) {
    throw new DiskError('read', path, error)
  }
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

async function* counted(
  source: Source,
  onRead: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    onRead(bytes.length)
    yield bytes
  }
}

async function* withFirst(first: Uint8Array, rest: AsyncGenerator<Uint8Array>): Source {
  yield first
  yield* rest
}

/**
 * Calls `visit` with each sample: the parser is at it, `line` counts from 1. Throws ExpositionError with the
 * line of the text, and what `source` and `visit` throw.
 */
export async function readOpenMetrics(
  source: Source,
  visit: (parser: TextParser, line: number) => void,
  pieceBytes: number = PIECE_BYTES,
): Promise<void> {
  const pieces = new Pieces(visit, pieceBytes)
  for await (const bytes of source) pieces.add(bytes)
  pieces.finish()
}

class Pieces {
  readonly #visit: (parser: TextParser, line: number) => void
  readonly #parser: TextParser = createParser('openmetrics')
  #bytes: Buffer
  #size = 0
  #line = 0

  constructor(visit: (parser: TextParser, line: number) => void, pieceBytes: number) {
    this.#visit = visit
    this.#bytes = Buffer.allocUnsafeSlow(pieceBytes)
  }

  /** Parses only what more is known to follow: what comes after the end is noticed. */
  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#size === this.#bytes.length) this.#makeRoom()
      const count = Math.min(bytes.length - at, this.#bytes.length - this.#size)
      this.#bytes.set(bytes.subarray(at, at + count), this.#size)
      this.#size += count
      at += count
    }
  }

  finish(): void {
    this.#parse(this.#size, true)
  }

  #makeRoom(): void {
    const end = this.#bytes.subarray(0, this.#size).lastIndexOf(NEWLINE) + 1
    this.#parse(end, false)
    const kept = this.#size - end
    if (kept > LINE_BYTES_MAX)
      throw new ExpositionError(`a line of more than ${LINE_BYTES_MAX} bytes`, this.#line + 1)
    const next = kept * 2 > this.#bytes.length ? Buffer.allocUnsafeSlow(kept * 4) : this.#bytes
    this.#bytes.copy(next, 0, end, this.#size)
    this.#bytes = next
    this.#size = kept
  }

  #parse(end: number, isLast: boolean): void {
    const parser = this.#parser
    const before = this.#line
    try {
      parser.reset(this.#bytes, end, 0, parser.type)
      while (isLast || parser.at < end) {
        const entry = parser.next()
        this.#line++
        if (entry === 'series') this.#visit(parser, this.#line)
        else if (entry === 'end') {
          if (isLast) return
          throw new ExpositionError('unexpected data after # EOF', this.#line - before)
        }
      }
    } catch (error) {
      if (!(error instanceof ExpositionError)) throw error
      throw new ExpositionError(error.message, before + error.line)
    }
  }
}
