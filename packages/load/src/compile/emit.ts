/**
 * Writes a module as the body of a function `($vg, $vl, $vh) => …`, which each VU calls once:
 * `$vg` is the VU's global object, `$vl` its link to other modules, `$vh` the helpers of coloured
 * code. All edits keep every line where it is; columns are mapped back.
 *
 * A coloured function is marked by a comment after `async` (`COLOUR_MARK`), so that it can be told
 * from one that the script itself wrote as async.
 */
import MagicString from 'magic-string'
import { type Node, child, forEachChild, isFunction, list, unwrap } from './ast.ts'
import { LANGUAGE_GLOBALS, VU_GLOBALS } from './builtins.ts'
import type { Colours } from './color.ts'
import { importedName } from './flow.ts'
import { type ParsedModule, isRequireCall, literalText, placeOf, scriptError } from './graph.ts'
import { type Binding, patternIdentifiers } from './scope.ts'
import type { LineMap } from './source-map.ts'

/** Follows `async` in functions that colouring made async. */
export const COLOUR_MARK = 'async/*~*/'
/** Stands in place of `async` in functions of the script's own that may block. */
export const START_MARK = 'async/*~a*/'

export interface EmittedModule {
  code: string
  /** Evaluating returns a promise: the top level waits somewhere. */
  isAsync: boolean
  map: LineMap
}

/**
 * `gate`: the script mixes blocking calls with promises of its own, so that promise reactions have to
 * queue while the VU is blocked.
 */
export function emitModule(
  module: ParsedModule,
  modules: readonly ParsedModule[],
  colours: Colours,
  gate: boolean,
): EmittedModule {
  return new Emitter(module, modules, colours, gate).run()
}

class Emitter {
  readonly #module: ParsedModule
  readonly #modules: readonly ParsedModule[]
  readonly #colours: Colours
  readonly #gate: boolean
  /** Whether a call may give the promise of a function that has only started. */
  readonly #mayStart: boolean
  readonly #out: MagicString
  /** Namespaces by target, in the order of their variables `$i0`, `$i1`… */
  readonly #namespaces: (number | string)[] = []
  readonly #exportGetters: string[] = []
  #isAsync: boolean

  constructor(
    module: ParsedModule,
    modules: readonly ParsedModule[],
    colours: Colours,
    gate: boolean,
  ) {
    this.#module = module
    this.#modules = modules
    this.#colours = colours
    this.#gate = gate
    this.#mayStart = colours.starters.size > 0
    this.#out = new MagicString(module.source)
    this.#isAsync = colours.modules.has(module.index)
  }

  run(): EmittedModule {
    const { program, kind } = this.#module
    if (typeof program['hashbang'] === 'object' && program['hashbang'] !== null)
      this.#out.prependRight(0, '//')
    for (const statement of list(program, 'body')) this.#visit(statement, program)
    const links = this.#namespaces.map((target, i) => `$i${i}=$vl.ns(${JSON.stringify(target)})`)
    const prologue =
      (kind === 'esm' ? '"use strict";' : this.#directives()) +
      (this.#isAsync ? 'return (async()=>{' : '') +
      (links.length > 0 ? `const ${links.join(',')};` : '') +
      (this.#exportGetters.length > 0 ? `$vl.export({${this.#exportGetters.join(',')}});` : '') +
      (kind === 'cjs' ? 'const module=$vl.module;let exports=module.exports;' : '')
    this.#out.prepend(prologue)
    this.#out.append(this.#isAsync ? '\n})()' : '\n')
    const map = this.#out.generateDecodedMap({ hires: 'boundary' })
    return {
      code: this.#out.toString(),
      isAsync: this.#isAsync,
      map: map.mappings.map((line) =>
        line.flatMap((s) => (s.length > 1 ? [[s[0], s[2]!, s[3]!] as const] : [])),
      ),
    }
  }

  #directives(): string {
    return list(this.#module.program, 'body').some((one) => one['directive'] === 'use strict')
      ? '"use strict";'
      : ''
  }

  #namespace(target: number | string): string {
    let index = this.#namespaces.indexOf(target)
    if (index < 0) index = this.#namespaces.push(target) - 1
    return `$i${index}`
  }

  #blank(start: number, end: number): void {
    if (start < end)
      this.#out.update(start, end, newlinesOf(this.#module.source, start, end) || ' ')
  }

  #export(name: string, expression: string): void {
    this.#exportGetters.push(`get ${JSON.stringify(name)}(){return ${expression}}`)
  }

