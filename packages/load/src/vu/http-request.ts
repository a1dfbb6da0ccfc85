/** One request of a script with its redirects, cookies, decoding and samples, on top of the VU's client. */
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { MAX_BODY_BYTES } from '../http/connection.ts'
import { type CookieJar, parseSetCookie } from '../http/cookies.ts'
import { HttpFailure } from '../http/failure.ts'
import type { WireResult } from '../http/client.ts'
import type { RequestUrl } from '../http/url.ts'
import type { TagSet } from '../metrics/tags.ts'
import {
  DEFAULT_CALLBACK,
  type RequestBody,
  type RequestParams,
  readBody,
  readParams,
} from './http-params.ts'
import { httpSeriesOf } from './http-samples.ts'
import { type RequestRecord, Response, goError } from './response.ts'
import { textOf } from './text.ts'
import type { Vu } from './vu.ts'

type Done = (response: Response) => void
type Fail = (error: unknown) => void

/** `http.url` templates: the URL, and the name that its samples carry. */
export class NamedUrl {
  readonly url: string
  readonly name: string

  constructor(url: string, name: string) {
    this.url = url
    this.name = name
  }

  toString(): string {
    return this.url
  }
}

export function methodName(method: unknown): string {
  const name = textOf(method).toUpperCase()
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Z]+$/.test(name))
    throw new TypeError(`invalid HTTP method ${JSON.stringify(method)}`)
  return name
}

/** Reads what the script handed over; throws for what it cannot mean. */
export function prepareRequest(
  vu: Vu,
  method: string,
  url: unknown,
  body: unknown,
  params: unknown,
): HttpRequest {
  const isNamed = url instanceof NamedUrl
  const read = readParams(params)
  return new HttpRequest(
    vu,
    method,
    isNamed ? url.url : textOf(url),
    isNamed ? url.name : null,
    readBody(body),
    read,
  )
}

/** One call of the script: a request and the redirects that follow it. */
export class HttpRequest {
  readonly #vu: Vu
  readonly #params: RequestParams
  readonly #jar: CookieJar
  readonly #name: string | null
  readonly #tags: TagSet
  #method: string
  #urlText: string
  #body: RequestBody | null
  #redirectsLeft: number
  #referer: string | null = null

  constructor(
    vu: Vu,
    method: string,
    url: string,
    name: string | null,
    body: RequestBody | null,
    params: RequestParams,
  ) {
    this.#vu = vu
    this.#method = method
    this.#urlText = url
    this.#name = name
    this.#body = body
    this.#params = params
    this.#jar = params.jar ?? vu.jar
    this.#redirectsLeft = params.redirects ?? vu.environment.options.maxRedirects
    this.#tags = params.tags === null ? vu.tags : vu.withTags(params.tags)
  }

  /** Returns how to cancel; cancelled, neither callback is called. */
  start(done: Done, fail: Fail): () => void {
    this.#hop(done, fail)
    // The VU's client is aborted as a whole.
    return () => {}
  }

