/**
 * Walks a parsed template over its data. Where an error is reported follows Go exactly: the executor
 * notes each node it enters, and an error names the last one.
 */
import { missingOf } from './builtins.ts'
import { show } from './go-format.ts'
import {
  type BranchNode,
  type CommandNode,
  type Node,
  type Operand,
  type PipeNode,
  showNode,
} from './nodes.ts'
import {
  type GoFunction,
  GoObject,
  SafeHtml,
  type Value,
  isFunction,
  isList,
  isMap,
  isTrue,
  methodOf,
  sortedKeys,
  typeName,
} from './value.ts'

/** `template: name:line:column: executing "name" at <…>: …`. */
export class TemplateExecError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TemplateExecError'
  }
}

/** Thrown by a function to stop everything; passes through unchanged. */
export class TemplateInterrupt extends Error {}

/** One template of a set. */
export interface TemplateTree {
  /** What `executing "…"` says. */
  name: string
  /** The text that positions refer to, and its name. */
  parseName: string
  text: string
  root: readonly Node[]
}

export interface ExecOptions {
  templates: ReadonlyMap<string, TemplateTree>
  functions: ReadonlyMap<string, GoFunction>
  /** A key that a map does not have is an error. */
  isMissingKeyError: boolean
  /** Escapes what actions print; nothing is printed for what is missing. */
  escape: ((text: string) => string) | undefined
}

/** Most characters a template may print, most steps it may take, deepest it may call itself. */
const OUTPUT_MAX = 1_000_000
const STEPS_MAX = 1_000_000
const DEPTH_MAX = 1000

/** Throws TemplateExecError. */
export function executeTemplate(tree: TemplateTree, data: Value, options: ExecOptions): string {
  const shared: Shared = { size: 0, steps: 0 }
  return new Execution(tree, data, options, shared, 0).run()
}

interface Shared {
  size: number
  steps: number
}

/** Stands for "no value was piped in". */
const NOTHING = Symbol('nothing')
type Final = Value | typeof NOTHING

class LoopEnd {
  readonly isBreak: boolean
  constructor(isBreak: boolean) {
    this.isBreak = isBreak
  }
}

class Execution {
  readonly #tree: TemplateTree
  readonly #options: ExecOptions
  readonly #shared: Shared
  readonly #depth: number
  readonly #data: Value
  readonly #variables: { name: string; value: Value }[]
  #out: string[] = []
  #node: Node | Operand | CommandNode | undefined

  constructor(
    tree: TemplateTree,
    data: Value,
    options: ExecOptions,
    shared: Shared,
    depth: number,
  ) {
    this.#tree = tree
    this.#options = options
    this.#shared = shared
    this.#depth = depth
    this.#data = data
    this.#variables = [{ name: '$', value: data }]
  }

  run(): string {
    this.#list(this.#tree.root, this.#data)
    return this.#out.join('')
  }

