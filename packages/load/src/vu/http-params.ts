/** What scripts hand to `k6/http` as parameters: read and checked as k6 does, in the order they are written. */
import { parseDurationMs } from '../duration.ts'
import { HttpFailure } from '../http/failure.ts'
import { goQuote, goType } from '../http/go-text.ts'
import { canonicalName } from '../http/head.ts'
import type { CookieJar } from '../http/cookies.ts'
import { ENCODINGS, type Encoding } from './http-encoding.ts'
import { goError } from './go-error.ts'
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
  /** null: the run's `maxRedirects`. */
  redirects: number | null
  responseType: ResponseType | null
  /** Undefined: the VU's own. */
  responseCallback: ResponseCallback | null | undefined
  /** In the order in which they are applied. */
  compression: Encoding[] | null
  isDigest: boolean
  throw: boolean | null
}

export const DEFAULT_TIMEOUT_MS = 60_000
/** A timer's longest time. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

export const NO_PARAMS: RequestParams = {
  headers: null,
  cookies: null,
  jar: null,
  tags: null,
  timeoutMs: DEFAULT_TIMEOUT_MS,
  redirects: null,
  responseType: null,
  responseCallback: undefined,
  compression: null,
  isDigest: false,
  throw: null,
}

/** Throws HttpFailure (code 0) for what k6 cannot read. */
export function readParams(value: unknown): RequestParams {
  if (value === undefined || value === null) return NO_PARAMS
  if (typeof value !== 'object') return NO_PARAMS
  const given = value as Record<string, unknown>
  const params: RequestParams = { ...NO_PARAMS }
  for (const name of Object.keys(given)) READERS.get(name)?.(params, given[name])
  return params
}

const isMissing = (value: unknown): value is null | undefined =>
  value === null || value === undefined

const READERS = new Map<string, (params: RequestParams, value: unknown) => void>([
  [
    'headers',
    (params, value) => {
      if (!isMissing(value)) params.headers = readHeaders(value as Record<string, unknown>)
    },
  ],
  [
    'cookies',
    (params, value) => {
      if (!isMissing(value)) params.cookies = readCookies(value as Record<string, unknown>)
    },
  ],
  [
    'tags',
    (params, value) => {
      if (isMissing(value)) return
      try {
        params.tags = tagPairs(value)
      } catch (error) {
        throw new HttpFailure(0, `invalid HTTP request metric tags: ${(error as Error).message}`)
      }
    },
  ],
  ['throw', (params, value) => void (params.throw = Boolean(value))],
  [
    'jar',
    (params, value) => void (params.jar = (value as { [JAR]?: CookieJar } | null)?.[JAR] ?? null),
  ],
  ['timeout', (params, value) => void (params.timeoutMs = readTimeout(value))],
  ['redirects', (params, value) => void (params.redirects = Math.trunc(Number(value)) || 0)],
  [
    'responseType',
    (params, value) => {
      const type = textOf(value)
      if (!['text', 'binary', 'none'].includes(type))
        throw new HttpFailure(0, `${type} does not belong to ResponseType values`)
      params.responseType = type as ResponseType
    },
  ],
  [
    'responseCallback',
    (params, value) => {
      if (!isMissing(value) && !isCallback(value))
        throw new HttpFailure(0, 'unsupported responseCallback')
      params.responseCallback = value ?? null
    },
  ],
  [
    'auth',
    (params, value) => {
      if (value === 'ntlm')
        throw new TypeError('the auth method "ntlm" is not supported; want "basic" or "digest"')
      params.isDigest = value === 'digest'
    },
  ],
  ['compression', (params, value) => void (params.compression = readCompression(textOf(value)))],
])

/** Key under which the script's CookieJar objects carry the jar itself. */
export const JAR: unique symbol = Symbol('jar')

function readTimeout(value: unknown): number {
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new HttpFailure(
      0,
      `invalid timeout value: unable to use type ${goType(value)} as a duration value`,
    )
  }
  const ms = parseDurationMs(value)
  if (ms === undefined)
    throw new HttpFailure(
      0,
      `invalid timeout value: time: invalid duration ${goQuote(textOf(value))}`,
    )
  return Math.min(ms, MAX_TIMEOUT_MS)
}

function readCompression(text: string): Encoding[] | null {
  if (text.trim() === '') return null
  return text.split(',').map((one) => {
    const name = one.trim() as Encoding
    if (!ENCODINGS.includes(name)) {
      throw new HttpFailure(
        0,
        `unknown compression algorithm ${name}, supported algorithms are [${ENCODINGS.join(' ')}]`,
      )
    }
    return name
  })
}

export function isCallback(value: unknown): value is ResponseCallback {
  return callbacks.has(value as object)
}

function readHeaders(given: Record<string, unknown>): Map<string, string> {
  const headers = new Map<string, string>()
  for (const name of Object.keys(given)) headers.set(canonicalName(name), textOf(given[name]))
  return headers
}

function readCookies(given: Record<string, unknown>): [string, string, boolean][] {
  const cookies: [string, string, boolean][] = []
  for (const [name, value] of Object.entries(given)) {
    if (isMissing(value)) continue
    if (typeof value !== 'object') {
      cookies.push([name, textOf(value), false])
      continue
    }
    let text = ''
    let replaces = false
    for (const [key, one] of Object.entries(value)) {
      if (key.toLowerCase() === 'value') text = textOf(one)
      if (key.toLowerCase() === 'replace') replaces = Boolean(one)
    }
    cookies.push([name, text, replaces])
  }
  return cookies
}

/** Tags of a script: names to texts, numbers or booleans; anything else is an error. */
export function tagPairs(value: unknown): (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) throw new TypeError('tags must be an object')
  const pairs: (readonly [string, string])[] = []
  for (const name of Object.keys(value)) {
    const one = (value as Record<string, unknown>)[name]
    const type = typeof one
    if (type !== 'string' && type !== 'number' && type !== 'boolean') {
      throw goError(
        `invalid value for metric tag '${name}': only String, Boolean and Number types are accepted as a metric tag values`,
      )
    }
    pairs.push([name, String(one)])
  }
  return pairs
}

/** What `expectedStatuses` has made; nothing else is a callback. */
const callbacks = new WeakSet()

/** `http.expectedStatuses(200, {min: 300, max: 399})`. */
export function expectedStatuses(...items: unknown[]): ResponseCallback {
  if (items.length === 0) throw goError('no arguments')
  const ranges = items.map((item, i): [number, number] => {
    if (Number.isInteger(item)) return [item as number, item as number]
    const { min, max } = (item ?? {}) as { min?: unknown; max?: unknown }
    if (min === undefined || max === undefined) {
      throw goError(
        `argument number ${i + 1} to expectedStatuses was neither an integer nor an object like {min:100, max:329}`,
      )
    }
    if (!Number.isInteger(min) || !Number.isInteger(max))
      throw goError(`both min and max need to be integers for argument number ${i + 1}`)
    return [min as number, max as number]
  })
  const callback: ResponseCallback = {
    isExpected: (status) => ranges.some(([min, max]) => status >= min && status <= max),
  }
  callbacks.add(callback)
  return callback
}

/** `http.setResponseCallback(…)`. */
export function readCallback(value: unknown): ResponseCallback | null {
  if (isMissing(value)) return null
  if (isCallback(value)) return value
  throw goError('unsupported argument, expected http.expectedStatuses')
}
