/**
 * From tokens to trees: the text itself and one tree per `define` or `block` in it. Checks what can
 * be known before execution: functions exist, variables are declared, blocks are closed. Messages are Go's.
 */
import { type Token, type TokenKind, lex } from './lexer.ts'
import {
  type BranchNode,
  type CommandNode,
  type Node,
  type Operand,
  type PipeNode,
  showNode,
} from './nodes.ts'
import { unquoteGo } from './unquote.ts'

/** A template that cannot be parsed; `template: name:line: …`. */
export class TemplateSyntaxError extends Error {
  /** 1-based, in the template. */
  readonly line: number
  constructor(name: string, line: number, message: string) {
    super(`template: ${name}:${line}: ${message}`)
    this.name = 'TemplateSyntaxError'
    this.line = line
  }
}

/** Nesting of blocks and parentheses. */
const DEPTH_MAX = 200

export interface ParsedTemplate {
  root: Node[]
  /** What `define` and `block` named. */
  defined: Map<string, Node[]>
}

/** `isFunction` tells which identifiers may be called. Throws TemplateSyntaxError. */
export function parseTemplate(
  name: string,
  text: string,
  isFunction: (name: string) => boolean,
): ParsedTemplate {
  return new Parser(name, text, isFunction).parse()
}

/** Operands that are what they look like. */
const TERMS = new Map<TokenKind, (at: number, text: string) => Operand>([
  ['dot', (at) => ({ kind: 'dot', at })],
  ['nil', (at) => ({ kind: 'nil', at })],
  ['field', (at, text) => ({ kind: 'field', at, path: [text.slice(1)] })],
  ['bool', (at, text) => ({ kind: 'bool', at, value: text === 'true' })],
  ['number', (at, text) => ({ kind: 'number', at, text, value: numberOf(text) })],
])

/** How a list of nodes ended. */
type End = 'end' | 'else' | 'eof'

class Parser {
  readonly #name: string
  readonly #text: string
  readonly #tokens: Token[]
  readonly #isFunction: (name: string) => boolean
  readonly #defined = new Map<string, Node[]>()
  #index = 0
  #depth = 0
  #rangeDepth = 0
  #variables: string[] = ['$']

  constructor(name: string, text: string, isFunction: (name: string) => boolean) {
    this.#name = name
    this.#text = text
    this.#tokens = lex(text)
    this.#isFunction = isFunction
  }

  parse(): ParsedTemplate {
    const { nodes, end, at } = this.#list()
    if (end !== 'eof') this.#fail(`unexpected {{${end}}}`, at)
    return { root: nodes, defined: this.#defined }
  }

  #list(): { nodes: Node[]; end: End; at: number } {
    if (++this.#depth > DEPTH_MAX) this.#fail(`blocks nested deeper than ${DEPTH_MAX}`)
    const nodes: Node[] = []
    for (;;) {
      const token = this.#next()
      if (token.kind === 'text') nodes.push({ kind: 'text', at: token.at, text: token.text })
      else if (token.kind === 'end') return this.#leave({ nodes, end: 'eof', at: token.at })
      else if (token.kind === 'left') {
        const end = this.#action(nodes)
        if (end !== undefined) return this.#leave({ nodes, end, at: token.at })
      } else this.#unexpected(token, 'input')
    }
  }

  #leave<T>(value: T): T {
    this.#depth--
    return value
  }

