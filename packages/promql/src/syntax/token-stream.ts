/**
 * Tokens for the parser, one ahead and no further, and what to say when one does not fit.
 *
 * Messages name the innermost construct that was being read ("in grouping opts, expected label"),
 * as those of Prometheus's generated parser do. Each construct that has such a text is on a stack of
 * contexts while it is read.
 */
import { Lexer } from './lexer.ts'
import type { ParseProblem } from './parse-error.ts'
import { type Token, type TokenKind, describeToken } from './token.ts'

interface Context {
  name: string
  expected: string
}

/** Thrown to leave the parser after a problem that cannot be passed over; it is recorded already. */
export class SyntaxStop extends Error {}

/** How deep expressions may nest, so that a hostile one cannot exhaust the stack. */
const MAX_DEPTH = 500

export class TokenStream {
  readonly problems: ParseProblem[] = []
  readonly #lexer: Lexer
  readonly #contexts: Context[] = []
  #ahead: Token | undefined
  #depth = 0
  /** End of the last token that was taken. */
  lastEnd = 0

  constructor(input: string) {
    this.#lexer = new Lexer(input)
  }

  peek(): Token {
    while (this.#ahead === undefined) {
      const token = this.#lexer.next()
      if (token.kind === 'COMMENT') continue
      this.#ahead = token
      if (token.kind === 'ERROR') {
        this.report(token.text, token.start, token.end)
        throw new SyntaxStop()
      }
    }
    return this.#ahead
  }

  is(kind: TokenKind): boolean {
    return this.peek().kind === kind
  }

  take(): Token {
    const token = this.peek()
    // The end stays: asking beyond it gives it again.
    if (token.kind !== 'EOF') this.#ahead = undefined
    this.lastEnd = token.end
    return token
  }

  accept(kind: TokenKind): Token | undefined {
    return this.is(kind) ? this.take() : undefined
  }

  expect(kind: TokenKind): Token {
    return this.is(kind) ? this.take() : this.unexpected()
  }

  report(message: string, start: number, end: number): void {
    this.problems.push({ message, start, end })
  }

  /** Runs `read`; a token that does not fit in it is reported as unexpected in `name`. */
  within<T>(name: string, expected: string, read: () => T): T {
    this.#contexts.push({ name, expected })
    const result = read()
    this.#contexts.pop()
    return result
  }

  /** Runs `read` one level deeper, as far as nesting may go. */
  deeper<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.tooDeep()
    const result = read()
    this.#depth--
    return result
  }

  tooDeep(): never {
    const { start, end } = this.peek()
    this.report('expression is nested too deeply', start, end)
    throw new SyntaxStop()
  }

  /** Reports the next token and leaves the parser. */
  unexpected(context: Context | undefined = this.#contexts.at(-1)): never {
    const token = this.peek()
    let message = `unexpected ${describeToken(token)}`
    if (context !== undefined) {
      if (context.name !== '') message += ` in ${context.name}`
      if (context.expected !== '') message += `, expected ${context.expected}`
    }
    this.report(message, token.start, token.end)
    throw new SyntaxStop()
  }
}
