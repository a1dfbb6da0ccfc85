/**
 * Request URLs as Go's net/url reads and writes them: what was written stays as it is wherever it is
 * valid (case of the host, a missing path, the query), and errors have Go's words. Parsed once and kept.
 */
import { domainToASCII } from 'node:url'
import { goQuote } from './go-text.ts'
import { HttpFailure } from './failure.ts'

/** Parsed URLs that are kept; beyond, the cache starts anew. */
const MAX_CACHED = 10_000

export interface RequestUrl {
  /** The whole, as Go prints it: user information and fragment included. */
  href: string
  /** Lower case; '' when there is none. */
  scheme: string
  /** Key of connections: scheme, host and port. */
  origin: string
  isTls: boolean
  /** Lower case, without brackets. */
  host: string
  port: number
  /** Path and query as they are sent. */
  path: string
  user: { name: string; password: string | null } | null
  /** `user:password` in base64, or null. */
  credentials: string | null
  /** For tags: name and password masked. */
  masked: string
  /** For log lines and errors: the password masked. */
  printed: string
  /** For `Referer`: without user information. */
  withoutUser: string
  /** `Host` header. */
  hostHeader: string
  /** Heads of requests to it that have nothing of their own, by method. */
  plainHeads: Map<string, string>
}

export class UrlCache {
  readonly #urls = new Map<string, RequestUrl>()

  /** Throws HttpFailure 1020 for what Go cannot parse. */
  parse(text: string): RequestUrl {
    const known = this.#urls.get(text)
    if (known !== undefined) return known
    if (this.#urls.size >= MAX_CACHED) this.#urls.clear()
    const url = parseRequestUrl(text)
    this.#urls.set(text, url)
    return url
  }
}

function invalid(text: string, why: string): HttpFailure {
  return new HttpFailure(1020, `invalid URL: parse ${goQuote(text)}: ${why}`)
}

/** The pieces of a URL; `authority` is null when there is none. */
interface Pieces {
  scheme: string
  authority: string | null
  path: string
  /** With its `?`. */
  query: string
  /** With its `#`. */
  fragment: string
}

export function parseRequestUrl(text: string): RequestUrl {
  const { scheme, authority, path, query, fragment } = split(text)
  const at = (authority ?? '').lastIndexOf('@')
  const userText = at < 0 ? null : authority!.slice(0, at)
  if (userText !== null && !/^[\w\-.:~!$&'()*+,;=%@]*$/.test(userText)) {
    throw invalid(text, 'net/url: invalid userinfo')
  }
  const written = authority === null ? '' : authority.slice(at + 1)
  const { host, port } = splitHost(text, written)
  const user = userText === null ? null : readUser(text, userText)
  const escapedPath = escapePath(text, path)
  const tail = escapedPath + query + (fragment.length < 2 ? '' : escapeFragment(fragment))
  const href = (userInfo: string): string =>
    (scheme === '' ? '' : `${scheme}:`) +
    (authority === null ? '' : `//${userInfo}${written}`) +
    tail
  const isTls = scheme === 'https'
  const number = port === '' ? (isTls ? 443 : 80) : Number(port)
  const password = user?.password ?? null
  return {
    href: href(userText === null ? '' : `${userText}@`),
    scheme,
    origin: `${scheme}://${host}:${number}`,
    isTls,
    host,
    port: number,
    path: (escapedPath === '' ? '/' : escapedPath) + query,
    user,
    credentials:
      user === null ? null : Buffer.from(`${user.name}:${password ?? ''}`).toString('base64'),
    masked: href(user === null ? '' : password === null ? '****@' : '****:****@'),
    printed: href(
      userText === null
        ? ''
        : password === null
          ? `${userText}@`
          : `${userText.slice(0, userText.indexOf(':'))}:***@`,
    ),
    withoutUser: href(''),
    hostHeader: /[^\0-\x7f]/.test(written)
      ? host + (port === '' ? '' : `:${port}`)
      : written.replace(/%25?[^\]]*\]/, ']'),
    plainHeads: new Map(),
  }
}

