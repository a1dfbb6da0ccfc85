/**
 * Tokens of Go's text/template. Text runs until `{{`; inside an action spaces count, because they
 * separate arguments. `{{- ` and ` -}}` trim the text beside them; comments leave nothing behind.
 * Source: the documentation of Go's text/template; messages are Go's.
 */

export type TokenKind =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'identifier'
  | 'keyword'
  | 'field'
  | 'variable'
  | 'dot'
  | 'nil'
  | 'bool'
  | 'number'
  | 'char'
  | 'string'
  | 'rawString'
  | 'pipe'
  | 'leftParen'
  | 'rightParen'
  | 'declare'
  | 'assign'
  | 'comma'
  | 'end'
  | 'error'

export interface Token {
  kind: TokenKind
  /** Offset in the template. */
  at: number
  /** As written; the message of an `error`. */
  text: string
}

const KEYWORDS = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
])

const SPACES = ' \t\r\n'
const isSpace = (char: string): boolean => char !== '' && SPACES.includes(char)
const isWord = (char: string): boolean => char !== '' && /^[\p{L}\p{Nd}_]$/u.test(char)

/** All tokens; the last is `end` or `error`. */
export function lex(input: string): Token[] {
  return new Lexer(input).run()
}

class Lexer {
  readonly #input: string
  readonly #tokens: Token[] = []
  #at = 0
  #parenDepth = 0

  constructor(input: string) {
    this.#input = input
  }

  run(): Token[] {
    while (this.#text() && this.#action());
    return this.#tokens
  }

  /** Text up to the next action. False at the end. */
  #text(): boolean {
    const open = this.#input.indexOf('{{', this.#at)
    const end = open < 0 ? this.#input.length : open
    let text = this.#input.slice(this.#at, end)
    if (open >= 0 && this.#isTrimmedLeft(open)) text = text.replace(/[ \t\r\n]+$/, '')
    if (text !== '') this.#add('text', this.#at, text)
    this.#at = end
    if (open < 0) {
      this.#add('end', end, '')
      return false
    }
    return true
  }

  #isTrimmedLeft(open: number): boolean {
    return this.#input[open + 2] === '-' && isSpace(this.#input[open + 3] ?? '')
  }

