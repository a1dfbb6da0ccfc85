/** A cookie jar (RFC 6265 as Go's net/http/cookiejar does it, without a public-suffix list). */

/** Cookies of one jar; beyond, the oldest goes. */
const MAX_COOKIES = 3000

export interface Cookie {
  name: string
  value: string
  domain: string
  path: string
  httpOnly: boolean
  secure: boolean
  /** Seconds; 0: not given. */
  maxAge: number
  /** ms since the epoch, or null. */
  expiresMs: number | null
}

interface Stored extends Cookie {
  isHostOnly: boolean
  /** ms since the epoch after which it is gone; null: with the jar. */
  untilMs: number | null
}

export interface CookieUrl {
  host: string
  path: string
  isTls: boolean
}

export class CookieJar {
  readonly #cookies = new Map<string, Stored>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  get isEmpty(): boolean {
    return this.#cookies.size === 0
  }

  set(url: CookieUrl, cookie: Cookie): void {
    const domain = cookie.domain.replace(/^\./, '').toLowerCase()
    const isHostOnly = domain === '' || domain === url.host
    if (!isHostOnly && !url.host.endsWith(`.${domain}`)) return
    const path = cookie.path.startsWith('/') ? cookie.path : defaultPath(url.path)
    const key = `${domain || url.host};${path};${cookie.name}`
    const untilMs = cookie.maxAge !== 0 ? this.#now() + cookie.maxAge * 1000 : cookie.expiresMs
    if (untilMs !== null && untilMs <= this.#now()) {
      this.#cookies.delete(key)
      return
    }
    if (this.#cookies.size >= MAX_COOKIES && !this.#cookies.has(key)) {
      this.#cookies.delete(this.#cookies.keys().next().value!)
    }
    this.#cookies.set(key, {
      ...cookie,
      domain: domain || url.host,
      path,
      isHostOnly: cookie.domain === '',
      untilMs,
    })
  }

  /** Cookies that a request to `url` carries, longest path first. */
  for(url: CookieUrl): Stored[] {
    if (this.#cookies.size === 0) return []
    const now = this.#now()
    return [...this.#cookies.values()]
      .filter((cookie) => (cookie.untilMs === null || cookie.untilMs > now) && matches(cookie, url))
      .sort((a, b) => b.path.length - a.path.length)
  }
}

function matches(cookie: Stored, url: CookieUrl): boolean {
  if (cookie.secure && !url.isTls) return false
  const isHost =
    url.host === cookie.domain || (!cookie.isHostOnly && url.host.endsWith(`.${cookie.domain}`))
  if (!isHost) return false
  const path = url.path.replace(/[?#].*$/s, '')
  return (
    path === cookie.path ||
    (path.startsWith(cookie.path) &&
      (cookie.path.endsWith('/') || path[cookie.path.length] === '/'))
  )
}

function defaultPath(path: string): string {
  const end = path.replace(/[?#].*$/s, '').lastIndexOf('/')
  return end <= 0 ? '/' : path.slice(0, end)
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** RFC 1123, and the same with dashes. */
const EXPIRES = /^[A-Z][a-z]{2}, \d{2}([ -])[A-Z][a-z]{2}\1\d{4} \d{2}:\d{2}:\d{2} [A-Z]{3,4}$/

function parseExpiry(text: string): number | null {
  const ms = EXPIRES.test(text) ? Date.parse(text.replace(/(\d)-([A-Z][a-z]{2})-/, '$1 $2 ')) : NaN
  return Number.isNaN(ms) ? null : ms
}

/** A `Set-Cookie` value, or undefined when it is none. */
export function parseSetCookie(text: string): Cookie | undefined {
  const [pair, ...attributes] = text.split(';')
  const equals = pair!.indexOf('=')
  if (equals < 1 || !NAME.test(pair!.slice(0, equals).trim())) return undefined
  const cookie: Cookie = {
    name: pair!.slice(0, equals).trim(),
    value: pair!
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1'),
    domain: '',
    path: '',
    httpOnly: false,
    secure: false,
    maxAge: 0,
    expiresMs: null,
  }
  for (const attribute of attributes) {
    const at = attribute.indexOf('=')
    const name = (at < 0 ? attribute : attribute.slice(0, at)).trim().toLowerCase()
    const value = at < 0 ? '' : attribute.slice(at + 1).trim()
    if (name === 'domain') cookie.domain = value
    else if (name === 'path') cookie.path = value
    else if (name === 'httponly') cookie.httpOnly = true
    else if (name === 'secure') cookie.secure = true
    else if (name === 'max-age' && /^(0|-?[1-9]\d*)$/.test(value))
      cookie.maxAge = Number(value) <= 0 ? -1 : Number(value)
    else if (name === 'expires') cookie.expiresMs = parseExpiry(value)
  }
  return cookie
}
