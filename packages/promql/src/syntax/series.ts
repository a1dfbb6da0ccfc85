/**
 * Series as unit tests write them: `metric{label="value"} 1 2 _ 3+1x4 stale`.
 *
 *   _      no sample       _x3     three times no sample
 *   1x2    1 1 1           1+2x3   1 3 5 7       (one value more than the number after x)
 *   stale  a stale marker
 *
 * Histograms (`{{...}}`) are not among the values yet.
 */
import { Labels, METRIC_NAME } from '@vigie/model'
import { parseDurationToken, parseNumber } from './literals.ts'
import { ParseError } from './parse-error.ts'
import { parseSelector } from './parser.ts'

/**
 * Undefined where there is no sample. A stale marker is a word of its own: ordinary arrays of
 * numbers do not keep the bits of its NaN.
 */
export type SeriesValue = number | 'stale' | undefined

export interface SeriesDescription {
  labels: Labels
  values: SeriesValue[]
}

/** More values than any test means; a typing error should not fill the memory. */
const VALUES_MAX = 1_000_000

/** Throws ParseError. */
export function parseSeries(text: string): SeriesDescription {
  const end = labelsEnd(text)
  const description: SeriesDescription = { labels: parseLabels(text.slice(0, end)), values: [] }
  for (const match of text.slice(end).matchAll(/\S+/g)) {
    const start = end + match.index
    const fail = (message: string): never => {
      throw new ParseError(text, [{ message, start, end: start + match[0].length }])
    }
    addValues(match[0], description.values, fail)
  }
  return description
}

/** Where the labels end: after the name and its braces, with quoted braces passed over. */
function labelsEnd(text: string): number {
  const head =
    /^\s*[^\s{]*\s*(?:\{(?:[^"'`{}]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)*\})?/.exec(text)!
  const name = /^\s*[^\s{]*/.exec(text)!
  return head[0].endsWith('}') ? head[0].length : name[0].length
}

/** The labels of `metric{label="value"}`. Throws ParseError. */
export function parseLabels(text: string): Labels {
  if (/^\s*(\{\s*\}\s*)?$/.test(text)) return Labels.EMPTY
  const pairs: string[] = []
  for (const { type, name, value } of parseSelector(text).matchers) {
    if (type !== '=') {
      const message = `unexpected "${type}" in label set, expected "="`
      throw new ParseError(text, [{ message, start: 0, end: text.length }])
    }
    pairs.push(name === '' ? METRIC_NAME : name, value)
  }
  return Labels.fromPairs(pairs)
}

const ITEM = /^(_|stale|[+-]?[^+\-x_]+?(?:[eE][+-]?\d+)?)(?:([+-])([^x]+))?(?:x(\d+))?$/

function addValues(item: string, values: SeriesValue[], fail: (message: string) => never): void {
  if (item.startsWith('{{')) fail('histograms are not supported in series values')
  const match = ITEM.exec(item)
  if (match === null) fail(`unexpected character in series sequence: ${JSON.stringify(item)}`)
  const [, first, sign, change, times] = match!
  const count = times === undefined ? 0 : Number(times)
  if (values.length + count > VALUES_MAX) fail(`too many values: at most ${VALUES_MAX} are allowed`)
  if (first === '_') {
    if (change !== undefined) fail(`unexpected ${JSON.stringify(sign)} in series values`)
    for (let i = 0; i < (times === undefined ? 1 : count); i++) values.push(undefined)
    return
  }
  if (change !== undefined && times === undefined) fail('unexpected end of input in series values')
  if (first === 'stale') {
    for (let i = 0; i <= count; i++) values.push('stale')
    return
  }
  const step = change === undefined ? 0 : (sign === '-' ? -1 : 1) * parseValue(change, fail)
  let value = parseValue(first, fail)
  for (let i = 0; i <= count; i++) {
    values.push(value)
    if (step !== 0) value += step
  }
}

function parseValue(text: string, fail: (message: string) => never): number {
  const isNegative = text.startsWith('-')
  const digits = text.replace(/^[+-]/, '')
  const parsed =
    /^\d+[a-z]/.test(digits) && !/^\d+e/i.test(digits) ? seconds(digits) : parseNumber(digits)
  if (typeof parsed === 'string') return fail(parsed)
  return isNegative ? -parsed : parsed
}

function seconds(text: string): number | string {
  const ms = parseDurationToken(text)
  return typeof ms === 'string' ? ms : ms / 1000
}
