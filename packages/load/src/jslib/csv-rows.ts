/** CSV text as rows of fields: RFC 4180 with any delimiter, quote and newline, and guessing of both. */
import type { ParseError } from './papaparse.ts'

export interface CsvDialect {
  delimiter: string
  newline: string
  quote: string
  escape: string
  /** What a line of comment begins with; '' for none. */
  comments: string
}

interface CsvRows {
  rows: string[][]
  /** Characters read. */
  cursor: number
  isTruncated: boolean
}

/** Characters that guesses look at. */
const GUESS_CHARS = 1 << 20
const GUESS_ROWS = 10
const DELIMITERS = [',', '\t', '|', ';', '\u001e', '\u001f']

/** Up to `limit` rows of `text`; what is malformed goes to `errors`. */
export function readRows(
  text: string,
  dialect: CsvDialect,
  limit: number,
  errors: ParseError[],
): CsvRows {
  const { delimiter, newline, quote, comments } = dialect
  const rows: string[][] = []
  if (text === '') return { rows, cursor: 0, isTruncated: false }
  let row: string[] = []
  let at = 0
  for (;;) {
    if (row.length === 0 && comments !== '' && text.startsWith(comments, at)) {
      const end = text.indexOf(newline, at)
      if (end < 0) return { rows, cursor: text.length, isTruncated: false }
      at = end + newline.length
      continue
    }
    let end: number
    if (quote !== '' && text.startsWith(quote, at)) {
      const field = readQuoted(text, at + quote.length, dialect, rows.length, errors)
      row.push(field.value)
      end = field.end
    } else {
      const nextDelimiter = text.indexOf(delimiter, at)
      const nextLine = text.indexOf(newline, at)
      end = Math.min(
        nextDelimiter < 0 ? text.length : nextDelimiter,
        nextLine < 0 ? text.length : nextLine,
      )
      row.push(text.slice(at, end))
    }
    if (end < text.length && text.startsWith(delimiter, end)) {
      at = end + delimiter.length
      if (at < text.length) continue
      row.push('')
      end = at
    }
    rows.push(row)
    row = []
    if (end >= text.length) return { rows, cursor: text.length, isTruncated: false }
    at = end + newline.length
    if (rows.length >= limit) return { rows, cursor: at, isTruncated: true }
    // A newline at the very end is followed by one more, empty row.
    if (at >= text.length) {
      rows.push([''])
      return { rows, cursor: text.length, isTruncated: false }
    }
  }
}

/** A quoted field whose opening quote ends at `start`: its value, and where what follows it begins. */
function readQuoted(
  text: string,
  start: number,
  { delimiter, newline, quote, escape }: CsvDialect,
  row: number,
  errors: ParseError[],
): { value: string; end: number } {
  const unescaped = (end: number): string =>
    text.slice(start, end).replaceAll(escape + quote, quote)
  for (let from = start; ;) {
    const at = text.indexOf(quote, from)
    if (at < 0) {
      errors.push({
        type: 'Quotes',
        code: 'MissingQuotes',
        message: 'Quoted field unterminated',
        row,
        index: start,
      })
      return { value: unescaped(text.length), end: text.length }
    }
    const after = at + quote.length
    if (escape === quote && text.startsWith(quote, after)) {
      from = after + quote.length
      continue
    }
    if (escape !== quote && at > start && text.startsWith(escape, at - escape.length)) {
      from = after
      continue
    }
    const spaces = /^[^\S\r\n\t]*/.exec(text.slice(after, after + 64))![0].length
    for (const end of [after, after + spaces]) {
      if (end >= text.length || text.startsWith(delimiter, end) || text.startsWith(newline, end))
        return { value: unescaped(at), end }
    }
    errors.push({
      type: 'Quotes',
      code: 'InvalidQuotes',
      message: 'Trailing quote on quoted field is malformed',
      row,
      index: start,
    })
    from = after
  }
}

/** `\n`, `\r\n` or `\r`, whichever the text outside of quotes has. */
export function guessNewline(text: string, quote: string): string {
  const parts = text.slice(0, GUESS_CHARS).split(quote)
  // Every other part stands between quotes.
  const outside = parts.filter((_, i) => i % 2 === 0).join('')
  const returns = outside.split('\r')
  const lines = outside.split('\n')
  if (returns.length === 1 || (lines.length > 1 && lines[0]!.length < returns[0]!.length))
    return '\n'
  const pairs = returns.filter((part) => part.startsWith('\n')).length
  return pairs >= returns.length / 2 ? '\r\n' : '\r'
}

/** The delimiter that gives the first rows the most even, and more than one, fields; undefined: none does. */
export function guessDelimiter(
  text: string,
  dialect: Omit<CsvDialect, 'delimiter'>,
  candidates: readonly string[] = DELIMITERS,
  skipEmptyLines: boolean | 'greedy' = false,
): string | undefined {
  let best: { delimiter: string; unevenness: number; fields: number } | undefined
  for (const delimiter of candidates) {
    const { rows } = readRows(text.slice(0, GUESS_CHARS), { ...dialect, delimiter }, GUESS_ROWS, [])
    const counted = rows.filter(
      (row) => skipEmptyLines === false || row.length > 1 || row[0]!.trim() !== '',
    )
    // The empty row after a last newline says nothing.
    if (counted.length > 1 && counted.at(-1)!.join('') === '') counted.pop()
    let unevenness = 0
    for (let i = 1; i < counted.length; i++)
      unevenness += Math.abs(counted[i]!.length - counted[i - 1]!.length)
    const fields = counted.reduce((sum, row) => sum + row.length, 0) / Math.max(1, counted.length)
    if (fields <= 1.99) continue
    if (
      best === undefined ||
      unevenness < best.unevenness ||
      (unevenness === best.unevenness && fields > best.fields)
    )
      best = { delimiter, unevenness, fields }
  }
  return best?.delimiter
}
