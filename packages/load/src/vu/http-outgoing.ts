/**
 * One request as it goes out: method, address, headers, cookies, body; and what the next one after a
 * redirect is, by the rules of Go's net/http.
 */
import type { CookieJar } from '../http/cookies.ts'
import { HttpFailure } from '../http/failure.ts'
import { goQuote } from '../http/go-text.ts'
import { type RequestUrl, parseRequestUrl, resolveLocation } from '../http/url.ts'
import type { RequestBody } from './http-body.ts'
import type { RequestParams } from './http-params.ts'
import type { RequestRecord } from './response.ts'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
// oxlint-disable-next-line no-control-regex -- control characters are what Go refuses
const INVALID_VALUE = /[\0-\x08\x0a-\x1f\x7f]/
/** Headers that the sender writes itself. */
const OWN = new Set([
  'Host',
  'User-Agent',
  'Content-Length',
  'Transfer-Encoding',
  'Trailer',
  'Cookie',
])
/** Methods whose requests have a length even without a body. */
const HAS_LENGTH = new Set(['POST', 'PUT', 'PATCH'])
/** Methods that an empty body makes no difference to. */
const LACKS_BODY = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PROPFIND', 'SEARCH'])
/** Not sent on to another host. */
const SENSITIVE = [
  'Authorization',
  'Www-Authenticate',
  'Cookie',
  'Cookie2',
  'Proxy-Authorization',
  'Proxy-Authenticate',
]
/** Dropped with the body. */
const ABOUT_BODY = ['Content-Encoding', 'Content-Language', 'Content-Location', 'Content-Type']

export interface Outgoing {
  method: string
  url: RequestUrl
  body: RequestBody | null
  /** Canonical names; shared with the params until a redirect changes it. */
  headers: ReadonlyMap<string, string> | null
  /** The script's `Cookie` header, its `cookies` and the jar's, in the text of one header. */
  cookie: string
}

/** Why Go would not even send it, or null. */
export function refusal({ method, url, headers }: Outgoing): HttpFailure | null {
  if (url.scheme === 'http' || url.scheme === 'https') {
    for (const [name, value] of headers ?? []) {
      if (!TOKEN.test(name))
        return new HttpFailure(1000, `net/http: invalid header field name ${goQuote(name)}`)
      if (INVALID_VALUE.test(value))
        return new HttpFailure(1000, `net/http: invalid header field value for ${goQuote(name)}`)
    }
  } else {
    return new HttpFailure(1000, `unsupported protocol scheme ${goQuote(url.scheme)}`)
  }
  if (method !== '' && !TOKEN.test(method))
    return new HttpFailure(1000, `net/http: invalid method ${goQuote(method)}`)
  if (url.host === '') return new HttpFailure(1000, 'http: no Host in request URL')
  return null
}

/** The head as HTTP/1.1 has it, in Latin-1, with the empty line at its end. */
export function headText(
  { method, url, body, headers, cookie }: Outgoing,
  userAgent: string,
  { target, proxyHeader }: { target: string; proxyHeader: string },
  closes: boolean,
): string {
  let head = `${method || 'GET'} ${target} HTTP/1.1\r\nHost: ${headers?.get('Host') ?? url.hostHeader}\r\n`
  const agent = headers?.get('User-Agent') ?? userAgent
  if (agent !== '') head += `User-Agent: ${agent}\r\n`
  head += framing(method, body)
  if (body?.encoding && !headers?.has('Content-Encoding'))
    head += `Content-Encoding: ${body.encoding}\r\n`
  if (body?.type && !headers?.has('Content-Type')) head += `Content-Type: ${body.type}\r\n`
  if (headers !== null) {
    for (const [name, value] of headers) if (!OWN.has(name)) head += `${name}: ${value}\r\n`
  }
  if (url.credentials !== null && !headers?.has('Authorization'))
    head += `Authorization: Basic ${url.credentials}\r\n`
  if (cookie !== '') head += `Cookie: ${cookie}\r\n`
  head += proxyHeader
  if (closes && !headers?.has('Connection')) head += 'Connection: close\r\n'
  return latin1(`${head}\r\n`)
}

function framing(method: string, body: RequestBody | null): string {
  if (body === null) return HAS_LENGTH.has(method) ? 'Content-Length: 0\r\n' : ''
  const { bytes } = body
  if (bytes.length === 0) return isChunked(method, body) ? 'Transfer-Encoding: chunked\r\n' : ''
  return `Content-Length: ${typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length}\r\n`
}

/** Go knows no length of an empty body, and sends it in chunks where a body is usual. */
function isChunked(method: string, body: RequestBody | null): boolean {
  return body !== null && body.bytes.length === 0 && !LACKS_BODY.has(method || 'GET')
}

/** What follows the head. */
export function bodyBytes({ method, body }: Outgoing): string | Uint8Array | null {
  if (body === null) return null
  return isChunked(method, body) ? '0\r\n\r\n' : body.bytes
}

