/** Parameters of the Prometheus HTTP API: times, durations, limits and selectors, with its error texts. */
import { isUtf8 } from 'node:buffer'
import { type Matcher, parseDuration, quote } from '@vigie/model'
import { ParseError, parseSelector } from '@vigie/promql'
import { ApiError, badData, badParameter } from './api-error.ts'
import { type GoTime, MAX_TIME, MIN_TIME, parseGoFloat, parseGoTime } from './go-time.ts'

/** When a query is evaluated; `missing` when it is not said. */
export const timeParam = (params: URLSearchParams, missing: number): number =>
  optionalTime(params, 'time')?.queryMs ?? missing

function optionalTime(params: URLSearchParams, name: string): GoTime | undefined {
  const text = params.get(name) ?? ''
  if (text === '') return undefined
  const time = parseGoTime(text)
  if (time === undefined)
    throw badParameter(
      name,
      `invalid time value for '${name}': cannot parse ${quote(text)} to a valid timestamp`,
    )
  return time
}

/** What may be left out: then it is as early, or as late, as can be. */
export const startTime = (params: URLSearchParams): GoTime =>
  optionalTime(params, 'start') ?? MIN_TIME
export const endTime = (params: URLSearchParams): GoTime => optionalTime(params, 'end') ?? MAX_TIME
/** The same in ms. */
export const startParam = (params: URLSearchParams): number => startTime(params).unixMs
export const endParam = (params: URLSearchParams): number => endTime(params).unixMs

/** The same with its errors under the name of the parameter, as some endpoints have them. */
export function named<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof ApiError) throw badParameter(name, error.message)
    throw error
  }
}

/** A time that has to be there. */
export function requiredTimeParam(params: URLSearchParams, name: string): GoTime {
  const text = params.get(name) ?? ''
  const time = parseGoTime(text)
  if (time === undefined)
    throw badParameter(name, `cannot parse ${quote(text)} to a valid timestamp`)
  return time
}

/** Seconds or a Prometheus duration, in ms; undefined when it is not there. */
export function durationParam(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name)
  if (text === null || text === '') return undefined
  return requiredDurationParam(params, name)
}

export function requiredDurationParam(params: URLSearchParams, name: string): number {
  const ms = parseDurationText(params.get(name) ?? '')
  if (typeof ms === 'string') throw badParameter(name, ms)
  return ms
}

/** Prometheus counts durations in nanoseconds, in 64 bits. */
export const DURATION_MS_MAX: number = 2 ** 63 / 1e6

/** ms, in whole nanoseconds; or what is wrong with it. */
export function parseDurationText(text: string): number | string {
  const problem = `cannot parse ${quote(text)} to a valid duration`
  const seconds = parseGoFloat(text)
  if (seconds === undefined) {
    const ms = parseDuration(text)
    return ms === undefined || ms >= DURATION_MS_MAX ? problem : ms
  }
  // What is no number becomes the least integer.
  if (Number.isNaN(seconds)) return -DURATION_MS_MAX
  const ms = Math.trunc(seconds * 1e9) / 1e6
  return Math.abs(ms) <= DURATION_MS_MAX ? ms : `${problem}. It overflows int64`
}

/** How many results at most; 0 is no limit. */
export function limitParam(params: URLSearchParams): number {
  const text = params.get('limit') ?? ''
  if (text === '') return 0
  const limit = goInteger(text, 'Atoi')
  if (typeof limit === 'string') throw badParameter('limit', limit)
  if (limit < 0) throw badParameter('limit', 'limit must be non-negative')
  return limit
}

/** How many at most, where 0 is none; Infinity when it is not there, or below 0. */
export function countParam(params: URLSearchParams, name: string): number {
  const text = params.get(name) ?? ''
  if (text === '') return Infinity
  const count = goInteger(text, 'Atoi')
  if (typeof count === 'string') throw badData(`${name} must be a number`)
  return count < 0 ? Infinity : count
}

/** A whole number of 64 bits, or what Go's strconv says of the text. */
export function goInteger(text: string, parser: 'Atoi' | 'ParseInt'): number | string {
  const fail = (reason: string): string => `strconv.${parser}: parsing ${quote(text)}: ${reason}`
  if (!/^[+-]?\d+$/.test(text)) return fail('invalid syntax')
  return Math.abs(Number(text)) < 2 ** 63 ? Number(text) : fail('value out of range')
}

/** The selectors of `match[]`, each a list of matchers. */
export const matchersParam = (params: URLSearchParams): Matcher[][] =>
  params.getAll('match[]').map((text) => selectorOf(text))

const EMPTY_SELECTOR = 'vector selector must contain at least one non-empty matcher'

/** Throws ApiError when it is no selector, or one that every series would match unless `allowsEmpty`. */
export function selectorOf(text: string, allowsEmpty = false): Matcher[] {
  try {
    return parseSelector(text, allowsEmpty).matchers
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    if (error.problems.some((one) => one.message === EMPTY_SELECTOR))
      throw badData('match[] must contain at least one non-empty matcher')
    if (text === '') throw badData('unknown position: parse error: unexpected end of input')
    throw badData(error.message)
  }
}

/** The label name of `/label/{name}/values`, where `U__` escapes the characters an address cannot carry. */
export function labelNameParam(raw: string): string {
  const name = raw.startsWith('U__') ? unescapeName(raw) : raw
  if (name === '') throw badData('invalid label name: ""')
  return name
}

/** `__` is an underscore, `_1f600_` a code point. A text with anything else is taken as it stands. */
function unescapeName(raw: string): string {
  const escaped = raw.slice('U__'.length)
  let out = ''
  for (let at = 0; at < escaped.length;) {
    const match = ESCAPE.exec(escaped.slice(at))
    if (match === null) {
      if (escaped[at] === '_') return raw
      out += escaped[at++]
      continue
    }
    const code = match[1] === '' ? UNDERSCORE : Number.parseInt(match[1], 16)
    if (code > CODE_POINT_MAX || (code >= 0xd800 && code < 0xe000)) return raw
    out += String.fromCodePoint(code)
    at += match[0].length
  }
  return out
}

const ESCAPE = /^_([0-9a-f]{0,6})_/i
const UNDERSCORE = 0x5f
const CODE_POINT_MAX = 0x10ffff

/** Go's quoted form of the percent-encoded name that is not UTF-8. */
export function quoteInvalid(encoded: string): string {
  const bytes = Buffer.from(
    encoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  )
  let out = ''
  for (let at = 0; at < bytes.length;) {
    // The shortest piece that is UTF-8 is one character.
    const size = [1, 2, 3, 4].find((one) => isUtf8(bytes.subarray(at, at + one)))
    out +=
      size === undefined
        ? `\\x${bytes[at].toString(16).padStart(2, '0')}`
        : quote(bytes.toString('utf8', at, at + size)).slice(1, -1)
    at += size ?? 1
  }
  return `"${out}"`
}
