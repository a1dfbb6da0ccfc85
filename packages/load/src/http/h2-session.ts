/**
 * HTTP/2 over a TLS connection whose server chose it: many requests at once on one connection. Requests
 * come as the heads of HTTP/1.1 and responses leave in the same form, so that nobody else need know.
 */
import { STATUS_CODES } from 'node:http'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  connect,
  constants,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { MAX_BODY_BYTES } from './connection.ts'
import { HttpFailure } from './failure.ts'
import { type ResponseHead, canonicalName } from './head.ts'

/** Names of error codes, by code. */
const ERRORS = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
]

/** Belong to one connection of HTTP/1.1 alone. */
const CONNECTION_HEADERS = new Set([
  'host',
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
])

/** What a session was asked, when it is over; times in ms of performance.now(). */
export interface H2Result {
  head: ResponseHead | null
  body: Buffer
  failure: HttpFailure | null
  sendStart: number
  sendEnd: number
  /** 0: nothing came. */
  firstByte: number
  end: number
}

export interface H2Request {
  head: string
  body: Uint8Array | string | null
  wantsBody: boolean
  timeoutMs: number
}

function codeFailure(base: number, kind: string, code: number): HttpFailure {
  const name = ERRORS[code]
  const text = name ?? `unknown error code 0x${code.toString(16)}`
  return new HttpFailure(
    name === undefined ? base : base + 1 + code,
    `http2: ${kind} with http2 ErrCode ${text}`,
  )
}

export class H2Session {
  readonly #session: ClientHttp2Session
  readonly #cancels = new Set<() => void>()
  #goAway: HttpFailure | null = null
  #broken: HttpFailure | null = null

  /** `onClose`: no new request can be sent. */
  constructor(socket: TLSSocket, origin: string, onClose: () => void) {
    this.#session = connect(origin, {
      createConnection: () => socket,
      settings: { enablePush: false },
    })
    this.#session.on('goaway', (code: number) => {
      if (code !== 0) this.#goAway = codeFailure(1610, 'received GoAway', code)
      onClose()
    })
    this.#session.on('error', (error: NodeJS.ErrnoException) => {
      this.#broken ??= sessionFailure(error)
      onClose()
    })
    this.#session.on('close', onClose)
    this.#session.unref()
  }

  get isOpen(): boolean {
    return !this.#session.closed && !this.#session.destroyed && this.#goAway === null
  }

  get isIdle(): boolean {
    return this.#cancels.size === 0
  }

  request(request: H2Request, done: (result: H2Result) => void): void {
    const sendStart = performance.now()
    const { headers, hasBody } = headersOf(request)
    const parts: Buffer[] = []
    let size = 0
    let head: ResponseHead | null = null
    let firstByte = 0
    let sendEnd = sendStart
    let end = 0
    let isOver = false
    let stream: ClientHttp2Stream
    const over = (failure: HttpFailure | null): void => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      this.#cancels.delete(cancel)
      const body = Buffer.concat(parts)
      done({ head, body, failure, sendStart, sendEnd, firstByte, end: end || performance.now() })
    }
    const cancel = (): void => {
      isOver = true
      clearTimeout(timer)
      stream?.destroy()
    }
    const timer = setTimeout(() => {
      over(new HttpFailure(1050, 'request timeout'))
      stream.close(constants.NGHTTP2_CANCEL)
    }, request.timeoutMs)
    this.#session.ref()
    this.#cancels.add(cancel)
    try {
      stream = this.#session.request(headers, { endStream: !hasBody })
    } catch (error) {
      return over(this.#failure(0, error as Error))
    }
    if (hasBody) stream.end(request.body, () => (sendEnd = performance.now()))
    else sendEnd = performance.now()
    stream.on('response', (given) => {
      firstByte = performance.now()
      head = headOf(given)
    })
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_BODY_BYTES) {
        over(
          new HttpFailure(
            1000,
            `the response body has ${size} bytes or more; want at most ${MAX_BODY_BYTES}`,
          ),
        )
        stream.close(constants.NGHTTP2_CANCEL)
      } else if (request.wantsBody) parts.push(chunk)
    })
    // A stream that is reset ends as one that is complete does; only its close tells them apart.
    stream.on('end', () => (end = performance.now()))
    stream.on('error', (error) => over(this.#failure(stream.rstCode ?? 0, error)))
    stream.on('close', () => {
      const isWhole = head !== null && end > 0 && stream.rstCode === 0
      over(isWhole ? null : this.#failure(stream.rstCode ?? 0, null))
    })
  }

  #failure(rstCode: number, error: Error | null): HttpFailure {
    if (this.#goAway !== null) return this.#goAway
    if (this.#broken !== null) return this.#broken
    if (rstCode !== 0) return codeFailure(1630, 'stream error', rstCode)
    return error === null
      ? new HttpFailure(1000, 'unexpected EOF')
      : sessionFailure(error as NodeJS.ErrnoException)
  }

  /** Drops what is under way; nobody is told. */
  abort(): void {
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
  }

  close(): void {
    this.abort()
    this.#session.destroy()
  }
}

function sessionFailure(error: NodeJS.ErrnoException): HttpFailure {
  const code = /code (?:NGHTTP2_)?([A-Z_0-9]+)$/.exec(error.message)?.[1]
  const index = code === undefined ? -1 : ERRORS.indexOf(code)
  if (index >= 0) return codeFailure(1650, 'connection error', index)
  if (error.code === 'ECONNRESET') return new HttpFailure(1220, 'read: connection reset by peer')
  if (error.code === 'ERR_HTTP2_ERROR') return codeFailure(1650, 'connection error', 1)
  return new HttpFailure(1000, error.message)
}

/** The head of an HTTP/1.1 request as HTTP/2's headers. */
function headersOf({ head, body }: H2Request): {
  headers: Record<string, string | string[]>
  hasBody: boolean
} {
  const [first, ...lines] = head.trimEnd().split('\r\n')
  const [method, path] = first!.split(' ') as [string, string]
  const headers: Record<string, string | string[]> = { ':method': method, ':path': path }
  let isChunked = false
  for (const line of lines) {
    const colon = line.indexOf(': ')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 2)
    if (name === 'host') headers[':authority'] = value
    if (name === 'transfer-encoding') isChunked = true
    if (!CONNECTION_HEADERS.has(name)) headers[name] = value
  }
  return { headers, hasBody: body !== null && body.length > 0 && !isChunked }
}

function headOf(given: IncomingHttpHeaders): ResponseHead {
  const status = Number(given[':status'])
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith(':') || value === undefined) continue
    headers[canonicalName(name)] = Array.isArray(value) ? value.join(', ') : value
  }
  const challenge = given['www-authenticate']
  return {
    proto: 'HTTP/2.0',
    status,
    statusText: `${status} ${STATUS_CODES[status] ?? ''}`,
    headers,
    setCookies: given['set-cookie'] ?? [],
    challenges: challenge === undefined ? [] : [challenge],
    contentLength: -1,
    isChunked: false,
    keepAlive: true,
    contentEncoding: given['content-encoding'] ?? '',
  }
}
