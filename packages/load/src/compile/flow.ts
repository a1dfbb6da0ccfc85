/**
 * Which functions a call may reach: a flow-insensitive points-to analysis over all modules
 * (inclusion constraints, after Andersen). Values are the functions, objects and classes written in
 * the script and the members of the built-in modules; a cell holds the values an expression, a
 * variable or a property may have. Objects stand for the place where they are made.
 *
 * What the language's own functions do with values is over-approximated: the result of an unknown
 * call may be, or hold, anything that went in.
 */
import { type Node, child, forEachChild, isFunction, list, staticKey, unwrap } from './ast.ts'
import { BUILTIN_MODULES } from './builtins.ts'
import { type ParsedModule, isRequireCall, literalText, Uncolourable } from './graph.ts'
import type { Binding } from './scope.ts'
import {
  BUILTIN_METHODS,
  type BuiltinValue,
  Cell,
  type FunctionValue,
  type ObjectValue,
  Shape,
  type Value,
  Work,
} from './values.ts'

/** A call (or `new`, or tagged template) and the cells of what takes part in it. */
export interface CallSite {
  module: ParsedModule
  node: Node
  callee: Cell
  /** The receiver of `receiver.method(…)`, and the method's name where it is written out. */
  receiver: Cell | null
  method: string | undefined
  arguments: Cell[]
  isNew: boolean
}

export interface Flow {
  calls: CallSite[]
  /** Values of every expression that was looked at. */
  cells: Map<Node, Cell>
  /** Functions that were made accessors by Object.defineProperty and its kin. */
  accessors: Cell
  /** Functions that are stored under a property name anywhere in modules that use k6's modules. */
  methodsByName: Map<string, Cell>
}

export function analyseFlow(modules: readonly ParsedModule[]): Flow {
  return new FlowAnalysis(modules).run()
}

/** Of these, the ones whose receiver keeps the arguments. */
const STORING_METHODS = new Set(['push', 'unshift', 'splice', 'fill', 'set', 'add', 'assign'])

function hasFunction(cell: Cell): boolean {
  for (const value of cell.values) if (value.kind === 'function') return true
  return false
}

/** `global.Object.prototype.hasOwnProperty` is as deep as a member that matters can be; it also keeps loops finite. */
const MAX_BUILTIN_DEPTH = 3

const RESPONSE_METHODS = new Set(['json', 'html', 'submitForm', 'clickLink'])

/** Builtins whose call hands a response to the script. */
const RESPONSE_CALLS =
  /^(k6\/http\.(get|head|post|put|patch|del|options|request|batch|asyncRequest|\*)|response\.(submitForm|clickLink))$/

class FlowAnalysis {
  readonly #work = new Work()
  readonly #deferred: (() => void)[] = []
  readonly #modules: readonly ParsedModule[]
  readonly #cells = new Map<Node, Cell>()
  readonly #bindings = new Map<Binding, Cell>()
  readonly #results = new Map<Node, Cell>()
  readonly #thisCells = new Map<Node, Cell>()
  readonly #functions = new Map<Node, FunctionValue>()
  readonly #exports: Shape[]
  readonly #namespaces = new Map<number | string, Value>()
  readonly #builtins = new Map<string, BuiltinValue>()
  readonly #calls: CallSite[] = []
  readonly #accessors = new Cell(this.#work)
  /** The `arguments` of functions that use it. */
  readonly #argumentsOf = new Map<Node, ObjectValue>()
  /** What a call of a generator gives: it holds what is yielded. */
  readonly #generators = new Map<Node, ObjectValue>()
  readonly #methodsByName = new Map<string, Cell>()
  #module!: ParsedModule

  constructor(modules: readonly ParsedModule[]) {
    this.#modules = modules
    this.#exports = modules.map(() => new Shape(this.#work))
  }

