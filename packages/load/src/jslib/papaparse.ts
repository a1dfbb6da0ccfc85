/**
 * Papa Parse as scripts import it from k6's library site, without the network: CSV to rows and back, by
 * what https://www.papaparse.com/docs says of text input. Files, streams and workers have no place in a VU.
 */
import { textOf as textOfValue } from '../vu/text.ts'
import { type CsvDialect, guessDelimiter, guessNewline, readRows } from './csv-rows.ts'

type Row = unknown[] | Record<string, unknown>
type Typing =
  | boolean
  | Record<string, boolean>
  | ((field: string | number) => boolean)
  | null
  | undefined

interface ParseConfig {
  delimiter?: string | ((text: string) => string)
  newline?: string
  quoteChar?: string
  escapeChar?: string
  header?: boolean
  transformHeader?: (header: string, index: number) => string
  dynamicTyping?: Typing
  preview?: number
  comments?: boolean | string
  skipEmptyLines?: boolean | 'greedy'
  skipFirstNLines?: number
  transform?: (value: string, field: string | number) => unknown
  delimitersToGuess?: string[]
  step?: (results: ParseResult, parser: object) => void
  chunk?: (results: ParseResult, parser: object) => void
  complete?: (results: ParseResult) => void
}

export interface ParseError {
  type: 'Quotes' | 'Delimiter' | 'FieldMismatch'
  code: string
  message: string
  row?: number
  index?: number
}

interface ParseResult {
  data: unknown
  errors: ParseError[]
  meta: {
    delimiter: string
    linebreak: string
    aborted: boolean
    truncated: boolean
    cursor: number
    fields?: string[]
  }
}

interface UnparseConfig {
  quotes?: boolean | boolean[] | ((value: unknown, column: number) => boolean)
  quoteChar?: string
  escapeChar?: string
  delimiter?: string
  header?: boolean
  newline?: string
  skipEmptyLines?: boolean | 'greedy'
  columns?: string[] | null
}

const BYTE_ORDER_MARK = '\ufeff'
const BAD_DELIMITERS = ['\r', '\n', '"', BYTE_ORDER_MARK]
const NUMBER = /^\s*-?(\d+\.?|\.\d+|\d+\.\d+)([eE][-+]?\d+)?\s*$/
const ISO_DATE = /^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d(:[0-5]\d(\.\d+)?)?([+-][0-2]\d:[0-5]\d|Z)$/

export function createPapaparse(): Record<string, unknown> {
  return {
    BAD_DELIMITERS,
    BYTE_ORDER_MARK,
    RECORD_SEP: '\u001e',
    UNIT_SEP: '\u001f',
    WORKERS_SUPPORTED: false,
    parse,
    unparse,
  }
}

function parse(input: unknown, config: ParseConfig = {}): ParseResult {
  let text = String(input)
  if (text.startsWith(BYTE_ORDER_MARK)) text = text.slice(1)
  const errors: ParseError[] = []
  const dialect = dialectOf(text, config, errors)
  const preview = Math.max(0, Number(config.preview ?? 0))
  const { rows, cursor, isTruncated } = readRows(
    text,
    dialect,
    preview === 0 ? Infinity : preview + (config.header === true ? 1 : 0),
    errors,
  )
  const kept = rows.slice(config.skipFirstNLines ?? 0).filter((row) => !isSkipped(row, config))
  const meta: ParseResult['meta'] = {
    delimiter: dialect.delimiter,
    linebreak: dialect.newline,
    aborted: false,
    truncated: isTruncated,
    cursor,
  }
  const data = config.header === true ? withHeader(kept, config, meta, errors) : plain(kept, config)
  const result: ParseResult = { data, errors, meta }
  if (config.step !== undefined) return stepThrough(data, result, config)
  config.chunk?.(result, {})
  config.complete?.(result)
  return result
}

function dialectOf(text: string, config: ParseConfig, errors: ParseError[]): CsvDialect {
  const quote = config.quoteChar ?? '"'
  const comments =
    config.comments === true ? '#' : config.comments === false ? '' : (config.comments ?? '')
  const base = {
    quote,
    escape: config.escapeChar ?? quote,
    comments,
    newline: config.newline ?? guessNewline(text, quote),
  }
  const given =
    typeof config.delimiter === 'function' ? config.delimiter(text) : (config.delimiter ?? '')
  if (given !== '' && !BAD_DELIMITERS.includes(given)) return { ...base, delimiter: given }
  const guessed = guessDelimiter(text, base, config.delimitersToGuess, config.skipEmptyLines)
  if (guessed === undefined) {
    errors.push({
      type: 'Delimiter',
      code: 'UndetectableDelimiter',
      message: "Unable to auto-detect delimiting character; defaulted to ','",
    })
  }
  return { ...base, delimiter: guessed ?? ',' }
}

function isSkipped(row: string[], { skipEmptyLines }: ParseConfig): boolean {
  if (skipEmptyLines === 'greedy') return row.join('').trim() === ''
  return skipEmptyLines === true && row.length === 1 && row[0] === ''
}

