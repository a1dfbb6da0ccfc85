/**
 * RE2 expressions, as Prometheus matches label values: anchored on both sides, `.` matches newlines.
 * Linear in the length of the value whatever the expression, because users type both.
 */
import { RE2JS } from 're2js'

export class RegexError extends Error {
  constructor(expression: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`error parsing regexp: ${reason.replace(/^error parsing regexp: /, '')}`, { cause })
    this.name = 'RegexError'
    this.expression = expression
  }
  readonly expression: string
}

/** A test for whether a whole value matches. Throws RegexError. */
export function compileAnchored(expression: string): (value: string) => boolean {
  const pattern = compileRegex(`^(?s:${expression})$`, expression)
  const alternatives = literalAlternatives(expression)
  // Fast path: `a|b|c` without special characters is a set look-up.
  if (alternatives !== undefined) return (value) => alternatives.has(value)
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

function literalAlternatives(expression: string): Set<string> | undefined {
  return /^[^\\.^$*+?()[\]{}]*$/.test(expression) ? new Set(expression.split('|')) : undefined
}
