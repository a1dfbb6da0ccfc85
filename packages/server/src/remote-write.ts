/** `POST /api/v1/write`: remote write 1.0. The valid part of a request is kept, as in Prometheus. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { APPENDED, Labels, METRIC_NAME, StorageLimitError } from '@vigie/model'
import { decodeWriteRequest } from '@vigie/model/remote-write'
import type { Vigie } from './vigie.ts'

/** A request that unpacks to more is refused. */
const DECODED_SIZE_BYTES_MAX = 64 * 1024 * 1024

export async function acceptWrite(
  request: FastifyRequest,
  reply: FastifyReply,
  vigie: Vigie,
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
  let decoded: ReturnType<typeof decodeWriteRequest>
  try {
    decoded = decodeWriteRequest(request.body as Uint8Array, DECODED_SIZE_BYTES_MAX)
  } catch (error) {
    return refuse(reply, 400, `cannot read the write request: ${(error as Error).message}`)
  }
  try {
    const problem = appendAll(decoded, vigie)
    if (problem !== undefined) return refuse(reply, 400, problem)
  } catch (error) {
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
function appendAll(
  decoded: ReturnType<typeof decodeWriteRequest>,
  vigie: Vigie,
): string | undefined {
  const appender = vigie.storage.appender()
  let problem: string | undefined
  for (const { labels: pairs, t, v } of decoded.series) {
    const labels = Labels.fromPairs(pairs)
    if (!labels.has(METRIC_NAME)) {
      problem ??= `series ${labels.toString()} has no metric name`
      continue
    }
    const ref = appender.series(labels)
    for (let i = 0; i < t.length; i++) {
      const result = appender.append(ref, t[i], v[i])
      if (result !== APPENDED)
        problem ??= `${APPEND_PROBLEMS[result]} for series ${labels.toString()} at ${t[i]}`
    }
  }
  appender.commit()
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
