/**
 * The http prober: one request on a connection of its own, redirects followed, each phase timed.
 *
 *     resolve | connect | tls | processing (until the first byte) | transfer
 */
import { request as httpRequest, type IncomingMessage, type ClientRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { BODY_SIZE_DEFAULT_MAX, type HttpProbeModule } from '../config.ts'
import { authorizationHeader, tlsOptions } from '../http/credentials.ts'
import { explainNetworkError } from '../http/network-error.ts'
import { ScrapeError } from '../ingest/limits.ts'
import type { ProbeResult } from './result.ts'
import { reportTls } from './tls-facts.ts'

const REDIRECTS_MAX = 10

/** Tests on the body, compiled once per target. */
export interface BodyTests {
  mustNotMatch: readonly BodyTest[]
  mustMatch: readonly BodyTest[]
}

export interface BodyTest {
  expression: string
  matches: (body: string) => boolean
}

/** Fills `result`; resolves by `signal` at the latest. */
export async function probeHttp(
  target: string,
  module: HttpProbeModule,
  tests: BodyTests,
  userAgent: string,
  result: ProbeResult,
  signal: AbortSignal,
): Promise<void> {
  try {
    const { response, body, url, redirects } = await follow(
      target,
      module,
      userAgent,
      result,
      signal,
    )
    judge(response, body, url, redirects, module, tests, result)
  } catch (error) {
    result.fail(
      signal.aborted
        ? String(signal.reason)
        : error instanceof ScrapeError
          ? error.message
          : explainNetworkError(error, target),
    )
  }
}

interface Answer {
  response: IncomingMessage
  body: Buffer
  url: URL
  redirects: number
}

async function follow(
  target: string,
  module: HttpProbeModule,
  userAgent: string,
  result: ProbeResult,
  signal: AbortSignal,
): Promise<Answer> {
  let url = new URL(/^https?:\/\//.test(target) ? target : `http://${target}`)
  const first = url
  let method = module.method
  const authorization = await authorizationHeader(module.http)
  const headers: Record<string, string> = { 'user-agent': userAgent, accept: '*/*' }
  for (const [name, value] of module.headers) headers[name.toLowerCase()] = value
  if (authorization !== undefined) headers.authorization = authorization
  for (let redirects = 0; ; redirects++) {
    const { response, body } = await once(url, method, headers, module, result, signal)
    const { location } = response.headers
    const status = response.statusCode ?? 0
    const isRedirect = [301, 302, 303, 307, 308].includes(status) && location !== undefined
    if (!module.followRedirects || !isRedirect) return { response, body, url, redirects }
    if (redirects === REDIRECTS_MAX)
      throw new ScrapeError(`stopped after ${REDIRECTS_MAX} redirects`)
    url = new URL(location, url)
    if (!/^https?:$/.test(url.protocol)) throw new ScrapeError(`redirected to ${url.href}`)
    if (status <= 303 && method !== 'HEAD') method = 'GET'
    if (url.host !== first.host) delete headers.authorization
  }
}

function once(
  url: URL,
  method: string,
  headers: Record<string, string>,
  module: HttpProbeModule,
  result: ProbeResult,
  signal: AbortSignal,
): Promise<{ response: IncomingMessage; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const isTls = url.protocol === 'https:'
    const options = { method, headers, agent: false as const, signal }
    const request = isTls
      ? httpsRequest(url, { ...options, ...tlsOptions(module.http.tls ?? {}) })
      : httpRequest(url, options)
    const phases = new Phases(request, result)
    request.once('error', reject)
    request.once('response', (response) => {
      phases.end('processing')
      if (isTls) reportTls(response.socket as TLSSocket, result)
      result.set('probe_ip_protocol', response.socket.remoteFamily === 'IPv6' ? 6 : 4)
      const chunks: Buffer[] = []
      const max = module.bodySizeLimitBytes || BODY_SIZE_DEFAULT_MAX
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size <= max) return void chunks.push(chunk)
        reject(new ScrapeError(`body size limit exceeded (limit: ${max} bytes)`))
        request.destroy()
      })
      response.once('error', reject)
      response.once('end', () => {
        phases.end('transfer')
        resolve({ response, body: Buffer.concat(chunks) })
      })
    })
    request.end(method === 'GET' || method === 'HEAD' ? undefined : module.body)
  })
}

/** Adds the time of each phase to the result as it ends. */
class Phases {
  readonly #result: ProbeResult
  #sinceMs = performance.now()

  constructor(request: ClientRequest, result: ProbeResult) {
    this.#result = result
    request.once('socket', (socket) => {
      socket.once('lookup', () => this.end('resolve'))
      socket.once('connect', () => this.end('connect'))
      socket.once('secureConnect', () => this.end('tls'))
    })
    for (const phase of ['resolve', 'connect', 'tls', 'processing', 'transfer'])
      result.add('probe_http_duration_seconds', 0, `phase="${phase}"`)
    result.add('probe_dns_lookup_time_seconds', 0)
  }

  end(phase: string): void {
    const nowMs = performance.now()
    const seconds = (nowMs - this.#sinceMs) / 1000
    this.#sinceMs = nowMs
    this.#result.add('probe_http_duration_seconds', seconds, `phase="${phase}"`)
    if (phase === 'resolve') this.#result.add('probe_dns_lookup_time_seconds', seconds)
  }
}

/** Writes what was answered and decides whether it is what the module wants. */
function judge(
  response: IncomingMessage,
  body: Buffer,
  url: URL,
  redirects: number,
  module: HttpProbeModule,
  tests: BodyTests,
  result: ProbeResult,
): void {
  const status = response.statusCode ?? 0
  const isTls = url.protocol === 'https:'
  const length = response.headers['content-length']
  result.set('probe_http_status_code', status)
  result.set('probe_http_content_length', length === undefined ? -1 : Number(length))
  result.set('probe_http_uncompressed_body_length', body.length)
  result.set('probe_http_redirects', redirects)
  result.set('probe_http_ssl', isTls ? 1 : 0)
  result.set('probe_http_version', Number(response.httpVersion))
  const modifiedMs = Date.parse(response.headers['last-modified'] ?? '')
  if (!Number.isNaN(modifiedMs))
    result.set('probe_http_last_modified_timestamp_seconds', modifiedMs / 1000)
  const { validStatusCodes } = module
  const isValid =
    validStatusCodes.length === 0
      ? status >= 200 && status < 300
      : validStatusCodes.includes(status)
  if (!isValid) {
    const wanted = validStatusCodes.length === 0 ? '2xx' : validStatusCodes.join(' or ')
    result.fail(
      `HTTP status ${status} ${response.statusMessage ?? ''}`.trimEnd() + `, want ${wanted}`,
    )
  }
  if (module.failIfSsl && isTls) result.fail('answered over TLS, want plain HTTP')
  if (module.failIfNotSsl && !isTls) result.fail('answered over plain HTTP, want TLS')
  judgeBody(body, tests, result)
}

function judgeBody(body: Buffer, tests: BodyTests, result: ProbeResult): void {
  if (tests.mustMatch.length + tests.mustNotMatch.length === 0) return
  const text = body.toString('utf8')
  const forbidden = tests.mustNotMatch.find((one) => one.matches(text))
  const missing = tests.mustMatch.find((one) => !one.matches(text))
  if (forbidden !== undefined) result.fail(`body matches ${JSON.stringify(forbidden.expression)}`)
  if (missing !== undefined)
    result.fail(`body does not match ${JSON.stringify(missing.expression)}`)
  const isFailed = forbidden !== undefined || missing !== undefined
  result.set('probe_failed_due_to_regex', isFailed ? 1 : 0)
}
