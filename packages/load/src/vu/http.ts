/** The module `k6/http`. */
import { BUILTIN_MODULES } from '../compile/builtins.ts'
import { CookieJar } from '../http/cookies.ts'
import { jarObject } from './cookie-jar.ts'
import { batch } from './http-batch.ts'
import { expectedStatuses, readCallback } from './http-params.ts'
import { NamedUrl, methodName, prepareRequest } from './http-request.ts'
import type { Response } from './response.ts'
import type { Vu } from './vu.ts'

export function createHttp(vu: Vu): Record<string, unknown> {
  const send = (
    method: string,
    url: unknown,
    body: unknown,
    params: unknown,
  ): Promise<Response> => {
    vu.requireRunning('making http requests')
    const exchange = prepareRequest(vu, method, url, body, params)
    return vu.block((done, fail) => exchange.start(done, fail))
  }
  const members: Record<string, unknown> = {
    get: (url: unknown, params: unknown) => send('GET', url, null, params),
    head: (url: unknown, params: unknown) => send('HEAD', url, null, params),
    post: (url: unknown, body: unknown, params: unknown) => send('POST', url, body, params),
    put: (url: unknown, body: unknown, params: unknown) => send('PUT', url, body, params),
    patch: (url: unknown, body: unknown, params: unknown) => send('PATCH', url, body, params),
    del: (url: unknown, body: unknown, params: unknown) => send('DELETE', url, body, params),
    options: (url: unknown, body: unknown, params: unknown) => send('OPTIONS', url, body, params),
    request: (method: unknown, url: unknown, body: unknown, params: unknown) =>
      send(methodName(method), url, body, params),
    asyncRequest: (method: unknown, url: unknown, body: unknown, params: unknown) => {
      vu.requireRunning('making http requests')
      const exchange = prepareRequest(vu, methodName(method), url, body, params)
      return vu.pend<Response>((done, fail) => exchange.start(done, fail))
    },
    batch: (requests: unknown) => batch(vu, requests),
    url: (texts: TemplateStringsArray, ...values: unknown[]) => namedUrl(texts, values),
    expectedStatuses,
    setResponseCallback: (callback: unknown) => {
      vu.responseCallback = readCallback(callback)
    },
    cookieJar: () => {
      vu.requireRunning('getting the cookie jar')
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

/** `TLS_1_2` is "tls1.2", `OCSP_STATUS_GOOD` is "good". */
function constantOf(name: string): string {
  return name.startsWith('TLS_')
    ? `tls${name.slice(4).replace('_', '.')}`
    : name.replace('OCSP_STATUS_', '').toLowerCase()
}

function namedUrl(texts: TemplateStringsArray, values: unknown[]): NamedUrl {
  const url = texts.reduce(
    (text, part, i) => text + part + (i < values.length ? String(values[i]) : ''),
    '',
  )
  return new NamedUrl(url, texts.join('${}'))
}
