/** One request of a script with its redirects, authentication, decoding and samples, on top of the VU's client. */
import { UNCONNECTED, type WireResult } from '../http/client.ts'
import { type CookieJar, parseSetCookie } from '../http/cookies.ts'
import { HttpFailure } from '../http/failure.ts'
import { goQuote, goValue } from '../http/go-text.ts'
import type { ResponseHead } from '../http/head.ts'
import { type RequestUrl, parseRequestUrl } from '../http/url.ts'
import type { TagSet } from '../metrics/tags.ts'
import { afterPoll } from './after-poll.ts'
import { readBody } from './http-body.ts'
import { logRequest } from './http-debug.ts'
import { type Challenge, type Credentials, authorize, findChallenge } from './http-digest.ts'
import { decode, encode, loadZstd, needsZstd } from './http-encoding.ts'
import {
  type Outgoing,
  bodyBytes,
  cookieText,
  headText,
  recordOf,
  redirected,
  refusal,
} from './http-outgoing.ts'
import {
  DEFAULT_CALLBACK,
  type RequestParams,
  type ResponseCallback,
  readParams,
} from './http-params.ts'
import { httpSeriesOf } from './http-samples.ts'
import { goError } from './go-error.ts'
import { Response, type ResponseParts, blankResponse } from './response.ts'
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

/** Digest wants one 401 first; a status other than that is unexpected. */
const CHALLENGED: ResponseCallback = { isExpected: (status) => status === 401 }

/** Reads what the script handed over, in k6's order; throws HttpFailure for what k6 cannot read. */
export function prepareRequest(
  vu: Vu,
  method: string,
  given: unknown,
  body: unknown,
  params: unknown,
): HttpRequest {
  const url = readUrl(vu, given)
  const name = given instanceof NamedUrl && given.name !== given.url ? given.name : null
  const read = readBody(body, (message) => vu.environment.log('warning', message))
  return new HttpRequest(
    vu,
    { method, url, body: read, headers: null, cookie: '' },
    name,
    readParams(params),
  )
}

function readUrl(vu: Vu, given: unknown): RequestUrl {
  if (typeof given === 'string') return vu.environment.urls.parse(given)
  if (given instanceof NamedUrl) return vu.environment.urls.parse(given.url)
  if (given instanceof String) return vu.environment.urls.parse(String(given))
  throw new HttpFailure(1020, `invalid URL: '#${goValue(given)}'`)
}

/** As `prepareRequest`; or the response that stands for a request which cannot be read. */
export function readRequest(
  vu: Vu,
  method: string,
  url: unknown,
  body: unknown,
  params: unknown,
): HttpRequest | Response {
  vu.requireRunning('Making http requests')
  try {
    return prepareRequest(vu, method, url, body, params)
  } catch (error) {
    return unreadable(vu, error)
  }
}

/** What k6 makes of a request that it cannot read: an exception only when the run's `throw` is set. */
function unreadable(vu: Vu, error: unknown): Response {
  if (!(error instanceof HttpFailure)) throw error
  if (vu.environment.options.throw) throw goError(error.message)
  vu.environment.log('warning', 'Request Failed', { error: error.message })
  return blankResponse(error.message, error.code)
}

/** One call of the script: a request and what follows from it. */
export class HttpRequest {
  readonly #vu: Vu
  readonly #params: RequestParams
  readonly #jar: CookieJar
  readonly #name: string | null
  readonly #tags: TagSet
  readonly #digest: Credentials | null
  #callback: ResponseCallback | null
  /** The first request; `response.request` tells of it. */
  #first: Outgoing
  #out: Outgoing
  #hops = 0
  /** The digest challenge that was met last, and how often. */
  #challenge: Challenge | null = null
  #challengeUses = 0
  /** Whether this hop has already answered a challenge. */
  #isAuthorized = false
  #deadline = 0
  #isCancelled = false
  #done: Done | null = null
  #fail: Fail | null = null

