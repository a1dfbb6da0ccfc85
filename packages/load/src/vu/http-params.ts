/** What scripts hand to `k6/http`: parameters, bodies, response callbacks; read and checked. */
import { parseDurationMs } from '../duration.ts'
import { canonicalName } from '../http/head.ts'
import type { CookieJar } from '../http/cookies.ts'
import { textOf } from './text.ts'

export type ResponseType = 'text' | 'binary' | 'none'

/** Statuses that count as expected; null: nobody asks. */
export interface ResponseCallback {
  isExpected(status: number): boolean
}

export const DEFAULT_CALLBACK: ResponseCallback = {
  isExpected: (status) => status >= 200 && status < 400,
}

export interface RequestParams {
  /** Canonical names. */
  headers: Map<string, string> | null
  cookies: [name: string, value: string, replace: boolean][] | null
  jar: CookieJar | null
  tags: (readonly [string, string])[] | null
  timeoutMs: number
  redirects: number | null
  responseType: ResponseType | null
  /** Undefined: the VU's own. */
  responseCallback: ResponseCallback | null | undefined
  throw: boolean | null
}

export const DEFAULT_TIMEOUT_MS = 60_000

export const NO_PARAMS: RequestParams = {
  headers: null,
  cookies: null,
  jar: null,
  tags: null,
  timeoutMs: DEFAULT_TIMEOUT_MS,
  redirects: null,
  responseType: null,
  responseCallback: undefined,
  throw: null,
}

const INVALID_HEADER_VALUE = /[\r\n\0]/

/** Throws TypeError for what k6 would refuse, and for what Vigie does not serve yet. */
export function readParams(value: unknown): RequestParams {
  if (value === undefined || value === null) return NO_PARAMS
  if (typeof value !== 'object') throw new TypeError('the params of a request must be an object')
  const given = value as Record<string, unknown>
  const params: RequestParams = { ...NO_PARAMS }
  for (const name in given) {
    const one = given[name]
    if (one === undefined || (one === null && name !== 'responseCallback')) continue
    READERS.get(name)?.(params, one)
  }
  return params
}

const READERS = new Map<string, (params: RequestParams, value: unknown) => void>([
  [
    'headers',
    (params, value) => void (params.headers = readHeaders(value as Record<string, unknown>)),
  ],
  [
    'cookies',
    (params, value) => void (params.cookies = readCookies(value as Record<string, unknown>)),
  ],
  ['tags', (params, value) => void (params.tags = tagPairs(value))],
  ['throw', (params, value) => void (params.throw = Boolean(value))],
  [
    'jar',
    (params, value) => {
      const jar = (value as { [JAR]?: CookieJar })[JAR]
      if (jar === undefined) throw new TypeError('the jar of a request must be an http.CookieJar')
      params.jar = jar
    },
  ],
  [
    'timeout',
    (params, value) => {
      const ms = parseDurationMs(value)
      if (ms === undefined)
        throw new TypeError(
          `invalid timeout value: ${JSON.stringify(value)}; want one like "60s" or milliseconds`,
        )
      params.timeoutMs = ms <= 0 ? DEFAULT_TIMEOUT_MS : Math.min(ms, 2 ** 31 - 1)
    },
  ],
  [
    'redirects',
    (params, value) => {
      params.redirects = Math.max(0, Math.trunc(Number(value)))
    },
  ],
  [
    'responseType',
    (params, value) => {
      if (!['text', 'binary', 'none'].includes(value as string))
        throw new TypeError(`${String(value)} is not a valid response type`)
      params.responseType = value as ResponseType
    },
  ],
  [
    'responseCallback',
    (params, value) => {
      params.responseCallback = readCallback(value)
    },
  ],
  [
    'auth',
    (_, value) => {
      if (value !== 'basic' && value !== '')
        throw new TypeError(`the auth method "${String(value)}" is not supported yet; want "basic"`)
    },
  ],
  [
    'compression',
    (_, value) => {
      if (value !== '')
        throw new TypeError('the compression of request bodies is not supported yet')
    },
  ],
])

/** Key under which the script's CookieJar objects carry the jar itself. */
export const JAR: unique symbol = Symbol('jar')

export function readCallback(value: unknown): ResponseCallback | null {
  if (value === null) return null
  if (typeof (value as ResponseCallback | undefined)?.isExpected === 'function')
    return value as ResponseCallback
  throw new TypeError('unsupported responseCallback: want http.expectedStatuses(…) or null')
}

function readHeaders(given: Record<string, unknown>): Map<string, string> {
  const headers = new Map<string, string>()
  for (const name in given) {
    const value = String(given[name])
    if (INVALID_HEADER_VALUE.test(value) || !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
      throw new TypeError(`invalid header ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
    }
    headers.set(canonicalName(name), value)
  }
  return headers
}

function readCookies(given: Record<string, unknown>): [string, string, boolean][] {
  return Object.entries(given).map(([name, value]) => {
    if (typeof value !== 'object' || value === null) return [name, String(value), false]
    const { value: text, replace } = value as { value?: unknown; replace?: unknown }
    return [name, String(text), replace === true]
  })
}

/** Tags of a script: names to texts, numbers or booleans; anything else is an error. */
export function tagPairs(value: unknown): (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) throw new TypeError('tags must be an object')
  return Object.entries(value).map(([name, one]) => {
    if (!['string', 'number', 'boolean'].includes(typeof one)) {
      throw new TypeError(
        `invalid value for metric tag '${name}': only String, Boolean and Number types are accepted as a metric tag values`,
      )
    }
    return [name, String(one)] as const
  })
}

export interface RequestBody {
  bytes: string | Uint8Array
  /** Content-Type that goes with it; null: none. */
  type: string | null
}

/** A body: text, bytes, or an object sent as a form. */
export function readBody(value: unknown): RequestBody | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return { bytes: value, type: null }
  if (value instanceof ArrayBuffer) return { bytes: new Uint8Array(value), type: null }
  if (ArrayBuffer.isView(value))
    return { bytes: new Uint8Array(value.buffer, value.byteOffset, value.byteLength), type: null }
  if (typeof value !== 'object') return { bytes: textOf(value), type: null }
  return {
    bytes: encodeForm(value as Record<string, unknown>),
    type: 'application/x-www-form-urlencoded',
  }
}

/** As Go's url.Values.Encode: names sorted, a space is `+`, a list repeats its name. */
function encodeForm(fields: Record<string, unknown>): string {
  const parts: string[] = []
  for (const name of Object.keys(fields).sort()) {
    const value = fields[name]
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      const text = one === null || one === undefined || typeof one === 'object' ? '' : textOf(one)
      parts.push(`${queryEscape(name)}=${queryEscape(text)}`)
    }
  }
  return parts.join('&')
}

function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, '+')
}

/** `http.expectedStatuses(200, {min: 300, max: 399})`. */
export function expectedStatuses(...items: unknown[]): ResponseCallback {
  if (items.length === 0) throw new TypeError('no arguments')
  const ranges = items.map((item, i): [number, number] => {
    if (typeof item === 'number' && Number.isInteger(item)) return [item, item]
    const { min, max } = (item ?? {}) as { min?: unknown; max?: unknown }
    if (typeof min === 'number' && typeof max === 'number') return [min, max]
    throw new TypeError(
      `argument number ${i + 1} to expectedStatuses was neither an integer nor an object like {min:100, max:329}`,
    )
  })
  return { isExpected: (status) => ranges.some(([min, max]) => status >= min && status <= max) }
}
