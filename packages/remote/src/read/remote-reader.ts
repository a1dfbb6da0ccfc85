/**
 * Reads samples from a server by remote read: chunks where it can stream them, else plain samples.
 * Labels cannot be asked for this way.
 */
import { STATUS_CODES } from 'node:http'
import { type Labels, Matcher, type Queryable, SampleColumns, type SeriesSet } from '@vigie/model'
import type { PostAnswer } from '../write/config.ts'
import {
  type ChunkedSeries,
  type ReadChunk,
  SAMPLES,
  STREAMED_XOR_CHUNKS,
  decodeChunkedSeries,
  decodeReadResponse,
  encodeReadRequest,
} from '../wire/read.ts'

/** Posts a request and gives any answer. Throws when there is none in time, or one too large. */
export type PostRead = (
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
) => Promise<Omit<PostAnswer, 'body'> & { body: Buffer }>

export interface RemoteReadConfig {
  /** As shown in errors: no user, no password. */
  url: string
  /** Only selectors with all of these are asked for. */
  requiredMatchers: ReadonlyMap<string, string>
  /** Also asked for what the own storage has. */
  readRecent: boolean
  /** The server knows this one's series by them: asked for, and taken off the answers. */
  externalLabels: ReadonlyMap<string, string>
  /** Of the answer once decompressed. */
  answerBytesMax: number
  post: PostRead
}

export interface ReaderOptions {
  /** Appends the samples of a chunk. */
  decodeChunk: (chunk: ReadChunk, out: SampleColumns) => void
  crc32c: (bytes: Uint8Array, start: number, end: number) => number
  /** Where the own storage begins, ms; undefined: it is empty. */
  localStart: () => number | undefined
}

/** So much of a refusal goes to the error. */
const WORDS_MAX = 256

export class RemoteReader implements Pick<Queryable, 'select'> {
  readonly #config: RemoteReadConfig
  readonly #options: ReaderOptions

  constructor(config: RemoteReadConfig, options: ReaderOptions) {
    this.#config = config
    this.#options = options
  }

  /** Throws Error with the address of the server. */
  async select(matchers: readonly Matcher[], minT: number, maxT: number): Promise<SeriesSet> {
    const { readRecent, externalLabels } = this.#config
    const localStart = readRecent ? undefined : this.#options.localStart()
    const end = localStart === undefined ? maxT : Math.min(maxT, localStart)
    const isLocal = localStart !== undefined && minT >= localStart
    if (isLocal || !this.#isServed(matchers)) return NO_SERIES
    const asked = [...matchers]
    const added = new Set<string>()
    for (const [name, value] of externalLabels) {
      if (matchers.some((one) => one.name === name)) continue
      asked.push(new Matcher('=', name, value))
      added.add(name)
    }
    const series = await this.#read(asked, minT, end)
    return new ReadSet(series.map((one) => ({ ...one, labels: one.labels.drop(added) })))
  }

  #isServed(matchers: readonly Matcher[]): boolean {
    for (const [name, value] of this.#config.requiredMatchers)
      if (!matchers.some((one) => one.name === name && one.type === '=' && one.value === value))
        return false
    return true
  }

  async #read(matchers: Matcher[], minT: number, maxT: number): Promise<ReadSeries[]> {
    const answer = await this.#ask(matchers, minT, maxT)
    const { url, answerBytesMax } = this.#config
    try {
      const type = String(answer.headers['content-type'])
      return type.startsWith('application/x-streamed-protobuf')
        ? this.#fromFrames(answer.body)
        : fromSamples(answer.body, answerBytesMax)
    } catch (error) {
      throw new Error(`remote_read: cannot read the answer of ${url}: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }

  /** Prometheus's errors. */
  async #ask(matchers: Matcher[], minT: number, maxT: number): ReturnType<PostRead> {
    const { url, post } = this.#config
    const accepted = [STREAMED_XOR_CHUNKS, SAMPLES]
    const answer = await post(
      encodeReadRequest({ queries: [{ minT, maxT, matchers }], accepted }),
      {
        'content-encoding': 'snappy',
        'content-type': 'application/x-protobuf',
        'x-prometheus-remote-read-version': '0.1.0',
      },
    ).catch((error: unknown) => {
      const reason = `Post "${url}": ${messageOf(error)}`
      throw new Error(`remote_read: error sending request: ${reason}`, { cause: error })
    })
    const { status, body } = answer
    if (status >= 200 && status <= 299) return answer
    const words = body.toString('utf8').slice(0, WORDS_MAX).trim()
    const said = `http status ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd()
    throw new Error(`remote_read: remote server ${url} returned ${said}: ${words}`)
  }

  /** Frames of one series come one after the other. */
  #fromFrames(body: Buffer): ReadSeries[] {
    const out: ReadSeries[] = []
    for (const message of this.#messages(body))
      for (const { labels, chunks } of decodeChunkedSeries(message).series) {
        const last = out.at(-1)
        if (last !== undefined && last.labels.equals(labels)) this.#decode(chunks, last.columns)
        else {
          const columns = new SampleColumns()
          this.#decode(chunks, columns)
          out.push({ labels, columns })
        }
      }
    return out
  }

  #decode(chunks: ChunkedSeries['chunks'], out: SampleColumns): void {
    for (const chunk of chunks) this.#options.decodeChunk(chunk, out)
  }

  *#messages(body: Buffer): Generator<Buffer> {
    for (let at = 0; at < body.length;) {
      let size = 0
      let factor = 1
      let byte
      do {
        byte = body[at++]
        size += (byte & 0x7f) * factor
        factor *= 128
      } while (byte >= 0x80 && factor < 2 ** 35)
      const start = at + 4
      if (!(start + size <= body.length))
        throw new Error(`the answer ends in a frame of ${size} bytes`)
      const sum = this.#options.crc32c(body, start, start + size)
      if (sum !== body.readUInt32BE(at))
        throw new Error(
          `checksum ${sum.toString(16)} of a frame, want ${body.readUInt32BE(at).toString(16)}`,
        )
      yield body.subarray(start, start + size)
      at = start + size
    }
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

interface ReadSeries {
  labels: Labels
  columns: SampleColumns
}

function fromSamples(body: Buffer, answerBytesMax: number): ReadSeries[] {
  const out: ReadSeries[] = []
  for (const { series, starts, t, v, h } of decodeReadResponse(body, answerBytesMax))
    series.forEach((labels, i) => {
      const columns = new SampleColumns(Math.max(1, starts[i + 1] - starts[i]))
      for (let j = starts[i]; j < starts[i + 1]; j++) {
        const one = h?.[j]
        if (one === undefined) columns.push(t[j], v[j])
        else columns.pushHistogram(t[j], one)
      }
      out.push({ labels, columns })
    })
  return out
}

class ReadSet implements SeriesSet {
  readonly #series: readonly ReadSeries[]

  constructor(series: readonly ReadSeries[]) {
    this.#series = series
  }

  get count(): number {
    return this.#series.length
  }

  labels(index: number): Labels {
    return this.#series[index].labels
  }

  samples(index: number, minT: number, maxT: number, out: SampleColumns): void {
    out.clear()
    const { columns } = this.#series[index]
    for (let i = 0; i < columns.length; i++) {
      const t = columns.t[i]
      if (t < minT || t > maxT) continue
      const h = columns.h?.[i]
      if (h === undefined) out.push(t, columns.v[i])
      else out.pushHistogram(t, h)
    }
  }
}

const NO_SERIES: SeriesSet = new ReadSet([])
