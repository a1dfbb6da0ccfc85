/** The module `k6/http`. */
import { BUILTIN_MODULES } from '../compile/builtins.ts'
import { CookieJar } from '../http/cookies.ts'
import { jarObject } from './cookie-jar.ts'
import { batch } from './http-batch.ts'
import { FileData } from './http-body.ts'
import { expectedStatuses, readCallback } from './http-params.ts'
import { NamedUrl, readRequest } from './http-request.ts'
import { goError } from './go-error.ts'
import { type Response } from './response.ts'
import { textOf } from './text.ts'
import type { Vu } from './vu.ts'

/** Sends one request and blocks until it is over. */
function send(
  vu: Vu,
  method: string,
  url: unknown,
  body: unknown,
  params: unknown,
): Promise<Response> | Response {
  const request = readRequest(vu, method, url, body, params)
  if (!('start' in request)) return request
  return vu.block((done, fail) => request.start(done, fail))
}

type Send = (...args: unknown[]) => Promise<Response> | Response

export function createHttp(vu: Vu): Record<string, unknown> {
  /** Methods without a body; k6 warns of those who pass one. */
  const bodiless =
    (name: string): Send =>
    (url, params, ...more) => {
      if (more.length > 0 && vu.stage !== 'init') {
        vu.environment.log(
          'warning',
          `http.${name} only accepts a url and an optional params argument. ${more.length} extra argument(s) will be ignored.`,
        )
      }
      return send(vu, name.toUpperCase(), url, null, params)
    }
  const withBody =
    (method: string): Send =>
    (url, body, params) =>
      send(vu, method, url, body, params)
  const members: Record<string, unknown> = {
    get: bodiless('get'),
    head: bodiless('head'),
    post: withBody('POST'),
    put: withBody('PUT'),
    patch: withBody('PATCH'),
    del: withBody('DELETE'),
    options: withBody('OPTIONS'),
    request: (method: unknown, url: unknown, body: unknown, params: unknown) =>
      send(vu, textOf(method), url, body, params),
    asyncRequest: (method: unknown, url: unknown, body: unknown, params: unknown) => {
      const request = readRequest(vu, textOf(method), url, body, params)
      if (!('start' in request)) return Promise.resolve(request)
      return vu.pend<Response>((done, fail) => request.start(done, fail))
    },
    batch: (...args: unknown[]) => batch(vu, args),
    url: (texts: TemplateStringsArray, ...values: unknown[]) => namedUrl(texts, values),
    file: (data: unknown, name: unknown, type: unknown) => new FileData(data, name, type),
    expectedStatuses,
    setResponseCallback: (callback: unknown) => {
      vu.responseCallback = readCallback(callback)
    },
    cookieJar: () => {
      if (vu.stage === 'init')
        throw goError('Making cookie jars in the init context is not supported')
      return jarObject(vu, vu.jar)
    },
    CookieJar: function () {
      return jarObject(vu, new CookieJar(Date.now))
    },
  }
  for (const name of BUILTIN_MODULES.get('k6/http')!.members) {
    if (/^(TLS|OCSP)_/.test(name)) members[name] = constantOf(name)
  }
  return members
}

/** `TLS_1_2` is "tls1.2", `OCSP_STATUS_GOOD` is "good", `OCSP_REASON_UNSPECIFIED` is "unspecified". */
function constantOf(name: string): string {
  return name.startsWith('TLS_')
    ? `tls${name.slice(4).replace('_', '.')}`
    : name.replace(/^OCSP_(STATUS|REASON)_/, '').toLowerCase()
}

function namedUrl(texts: TemplateStringsArray, values: unknown[]): NamedUrl {
  const url = texts.reduce(
    (text, part, i) => text + part + (i < values.length ? textOf(values[i]) : ''),
    '',
  )
  return new NamedUrl(url, texts.join('${}'))
}
