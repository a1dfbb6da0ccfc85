/**
 * Conditions of checks, a subset of CEL: literals, lists, `a.b`, `a[0]`, `size(x)`, `x.size()`,
 * `has(a.b)`, `x.all(e, …)`, `x.exists(e, …)`, `x.filter(e, …)`, `x.map(e, …)`, `in`,
 * arithmetic, comparison, `!`, `&&`, `||`, `c ? a : b`. Source: the CEL language definition.
 */

/** A condition that cannot be read, or cannot be answered. */
export class ConditionError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ConditionError'
  }
}

type Scope = ReadonlyMap<string, unknown>
type Evaluate = (scope: Scope) => unknown

/** A parsed condition; calling it throws ConditionError. */
export type Condition = (variables: ReadonlyMap<string, unknown>) => boolean

/** Throws ConditionError. */
export function parseCondition(text: string): Condition {
  const evaluate = new Parser(text).parse()
  return (variables) => {
    const result = evaluate(variables)
    if (typeof result !== 'boolean')
      throw new ConditionError(`${text} is not true or false but ${describe(result)}`)
    return result
  }
}

const TOKEN =
  /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([A-Za-z_]\w*)|(&&|\|\||[=!<>]=|[-+*/%<>!?:.,()[\]]))/y

interface Token {
  kind: 'number' | 'string' | 'name' | 'sign' | 'end'
  text: string
  at: number
}

const LENGTH_MAX = 4000
const DEPTH_MAX = 100

const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<', '<=', '>', '>=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
]

class Parser {
  readonly #text: string
  readonly #tokens: Token[]
  #index = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = tokenize(text)
  }

  parse(): Evaluate {
    const result = this.#ternary()
    if (this.#peek().kind !== 'end') this.#unexpected()
    return result
  }

  #ternary(): Evaluate {
    if (++this.#depth > DEPTH_MAX) throw new ConditionError(`nested deeper than ${DEPTH_MAX}`)
    const condition = this.#level(0)
    this.#depth--
    if (!this.#accept('?')) return condition
    const yes = this.#ternary()
    this.#expect(':')
    const no = this.#ternary()
    return (scope) => (truth(condition(scope)) ? yes(scope) : no(scope))
  }

  #level(level: number): Evaluate {
    if (level === LEVELS.length) return this.#unary()
    let left = this.#level(level + 1)
    for (;;) {
      const operator = this.#peek().text
      if (this.#peek().kind === 'string' || !LEVELS[level].includes(operator)) return left
      this.#index++
      left = combine(operator, left, this.#level(level + 1))
    }
  }

  #unary(): Evaluate {
    if (this.#accept('!')) {
      const inner = this.#unary()
      return (scope) => !truth(inner(scope))
    }
    if (this.#accept('-')) {
      const inner = this.#unary()
      return (scope) => -number(inner(scope))
    }
    return this.#member()
  }

  #member(): Evaluate {
    let base = this.#primary()
    for (;;) {
      const target = base
      if (this.#accept('.')) {
        const name = this.#name()
        base = this.#accept('(')
          ? this.#method(target, name)
          : (scope) => memberOf(target(scope), name)
      } else if (this.#accept('[')) {
        const index = this.#ternary()
        this.#expect(']')
        base = (scope) => memberOf(target(scope), index(scope))
      } else return base
    }
  }

  #method(target: Evaluate, name: string): Evaluate {
    if (name === 'size') {
      this.#expect(')')
      return (scope) => sizeOf(target(scope))
    }
    const macro = MACROS.get(name)
    const text = TEXT_METHODS.get(name)
    if (text !== undefined) {
      const argument = this.#ternary()
      this.#expect(')')
      return (scope) => text(String(target(scope)), String(argument(scope)))
    }
    if (macro === undefined)
      throw new ConditionError(
        `unknown method ${name}; want one of size, ${[...MACROS.keys(), ...TEXT_METHODS.keys()].join(', ')}`,
      )
    const variable = this.#name()
    this.#expect(',')
    const body = this.#ternary()
    this.#expect(')')
    return (scope) =>
      macro(listOf(target(scope)), (element) => body(new Map([...scope, [variable, element]])))
  }

  #primary(): Evaluate {
    const token = this.#next()
    if (token.kind === 'number') return constant(Number(token.text))
    if (token.kind === 'string') return constant(unquote(token.text))
    if (token.kind === 'name') return this.#named(token.text)
    if (token.text === '(') {
      const inner = this.#ternary()
      this.#expect(')')
      return inner
    }
    if (token.text === '[') {
      const items = this.#list(']')
      return (scope) => items.map((item) => item(scope))
    }
    if (token.kind !== 'end') this.#index--
    return this.#unexpected()
  }

  #named(name: string): Evaluate {
    if (CONSTANTS.has(name)) return constant(CONSTANTS.get(name))
    if (!this.#accept('(')) {
      return (scope) => {
        if (!scope.has(name))
          throw new ConditionError(
            `unknown name ${name}; there are ${[...scope.keys()].join(', ')}`,
          )
        return scope.get(name)
      }
    }
    const items = this.#list(')')
    if (items.length !== 1) throw new ConditionError(`${name}() takes one argument`)
    const [item] = items
    if (name === 'size') return (scope) => sizeOf(item(scope))
    if (name === 'has') return (scope) => isThere(() => item(scope))
    throw new ConditionError(`unknown function ${name}; want size or has`)
  }

  #list(close: string): Evaluate[] {
    const items: Evaluate[] = []
    if (this.#accept(close)) return items
    do items.push(this.#ternary())
    while (this.#accept(','))
    this.#expect(close)
    return items
  }

  #name(): string {
    const token = this.#next()
    if (token.kind === 'name') return token.text
    if (token.kind !== 'end') this.#index--
    return this.#unexpected()
  }

  #peek(): Token {
    return this.#tokens[this.#index]
  }

  #next(): Token {
    const token = this.#peek()
    if (token.kind !== 'end') this.#index++
    return token
  }

  #accept(sign: string): boolean {
    const token = this.#peek()
    const isIt = token.kind === 'sign' && token.text === sign
    if (isIt) this.#index++
    return isIt
  }

  #expect(sign: string): void {
    if (!this.#accept(sign)) this.#unexpected(sign)
  }

  #unexpected(wanted?: string): never {
    const { kind, text, at } = this.#peek()
    const found = kind === 'end' ? 'the end' : JSON.stringify(text)
    const want = wanted === undefined ? '' : `, want ${JSON.stringify(wanted)}`
    throw new ConditionError(`unexpected ${found} at ${at + 1} of ${this.#text}${want}`)
  }
}

