/**
 * Colouring: which functions may reach a blocking call and so become async, and which calls are
 * awaited. A function that cannot become async (a getter, a constructor, a callback of `sort`) and
 * yet reaches a blocking call makes the script one that needs real blocking.
 */
import { type Node, child, forEachChild, isFunction, list, staticKey } from './ast.ts'
import { BUILTIN_MODULES, builtinName } from './builtins.ts'
import { refuseEscapes } from './escape.ts'
import type { CallSite, Flow } from './flow.ts'
import { type ParsedModule, Uncolourable, placeOf, scriptError } from './graph.ts'
import { type FunctionInfo, patternIdentifiers } from './scope.ts'
import { BUILTIN_METHODS, HELPED_METHODS, type Cell, type Value } from './values.ts'

export interface Colours {
  /** Functions that become async. User-written async functions are not among them. */
  functions: Set<Node>
  /** User-written async functions that may block: their callers wait until they first wait by themselves. */
  starters: Set<Node>
  /** Calls that are awaited. */
  calls: Set<Node>
  /** Calls such as `items.forEach(callback)` that go through a sequential async helper; a subset of `calls`. */
  helperCalls: Set<Node>
  /** Modules whose top level waits (index). */
  modules: Set<number>
}

/** Where the language calls back synchronously and nothing can wait. */
const SYNCHRONOUS_SINKS = new Set(['sort', 'toSorted', 'replace', 'replaceAll'])
const SYNCHRONOUS_STATICS = new Set([
  'global.JSON.parse',
  'global.JSON.stringify',
  'global.Array.from',
  'global.Object.groupBy',
  'global.Map.groupBy',
])

/** Methods that the language calls by itself. */
const IMPLICIT_METHODS = new Set(['toString', 'valueOf', 'toJSON'])

const BLOCKING = new Set([
  ...[...BUILTIN_MODULES].flatMap(([module, { blocking }]) =>
    blocking.map((name) => `${module}.${name}`),
  ),
  'k6/http.*',
  'response.submitForm',
  'response.clickLink',
  'k6.*',
  'k6/ws.*',
  // Never returns: the VU stops here, so that no finally or catch of the script runs.
  'k6/execution.test.abort',
])

/** Nothing waits. */
export function uncoloured(): Colours {
  return {
    functions: new Set(),
    starters: new Set(),
    calls: new Set(),
    helperCalls: new Set(),
    modules: new Set(),
  }
}

export function colour(modules: readonly ParsedModule[], flow: Flow): Colours {
  return new Colouring(modules, flow).run()
}

class Colouring {
  readonly #modules: readonly ParsedModule[]
  readonly #flow: Flow
  readonly #colours: Colours = uncoloured()
  /** Why a function became async, for messages: the first blocking call found in it. */
  readonly #reasons = new Map<Node, string>()

  constructor(modules: readonly ParsedModule[], flow: Flow) {
    this.#modules = modules
    this.#flow = flow
  }