  #list(nodes: readonly Node[], dot: Value): void {
    for (const node of nodes) this.#walk(node, dot)
  }

  #walk(node: Node, dot: Value): void {
    this.#at(node)
    if (++this.#shared.steps > STEPS_MAX) this.#fail(`more than ${STEPS_MAX} steps`)
    switch (node.kind) {
      case 'text':
        return this.#write(node.text)
      case 'action': {
        const value = this.#pipeline(dot, node.pipe)
        if (node.pipe.variables.length === 0) this.#print(node.pipe, value)
        return
      }
      case 'if':
      case 'with':
        return this.#branch(node, dot)
      case 'range':
        return this.#range(node, dot)
      case 'template':
        return this.#call(
          node.name,
          node.pipe === undefined ? null : this.#pipeline(dot, node.pipe),
        )
      case 'break':
      case 'continue':
        throw new LoopEnd(node.kind === 'break')
    }
  }

  #branch(node: BranchNode, dot: Value): void {
    const scope = this.#variables.length
    const value = this.#pipeline(dot, node.pipe)
    if (isTrue(value)) this.#list(node.body, node.kind === 'with' ? value : dot)
    else if (node.otherwise !== undefined) this.#list(node.otherwise, dot)
    this.#variables.length = scope
  }

  #range(node: BranchNode, dot: Value): void {
    const scope = this.#variables.length
    const value = this.#pipeline(dot, node.pipe)
    const inner = this.#variables.length
    const entries = this.#entries(value)
    let isAny = false
    try {
      for (const [key, element] of entries) {
        isAny = true
        this.#variables.length = inner
        this.#setRange(node.pipe, key, element)
        this.#once(node.body, element)
      }
    } catch (error) {
      if (!(error instanceof LoopEnd)) throw error
    }
    this.#variables.length = scope
    if (!isAny && node.otherwise !== undefined) this.#list(node.otherwise, dot)
  }

  #once(body: readonly Node[], element: Value): void {
    try {
      this.#list(body, element)
    } catch (error) {
      if (!(error instanceof LoopEnd) || error.isBreak) throw error
    }
  }

  *#entries(value: Value): Iterable<[key: Value, element: Value]> {
    if (value === null) return
    if (isList(value)) {
      for (let i = 0; i < value.length; i++) yield [BigInt(i), value[i]]
    } else if (isMap(value)) {
      for (const key of sortedKeys(value)) yield [key, value.get(key)!]
    } else if (typeof value === 'bigint') {
      for (let i = 0n; i < value; i++) yield [i, i]
    } else this.#fail(`range can't iterate over ${show(value)}`)
  }

  #setRange(pipe: PipeNode, key: Value, element: Value): void {
    const names = pipe.variables
    if (names.length === 0) return
    const values = names.length === 1 ? [element] : [key, element]
    names.forEach((name, i) => {
      if (pipe.isAssignment) this.#assign(name, values[i])
      else this.#variables.push({ name, value: values[i] })
    })
  }

  #call(name: string, dot: Value): void {
    const tree = this.#options.templates.get(name)
    if (tree === undefined) return this.#fail(`template ${JSON.stringify(name)} not defined`)
    if (this.#depth >= DEPTH_MAX)
      return this.#fail(`exceeded maximum template depth (${DEPTH_MAX})`)
    const inner = new Execution(tree, dot, this.#options, this.#shared, this.#depth + 1)
    this.#out.push(inner.run())
  }

  #pipeline(dot: Value, pipe: PipeNode): Value {
    this.#at(pipe)
    let value: Final = NOTHING
    for (const command of pipe.commands) value = this.#command(dot, command, value)
    const result = value as Value
    // A range declares its variables itself, once per element.
    for (const name of pipe.variables) {
      if (pipe.isAssignment) this.#assign(name, result)
      else this.#variables.push({ name, value: result })
    }
    return result
  }

  #assign(name: string, value: Value): void {
    const variable = this.#variables.findLast((one) => one.name === name)
    if (variable === undefined) return this.#fail(`undefined variable: ${name}`)
    variable.value = value
  }

  #variable(name: string): Value {
    const variable = this.#variables.findLast((one) => one.name === name)
    if (variable === undefined) return this.#fail(`undefined variable: ${name}`)
    return variable.value
  }

  #command(dot: Value, command: CommandNode, final: Final): Value {
    const [first, ...rest] = command.operands
    switch (first.kind) {
      case 'field':
        this.#at(first)
        return this.#path(dot, dot, first, first.path, rest, final)
      case 'chain':
        return this.#chain(dot, first, rest, final)
      case 'variable':
        return this.#variableField(dot, first, rest, final)
      case 'identifier':
        return this.#function(dot, first, command, rest, final)
      case 'pipe':
        this.#notCalled(first, rest, final)
        return this.#pipeline(dot, first)
      case 'bool':
      case 'dot':
      case 'nil':
      case 'number':
      case 'string':
        this.#at(first)
        this.#notCalled(first, rest, final)
        if (first.kind === 'nil') return this.#fail('nil is not a command')
        return this.#constant(dot, first)
    }
  }

  #notCalled(first: Operand, rest: readonly Operand[], final: Final): void {
    if (rest.length === 0 && final === NOTHING) return
    this.#at(first)
    this.#fail(`can't give argument to non-function ${showNode(first)}`)
  }

  #constant(dot: Value, node: Operand): Value {
    if (node.kind === 'dot') return dot
    if (node.kind === 'bool' || node.kind === 'number' || node.kind === 'string') return node.value
    return null
  }

  #chain(
    dot: Value,
    node: Operand & { kind: 'chain' },
    rest: readonly Operand[],
    final: Final,
  ): Value {
    this.#at(node)
    if (node.base.kind === 'nil')
      this.#fail(`indirection through explicit nil in ${showNode(node)}`)
    const base = this.#operand(dot, node.base)
    return this.#path(dot, base, undefined, node.path, rest, final)
  }

  #variableField(
    dot: Value,
    node: Operand & { kind: 'variable' },
    rest: readonly Operand[],
    final: Final,
  ): Value {
    this.#at(node)
    const value = this.#variable(node.name)
    if (node.path.length > 0) return this.#path(dot, value, node, node.path, rest, final)
    this.#notCalled(node, rest, final)
    return value
  }

  #path(
    dot: Value,
    start: Value,
    node: Operand | undefined,
    path: readonly string[],
    rest: readonly Operand[],
    final: Final,
  ): Value {
    let value = start
    path.forEach((name, i) => {
      const isLast = i === path.length - 1
      value = this.#field(dot, value, name, isLast ? rest : [], isLast ? final : NOTHING)
    })
    if (node !== undefined && path.length === 0) this.#at(node)
    return value
  }

  #field(dot: Value, receiver: Value, name: string, rest: readonly Operand[], final: Final): Value {
    const hasArguments = rest.length > 0 || final !== NOTHING
    if (receiver === null) {
      if (this.#options.isMissingKeyError)
        this.#fail(`nil data; no entry for key ${JSON.stringify(name)}`)
      return null
    }
    const method = methodOf(receiver, name)
    if (method !== undefined) return this.#invoke(dot, method, name, undefined, rest, final)
    if (isMap(receiver)) {
      if (hasArguments) this.#fail(`${name} is not a method but has arguments`)
      const value = receiver.get(name)
      if (value !== undefined) return value
      if (this.#options.isMissingKeyError)
        this.#fail(`map has no entry for key ${JSON.stringify(name)}`)
      return missingOf(receiver)
    }
    const value = receiver instanceof GoObject ? receiver.goField(name) : undefined
    if (value === undefined)
      return this.#fail(`can't evaluate field ${name} in type ${typeName(receiver)}`)
    if (!hasArguments) return value
    if (isFunction(value)) return this.#invoke(dot, value, name, undefined, rest, final)
    return this.#fail(`${name} has arguments but cannot be invoked as function`)
  }

  #function(
    dot: Value,
    node: Operand & { kind: 'identifier' },
    command: CommandNode,
    rest: readonly Operand[],
    final: Final,
  ): Value {
    this.#at(node)
    const { name } = node
    const called = this.#options.functions.get(name)
    if (called === undefined) return this.#fail(`${JSON.stringify(name)} is not a defined function`)
    if ((name === 'and' || name === 'or') && rest.length > 0)
      return this.#early(dot, name, rest, final)
    return this.#invoke(dot, called, name, command, rest, final)
  }

  /** `and` and `or` evaluate no more than they must. */
  #early(dot: Value, name: 'and' | 'or', rest: readonly Operand[], final: Final): Value {
    let value: Value = null
    for (const operand of rest) {
      value = this.#operand(dot, operand)
      if (isTrue(value) === (name === 'or')) return value
    }
    return final === NOTHING ? value : final
  }

  #invoke(
    dot: Value,
    called: GoFunction,
    name: string,
    command: CommandNode | undefined,
    rest: readonly Operand[],
    final: Final,
  ): Value {
    const { parameters, isVariadic } = called
    const count = rest.length + (final === NOTHING ? 0 : 1)
    const fixed = isVariadic ? parameters.length - 1 : parameters.length
    if (isVariadic ? count < fixed : count !== fixed)
      this.#fail(
        `wrong number of args for ${name}: want ${isVariadic ? `at least ${fixed}` : fixed} got ${count}`,
      )
    const values = rest.map((operand) => this.#operand(dot, operand))
    if (final !== NOTHING) values.push(final)
    values.forEach((value, i) => {
      this.#checkType(value, parameters[Math.min(i, parameters.length - 1)])
    })
    try {
      return called.call(...values)
    } catch (error) {
      if (error instanceof TemplateInterrupt || error instanceof TemplateExecError) throw error
      if (command !== undefined) this.#at(command)
      return this.#fail(`error calling ${name}: ${(error as Error).message}`, error)
    }
  }

  #checkType(value: Value, type: 'string' | 'int' | 'any'): void {
    if (type === 'any') return
    const isFitting =
      type === 'string'
        ? typeof value === 'string' || value instanceof SafeHtml
        : typeof value === 'bigint'
    if (isFitting) return
    if (value === null) this.#fail(`invalid value; expected ${type}`)
    this.#fail(`wrong type for value; expected ${type}; got ${typeName(value)}`)
  }

  /** An argument. */
  #operand(dot: Value, node: Operand): Value {
    this.#at(node)
    switch (node.kind) {
      case 'dot':
      case 'bool':
      case 'number':
      case 'string':
      case 'nil':
        return this.#constant(dot, node)
      case 'field':
        return this.#path(dot, dot, node, node.path, [], NOTHING)
      case 'variable':
        return this.#variableField(dot, node, [], NOTHING)
      case 'pipe':
        return this.#pipeline(dot, node)
      case 'chain':
        return this.#chain(dot, node, [], NOTHING)
      case 'identifier':
        return this.#function(
          dot,
          node,
          { kind: 'command', at: node.at, operands: [node] },
          [],
          NOTHING,
        )
    }
  }

  #print(pipe: PipeNode, value: Value): void {
    this.#at(pipe)
    const { escape } = this.#options
    if (escape === undefined) return this.#write(value === null ? '<no value>' : show(value))
    if (value === null) return
    this.#write(value instanceof SafeHtml ? value.html : escape(show(value)))
  }

  #write(text: string): void {
    this.#shared.size += text.length
    if (this.#shared.size > OUTPUT_MAX) this.#fail(`output is longer than ${OUTPUT_MAX} characters`)
    this.#out.push(text)
  }

  #at(node: Node | Operand | CommandNode): void {
    this.#node = node
  }

  #fail(message: string, cause?: unknown): never {
    const { name, parseName, text } = this.#tree
    const node = this.#node
    const options = cause === undefined ? undefined : { cause }
    if (node === undefined) throw new TemplateExecError(`template: ${name}: ${message}`, options)
    const before = text.slice(0, node.at)
    const lineStart = before.lastIndexOf('\n') + 1
    const line = before.split('\n').length
    const column = Buffer.byteLength(text.slice(lineStart, node.at))
    throw new TemplateExecError(
      `template: ${parseName}:${line}:${column}: executing ${JSON.stringify(name)} at <${showNode(node)}>: ${message}`,
      options,
    )
  }
}
