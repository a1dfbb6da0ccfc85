/**
 * What the two text formats have in common: a parser walks the bytes of a body entry by entry and
 * leaves the offsets of what it found in its fields, so that nothing is allocated until somebody asks
 * for labels. The formats differ in their lexers (`prometheus-text.ts`, `open-metrics.ts`); grammar and
 * error texts are those of Prometheus's own parsers, which exporters are tested against.
 */
import { isUtf8 } from 'node:buffer'
import { Labels, METRIC_NAME, quote } from '@vigie/model'
import type { MetricType } from '../status.ts'
import { openMetricsFloat } from './float-label.ts'
import { NumberScanner, parseGoFloat } from './number.ts'
import { addLabel } from './scraped-labels.ts'

export type Entry = 'end' | 'series' | 'type' | 'help' | 'unit' | 'comment'

/** Tokens, by the names that error texts give them. */
export type Token =
  | 'INVALID'
  | 'EOF'
  | 'EOFWORD'
  | 'LINEBREAK'
  | 'HELP'
  | 'TYPE'
  | 'UNIT'
  | 'COMMENT'
  | 'MNAME'
  | 'TEXT'
  | 'BOPEN'
  | 'BCLOSE'
  | 'LNAME'
  | 'QSTRING'
  | 'LVALUE'
  | 'EQUAL'
  | 'COMMA'
  | 'VALUE'
  | 'TIMESTAMP'

/** A body that is not in its format. `line` counts from 1; 0 where there are no lines. */
export class ExpositionError extends Error {
  readonly line: number
  constructor(message: string, line: number) {
    super(message)
    this.name = 'ExpositionError'
    this.line = line
  }
}

/** Labels of one exemplar, parsed and then skipped. */
const NO_OFFSETS: readonly number[] = []

export abstract class TextParser {
  bytes: Buffer = Buffer.alloc(0)
  /** First byte after the body. */
  size = 0
  /** Next byte to read. */
  at = 0
  /** First byte of the entry, and of the token. */
  start = 0
  tokenStart = 0

  /** Of a series: its name and labels, the value, and the timestamp in ms. */
  seriesStart = 0
  seriesEnd = 0
  valueStart = 0
  /** First byte after value or timestamp. */
  sampleEnd = 0
  value = 0
  hasTimestamp = false
  timestamp = 0
  hasExemplar = false
  /** [nameStart, nameEnd, …labels], -1 while there is no name. */
  offsets: number[] = []
  exemplarOffsets: readonly number[] = NO_OFFSETS
  exemplarValue = 0
  exemplarTimestamp: number | undefined

  /** Of `type`, `help` and `unit`: the family and what is said of it. */
  family = ''
  text = ''
  /** The last `# TYPE`: it decides how `le` and `quantile` are normalised. */
  type: MetricType = 'unknown'

  /** Whether all quoted strings of the entry so far are. */
  protected isAscii = true

  protected readonly numbers: NumberScanner = new NumberScanner()

  /**
   * Starts on a body at byte `at`. `bytes` stays the caller's, and must have room for one byte after
   * `size`, which is overwritten.
   */
  reset(bytes: Buffer, size: number, at: number, type: MetricType): void {
    this.bytes = bytes
    this.size = size
    this.at = at
    this.type = type
  }

  /** Reads the next entry. Throws ExpositionError. */
  abstract next(): Entry

  /** The next token; leaves `tokenStart` and `at` around it, or `at` on the byte that fits nowhere. */
  protected abstract lex(): Token

  /** Labels of the series just read, with `le` and `quantile` in their canonical form. Throws for duplicates. */
  labels(): Labels {
    return Labels.fromMap(this.labelMap())
  }

