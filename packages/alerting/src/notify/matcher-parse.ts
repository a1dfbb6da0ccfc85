/**
 * Alertmanager's matchers, `name op value`, alone or in braces. Two parsers: the newer one knows any
 * UTF-8 name and Go's quoting; the classic one knows less and forgives more. What only one of them
 * reads is taken as it reads it; where both do and disagree the classic one wins.
 */
import { Matcher, type MatchType, compileRegex } from '@vigie/model'
import { unquoteGo } from '../template/unquote.ts'

/** Text that is no matcher. */
export class MatcherError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'MatcherError'
  }
}

/** Throws MatcherError. */
export function parseMatchers(input: string): Matcher[] {
  let modern: Matcher[]
  try {
    modern = parseUtf8Matchers(input)
  } catch {
    return parseClassicMatchers(input)
  }
  try {
    const classic = parseClassicMatchers(input)
    return showAll(classic) === showAll(modern) ? modern : classic
  } catch {
    return modern
  }
}

const showAll = (matchers: readonly Matcher[]): string => matchers.map(String).join(',')

function matcherOf(type: MatchType, name: string, value: string): Matcher {
  try {
    if (type === '=~' || type === '!~') compileRegex(`^(?:${value})$`)
    return new Matcher(type, name, value)
  } catch (error) {
    throw new MatcherError((error as Error).message)
  }
}

const CLASSIC = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*([^]*?)\s*$/

/** Throws MatcherError. */
export function parseClassicMatchers(input: string): Matcher[] {
  const tokens: string[] = []
  let token = ''
  let isQuoted = false
  let isEscaped = false
  for (const char of input.replace(/^\{/, '').replace(/\}$/, '')) {
    if (!isQuoted && char === ',') {
      tokens.push(token)
      token = ''
      continue
    }
    token += char
    if (char === '"' && !isEscaped) isQuoted = !isQuoted
    isEscaped = char === '\\' && !isEscaped
  }
  // A trailing comma may stand alone.
  if (token.trim() !== '') tokens.push(token)
  return tokens.map(parseClassicMatcher)
}

function parseClassicMatcher(text: string): Matcher {
  const match = CLASSIC.exec(text)
  if (match === null) throw new MatcherError(`bad matcher format: ${text}`)
  const [, name, type, raw] = match
  return matcherOf(type as MatchType, name, classicValue(raw))
}

function classicValue(shown: string): string {
  const isQuoted = shown.startsWith('"')
  const chars = Array.from(isQuoted ? shown.slice(1) : shown)
  const unescapedQuote = (): MatcherError =>
    new MatcherError(`matcher value contains unescaped double quote: ${shown}`)
  let isClosed = !isQuoted
  let value = ''
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i]
    if (char === '\\' && i < chars.length - 1) {
      const next = chars[++i]
      // An escape that means nothing is what it looks like.
      value += next === 'n' ? '\n' : next === '"' || next === '\\' ? next : '\\' + next
    } else if (char === '"') {
      if (isClosed || i < chars.length - 1) throw unescapedQuote()
      isClosed = true
    } else value += char
  }
  if (!isClosed) throw unescapedQuote()
  return value
}

interface Token {
  kind: 'open' | 'close' | 'comma' | 'operator' | 'quoted' | 'unquoted' | 'end'
  text: string
  /** In characters. */
  start: number
  end: number
}

const OPERATORS = ['=~', '!~', '!=', '=']
const MARKS = new Map<string, Token['kind']>([
  ['{', 'open'],
  ['}', 'close'],
  [',', 'comma'],
])

/** Throws MatcherError. */
export function parseUtf8Matchers(input: string): Matcher[] {
  return new Utf8Parser(input).parse()
}

/** Exactly one. Throws MatcherError. */
export function parseUtf8Matcher(input: string): Matcher {
  const matchers = parseUtf8Matchers(input)
  if (matchers.length === 0) throw new MatcherError('no matchers')
  if (matchers.length > 1) throw new MatcherError(`expected 1 matcher, found ${matchers.length}`)
  return matchers[0]
}

class Utf8Parser {
  readonly #chars: string[]
  #at = 0
  #isBraced = false