function tokenize(text: string): Token[] {
  if (text.length > LENGTH_MAX) throw new ConditionError(`longer than ${LENGTH_MAX} characters`)
  const tokens: Token[] = []
  let at = 0
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    if (match === null)
      throw new ConditionError(`unexpected ${JSON.stringify(text[at])} at ${at + 1} of ${text}`)
    const [whole, digits, quoted, name, sign] = match
    const kind = digits ? 'number' : quoted ? 'string' : name ? 'name' : 'sign'
    const found = digits ?? quoted ?? name ?? sign
    tokens.push({ kind, text: found, at: at + whole.length - found.length })
    at += whole.length
  }
  tokens.push({ kind: 'end', text: '', at: text.length })
  return tokens
}

const unquote = (text: string): string =>
  text
    .slice(1, -1)
    .replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char === 't' ? '\t' : char))

const CONSTANTS = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
])

const constant =
  (value: unknown): Evaluate =>
  () =>
    value

function combine(operator: string, left: Evaluate, right: Evaluate): Evaluate {
  if (operator === '&&') return (scope) => truth(left(scope)) && truth(right(scope))
  if (operator === '||') return (scope) => truth(left(scope)) || truth(right(scope))
  const apply = OPERATORS.get(operator)!
  return (scope) => apply(left(scope), right(scope))
}

const OPERATORS = new Map<string, (a: unknown, b: unknown) => unknown>([
  ['==', isEqual],
  ['!=', (a, b) => !isEqual(a, b)],
  ['<', (a, b) => compare(a, b) < 0],
  ['<=', (a, b) => compare(a, b) <= 0],
  ['>', (a, b) => compare(a, b) > 0],
  ['>=', (a, b) => compare(a, b) >= 0],
  ['in', isIn],
  ['+', (a, b) => (typeof a === 'string' && typeof b === 'string' ? a + b : number(a) + number(b))],
  ['-', (a, b) => number(a) - number(b)],
  ['*', (a, b) => number(a) * number(b)],
  ['/', (a, b) => number(a) / number(b)],
  ['%', (a, b) => number(a) % number(b)],
])

type Macro = (list: readonly unknown[], body: (element: unknown) => unknown) => unknown

const MACROS = new Map<string, Macro>([
  ['all', (list, body) => list.every((one) => truth(body(one)))],
  ['exists', (list, body) => list.some((one) => truth(body(one)))],
  ['exists_one', (list, body) => list.filter((one) => truth(body(one))).length === 1],
  ['filter', (list, body) => list.filter((one) => truth(body(one)))],
  ['map', (list, body) => list.map(body)],
])

const TEXT_METHODS = new Map<string, (text: string, argument: string) => boolean>([
  ['startsWith', (text, argument) => text.startsWith(argument)],
  ['endsWith', (text, argument) => text.endsWith(argument)],
  ['contains', (text, argument) => text.includes(argument)],
])

function truth(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new ConditionError(`${describe(value)} is neither true nor false`)
}

function number(value: unknown): number {
  if (typeof value === 'number') return value
  throw new ConditionError(`${describe(value)} is not a number`)
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  return number(a) - number(b)
}

function isEqual(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

function isIn(value: unknown, container: unknown): boolean {
  if (Array.isArray(container)) return container.some((one) => isEqual(one, value))
  if (typeof container === 'object' && container !== null)
    return Object.hasOwn(container, String(value))
  throw new ConditionError(`${describe(container)} holds nothing`)
}

/** A map counts by its keys, as in CEL. */
function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (typeof value === 'object' && value !== null) return Object.keys(value)
  throw new ConditionError(`${describe(value)} is not a list`)
}

function sizeOf(value: unknown): number {
  return typeof value === 'string' ? value.length : listOf(value).length
}

export function memberOf(value: unknown, key: unknown): unknown {
  if (Array.isArray(value) && typeof key === 'number' && key in value) return value[key] as unknown
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, String(key)))
    return (value as Record<string, unknown>)[String(key)]
  throw new ConditionError(`no ${String(key)} in ${describe(value)}`)
}

function isThere(evaluate: () => unknown): boolean {
  try {
    evaluate()
    return true
  } catch (error) {
    if (error instanceof ConditionError) return false
    throw error
  }
}

function describe(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? text.slice(0, 79) + '…' : text
}
