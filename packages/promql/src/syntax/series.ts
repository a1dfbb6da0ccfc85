/**
 * Series as unit tests write them: `metric{label="value"} 1 2 _ 3+1x4 stale`.
 *
 *   _      no sample       _x3     three times no sample
 *   1x2    1 1 1           1+2x3   1 3 5 7       (one value more than the number after x)
 *   stale  a stale marker
 *
 * Histograms (`{{...}}`) repeat and change like numbers: `{{count:1}}+{{count:2}}x3`.
 */
import { type Histogram, Labels, METRIC_NAME } from '@vigie/model'
import { parseDurationToken, parseNumber } from './literals.ts'
import { ParseError } from './parse-error.ts'
import { parseSelector } from './parser.ts'
import { histogramSequence, parseHistogram } from './series-histogram.ts'

/**
 * Undefined where there is no sample. A stale marker is a word of its own: ordinary arrays of
 * numbers do not keep the bits of its NaN.
 */
export type SeriesValue = number | Histogram | 'stale' | undefined

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
  const item = /\s*(?:(\{\{)|(\S+))/y
  for (let at = end; ;) {
    item.lastIndex = at
    const match = item.exec(text)
    if (match === null) return description
    const start = item.lastIndex - (match[1] ?? match[2]).length
    if (match[1] !== undefined) {
      at = addHistograms(text, start, description.values)
      continue
    }
    at = item.lastIndex
    const fail = (message: string): never => {
      throw new ParseError(text, [{ message, start, end: at }])
    }
    addValues(match[2], description.values, fail)
  }
}

/** Adds the histograms of the item that begins at `start`; gives where it ends. */
function addHistograms(text: string, start: number, values: SeriesValue[]): number {
  const fail = (message: string, at: number): never => {
    throw new ParseError(text, [{ message, start: at, end: Math.max(at, text.length) }])
  }
  const first = parseHistogram(text, start, fail)
  const sign = text[first.end]
  const hasChange = (sign === '+' || sign === '-') && text.startsWith('{{', first.end + 1)
  const change = hasChange ? parseHistogram(text, first.end + 1, fail) : undefined
  let end = change?.end ?? first.end
  const times = /^x(\d+)(?=\s|$)/.exec(text.slice(end))
  if (times !== null) end += times[0].length
  if (end < text.length && !/\s/.test(text[end]))
    fail(`unexpected ${JSON.stringify(text[end])} in series values`, end)
  if (change !== undefined && times === null) fail('unexpected end of input in series values', end)
  const count = times === null ? 0 : Number(times[1])
  if (values.length + count > VALUES_MAX)
    fail(`too many values: at most ${VALUES_MAX} are allowed`, start)
  const { histogram } = first
  if (change === undefined) {
    for (let i = 0; i <= count; i++) values.push(histogram)
  } else {
    // Prometheus notices where it reads the count.
    const atEnd = (message: string): never => fail(message, end - times![1].length)
    const by = sign === '-' ? -1 : 1
    values.push(...histogramSequence(histogram, change.histogram, by, count, atEnd))
  }
  return end
}

/** Where the labels end: after the name and its braces, with quoted braces passed over. */
function labelsEnd(text: string): number {
  const head = /^\s*[^\s{]*(?:\{(?:[^"'`{}]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)*\})?/.exec(
    text,
  )!
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

/** Words end where no letter follows: `infx3` and `stalex3` are none. No hexadecimal: `0x3` is 0 0 0 0. */
const NUMBER = [
  /(?:[iI][nN][fF]|[nN][aA][nN])(?!\w)/,
  /(?:\d+(?:ms|[smhdwy]))+/,
  /(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?/,
]
  .map(({ source }) => source)
  .join('|')
const ITEM = new RegExp(`^(_|stale(?!\\w)|[+-]?(?:${NUMBER}))(?:([+-])(${NUMBER}))?(?:x(\\d+))?$`)

function addValues(item: string, values: SeriesValue[], fail: (message: string) => never): void {
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
