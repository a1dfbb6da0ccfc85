/**
 * Fetches bodies over HTTP: one connection pool per job, kept alive between scrapes, with the job's
 * authentication and TLS. A body is cut off at its limit, and an answer that does not come is given up
 * after the timeout, whatever state the connection is in.
 */
import { STATUS_CODES } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, gunzipSync } from 'node:zlib'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import type { HttpClientConfig, TlsConfig } from '../config.ts'
import { ScrapeError } from '../ingest/limits.ts'
import { isLoopback } from '../target/target.ts'
import { authorizationHeader, configuredHeaders, tlsOptions } from './credentials.ts'
import { BodyPool, GrowingBody } from './body-pool.ts'
import { PlainClient, requestText } from './plain-client.ts'
import { ClosedEarly, bodyTooLarge } from './plain-connection.ts'
import { explainNetworkError } from './network-error.ts'
import { TokenSource } from './oauth2.ts'
import { type ProxyOf, proxyAuthorization, proxyOf, tunnelConnector } from './proxy.ts'
import { signatureHeaders } from './sigv4.ts'
import { STATIC_READ } from './static-read.ts'

/** As Go's client. */
const REDIRECTS_MAX = 10
/** Idle connections are kept this long, so that a scrape a minute still finds its own. */
const KEEP_ALIVE_MS = 300_000
/** Compressed bodies above this are unpacked off the event loop. */
const GUNZIP_SYNC_MAX = 512 * 1024

export interface FetchRequest {
  url: string
  method?: string
  headers: Record<string, string>
  body?: string | Uint8Array | undefined
  timeoutMs: number
  bodySizeMax: number
  /**
   * Whether asking twice is as good as once. Default: all but POST. A request that is not may have been
   * heard although its connection broke: that is the caller's to know.
   */
  isRepeatable?: boolean
  /** Ask for gzip, unless the target is on this machine: there it costs more than it saves. */
  isCompressed: boolean
}

export interface FetchResponse {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
  /** Ends the use of `body`, so that another answer can have its memory. May be left out. */
  release: () => void
  /** Where redirects led. */
  url: string
  redirects: number
}

export class HttpClient {
  readonly #config: HttpClientConfig
  readonly #connectTimeoutMs: number
  readonly #now: () => number
  readonly #dispatcher: Dispatcher
  readonly #plain = new PlainClient(bodies, KEEP_ALIVE_MS)
  /** Whether every request of one kind has the same headers: not when files say them. */
  readonly #isFixed: boolean
  readonly #requests = new WeakMap<FetchRequest['headers'], Prepared>()
  /** What is sent for an address, which stands for its headers too. */
  readonly #texts = new WeakMap<URL, string>()
  readonly #proxyOf: ProxyOf
  /** By the proxy that they go through. */
  readonly #tunnels = new Map<string, Dispatcher>()
  readonly #tokens: TokenSource | undefined
  readonly #tokenClient: HttpClient | undefined

  /** `connectTimeoutMs`: how long a connection may take to come about, whoever still waits for it. */
  constructor(
    config: HttpClientConfig,
    connectTimeoutMs: number,
    now: () => number = () => Date.now(),
  ) {
    this.#config = config
    this.#now = now
    this.#connectTimeoutMs = connectTimeoutMs
    this.#dispatcher = agent(createConnector(config.tls, connectTimeoutMs))
    this.#isFixed = isFixed(config)
    this.#proxyOf = config.proxy === undefined ? () => undefined : proxyOf(config.proxy)
    const { oauth2 } = config
    if (oauth2 === undefined) return
    const client = new HttpClient({ tls: oauth2.tls, proxy: oauth2.proxy }, connectTimeoutMs)
    this.#tokenClient = client
    this.#tokens = new TokenSource(oauth2, (request) => client.fetch(request), now)
  }

