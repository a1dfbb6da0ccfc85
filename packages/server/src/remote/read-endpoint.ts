/**
 * `POST /api/v1/read`: remote read. Answered with samples, or as a stream of chunks, one series after the
 * other, whichever the client names first.
 */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import {
  type Labels,
  type Matcher,
  RegexError,
  SampleColumns,
  type SeriesSet,
  compareLabels,
} from '@vigie/model'
import { RemoteWriteError } from '@vigie/model/remote-write'
import {
  type ReadChunk,
  type ReadQuery,
  ReadResponseWriter,
  SAMPLES,
  STREAMED_XOR_CHUNKS,
  decodeReadRequest,
  encodeChunkedSeries,
} from '@vigie/remote'
import { crc32c, encodeSamples } from '@vigie/tsdb'
import type { Vigie } from '../vigie.ts'

/** A request that unpacks to more is refused. */
const REQUEST_BYTES_MAX = 16 * 1024 * 1024
/** Of one answer that is not a stream: it is put together in memory. */
const SAMPLES_MAX = 10_000_000
/** A frame is ended once it is this large. */
const FRAME_BYTES_MAX = 1024 * 1024
const NAMES = ['SAMPLES', 'STREAMED_XOR_CHUNKS']
const NOTHING = new Uint8Array(0)

export async function acceptRead(
  request: FastifyRequest,
  reply: FastifyReply,
  vigie: Vigie,
): Promise<void> {
  try {
    const body = (request.body ?? NOTHING) as Uint8Array
    const { queries, accepted } = decodeReadRequest(body, REQUEST_BYTES_MAX)
    const type = (accepted.length === 0 ? [SAMPLES] : accepted).find(
      (one) => one === SAMPLES || one === STREAMED_XOR_CHUNKS,
    )
    if (type === undefined)
      return refuse(
        reply,
        `server does not support any of the requested response types: [${accepted.join(' ')}]; supported: map[${NAMES.map((name) => `${name}:{}`).join(' ')}]`,
      )
    const results: Result[] = []
    for (const query of queries) results.push(await select(vigie, query))
    if (type === SAMPLES) await answerSamples(reply, results)
    else await answerChunks(reply, results)
  } catch (error) {
    const isTheirs = error instanceof RemoteWriteError || error instanceof RegexError
    if (!isTheirs) throw error
    return refuse(reply, error.message)
  }
}

const refuse = async (reply: FastifyReply, message: string): Promise<void> => {
  await reply.code(400).type('text/plain; charset=utf-8').send(`${message}\n`)
}

/** The series of one query, sorted as they are answered. */
interface Result {
  query: ReadQuery
  set: SeriesSet
  series: { index: number; labels: Labels }[]
}

/** Who reads from several servers knows them by their external labels. */
async function select({ queryable, config }: Vigie, query: ReadQuery): Promise<Result> {
  const { externalLabels } = config
  const isOwn = ({ type, name, value }: Matcher): boolean =>
    type === '=' && value !== '' && externalLabels.get(name) === value
  const matchers = query.matchers.filter((one) => !isOwn(one))
  const set = await queryable.select(matchers, query.minT, query.maxT)
  const series: Result['series'] = []
  for (let index = 0; index < set.count; index++) {
    let labels = set.labels(index)
    for (const [name, value] of externalLabels)
      if (!labels.has(name)) labels = labels.with(name, value)
    series.push({ index, labels })
  }
  series.sort((a, b) => compareLabels(a.labels, b.labels))
  return { query, set, series }
}

async function answerSamples(reply: FastifyReply, results: readonly Result[]): Promise<void> {
  const writer = new ReadResponseWriter()
  const columns = new SampleColumns()
  let count = 0
  for (const { query, set, series } of results) {
    writer.startQuery()
    for (const { index, labels } of series) {
      set.samples(index, query.minT, query.maxT, columns)
      const { t, v, h, length } = columns
      if (length === 0) continue
      count += length
      if (count > SAMPLES_MAX) return refuse(reply, `exceeded sample limit (${SAMPLES_MAX})`)
      writer.series({ labels, t: t.subarray(0, length), v: v.subarray(0, length), h })
    }
    writer.endQuery()
  }
  await reply
    .header('content-type', 'application/x-protobuf')
    .header('content-encoding', 'snappy')
    .send(Buffer.from(writer.finish()))
}

async function answerChunks(reply: FastifyReply, results: readonly Result[]): Promise<void> {
  await reply
    .header('content-type', 'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse')
    .send(Readable.from(frames(results), { objectMode: false }))
}

function* frames(results: readonly Result[]): Generator<Buffer> {
  const columns = new SampleColumns()
  for (const [queryIndex, { query, set, series }] of results.entries())
    for (const { index, labels } of series) {
      set.samples(index, query.minT, query.maxT, columns)
      for (const chunks of portions(encodeSamples(columns)))
        yield frame(encodeChunkedSeries(queryIndex, labels, chunks))
    }
}

/** Chunks of one series in parts of about FRAME_BYTES_MAX. */
function* portions(chunks: readonly ReadChunk[]): Generator<ReadChunk[]> {
  let part: ReadChunk[] = []
  let size = 0
  for (const chunk of chunks) {
    part.push(chunk)
    size += chunk.data.length
    if (size < FRAME_BYTES_MAX) continue
    yield part
    part = []
    size = 0
  }
  if (part.length > 0) yield part
}

/** `length <uvarint> | CRC-32C of the message <4b> | message`. */
function frame(message: Uint8Array): Buffer {
  const head: number[] = []
  let rest = message.length
  for (; rest >= 0x80; rest >>>= 7) head.push((rest & 0x7f) | 0x80)
  head.push(rest)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32c(message, 0, message.length))
  return Buffer.concat([Buffer.from(head), sum, message])
}