  constructor(vu: Vu, out: Outgoing, name: string | null, params: RequestParams) {
    this.#vu = vu
    this.#name = name
    this.#params = params
    this.#jar = params.jar ?? vu.jar
    this.#tags = params.tags === null ? vu.tags : vu.withTags(params.tags)
    const callback =
      params.responseCallback === undefined ? vu.responseCallback : params.responseCallback
    this.#callback = callback === undefined ? DEFAULT_CALLBACK : callback
    const { user } = out.url
    this.#digest =
      params.isDigest && user !== null ? { name: user.name, password: user.password ?? '' } : null
    this.#out = out
    if (params.headers !== null) out.headers = params.headers
    // Digest takes the credentials out of the address, so that they are not sent as Basic.
    if (params.isDigest && user !== null) out.url = parseRequestUrl(out.url.withoutUser)
    out.cookie = cookieText(params.headers?.get('Cookie'), params.cookies, this.#jar, out.url)
    this.#first = out
  }

  get url(): RequestUrl {
    return this.#out.url
  }

  /** Returns how to cancel; cancelled, neither callback is called. */
  start(done: Done, fail: Fail): () => void {
    this.#done = done
    this.#fail = fail
    const { compression } = this.#params
    if (compression !== null && this.#out.body !== null && needsZstd(compression)) {
      if (this.#vu.environment.waiter !== null)
        throw new TypeError(
          'zstd cannot be used in a script that needs real blocking; want gzip or br',
        )
      void loadZstd().then(() => this.#compressed())
    } else {
      this.#compressed()
    }
    return () => {
      this.#isCancelled = true
    }
  }

  #compressed(): void {
    if (this.#isCancelled) return
    const { compression, headers } = this.#params
    const { body, method, url } = this.#out
    if (compression !== null && body !== null) {
      const { bytes, header } = encode(body.bytes, compression)
      const written = headers?.get('Content-Encoding') ?? ''
      if (written !== '' && written !== header) {
        this.#warn(
          `There's a mismatch between the desired \`compression\` the manually set \`Content-Encoding\` header in the ${method} request for '${url.href}', the custom header has precedence and won't be overwritten. This may result in invalid data being sent to the server.`,
        )
      }
      this.#out.body = { bytes, type: body.type, encoding: header }
    }
    this.#checkLength()
    this.#afterOthers()
  }

  /** Waits for its turn where the rate of requests is limited; the time-out begins after. */
  #afterOthers(): void {
    const { options, state } = this.#vu.environment
    const waitMs = options.rps === 0 ? 0 : state.reserveRequest(options.rps)
    if (waitMs > 0) setTimeout(() => this.#send(), Math.ceil(waitMs))
    else this.#send()
  }

  #send(): void {
    if (this.#isCancelled) return
    this.#deadline = performance.now() + this.#params.timeoutMs
    if (this.#digest !== null && this.#callback !== null) this.#hop(CHALLENGED)
    else this.#hop(this.#callback)
  }

  #checkLength(): void {
    const written = this.#out.headers?.get('Content-Length')
    if (written === undefined || written === '') return
    const bytes = this.#out.body?.bytes ?? ''
    const length = typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length
    if (written.trim() === String(length)) return
    this.#warn(
      `The specified Content-Length header ${goQuote(written)} in the ${this.#out.method} request for ${this.#out.url.href} doesn't match the actual request body length of ${length}, so it will be ignored!`,
    )
  }

  #warn(message: string): void {
    this.#vu.environment.log('warning', message)
  }

  /** One round trip. */
  #hop(callback: ResponseCallback | null): void {
    const out = this.#out
    const refused = refusal(out)
    if (refused !== null) return this.#broke(UNCONNECTED, refused, callback)
    const isFirst = this.#hops === 0 && !this.#isAuthorized
    const left = isFirst ? this.#params.timeoutMs : this.#deadline - performance.now()
    if (left <= 0)
      return this.#broke(UNCONNECTED, new HttpFailure(1050, 'request timeout'), callback)
    const closes = /(^|,)\s*close\s*(,|$)/i.test(out.headers?.get('Connection') ?? '')
    const head = this.#headOf(out)
    const body = bodyBytes(out)
    const isLogged = this.#vu.environment.options.network.httpDebug !== ''
    const logAnswer = isLogged ? logRequest(this.#vu, head, body) : null
    this.#vu.client.request(
      {
        method: out.method,
        url: out.url,
        head,
        body,
        wantsBody: this.#responseType() !== 'none',
        timeoutMs: left,
        closes,
        isRepeatable:
          out.headers !== null &&
          (out.headers.has('Idempotency-Key') || out.headers.has('X-Idempotency-Key')),
      },
      (result) => {
        if (this.#isCancelled) return
        if (result.exchange === null) this.#broke(result, result.failure!, callback)
        else {
          logAnswer?.(result.exchange.head, result.exchange.body)
          this.#arrived(result, result.exchange.head, callback)
        }
      },
    )
  }

