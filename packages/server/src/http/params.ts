/** Parameters of the Prometheus HTTP API: times, durations, limits and selectors, with its error texts. */
import { type Matcher, isLegacyLabelName, parseDuration } from '@vigie/model'
import { ParseError, parseSelector } from '@vigie/promql'
import { badData, badParameter } from './api-error.ts'

/** Bounds Prometheus uses for a missing start and end; ms. */
const TIME_MIN_MS = -8.64e15
const TIME_MAX_MS = 8.64e15

/** Unix seconds (fractions allowed) or RFC 3339, in ms; undefined when it is neither. */
export function parseTime(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Math.round(Number(text) * 1000)
  if (/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text)) {
    const ms = Date.parse(text)
    return Number.isNaN(ms) ? undefined : ms
  }
  return undefined
}

export function timeParam(params: URLSearchParams, name: string, missing: number): number {
  const text = params.get(name)
  if (text === null || text === '') return missing
  const ms = parseTime(text)
  if (ms === undefined)
    throw badParameter(
      name,
      `invalid time value for '${name}': cannot parse ${JSON.stringify(text)} to a valid timestamp`,
    )
  return ms
}

export const startParam = (params: URLSearchParams): number =>
  timeParam(params, 'start', TIME_MIN_MS)
export const endParam = (params: URLSearchParams): number => timeParam(params, 'end', TIME_MAX_MS)

/** A time that has to be there. */
export function requiredTimeParam(params: URLSearchParams, name: string): number {
  const text = params.get(name) ?? ''
  const ms = parseTime(text)
  if (ms === undefined)
    throw badParameter(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`)
  return ms
}

/** Seconds or a Prometheus duration, in ms. */
export function durationParam(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name)
  if (text === null || text === '') return undefined
  const ms = parseDurationText(text)
  if (ms === undefined)
    throw badParameter(name, `cannot parse ${JSON.stringify(text)} to a valid duration`)
  return ms
}

function parseDurationText(text: string): number | undefined {
  const seconds = Number(text)
  if (text.trim() !== '' && !Number.isNaN(seconds)) return seconds * 1000
  return parseDuration(text)
}

export function requiredDurationParam(params: URLSearchParams, name: string): number {
  const ms = durationParam(params, name)
  if (ms === undefined) throw badParameter(name, 'cannot parse "" to a valid duration')
  return ms
}

/** How many results at most; 0 is no limit. */
export function limitParam(params: URLSearchParams): number {
  const text = params.get('limit')
  if (text === null || text === '') return 0
  if (!/^\d+$/.test(text))
    throw badParameter('limit', `limit must be a non-negative number, got ${JSON.stringify(text)}`)
  return Number(text)
}

/** The selectors of `match[]`, each a list of matchers. */
export function matchersParam(params: URLSearchParams): Matcher[][] {
  return params.getAll('match[]').map((selector) => {
    const matchers = selectorParam(selector, 'match[]')
    if (matchers.every((matcher) => matcher.matchesEmpty))
      throw badParameter('match[]', 'match[] must contain at least one non-empty matcher')
    return matchers
  })
}

function selectorParam(text: string, parameter: string): Matcher[] {
  try {
    return parseSelector(text).matchers
  } catch (error) {
    if (error instanceof ParseError) throw badParameter(parameter, error.message)
    throw error
  }
}

/** The label name of `/label/{name}/values`, where `U__` escapes the characters an address cannot carry. */
export function labelNameParam(raw: string): string {
  const name = raw.startsWith('U__') ? unescapeName(raw) : raw
  if (name === '' || (!isLegacyLabelName(name) && /[\ud800-\udfff\ufffd]/u.test(name)))
    throw badData(`invalid label name: ${JSON.stringify(name)}`)
  return name
}

function unescapeName(raw: string): string {
  return raw
    .slice('U__'.length)
    .replace(/__|_([0-9a-fA-F]{1,6})_/g, (whole, hex: string | undefined) =>
      hex === undefined ? '_' : String.fromCodePoint(Number.parseInt(hex, 16)),
    )
}
