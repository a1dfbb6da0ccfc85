/**
 * The script as one worker thread holds it: compiled once, evaluated anew for each VU. Stack traces
 * are mapped back to the script's own files, and show nothing but them.
 */
import { compileFunction } from 'node:vm'
import type { CompiledModule, Program } from '../compile/compile.ts'
import { placeText } from '../compile/bundle-map.ts'
import { originalPosition } from '../compile/source-map.ts'
import {
  COLOURED,
  type ColouredHelpers,
  STARTED,
  colouredHelpers,
  isBoundAsync,
} from './coloured.ts'

export type ModuleFunction = (vuGlobal: object, link: object, helpers: ColouredHelpers) => unknown

export interface Isolate {
  program: Program
  functions: readonly ModuleFunction[]
  helpers: ColouredHelpers
  /** Whether any module waits at its top level. */
  isAsync: boolean
}

/** Compiles every module of `program` in this thread. */
export function createIsolate(program: Program): Isolate {
  return {
    program,
    functions: program.modules.map(
      (module) =>
        compileFunction(module.code, ['$vg', '$vl', '$vh'], {
          filename: module.url,
        }) as ModuleFunction,
    ),
    helpers: colouredHelpers,
    isAsync: program.modules.some((module) => module.isAsync),
  }
}

const ASYNC_FUNCTION = Object.getPrototypeOf(async () => {}) as object

/** Whether the script itself wrote `fn` as async. Functions that colouring made async do not count. */
export function isUserAsync(fn: unknown): boolean {
  return isAsync(fn) && !hasMark(fn)
}

/** Whether colouring made `fn` async. */
export function isColoured(fn: unknown): boolean {
  return isAsync(fn) && hasMark(fn)
}

function isAsync(fn: unknown): fn is () => Promise<unknown> {
  return typeof fn === 'function' && Object.getPrototypeOf(fn) === ASYNC_FUNCTION
}

/** Whether the script itself wrote `fn` as async, and calling it may block: it gives a `Started`. */
export function isStarter(fn: unknown): boolean {
  return isAsync(fn) && Function.prototype.toString.call(fn).startsWith(STARTED)
}

function hasMark(fn: () => Promise<unknown>): boolean {
  const text = Function.prototype.toString.call(fn)
  return text.startsWith(COLOURED) || isBoundAsync(fn, text)
}

/**
 * Makes `error.stack` of this thread show the script's files, lines and columns. `prepareStackTrace` is
 * V8's hook; an error that passed through no script keeps its own stack.
 */
export function mapStacks(program: Program): void {
  const modules = new Map(program.modules.map((module) => [module.url, module]))
  Error.prepareStackTrace = (error, sites) => {
    let isStarting = false
    const frames = sites.flatMap((site) => {
      const module = modules.get(site.getFileName() ?? '')
      // The function around the body of an async function that may block is not the script's.
      const isAround = isStarting
      isStarting = module === undefined && (site.getFunctionName()?.endsWith('$start') ?? false)
      return module === undefined || isAround ? [] : [frameText(site, module)]
    })
    const head = headline(error)
    if (frames.length > 0) return [head, ...frames].join('\n')
    return [head, ...sites.map(ownFrame)].join('\n')
  }
}

/** A frame of the engine itself, for errors that passed through no script. */
function ownFrame(site: NodeJS.CallSite): string {
  return `    at ${site.getFunctionName() ?? ''} (${site.getFileName() ?? ''}:${site.getLineNumber() ?? 0})`
}

function headline(error: unknown): string {
  try {
    return Error.prototype.toString.call(error)
  } catch {
    return 'Error'
  }
}

function frameText(site: NodeJS.CallSite, module: CompiledModule): string {
  let line = (site.getLineNumber() ?? 1) - 1
  let column = (site.getColumnNumber() ?? 1) - 1
  for (const map of module.maps) [line, column] = originalPosition(map, line, column)
  const name = (site.getFunctionName() ?? '').replace('$default', 'default')
  const place = placeText(module, line, column)
  return name === '' ? `    at ${place}` : `    at ${name} (${place})`
}
