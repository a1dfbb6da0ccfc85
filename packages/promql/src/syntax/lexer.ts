/**
 * The lexer of PromQL. It gives one token at a time, because what it expects depends on open braces
 * and brackets, and because errors must come in the order in which the text is read. After an ERROR
 * or EOF token there is nothing more to read, but for the string of a bad escape.
 */
import { quote } from '@vigie/model'
import { DURATION_KEYWORDS, KEYWORDS, type Token, type TokenKind } from './token.ts'

/** What `next` gives at the end of the input. */
const END = -1
const REPLACEMENT = 0xfffd

const SINGLE: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  [',', 'COMMA'],
  ['*', 'MUL'],
  ['/', 'DIV'],
  ['%', 'MOD'],
  ['+', 'ADD'],
  ['-', 'SUB'],
  ['^', 'POW'],
  ['@', 'AT'],
])

const isSpace = (c: string): boolean => c === ' ' || c === '\t' || c === '\n' || c === '\r'
const isDigit = (c: string): boolean => c >= '0' && c <= '9' && c.length === 1
const isAlpha = (c: string): boolean => c.length === 1 && /[a-zA-Z_]/.test(c)
const isAlphaNumeric = (c: string): boolean => isAlpha(c) || isDigit(c)

type State = 'statements' | 'duration'

export class Lexer {
  readonly #input: string
  #at = 0
  #start = 0
  #state: State = 'statements'
  #isBraceOpen = false
  #isBracketOpen = false
  #hasColon = false
  #hasDuration = false
  #parenDepth = 0
  /** The string that a bad escape was found in: its error comes first. */
  #following: Token | undefined

  constructor(input: string) {
    this.#input = input
  }

  /** The next token that is not a space. Comments are tokens. */
  next(): Token {
    const following = this.#following
    if (following !== undefined) {
      this.#following = undefined
      return following
    }
    for (;;) {
      this.#start = this.#at
      const token = this.#isBraceOpen
        ? this.#insideBraces()
        : this.#state === 'duration'
          ? this.#insideBrackets()
          : this.#statement()
      if (token !== undefined) return token
    }
  }

