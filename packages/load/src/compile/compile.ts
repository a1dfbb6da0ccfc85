/** From the entry file to what every VU evaluates. */
import { type Node, forEachChild } from './ast.ts'
import type { BundleMap } from './bundle-map.ts'
import { type Colours, colour, uncoloured } from './color.ts'
import { emitModule } from './emit.ts'
import { analyseFlow } from './flow.ts'
import { type ParsedModule, type Target, Uncolourable, readModules } from './graph.ts'
import type { ImportOptions } from './imports.ts'
import type { LineMap } from './source-map.ts'

export interface CompiledModule {
  url: string
  /** Where `open()` and messages look for it. */
  path: string
  kind: 'esm' | 'cjs'
  /** Body of a function of ($vg, $vl, $vh). */
  code: string
  isAsync: boolean
  /** Modules to evaluate first, in order. */
  dependencies: number[]
  targets: Map<string, Target>
  /** Maps to apply one after the other to a position in `code`. */
  maps: LineMap[]
  /** What the file was bundled from: the last step of a position. */
  bundleMap: BundleMap | null
}

/** A script ready to be evaluated; plain data, so that it can be posted to worker threads. */
export interface Program {
  modules: CompiledModule[]
  /** The script has promises or timers of its own: an iteration ends only when they are through. */
  isAsynchronous: boolean
  /** They queue while the VU is blocked. */
  gate: boolean
  /** Why its VUs need threads of their own, in which calls really block; null: they do not. */
  blocking: string | null
  /** Source maps that could not be used, and why: for the debug log. */
  notes: string[]
}

export interface CompileSettings extends ImportOptions {
  /** Text of the entry when it does not come from a file; imports are relative to the entry all the same. */
  source?: string | undefined
  /** Whether calls shall really block whether they need to or not. */
  blocking?: boolean
}

/**
 * Throws LoadError (107) when the script, or a file that it imports, cannot be served.
 */
export function compileScript(entry: string, settings: CompileSettings = {}): Program {
  const modules = readModules(entry, settings.source, settings)
  const { colours, blocking } = colourOrBlock(modules, settings.blocking === true)
  const isAsynchronous = modules.some(runsLater)
  const gate = isAsynchronous && colours.calls.size > 0
  return {
    isAsynchronous,
    gate,
    blocking,
    notes: modules.flatMap(({ mapProblem }) => mapProblem ?? []),
    modules: modules.map((module) => {
      const { code, isAsync, map } = emitModule(module, modules, colours, gate)
      return {
        url: module.url,
        path: module.path,
        kind: module.kind,
        code,
        isAsync,
        dependencies: dependenciesOf(module),
        targets: module.targets,
        maps: module.typeMap === null ? [map] : [map, module.typeMap],
        bundleMap: module.bundleMap,
      }
    }),
  }
}

function colourOrBlock(
  modules: readonly ParsedModule[],
  isForced: boolean,
): { colours: Colours; blocking: string | null } {
  try {
    const colours = colour(modules, analyseFlow(modules))
    if (!isForced) return { colours, blocking: null }
  } catch (error) {
    if (!(error instanceof Uncolourable)) throw error
    return { colours: uncoloured(), blocking: error.reason }
  }
  return { colours: uncoloured(), blocking: '--real-blocking' }
}

/** Files that an ES module imports statically; a CommonJS module evaluates its own when it requires them. */
function dependenciesOf(module: ParsedModule): number[] {
  const indexes: number[] = []
  if (module.kind === 'cjs') return indexes
  for (const statement of module.program['body'] as Node[]) {
    const source = statement['source'] as Node | null | undefined
    const target = source ? module.targets.get(source['value'] as string) : undefined
    if (typeof target === 'number' && !indexes.includes(target)) indexes.push(target)
  }
  return indexes
}

const LATER_GLOBALS = new Set(['setTimeout', 'setInterval'])
/** Modules whose things call back on their own. */
const LATER_MODULES = ['k6/timers', 'k6/websockets', 'k6/experimental/websockets']
const LATER_MEMBERS = new Set(['then', 'asyncRequest'])

/** Whether anything in the module runs after the code around it: async functions, reactions, timers. */
function runsLater({ program, scopes, targets }: ParsedModule): boolean {
  if ([...targets.values()].some((target) => LATER_MODULES.includes(String(target)))) return true
  let found = false
  const visit = (node: Node): void => {
    if (found) return
    const name = node.type === 'Identifier' ? (node['name'] as string) : ''
    const isFree = scopes.references.has(node) && scopes.references.get(node) === undefined
    const isLater = LATER_MEMBERS.has(name) || (isFree && LATER_GLOBALS.has(name))
    if (isLater || node['async'] === true || node.type === 'AwaitExpression') found = true
    else forEachChild(node, visit)
  }
  visit(program)
  return found
}
