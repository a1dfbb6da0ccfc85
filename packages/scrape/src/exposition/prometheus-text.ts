/**
 * Prometheus text format 0.0.4 and 1.0.0 (the latter adds quoted UTF-8 names, which cost nothing to
 * take always). Blanks separate tokens freely, lines end at `\n`, unknown comments are skipped.
 *
 *     # HELP http_requests_total Requests served.
 *     # TYPE http_requests_total counter
 *     http_requests_total{method="post",code="200"} 1027 1395066363000
 *     {"http.requests","service.name"="api"} 3
 */
import type { MetricType } from '../status.ts'
import {
  TextParser,
  isDigit,
  quoteBytes,
  unescapeHelp,
  type Entry,
  type Token,
} from './text-parser.ts'

const TYPES: ReadonlyMap<string, MetricType> = new Map([
  ['counter', 'counter'],
  ['gauge', 'gauge'],
  ['histogram', 'histogram'],
  ['summary', 'summary'],
  ['untyped', 'unknown'],
  // Not of the format, but written by libraries and read by prometheus/common.
  ['unknown', 'unknown'],
  ['gaugehistogram', 'gaugehistogram'],
  ['gauge_histogram', 'gaugehistogram'],
])

/** Where in a line the lexer is. */
type State = 'line' | 'family' | 'text' | 'labels' | 'labelValue' | 'value' | 'timestamp'

export class PrometheusTextParser extends TextParser {
  #state: State = 'line'

  /** The format wants a line break at the end; bodies without one are taken as if they had it. */
  override reset(bytes: Buffer, size: number, at: number, type: MetricType): void {
    bytes[size] = 0x0a
    super.reset(bytes, size + 1, at, type)
    this.#state = 'line'
  }

  override next(): Entry {
    let token: Token
    do {
      this.start = this.at
      this.isAscii = true
      token = this.lex()
    } while (token === 'LINEBREAK')
    if (token === 'MNAME' || token === 'BOPEN') {
      this.#sample(this.series(token, false))
      return 'series'
    }
    if (token === 'HELP' || token === 'TYPE') return this.#comment(token)
    if (token === 'COMMENT') return 'comment'
    if (token === 'EOF') return 'end'
    throw this.unexpected('expected a valid start token', token)
  }

  #comment(kind: 'HELP' | 'TYPE'): Entry {
    this.familyName(kind)
    this.lex()
    this.metadata(kind, Math.min(this.tokenStart + 1, this.at), this.at, TYPES)
    this.text = unescapeHelp(this.text)
    return kind === 'TYPE' ? 'type' : 'help'
  }

  #sample(token: Token): void {
    if (token !== 'VALUE') throw this.unexpected('expected value after metric', token)
    this.valueStart = this.tokenStart
    this.value = this.number(this.tokenStart, this.at)
    this.sampleEnd = this.at
    const after = this.lex()
    this.hasTimestamp = after === 'TIMESTAMP'
    if (after === 'LINEBREAK') return
    if (after !== 'TIMESTAMP') throw this.unexpected('expected timestamp or new record', after)
    this.timestamp = this.#integer(this.tokenStart, this.at)
    this.sampleEnd = this.at
    const last = this.lex()
    if (last !== 'LINEBREAK') throw this.unexpected('expected next entry after timestamp', last)
  }

  /** Milliseconds, as far as 64 bits go. */
  #integer(from: number, to: number): number {
    const text = this.bytes.toString('latin1', from, to)
    const value = Number(text)
    if (Math.abs(value) < 2 ** 63) return value
    throw this.error(
      `strconv.ParseInt: parsing "${text}": value out of range while parsing: ${quoteBytes(this.bytes.subarray(this.start, to))}`,
    )
  }

  protected override lex(): Token {
    const { bytes, size } = this
    if (this.#state !== 'text')
      while (this.at < size && (bytes[this.at] === 0x20 || bytes[this.at] === 0x09)) this.at++
    if (this.at >= size) return 'EOF'
    this.tokenStart = this.at
    switch (this.#state) {
      case 'line':
        return this.#lexLine(bytes[this.at])
      case 'family':
        return this.#move(this.quoted(true) || this.name(true), 'text', 'MNAME')
      case 'text':
        this.#skipLine()
        return this.#move(true, 'line', 'TEXT')
      case 'labels':
        return this.#lexLabels(bytes[this.at])
      case 'labelValue':
        return this.#move(this.quoted(true), 'labels', 'LVALUE')
      case 'value':
        if (bytes[this.at] === 0x7b) return this.#one('labels', 'BOPEN')
        return this.#lexValue()
      case 'timestamp':
        if (bytes[this.at] === 0x0a) return this.#one('line', 'LINEBREAK')
        if (bytes[this.at] === 0x2d && isDigit(bytes[this.at + 1])) this.at++
        while (isDigit(bytes[this.at])) this.at++
        return this.at > this.tokenStart ? 'TIMESTAMP' : 'INVALID'
    }
  }

  /** A token that was read, or INVALID. */
  #move(isRead: boolean, state: State, token: Token): Token {
    if (!isRead) return 'INVALID'
    this.#state = state
    return token
  }

  /** A token of one byte. */
  #one(state: State, token: Token): Token {
    this.at++
    return this.#move(true, state, token)
  }

  #lexLine(c: number): Token {
    if (c === 0x0a) return this.#one('line', 'LINEBREAK')
    if (c === 0x23) return this.#lexComment()
    if (c === 0x7b) return this.#one('labels', 'BOPEN')
    return this.#move(this.name(true), 'value', 'MNAME')
  }

  #lexComment(): Token {
    const { bytes, size } = this
    let p = this.at + 1
    while (p < size && (bytes[p] === 0x20 || bytes[p] === 0x09)) p++
    const isSpaced = p > this.at + 1
    const word = isSpaced ? bytes.toString('latin1', p, p + 5) : ''
    if (/^(?:HELP|TYPE)[ \t]$/.test(word)) {
      this.at = p + 5
      return this.#move(true, 'family', word.startsWith('HELP') ? 'HELP' : 'TYPE')
    }
    this.#skipLine()
    return 'COMMENT'
  }

  #skipLine(): void {
    const end = this.bytes.indexOf(0x0a, this.at)
    this.at = end < 0 || end > this.size ? this.size : end
  }

  #lexLabels(c: number): Token {
    if (c === 0x7d) return this.#one('value', 'BCLOSE')
    if (c === 0x3d) return this.#one('labelValue', 'EQUAL')
    if (c === 0x2c) return this.#one('labels', 'COMMA')
    if (c === 0x22) return this.#move(this.quoted(true), 'labels', 'QSTRING')
    return this.#move(this.name(false), 'labels', 'LNAME')
  }

  #lexValue(): Token {
    const { bytes, size } = this
    let p = this.at
    for (; p < size; p++) {
      const c = bytes[p]
      if (c === 0x0a || c === 0x20 || c === 0x09 || c === 0x7b || c === 0) break
    }
    const isRead = p > this.at
    this.at = p
    return this.#move(isRead, 'timestamp', 'VALUE')
  }
}