  #hop(done: Done, fail: Fail): void {
    const { client, environment } = this.#vu
    let url: RequestUrl
    try {
      url = environment.urls.parse(this.#urlText)
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error
      return this.#finishUnsent(error, done, fail)
    }
    const type = this.#responseType()
    const request = {
      method: this.#method,
      url,
      head: this.#head(url),
      body: this.#body?.bytes ?? null,
      wantsBody: type !== 'none',
      timeoutMs: this.#params.timeoutMs,
    }
    client.request(request, (result) => this.#arrived(url, result, done, fail))
  }

  #responseType(): 'text' | 'binary' | 'none' {
    return (
      this.#params.responseType ??
      (this.#vu.environment.options.discardResponseBodies ? 'none' : 'text')
    )
  }

  // What is sent

  /** Fast path: nothing in the request but method and address; the text is kept with the URL. */
  #head(url: RequestUrl): string {
    const { headers, cookies } = this.#params
    const isPlain = headers === null && cookies === null && this.#body === null
    if (!isPlain || this.#referer !== null || !this.#jar.isEmpty) return this.#ownHead(url)
    let head = url.plainHeads.get(this.#method)
    if (head === undefined) url.plainHeads.set(this.#method, (head = this.#ownHead(url)))
    return head
  }

  #ownHead(url: RequestUrl): string {
    const { headers } = this.#params
    const { userAgent } = this.#vu.environment.options
    let head = `${this.#method} ${url.path} HTTP/1.1\r\nHost: ${headers?.get('Host') ?? url.hostHeader}\r\n`
    head += `User-Agent: ${headers?.get('User-Agent') ?? userAgent}\r\n`
    if (this.#body !== null) {
      const { bytes, type } = this.#body
      head += `Content-Length: ${typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length}\r\n`
      if (type !== null && !headers?.has('Content-Type')) head += `Content-Type: ${type}\r\n`
    } else if (this.#method === 'POST' || this.#method === 'PUT' || this.#method === 'PATCH') {
      head += 'Content-Length: 0\r\n'
    }
    if (headers !== null) {
      for (const [name, value] of headers) {
        if (name !== 'Host' && name !== 'User-Agent' && name !== 'Content-Length')
          head += `${name}: ${latin1(value)}\r\n`
      }
    }
    if (url.credentials !== null && !headers?.has('Authorization'))
      head += `Authorization: Basic ${url.credentials}\r\n`
    if (this.#referer !== null && !headers?.has('Referer')) head += `Referer: ${this.#referer}\r\n`
    const cookies = this.#cookieHeader(url)
    if (cookies !== '') head += `Cookie: ${cookies}\r\n`
    return `${head}\r\n`
  }

  #cookieHeader(url: RequestUrl): string {
    const { cookies } = this.#params
    const given = cookies ?? []
    const replaced = new Set(given.filter(([, , replace]) => replace).map(([name]) => name))
    const kept = this.#jar.for(url).filter((cookie) => !replaced.has(cookie.name))
    return [
      ...given.map(([name, value]) => `${name}=${value}`),
      ...kept.map(({ name, value }) => `${name}=${value}`),
    ].join('; ')
  }

  #record(url: RequestUrl): RequestRecord {
    const headers: Record<string, string[]> = {
      'User-Agent': [this.#vu.environment.options.userAgent],
    }
    if (this.#body?.type) headers['Content-Type'] = [this.#body.type]
    for (const [name, value] of this.#params.headers ?? []) headers[name] = [value]
    const cookies: RequestRecord['cookies'] = {}
    for (const [name, value, replace] of this.#params.cookies ?? [])
      cookies[name] = [{ name, value, replace }]
    const bytes = this.#body?.bytes ?? ''
    const body = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')
    return { method: this.#method, url: url.href, headers, body, cookies }
  }

  // What comes back

  #arrived(url: RequestUrl, result: WireResult, done: Done, fail: Fail): void {
    const { exchange } = result
    if (exchange === null) return this.#finish(url, result, null, result.failure, done, fail)
    for (const text of exchange.head.setCookies) {
      const cookie = parseSetCookie(text)
      if (cookie !== undefined) this.#jar.set(url, cookie)
    }
    const location = redirectTarget(exchange.head.status, exchange.head.headers['Location'], url)
    if (location !== null && this.#redirectsLeft > 0) {
      this.#emit(url, result, 0, '')
      return this.#follow(exchange.head.status, location, url, done, fail)
    }
    let body: string | ArrayBuffer | null = null
    let failure: HttpFailure | null = null
    try {
      body = this.#decode(exchange.body, exchange.head.contentEncoding, exchange.head.status)
    } catch (error) {
      failure = new HttpFailure(1701, `decompression: ${(error as Error).message}`)
    }
    this.#finish(url, result, body, failure, done, fail)
  }

  #follow(status: number, location: string, from: RequestUrl, done: Done, fail: Fail): void {
    this.#redirectsLeft--
    if (status !== 307 && status !== 308) {
      if (this.#method !== 'HEAD') this.#method = 'GET'
      this.#body = null
    }
    this.#referer = from.isTls && location.startsWith('http:') ? null : from.href
    this.#urlText = location
    this.#hop(done, fail)
  }

  #decode(body: Buffer | null, encoding: string, status: number): string | ArrayBuffer | null {
    const type = this.#responseType()
    if (body === null || type === 'none' || status === 204 || status === 304) return null
    // The body lies in a buffer that is used again: text is decoded and bytes are copied now.
    const plain = encoding === '' || body.length === 0 ? body : decompress(body, encoding)
    return type === 'text' ? plain.toString('utf8') : new Uint8Array(plain).buffer
  }

  #finishUnsent(failure: HttpFailure, done: Done, fail: Fail): void {
    if (this.#params.throw ?? this.#vu.environment.options.throw)
      return fail(goError(failure.message))
    this.#warn(this.#urlText, failure)
    done(
      new Response({
        url: '',
        head: null,
        body: null,
        error: failure.message,
        errorCode: failure.code,
        timings: NO_TIMINGS,
        remoteAddress: '',
        remotePort: 0,
        tlsVersion: '',
        cipher: '',
        request: () => ({
          method: this.#method,
          url: this.#urlText,
          headers: {},
          body: '',
          cookies: {},
        }),
      }),
    )
  }

  #finish(
    url: RequestUrl,
    result: WireResult,
    body: string | ArrayBuffer | null,
    failure: HttpFailure | null,
    done: Done,
    fail: Fail,
  ): void {
    const head = result.exchange?.head ?? null
    const status = head?.status ?? 0
    const errorCode = failure?.code ?? (status >= 400 ? 1000 + status : 0)
    this.#emit(url, result, errorCode, failure?.message ?? '')
    if (failure !== null) {
      if (this.#params.throw ?? this.#vu.environment.options.throw) {
        return fail(goError(`${titled(this.#method)} "${url.masked}": ${failure.message}`))
      }
      this.#warn(url.masked, failure)
    }
    done(
      new Response({
        url: url.href,
        head,
        body: failure === null ? body : null,
        error: failure?.message ?? '',
        errorCode,
        timings: result.timings,
        remoteAddress: result.remoteAddress,
        remotePort: result.remotePort,
        tlsVersion: result.tlsVersion,
        cipher: result.cipher,
        request: () => this.#record(url),
      }),
    )
  }

  #warn(url: string, failure: HttpFailure): void {
    this.#vu.environment.log('warning', 'Request Failed', {
      error: `${titled(this.#method)} "${url}": ${failure.message}`,
    })
  }

