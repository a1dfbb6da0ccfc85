/**
 * OpenMetrics text 0.0.1 and 1.0.0: single blanks only, no empty lines, timestamps in seconds, units,
 * exemplars, and `# EOF` at the end, so that a body that was cut off is noticed.
 *
 *     # TYPE request_seconds histogram
 *     # UNIT request_seconds seconds
 *     request_seconds_bucket{le="0.5"} 12 # {trace_id="abc"} 0.43 1395066363.1
 *     # EOF
 *
 * `_created` lines are series like any other, as in Prometheus without its experimental flag.
 * Source: https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */
import type { MetricType } from '../status.ts'
import {
  type ExpositionError,
  TextParser,
  unescapeLabel,
  type Entry,
  type Token,
} from './text-parser.ts'

const TYPES: ReadonlyMap<string, MetricType> = new Map(
  (
    [
      'counter',
      'gauge',
      'histogram',
      'gaugehistogram',
      'summary',
      'info',
      'stateset',
      'unknown',
    ] as const
  ).map((type) => [type, type]),
)

type State =
  | 'line'
  | 'family'
  | 'text'
  | 'labels'
  | 'labelValue'
  | 'value'
  | 'timestamp'
  | 'exemplar'
  | 'exemplarValue'
  | 'exemplarTimestamp'

export class OpenMetricsParser extends TextParser {
  #state: State = 'line'

  override reset(bytes: Buffer, size: number, at: number, type: MetricType): void {
    super.reset(bytes, size, at, type)
    this.#state = 'line'
  }

  override next(): Entry {
    this.start = this.at
    this.isAscii = true
    const token = this.lex()
    if (token === 'MNAME' || token === 'BOPEN') {
      this.#sample(this.series(token, true))
      return 'series'
    }
    if (token === 'HELP' || token === 'TYPE' || token === 'UNIT') return this.#comment(token)
    if (token === 'EOF') throw this.error('data does not end with # EOF')
    if (token !== 'EOFWORD') throw this.unexpected('expected a valid start token', token)
    if (this.at < this.size) throw this.error('unexpected data after # EOF')
    return 'end'
  }