  /** One action into `nodes`, or how the list ended. */
  #action(nodes: Node[]): End | undefined {
    const token = this.#nextSolid()
    if (token.kind !== 'keyword') {
      this.#index--
      nodes.push({ kind: 'action', at: token.at, pipe: this.#pipe('command', 'right') })
      return undefined
    }
    switch (token.text) {
      case 'end':
        this.#expect('right', 'end')
        return 'end'
      case 'else':
        // `{{else if …}}` is read by the branch.
        return 'else'
      case 'define':
        this.#define()
        return undefined
      case 'block':
        nodes.push(this.#block())
        return undefined
      case 'template':
        nodes.push(this.#template())
        return undefined
      case 'break':
      case 'continue':
        if (this.#rangeDepth === 0) this.#fail(`{{${token.text}}} outside {{range}}`)
        this.#expect('right', `{{${token.text}}}`)
        nodes.push({ kind: token.text, at: token.at })
        return undefined
      default:
        nodes.push(this.#branch(token.text as BranchNode['kind']))
        return undefined
    }
  }

  #branch(kind: BranchNode['kind']): BranchNode {
    const scope = this.#variables.length
    const pipe = this.#pipe(kind, 'right')
    if (kind === 'range') this.#rangeDepth++
    const body = this.#list()
    if (kind === 'range') this.#rangeDepth--
    let otherwise: Node[] | undefined
    if (body.end === 'else') otherwise = this.#otherwise(kind)
    else if (body.end === 'eof') this.#fail('unexpected EOF')
    this.#variables.length = scope
    return { kind, at: pipe.at, pipe, body: body.nodes, otherwise }
  }

  #otherwise(kind: BranchNode['kind']): Node[] {
    const token = this.#nextSolid()
    if (token.kind === 'keyword' && token.text === kind && kind !== 'range')
      return [this.#branch(kind)]
    if (token.kind !== 'right') this.#unexpected(token, 'else')
    const list = this.#list()
    if (list.end === 'else') this.#fail(`expected end; found {{else}}`, list.at)
    if (list.end === 'eof') this.#fail('unexpected EOF')
    return list.nodes
  }

  #define(): void {
    const name = this.#templateName('define clause')
    this.#expect('right', 'define clause')
    this.#body(name, 'define clause')
  }

  #block(): Node {
    const { at } = this.#peekSolid()
    const name = this.#templateName('block clause')
    const pipe = this.#pipe('block clause', 'right')
    this.#body(name, 'block clause')
    return { kind: 'template', at, name, pipe }
  }

  #body(name: string, context: string): void {
    const outer = this.#variables
    this.#variables = ['$']
    const list = this.#list()
    this.#variables = outer
    if (list.end === 'eof') this.#fail('unexpected EOF')
    if (list.end === 'else') this.#fail(`unexpected {{else}} in ${context}`, list.at)
    this.#defined.set(name, list.nodes)
  }

  #template(): Node {
    const { at } = this.#peekSolid()
    const name = this.#templateName('template clause')
    const token = this.#nextSolid()
    if (token.kind === 'right') return { kind: 'template', at, name, pipe: undefined }
    this.#index--
    return { kind: 'template', at, name, pipe: this.#pipe('template clause', 'right') }
  }

  #templateName(context: string): string {
    const token = this.#nextSolid()
    if (token.kind !== 'string' && token.kind !== 'rawString') this.#unexpected(token, context)
    return this.#unquote(token)
  }

  #pipe(context: string, close: 'right' | 'rightParen'): PipeNode {
    const first = this.#peekSolid()
    const pipe: PipeNode = {
      kind: 'pipe',
      at: first.at,
      variables: [],
      isAssignment: false,
      commands: [],
    }
    this.#declarations(pipe, context)
    for (;;) {
      const token = this.#nextSolid()
      if (token.kind === close) break
      if (token.kind === 'right' || token.kind === 'rightParen' || token.kind === 'pipe')
        this.#unexpected(token, context)
      this.#index--
      pipe.commands.push(this.#command())
    }
    if (pipe.commands.length === 0) this.#fail(`missing value for ${context}`)
    this.#checkPipe(pipe)
    return pipe
  }

