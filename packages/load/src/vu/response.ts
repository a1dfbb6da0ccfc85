/** What `http.get` gives to the script. Parts that few scripts look at are made when they are read. */
import type { WireResult } from '../http/client.ts'
import { UNCONNECTED } from '../http/client.ts'
import { parseSetCookie } from '../http/cookies.ts'
import type { ResponseHead } from '../http/head.ts'
import { goError } from './go-error.ts'
import { describeJsonProblem } from './go-json.ts'
import { type Selection, createSelection } from './html/selection.ts'
import { type NextRequest, formRequest, linkRequest } from './response-forms.ts'
import { selectJson } from './selector.ts'
import { textOf } from './text.ts'

/** `expires` of a cookie that has none: Go's zero time in ms. */
const NO_EXPIRY = -6795364578871

export interface RequestRecord {
  method: string
  url: string
  headers: Record<string, string[]>
  body: string
  cookies: Record<string, { name: string; value: string; replace: boolean }[]>
}

export interface ResponseParts {
  url: string
  head: ResponseHead | null
  body: string | ArrayBuffer | null
  error: string
  errorCode: number
  wire: WireResult
  /** Null: the request could not even be read. */
  request: (() => RequestRecord) | null
}

export class Response {
  status: number
  url: string
  body: string | ArrayBuffer | null
  error: string
  error_code: number
  readonly #parts: ResponseParts
  readonly #send: (next: NextRequest) => unknown
  #json: { value: unknown } | null = null
  #headers: Record<string, string> | null = null
  #cookies: Record<string, object[]> | null = null
  #timings: Record<string, number> | null = null
  #request: RequestRecord | null = null

  /** `send` makes the request that follows from a form or a link; it blocks. */
  constructor(parts: ResponseParts, send: (next: NextRequest) => unknown) {
    this.#parts = parts
    this.#send = send
    this.status = parts.head === null ? 0 : parts.head.status
    this.url = parts.url
    this.body = parts.body
    this.error = parts.error
    this.error_code = parts.errorCode
  }

  get remote_ip(): string {
    return this.#parts.wire.remoteAddress
  }

  get remote_port(): number {
    return this.#parts.wire.remotePort
  }

  get status_text(): string {
    return this.#parts.head?.statusText ?? ''
  }

  get proto(): string {
    return this.#parts.head?.proto ?? ''
  }

  get headers(): Record<string, string> {
    this.#headers ??= { ...this.#parts.head?.headers }
    return this.#headers
  }

  get cookies(): Record<string, object[]> {
    this.#cookies ??= readCookies(this.#parts.head?.setCookies ?? [])
    return this.#cookies
  }

  get timings(): Record<string, number> {
    const { blocked, connecting, handshaking, sending, waiting, receiving } =
      this.#parts.wire.timings
    this.#timings ??= {
      duration: sending + waiting + receiving,
      blocked,
      looking_up: 0,
      connecting,
      tls_handshaking: handshaking,
      sending,
      waiting,
      receiving,
    }
    return this.#timings
  }

  get tls_version(): string {
    return this.#parts.head === null ? '' : this.#parts.wire.tlsVersion
  }

  get tls_cipher_suite(): string {
    return this.#parts.head === null ? '' : this.#parts.wire.cipher
  }

  /** Stapled answers are not asked for: the status of a TLS connection is unknown. */
  get ocsp(): object {
    return {
      produced_at: 0,
      this_update: 0,
      next_update: 0,
      revoked_at: 0,
      revocation_reason: '',
      status: this.tls_version === '' ? '' : 'unknown',
    }
  }

  get request(): RequestRecord | null {
    this.#request ??= this.#parts.request?.() ?? null
    return this.#request
  }

  /** The body as JSON, or the part of it that `selector` names; undefined when there is no such part. */
  json(...selector: unknown[]): unknown {
    if (this.#json === null) {
      if (this.body === null)
        throw goError(
          "the body is null so we can't transform it to JSON - this likely was because of a request error getting the response",
        )
      const text = textOfBody(this.body)
      try {
        this.#json = { value: JSON.parse(text) }
      } catch {
        if (selector.length > 0) return undefined
        throw goError(`cannot parse json due to an error at ${describeJsonProblem(text)}`)
      }
    }
    return selector.length === 0
      ? this.#json.value
      : selectJson(this.#json.value, textOf(selector[0]))
  }

  /** The body as a page, or what `selector` finds in it. */
  html(...selector: unknown[]): Selection {
    if (this.body === null)
      throw goError(
        "the body is null so we can't transform it to HTML - this likely was because of a request error getting the response",
      )
    const page = createSelection(textOfBody(this.body), this.url)
    return selector.length === 0 ? page : page.find(textOf(selector[0]))
  }

  submitForm(options?: unknown): unknown {
    return this.#send(formRequest(this.#page(), options))
  }

  clickLink(options?: unknown): unknown {
    return this.#send(linkRequest(this.#page(), options))
  }

  #page(): { url: string; html: (selector: string) => Selection } {
    return { url: this.url, html: (selector) => this.html(selector) }
  }

  /** Fields in k6's order. */
  toJSON(): object {
    const { remote_ip, remote_port, url, status, status_text, proto } = this
    const { headers, cookies, body, timings } = this
    const { tls_version, tls_cipher_suite, ocsp, error, error_code, request } = this
    return {
      remote_ip,
      remote_port,
      url,
      status,
      status_text,
      proto,
      headers,
      cookies,
      body,
      timings,
      tls_version,
      tls_cipher_suite,
      ocsp,
      error,
      error_code,
      request,
    }
  }
}

export function textOfBody(body: string | ArrayBuffer): string {
  return typeof body === 'string' ? body : Buffer.from(body).toString('utf8')
}

function readCookies(lines: readonly string[]): Record<string, object[]> {
  const cookies: Record<string, object[]> = {}
  for (const text of lines) {
    const cookie = parseSetCookie(text)
    if (cookie === undefined) continue
    ;(cookies[cookie.name] ??= []).push({
      name: cookie.name,
      value: cookie.value,
      domain: cookie.domain,
      path: cookie.path,
      http_only: cookie.httpOnly,
      secure: cookie.secure,
      max_age: cookie.maxAge,
      expires: cookie.expiresMs ?? NO_EXPIRY,
    })
  }
  return cookies
}

/** The response to a request that could not be read: k6 gives it an empty body, not null. */
export function blankResponse(error: string, errorCode: number): Response {
  return new Response(
    {
      url: '',
      head: null,
      body: new Uint8Array(0) as unknown as ArrayBuffer,
      error,
      errorCode,
      wire: UNCONNECTED,
      request: null,
    },
    () => null,
  )
}
