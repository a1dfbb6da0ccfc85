/**
 * Histograms as unit tests write them: `{{schema:1 sum:3 count:4 buckets:[1 2 1] offset:-1}}`. Keys
 * come in any order, each at most once; what is left out is 0 or empty.
 */
import {
  COUNTER_RESET,
  type CounterResetHint,
  GAUGE,
  type Histogram,
  NOT_COUNTER_RESET,
  UNKNOWN_RESET,
  makeHistogram,
} from '@vigie/model'
import { HistogramBuilder } from '../histogram/builder.ts'
import { parseNumber } from './literals.ts'

/** Ends the parse: `at` is an offset into the text. */
type Fail = (message: string, at: number) => never

const HINTS: ReadonlyMap<string, CounterResetHint> = new Map<string, CounterResetHint>([
  ['unknown', UNKNOWN_RESET],
  ['reset', COUNTER_RESET],
  ['not_reset', NOT_COUNTER_RESET],
  ['gauge', GAUGE],
])

const NUMBER_KEYS: ReadonlySet<string> = new Set([
  'schema',
  'count',
  'sum',
  'z_bucket',
  'z_bucket_w',
  'offset',
  'n_offset',
])
const LIST_KEYS: ReadonlySet<string> = new Set(['buckets', 'n_buckets', 'custom_values'])
const HINT_KEY = 'counter_reset_hint'

/** How Prometheus's parser names the keys in errors. */
const KEY_ITEM = '<Item 57372>'

/** Reads the histogram that begins at `start` of `text`; gives it and where it ends. */
export function parseHistogram(
  text: string,
  start: number,
  fail: Fail,
): { histogram: Histogram; end: number } {
  const fields: Fields = { numbers: new Map(), lists: new Map(), hint: UNKNOWN_RESET }
  const seen = new Set<string>()
  let at = start + 2
  const spaces = (): number => {
    const from = at
    while (text[at] === ' ' || text[at] === '\t') at++
    return at - from
  }
  for (let isFirst = true; ; isFirst = false) {
    const gap = spaces()
    if (text.startsWith('}}', at)) break
    const key = /^[a-z_]*/.exec(text.slice(at))![0]
    if (key === '') {
      const found = at < text.length ? JSON.stringify(text[at]) : 'end of input'
      return fail(`unexpected ${found} in series values`, at)
    }
    if (isFirst === gap > 0) return fail(`unexpected "${KEY_ITEM}" "${key}" in series values`, at)
    const isKnown = NUMBER_KEYS.has(key) || LIST_KEYS.has(key) || key === HINT_KEY
    if (!isKnown) return fail(`bad histogram descriptor found: "${key}"`, at)
    if (text[at + key.length] !== ':') return fail('missing `:` for histogram descriptor', at)
    if (seen.has(key)) return fail(`duplicate key "${key}" in histogram`, 0)
    seen.add(key)
    at = parseField(text, key, at + key.length + 1, fields, fail)
  }
  return { histogram: build(fields), end: at + 2 }
}

interface Fields {
  numbers: Map<string, number>
  lists: Map<string, number[]>
  hint: CounterResetHint
}

function parseField(text: string, key: string, start: number, fields: Fields, fail: Fail): number {
  if (key === HINT_KEY) {
    const word = /^[a-z_]*/.exec(text.slice(start))![0]
    const hint = HINTS.get(word)
    if (hint === undefined) return fail(`bad histogram descriptor found: "${word}"`, start)
    fields.hint = hint
    return start + word.length
  }
  if (NUMBER_KEYS.has(key)) {
    const { value, end } = parseItem(text, start, fail)
    fields.numbers.set(key, value)
    return end
  }
  const list: number[] = []
  fields.lists.set(key, list)
  if (text[start] !== '[')
    return fail(`unexpected ${JSON.stringify(text[start] ?? '')} in series values`, start)
  let at = start + 1
  while (text[at] !== ']') {
    const { value, end } = parseItem(text, at, fail)
    list.push(value)
    at = end
    while (text[at] === ' ' && at < text.length) at++
  }
  return at + 1
}

function parseItem(text: string, start: number, fail: Fail): { value: number; end: number } {
  const match = /^([+-]?)([0-9a-zA-Z_.]+(?:(?<=[eE])[+-]?\d+)?)/.exec(text.slice(start))
  if (match === null)
    return fail(`unexpected ${JSON.stringify(text[start] ?? '')} in series values`, start)
  const value = parseNumber(match[2])
  if (typeof value === 'string') return fail(value, start)
  return { value: match[1] === '-' ? -value : value, end: start + match[0].length }
}

function build({ numbers, lists, hint }: Fields): Histogram {
  const number = (key: string): number => numbers.get(key) ?? 0
  const counts = (key: string): Float64Array => Float64Array.from(lists.get(key) ?? [])
  const spans = (key: string, offset: string): Int32Array => {
    const { length } = lists.get(key) ?? []
    return Int32Array.from(length === 0 ? [] : [number(offset), length])
  }
  return makeHistogram({
    schema: number('schema'),
    counterResetHint: hint,
    count: number('count'),
    sum: number('sum'),
    zeroCount: number('z_bucket'),
    zeroThreshold: number('z_bucket_w'),
    positiveSpans: spans('buckets', 'offset'),
    positiveCounts: counts('buckets'),
    negativeSpans: spans('n_buckets', 'n_offset'),
    negativeCounts: counts('n_buckets'),
    customBounds: counts('custom_values'),
  })
}

/** `base` and `times` more, each the one before with `change` added (or taken off, `sign` -1). */
export function histogramSequence(
  base: Histogram,
  change: Histogram,
  sign: 1 | -1,
  times: number,
  fail: (message: string) => never,
): Histogram[] {
  const out = [base]
  for (let i = 0; i < times; i++) {
    const builder = HistogramBuilder.from(out[i])
    if (builder.schema > change.schema) {
      const schemas = `from schema ${change.schema} to ${builder.schema}`
      fail(`error combining histograms: cannot merge ${schemas}`)
    }
    if (builder.add(change, sign).isIncompatible) {
      const what = 'histograms with a mix of exponential and custom bucket schemas'
      fail(`error combining histograms: cannot apply this operation on ${what}`)
    }
    out.push(builder.finish(true))
  }
  return out
}
