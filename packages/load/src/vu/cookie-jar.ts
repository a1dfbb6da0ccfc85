/** `http.CookieJar` as scripts see it. */
import type { Cookie, CookieJar } from '../http/cookies.ts'
import { HttpFailure } from '../http/failure.ts'
import { goQuote } from '../http/go-text.ts'
import type { RequestUrl } from '../http/url.ts'
import { JAR } from './http-params.ts'
import { goError } from './go-error.ts'
import { textOf } from './text.ts'
import type { Vu } from './vu.ts'

/** A jar of the engine, in the shape that scripts use. */
export function jarObject(vu: Vu, jar: CookieJar): object {
  const at = (url: unknown): RequestUrl => {
    try {
      return vu.environment.urls.parse(textOf(url))
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error
      throw goError(error.message.replace(/^invalid URL: /, ''))
    }
  }
  return {
    [JAR]: jar,
    cookiesForURL: (url: unknown) => {
      const cookies: Record<string, string[]> = {}
      for (const { name, value } of jar.for(at(url))) (cookies[name] ??= []).push(value)
      return cookies
    },
    set: (url: unknown, name: unknown, value: unknown, options?: unknown) => {
      jar.set(
        at(url),
        cookieOf(textOf(name), textOf(value), (options ?? {}) as Record<string, unknown>),
      )
      return true
    },
    // As in k6, only cookies with the URL's own host and default path go.
    clear: (url: unknown) => {
      const place = at(url)
      for (const { name } of jar.for(place)) jar.set(place, expired(name))
    },
    delete: (url: unknown, name: unknown) => {
      if (textOf(name) === '') throw goError('cookie: is null')
      jar.set(at(url), expired(textOf(name)))
    },
  }
}

function expired(name: string): Cookie {
  return { ...cookieOf(name, '', {}), maxAge: -1 }
}

const RFC1123 = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [A-Z]{3,4}$/

function cookieOf(name: string, value: string, options: Record<string, unknown>): Cookie {
  const cookie: Cookie = {
    name,
    value,
    domain: '',
    path: '',
    httpOnly: false,
    secure: false,
    maxAge: 0,
    expiresMs: null,
  }
  for (const [key, option] of Object.entries(options)) {
    const lower = key.toLowerCase()
    if (lower === 'domain') cookie.domain = textOf(option)
    else if (lower === 'path') cookie.path = textOf(option)
    else if (lower === 'http_only') cookie.httpOnly = Boolean(option)
    else if (lower === 'secure') cookie.secure = Boolean(option)
    else if (lower === 'max_age') cookie.maxAge = Math.trunc(Number(option)) || 0
    else if (lower === 'expires') cookie.expiresMs = readExpiry(textOf(option))
  }
  return cookie
}

function readExpiry(text: string): number | null {
  if (text === '') return null
  const ms = RFC1123.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) {
    throw goError(
      `unable to parse "expires" date string "${text}": parsing time ${goQuote(text)} as "Mon, 02 Jan 2006 15:04:05 MST": cannot parse ${goQuote(text)} as "Mon"`,
    )
  }
  return ms
}
