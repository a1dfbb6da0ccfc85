/** Label matchers, as in PromQL selectors and Alertmanager routes. */
import { type Labels, isLegacyLabelName, quote } from './labels.ts'
import { alternativesOf, compileAnchored, prefixOf } from './regex.ts'

export type MatchType = '=' | '!=' | '=~' | '!~'

export class Matcher {
  readonly type: MatchType
  readonly name: string
  /** The value to equal, or an RE2 expression, anchored on both sides, `.` matching newlines too. */
  readonly value: string
  readonly #test: (value: string) => boolean

  /** Throws RegexError when `type` takes an expression and `value` is not valid RE2. */
  constructor(type: MatchType, name: string, value: string) {
    this.type = type
    this.name = name
    this.value = value
    if (type === '=') this.#test = (v) => v === value
    else if (type === '!=') this.#test = (v) => v !== value
    else {
      const matches = compileAnchored(value)
      this.#test = type === '=~' ? matches : (v) => !matches(v)
    }
  }

  /** Whether a label value satisfies the matcher; '' stands for a missing label. */
  matches(value: string): boolean {
    return this.#test(value)
  }

  /** Of `=` and `=~`: the only values that can match, when they can be listed. */
  get onlyValues(): readonly string[] | undefined {
    if (this.type === '=') return [this.value]
    return this.type === '=~' ? alternativesOf(this.value) : undefined
  }

  /** Of `=` and `=~`: what every value that matches begins with; '' where it cannot be told. */
  get prefix(): string {
    if (this.type === '=') return this.value
    return this.type === '=~' ? prefixOf(this.value) : ''
  }

  get matchesEmpty(): boolean {
    return this.#test('')
  }

  toString(): string {
    return `${isLegacyLabelName(this.name) ? this.name : quote(this.name)}${this.type}${quote(this.value)}`
  }
}

export function matchesAll(matchers: readonly Matcher[], labels: Labels): boolean {
  for (const matcher of matchers) if (!matcher.matches(labels.get(matcher.name))) return false
  return true
}