  // Statements of modules

  #visit(node: Node, parent: Node): void {
    switch (node.type) {
      case 'ImportDeclaration':
        this.#namespace(this.#module.targets.get((node['source'] as Node)['value'] as string)!)
        return this.#blank(node.start, node.end)
      case 'ExportAllDeclaration':
        return this.#exportAll(node)
      case 'ExportNamedDeclaration':
        return this.#exportNamed(node)
      case 'ExportDefaultDeclaration':
        return this.#exportDefault(node)
      case 'Identifier':
        return this.#identifier(node, parent)
      case 'CallExpression':
      case 'TaggedTemplateExpression':
        return this.#call(node, parent)
      case 'AwaitExpression':
        return this.#await(node)
      case 'ForOfStatement':
        if (node['await'] === true && this.#module.scopes.functionOf.get(node) === null)
          this.#isAsync = true
        return this.#children(node)
      case 'ImportExpression': {
        const target = this.#module.targets.get(literalText(node['source'] as Node)!)!
        this.#out.update(node.start, node.end, `$vl.import(${JSON.stringify(target)})`)
        return
      }
      case 'MetaProperty':
        if (((node['meta'] as Node)['name'] as string) !== 'import') return
        this.#out.update(node.start, node.end, '$vl.meta')
        return
      case 'MemberExpression':
        this.#visit(node['object'] as Node, node)
        if (node['computed'] === true) this.#visit(node['property'] as Node, node)
        return
      case 'Property':
        return this.#property(node)
      default:
        if (isFunction(node)) return this.#function(node, parent)
        return this.#children(node)
    }
  }

  #children(node: Node): void {
    forEachChild(node, (one) => this.#visit(one, node))
  }

