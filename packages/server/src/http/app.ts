/** The HTTP server without its routes: bodies, errors, compression, safety, access. */
import { readFileSync } from 'node:fs'
import { type SecureContextOptions, createSecureContext } from 'node:tls'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import { ApiError } from './api-error.ts'
import { quoteInvalid } from './params.ts'
import { SECURITY_HEADERS, type SafetyOptions, refusal } from './safety.ts'
import type { ServerTls, WebConfig } from '../config/web-config.ts'

/** Bodies past this are refused with 413; remote write and dashboards are the largest. */
const BODY_SIZE_BYTES_MAX = 32 * 1024 * 1024
/** A request must have come in whole by then, as in Prometheus (`--web.read-timeout`). */
const REQUEST_TIMEOUT_MS = 300_000
/** Connections past this are refused, as in Prometheus (`--web.max-connections`). */
const CONNECTIONS_MAX = 512
/** Of a label name in an address, escaped. */
const PATH_PART_LENGTH_MAX = 4096
/** Answers below this are not worth compressing. */
const GZIP_SIZE_BYTES_MIN = 1024

const gzipAsync = promisify(gzip)

export interface AppOptions {
  safety: SafetyOptions
  web: WebConfig | undefined
  /** Pages of these origins may read the Prometheus API; undefined: of none but this. */
  isReadableFrom: ((origin: string) => boolean) | undefined
  /** Called once per answered request, for /metrics. */
  onAnswer: (route: string, status: number, seconds: number) => void
  /** Called with what went wrong in ours. */
  onFault: (error: Error, request: FastifyRequest) => void
}

export function createApp(options: AppOptions): FastifyInstance {
  const tls = options.web?.tls
  const https = tls === undefined ? null : tlsOptions(tls)
  const app = fastify({
    bodyLimit: BODY_SIZE_BYTES_MAX,
    forceCloseConnections: true,
    https,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: PATH_PART_LENGTH_MAX },
    frameworkErrors: answerBadUrl,
  }) as unknown as FastifyInstance
  addBodyParsers(app)
  app.addHook('onRequest', async (request, reply) => guard(request, reply, options))
  app.addHook('onSend', bareJsonType)
  app.addHook('onSend', compress)
  app.addHook('onResponse', async (request, reply) => {
    options.onAnswer(
      request.routeOptions.url ?? 'other',
      reply.statusCode,
      reply.elapsedTime / 1000,
    )
  })
  app.setErrorHandler((error: FastifyError | ApiError, request, reply) => {
    if (!('statusCode' in error) && !(error instanceof ApiError)) options.onFault(error, request)
    answerError(error, request, reply)
  })
  app.server.maxConnections = CONNECTIONS_MAX
  return app
}

/** Throws an error that names the files when they cannot be used. */
function tlsOptions(tls: ServerTls): SecureContextOptions {
  const { certFile, keyFile, minVersion, maxVersion } = tls
  try {
    const cert = readFileSync(certFile)
    const key = readFileSync(keyFile)
    const options = { cert, key, minVersion, maxVersion }
    createSecureContext(options)
    return options
  } catch (error) {
    throw new Error(
      `cannot serve TLS with ${certFile} and ${keyFile}: ${(error as Error).message}`,
      {
        cause: error,
      },
    )
  }
}

function addBodyParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // Prometheus's endpoints take forms, or what they decode themselves.
    if (request.url.startsWith('/api/v1/')) return done(null, body)
    try {
      done(null, body.length === 0 ? undefined : JSON.parse(body.toString('utf8')))
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
  if (options.isReadableFrom !== undefined && path.startsWith('/api/v1/'))
    reply.headers(corsHeaders(request.headers.origin, options.isReadableFrom))
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

/** What lets a page of another origin read the answer, as Prometheus says it. */
function corsHeaders(
  origin: string | undefined,
  isAllowed: (origin: string) => boolean,
): Record<string, string> {
  if (origin === undefined) return { vary: 'Origin' }
  return {
    vary: 'Origin',
    'access-control-allow-headers': 'Accept, Authorization, Content-Type, Origin',
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-expose-headers': 'Date',
    ...(isAllowed(origin) ? { 'access-control-allow-origin': origin } : {}),
  }
}

/** JSON is UTF-8 by definition: the type is said as Prometheus says it. */
async function bareJsonType(
  _request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  if (String(reply.getHeader('content-type')).startsWith('application/json'))
    reply.removeHeader('content-type').header('content-type', 'application/json')
  return payload
}

async function compress(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  const isJson = String(reply.getHeader('content-type')).startsWith('application/json')
  const isPackable = typeof payload === 'string' || (isJson && Buffer.isBuffer(payload))
  if (!isPackable || payload.length < GZIP_SIZE_BYTES_MIN) return payload
  if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return payload
  reply
    .header('content-encoding', 'gzip')
    .header('vary', [reply.getHeader('vary') ?? [], 'Accept-Encoding'].flat().join(', '))
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

/** An address that is no UTF-8 reaches no route. Prometheus names the label, anything else is not found. */
function answerBadUrl(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(SECURITY_HEADERS)
  const label = /^\/api\/v1\/label\/([^/?]*)\/values(\?|$)/.exec(request.raw.url ?? '')
  if (label === null || error.code !== 'FST_ERR_BAD_URL') {
    const status = error.code === 'FST_ERR_BAD_URL' ? 404 : (error.statusCode ?? 400)
    const text = status === 404 ? '404 page not found' : error.message
    void reply.code(status).type('text/plain; charset=utf-8').send(`${text}\n`)
    return
  }
  const body = {
    status: 'error',
    errorType: 'bad_data',
    error: `invalid label name: ${quoteInvalid(label[1])}`,
  }
  // No hooks run here, and of bytes nothing is said that was not asked for.
  const bytes = Buffer.from(JSON.stringify(body))
  void reply.code(400).header('content-type', 'application/json').send(bytes)
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