  /** One action, delimiters included. False when the input is broken. */
  #action(): boolean {
    const open = this.#at
    this.#at += this.#isTrimmedLeft(open) ? 4 : 2
    if (this.#input.startsWith('/*', this.#at)) return this.#comment()
    this.#add('left', open, '{{')
    this.#parenDepth = 0
    while (!this.#isAtRight()) if (!this.#inside()) return false
    if (this.#parenDepth > 0) return this.#fail('unclosed left paren')
    this.#closeAction(true)
    return true
  }

  #isAtRight(): boolean {
    return this.#input.startsWith('}}', this.#at) || this.#isTrimmedRight()
  }

  #isTrimmedRight(): boolean {
    return isSpace(this.#input[this.#at] ?? '') && this.#input.startsWith('-}}', this.#at + 1)
  }

  #closeAction(isEmitted: boolean): void {
    const isTrimmed = this.#isTrimmedRight()
    const at = this.#at + (isTrimmed ? 2 : 0)
    if (isEmitted) this.#add('right', at, '}}')
    this.#at = at + 2
    if (isTrimmed) while (isSpace(this.#input[this.#at] ?? '')) this.#at++
  }

  #comment(): boolean {
    const end = this.#input.indexOf('*/', this.#at)
    if (end < 0) return this.#fail('unclosed comment')
    this.#at = end + 2
    if (!this.#isAtRight()) return this.#fail('comment ends before closing delimiter')
    this.#closeAction(false)
    return true
  }

  #inside(): boolean {
    const char = this.#input[this.#at] ?? ''
    const start = this.#at
    if (char === '') return this.#fail('unclosed action')
    if (isSpace(char)) {
      while (isSpace(this.#input[this.#at] ?? '') && !this.#isTrimmedRight()) this.#at++
      return this.#add('space', start, this.#input.slice(start, this.#at))
    }
    if (char === ':') {
      if (this.#input[start + 1] !== '=') return this.#fail('expected :=')
      return this.#take('declare', 2)
    }
    if (char === '=') return this.#take('assign', 1)
    if (char === ',') return this.#take('comma', 1)
    if (char === '|') return this.#take('pipe', 1)
    if (char === '"') return this.#quoted('"', 'string', 'unterminated quoted string')
    if (char === "'") return this.#quoted("'", 'char', 'unterminated character constant')
    if (char === '`') return this.#raw()
    if (char === '$') return this.#named('variable')
    if (char === '(') {
      this.#parenDepth++
      return this.#take('leftParen', 1)
    }
    if (char === ')') {
      if (--this.#parenDepth < 0) return this.#fail('unexpected right paren')
      return this.#take('rightParen', 1)
    }
    if (char === '.' && !/^[0-9]$/.test(this.#input[start + 1] ?? '')) return this.#named('field')
    if (/^[0-9+\-.]$/.test(char)) return this.#number()
    if (isWord(this.#char(start))) return this.#named('identifier')
    return this.#fail(`unrecognized character in action: ${showChar(this.#char(start))}`)
  }

  #char(at: number): string {
    const code = this.#input.codePointAt(at)
    return code === undefined ? '' : String.fromCodePoint(code)
  }

  /** A name, with the sign that comes before it for fields and variables. */
  #named(kind: 'field' | 'variable' | 'identifier'): boolean {
    const start = this.#at
    if (kind !== 'identifier') this.#at++
    for (let char = this.#char(this.#at); isWord(char); char = this.#char(this.#at))
      this.#at += char.length
    const next = this.#char(this.#at)
    if (next !== '' && !isSpace(next) && !'.,|:)(='.includes(next) && !this.#isAtRight())
      return this.#fail(`bad character ${showChar(next)}`)
    const text = this.#input.slice(start, this.#at)
    if (text === '.') return this.#add('dot', start, text)
    if (kind !== 'identifier') return this.#add(kind, start, text)
    if (KEYWORDS.has(text)) return this.#add('keyword', start, text)
    if (text === 'true' || text === 'false') return this.#add('bool', start, text)
    return this.#add(text === 'nil' ? 'nil' : 'identifier', start, text)
  }

  #number(): boolean {
    const match =
      /[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:[0-9][0-9_]*)?\.?[0-9_]*(?:[eE][+-]?[0-9_]+)?)/y
    match.lastIndex = this.#at
    const text = match.exec(this.#input)?.[0] ?? ''
    const next = this.#char(this.#at + text.length)
    if (isWord(next) || !/[0-9]/.test(text))
      return this.#fail(`bad number syntax: ${JSON.stringify(text + next)}`)
    return this.#take('number', text.length)
  }

  #quoted(quote: string, kind: 'string' | 'char', message: string): boolean {
    let at = this.#at + 1
    for (;;) {
      const char = this.#input[at]
      if (char === undefined || char === '\n') return this.#fail(message)
      if (char === quote) break
      at += char === '\\' ? 2 : 1
    }
    return this.#take(kind, at + 1 - this.#at)
  }

  #raw(): boolean {
    const end = this.#input.indexOf('`', this.#at + 1)
    if (end < 0) return this.#fail('unterminated raw quoted string')
    return this.#take('rawString', end + 1 - this.#at)
  }

  #take(kind: TokenKind, length: number): boolean {
    const start = this.#at
    this.#at += length
    return this.#add(kind, start, this.#input.slice(start, this.#at))
  }

  #add(kind: TokenKind, at: number, text: string): true {
    this.#tokens.push({ kind, at, text })
    return true
  }

  #fail(message: string): false {
    this.#tokens.push({ kind: 'error', at: this.#at, text: message })
    return false
  }
}

/** Go's `%#U`: the code point, and the character when it can be seen. */
function showChar(char: string): string {
  const code = 'U+' + char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char) && char !== '\u00a0'
    ? `${code} '${char}'`
    : code
}