  #comment(kind: 'HELP' | 'TYPE' | 'UNIT'): Entry {
    this.familyName(kind)
    if (this.lex() !== 'TEXT') throw this.error(`expected text in ${kind}`)
    this.metadata(kind, this.tokenStart + 1, this.at - 1, TYPES)
    if (kind === 'TYPE') return 'type'
    if (kind === 'HELP') {
      this.text = unescapeLabel(this.text)
      return 'help'
    }
    if (this.text !== '' && !this.family.endsWith(`_${this.text}`))
      throw this.error(`unit "${this.text}" not a suffix of metric "${this.family}"`)
    return 'unit'
  }

  #sample(token: Token): void {
    this.hasTimestamp = false
    this.hasExemplar = false
    this.value = this.#value(token, 'metric')
    this.valueStart = this.tokenStart + 1
    this.sampleEnd = this.at
    let after = this.lex()
    if (after === 'TIMESTAMP') {
      this.hasTimestamp = true
      this.timestamp = this.#seconds('timestamp')
      this.sampleEnd = this.at
      after = this.lex()
      if (after !== 'LINEBREAK' && after !== 'COMMENT')
        throw this.unexpected('expected next entry after timestamp', after)
    }
    if (after === 'EOF') throw this.error('data does not end with # EOF')
    if (after === 'COMMENT') this.#exemplar()
    else if (after !== 'LINEBREAK') throw this.#noEntry()
  }

  /** What follows a value and is nothing of it, Prometheus takes for an entry, which it is not either. */
  #noEntry(): ExpositionError {
    this.start = this.at
    const token = this.lex()
    if (token === 'EOF') return this.error('data does not end with # EOF')
    return this.unexpected('expected a valid start token', token)
  }

  #exemplar(): void {
    const offsets = [0, 0]
    this.labelPairs(offsets, true, true)
    this.hasExemplar = true
    this.exemplarOffsets = offsets
    this.exemplarValue = this.#value(this.lex(), 'exemplar labels')
    this.exemplarTimestamp = undefined
    let after = this.lex()
    if (after === 'TIMESTAMP') {
      this.exemplarTimestamp = this.#seconds('exemplar timestamp')
      after = this.lex()
      if (after !== 'LINEBREAK')
        throw this.unexpected('expected next entry after exemplar timestamp', after)
    }
    if (after === 'EOF') throw this.error('data does not end with # EOF')
    if (after !== 'LINEBREAK') throw this.unexpected('expected timestamp or comment', after)
  }

  #value(token: Token, after: string): number {
    if (token !== 'VALUE') throw this.unexpected(`expected value after ${after}`, token)
    return this.number(this.tokenStart + 1, this.at)
  }

  /** Milliseconds from the timestamp just lexed. */
  #seconds(what: string): number {
    const seconds = this.number(this.tokenStart + 1, this.at)
    if (Number.isFinite(seconds)) return Math.trunc(seconds * 1000)
    const shown = seconds !== seconds ? 'NaN' : seconds > 0 ? '+Inf' : '-Inf'
    throw this.error(`invalid ${what} ${shown}`)
  }

  protected override lex(): Token {
    const { bytes } = this
    if (this.at >= this.size) return 'EOF'
    this.tokenStart = this.at
    const c = bytes[this.at]
    switch (this.#state) {
      case 'line':
        return this.#lexLine(c)
      case 'family':
        return this.#move(this.quoted(false) || this.name(true), 'text', 'MNAME')
      case 'text':
        return this.#lexText(c)
      case 'labels':
        return this.#lexLabels(c, 'labels', 'labelValue', 'value')
      case 'labelValue':
        return this.#move(this.quoted(false), 'labels', 'LVALUE')
      case 'value':
        if (c === 0x7b) return this.#one('labels', 'BOPEN')
        return this.#blankAndWord('timestamp', 'VALUE')
      case 'timestamp':
        if (c === 0x0a) return this.#one('line', 'LINEBREAK')
        if (bytes.toString('latin1', this.at, this.at + 3) === ' # ') {
          this.at += 3
          return bytes[this.at] === 0x7b ? this.#one('exemplar', 'COMMENT') : 'INVALID'
        }
        return this.#blankAndWord('timestamp', 'TIMESTAMP')
      case 'exemplar':
        return this.#lexLabels(c, 'exemplar', 'exemplarValue', 'exemplarValue')
      case 'exemplarValue':
        if (c === 0x22) return this.#move(this.quoted(false, false), 'exemplar', 'LVALUE')
        return this.#blankAndWord('exemplarTimestamp', 'VALUE')
      case 'exemplarTimestamp':
        if (c === 0x0a) return this.#one('line', 'LINEBREAK')
        return this.#blankAndWord('exemplarTimestamp', 'TIMESTAMP')
    }
  }

  #move(isRead: boolean, state: State, token: Token): Token {
    if (!isRead) return 'INVALID'
    this.#state = state
    return token
  }

  #one(state: State, token: Token): Token {
    this.at++
    return this.#move(true, state, token)
  }

  #lexLine(c: number): Token {
    if (c === 0x7b) return this.#one('labels', 'BOPEN')
    if (c !== 0x23) return this.#move(this.name(true), 'value', 'MNAME')
    const from = this.at
    for (const [word, state, token] of COMMENTS) {
      const length = this.#commonLength(from, word)
      if (length === word.length) {
        this.at = from + length
        if (token === 'EOFWORD' && this.bytes[this.at] === 0x0a && this.at < this.size) this.at++
        return this.#move(true, state, token)
      }
      this.at = Math.max(this.at, from + length)
    }
    return 'INVALID'
  }

  #commonLength(from: number, word: string): number {
    let length = 0
    while (
      length < word.length &&
      from + length < this.size &&
      this.bytes[from + length] === word.charCodeAt(length)
    )
      length++
    return length
  }

  #lexText(c: number): Token {
    const end = c === 0x20 ? this.bytes.indexOf(0x0a, this.at) : -1
    if (end < 0 || end >= this.size) return 'INVALID'
    this.at = end + 1
    return this.#move(true, 'line', 'TEXT')
  }

  #lexLabels(c: number, state: State, afterEqual: State, afterBrace: State): Token {
    if (c === 0x7d) return this.#one(afterBrace, 'BCLOSE')
    if (c === 0x3d) return this.#one(afterEqual, 'EQUAL')
    if (c === 0x2c) return this.#one(state, 'COMMA')
    if (c === 0x22) return this.#move(this.quoted(false), state, 'QSTRING')
    return this.#move(this.name(false), state, 'LNAME')
  }

  /** One blank and a run of anything else. */
  #blankAndWord(state: State, token: Token): Token {
    const { bytes, size } = this
    if (bytes[this.at] !== 0x20) return 'INVALID'
    let p = this.at + 1
    while (p < size && bytes[p] !== 0x20 && bytes[p] !== 0x0a) p++
    const isRead = p > this.at + 1
    this.at = p
    return this.#move(isRead, state, token)
  }
}

const COMMENTS: readonly (readonly [word: string, state: State, token: Token])[] = [
  ['# HELP ', 'family', 'HELP'],
  ['# TYPE ', 'family', 'TYPE'],
  ['# UNIT ', 'family', 'UNIT'],
  ['# EOF', 'line', 'EOFWORD'],
]