/** The `Cookie` header: what the script wrote, then `cookies`, then what the jar has for `url`. */
export function cookieText(
  written: string | undefined,
  given: RequestParams['cookies'],
  jar: CookieJar,
  url: RequestUrl,
): string {
  if (written === undefined && given === null && jar.isEmpty) return ''
  const parts = written === undefined || written === '' ? [] : [written]
  for (const [name, value] of given ?? []) parts.push(cookiePair(name, value))
  for (const { name, value } of jar.for(url)) {
    const isReplaced = given?.some(([other, , replaces]) => replaces && other === name) ?? false
    if (!isReplaced) parts.push(cookiePair(name, value))
  }
  return parts.join('; ')
}

/** As Go writes a cookie: bytes that are not allowed are left out, blanks and commas want quotes. */
function cookiePair(name: string, value: string): string {
  const kept = value.replace(/[^\x20\x21\x23-\x3a\x3c-\x5b\x5d-\x7e]/g, '')
  return `${name.replace(/[\r\n]/g, '-')}=${/[ ,]/.test(kept) ? `"${kept}"` : kept}`
}

/** What `response.request` shows. */
export function recordOf(out: Outgoing, userAgent: string): RequestRecord {
  const { method, url, headers, body, cookie } = out
  const shown: Record<string, string[]> = { 'User-Agent': [userAgent] }
  if (body?.type) shown['Content-Type'] = [body.type]
  for (const [name, value] of headers ?? []) if (name !== 'Content-Length') shown[name] = [value]
  if (body?.encoding) shown['Content-Encoding'] ??= [body.encoding]
  if (cookie !== '') shown['Cookie'] = [cookie]
  const bytes = body?.bytes ?? ''
  return {
    method,
    url: url.href,
    headers: shown,
    body: typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8'),
    cookies: cookiesOf(cookie),
  }
}

function cookiesOf(header: string): RequestRecord['cookies'] {
  const cookies: RequestRecord['cookies'] = {}
  for (const part of header === '' ? [] : header.split(';')) {
    const equals = part.indexOf('=')
    const name = (equals < 0 ? part : part.slice(0, equals)).trim()
    const value = equals < 0 ? '' : part.slice(equals + 1).trim()
    if (!TOKEN.test(name)) continue
    ;(cookies[name] ??= []).push({ name, value: value.replace(/^"(.*)"$/, '$1'), replace: false })
  }
  return cookies
}

/**
 * The request that follows a redirect, still without cookies, or null when the answer is none. Throws
 * HttpFailure for a `Location` that cannot be read.
 */
export function redirected(
  out: Outgoing,
  first: Outgoing,
  status: number,
  location: string | undefined,
): Outgoing | null {
  const keepsBody = status === 307 || status === 308
  if (!keepsBody && status !== 301 && status !== 302 && status !== 303) return null
  if (location === undefined || location === '') return null
  const url = targetOf(location, out.url)
  const method = keepsBody || out.method === 'GET' || out.method === 'HEAD' ? out.method : 'GET'
  const headers = new Map(out.headers)
  headers.delete('Cookie')
  if (first.headers?.has('Host') && /^[a-z][a-z0-9+.-]*:/i.test(location)) headers.delete('Host')
  if (!isSameSite(first.url.host, url.host)) for (const name of SENSITIVE) headers.delete(name)
  if (method !== out.method) for (const name of ABOUT_BODY) headers.delete(name)
  if (out.body?.type && method === out.method && !headers.has('Content-Type'))
    headers.set('Content-Type', out.body.type)
  const referer = refererOf(out.url, url, first.headers?.get('Referer'))
  if (referer !== '') headers.set('Referer', referer)
  return { ...out, method, url, headers, body: keepsBody ? out.body : null, cookie: '' }
}

function targetOf(location: string, from: RequestUrl): RequestUrl {
  try {
    return parseRequestUrl(resolveLocation(latinToText(location), from))
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error
    const why = error.message.replace(/^invalid URL: /, '')
    throw new HttpFailure(1000, `failed to parse Location header ${goQuote(location)}: ${why}`)
  }
}

/** Headers arrive as Latin-1; a `Location` beyond ASCII is UTF-8. */
function latinToText(text: string): string {
  return /[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text
}

/** The same host, or one below it. */
function isSameSite(from: string, to: string): boolean {
  return to === from || (to.endsWith(`.${from}`) && !/^[\d.]+$|:/.test(to))
}

function refererOf(from: RequestUrl, to: RequestUrl, written: string | undefined): string {
  if (from.isTls && to.scheme === 'http') return ''
  return written !== undefined && written !== '' ? written : from.withoutUser
}

/** Header values go out as Latin-1; other text as its UTF-8 bytes. */
function latin1(value: string): string {
  for (let i = 0; i < value.length; i++)
    if (value.charCodeAt(i) > 127) return Buffer.from(value, 'utf8').toString('latin1')
  return value
}
