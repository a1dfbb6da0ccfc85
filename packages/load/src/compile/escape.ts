/**
 * Where a function that was made to wait could be called by somebody who does not wait: the language
 * itself (accessors, conversions, iteration), its own functions, eval. Its promise would be seen there
 * instead of its value; such a script needs real blocking.
 */
import { type Node, forEachChild, list } from './ast.ts'
import { BUILTIN_MODULES } from './builtins.ts'
import type { CallSite, Flow } from './flow.ts'
import { type ParsedModule, Uncolourable, literalText, placeOf } from './graph.ts'
import { HELPED_METHODS, type Cell } from './values.ts'

/** The blocking call that a value of the cell may come to, or undefined. */
type ReasonOf = (cell: Cell | undefined) => string | undefined

/** Property names that the language looks up and calls by itself. */
const IMPLICIT_NAMES = ['toString', 'valueOf', 'toJSON', 'next', 'then']

/** Functions of the language that keep or hand on functions but never call them, or that are waited for. */
const HARMLESS_GLOBALS =
  /^global\.(Object(\.(?!groupBy).*)?|Array(\.(of|isArray))?|Promise\.\w+|String|Boolean|Number|Symbol|Map|Set|WeakMap|WeakSet|WeakRef|Function|require(\..*)?|setTimeout|setInterval|clearTimeout|clearInterval|console(\..*)?)$/

/** Methods of the language's objects and of the engine's of which the same is true. */
const HARMLESS_METHODS: ReadonlySet<string> = new Set([
  ...HELPED_METHODS,
  'push',
  'unshift',
  'splice',
  'concat',
  'fill',
  'with',
  'toSpliced',
  'set',
  'add',
  'get',
  'has',
  'delete',
  'includes',
  'indexOf',
  'lastIndexOf',
  'then',
  'catch',
  'finally',
  'call',
  'apply',
  'bind',
  'on',
  'addEventListener',
  'setTimeout',
  'setInterval',
  'log',
  'info',
  'warn',
  'error',
  'debug',
  'hasOwnProperty',
  'isPrototypeOf',
  'return',
  'throw',
  'next',
  'resolve',
])

/** Functions of the engine that wait for their callbacks. */
const WAITING_ENGINE =
  /^(k6\.(group|check|\*)|k6\/ws\.(connect|\*)|k6\/(timers|http|metrics|execution)\..*|socket\..*|response(\..*)?)$/

/** Throws Uncolourable for the first place found. Called only where something waits at all. */
export function refuseEscapes(
  modules: readonly ParsedModule[],
  flow: Flow,
  reasonOf: ReasonOf,
): void {
  for (const [name, cell] of flow.methodsByName) {
    if (IMPLICIT_NAMES.includes(name) || name.startsWith('@@'))
      refuse(
        cell,
        reasonOf,
        `the method "${name.replace('@@', 'Symbol.')}", which the language calls by itself,`,
      )
  }
  refuse(flow.accessors, reasonOf, 'an accessor')
  for (const site of flow.calls) refuseSite(site, reasonOf)
  for (const module of modules) refuseUngated(module)
}

/** Names the function itself: where it is called from is the language's affair. */
function refuse(cell: Cell, reasonOf: ReasonOf, what: string): void {
  const reason = reasonOf(cell)
  if (reason === undefined) return
  for (const value of cell.values) {
    if (value.kind === 'function')
      throw new Uncolourable(
        `${what} calls ${reason} at ${placeOf(value.module, value.node.start)}`,
      )
  }
  throw new Uncolourable(`${what} calls ${reason}`)
}

function refuseSite(site: CallSite, reasonOf: ReasonOf): void {
  const fail = (who: string, reason: string): never => {
    throw new Uncolourable(
      `${who}, which may call a function that calls ${reason}, at ${placeOf(site.module, site.node.start)}`,
    )
  }
  let isKnown = false
  for (const value of site.callee.values) {
    if (value.kind !== 'builtin') {
      isKnown = true
      continue
    }
    const { path } = value
    // A module is no function: only a table of all modules seems to hold it here.
    if (BUILTIN_MODULES.has(path)) continue
    if (path === 'global.eval') fail('eval', 'something that blocks')
    if (path === 'global.Function' && !list(site.node, 'arguments').every(isLiteral))
      fail('Function', 'something that blocks')
    const isHarmless =
      path.startsWith('global.') && !(site.isNew && path === 'global.Promise')
        ? HARMLESS_GLOBALS.test(path)
        : WAITING_ENGINE.test(path)
    if (isHarmless) continue
    if (!/^global\.(Reflect|JSON|Promise)\b/.test(path) && hasHarmlessMethod(site)) continue
    for (const argument of site.arguments) {
      const reason = reasonOf(argument) ?? reasonInside(path, argument, reasonOf)
      if (reason !== undefined) fail(path.replace('global.', ''), reason)
    }
  }
  const { method } = site
  if (isKnown || site.callee.values.size > 0 || method === undefined) return
  if (hasHarmlessMethod(site)) return
  for (const argument of site.arguments) {
    const reason = reasonOf(argument)
    if (reason !== undefined) fail(`${method}()`, reason)
  }
}

/** `call` and `apply` are followed only where it is known what they call. */
function hasHarmlessMethod({ method, receiver }: CallSite): boolean {
  if (method === undefined || !HARMLESS_METHODS.has(method)) return false
  if (method !== 'call' && method !== 'apply') return true
  if (receiver === null || receiver.values.size === 0) return false
  for (const value of receiver.values) {
    // `Array.prototype.forEach.call`, say, would not wait.
    const name = value.kind === 'builtin' ? /^global\..*\.(\w+)$/.exec(value.path)?.[1] : undefined
    if (name !== undefined && (!HARMLESS_METHODS.has(name) || HELPED_METHODS.has(name)))
      return false
  }
  return true
}

function isLiteral(node: Node): boolean {
  return literalText(node) !== undefined
}

/** A proxy's traps are called by whoever looks at it. */
function reasonInside(path: string, argument: Cell, reasonOf: ReasonOf): string | undefined {
  if (path !== 'global.Proxy') return undefined
  for (const value of argument.values) {
    const reason = value.kind === 'builtin' ? undefined : reasonOf(value.props.get(undefined))
    if (reason !== undefined) return reason
  }
  return undefined
}

/** What waits for promises without coming through the gate would run while the VU is blocked. */
function refuseUngated(module: ParsedModule): void {
  const visit = (node: Node): void => {
    if (node.type === 'ForOfStatement' && node['await'] === true)
      throw new Uncolourable(`for await beside blocking calls at ${placeOf(module, node.start)}`)
    forEachChild(node, visit)
  }
  visit(module.program)
}