  /** The nine samples of a round trip. */
  #emit(url: RequestUrl, result: WireResult, errorCode: number, error: string): void {
    const head = result.exchange?.head ?? null
    const callback =
      this.#params.responseCallback === undefined
        ? this.#vu.responseCallback
        : this.#params.responseCallback
    const status = head?.status ?? 0
    const expected = callback === null ? null : (callback ?? DEFAULT_CALLBACK).isExpected(status)
    const code = errorCode !== 0 ? errorCode : status >= 400 ? 1000 + status : 0
    const series = httpSeriesOf(this.#vu, this.#tags, {
      method: this.#method,
      url: url.masked,
      name: this.#name,
      status,
      proto: head?.proto ?? '',
      tlsVersion: result.tlsVersion,
      expected,
      code,
      error,
    })
    const { timings } = result
    series.reqs.add(1)
    series.duration.add(timings.sending + timings.waiting + timings.receiving)
    series.blocked.add(timings.blocked)
    series.connecting.add(timings.connecting)
    series.handshaking.add(timings.handshaking)
    series.sending.add(timings.sending)
    series.waiting.add(timings.waiting)
    series.receiving.add(timings.receiving)
    if (expected !== null) series.failed.add(expected ? 0 : 1)
  }
}

const NO_TIMINGS = {
  blocked: 0,
  connecting: 0,
  handshaking: 0,
  sending: 0,
  waiting: 0,
  receiving: 0,
}

/** Header values go out as Latin-1; other text as its UTF-8 bytes. */
function latin1(value: string): string {
  for (let i = 0; i < value.length; i++)
    if (value.charCodeAt(i) > 255) return Buffer.from(value, 'utf8').toString('latin1')
  return value
}

function titled(method: string): string {
  return method[0] + method.slice(1).toLowerCase()
}

function redirectTarget(
  status: number,
  location: string | undefined,
  from: RequestUrl,
): string | null {
  if (location === undefined || ![301, 302, 303, 307, 308].includes(status)) return null
  try {
    return new URL(location, from.href).href
  } catch {
    return null
  }
}

function decompress(body: Buffer, encodings: string): Buffer {
  const limit = { maxOutputLength: MAX_BODY_BYTES }
  return encodings
    .split(',')
    .map((one) => one.trim())
    .reverse()
    .reduce((bytes, encoding) => {
      switch (encoding) {
        case 'gzip':
        case 'x-gzip':
          return gunzipSync(bytes, limit)
        case 'deflate':
          return (bytes[0]! & 0x0f) === 8 ? inflateSync(bytes, limit) : inflateRawSync(bytes, limit)
        case 'br':
          return brotliDecompressSync(bytes, limit)
        default:
          return bytes
      }
    }, body)
}
