/** `http.CookieJar` as scripts see it. */
import type { Cookie, CookieJar } from '../http/cookies.ts'
import type { RequestUrl } from '../http/url.ts'
import { JAR } from './http-params.ts'
import { textOf } from './text.ts'
import type { Vu } from './vu.ts'

/** A jar of the engine, in the shape that scripts use. */
export function jarObject(vu: Vu, jar: CookieJar): object {
  const at = (url: unknown): RequestUrl => vu.environment.urls.parse(String(url))
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
        cookieOf(String(name), String(value), (options ?? {}) as Record<string, unknown>),
      )
      return true
    },
    clear: (url: unknown) => jar.delete(at(url)),
    delete: (url: unknown, name: unknown) => jar.delete(at(url), String(name)),
  }
}

function cookieOf(name: string, value: string, options: Record<string, unknown>): Cookie {
  const text = (key: string): string => (options[key] === undefined ? '' : textOf(options[key]))
  const expires = text('expires') === '' ? null : Date.parse(text('expires'))
  return {
    name,
    value,
    domain: text('domain'),
    path: text('path'),
    httpOnly: options['http_only'] === true,
    secure: options['secure'] === true,
    maxAge: Number(options['max_age'] ?? 0),
    expiresMs: expires === null || Number.isNaN(expires) ? null : expires,
  }
}
