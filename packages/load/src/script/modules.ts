/** The module instances of one VU: its own evaluation of every module, linked by live namespaces. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { BUILTIN_MODULES } from '../compile/builtins.ts'
import type { Target } from '../compile/graph.ts'
import type { Isolate } from './isolate.ts'

/** Size of a file that a script opens. */
const MAX_OPEN_BYTES = 512 << 20

/** Contents of opened files, shared by the VUs of a thread. */
export class OpenedFiles {
  readonly #texts = new Map<string, string>()
  readonly #bytes = new Map<string, Uint8Array>()
  /** Paths that may be opened; null: any (while VU 0 finds out which). */
  readonly #allowed: ReadonlySet<string> | null

  constructor(allowed: ReadonlySet<string> | null) {
    this.#allowed = allowed
  }

  get paths(): string[] {
    return [...new Set([...this.#texts.keys(), ...this.#bytes.keys()])]
  }

  text(path: string): string {
    let text = this.#texts.get(path)
    if (text === undefined)
      this.#texts.set(path, (text = Buffer.from(this.#read(path)).toString('utf8')))
    return text
  }

  /** A copy of its own for each caller. */
  bytes(path: string): ArrayBuffer {
    let bytes = this.#bytes.get(path)
    if (bytes === undefined) this.#bytes.set(path, (bytes = this.#read(path)))
    return new Uint8Array(bytes).buffer
  }

  #read(path: string): Uint8Array {
    if (this.#allowed !== null && !this.#allowed.has(path)) {
      throw new Error(
        `open() can't be used with files that weren't previously opened during initialization (__VU==0), path: "${path}"`,
      )
    }
    if (!existsSync(path))
      throw new Error(`The file "${path}" couldn't be found, make sure it exists`)
    const bytes = readFileSync(path)
    if (bytes.length > MAX_OPEN_BYTES)
      throw new Error(`"${path}" has ${bytes.length} bytes; want at most ${MAX_OPEN_BYTES}`)
    return bytes
  }
}

interface Instance {
  namespace: Record<string, unknown>
  module: { exports: unknown }
  state: 'new' | 'running' | 'done'
  link: Link
}

/** What a module's code sees as `$vl`. */
interface Link {
  ns(target: Target): unknown
  export(getters: object): void
  star(target: Target): object
  module: { exports: unknown }
  require(specifier: unknown): unknown
  requireTarget(target: Target): unknown
  open(path: unknown, mode?: unknown): string | ArrayBuffer
  import(target: Target): Promise<unknown>
  /** `import.meta` */
  meta: { url: string; resolve(specifier: unknown): string }
}

export interface ModuleHost {
  global: object
  files: OpenedFiles
  /** The VU's own instance of a built-in module, as a namespace. */
  builtin(name: string): Record<string, unknown>
  isInit(): boolean
}

export class ModuleInstances {
  readonly #isolate: Isolate
  readonly #host: ModuleHost
  readonly #instances: Instance[]

  constructor(isolate: Isolate, host: ModuleHost) {
    this.#isolate = isolate
    this.#host = host
    this.#instances = isolate.program.modules.map((_, index) => this.#instance(index))
  }

  /** Evaluates the entry module and all it imports; gives its exports. */
  evaluate(): Record<string, unknown> | Promise<Record<string, unknown>> {
    if (this.#isolate.isAsync) return this.#runAsync(0).then(() => this.#exports(0))
    this.#run(0)
    return this.#exports(0)
  }

  #exports(index: number): Record<string, unknown> {
    const isCommonJs = this.#isolate.program.modules[index]!.kind === 'cjs'
    return (isCommonJs ? this.#instances[index]!.module.exports : this.#namespace(index)) as Record<
      string,
      unknown
    >
  }

  #run(index: number): void {
    const instance = this.#instances[index]!
    if (instance.state !== 'new') return
    instance.state = 'running'
    for (const dependency of this.#isolate.program.modules[index]!.dependencies)
      this.#run(dependency)
    this.#call(index)
    instance.state = 'done'
  }

  async #runAsync(index: number): Promise<void> {
    const instance = this.#instances[index]!
    if (instance.state !== 'new') return
    instance.state = 'running'
    for (const dependency of this.#isolate.program.modules[index]!.dependencies)
      await this.#runAsync(dependency)
    await this.#call(index)
    instance.state = 'done'
  }

  #call(index: number): unknown {
    const instance = this.#instances[index]!
    const isCommonJs = this.#isolate.program.modules[index]!.kind === 'cjs'
    const self = isCommonJs ? instance.module.exports : undefined
    return this.#isolate.functions[index]!.call(
      self,
      this.#host.global,
      instance.link,
      this.#isolate.helpers,
    )
  }

  /** What `import * as` sees: for CommonJS, its exports with `default` for the whole. */
  #namespace(target: Target): unknown {
    if (typeof target === 'string') return this.#host.builtin(target)
    const instance = this.#instances[target]!
    if (this.#isolate.program.modules[target]!.kind === 'esm') return instance.namespace
    const { exports } = instance.module
    const names = exports !== null && typeof exports === 'object' ? exports : {}
    const isEsModule = (names as { __esModule?: unknown }).__esModule === true
    return isEsModule ? (names as Record<string, unknown>) : { ...names, default: exports }
  }

  #instance(index: number): Instance {
    const program = this.#isolate.program.modules[index]!
    const namespace = Object.create(null) as Record<string, unknown>
    const module = { exports: {} as unknown }
    const link: Link = {
      ns: (target) => this.#namespace(target),
      export: (getters) => Object.defineProperties(namespace, enumerable(getters)),
      star: (target) => this.#star(target),
      module,
      require: (specifier) => this.#require(index, specifier),
      requireTarget: (target) => this.#requireTarget(target),
      meta: {
        url: program.url,
        resolve: (specifier) => resolveMeta(program.url, String(specifier)),
      },
      open: (path, mode) => this.#open(program.path, path, mode),
      import: async (target) => {
        if (typeof target === 'number') await this.#runAsync(target)
        return this.#namespace(target)
      },
    }
    return { namespace, module, state: 'new', link }
  }

