/** Request URLs, parsed once and kept. */
import { HttpFailure } from './failure.ts'

/** Parsed URLs that are kept; beyond, the cache starts anew. */
const MAX_CACHED = 10_000

export interface RequestUrl {
  /** As given, without user information and fragment. */
  href: string
  /** Key of connections: scheme, host and port. */
  origin: string
  isTls: boolean
  /** Without brackets. */
  host: string
  port: number
  /** Path and query. */
  path: string
  /** `user:password` in base64, or null. */
  credentials: string | null
  /** For tags: the password and name masked. */
  masked: string
  /** `Host` header. */
  hostHeader: string
  /** Heads of requests to it that have nothing of their own, by method. */
  plainHeads: Map<string, string>
}

export class UrlCache {
  readonly #urls = new Map<string, RequestUrl>()

  /** Throws HttpFailure 1020 for what is no http or https URL. */
  parse(text: string): RequestUrl {
    const known = this.#urls.get(text)
    if (known !== undefined) return known
    if (this.#urls.size >= MAX_CACHED) this.#urls.clear()
    const url = parseRequestUrl(text)
    this.#urls.set(text, url)
    return url
  }
}

export function parseRequestUrl(text: string): RequestUrl {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new HttpFailure(1020, `invalid URL: parse "${text}": want http://… or https://…`)
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new HttpFailure(
      1020,
      `invalid URL: unsupported protocol scheme "${url.protocol.slice(0, -1)}" in "${text}"`,
    )
  }
  const isTls = url.protocol === 'https:'
  const hasUser = url.username !== '' || url.password !== ''
  const credentials = hasUser
    ? Buffer.from(
        `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`,
      ).toString('base64')
    : null
  // The text is kept as written (tags show it), but for what must not be sent or shown.
  const withoutUser = hasUser ? text.replace(/\/\/[^/?#]*@/, '//') : text
  const href = withoutUser.replace(/#.*$/s, '')
  return {
    href,
    origin: `${url.protocol}//${url.host}`,
    isTls,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
    credentials,
    masked: hasUser ? text.replace(/\/\/[^/?#]*@/, '//****:****@').replace(/#.*$/s, '') : href,
    hostHeader: url.host,
    plainHeads: new Map(),
  }
}