  #exportAll(node: Node): void {
    const target = this.#module.targets.get((node['source'] as Node)['value'] as string)!
    const exported = child(node, 'exported')
    if (exported !== null) this.#export(nameOf(exported), this.#namespace(target))
    else this.#exportGetters.push(`...$vl.star(${JSON.stringify(target)})`)
    this.#blank(node.start, node.end)
  }

  #exportNamed(node: Node): void {
    const declaration = child(node, 'declaration')
    if (declaration !== null) {
      for (const name of declaredNames(declaration)) this.#export(name, name)
      this.#blank(node.start, declaration.start)
      return this.#visit(declaration, node)
    }
    const source = child(node, 'source')
    for (const specifier of list(node, 'specifiers')) {
      const local = specifier['local'] as Node
      const exported = nameOf(specifier['exported'] as Node)
      if (source !== null) {
        const target = this.#module.targets.get(source['value'] as string)!
        this.#checkImport(target, nameOf(local), local)
        this.#export(exported, `${this.#namespace(target)}[${JSON.stringify(nameOf(local))}]`)
      } else {
        const binding = this.#module.scopes.top.get(nameOf(local))
        this.#export(
          exported,
          binding === undefined ? 'undefined' : (this.#imported(binding) ?? nameOf(local)),
        )
      }
    }
    this.#blank(node.start, node.end)
  }

  #exportDefault(node: Node): void {
    const declaration = node['declaration'] as Node
    const id = child(declaration, 'id')
    const isDeclaration = declaration.type.endsWith('Declaration')
    const start = this.#startOf(node, declaration)
    if (isDeclaration && id !== null) {
      this.#export('default', nameOf(id))
      this.#blank(node.start, start)
      return this.#visit(declaration, node)
    }
    this.#export('default', '$default')
    if (declaration.type === 'FunctionDeclaration') {
      // Hoisted like any function; it gets a name that stack traces turn back into "default".
      this.#blank(node.start, start)
      const paren = this.#module.source.indexOf('(', declaration.start)
      this.#out.appendLeft(paren, ' $default')
      return this.#visit(declaration, node)
    }
    this.#out.update(
      node.start,
      start,
      `const $default=${newlinesOf(this.#module.source, node.start, start)}`,
    )
    this.#visit(declaration, node)
    // The statement may end without a semicolon before a line that starts with a parenthesis.
    this.#out.appendLeft(declaration.end, ';')
  }

  /** Where the declaration's own text begins, after `export default`. */
  #startOf(node: Node, declaration: Node): number {
    const match = /^export\s+default\s*/.exec(
      this.#module.source.slice(node.start, declaration.start),
    )
    return match === null ? declaration.start : node.start + match[0].length
  }

  // Names

  /** `$i0.name` when the binding is an import. */
  #imported(binding: Binding): string | undefined {
    if (binding.kind !== 'import') return undefined
    const specifier = binding.node
    const declaration = this.#module.scopes.parents.get(specifier) ?? this.#importOf(specifier)
    const target = this.#module.targets.get((declaration['source'] as Node)['value'] as string)!
    const name = importedName(specifier)
    this.#checkImport(target, name, specifier)
    const namespace = this.#namespace(target)
    return name === '*'
      ? namespace
      : /^[\w$]+$/.test(name)
        ? `${namespace}.${name}`
        : `${namespace}[${JSON.stringify(name)}]`
  }

  #importOf(specifier: Node): Node {
    return list(this.#module.program, 'body').find((one) =>
      list(one, 'specifiers').includes(specifier),
    )!
  }

  /** An ES module that lacks what is imported from it is an error before anything runs. */
  #checkImport(target: number | string, name: string, at: Node): void {
    if (typeof target !== 'number' || name === '*') return
    const module = this.#modules[target]!
    if (module.kind === 'cjs' || exportedNames(module, this.#modules, new Set()).has(name)) return
    throw scriptError(
      `${placeOf(this.#module, at.start)}: "${name}" is not exported by ${module.url}`,
    )
  }

  #identifier(node: Node, parent: Node): void {
    const { references } = this.#module.scopes
    if (!references.has(node)) return
    const binding = references.get(node)
    const name = node['name'] as string
    const replacement =
      binding === undefined ? this.#free(node, name, parent) : this.#imported(binding)
    if (replacement !== undefined) this.#out.update(node.start, node.end, replacement)
  }

  #free(node: Node, name: string, parent: Node): string | undefined {
    if (LANGUAGE_GLOBALS.has(name)) return undefined
    if (this.#module.kind === 'cjs' && (name === 'module' || name === 'exports')) return undefined
    if (name === 'require') return '$vl.require'
    if (name === 'open') return '$vl.open'
    if (name === 'globalThis' || name === 'global') return '$vg'
    const isWrite =
      (parent.type === 'AssignmentExpression' && parent['left'] === node) ||
      parent.type === 'UpdateExpression' ||
      (parent.type === 'UnaryExpression' && parent['operator'] === 'typeof')
    if (VU_GLOBALS.has(name) || isWrite) return `$vg.${name}`
    return `$vh.free($vg,${JSON.stringify(name)})`
  }

  #property(node: Node): void {
    const value = node['value'] as Node
    if (node['computed'] === true) this.#visit(node['key'] as Node, node)
    if (node['shorthand'] !== true) return this.#visit(value, node)
    const identifier = value.type === 'AssignmentPattern' ? (value['left'] as Node) : value
    const { references } = this.#module.scopes
    const binding = references.get(identifier)
    const replacement = !references.has(identifier)
      ? undefined
      : binding === undefined
        ? this.#free(identifier, identifier['name'] as string, value)
        : this.#imported(binding)
    if (replacement !== undefined) this.#out.appendLeft(identifier.end, `:${replacement}`)
    if (value.type === 'AssignmentPattern') this.#visit(value['right'] as Node, value)
  }

  // Functions

  #function(node: Node, parent: Node): void {
    const coloured = this.#colours.functions.has(node)
    if (coloured) this.#out.appendLeft(this.#asyncPosition(node, parent), `${COLOUR_MARK} `)
    if (this.#colours.starters.has(node)) return this.#starter(node, parent)
    const body = node['body'] as Node
    const gated = this.#gate && node['async'] === true && node['generator'] !== true
    if (gated && body.type !== 'BlockStatement')
      this.#out.appendLeft(body.start, '{const $vj=$vg.$job();try{return ')
    for (const param of list(node, 'params')) this.#visit(param, node)
    if (gated && body.type === 'BlockStatement')
      this.#out.appendLeft(body.start + 1, 'const $vj=$vg.$job();try{')
    this.#visit(body, node)
    if (!gated) return
    this.#out.appendLeft(
      body.type === 'BlockStatement' ? body.end - 1 : body.end,
      '}finally{$vj.end()}',
    )
    if (body.type !== 'BlockStatement') this.#out.appendLeft(body.end, '}')
  }

  /**
   * An async function of the script that may block: its caller goes on when it first waits by itself.
   * The body becomes an arrow, so that `this`, `arguments` and `super` stay what they are.
   */
  #starter(node: Node, parent: Node): void {
    const isMethod = this.#asyncPosition(node, parent) !== node.start
    const from = this.#module.source.indexOf('async', isMethod ? parent.start : node.start)
    this.#out.update(from, from + 'async'.length, START_MARK)
    const body = node['body'] as Node
    const isBlock = body.type === 'BlockStatement'
    // A property gives the arrow its name, for stack traces.
    const { name } = this.#module.scopes.functions.get(node)!
    const key = name === '' ? '' : `{${JSON.stringify(name)}:`
    const open = isBlock ? body.start + 1 : body.start
    for (const param of list(node, 'params')) this.#visit(param, node)
    this.#out.appendLeft(
      open,
      `${isBlock ? 'return ' : ''}$vg.$start(${key}async($vj)=>${isBlock ? '{' : ''}`,
    )
    this.#visit(body, node)
    this.#out.appendLeft(
      isBlock ? body.end - 1 : body.end,
      `${isBlock ? '}' : ''}${key === '' ? '' : '}'})`,
    )
  }

  /** Where `async` goes: before a method's key, otherwise before the function. */
  #asyncPosition(node: Node, parent: Node): number {
    const isMethod =
      parent.type === 'MethodDefinition' ||
      (parent.type === 'Property' && parent['method'] === true)
    if (!isMethod || parent['value'] !== node) return node.start
    const key = parent['key'] as Node
    return parent['computed'] === true ? this.#module.source.lastIndexOf('[', key.start) : key.start
  }

  #await(node: Node): void {
    const argument = node['argument'] as Node
    if (this.#module.scopes.functionOf.get(node) === null) this.#isAsync = true
    const fn = this.#module.scopes.functionOf.get(node)
    if (this.#gate && fn && fn.node['generator'] !== true) {
      this.#out.appendLeft(argument.start, '$vj.wait(')
      this.#visit(argument, node)
      this.#out.appendLeft(argument.end, ')')
      return
    }
    this.#visit(argument, node)
  }

  // Calls

  #call(node: Node, parent: Node): void {
    if (node.type === 'CallExpression' && isRequireCall(this.#module, node))
      return this.#require(node)
    const waits = this.#colours.calls.has(node)
    const isStatement = parent.type === 'ExpressionStatement'
    if (waits) {
      const prefix = !isStatement && this.#startsStatement(node) ? '0,' : ''
      const open = this.#mayStart ? '($vh.seen(await ' : '(await '
      this.#out.appendLeft(node.start, isStatement ? 'await ' : prefix + open)
    }
    if (this.#colours.helperCalls.has(node)) this.#helperCall(node, '$vh.each(')
    else if (this.#gate && this.#isThen(node)) this.#helperCall(node, '$vg.$then(')
    else this.#children(node)
    if (waits && !isStatement) {
      this.#out.appendLeft(node.end, this.#mayStart ? '))' : ')')
      this.#keepOptional(node, parent)
    }
  }

  #isThen(node: Node): boolean {
    const callee = node['callee'] as Node | undefined
    if (
      callee?.type !== 'MemberExpression' ||
      callee['computed'] === true ||
      callee['optional'] === true
    )
      return false
    if ((callee['object'] as Node).type === 'Super') return false
    return (
      ['then', 'catch', 'finally'].includes((callee['property'] as Node)['name'] as string) &&
      list(node, 'arguments').length > 0
    )
  }

  /** `items.forEach(f)` becomes `$vh.each(items,"forEach",f)`. */
  #helperCall(node: Node, open: string): void {
    const callee = unwrap(node['callee'] as Node)
    const object = callee['object'] as Node
    const args = list(node, 'arguments')
    const name = (callee['property'] as Node)['name'] ?? (callee['property'] as Node)['value']
    const isOptional = callee['optional'] === true
    this.#out.appendLeft(node.start, isOptional ? open.replace('(', 'Optional(') : open)
    this.#visit(object, callee)
    const gapEnd = args[0]!.start
    this.#out.update(
      object.end,
      gapEnd,
      `,${JSON.stringify(name)},${newlinesOf(this.#module.source, object.end, gapEnd)}`,
    )
    for (const argument of args) this.#visit(argument, node)
  }

  /** Inside `a?.b().c`, the closed parenthesis ends the chain's short cut: what follows becomes optional too. */
  #keepOptional(node: Node, parent: Node): void {
    const follows =
      parent.type === 'MemberExpression' && parent['object'] === node && parent['optional'] !== true
    if (!follows || !hasOptionalBefore(node)) return
    this.#out.appendLeft(node.end, parent['computed'] === true ? '?.' : '?')
  }

  /** Whether a parenthesis put before `node` would start a statement, and so could continue the line before it. */
  #startsStatement(node: Node): boolean {
    for (
      let at: Node | undefined = node;
      at !== undefined;
      at = this.#module.scopes.parents.get(at)
    ) {
      if (at.start !== node.start) return false
      // A call around it that begins with something else already.
      if (at !== node && (this.#colours.calls.has(at) || (this.#gate && this.#isThen(at))))
        return false
      if (at.type === 'ExpressionStatement') return true
      if (/Statement$|Declaration$/.test(at.type)) return false
    }
    return false
  }

  #require(node: Node): void {
    const argument = list(node, 'arguments')[0]
    const specifier = argument === undefined ? undefined : literalText(argument)
    const target = specifier === undefined ? undefined : this.#module.targets.get(specifier)
    if (target === undefined) return this.#children(node)
    this.#out.update(node.start, node.end, `$vl.requireTarget(${JSON.stringify(target)})`)
  }
}