function split(text: string): Pieces {
  // oxlint-disable-next-line no-control-regex -- control characters are what Go refuses
  if (/[\0-\x1f\x7f]/.test(text)) throw invalid(text, 'net/url: invalid control character in URL')
  const hash = text.indexOf('#')
  const fragment = hash < 0 ? '' : text.slice(hash)
  let rest = hash < 0 ? text : text.slice(0, hash)
  const named = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(rest)
  if (named === null && rest.startsWith(':')) throw invalid(text, 'missing protocol scheme')
  const scheme = named === null ? '' : named[1]!.toLowerCase()
  if (named !== null) rest = rest.slice(named[0].length)
  const mark = rest.indexOf('?')
  const query = mark < 0 ? '' : rest.slice(mark)
  if (mark >= 0) rest = rest.slice(0, mark)
  if (!rest.startsWith('/') && scheme === '' && rest.split('/', 1)[0]!.includes(':')) {
    throw invalid(text, 'first path segment in URL cannot contain colon')
  }
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///')))
    return { scheme, authority: null, path: rest, query, fragment }
  const slash = rest.indexOf('/', 2)
  return {
    scheme,
    authority: slash < 0 ? rest.slice(2) : rest.slice(2, slash),
    path: slash < 0 ? '' : rest.slice(slash),
    query,
    fragment,
  }
}

function splitHost(text: string, written: string): { host: string; port: string } {
  if (written.startsWith('[')) {
    const end = written.lastIndexOf(']')
    if (end < 0) throw invalid(text, "missing ']' in host")
    checkPort(text, written.slice(end + 1))
    return { host: written.slice(1, end).toLowerCase(), port: written.slice(end + 2) }
  }
  const colon = written.lastIndexOf(':')
  const host = colon < 0 ? written : written.slice(0, colon)
  if (colon >= 0) checkPort(text, written.slice(colon))
  const bad = /[^\w\-.~!$&'()*+,;=:[\]<>"%\u0080-\uffff]/.exec(host)
  if (bad !== null) throw invalid(text, `invalid character ${goQuote(bad[0])} in host name`)
  const plain = host.toLowerCase()
  // oxlint-disable-next-line no-control-regex -- anything beyond ASCII goes through IDNA
  const ascii = /[^\0-\x7f]/.test(plain) ? domainToASCII(plain) || plain : plain
  return { host: ascii, port: colon < 0 ? '' : written.slice(colon + 1) }
}

function checkPort(text: string, port: string): void {
  if (!/^(:\d*)?$/.test(port)) throw invalid(text, `invalid port ${goQuote(port)} after host`)
}

function readUser(text: string, written: string): { name: string; password: string | null } {
  const colon = written.indexOf(':')
  const name = colon < 0 ? written : written.slice(0, colon)
  return {
    name: unescape(text, name),
    password: colon < 0 ? null : unescape(text, written.slice(colon + 1)),
  }
}

function unescape(text: string, part: string): string {
  const bad = /%(?![0-9a-fA-F]{2})/.exec(part)
  if (bad !== null)
    throw invalid(text, `invalid URL escape ${goQuote(part.slice(bad.index, bad.index + 3))}`)
  return Buffer.from(
    part.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    // oxlint-disable-next-line no-control-regex -- ASCII alone may hold escaped bytes
    /^[\0-\x7f]*$/.test(part) ? 'latin1' : 'utf8',
  ).toString('utf8')
}

/** What is valid as it stands is kept; otherwise all of it is escaped anew. */
function escapePath(text: string, path: string): string {
  unescape(text, path)
  if (/^[\w\-.~!$&'()*+,;=:@[\]%/]*$/.test(path)) return path
  return path.replace(/[^\w\-.~$&+,/:;=@%]/gu, percent)
}

function escapeFragment(fragment: string): string {
  return `#${fragment.slice(1).replace(/[^\w\-.~!$&'()*+,;=:@/?%[\]]/gu, percent)}`
}

function percent(letter: string): string {
  return [...Buffer.from(letter)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')
}

/** What a `Location` means for `from` (RFC 3986 §5.2, as Go's ResolveReference). Throws HttpFailure. */
export function resolveLocation(location: string, from: RequestUrl): string {
  const target = split(location)
  if (target.scheme !== '') return parseRequestUrl(location).href
  const base = split(from.href)
  if (target.authority !== null) return parseRequestUrl(`${base.scheme}:${location}`).href
  const isEmpty = target.path === ''
  const path = isEmpty
    ? base.path
    : target.path.startsWith('/')
      ? target.path
      : base.path.slice(0, base.path.lastIndexOf('/') + 1) + target.path
  const query = isEmpty && target.query === '' ? base.query : target.query
  const fragment =
    isEmpty && target.query === '' && target.fragment === '' ? base.fragment : target.fragment
  return parseRequestUrl(
    `${base.scheme}://${base.authority ?? ''}${withoutDots(path)}${query}${fragment}`,
  ).href
}

function withoutDots(path: string): string {
  const kept: string[] = []
  const segments = path.split('/')
  for (const [i, segment] of segments.entries()) {
    const isLast = i === segments.length - 1
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
    if (isLast && (segment === '.' || segment === '..')) kept.push('')
  }
  const joined = kept.join('/')
  return joined === '' || joined.startsWith('/') ? joined || '/' : `/${joined}`
}