  run(): Flow {
    // Dependencies first: what a call reaches is then mostly known when the call is looked at.
    for (const module of [...this.#modules].reverse()) {
      this.#module = module
      this.#linkImports()
      for (const statement of list(module.program, 'body')) this.#statement(statement)
      this.#settle()
    }
    return {
      calls: this.#calls,
      cells: this.#cells,
      accessors: this.#accessors,
      methodsByName: this.#methodsByName,
    }
  }

  /** Follows all flows to their end, then looks at what could only be told then. */
  #settle(): void {
    for (let isSettled = false; !isSettled;) {
      if (!this.#work.drain())
        throw new Uncolourable('the script is too large to find out which of its calls block')
      const deferred = this.#deferred.splice(0)
      isSettled = deferred.length === 0
      for (const look of deferred) look()
    }
  }

  // Values

  #builtin(path: string): BuiltinValue {
    let value = this.#builtins.get(path)
    if (value === undefined) this.#builtins.set(path, (value = { kind: 'builtin', path }))
    return value
  }

  #object(): ObjectValue {
    return { kind: 'object', props: new Shape(this.#work) }
  }

  #cellOf(value: Value): Cell {
    const cell = new Cell(this.#work)
    cell.add(value)
    return cell
  }

  #binding(binding: Binding): Cell {
    let cell = this.#bindings.get(binding)
    if (cell === undefined) this.#bindings.set(binding, (cell = new Cell(this.#work)))
    return cell
  }

