/**
 * `POST /api/v1/otlp/v1/metrics`: metrics as OpenTelemetry's SDKs and collector send them, in protobuf or
 * JSON. As with remote write, what can be taken of a request is.
 */
import { gunzipSync } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { StorageLimitError } from '@vigie/model'
import {
  OtlpError,
  type ResourceMetrics,
  decodeOtlpJson,
  decodeOtlpProtobuf,
  translateOtlp,
} from '@vigie/remote'
import { DECODED_SIZE_BYTES_MAX, appendAll, refuse } from './remote-write.ts'
import type { Vigie } from './vigie.ts'

const PROTOBUF = 'application/x-protobuf'
const JSON_TYPE = 'application/json'
/** Of what was left out of one request, as much is logged. */
const PROBLEMS_LOGGED_MAX = 10

/** What Prometheus answers when nobody may send. */
export const refuseOtlp = async (reply: FastifyReply): Promise<void> =>
  refuse(reply, 404, 'otlp write receiver needs to be enabled with --web.enable-otlp-receiver')

export async function acceptOtlp(
  request: FastifyRequest,
  reply: FastifyReply,
  vigie: Vigie,
): Promise<void> {
  let problems: string[]
  try {
    const translated = translateOtlp(decode(request), vigie.config.otlp, {
      takesDeltas: vigie.switches.features.has('otlp-native-delta-ingestion'),
      hasTypeAndUnit: vigie.switches.features.has('type-and-unit-labels'),
      lookbackMs: vigie.lookbackMs,
    })
    if (translated.problems.length > 0)
      vigie.log.warn('metrics sent by OTLP are left out', {
        count: translated.problems.length,
        problems: translated.problems.slice(0, PROBLEMS_LOGGED_MAX).join('; '),
      })
    problems = appendAll(translated.batch, vigie, { samples: 0, histograms: 0, exemplars: 0 })
  } catch (error) {
    if (error instanceof OtlpError) return refuse(reply, error.status, error.message)
    if (error instanceof StorageLimitError) return refuse(reply, 429, error.message)
    throw error
  }
  if (problems.length > 0) return refuse(reply, 400, problems[0])
  await reply.code(200).send()
}

function decode({ headers, body }: FastifyRequest): ResourceMetrics[] {
  const type = headers['content-type'] ?? ''
  const media = type.split(';')[0].trim()
  if (media !== PROTOBUF && media !== JSON_TYPE)
    throw new OtlpError(`unsupported content type: ${type}, supported: [${JSON_TYPE}, ${PROTOBUF}]`)
  const bytes = unpacked((body ?? Buffer.alloc(0)) as Buffer | string, headers['content-encoding'])
  return media === PROTOBUF ? decodeOtlpProtobuf(bytes) : decodeOtlpJson(bytes.toString('utf8'))
}

function unpacked(body: Buffer | string, encoding: string | undefined): Buffer {
  const bytes = Buffer.from(body as string)
  if (encoding === undefined || encoding === '') return bytes
  if (encoding !== 'gzip')
    throw new OtlpError(
      `unsupported compression: ${encoding}. Only "gzip" or no compression supported`,
    )
  try {
    return gunzipSync(bytes, { maxOutputLength: DECODED_SIZE_BYTES_MAX })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new OtlpError(`the body unpacks to more than ${DECODED_SIZE_BYTES_MAX} bytes`, 413)
    throw new OtlpError(`cannot unpack the body: ${message}`, 400, error)
  }
}