  /** The same as a map, the caller's to keep. */
  labelMap(): Map<string, string> {
    const { offsets } = this
    const byName = new Map<string, string>([[METRIC_NAME, this.#decode(offsets[0], offsets[1])]])
    const error = (message: string): Error => this.error(message)
    for (let i = 2; i < offsets.length; i += 4) {
      const name = this.#decode(offsets[i], offsets[i + 1])
      const value = this.#normalised(name, this.#decode(offsets[i + 2], offsets[i + 3]))
      addLabel(byName, name, value, error)
    }
    return byName
  }

  exemplarLabels(): Labels {
    const pairs: string[] = []
    const offsets = this.exemplarOffsets
    for (let i = 2; i < offsets.length; i += 2) pairs.push(this.#decode(offsets[i], offsets[i + 1]))
    return Labels.fromPairs(pairs)
  }

  #normalised(name: string, value: string): string {
    const isBound =
      (name === 'le' && this.type === 'histogram') ||
      (name === 'quantile' && this.type === 'summary')
    if (!isBound) return value
    const bound = parseGoFloat(value, true)
    return typeof bound === 'number' ? openMetricsFloat(bound) : value
  }

  #decode(from: number, to: number): string {
    // Fast path: plain ASCII needs no decoding.
    const text = this.bytes.toString(this.isAscii ? 'latin1' : 'utf8', from, to)
    return text.includes('\\') ? unescapeLabel(text) : text
  }

  protected error(message: string): ExpositionError {
    let line = 1
    for (let i = 0; i < this.start; i++) if (this.bytes[i] === 0x0a) line++
    return new ExpositionError(message, line)
  }

  protected unexpected(expected: string, got: Token): ExpositionError {
    const end = Math.min(this.at + 1, this.size)
    const found = quoteBytes(this.bytes.subarray(this.tokenStart, end))
    return this.error(
      `${expected}, got ${found} ("${got}") while parsing: ${quoteBytes(this.bytes.subarray(this.start, end))}`,
    )
  }

  /** The number in [from, to). Throws as Go's ParseFloat complains. */
  protected number(from: number, to: number): number {
    const value = this.numbers.scan(this.bytes, from)
    if (this.numbers.isNumber && this.numbers.end === to) return value
    const reason = parseGoFloat(this.bytes.toString('utf8', from, to))
    if (typeof reason === 'number') return reason
    throw this.error(
      `${reason} while parsing: ${quoteBytes(this.bytes.subarray(this.start, this.at))}`,
    )
  }

  /** Labels up to the closing brace, appended to `offsets`. */
  protected labelPairs(offsets: number[], isExemplar: boolean, isCommaNeeded: boolean): void {
    let token = this.lex()
    for (;;) {
      if (token === 'BCLOSE') return
      if (token !== 'LNAME' && token !== 'QSTRING')
        throw this.unexpected('expected label name', token)
      const isQuoted = token === 'QSTRING'
      const from = this.tokenStart + (isQuoted ? 1 : 0)
      const to = this.at - (isQuoted ? 1 : 0)
      token = this.lex()
      // A quoted string alone is the metric's name.
      if (isQuoted && !isExemplar && (token === 'COMMA' || token === 'BCLOSE')) {
        if (offsets[0] !== -1) {
          const shown = quoteBytes(this.bytes.subarray(this.start, this.at))
          throw this.error(`metric name already set while parsing: ${shown}`)
        }
        offsets[0] = from
        offsets[1] = to
        if (token === 'BCLOSE') return
        token = this.lex()
        continue
      }
      if (token !== 'EQUAL') throw this.unexpected('expected equal', token)
      token = this.lex()
      if (token !== 'LVALUE') throw this.unexpected('expected label value', token)
      if (!this.isAscii) this.#checkUtf8()
      offsets.push(from, to, this.tokenStart + 1, this.at - 1)
      token = this.lex()
      if (token === 'COMMA') token = this.lex()
      else if (isCommaNeeded && token !== 'BCLOSE')
        throw this.unexpected('expected comma or brace close', token)
    }
  }

  #checkUtf8(): void {
    const value = this.bytes.subarray(this.tokenStart, this.at)
    if (!isUtf8(value)) throw this.error(`invalid UTF-8 label value: ${quoteBytes(value)}`)
  }

  /** Name and labels, from the token that starts them; returns the token after them. */
  protected series(token: Token, isCommaNeeded: boolean): Token {
    const { offsets } = this
    offsets.length = 2
    this.seriesStart = this.tokenStart
    let next = token
    if (token === 'MNAME') {
      offsets[0] = this.tokenStart
      offsets[1] = this.at
      this.seriesEnd = this.at
      next = this.lex()
    } else offsets[0] = offsets[1] = -1
    if (next === 'BOPEN') {
      this.labelPairs(offsets, false, isCommaNeeded)
      this.seriesEnd = this.at
      next = this.lex()
    }
    if (offsets[0] === -1) {
      const shown = quoteBytes(this.bytes.subarray(this.start, this.at))
      throw this.error(`metric name not set while parsing: ${shown}`)
    }
    return next
  }

  /** The family's name after HELP, TYPE or UNIT. */
  protected familyName(after: Token): void {
    const token = this.lex()
    if (token !== 'MNAME') throw this.unexpected(`expected metric name after ${after}`, token)
    const isQuoted = this.bytes[this.tokenStart] === 0x22
    this.family = this.#decode(this.tokenStart + (isQuoted ? 1 : 0), this.at - (isQuoted ? 1 : 0))
  }

  /** Takes the text of a HELP, TYPE or UNIT line in [from, to). */
  protected metadata(
    kind: Token,
    from: number,
    to: number,
    types: ReadonlyMap<string, MetricType>,
  ): void {
    const bytes = this.bytes.subarray(from, to)
    this.text = bytes.toString('utf8')
    if (kind === 'HELP' && !isUtf8(bytes))
      throw this.error(`help text ${quoteBytes(bytes)} is not a valid utf8 string`)
    if (kind !== 'TYPE') return
    const type = types.get(this.text)
    if (type === undefined) throw this.error(`invalid metric type ${quoteBytes(bytes)}`)
    this.type = type
  }

  /** Moves `at` behind a name: letters, `_`, digits, and colons if `hasColons`. False when none stands there. */
  protected name(hasColons: boolean): boolean {
    const { bytes, size } = this
    let p = this.at
    if (p >= size || !isNameStart(bytes[p], hasColons)) return false
    p++
    while (p < size && (isNameStart(bytes[p], hasColons) || isDigit(bytes[p]))) p++
    this.at = p
    return true
  }

  /** Moves `at` behind a quoted string; false, and `at` where it broke off, when it does not end. */
  protected quoted(hasNewlines: boolean, hasNulls = true): boolean {
    const { bytes, size } = this
    let p = this.at
    if (bytes[p] !== 0x22) return false
    for (p++; p < size; p++) {
      const c = bytes[p]
      if (c === 0x22) {
        this.at = p + 1
        return true
      }
      if (c >= 0x80) this.isAscii = false
      if (c === 0x5c) p++
      if ((!hasNewlines && bytes[p] === 0x0a) || (!hasNulls && c === 0)) break
    }
    this.at = Math.min(p, size)
    return false
  }
}

export const isDigit = (c: number): boolean => c >= 0x30 && c <= 0x39

export function isNameStart(c: number, hasColons: boolean): boolean {
  return (
    (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || c === 0x5f || (hasColons && c === 0x3a)
  )
}

/** `\\`, `\"` and `\n`; every other backslash stays. */
export function unescapeLabel(text: string): string {
  return text.replace(/\\([\\"n])/g, (_all, char: string) => (char === 'n' ? '\n' : char))
}

/** `\\` and `\n` only: in help texts of the Prometheus format quotes are not escaped. */
export function unescapeHelp(text: string): string {
  return text.replace(/\\([\\n])/g, (_all, char: string) => (char === 'n' ? '\n' : char))
}

/** Bytes as Go's %q shows them: what is no UTF-8 as `\xff`. At most SHOWN_MAX bytes, the rest as `…`. */
export function quoteBytes(bytes: Buffer): string {
  const shown = bytes.subarray(0, SHOWN_MAX)
  let out = ''
  for (let i = 0; i < shown.length;) {
    const char = shown.subarray(i, i + sequenceLength(shown[i]))
    if (isUtf8(char)) {
      out += quote(char.toString()).slice(1, -1)
      i += char.length
    } else out += '\\x' + shown[i++].toString(16).padStart(2, '0')
  }
  return `"${out}${bytes.length > SHOWN_MAX ? '…' : ''}"`
}

/** Bytes of a broken line that an error shows. */
const SHOWN_MAX = 300

function sequenceLength(lead: number): number {
  if (lead < 0xc0) return 1
  if (lead < 0xe0) return 2
  return lead < 0xf0 ? 3 : 4
}
