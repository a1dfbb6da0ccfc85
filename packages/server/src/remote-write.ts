/** `POST /api/v1/write`: remote write 1.0. The valid part of a request is kept, as in Prometheus. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { APPENDED, StorageLimitError } from '@vigie/model'
import { type DecodedWrite, RemoteWriteError, decodeWriteRequest } from '@vigie/model/remote-write'
import type { Vigie } from './vigie.ts'

/** A request that unpacks to more is refused. */
const DECODED_SIZE_BYTES_MAX = 64 * 1024 * 1024
const NOTHING = new Uint8Array(0)

/** Refuses what is not remote write 1.0, before its body is read. */
export async function checkWriteHeaders(
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const type = request.headers['content-type'] ?? 'application/x-protobuf'
  if (!/^application\/x-protobuf(\s*;\s*proto=prometheus\.WriteRequest)?\s*$/i.test(type))
    return refuse(
      reply,
      415,
      `content type ${JSON.stringify(type)} is not served, expected application/x-protobuf (remote write 1.0)`,
    )
  const encoding = request.headers['content-encoding'] ?? 'snappy'
  if (encoding !== 'snappy')
    return refuse(
      reply,
      415,
      `content encoding ${JSON.stringify(encoding)} is not served, expected snappy`,
    )
}

/** What Prometheus answers when nobody may write. */
export const refuseWrite = async (reply: FastifyReply): Promise<void> =>
  refuse(
    reply,
    404,
    'remote write receiver needs to be enabled with --web.enable-remote-write-receiver',
  )

export async function acceptWrite(
  request: FastifyRequest,
  reply: FastifyReply,
  vigie: Vigie,
): Promise<void> {
  try {
    const problem = appendAll(
      decodeWriteRequest((request.body ?? NOTHING) as Uint8Array, DECODED_SIZE_BYTES_MAX),
      vigie,
    )
    if (problem !== undefined) return refuse(reply, 400, problem)
  } catch (error) {
    if (error instanceof RemoteWriteError) return refuse(reply, error.status, error.message)
    if (error instanceof StorageLimitError) return refuse(reply, 429, error.message)
    throw error
  }
  await reply.code(204).send()
}

const refuse = async (reply: FastifyReply, status: number, message: string): Promise<void> => {
  await reply
    .code(status)
    .type('text/plain; charset=utf-8')
    .send(message + '\n')
}

/** Appends what can be; returns the first problem, naming its series. */
function appendAll(batch: DecodedWrite, vigie: Vigie): string | undefined {
  const appender = vigie.storage.appender()
  let problem: string | undefined
  const { invalidSeries } = batch
  if (invalidSeries > 0)
    problem = `${invalidSeries} series without a metric name or with a label twice`
  try {
    const refs = batch.series.map((labels) => appender.series(labels))
    batch.series.forEach((labels, i) => {
      const ref = refs[i]
      for (let j = batch.starts[i]; j < batch.starts[i + 1]; j++) {
        if (batch.h?.[j] !== undefined) continue
        const result = appender.append(ref, batch.t[j], batch.v[j])
        if (result !== APPENDED)
          problem ??= `${APPEND_PROBLEMS[result]} for series ${labels.toString()} at ${batch.t[j]}`
      }
    })
    for (const { series, ...exemplar } of batch.exemplars)
      appender.appendExemplar?.(refs[series], exemplar)
    appender.commit()
  } catch (error) {
    appender.rollback()
    throw error
  }
  return problem
}

/** By AppendResult, with Prometheus's words. */
const APPEND_PROBLEMS = [
  '',
  'unknown series',
  'out of order sample',
  'duplicate sample for timestamp',
  'out of bounds',
]