function plain(rows: string[][], config: ParseConfig): unknown[][] {
  return rows.map((row) => row.map((value, i) => valueOf(value, i, config)))
}

function withHeader(
  rows: string[][],
  config: ParseConfig,
  meta: ParseResult['meta'],
  errors: ParseError[],
): Row[] {
  const [first = [], ...rest] = rows
  const { transformHeader } = config
  const fields =
    transformHeader === undefined ? first : first.map((name, i) => transformHeader(name, i))
  meta.fields = fields
  return rest.map((row, index) => {
    if (row.length !== fields.length) errors.push(mismatch(fields.length, row.length, index))
    const object: Record<string, unknown> = {}
    row.forEach((text, i) => {
      const field = fields[i] ?? '__parsed_extra'
      const value = valueOf(text, field, config)
      if (i < fields.length) object[field] = value
      else ((object[field] ??= []) as unknown[]).push(value)
    })
    return object
  })
}

function mismatch(want: number, got: number, row: number): ParseError {
  const isFew = got < want
  return {
    type: 'FieldMismatch',
    code: isFew ? 'TooFewFields' : 'TooManyFields',
    message: `Too ${isFew ? 'few' : 'many'} fields: expected ${want} fields but parsed ${got}`,
    row,
  }
}

function valueOf(text: string, field: string | number, config: ParseConfig): unknown {
  const value = config.transform === undefined ? text : config.transform(text, field)
  return typeof value === 'string' && isTyped(config.dynamicTyping, field) ? typed(value) : value
}

function isTyped(typing: Typing, field: string | number): boolean {
  if (typeof typing === 'function') return typing(field)
  if (typeof typing !== 'object' || typing === null) return typing === true
  return typing[field] ?? typing['__default'] ?? false
}

function typed(value: string): unknown {
  if (value === 'true' || value === 'TRUE') return true
  if (value === 'false' || value === 'FALSE') return false
  if (NUMBER.test(value)) return Number.parseFloat(value)
  if (ISO_DATE.test(value)) return new Date(value)
  return value === '' ? null : value
}

function stepThrough(rows: Row[], whole: ParseResult, config: ParseConfig): ParseResult {
  const { meta } = whole
  const parser = {
    abort: () => (meta.aborted = true),
    pause: () => {},
    resume: () => {},
  }
  for (const [i, row] of rows.entries()) {
    if (meta.aborted) break
    const errors = whole.errors.filter((error) => error.row === i)
    config.step!({ data: row, errors, meta }, parser)
  }
  const end: ParseResult = { data: [], errors: [], meta }
  config.complete?.(end)
  return end
}

function unparse(input: unknown, config: UnparseConfig = {}): string {
  const source = (typeof input === 'string' ? JSON.parse(input) : input) as
    | Row[]
    | { fields?: string[]; data?: Row[] }
  const rows = Array.isArray(source) ? source : (source.data ?? [])
  const first = rows[0]
  const given = Array.isArray(source) ? undefined : source.fields
  const fields =
    config.columns ??
    given ??
    (first !== undefined && !Array.isArray(first) ? Object.keys(first) : undefined)
  const lines: string[] = []
  if (fields !== undefined && config.header !== false) lines.push(lineOf(fields, config))
  for (const row of rows) {
    const values = Array.isArray(row) ? row : (fields ?? []).map((name) => row[name])
    if (isEmptyRow(values, config)) continue
    lines.push(lineOf(values, config))
  }
  return lines.join(config.newline ?? '\r\n')
}

function isEmptyRow(values: unknown[], { skipEmptyLines }: UnparseConfig): boolean {
  if (skipEmptyLines === 'greedy') return values.map(textOf).join('').trim() === ''
  return skipEmptyLines === true && values.map(textOf).every((text) => text === '')
}

const textOf = (value: unknown): string =>
  value === null || value === undefined
    ? ''
    : value instanceof Date
      ? value.toISOString()
      : textOfValue(value)

function lineOf(values: readonly unknown[], config: UnparseConfig): string {
  const quote = config.quoteChar ?? '"'
  const escape = config.escapeChar ?? quote
  const given = config.delimiter ?? ','
  const delimiter = BAD_DELIMITERS.includes(given) ? ',' : given
  const { quotes } = config
  return values
    .map((value, i) => {
      if (value === null || value === undefined) return ''
      const text = textOf(value)
      const isAsked =
        typeof quotes === 'function'
          ? quotes(value, i)
          : Array.isArray(quotes)
            ? quotes[i] === true
            : quotes === true
      const isNeeded =
        text.includes(delimiter) ||
        BAD_DELIMITERS.some((one) => text.includes(one)) ||
        text.includes(quote) ||
        text.startsWith(' ') ||
        text.endsWith(' ')
      return isAsked || isNeeded
        ? `${quote}${text.replaceAll(quote, escape + quote)}${quote}`
        : text
    })
    .join(delimiter)
}
