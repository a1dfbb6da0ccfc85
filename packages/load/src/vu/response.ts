/** What `http.get` gives to the script. Parts that few scripts look at are made when they are read. */
import { parseSetCookie } from '../http/cookies.ts'
import type { ResponseHead } from '../http/head.ts'
import type { Timings } from '../http/client.ts'
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
  timings: Timings
  remoteAddress: string
  remotePort: number
  tlsVersion: string
  cipher: string
  request: () => RequestRecord
}

const NO_HEADERS = Object.freeze({})

export class Response {
  status: number
  url: string
  body: string | ArrayBuffer | null
  error: string
  error_code: number
  readonly #parts: ResponseParts
  #json: { value: unknown } | null = null
  #headers: Record<string, string> | null = null

  constructor(parts: ResponseParts) {
    this.#parts = parts
    this.status = parts.head === null ? 0 : parts.head.status
    this.url = parts.url
    this.body = parts.body
    this.error = parts.error
    this.error_code = parts.errorCode
  }

  get remote_ip(): string {
    return this.#parts.remoteAddress
  }

  get remote_port(): number {
    return this.#parts.remotePort
  }

  get status_text(): string {
    return this.#parts.head?.statusText ?? ''
  }

  get proto(): string {
    return this.#parts.head?.proto ?? ''
  }

  get headers(): Record<string, string> {
    this.#headers ??= { ...(this.#parts.head?.headers ?? NO_HEADERS) }
    return this.#headers
  }

  get cookies(): Record<string, object[]> {
    const cookies: Record<string, object[]> = {}
    for (const text of this.#parts.head?.setCookies ?? []) {
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

  get timings(): Record<string, number> {
    const { blocked, connecting, handshaking, sending, waiting, receiving } = this.#parts.timings
    return {
      duration: sending + waiting + receiving,
      blocked,
      looking_up: 0,
      connecting,
      tls_handshaking: handshaking,
      sending,
      waiting,
      receiving,
    }
  }

  get tls_version(): string {
    return this.#parts.tlsVersion
  }

  get tls_cipher_suite(): string {
    return this.#parts.cipher
  }

  get ocsp(): object {
    return {
      produced_at: 0,
      this_update: 0,
      next_update: 0,
      revoked_at: 0,
      revocation_reason: '',
      status: '',
    }
  }

  get request(): RequestRecord {
    return this.#parts.request()
  }

  /** The body as JSON, or the part of it that `selector` names. */
  json(selector?: unknown): unknown {
    if (this.#json === null) {
      if (this.body === null)
        throw goError(
          "the body is null so we can't transform it to JSON - this likely was because of a request error getting the response",
        )
      const text =
        typeof this.body === 'string' ? this.body : Buffer.from(this.body).toString('utf8')
      try {
        this.#json = { value: JSON.parse(text) }
      } catch (error) {
        throw goError(`cannot parse json due to an error${placeOfJsonError(text, error as Error)}`)
      }
    }
    return selector === undefined
      ? this.#json.value
      : selectJson(this.#json.value, textOf(selector))
  }

  /** Fields in k6's order. */
  toJSON(): object {
    const {
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
    } = this
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

export function goError(message: string): Error {
  const error = new Error(message)
  error.name = 'GoError'
  return error
}

/** V8 tells a position in JSON, or that the text ended. */
function placeOfJsonError(text: string, error: Error): string {
  const match = /position (\d+)/.exec(error.message)
  const offset = match === null ? text.length : Number(match[1])
  const before = text.slice(0, offset).split('\n')
  return ` at line ${before.length}, character ${before.at(-1)!.length + 1} , error: ${error.message}`
}
