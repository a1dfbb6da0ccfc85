/**
 * RE2 expressions, as Prometheus matches label values: anchored on both sides, `.` matches newlines.
 * Linear in the length of the value whatever the expression, because users type both.
 */
import { RE2JS } from 're2js'

export class RegexError extends Error {
  readonly expression: string

  constructor(expression: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`error parsing regexp: ${reason.replace(/^error parsing regexp: /, '')}`, { cause })
    this.name = 'RegexError'
    this.expression = expression
  }
}

/** A test for whether a whole value matches. Throws RegexError. */
export function compileAnchored(expression: string): (value: string) => boolean {
  // Fast paths: what dashboards write most needs no regular expression at all.
  return plainTest(expression) ?? slowTest(expression)
}

function slowTest(expression: string): (value: string) => boolean {
  // Compiled once as it stands, so that `)(` cannot become valid inside the anchors.
  compileRegex(expression)
  const pattern = compileRegex(`^(?s:${expression})$`, expression)
  return (value) => pattern.matcher(value).find()
}

/** The expression itself, for replacing and for its groups. Throws RegexError naming `shown`. */
export function compileRegex(expression: string, shown: string = expression): RE2JS {
  try {
    return RE2JS.compile(expression)
  } catch (error) {
    throw new RegexError(shown, error)
  }
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
  // The last character may be optional or come several times.
  const isCounted = /[*?{]/.test(expression.charAt(literal.length))
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