  #result(fn: Node): Cell {
    let cell = this.#results.get(fn)
    if (cell === undefined) this.#results.set(fn, (cell = new Cell(this.#work)))
    return cell
  }

  #thisOf(fn: Node): Cell {
    let cell = this.#thisCells.get(fn)
    if (cell === undefined) this.#thisCells.set(fn, (cell = new Cell(this.#work)))
    return cell
  }

  /** The value of property `name` of whatever `object` may hold. */
  #load(object: Cell, name: string | undefined, into: Cell = new Cell(this.#work)): Cell {
    object.listen((value) => {
      if (value.kind === 'builtin') {
        if (value.path === 'response' && !RESPONSE_METHODS.has(name ?? '')) return
        if (value.path.startsWith('k6') && value.path.endsWith('.*')) {
          // Any member of a module may be its default export, and so the module itself.
          const module = value.path.slice(0, -'.*'.length)
          if (name !== undefined && BUILTIN_MODULES.get(module)?.members.includes(name) === true)
            into.add(this.#builtin(memberPath(module, name)))
          return
        }
        if (value.path.split('.').length > MAX_BUILTIN_DEPTH) return
        // What a module lacks the script has put there, or it only seems to be this module.
        if (name !== undefined && !isMember(value.path, name)) return
        if (name !== undefined) into.add(this.#builtin(memberPath(value.path, name)))
        else if (value.path.startsWith('k6')) into.add(this.#builtin(`${value.path}.*`))
        return
      }
      value.props.read(name).flowTo(into)
    })
    return into
  }

  #store(object: Cell, name: string | undefined, value: Cell): void {
    if (name !== undefined) this.#nameMethod(name, value)
    object.listen((target) => {
      if (target.kind !== 'builtin') value.flowTo(target.props.put(name))
    })
  }

  #nameMethod(name: string, value: Cell): void {
    let cell = this.#methodsByName.get(name)
    if (cell === undefined) this.#methodsByName.set(name, (cell = new Cell(this.#work)))
    value.flowTo(cell)
  }

  // Modules

  #namespace(target: number | string): Value {
    let value = this.#namespaces.get(target)
    if (value === undefined) {
      if (typeof target === 'string') value = this.#builtin(target)
      else {
        value = this.#object()
        value.props.inherit(this.#exports[target]!)
      }
      this.#namespaces.set(target, value)
    }
    return value
  }

  #imported(target: number | string | undefined, name: string): Cell {
    if (target === undefined) return new Cell(this.#work)
    if (name === '*') return this.#cellOf(this.#namespace(target))
    return this.#load(this.#cellOf(this.#namespace(target)), name)
  }

  #linkImports(): void {
    const { scopes, targets, index, kind } = this.#module
    for (const statement of list(this.#module.program, 'body')) {
      const source = child(statement, 'source')
      const target = source === null ? undefined : targets.get(source['value'] as string)
      if (statement.type === 'ImportDeclaration') {
        for (const specifier of list(statement, 'specifiers')) {
          const binding = scopes.declarations.get(specifier['local'] as Node)!
          this.#imported(target, importedName(specifier)).flowTo(this.#binding(binding))
        }
      } else if (statement.type === 'ExportAllDeclaration') {
        const exported = child(statement, 'exported')
        if (exported !== null)
          this.#imported(target, '*').flowTo(this.#exports[index]!.get(specifierName(exported)))
        else if (typeof target === 'number') this.#exports[index]!.inherit(this.#exports[target]!)
      }
    }
    if (kind === 'cjs') {
      // module.exports is both the default export and the holder of the named ones.
      const holder = this.#object()
      this.#exports[index]!.get('default').add(holder)
      this.#exports[index]!.inherit(holder.props)
      this.#exports[index]!.get('default').listen((value) => {
        if (value.kind !== 'builtin' && value !== holder) this.#exports[index]!.inherit(value.props)
      })
    }
  }

  #exportNamed(statement: Node): void {
    const { scopes, targets, index } = this.#module
    const declaration = child(statement, 'declaration')
    if (declaration !== null) {
      this.#statement(declaration)
      for (const [node, binding] of scopes.declarations) {
        if (
          node.start >= declaration.start &&
          node.end <= declaration.end &&
          scopes.top.get(binding.name) === binding
        ) {
          this.#binding(binding).flowTo(this.#exports[index]!.get(binding.name))
        }
      }
      return
    }
    const source = child(statement, 'source')
    for (const specifier of list(statement, 'specifiers')) {
      const exported = this.#exports[index]!.get(specifierName(specifier['exported'] as Node))
      const local = specifier['local'] as Node
      if (source !== null) {
        this.#imported(targets.get(source['value'] as string), specifierName(local)).flowTo(
          exported,
        )
      } else {
        const binding = scopes.top.get(specifierName(local))
        if (binding !== undefined) this.#binding(binding).flowTo(exported)
      }
    }
  }

  // Statements: only the expressions, declarations and returns in them matter.

  #statement(node: Node): void {
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
        return
      case 'ExportNamedDeclaration':
        return this.#exportNamed(node)
      case 'ExportDefaultDeclaration': {
        const declaration = node['declaration'] as Node
        const value = this.#declarationOrExpression(declaration)
        value.flowTo(this.#exports[this.#module.index]!.get('default'))
        return
      }
      case 'FunctionDeclaration':
      case 'ClassDeclaration':
        this.#declarationOrExpression(node)
        return
      case 'VariableDeclaration':
        for (const declarator of list(node, 'declarations')) {
          const init = child(declarator, 'init')
          this.#assign(
            declarator['id'] as Node,
            init === null ? new Cell(this.#work) : this.#expression(init),
          )
        }
        return
      case 'ReturnStatement': {
        const argument = child(node, 'argument')
        const fn = this.#module.scopes.functionOf.get(node)
        if (argument !== null) {
          const value = this.#expression(argument)
          if (fn) value.flowTo(this.#result(fn.node))
        }
        return
      }
      case 'ForOfStatement':
      case 'ForInStatement': {
        const items = this.#load(this.#expression(node['right'] as Node), undefined)
        const left = node['left'] as Node
        const pattern =
          left.type === 'VariableDeclaration'
            ? (list(left, 'declarations')[0]!['id'] as Node)
            : left
        this.#assign(pattern, items)
        this.#statement(node['body'] as Node)
        return
      }
      default:
        forEachChild(node, (one) => {
          if (/Statement$|Declaration$|^SwitchCase$|^CatchClause$/.test(one.type))
            this.#statement(one)
          else if (!one.type.endsWith('Pattern')) this.#expression(one)
        })
    }
  }

  #declarationOrExpression(node: Node): Cell {
    const value = isFunction(node) ? this.#functionCell(node) : this.#expression(node)
    const id = child(node, 'id')
    const binding = id === null ? undefined : this.#module.scopes.declarations.get(id)
    if (binding !== undefined) value.flowTo(this.#binding(binding))
    return value
  }

  /** `pattern = value`, with everything a pattern can hold. */
  #assign(pattern: Node, value: Cell): void {
    const target = unwrap(pattern)
    switch (target.type) {
      case 'Identifier': {
        const { declarations, references } = this.#module.scopes
        const binding = declarations.get(target) ?? references.get(target)
        if (binding !== undefined) value.flowTo(this.#binding(binding))
        return
      }
      case 'MemberExpression': {
        this.#memberStore(target, value)
        return
      }
      case 'AssignmentPattern':
        this.#assign(target['left'] as Node, value)
        this.#assign(target['left'] as Node, this.#expression(target['right'] as Node))
        return
      case 'RestElement':
        return this.#assign(target['argument'] as Node, value)
      case 'ArrayPattern': {
        const items = this.#load(value, undefined)
        for (const element of list(target, 'elements')) {
          this.#assign(element, element.type === 'RestElement' ? value : items)
        }
        return
      }
      case 'ObjectPattern':
        for (const property of list(target, 'properties')) {
          if (property.type === 'RestElement') this.#assign(property['argument'] as Node, value)
          else
            this.#assign(property['value'] as Node, this.#load(value, staticKey(property, 'key')))
        }
        return
      default:
    }
  }

  #memberStore(target: Node, value: Cell): void {
    const object = unwrap(target['object'] as Node)
    const name = staticKey(target, 'property')
    if (target['computed'] === true && name === undefined)
      this.#expression(target['property'] as Node)
    if (this.#isFree(object, 'module') && name === 'exports' && this.#module.kind === 'cjs') {
      value.flowTo(this.#exports[this.#module.index]!.get('default'))
      return
    }
    const receiver = this.#expression(object)
    this.#store(receiver, name, value)
    value.listen((one) => {
      if (one.kind === 'function') receiver.flowTo(this.#thisOf(one.node))
    })
  }

  #isFree(node: Node, name: string): boolean {
    const { references } = this.#module.scopes
    return (
      node.type === 'Identifier' &&
      node['name'] === name &&
      references.has(node) &&
      references.get(node) === undefined
    )
  }

  // Expressions

  #expression(node: Node): Cell {
    const known = this.#cells.get(node)
    if (known !== undefined) return known
    const cell = this.#evaluate(node)
    this.#cells.set(node, cell)
    return cell
  }

  #all(nodes: readonly Node[]): Cell {
    const cell = new Cell(this.#work)
    for (const node of nodes) this.#expression(node).flowTo(cell)
    return cell
  }

  #evaluate(node: Node): Cell {
    switch (node.type) {
      case 'Identifier':
        return this.#identifier(node)
      case 'ThisExpression':
        return this.#thisCell(node)
      case 'ParenthesizedExpression':
      case 'ChainExpression':
        return this.#expression(node['expression'] as Node)
      case 'YieldExpression':
        return this.#yield(node)
      case 'AwaitExpression':
      case 'SpreadElement':
        return this.#expression(node['argument'] as Node)
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return this.#functionCell(node)
      case 'ClassExpression':
      case 'ClassDeclaration':
        return this.#class(node)
      case 'ObjectExpression':
        return this.#objectLiteral(node)
      case 'ArrayExpression': {
        const array = this.#object()
        for (const element of list(node, 'elements')) {
          const value = this.#expression(element)
          ;(element.type === 'SpreadElement' ? this.#load(value, undefined) : value).flowTo(
            array.props.star,
          )
        }
        return this.#cellOf(array)
      }
      case 'MemberExpression': {
        if (this.#isFree(unwrap(node['object'] as Node), 'module') && this.#module.kind === 'cjs') {
          return this.#exports[this.#module.index]!.get('default')
        }
        const name = staticKey(node, 'property')
        if (node['computed'] === true) this.#expression(node['property'] as Node)
        return this.#load(this.#expression(node['object'] as Node), name)
      }
      case 'AssignmentExpression': {
        const value = this.#expression(node['right'] as Node)
        this.#assign(node['left'] as Node, value)
        return value
      }
      case 'ConditionalExpression':
        this.#expression(node['test'] as Node)
        return this.#all([node['consequent'] as Node, node['alternate'] as Node])
      case 'LogicalExpression':
        return this.#all([node['left'] as Node, node['right'] as Node])
      case 'SequenceExpression': {
        const cells = list(node, 'expressions').map((one) => this.#expression(one))
        return cells.at(-1)!
      }
      case 'CallExpression':
      case 'NewExpression':
      case 'TaggedTemplateExpression':
        return this.#call(node)
      case 'ImportExpression': {
        const target = this.#module.targets.get(literalText(node['source'] as Node) ?? '')
        return target === undefined ? new Cell(this.#work) : this.#cellOf(this.#namespace(target))
      }
      default:
        forEachChild(node, (one) => void this.#expression(one))
        return new Cell(this.#work)
    }
  }

  #identifier(node: Node): Cell {
    const { references } = this.#module.scopes
    if (!references.has(node)) return new Cell(this.#work)
    const binding = references.get(node)
    if (binding !== undefined) return this.#binding(binding)
    if (this.#module.kind === 'cjs' && node['name'] === 'exports') {
      return this.#exports[this.#module.index]!.get('default')
    }
    const fn = node['name'] === 'arguments' ? this.#ordinaryFunction(node) : null
    if (fn !== null) {
      const held = this.#argumentsOf.get(fn) ?? this.#object()
      this.#argumentsOf.set(fn, held)
      return this.#cellOf(held)
    }
    return this.#cellOf(this.#builtin(`global.${node['name'] as string}`))
  }

  /** The function whose `this` and `arguments` the node sees. */
  #ordinaryFunction(node: Node): Node | null {
    let fn = this.#module.scopes.functionOf.get(node) ?? null
    while (fn !== null && fn.node.type === 'ArrowFunctionExpression') fn = fn.parent
    return fn?.node ?? null
  }

  #yield(node: Node): Cell {
    const fn = this.#module.scopes.functionOf.get(node)!.node
    const argument = child(node, 'argument')
    let generator = this.#generators.get(fn)
    if (generator === undefined) {
      this.#generators.set(fn, (generator = this.#object()))
      this.#result(fn).add(generator)
    }
    if (argument !== null) {
      const value = this.#expression(argument)
      const given = node['delegate'] === true ? this.#load(value, undefined) : value
      given.flowTo(generator.props.star)
    }
    // What next() was called with.
    return this.#load(this.#cellOf(generator), undefined)
  }

  #thisCell(node: Node): Cell {
    const fn = this.#ordinaryFunction(node)
    if (fn !== null) return this.#thisOf(fn)
    return this.#module.kind === 'cjs'
      ? this.#exports[this.#module.index]!.get('default')
      : new Cell(this.#work)
  }

  #functionCell(node: Node): Cell {
    const known = this.#functions.get(node)
    if (known !== undefined) return this.#cellOf(known)
    const value: FunctionValue = {
      kind: 'function',
      module: this.#module,
      node,
      props: new Shape(this.#work),
    }
    this.#functions.set(node, value)
    const id = child(node, 'id')
    const own = id === null ? undefined : this.#module.scopes.declarations.get(id)
    if (own !== undefined) this.#binding(own).add(value)
    for (const param of list(node, 'params')) this.#assign(param, new Cell(this.#work))
    const body = node['body'] as Node
    if (body.type === 'BlockStatement') this.#statement(body)
    else this.#expression(body).flowTo(this.#result(node))
    // An old-style constructor: its instances see what is stored on its prototype.
    const instance = this.#object()
    this.#load(value.props.get('prototype'), undefined).flowTo(instance.props.star)
    value.props.get('prototype').add(instance)
    return this.#cellOf(value)
  }

  #class(node: Node): Cell {
    const instance = this.#object()
    const value: ObjectValue = {
      kind: 'object',
      props: new Shape(this.#work),
      instance,
      construct: new Cell(this.#work),
    }
    value.props.get('prototype').add(instance)
    const id = child(node, 'id')
    const binding = id === null ? undefined : this.#module.scopes.declarations.get(id)
    if (binding !== undefined) this.#binding(binding).add(value)
    const base = child(node, 'superClass')
    if (base !== null) {
      this.#expression(base).listen((parent) => {
        if (parent.kind === 'builtin') return
        value.props.inherit(parent.props)
        if (parent.kind === 'object' && parent.instance)
          instance.props.inherit(parent.instance.props)
        if (parent.kind === 'object' && parent.construct) parent.construct.flowTo(value.construct!)
      })
    }
    for (const member of list(node['body'] as Node, 'body'))
      this.#classMember(member, value, instance)
    return this.#cellOf(value)
  }

  #classMember(member: Node, value: ObjectValue, instance: ObjectValue): void {
    const owner = member['static'] === true ? value : instance
    if (member.type === 'StaticBlock') {
      for (const statement of list(member, 'body')) this.#statement(statement)
      return
    }
    if (member['computed'] === true) this.#expression(member['key'] as Node)
    const body = child(member, 'value')
    if (body === null) return
    const cell = this.#expression(body)
    if (isFunction(body)) this.#thisOf(body).add(owner)
    const name = staticKey(member, 'key')
    if (member['kind'] === 'constructor') cell.flowTo(value.construct!)
    else if (member['kind'] === 'get') this.#result(body).flowTo(owner.props.put(name))
    else if (member['kind'] !== 'set') this.#store(this.#cellOf(owner), name, cell)
  }

  #objectLiteral(node: Node): Cell {
    const value = this.#object()
    for (const property of list(node, 'properties')) {
      if (property.type === 'SpreadElement') {
        this.#expression(property).listen((spread) => {
          if (spread.kind !== 'builtin') value.props.inherit(spread.props)
        })
        continue
      }
      if (property['computed'] === true) this.#expression(property['key'] as Node)
      const name = staticKey(property, 'key')
      const body = property['value'] as Node
      const cell = this.#expression(body)
      if (isFunction(body)) this.#thisOf(body).add(value)
      if (property['kind'] === 'get') this.#result(body).flowTo(value.props.put(name))
      else if (property['kind'] !== 'set') this.#store(this.#cellOf(value), name, cell)
    }
    return this.#cellOf(value)
  }

  // Calls

  #call(node: Node): Cell {
    const calleeNode = unwrap((node['callee'] ?? node['tag']) as Node)
    if (isRequireCall(this.#module, node)) {
      const target = this.#module.targets.get(literalText(list(node, 'arguments')[0] ?? node) ?? '')
      if (target === undefined) return new Cell(this.#work)
      const isCommonJs = typeof target === 'number' && this.#modules[target]!.kind === 'cjs'
      return this.#imported(target, isCommonJs ? 'default' : '*')
    }
    const isMember = calleeNode.type === 'MemberExpression'
    const receiver = isMember ? this.#expression(calleeNode['object'] as Node) : null
    const template = child(node, 'quasi')
    const args = template === null ? list(node, 'arguments') : list(template, 'expressions')
    const site: CallSite = {
      module: this.#module,
      node,
      callee:
        calleeNode.type === 'Super' ? this.#superConstructor(node) : this.#expression(calleeNode),
      receiver,
      method: isMember ? staticKey(calleeNode, 'property') : undefined,
      arguments: args.map((argument) => this.#argument(argument)),
      isNew: node.type === 'NewExpression',
    }
    this.#calls.push(site)
    return this.#callResult(site)
  }

  #argument(node: Node): Cell {
    const value = this.#expression(node)
    return node.type === 'SpreadElement' ? this.#load(value, undefined) : value
  }

  #superConstructor(node: Node): Cell {
    let at: Node | undefined = node
    while (at !== undefined && at.type !== 'ClassDeclaration' && at.type !== 'ClassExpression') {
      at = this.#module.scopes.parents.get(at)
    }
    const base = at === undefined ? null : child(at, 'superClass')
    const cell = new Cell(this.#work)
    if (base === null) return cell
    this.#expression(base).listen((value) => {
      if (value.kind === 'object' && value.construct) value.construct.flowTo(cell)
      else if (value.kind === 'function') cell.add(value)
    })
    return cell
  }

  #callResult(site: CallSite): Cell {
    const result = new Cell(this.#work)
    site.callee.listen((value) => this.#callValue(site, value, result))
    if (site.receiver !== null) this.#callMethod(site, result)
    return result
  }

  #callValue(site: CallSite, value: Value, result: Cell): void {
    if (value.kind === 'function')
      return this.#enter(
        value.node,
        site.receiver,
        site.arguments,
        site.isNew ? new Cell(this.#work) : result,
        site.isNew ? value : undefined,
        result,
      )
    if (value.kind === 'object') {
      if (value.instance !== undefined && site.isNew) {
        result.add(value.instance)
        const instance = this.#cellOf(value.instance)
        value.construct!.listen((one) => {
          if (one.kind === 'function')
            this.#enter(one.node, instance, site.arguments, new Cell(this.#work))
        })
      }
      return
    }
    this.#callBuiltin(site, value.path, result)
  }

  /** A call of a function of the script: arguments to parameters, what it returns to `result`. */
  #enter(
    fn: Node,
    receiver: Cell | null,
    args: readonly Cell[],
    result: Cell,
    constructed?: FunctionValue,
    instanceOut?: Cell,
  ): void {
    const module = this.#module
    this.#module = this.#functions.get(fn)!.module
    const held = this.#argumentsOf.get(fn)
    if (held !== undefined) for (const argument of args) argument.flowTo(held.props.star)
    list(fn, 'params').forEach((param, i) => {
      if (param.type !== 'RestElement') {
        if (args[i] !== undefined) this.#assign(param, args[i])
        return
      }
      const rest = this.#object()
      for (const argument of args.slice(i)) argument.flowTo(rest.props.star)
      this.#assign(param, this.#cellOf(rest))
    })
    this.#module = module
    if (constructed !== undefined) {
      constructed.props.get('prototype').flowTo(this.#thisOf(fn))
      constructed.props.get('prototype').flowTo(instanceOut!)
    } else {
      receiver?.flowTo(this.#thisOf(fn))
    }
    this.#result(fn).flowTo(result)
  }

  #callBuiltin(site: CallSite, path: string, result: Cell): void {
    if (RESPONSE_CALLS.test(path)) {
      const response = this.#object()
      response.props.star.add(this.#builtin('response'))
      if (path.endsWith('.batch')) result.add(response)
      else result.add(this.#builtin('response'))
      return
    }
    if (path === 'k6.group' || path === 'k6.*') this.#callAll(site.arguments[1], [], result)
    if (path === 'k6.check' || path === 'k6.*')
      this.#callAll(
        site.arguments[1] && this.#load(site.arguments[1], undefined),
        [site.arguments[0]!],
        new Cell(this.#work),
      )
    else if (path === 'k6/ws.connect' || path === 'k6/ws.*')
      this.#callAll(
        site.arguments.at(-1),
        [this.#cellOf(this.#builtin('socket'))],
        new Cell(this.#work),
      )
    else if (path === 'k6.group') return
    else if (path === 'global.require') this.#requireAny(site, result)
    else if (path === 'global.Object.defineProperty' || path === 'global.Reflect.defineProperty')
      this.#define(site, result)
    else if (path === 'global.Object.defineProperties')
      this.#defineAll(site, site.arguments[0], result)
    else if (path === 'global.Object.create') this.#create(site, result)
    else if (path.startsWith('k6/') || path.startsWith('socket.'))
      for (const argument of site.arguments) this.#callAll(argument, [], new Cell(this.#work))
    else if (path.startsWith('global.')) this.#opaqueCall(site, result)
  }

  /** `require` under another name: bundlers do that. */
  #requireAny(site: CallSite, result: Cell): void {
    const argument = list(site.node, 'arguments')[0]
    const name = argument === undefined ? undefined : literalText(argument)
    if (name !== undefined && BUILTIN_MODULES.has(name)) result.add(this.#builtin(name))
    else {
      // The name comes from somewhere: it is written out in the script.
      const names = [...BUILTIN_MODULES.keys()].filter((one) =>
        this.#modules.some(
          ({ source }) => source.includes(`'${one}'`) || source.includes(`"${one}"`),
        ),
      )
      for (const one of names) result.add(this.#builtin(one))
    }
    this.#modules.forEach((_, index) =>
      this.#load(this.#cellOf(this.#namespace(index)), undefined, result),
    )
  }

  /** `Object.defineProperty(target, name, descriptor)`: bundlers make exports of it. */
  #define(site: CallSite, result: Cell): void {
    const [target, , descriptor] = site.arguments
    if (target === undefined || descriptor === undefined) return
    target.flowTo(result)
    const name = list(site.node, 'arguments')[1]
    this.#describe(target, name === undefined ? undefined : literalText(name), descriptor)
  }

  /** The same of many at once. */
  #defineAll(site: CallSite, target: Cell | undefined, result: Cell): void {
    target?.flowTo(result)
    const descriptors = site.arguments[1]
    if (target !== undefined && descriptors !== undefined)
      this.#describe(target, undefined, this.#load(descriptors, undefined))
  }

  /** `Object.create(base, descriptors)`: an object that reads on in its base. */
  #create(site: CallSite, result: Cell): void {
    const made = this.#opaque.get(site.node) ?? this.#object()
    this.#opaque.set(site.node, made)
    site.arguments[0]?.listen((base) => {
      if (base.kind === 'builtin') result.add(base)
      else made.props.inherit(base.props)
    })
    this.#defineAll(site, this.#cellOf(made), result)
  }

  #putDefined(target: Cell, name: string | undefined, value: Cell): void {
    if (name !== undefined) return this.#store(target, name, value)
    target.listen((one) => {
      if (one.kind !== 'builtin') value.flowTo(one.props.defined)
    })
  }

  #describe(target: Cell, name: string | undefined, descriptor: Cell): void {
    this.#putDefined(target, name, this.#load(descriptor, 'value'))
    const getters = this.#load(descriptor, 'get')
    const got = new Cell(this.#work)
    this.#callAll(getters, [], got)
    this.#putDefined(target, name, got)
    getters.flowTo(this.#accessors)
    this.#load(descriptor, 'set').flowTo(this.#accessors)
  }

  /** Methods that the language provides on whatever the receiver is, and `call`, `apply`, `bind`. */
  #callMethod(site: CallSite, result: Cell): void {
    const { receiver, method } = site
    if (method === 'call' || method === 'apply' || method === 'bind') {
      const shifted =
        method === 'apply'
          ? [this.#load(site.arguments[1] ?? new Cell(this.#work), undefined)]
          : site.arguments.slice(1)
      receiver!.listen((value) => {
        if (value.kind === 'object') return
        if (method === 'bind') result.add(value)
        else
          this.#callValue(
            { ...site, receiver: site.arguments[0] ?? null, arguments: shifted },
            value,
            result,
          )
      })
      return
    }
    if (method !== undefined && !BUILTIN_METHODS.has(method)) return
    receiver!.listen((value) => {
      if (value.kind === 'object' && !hasFunction(value.props.read(method)))
        this.#opaqueCall(site, result)
    })
    this.#deferred.push(() => {
      if (receiver!.values.size === 0) this.#opaqueCall(site, result)
    })
  }

  readonly #opaque = new Map<Node, ObjectValue>()

  /** An unknown call: callbacks get what the receiver and the arguments hold; the result may hold it all. */
  #opaqueCall(site: CallSite, result: Cell): void {
    let value = this.#opaque.get(site.node)
    if (value !== undefined) {
      result.add(value)
      value.props.star.flowTo(result)
      return
    }
    value = this.#object()
    this.#opaque.set(site.node, value)
    const held = value.props.star
    held.flowTo(result)
    const inputs = site.receiver === null ? site.arguments : [site.receiver, ...site.arguments]
    for (const input of inputs) {
      input.flowTo(held)
      this.#load(input, undefined, held)
    }
    for (const argument of site.arguments) this.#callAll(argument, [held, held, held], held)
    // What goes into an unknown method may be kept by its receiver: push, set, add.
    if (!STORING_METHODS.has(site.method ?? '')) {
      result.add(value)
      return
    }
    site.receiver?.listen((target) => {
      if (target.kind === 'object')
        for (const argument of site.arguments) argument.flowTo(target.props.star)
    })
    result.add(value)
  }

  #callAll(callee: Cell | undefined, args: Cell[], result: Cell): void {
    callee?.listen((value) => {
      if (value.kind === 'function') this.#enter(value.node, null, args, result)
    })
  }
}

/** Whether a built-in module has `name`; of anything else it is not known. */
function isMember(path: string, name: string): boolean {
  const module = BUILTIN_MODULES.get(path)
  return (
    module === undefined ||
    name === 'default' ||
    module.members.includes(name) ||
    module.missing.includes(name)
  )
}

/** `k6/http` + `get`; the default export of a built-in module is the module itself. */
function memberPath(path: string, name: string): string {
  return name === 'default' && /^k6(\/[a-z]+)?$/.test(path) ? path : `${path}.${name}`
}

function specifierName(node: Node): string {
  return (node.type === 'Literal' ? node['value'] : node['name']) as string
}

/** What an import specifier takes from its module: a name, `default`, or `*`. */
export function importedName(specifier: Node): string {
  if (specifier.type === 'ImportDefaultSpecifier') return 'default'
  if (specifier.type === 'ImportNamespaceSpecifier') return '*'
  return specifierName(specifier['imported'] as Node)
}