function hasOptionalBefore(node: Node): boolean {
  for (let at: Node | null = node; at !== null; at = child(at, 'callee') ?? child(at, 'object')) {
    if (at['optional'] === true) return true
  }
  return false
}

function nameOf(node: Node): string {
  return (node['name'] ?? node['value']) as string
}

function newlinesOf(source: string, start: number, end: number): string {
  return source.slice(start, end).replace(/[^\n]+/g, '')
}

function declaredNames(declaration: Node): string[] {
  if (declaration.type !== 'VariableDeclaration') return [nameOf(declaration['id'] as Node)]
  return list(declaration, 'declarations').flatMap((one) =>
    patternIdentifiers(one['id'] as Node).map(nameOf),
  )
}

/** Names that an ES module exports, `export *` followed. */
export function exportedNames(
  module: ParsedModule,
  modules: readonly ParsedModule[],
  seen: Set<number>,
): Set<string> {
  const names = new Set<string>()
  if (seen.has(module.index)) return names
  seen.add(module.index)
  for (const statement of list(module.program, 'body')) {
    if (statement.type === 'ExportDefaultDeclaration') names.add('default')
    if (statement.type === 'ExportNamedDeclaration') {
      const declaration = child(statement, 'declaration')
      if (declaration !== null) for (const name of declaredNames(declaration)) names.add(name)
      for (const specifier of list(statement, 'specifiers'))
        names.add(nameOf(specifier['exported'] as Node))
    }
    if (statement.type !== 'ExportAllDeclaration') continue
    const exported = child(statement, 'exported')
    const target = module.targets.get((statement['source'] as Node)['value'] as string)
    if (exported !== null) names.add(nameOf(exported))
    else if (typeof target === 'number') {
      for (const name of exportedNames(modules[target]!, modules, seen))
        if (name !== 'default') names.add(name)
    }
  }
  return names
}
