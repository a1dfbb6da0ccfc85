/** `POST /api/v1/write`: remote write 1.0 and 2.0. The valid part of a request is kept, as in Prometheus. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { APPENDED, type Labels, StorageLimitError, histogramProblem } from '@vigie/model'
import { type DecodedWrite, RemoteWriteError, decodeWriteRequest } from '@vigie/model/remote-write'
import { PROTOCOL_V1, PROTOCOL_V2, decodeWriteRequestV2 } from '@vigie/remote'
import type { Vigie } from './vigie.ts'

/** A request that unpacks to more is refused. */
export const DECODED_SIZE_BYTES_MAX: number = 64 * 1024 * 1024
/** What is newer than the clock by more than this is refused, ms: as in Prometheus. */
const AHEAD_MS_MAX = 600_000
/** Problems that one answer names. */
const PROBLEMS_MAX = 1000
const NOTHING = new Uint8Array(0)

/** The message that a request says it is, or what is wrong with its content type. */
function messageOf(request: FastifyRequest): { message: string } | { problem: string } {
  const type = request.headers['content-type'] ?? MEDIA_TYPE
  const [media, ...parameters] = type.split(';')
  if (media !== MEDIA_TYPE)
    return {
      problem: `expected ${MEDIA_TYPE} as the first (media) part, got ${type} content-type`,
    }
  for (const parameter of parameters) {
    const [name, value, ...more] = parameter.trim().split('=')
    if (value === undefined || more.length > 0)
      return {
        problem: `as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be key-values, got ${parameter} in ${type} content-type`,
      }
    if (name !== 'proto') continue
    if (value === PROTOCOL_V1 || value === PROTOCOL_V2) return { message: value }
    return {
      problem: `got ${type} content type; unknown remote write protobuf message ${value}, supported: ${PROTOCOL_V1}, ${PROTOCOL_V2}`,
    }
  }
  return { message: PROTOCOL_V1 }
}

const MEDIA_TYPE = 'application/x-protobuf'

/** Refuses what is not remote write, before its body is read. */
export async function checkWriteHeaders(
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const message = messageOf(request)
  if ('problem' in message) return refuse(reply, 415, message.problem)
  const encoding = request.headers['content-encoding'] ?? ''
  if (encoding !== '' && encoding !== 'snappy')
    return refuse(
      reply,
      415,
      `${encoding} encoding (compression) is not accepted by this server; only snappy is acceptable`,
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
  const message = messageOf(request)
  const isV2 = 'message' in message && message.message === PROTOCOL_V2
  const written: Written = { samples: 0, histograms: 0, exemplars: 0 }
  let problems: string[]
  try {
    const decode = isV2 ? decodeWriteRequestV2 : decodeWriteRequest
    const batch = decode((request.body ?? NOTHING) as Uint8Array, DECODED_SIZE_BYTES_MAX)
    problems = appendAll(batch, vigie, written)
  } catch (error) {
    if (isV2) tellWritten(reply, { samples: 0, histograms: 0, exemplars: 0 })
    if (error instanceof RemoteWriteError) return refuse(reply, error.status, error.message)
    if (error instanceof StorageLimitError) return refuse(reply, 429, error.message)
    throw error
  }
  if (isV2) tellWritten(reply, written)
  // 2.0 hears of each sample, 1.0 of the first, as from Prometheus.
  if (problems.length > 0)
    return refuse(reply, 400, (isV2 ? problems.slice(0, PROBLEMS_MAX) : [problems[0]]).join('\n'))
  await reply.code(204).send()
}

/** What was taken of a request. */
export interface Written {
  samples: number
  histograms: number
  exemplars: number
}

/** 2.0 wants to know it, whatever became of the request. */
function tellWritten(reply: FastifyReply, written: Written): void {
  reply.header('X-Prometheus-Remote-Write-Samples-Written', written.samples)
  reply.header('X-Prometheus-Remote-Write-Histograms-Written', written.histograms)
  reply.header('X-Prometheus-Remote-Write-Exemplars-Written', written.exemplars)
}

export const refuse = async (
  reply: FastifyReply,
  status: number,
  message: string,
): Promise<void> => {
  await reply
    .code(status)
    .type('text/plain; charset=utf-8')
    .send(message + '\n')
}

/** Appends what can be; returns what cannot, each naming its series. */
export function appendAll(batch: DecodedWrite, vigie: Vigie, written: Written): string[] {
  const appender = vigie.storage.appender()
  const problems: string[] = []
  const { invalidSeries, t, v, h } = batch
  if (invalidSeries > 0)
    problems.push(`${invalidSeries} series without a metric name or with a label twice`)
  const newestT = vigie.now() + AHEAD_MS_MAX
  try {
    const refs = batch.series.map((labels) => appender.series(labels))
    batch.series.forEach((labels, i) => {
      const ref = refs[i]
      for (let j = batch.starts[i]; j < batch.starts[i + 1]; j++) {
        const one = h?.[j]
        let problem: string | undefined = one === undefined ? undefined : histogramProblem(one)
        if (t[j] > newestT) problem = TOO_NEW
        else if (problem === undefined) {
          const result =
            one === undefined
              ? appender.append(ref, t[j], v[j])
              : appender.appendHistogram(ref, t[j], one)
          if (result !== APPENDED) problem = APPEND_PROBLEMS[result]
        }
        if (problem !== undefined) problems.push(`${problem} for series ${textOf(labels)}`)
        else if (one === undefined) written.samples++
        else written.histograms++
      }
    })
    for (const { series, ...exemplar } of batch.exemplars) {
      appender.appendExemplar?.(refs[series], exemplar)
      written.exemplars++
    }
    appender.commit()
  } catch (error) {
    appender.rollback()
    throw error
  }
  return problems
}

/** As Prometheus prints labels: `{__name__="up", job="node"}`. */
function textOf({ pairs }: Labels): string {
  const parts: string[] = []
  for (let i = 0; i < pairs.length; i += 2)
    parts.push(`${pairs[i]}=${JSON.stringify(pairs[i + 1])}`)
  return `{${parts.join(', ')}}`
}

const TOO_NEW = 'out of bounds: timestamp is too far in the future'
/** By AppendResult, with Prometheus's words. */
const APPEND_PROBLEMS = [
  '',
  'unknown series',
  'out of order sample',
  'duplicate sample for timestamp',
  'too old sample',
  'out of bounds',
]
