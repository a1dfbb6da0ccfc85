/**
 * RE2 expressions, as Prometheus matches label values: anchored on both sides, `.` matches newlines.
 * Linear in the length of the value whatever the expression, because users type both.
 */
import { RE2JS } from 're2js'

export class RegexError extends Error {
  readonly expression: string

  constructor(expression: string, cause: unknown) {
    const text = cause instanceof Error ? cause.message : String(cause)
    const reason = text.replace(/^error parsing regexp: /, '')
    const shown = SHOWN.get(reason)?.(expression) ?? ''
    super(`error parsing regexp: ${reason}${shown}`, { cause })
    this.name = 'RegexError'
    this.expression = expression
  }
}

/** What Go's texts say beyond those of the library. */
const SHOWN: ReadonlyMap<string, (expression: string) => string> = new Map<
  string,
  (expression: string) => string
>([
  ['trailing backslash at end of expression', () => ': ``'],
  ['expression nests too deeply', (expression) => `: \`${expression}\``],
])

/** A test for whether a whole value matches. Throws RegexError. */
export function compileAnchored(expression: string): (value: string) => boolean {
  // Fast paths: what dashboards write most needs no regular expression at all.
  return plainTest(expression) ?? slowTest(expression)
}

function slowTest(expression: string): (value: string) => boolean {
  // Compiled once as it stands, so that `)(` cannot become valid inside the anchors.
  compileRegex(expression)
  const pattern = compileRegex(`^(?s:${expression}${isQuoteOpen(expression) ? '\\E' : ''})$`)
  return (value) => pattern.matcher(value).find()
}

/** Whether all to the end of the expression is literal, after a `\Q` without `\E`. */
function isQuoteOpen(expression: string): boolean {
  for (let at = expression.indexOf('\\'); at >= 0; at = expression.indexOf('\\', at)) {
    const end = expression[at + 1] === 'Q' ? expression.indexOf('\\E', at + 2) : at
    if (end < 0) return true
    at = end + 2
  }
  return false
}

/** The expression itself, for replacing and for its groups. Throws RegexError. */
export function compileRegex(expression: string): RE2JS {
  try {
    return RE2JS.compile(expression)
  } catch (error) {
    if (error instanceof Error && error.message.includes(DUPLICATE)) {
      const unique = withoutDuplicates(expression)
      if (unique !== expression) return compileRegex(unique)
    }
    throw new RegexError(expression, error)
  }
}

const DUPLICATE = 'duplicate capture group name'

/** Names may come twice in Go, and mean the first group of that name. */
function withoutDuplicates(expression: string): string {
  const seen = new Set<string>()
  return expression.replace(
    /(?<!\\)((?:\\\\)*)\(\?P?<(\w+)>/g,
    (whole, before: string, name: string) => {
      if (seen.has(name)) return `${before}(`
      seen.add(name)
      return whole
    },
  )
}

const PLAIN = /^[^\\.^$*+?()[\]{}|]*$/
const WRAPPED = /^(\.[*+])?([^\\.^$*+?()[\]{}|]*)(\.[*+])?$/

const LITERAL = /^[^\\.^$*+?()[\]{}|]*/u

/** All values that an anchored expression matches, when it is a list of them: `a|b`, `(a|b)`. */
export function alternativesOf(expression: string): readonly string[] | undefined {
  const group = /^\((?:\?:)?([^()]*)\)$/.exec(expression)
  const alternatives = (group?.[1] ?? expression).split('|')
  return alternatives.every((one) => PLAIN.test(one)) ? alternatives : undefined
}

/** What every value begins with that an anchored expression matches; '' where it cannot be told. */
export function prefixOf(expression: string): string {
  if (expression.includes('|')) return ''
  const [literal] = LITERAL.exec(expression)!
  // The last character may be optional or come several times, flags or an empty quote between.
  const isCounted = /^(?:[*?{]|\(\?|\\Q)/.test(expression.slice(literal.length))
  return isCounted ? literal.replace(/.$/su, '') : literal
}

/** Tests for `a|b|c`, `(a|b)`, `a.*`, `.*a`, `.*a.*` and the like with `.+`; undefined for all else. */
function plainTest(expression: string): ((value: string) => boolean) | undefined {
  const alternatives = alternativesOf(expression)
  if (alternatives !== undefined) {
    if (alternatives.length === 1) return (value) => value === alternatives[0]
    const set = new Set(alternatives)
    return (value) => set.has(value)
  }
  const match = WRAPPED.exec(expression)
  if (match === null) return undefined
  const [, before, literal, after] = match
  if (before !== undefined && after !== undefined && literal === '') return undefined
  // `.` is one code point, so `.+` wants at least one UTF-16 unit more than the literal.
  const moreBefore = before === '.+' ? 1 : 0
  const moreAfter = after === '.+' ? 1 : 0
  const sizeMin = literal.length + moreBefore + moreAfter
  if (before === undefined) return (value) => value.length >= sizeMin && value.startsWith(literal)
  if (after === undefined) return (value) => value.length >= sizeMin && value.endsWith(literal)
  return (value) => {
    const at = value.indexOf(literal, moreBefore)
    return at >= 0 && at + literal.length + moreAfter <= value.length
  }
}