  constructor(input: string) {
    this.#chars = Array.from(input)
  }

  parse(): Matcher[] {
    const matchers: Matcher[] = []
    this.#isBraced = this.#peek().kind === 'open'
    if (this.#isBraced) this.#next()
    let token = this.#peek()
    while (token.kind !== 'close' && token.kind !== 'end') {
      matchers.push(this.#matcher())
      token = this.#afterMatcher()
      if (token.kind !== 'comma') break
      this.#next()
      token = this.#peek()
    }
    this.#close()
    const rest = this.#next()
    if (rest.kind !== 'end') throw this.#unexpected(rest, 'expected end of input')
    return matchers
  }

  #matcher(): Matcher {
    const name = this.#next()
    if (name.kind !== 'quoted' && name.kind !== 'unquoted')
      throw this.#unexpected(name, 'expected label name')
    const operator = this.#next()
    if (operator.kind !== 'operator')
      throw this.#unexpected(operator, "expected an operator such as '=', '!=', '=~' or '!~'")
    const value = this.#next()
    if (value.kind !== 'quoted' && value.kind !== 'unquoted')
      throw this.#unexpected(value, 'expected label value')
    return matcherOf(operator.text as MatchType, this.#text(name), this.#text(value))
  }

  #text(token: Token): string {
    if (token.kind === 'unquoted') return token.text
    const text = unquoteGo(token.text)
    if (text === undefined)
      throw new MatcherError(`${token.start}:${token.end}: ${token.text}: invalid input`)
    return text
  }

  /** A comma, a closing brace or the end; the token stays. */
  #afterMatcher(): Token {
    const expected = 'expected a comma or close brace'
    let token: Token
    try {
      token = this.#peek()
    } catch (error) {
      throw new MatcherError(`${(error as Error).message}: ${expected}`)
    }
    if (token.kind === 'comma' || token.kind === 'close' || token.kind === 'end') return token
    throw this.#unexpected(token, expected)
  }

  #close(): void {
    const isClosed = this.#peek().kind === 'close'
    const { length } = this.#chars
    if (this.#isBraced && !isClosed)
      throw new MatcherError(`0:${length}: end of input: expected close brace`)
    if (!this.#isBraced && isClosed)
      throw new MatcherError(`0:${length}: }: expected opening brace`)
    if (isClosed) this.#next()
  }

  #unexpected(token: Token, expected: string): MatcherError {
    const what = token.kind === 'end' ? 'end of input' : `unexpected ${token.text}`
    return new MatcherError(`${token.start}:${token.end}: ${what}: ${expected}`)
  }

  #peek(): Token {
    const at = this.#at
    const token = this.#next()
    this.#at = at
    return token
  }

  #next(): Token {
    while (/^\s$/.test(this.#chars[this.#at] ?? '')) this.#at++
    const start = this.#at
    const char = this.#chars[start]
    if (char === undefined) return { kind: 'end', text: '', start, end: start }
    const mark = MARKS.get(char)
    if (mark !== undefined) return this.#take(mark, 1)
    const operator = OPERATORS.find(
      (one) => one === this.#chars.slice(start, start + one.length).join(''),
    )
    if (operator !== undefined) return this.#take('operator', operator.length)
    if (char === '"') return this.#quoted()
    let length = 0
    while (/^[^\s{}!=~,\\"'`]$/u.test(this.#chars[start + length] ?? '')) length++
    if (length === 0) throw new MatcherError(`${start}:${start + 1}: ${char}: invalid input`)
    return this.#take('unquoted', length)
  }

  #quoted(): Token {
    const start = this.#at
    let at = start + 1
    while (this.#chars[at] !== '"') {
      if (this.#chars[at] === undefined)
        throw new MatcherError(
          `${start}:${at}: ${this.#chars.slice(start).join('')}: missing end "`,
        )
      at += this.#chars[at] === '\\' ? 2 : 1
    }
    return this.#take('quoted', at + 1 - start)
  }

  #take(kind: Token['kind'], length: number): Token {
    const start = this.#at
    this.#at += length
    return { kind, text: this.#chars.slice(start, this.#at).join(''), start, end: this.#at }
  }
}