  /** Any status is an answer. Throws ScrapeError with a reason in plain words. */
  async fetch(request: FetchRequest): Promise<FetchResponse> {
    const deadline = new Deadline(request.timeoutMs)
    try {
      return await this.#follow(request, deadline)
    } catch (error) {
      if (error instanceof ScrapeError) throw error
      throw new ScrapeError(explainNetworkError(error, request.url), { cause: error })
    } finally {
      deadline.clear()
    }
  }

  /** As `fetch`, and any status but 200 is an error. */
  async fetchOk(request: FetchRequest): Promise<FetchResponse> {
    const response = await this.fetch(request)
    if (response.status === 200) return response
    const { status } = response
    response.release()
    throw new ScrapeError(
      `server returned HTTP status ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd(),
    )
  }

  async close(): Promise<void> {
    this.#plain.close()
    const tunnels = [...this.#tunnels.values()].map((one) => one.destroy())
    await Promise.all([this.#dispatcher.destroy(), ...tunnels, this.#tokenClient?.close()])
  }

  async #follow(request: FetchRequest, deadline: Deadline): Promise<FetchResponse> {
    const { url: first, headers: sent } = this.#isFixed
      ? await this.#remembered(request)
      : await this.#prepared(request)
    let url = first
    let headers = sent
    let method = request.method ?? 'GET'
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#once(url, method, headers, request, deadline)
      const location = answer.headers.location
      const isRedirect = [301, 302, 303, 307, 308].includes(answer.status)
      const isFollowed = (this.#config.followRedirects ?? true) && isRedirect
      if (!isFollowed || typeof location !== 'string')
        return { ...answer, url: url.href, redirects }
      answer.release()
      if (redirects === REDIRECTS_MAX)
        throw new ScrapeError(`stopped after ${REDIRECTS_MAX} redirects`)
      url = new URL(location, url)
      if (!/^https?:$/.test(url.protocol))
        throw new ScrapeError(`redirected to ${url.href}, which is not HTTP`)
      if (answer.status === 303 || (answer.status < 303 && method === 'POST')) method = 'GET'
      // Credentials are for the host they were given for.
      if (url.host !== first.host) headers = withoutAuthorization(headers)
    }
  }

  /** Scrapes ask for the same thing again and again, with one object for the headers. */
  async #remembered(request: FetchRequest): Promise<Prepared> {
    const known = this.#requests.get(request.headers)
    if (known?.of === request.url && known.isCompressed === request.isCompressed) return known
    const prepared = await this.#prepared(request)
    this.#requests.set(request.headers, prepared)
    return prepared
  }

  async #prepared(request: FetchRequest): Promise<Prepared> {
    const url = new URL(request.url)
    const { isCompressed } = request
    return { of: request.url, isCompressed, url, headers: await this.#headers(request, url) }
  }

  async #headers(request: FetchRequest, url: URL): Promise<Record<string, string>> {
    const headers: Record<string, string> = {}
    const isLocal = isLoopback(url.hostname)
    headers['accept-encoding'] = request.isCompressed && !isLocal ? 'gzip' : 'identity'
    for (const [name, value] of await configuredHeaders(this.#config)) headers[name] = value
    for (const [name, value] of Object.entries(request.headers))
      headers[name.toLowerCase()] ??= value
    const authorization =
      this.#tokens === undefined
        ? await authorizationHeader(this.#config)
        : await this.#tokens.header()
    if (authorization !== undefined) headers.authorization = authorization
    return headers
  }

  /** One request. A kept connection that the target has closed meanwhile is not its fault: asked once more. */
  async #once(
    url: URL,
    method: string,
    headers: Record<string, string>,
    request: FetchRequest,
    deadline: Deadline,
  ): Promise<RawResponse> {
    const send = this.#sender(
      url,
      method,
      this.#signed(url, method, headers, request),
      request,
      deadline,
    )
    try {
      return await send(false)
    } catch (error) {
      const isRepeatable = request.isRepeatable ?? method !== 'POST'
      const isIdleClose = error instanceof ClosedEarly && isRepeatable && !deadline.isOver
      if (!isIdleClose) throw error instanceof ClosedEarly ? error.cause : error
      return await send(true).catch((again: unknown) => {
        throw again instanceof ClosedEarly ? again.cause : again
      })
    }
  }

  /** What sends the request: over plain HTTP by our own connections, whatever else by undici's. */
  #sender(
    url: URL,
    method: string,
    headers: Record<string, string>,
    request: FetchRequest,
    deadline: Deadline,
  ): (isFresh: boolean) => Promise<RawResponse> {
    if (method === 'GET' && url.protocol === 'http:' && this.#proxyOf(url) === undefined) {
      let text = this.#texts.get(url)
      if (text === undefined) this.#texts.set(url, (text = requestText(url, headers)))
      return (isFresh) => this.#get(url, text, request.bodySizeMax, isFresh, deadline)
    }
    const [dispatcher, via] = this.#route(url, headers)
    return () => dispatch(dispatcher, via.origin, via.path, method, via.headers, request, deadline)
  }

  async #get(
    url: URL,
    text: string,
    bodySizeMax: number,
    isFresh: boolean,
    deadline: Deadline,
  ): Promise<RawResponse> {
    const giveUp = (close: (reason: Error) => void): void =>
      deadline.watch(() => close(tooLate(deadline)))
    const { status, headers, body } = await this.#plain.get(url, text, bodySizeMax, isFresh, giveUp)
    const release = (): void => body.release()
    return { status, headers, body: await unpack(body.bytes, headers, bodySizeMax), release }
  }

  #signed(
    url: URL,
    method: string,
    headers: Record<string, string>,
    request: FetchRequest,
  ): Record<string, string> {
    const { sigv4 } = this.#config
    // A signature is for the host that the configuration names.
    if (sigv4 === undefined || url.host !== new URL(request.url).host) return headers
    const body = method === 'GET' ? '' : (request.body ?? '')
    const signature = signatureHeaders({ method, url, headers, body }, sigv4, this.#now())
    return { ...headers, ...signature }
  }

  /** Directly, or to a proxy as a whole, or through one. */
  #route(url: URL, headers: Record<string, string>): [Dispatcher, Route] {
    const proxy = this.#proxyOf(url)
    const path = url.pathname + url.search
    if (proxy === undefined) return [this.#dispatcher, { origin: url.origin, path, headers }]
    if (url.protocol === 'https:')
      return [this.#tunnel(proxy), { origin: url.origin, path, headers }]
    const authorization = proxyAuthorization(proxy)
    const via = { host: url.host, ...headers }
    if (authorization !== undefined) Object.assign(via, { 'proxy-authorization': authorization })
    return [this.#dispatcher, { origin: proxy.origin, path: url.origin + path, headers: via }]
  }

  #tunnel(proxy: URL): Dispatcher {
    const known = this.#tunnels.get(proxy.href)
    if (known !== undefined) return known
    const { tls, proxy: config } = this.#config
    const tunnel = agent(
      tunnelConnector({
        proxy,
        headers: config?.connectHeaders ?? new Map(),
        tls: () => (tls === undefined ? undefined : tlsOptions(tls)),
        timeoutMs: this.#connectTimeoutMs,
      }),
    )
    this.#tunnels.set(proxy.href, tunnel)
    return tunnel
  }
}

/** A request with what the configuration adds to it. */
interface Prepared {
  of: string
  isCompressed: boolean
  url: URL
  /** Not to be changed. */
  headers: Record<string, string>
}

interface Route {
  origin: string
  path: string
  headers: Record<string, string>
}

const agent = (connect: buildConnector.connector): Agent =>
  new Agent({ connect, keepAliveTimeout: KEEP_ALIVE_MS, keepAliveMaxTimeout: KEEP_ALIVE_MS })

type RawResponse = Pick<FetchResponse, 'status' | 'headers' | 'body' | 'release'>

/** Of all clients of the process. */
const bodies = new BodyPool()

/** One timer for a request with all its redirects. */
class Deadline {
  isOver = false
  #onOver: (() => void) | undefined
  readonly timeoutMs: number
  readonly #timer: NodeJS.Timeout

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs
    this.#timer = setTimeout(() => {
      this.isOver = true
      this.#onOver?.()
    }, timeoutMs)
  }

  /** Replaces what happens when time is over. */
  watch(onOver: () => void): void {
    this.#onOver = onOver
    if (this.isOver) onOver()
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#onOver = undefined
  }
}

function dispatch(
  dispatcher: Dispatcher,
  origin: string,
  path: string,
  method: string,
  headers: Record<string, string>,
  request: FetchRequest,
  deadline: Deadline,
): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const received = new GrowingBody(bodies)
    let status = 0
    let responseHeaders: RawResponse['headers'] = {}
    let abort: ((reason: Error) => void) | undefined
    let failure: Error | undefined
    const fail = (error: Error): void => {
      failure ??= error
      reject(failure)
      abort?.(failure)
    }
    deadline.watch(() => fail(tooLate(deadline)))
    dispatcher.dispatch(
      {
        origin,
        path,
        method: method as Dispatcher.HttpMethod,
        headers,
        body: request.body === undefined || method === 'GET' ? null : request.body,
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      {
        onRequestStart(controller) {
          abort = (reason) => controller.abort(reason)
          if (failure !== undefined) controller.abort(failure)
        },
        onResponseStart(_controller, statusCode, answered) {
          status = statusCode
          responseHeaders = answered
        },
        onResponseData(_controller, chunk) {
          if (received.size + chunk.length > request.bodySizeMax)
            fail(bodyTooLarge(request.bodySizeMax))
          else received.add(chunk)
        },
        onResponseEnd() {
          const release = (): void => received.release()
          unpack(received.bytes, responseHeaders, request.bodySizeMax).then(
            (body) => resolve({ status, headers: responseHeaders, body, release }),
            reject,
          )
        },
        onResponseError(_controller, error) {
          const isEarly = status === 0 && isClosed(error)
          reject(failure ?? (isEarly ? new ClosedEarly('', { cause: error }) : error))
        },
      },
    )
  })
}

const isClosed = (error: Error & { code?: string }): boolean =>
  error.code === 'UND_ERR_SOCKET' || error.code === 'ECONNRESET' || error.code === 'EPIPE'

const isFixed = ({
  basicAuth,
  authorization,
  headerFiles,
  oauth2,
  sigv4,
}: HttpClientConfig): boolean =>
  oauth2 === undefined &&
  sigv4 === undefined &&
  (headerFiles === undefined || headerFiles.size === 0) &&
  [basicAuth?.usernameFile, basicAuth?.passwordFile, authorization?.credentialsFile].every(
    (file) => file === undefined || file === '',
  )

function withoutAuthorization(headers: Record<string, string>): Record<string, string> {
  const { authorization: _left, ...others } = headers
  return others
}

const tooLate = ({ timeoutMs }: Deadline): ScrapeError =>
  new ScrapeError(`no complete answer within ${timeoutMs / 1000} s`)

async function unpack(body: Buffer, headers: RawResponse['headers'], max: number): Promise<Buffer> {
  const encoding = headers['content-encoding']
  if (encoding !== 'gzip' && encoding !== 'x-gzip') return body
  const options = { maxOutputLength: max }
  try {
    if (body.length <= GUNZIP_SYNC_MAX) return gunzipSync(body, options)
    return await promisify(gunzip)(body, options)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw bodyTooLarge(max)
    throw new ScrapeError(`cannot decompress the body: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** Reads certificate files anew for every connection, so that renewed ones are taken up. */
function createConnector(tls: TlsConfig | undefined, timeout: number): buildConnector.connector {
  if (tls === undefined) return buildConnector({ timeout, onread: STATIC_READ })
  return (options, callback) => {
    let connect: buildConnector.connector
    try {
      connect = buildConnector({ ...tlsOptions(tls), timeout, onread: STATIC_READ })
    } catch (error) {
      callback(error as Error, null)
      return
    }
    connect(options, callback)
  }
}
