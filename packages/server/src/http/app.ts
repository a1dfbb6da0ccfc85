/** The HTTP server without its routes: bodies, errors, compression, safety, access. */
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import { ApiError } from './api-error.ts'
import { SECURITY_HEADERS, type SafetyOptions, refusal } from './safety.ts'
import type { WebConfig } from '../config/web-config.ts'

/** Bodies past this are refused with 413; remote write and dashboards are the largest. */
const BODY_SIZE_BYTES_MAX = 32 * 1024 * 1024
/** Answers below this are not worth compressing. */
const GZIP_SIZE_BYTES_MIN = 1024

const gzipAsync = promisify(gzip)

export interface AppOptions {
  safety: SafetyOptions
  web: WebConfig | undefined
  /** Called once per answered request, for /metrics. */
  onAnswer: (route: string, status: number, seconds: number) => void
}

export function createApp(options: AppOptions): FastifyInstance {
  const tls = options.web?.tls
  const https =
    tls === undefined
      ? null
      : {
          cert: readFileSync(tls.certFile),
          key: readFileSync(tls.keyFile),
          minVersion: 'TLSv1.2' as const,
        }
  const app = fastify({
    bodyLimit: BODY_SIZE_BYTES_MAX,
    forceCloseConnections: true,
    https,
  }) as unknown as FastifyInstance
  addBodyParsers(app)
  app.addHook('onRequest', async (request, reply) => guard(request, reply, options))
  app.addHook('onSend', compress)
  app.addHook('onResponse', async (request, reply) => {
    options.onAnswer(
      request.routeOptions.url ?? 'other',
      reply.statusCode,
      reply.elapsedTime / 1000,
    )
  })
  app.setErrorHandler(answerError)
  return app
}

function addBodyParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(body as string))
    } catch (error) {
      done(new ApiError('bad_data', `the body is not JSON: ${(error as Error).message}`))
    }
  })
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, new URLSearchParams(body as string)),
  )
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

async function guard(
  request: FastifyRequest,
  reply: FastifyReply,
  options: AppOptions,
): Promise<void> {
  reply.headers(SECURITY_HEADERS)
  const path = request.url.split('?', 1)[0]
  const reason = refusal(request.method, path, request.headers, options.safety)
  if (reason !== undefined) {
    await reply
      .code(403)
      .type('text/plain; charset=utf-8')
      .send(reason + '\n')
    return
  }
  if (options.web === undefined || (await options.web.admits(request.headers.authorization))) return
  await reply
    .code(401)
    .header('www-authenticate', 'Basic')
    .type('text/plain; charset=utf-8')
    .send('Unauthorized\n')
}

async function compress(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  const isText = typeof payload === 'string' && payload.length >= GZIP_SIZE_BYTES_MIN
  if (!isText || !/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return payload
  reply
    .header('content-encoding', 'gzip')
    .header('vary', 'Accept-Encoding')
    .removeHeader('content-length')
  return gzipAsync(payload, { level: 1 })
}

/** Prometheus's envelope below /api/v1, `{error}` below /api/vigie. */
function answerError(
  error: FastifyError | ApiError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const apiError = error instanceof ApiError ? error : undefined
  const status = apiError?.status ?? ('statusCode' in error ? (error.statusCode ?? 500) : 500)
  if (request.url.startsWith('/api/v1/')) {
    const errorType = apiError?.type ?? (status < 500 ? 'bad_data' : 'internal')
    void reply.code(status).send({ status: 'error', errorType, error: error.message })
  } else {
    void reply.code(status).send({ error: error.message })
  }
}

/** The parameters of the address and of a form body together, as Go's `r.Form`. */
export function paramsOf(request: FastifyRequest): URLSearchParams {
  const at = request.url.indexOf('?')
  const params = new URLSearchParams(at < 0 ? '' : request.url.slice(at + 1))
  if (request.body instanceof URLSearchParams) {
    const merged = new URLSearchParams(request.body)
    for (const [name, value] of params) merged.append(name, value)
    return merged
  }
  return params
}