  #star(target: Target): object {
    const namespace = this.#namespace(target) as object
    const getters = Object.getOwnPropertyDescriptors(namespace)
    return Object.defineProperties(
      {},
      Object.fromEntries(Object.entries(getters).filter(([name]) => name !== 'default')),
    )
  }

  #requireTarget(target: Target): unknown {
    this.#checkInit('require')
    if (typeof target === 'string') return this.#host.builtin(target)
    if (this.#isolate.program.modules[target]!.isAsync)
      throw new Error('require() of a module that waits at its top level')
    this.#run(target)
    const instance = this.#instances[target]!
    return this.#isolate.program.modules[target]!.kind === 'cjs'
      ? instance.module.exports
      : instance.namespace
  }

  #require(index: number, specifier: unknown): unknown {
    const target = this.#isolate.program.modules[index]!.targets.get(String(specifier))
    if (target !== undefined) return this.#requireTarget(target)
    // Asked for by a bundler's own require.
    if (BUILTIN_MODULES.has(String(specifier))) return this.#requireTarget(String(specifier))
    throw new Error(
      `require("${String(specifier)}") is not supported: only k6 modules and files whose names are written out`,
    )
  }

  #open(from: string, path: unknown, mode: unknown): string | ArrayBuffer {
    this.#checkInit('open')
    if (typeof path !== 'string' || path === '')
      throw new Error("open() can't be used with an empty filename")
    const name = path.startsWith('file://') ? path.slice('file://'.length) : path
    const absolute = resolve(dirname(from), name)
    return mode === 'b' ? this.#host.files.bytes(absolute) : this.#host.files.text(absolute)
  }

  #checkInit(what: string): void {
    if (this.#host.isInit()) return
    throw new Error(
      `the "${what}" function is only available in the init stage (i.e. the global scope), see https://grafana.com/docs/k6/latest/using-k6/test-lifecycle for more information`,
    )
  }
}

/** Built-in modules by their names, all else as a URL. */
function resolveMeta(from: string, specifier: string): string {
  return /^k6(\/|$)/.test(specifier) ? specifier : new URL(specifier, from).href
}

function enumerable(getters: object): PropertyDescriptorMap {
  return Object.fromEntries(
    Object.entries(Object.getOwnPropertyDescriptors(getters)).map(([name, descriptor]) => [
      name,
      { ...descriptor, enumerable: true, configurable: true },
    ]),
  )
}