  /** The character at the cursor, '' at the end. */
  #peek(ahead = 0): string {
    const code = this.#input.codePointAt(this.#at + ahead)
    return code === undefined ? '' : String.fromCodePoint(code)
  }

  #take(): string {
    const c = this.#peek()
    this.#at += c.length
    return c
  }

  #accept(set: string): boolean {
    const c = this.#peek()
    if (c === '' || !set.includes(c)) return false
    this.#at++
    return true
  }

  #token(kind: TokenKind): Token {
    return {
      kind,
      text: this.#input.slice(this.#start, this.#at),
      start: this.#start,
      end: this.#at,
    }
  }

  /** Errors reach to the end of the input. */
  #error(message: string, start = this.#start): Token {
    const token: Token = { kind: 'ERROR', text: message, start, end: this.#input.length }
    this.#at = this.#input.length
    return token
  }

  #statement(): Token | undefined {
    const c = this.#take()
    if (c === '#') return this.#comment()
    if (c === '') {
      if (this.#parenDepth !== 0) return this.#error('unclosed left parenthesis')
      if (this.#isBracketOpen) return this.#error('unclosed left bracket')
      return this.#token('EOF')
    }
    if (isSpace(c)) return undefined
    const kind = SINGLE.get(c)
    if (kind !== undefined) return this.#token(kind)
    if (isDigit(c) || (c === '.' && isDigit(this.#peek()))) return this.#numberOrDuration()
    if (isAlpha(c) || c === ':') return this.#isBracketOpen ? this.#bracketWord(c) : this.#word()
    switch (c) {
      case '=':
        if (this.#accept('=')) return this.#token('EQLC')
        if (this.#peek() === '~') return this.#error("unexpected character after '=': '~'")
        return this.#token('EQL')
      case '!': {
        if (this.#accept('=')) return this.#token('NEQ')
        return this.#error(`unexpected character after '!': ${quoteChar(this.#peek())}`)
      }
      case '<':
        if (this.#accept('/')) return this.#token('TRIM_UPPER')
        return this.#token(this.#accept('=') ? 'LTE' : 'LSS')
      case '>':
        if (this.#accept('/')) return this.#token('TRIM_LOWER')
        return this.#token(this.#accept('=') ? 'GTE' : 'GTR')
      case '"':
      case "'":
        return this.#string(c)
      case '`':
        return this.#rawString()
      case '(':
      case ')':
        return this.#paren(c)
      case '{':
        this.#isBraceOpen = true
        return this.#token('LEFT_BRACE')
      case '[':
        if (this.#isBracketOpen) return this.#error(`unexpected left bracket '['`)
        this.#isBracketOpen = true
        this.#hasColon = false
        this.#state = 'duration'
        return this.#token('LEFT_BRACKET')
      case ']':
        if (!this.#isBracketOpen) return this.#error(`unexpected right bracket ']'`)
        this.#isBracketOpen = false
        return this.#token('RIGHT_BRACKET')
      default:
        return this.#error(`unexpected character: ${quoteChar(c)}`)
    }
  }

  #paren(c: string): Token {
    if (c === '(') {
      this.#parenDepth++
      return this.#token('LEFT_PAREN')
    }
    this.#parenDepth--
    if (this.#parenDepth < 0) return this.#error(`unexpected right parenthesis ')'`, this.#at)
    return this.#token('RIGHT_PAREN')
  }

  #comment(): Token {
    for (let c = this.#peek(); c !== '' && c !== '\n' && c !== '\r'; c = this.#peek())
      this.#at += c.length
    return this.#token('COMMENT')
  }

  #word(): Token {
    while (isAlphaNumeric(this.#peek()) || this.#peek() === ':') this.#at++
    const word = this.#input.slice(this.#start, this.#at)
    const kind = KEYWORDS.get(word.toLowerCase())
    if (kind !== undefined) {
      const isFill = kind === 'FILL' || kind === 'FILL_LEFT' || kind === 'FILL_RIGHT'
      // Fill modifiers came late; they stay metric names where no parenthesis follows.
      return this.#token(isFill && !this.#isParenNext() ? 'IDENTIFIER' : kind)
    }
    return this.#token(word.includes(':') ? 'METRIC_IDENTIFIER' : 'IDENTIFIER')
  }

  #isParenNext(): boolean {
    let ahead = 0
    while (isSpace(this.#peek(ahead))) ahead++
    return this.#peek(ahead) === '('
  }

  /** A word or colon inside of brackets, once a number was read there. */
  #bracketWord(c: string): Token {
    if (c === ':') {
      if (this.#hasColon) return this.#error(`unexpected colon ':'`)
      this.#hasColon = true
      return this.#token('COLON')
    }
    return (
      this.#durationKeyword() ?? this.#error(`unexpected character: ${quoteChar(c)}, expected ':'`)
    )
  }

  #durationKeyword(): Token | undefined {
    while (isAlpha(this.#peek())) this.#at++
    const kind = DURATION_KEYWORDS.get(this.#input.slice(this.#start, this.#at).toLowerCase())
    return kind && this.#token(kind)
  }

  /** Inside of brackets, until the first number. */
  #insideBrackets(): Token | undefined {
    const c = this.#take()
    if (c === '') return this.#error('unexpected end of input in duration expression')
    if (isSpace(c)) return undefined
    const kind = SINGLE.get(c)
    if (kind !== undefined && kind !== 'AT') return this.#token(kind)
    if (c === '(' || c === ')') return this.#paren(c)
    if (c === ']') {
      this.#isBracketOpen = false
      this.#state = 'statements'
      return this.#token('RIGHT_BRACKET')
    }
    if (c === ':') {
      if (!this.#hasDuration) {
        return this.#error('unexpected colon before duration in duration expression', this.#at)
      }
      if (this.#hasColon)
        return this.#error('unexpected repeated colon in duration expression', this.#at)
      this.#hasColon = true
      return this.#token('COLON')
    }
    if (isDigit(c) || (c === '.' && isDigit(this.#peek()))) {
      this.#hasDuration = true
      this.#state = 'statements'
      return this.#numberOrDuration()
    }
    const keyword = isAlpha(c) ? this.#durationKeyword() : undefined
    if (keyword !== undefined) this.#hasDuration = true
    return keyword ?? this.#error(`unexpected character in duration expression: ${quoteChar(c)}`)
  }

  #insideBraces(): Token | undefined {
    const c = this.#take()
    if (c === '#') return this.#comment()
    if (c === '') return this.#error('unexpected end of input inside braces')
    if (isSpace(c)) return undefined
    if (isAlpha(c)) {
      while (isAlphaNumeric(this.#peek())) this.#at++
      return this.#token('IDENTIFIER')
    }
    switch (c) {
      case ',':
        return this.#token('COMMA')
      case '"':
      case "'":
        return this.#string(c)
      case '`':
        return this.#rawString()
      case '=':
        return this.#token(this.#accept('~') ? 'EQL_REGEX' : 'EQL')
      case '!':
        if (this.#accept('~')) return this.#token('NEQ_REGEX')
        if (this.#accept('=')) return this.#token('NEQ')
        return this.#error(
          `unexpected character after '!' inside braces: ${quoteChar(this.#peek())}`,
        )
      case '{':
        return this.#error(`unexpected left brace '{'`)
      case '}':
        this.#isBraceOpen = false
        return this.#token('RIGHT_BRACE')
      default:
        return this.#error(`unexpected character inside braces: ${quoteChar(c)}`)
    }
  }

  #string(quoteMark: string): Token {
    let badEscape: string | undefined
    for (;;) {
      const c = this.#take()
      if (c === '' || c === '\n') return this.#error(badEscape ?? 'unterminated quoted string')
      if (c.codePointAt(0) === REPLACEMENT) return this.#error(badEscape ?? 'invalid UTF-8 rune')
      if (c === quoteMark) {
        if (badEscape === undefined) return this.#token('STRING')
        this.#following = this.#token('STRING')
        return { kind: 'ERROR', text: badEscape, start: this.#start, end: this.#input.length }
      }
      if (c === '\\') badEscape ??= this.#escape(quoteMark)
    }
  }

  #rawString(): Token {
    for (;;) {
      const c = this.#take()
      if (c === '') return this.#error('unterminated raw string')
      if (c.codePointAt(0) === REPLACEMENT) return this.#error('invalid UTF-8 rune')
      if (c === '`') return this.#token('STRING')
    }
  }

  /** Checks one escape sequence after its backslash; gives what is wrong with it. */
  #escape(quoteMark: string): string | undefined {
    const c = this.#take()
    if (c === '') return 'escape sequence not terminated'
    if (c === quoteMark || 'abfnrtv\\'.includes(c)) return undefined
    const shape = ESCAPES.get(c) ?? (c >= '0' && c <= '7' ? OCTAL : undefined)
    if (shape === undefined) return `unknown escape sequence ${unicodeName(c)}`
    const [count, base, max] = shape
    if (shape === OCTAL) this.#at--
    let value = 0
    for (let i = 0; i < count; i++) {
      const digit = this.#take()
      if (digit === '') return 'escape sequence not terminated'
      const n = Number.parseInt(digit, 16)
      if (Number.isNaN(n) || n >= base)
        return `illegal character ${unicodeName(digit)} in escape sequence`
      value = value * base + n
    }
    const isSurrogate = value >= 0xd800 && value < 0xe000
    return value > max || isSurrogate
      ? 'escape sequence is an invalid Unicode code point'
      : undefined
  }

  #numberOrDuration(): Token {
    this.#at = this.#start
    if (this.#scanNumber()) return this.#token('NUMBER')
    if (this.#scanDurationTail()) return this.#token('DURATION')
    return this.#error(
      `bad number or duration syntax: ${quote(this.#input.slice(this.#start, this.#at))}`,
    )
  }

  /** The rest of a duration after its first digits. Whether its units are right shows later. */
  #scanDurationTail(): boolean {
    if (!this.#accept('smhdwy')) return false
    this.#accept('s')
    while (isDigit(this.#peek())) {
      while (this.#accept('0123456789'));
      if (!this.#accept('smhdw')) return false
      this.#accept('s')
    }
    if (!isAlphaNumeric(this.#peek())) return true
    this.#at++
    return false
  }

  #scanNumber(): boolean {
    const start = this.#at
    let digits = '0123456789'
    if (this.#accept('0') && this.#accept('xX')) {
      this.#accept('_')
      digits += 'abcdefABCDEF'
    }
    const isHex = digits.length > 10
    this.#accept('.')
    this.#accept(digits)
    let hasDot = false
    let hasExponent = false
    for (let c = this.#peek(); c !== '' && (digits + '._eE').includes(c); c = this.#peek()) {
      if (c === '.') {
        this.#at++
        if (hasDot || this.#accept('_.') || isHex) return false
        hasDot = true
      } else if (!isHex && (c === 'e' || c === 'E')) {
        this.#at++
        if (hasExponent) return false
        hasExponent = true
        this.#accept('+-')
        if (this.#accept('._eE') || this.#peek() === '') return false
      } else if (c === '_') {
        this.#at++
        if (this.#accept('._eE') || this.#peek() === '') return false
      } else {
        while (this.#accept(digits));
      }
    }
    return this.#at > start && !isAlphaNumeric(this.#peek())
  }
}

type EscapeShape = readonly [count: number, base: number, max: number]
const OCTAL: EscapeShape = [3, 8, 255]
const ESCAPES: ReadonlyMap<string, EscapeShape> = new Map<string, EscapeShape>([
  ['x', [2, 16, 255]],
  ['u', [4, 16, 0x10ffff]],
  ['U', [8, 16, 0x10ffff]],
])

/** A character as Go's %q prints it; nothing is U+FFFD. */
function quoteChar(c: string): string {
  if (c === '') return "'\ufffd'"
  if (c === "'" || c === '\\') return `'\\${c}'`
  return `'${quote(c).slice(1, -1).replace('\\"', '"')}'`
}

/** A character as Go's %#U prints it. */
function unicodeName(c: string): string {
  const code = c.codePointAt(0) ?? END
  const hex = code.toString(16).toUpperCase().padStart(4, '0')
  return /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(c) ? `U+${hex} '${c}'` : `U+${hex}`
}