  /** `$x :=`, `$i, $x :=`, `$x =` at the front of a pipeline. */
  #declarations(pipe: PipeNode, context: string): void {
    const start = this.#index
    const names: string[] = []
    for (;;) {
      const variable = this.#nextSolid()
      if (variable.kind !== 'variable') break
      names.push(variable.text)
      const sign = this.#nextSolid()
      if (sign.kind === 'declare' || sign.kind === 'assign') {
        pipe.variables = names
        pipe.isAssignment = sign.kind === 'assign'
        if (pipe.isAssignment) for (const name of names) this.#checkVariable(name)
        else this.#variables.push(...names)
        return
      }
      if (sign.kind !== 'comma' || context !== 'range' || names.length > 1) {
        if (sign.kind === 'comma') this.#fail(`too many declarations in ${context}`)
        break
      }
    }
    this.#index = start
  }

  #checkPipe(pipe: PipeNode): void {
    pipe.commands.slice(1).forEach((command, i) => {
      const { kind } = command.operands[0]
      if (['bool', 'dot', 'nil', 'number', 'string'].includes(kind))
        this.#fail(`non executable command in pipeline stage ${i + 2}`)
    })
  }

  #command(): CommandNode {
    const at = this.#peekSolid().at
    const operands: Operand[] = []
    for (;;) {
      const operand = this.#operand()
      if (operand !== undefined) operands.push(operand)
      const token = this.#next()
      if (token.kind === 'space') continue
      if (token.kind === 'right' || token.kind === 'rightParen') {
        this.#index--
        break
      }
      if (token.kind === 'pipe') {
        const next = this.#peekSolid()
        if (next.kind === 'right' || next.kind === 'rightParen')
          this.#fail('missing value for command')
        break
      }
      this.#unexpected(token, 'operand')
    }
    if (operands.length === 0) this.#fail('empty command')
    return { kind: 'command', at, operands }
  }

  /** A term and the fields after it. */
  #operand(): Operand | undefined {
    const term = this.#term()
    if (term === undefined || this.#peek().kind !== 'field') return term
    const path: string[] = []
    while (this.#peek().kind === 'field') path.push(this.#next().text.slice(1))
    if (term.kind === 'field') return { ...term, path: [...term.path, ...path] }
    if (term.kind === 'variable') return { ...term, path: [...term.path, ...path] }
    if (term.kind === 'chain' || term.kind === 'identifier' || term.kind === 'pipe')
      return { kind: 'chain', at: term.at, base: term, path }
    return this.#fail(`unexpected . after term ${JSON.stringify(showNode(term))}`)
  }

  #term(): Operand | undefined {
    const token = this.#nextSolid()
    const { at, text } = token
    const read = TERMS.get(token.kind)
    if (read !== undefined) return read(at, text)
    if (token.kind === 'identifier') {
      if (!this.#isFunction(text)) this.#fail(`function ${JSON.stringify(text)} not defined`, at)
      return { kind: 'identifier', at, name: text }
    }
    if (token.kind === 'variable') {
      this.#checkVariable(text)
      return { kind: 'variable', at, name: text, path: [] }
    }
    if (token.kind === 'char')
      return { kind: 'number', at, text, value: BigInt(this.#unquote(token).codePointAt(0) ?? 0) }
    if (token.kind === 'string' || token.kind === 'rawString')
      return { kind: 'string', at, text, value: this.#unquote(token) }
    if (token.kind === 'leftParen') {
      if (++this.#depth > DEPTH_MAX) this.#fail(`parentheses nested deeper than ${DEPTH_MAX}`)
      return this.#leave(this.#pipe('parenthesized pipeline', 'rightParen'))
    }
    this.#index--
    return undefined
  }

  #unquote(token: Token): string {
    const text = unquoteGo(token.text)
    if (text === undefined) return this.#fail('invalid syntax', token.at)
    return text
  }

  #checkVariable(name: string): void {
    if (!this.#variables.includes(name)) this.#fail(`undefined variable ${JSON.stringify(name)}`)
  }

  #expect(kind: Token['kind'], context: string): void {
    const token = this.#nextSolid()
    if (token.kind !== kind) this.#unexpected(token, context)
  }

  #next(): Token {
    const token = this.#tokens[Math.min(this.#index++, this.#tokens.length - 1)]
    if (token.kind === 'error') this.#fail(token.text, token.at)
    return token
  }

  #peek(): Token {
    const token = this.#next()
    this.#index--
    return token
  }

  #nextSolid(): Token {
    let token = this.#next()
    while (token.kind === 'space') token = this.#next()
    return token
  }

  #peekSolid(): Token {
    const token = this.#nextSolid()
    this.#index--
    return token
  }

  #unexpected(token: Token, context: string): never {
    return this.#fail(`unexpected ${showToken(token)} in ${context}`, token.at)
  }

  #fail(message: string, at: number = this.#tokens[Math.max(0, this.#index - 1)]?.at ?? 0): never {
    const line = this.#text.slice(0, at).split('\n').length
    throw new TemplateSyntaxError(this.#name, line, message)
  }
}

function showToken(token: Token): string {
  if (token.kind === 'end') return 'EOF'
  if (token.kind === 'keyword') return `<${token.text}>`
  return token.text.length > 10
    ? `${JSON.stringify(token.text.slice(0, 10))}...`
    : JSON.stringify(token.text)
}

/** Integers are integers, all else is a float. */
function numberOf(text: string): number | bigint {
  const plain = text.replace(/_/g, '')
  const sign = plain.startsWith('-') ? -1 : 1
  const digits = plain.replace(/^[+-]/, '')
  if (/^(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|[0-9]+)$/.test(digits))
    return BigInt(sign) * BigInt(digits)
  return sign * Number(digits)
}