  run(): Colours {
    this.#refuseMissingMembers()
    this.#settle(false)
    this.#refuseSynchronousCallbacks()
    this.#settle(true)
    if (this.#reasons.size > 0)
      refuseEscapes(this.#modules, this.#flow, (cell) => this.#colouredIn(cell))
    return this.#colours
  }

  /**
   * Grows the set until nothing changes. With `guess`, calls of methods on receivers of which nothing
   * is known count by their name alone; a guess never refuses a script.
   */
  #settle(guess: boolean): void {
    for (let changed = true; changed;) {
      changed = false
      for (const site of this.#flow.calls) {
        if (this.#colours.calls.has(site.node) || site.isNew) continue
        const reason = this.#blockingReason(site, guess)
        if (reason === undefined) continue
        if (!this.#colourAround(site, reason, guess)) continue
        this.#colours.calls.add(site.node)
        if (
          HELPED_METHODS.has(site.method ?? '') &&
          this.#colouredIn(site.arguments[0]) !== undefined
        ) {
          this.#colours.helperCalls.add(site.node)
        }
        changed = true
      }
    }
    for (const site of this.#flow.calls) if (site.isNew) this.#refuseBlockingConstructor(site)
  }

  /** What blocking thing the call may reach, or undefined. */
  #blockingReason(site: CallSite, guess: boolean): string | undefined {
    for (const value of site.callee.values) {
      const reason = this.#valueReason(value, site)
      if (reason !== undefined) return reason
    }
    const { method, receiver } = site
    // Whoever has a method of such a name is a response, also where it was lost from sight.
    const isLost = site.callee.values.size === 0 && BLOCKING.has(`response.${method}`)
    if (isLost) return `response.${method}`
    if (method !== undefined && receiver !== null) {
      if (['call', 'apply'].includes(method)) {
        for (const value of receiver.values) {
          const reason = this.#valueReason(value, { ...site, arguments: site.arguments.slice(1) })
          if (reason !== undefined) return reason
        }
      }
      if (HELPED_METHODS.has(method)) {
        const reason = this.#colouredIn(site.arguments[0])
        if (reason !== undefined) return reason
      }
      const isUnknown = site.callee.values.size === 0 && receiver.values.size === 0
      if (isUnknown && (method === 'submitForm' || method === 'clickLink'))
        return `response.${method}`
      // A known receiver without the method: it may have got it in a way that is not followed.
      const isLost = site.callee.values.size === 0 && !BUILTIN_METHODS.has(method)
      if (isLost || (isUnknown && guess))
        return this.#colouredIn(this.#flow.methodsByName.get(method))
    }
    return undefined
  }

  #valueReason(value: Value, site: CallSite): string | undefined {
    if (value.kind === 'function') {
      return this.#reasons.get(value.node)
    }
    if (value.kind !== 'builtin') return undefined
    if (BLOCKING.has(value.path)) return value.path.replace(/^k6\//, '')
    if (value.path === 'k6.group') return this.#callbackReason(site.arguments[1], 'group')
    if (value.path === 'k6.check') return this.#checkReason(site)
    return undefined
  }

  /** A callback of which nothing is known may block. */
  #callbackReason(callback: Cell | undefined, name: string): string | undefined {
    if (callback === undefined) return undefined
    return callback.values.size === 0 ? name : this.#colouredIn(callback)
  }

  #checkReason(site: CallSite): string | undefined {
    const sets = site.arguments[1]
    if (sets === undefined) return undefined
    if (sets.values.size === 0) return 'check'
    for (const value of sets.values) {
      if (value.kind === 'builtin') continue
      const reason = this.#colouredIn(value.props.get(undefined))
      if (reason !== undefined) return reason
    }
    return undefined
  }

  #colouredIn(cell: Cell | undefined): string | undefined {
    for (const value of cell?.values ?? []) {
      if (value.kind === 'function' && this.#reasons.has(value.node))
        return this.#reasons.get(value.node)
      if (value.kind === 'builtin' && BLOCKING.has(value.path))
        return value.path.replace(/^k6\//, '')
    }
    return undefined
  }

  /** Colours the function around a blocking call. False: it cannot wait, and this was only a guess. */
  #colourAround(site: CallSite, reason: string, guess: boolean): boolean {
    const { scopes } = site.module
    const fn = scopes.functionOf.get(site.node) ?? null
    const problem = this.#positionProblem(site, fn)
    if (problem !== undefined) {
      if (guess) return false
      throw new Uncolourable(
        `${problem} calls ${reason} at ${placeOf(site.module, site.node.start)}`,
      )
    }
    if (fn === null) {
      this.#colours.modules.add(site.module.index)
    } else {
      const waiting = fn.node['async'] === true ? this.#colours.starters : this.#colours.functions
      if (!waiting.has(fn.node)) this.#reasons.set(fn.node, reason)
      waiting.add(fn.node)
    }
    return true
  }

  /** Why nothing can wait where the call stands, as a noun for messages; undefined: it can. */
  #positionProblem(site: CallSite, fn: FunctionInfo | null): string | undefined {
    const { scopes } = site.module
    for (
      let at: Node | undefined = site.node;
      at !== undefined && at !== fn?.node;
      at = scopes.parents.get(at)
    ) {
      const parent = scopes.parents.get(at)
      if (parent?.type === 'PropertyDefinition' && parent['value'] === at) return 'a class field'
      if (parent?.type === 'StaticBlock') return 'a static block'
      if (parent !== undefined && parent === fn?.node && list(parent, 'params').includes(at)) {
        return 'the default value of a parameter'
      }
    }
    if (fn === null) return undefined
    return this.#functionProblem(fn.node, site.module)
  }