  /** Fast path: nothing in the request but method and address; the text is kept with the URL. */
  #headOf(out: Outgoing): string {
    const { environment } = this.#vu
    const { userAgent, noConnectionReuse } = environment.options
    const { url, method } = out
    if (out.headers !== null || out.cookie !== '' || out.body !== null)
      return headText(out, userAgent, environment.proxies.targetOf(url), noConnectionReuse)
    let head = url.plainHeads.get(method)
    if (head === undefined) {
      head = headText(out, userAgent, environment.proxies.targetOf(url), noConnectionReuse)
      url.plainHeads.set(method, head)
    }
    return head
  }

  #responseType(): 'text' | 'binary' | 'none' {
    return (
      this.#params.responseType ??
      (this.#vu.environment.options.discardResponseBodies ? 'none' : 'text')
    )
  }

  // What comes back

  #arrived(result: WireResult, head: ResponseHead, callback: ResponseCallback | null): void {
    const { url } = this.#out
    for (const text of head.setCookies) {
      const cookie = parseSetCookie(text)
      if (cookie !== undefined) this.#jar.set(url, cookie)
    }
    if (head.status === 401 && this.#challenged(result, head, callback)) return
    let next: Outgoing | null
    try {
      next = redirected(this.#out, this.#first, head.status, head.headers['Location'])
    } catch (error) {
      return this.#broke(result, error as HttpFailure, callback)
    }
    if (next !== null && this.#mayFollow()) {
      this.#emit(result, head, callback, 0, '')
      this.#hops++
      next.cookie = cookieText(undefined, this.#params.cookies, this.#jar, next.url)
      this.#out = next
      this.#isAuthorized = false
      if (this.#challenge !== null && next.url.origin === this.#first.url.origin) this.#authorize()
      return this.#hop(this.#callback)
    }
    if (head.status === 101) {
      this.#emit(result, head, callback, 0, '')
      return this.#fail!(goError(`unsupported response status: ${head.statusText}`))
    }
    this.#decode(result, head, callback)
  }

  #mayFollow(): boolean {
    const { maxRedirects, warnsOfRedirects } = this.#vu.environment.options
    if (this.#hops < (this.#params.redirects ?? maxRedirects)) return true
    if (this.#params.redirects === null && warnsOfRedirects) {
      this.#vu.environment.log(
        'warning',
        `Stopped after ${this.#hops + 1} redirects and returned the redirection; pass { redirects: n } in request params or set global maxRedirects to silence this`,
        { url: this.#first.url.href },
      )
    }
    return false
  }

  /** Answers a digest challenge of the host that the credentials are for; once. */
  #challenged(result: WireResult, head: ResponseHead, callback: ResponseCallback | null): boolean {
    if (this.#digest === null || this.#isAuthorized) return false
    if (this.#out.url.origin !== this.#first.url.origin) return false
    const challenge = findChallenge(head.challenges)
    if (challenge === null) return false
    this.#emit(result, head, callback, 0, '')
    this.#isAuthorized = true
    this.#challenge = challenge
    this.#challengeUses = 0
    this.#authorize()
    this.#hop(this.#callback)
    return true
  }

  #authorize(): void {
    const out = this.#out
    const value = authorize(this.#challenge!, this.#digest!, {
      method: out.method || 'GET',
      uri: out.url.path,
      count: ++this.#challengeUses,
    })
    this.#out = { ...out, headers: new Map(out.headers).set('Authorization', value) }
  }

  #decode(result: WireResult, head: ResponseHead, callback: ResponseCallback | null): void {
    const type = this.#responseType()
    let bytes = result.exchange!.body
    if (bytes === null || type === 'none' || head.status === 204 || head.status === 304)
      return this.#finish(result, head, callback, null)
    const { contentEncoding } = head
    if (contentEncoding !== '' && bytes.length > 0) {
      if (needsZstd(contentEncoding)) {
        // The bytes lie in a buffer that is used again.
        const kept = { ...result, exchange: { head, body: Buffer.from(bytes) } }
        return void loadZstd().then(() => {
          if (!this.#isCancelled) this.#decode(kept, head, callback)
        })
      }
      try {
        bytes = decode(bytes, contentEncoding)
      } catch (error) {
        if (!(error instanceof HttpFailure)) throw error
        return this.#broke(result, error, callback)
      }
    }
    this.#finish(result, head, callback, bodyOf(bytes, type))
  }

  #finish(
    result: WireResult,
    head: ResponseHead,
    callback: ResponseCallback | null,
    body: string | ArrayBuffer | null,
  ): void {
    const { status } = head
    this.#emit(result, head, callback, 0, '')
    // The response lives as long as the script likes; the bytes that it was made of need not.
    result.exchange = null
    const response = this.#response({
      url: this.#out.url.href,
      head,
      body,
      error: '',
      errorCode: status >= 400 ? 1000 + status : 0,
      wire: result,
      request: this.#record(),
    })
    // A thread that blocks has no event loop to come back to.
    if (this.#vu.environment.waiter !== null) return this.#done!(response)
    afterPoll(() => {
      if (!this.#isCancelled) this.#done!(response)
    })
  }

  /** No response, or none that can be used: status 0. */
  #broke(result: WireResult, failure: HttpFailure, callback: ResponseCallback | null): void {
    this.#emit(result, null, callback, failure.code, failure.message)
    const isInBody = result.partialBody !== null || result.exchange !== null
    const text = isInBody
      ? failure.detail
      : `${titled(this.#first.method)} ${goQuote(this.#out.url.printed)}: ${failure.detail}`
    if (this.#params.throw ?? this.#vu.environment.options.throw) return this.#fail!(goError(text))
    this.#vu.environment.log('warning', 'Request Failed', { error: text })
    const type = this.#responseType()
    const partial = type === 'none' ? null : result.partialBody
    this.#done!(
      this.#response({
        url: this.#out.url.href,
        head: null,
        body: partial === null ? null : bodyOf(partial, type),
        error: failure.message,
        errorCode: failure.code,
        wire: result,
        request: this.#record(),
      }),
    )
  }

  #response(parts: ResponseParts): Response {
    const vu = this.#vu
    return new Response(parts, ({ method, url, body, params }) => {
      const request = readRequest(vu, method, url, body, params)
      if (!('start' in request)) return request
      return vu.block<Response>((done, fail) => request.start(done, fail))
    })
  }

  #record(): () => ReturnType<typeof recordOf> {
    const first = this.#first
    const { userAgent } = this.#vu.environment.options
    return () => recordOf(first, userAgent)
  }

  /** The nine samples of a round trip. */
  #emit(
    { timings, tlsVersion, remoteAddress }: WireResult,
    head: ResponseHead | null,
    callback: ResponseCallback | null,
    errorCode: number,
    error: string,
  ): void {
    const status = head === null ? 0 : head.status
    const expected = callback === null ? null : callback.isExpected(status)
    const series = httpSeriesOf(this.#vu, this.#tags, {
      method: this.#out.method,
      url: this.#out.url.masked,
      name: this.#name,
      status,
      proto: head === null ? '' : head.proto,
      tlsVersion: head === null ? '' : tlsVersion,
      ip: remoteAddress,
      expected,
      code: errorCode !== 0 ? errorCode : status >= 400 ? 1000 + status : 0,
      error,
    })
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

/** Text is decoded and bytes are copied: they may lie in a buffer that is used again. */
function bodyOf(bytes: Buffer, type: 'text' | 'binary' | 'none'): string | ArrayBuffer {
  return type === 'binary' ? new Uint8Array(bytes).buffer : bytes.toString('utf8')
}

function titled(method: string): string {
  return method === '' ? 'Get' : method[0] + method.slice(1).toLowerCase()
}