  #functionProblem(node: Node, module: ParsedModule): string | undefined {
    const name = module.scopes.functions.get(node)!.name
    if (node['generator'] === true) return `the generator "${name}"`
    if (node['async'] === true && redeclaresParameter(node))
      return `the async function "${name}", which declares a parameter again,`
    const owner = module.scopes.parents.get(node)
    const isMember = owner?.type === 'MethodDefinition' || owner?.type === 'Property'
    if (!isMember || owner['value'] !== node) return undefined
    if (owner['kind'] === 'get') return `the getter "${name}"`
    if (owner['kind'] === 'set') return `the setter "${name}"`
    if (owner['kind'] === 'constructor')
      return `the constructor of class "${this.#className(owner, module)}"`
    const key = staticKey(owner, 'key')
    if (key !== undefined && IMPLICIT_METHODS.has(key))
      return `the method "${key}", which the language calls by itself,`
    return undefined
  }

  #className(method: Node, module: ParsedModule): string {
    const body = module.scopes.parents.get(method)
    const owner = body === undefined ? undefined : module.scopes.parents.get(body)
    return ((owner && child(owner, 'id')?.['name']) as string | undefined) ?? ''
  }

  #refuseBlockingConstructor(site: CallSite): void {
    for (const value of site.callee.values) {
      if (value.kind !== 'function' || !this.#colours.functions.has(value.node)) continue
      const name = value.module.scopes.functions.get(value.node)!.name
      throw new Uncolourable(
        `the constructor "${name}" calls ${this.#reasons.get(value.node)} at ${placeOf(site.module, site.node.start)}`,
      )
    }
  }

  #refuseSynchronousCallbacks(): void {
    for (const site of this.#flow.calls) {
      const sink = synchronousSink(site)
      if (sink === undefined) continue
      for (const argument of site.arguments) {
        const reason = this.#colouredIn(argument)
        if (reason === undefined) continue
        throw new Uncolourable(
          `a callback of ${sink} calls ${reason} at ${placeOf(site.module, site.node.start)}`,
        )
      }
    }
  }

  #refuseMissingMembers(): void {
    const missing = new Map(
      [...BUILTIN_MODULES].flatMap(([module, { missing: names }]) =>
        names.map((name) => [`${module}.${name}`, `${module}: ${name}()`]),
      ),
    )
    for (const site of this.#flow.calls) {
      for (const value of site.callee.values) {
        const name = value.kind === 'builtin' ? missing.get(value.path) : undefined
        if (name !== undefined)
          throw scriptError(
            `${placeOf(site.module, site.node.start)}: ${name} is not supported yet`,
          )
      }
    }
    for (const module of this.#modules) refuseMissingImports(module)
  }
}

/** `function (a) { var a }`: its body cannot be put into a function of its own. */
function redeclaresParameter(node: Node): boolean {
  const params = list(node, 'params').flatMap(patternIdentifiers)
  const names = new Set(params.map((one) => one['name']))
  let found = false
  const visit = (one: Node): void => {
    if (found || isFunction(one)) return
    if (one.type === 'VariableDeclaration' && one['kind'] === 'var')
      for (const { id } of list(one, 'declarations') as unknown as { id: Node }[])
        found ||= patternIdentifiers(id).some((identifier) => names.has(identifier['name']))
    forEachChild(one, visit)
  }
  visit(node['body'] as Node)
  return found
}

function synchronousSink(site: CallSite): string | undefined {
  if (site.method !== undefined && SYNCHRONOUS_SINKS.has(site.method)) {
    for (const value of site.callee.values) if (value.kind === 'function') return undefined
    return `${site.method}()`
  }
  for (const value of site.callee.values) {
    if (value.kind === 'builtin' && SYNCHRONOUS_STATICS.has(value.path))
      return `${value.path.slice('global.'.length)}()`
  }
  return undefined
}

/** Named imports of members that k6 has and Vigie lacks, or that nobody has. */
function refuseMissingImports(module: ParsedModule): void {
  for (const statement of list(module.program, 'body')) {
    const source = child(statement, 'source')
    const name = source === null ? undefined : builtinName(source['value'] as string)
    const builtin = name === undefined ? undefined : BUILTIN_MODULES.get(name)
    if (builtin === undefined || statement.type === 'ExportAllDeclaration') continue
    for (const specifier of list(statement, 'specifiers')) {
      const named = child(specifier, statement.type === 'ImportDeclaration' ? 'imported' : 'local')
      const member = named === null ? undefined : ((named['name'] ?? named['value']) as string)
      if (member === undefined || member === 'default' || builtin.members.includes(member)) continue
      const what = builtin.missing.includes(member) ? 'is not supported yet' : 'does not exist'
      throw scriptError(
        `${placeOf(module, specifier.start)}: ${member} of "${source!['value'] as string}" ${what}`,
      )
    }
  }
}
