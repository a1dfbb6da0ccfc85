/**
 * Where the specifiers of imports and requires lead: to a built-in module, a file, an address, or, when
 * asked for, an npm package beside the script. What leads nowhere is refused with the reason.
 */
import { existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as Resolver from 'oxc-resolver'
import { builtinName, refuseSpecifier } from './builtins.ts'

export interface ImportOptions {
  /** Whether bare specifiers are npm packages, found in `node_modules` beside the script and above. */
  npm?: boolean
  /** Sources by address, of remote modules that were fetched. */
  remotes?: ReadonlyMap<string, string>
}

export type Resolution =
  | { kind: 'builtin'; name: string }
  | { kind: 'file'; path: string }
  | { kind: 'remote'; url: string }
  | { kind: 'refused'; problem: string }

/** Conditions of a package's `exports`; a VU is no Node, so what is for browsers fits better. */
const CONDITIONS = ['k6', 'browser']

export const isRemote = (path: string): boolean => /^https?:\/\//.test(path)

const IN_PACKAGE = /[\\/]node_modules[\\/]/

export class Imports {
  readonly #options: ImportOptions
  readonly #resolvers = new Map<boolean, Resolver.ResolverFactory>()

  constructor(options: ImportOptions) {
    this.#options = options
  }

  /** `from`: path or address of the module that holds the specifier. */
  resolve(from: string, specifier: string, isRequire: boolean): Resolution {
    const name = builtinName(specifier)
    if (name !== undefined) return { kind: 'builtin', name }
    if (isRemote(specifier)) return remote(specifier)
    const isPath = /^(\.\.?(\/|$)|\/|file:\/\/)/.test(specifier)
    if (isRemote(from)) {
      return isPath && !specifier.startsWith('file:')
        ? remote(new URL(specifier, from).href)
        : { kind: 'refused', problem: refuseSpecifier(specifier) }
    }
    const isBare = !isPath && specifier !== 'k6' && !specifier.startsWith('k6/')
    if (this.#options.npm === true && (isBare || IN_PACKAGE.test(from)))
      return this.#package(from, specifier, isRequire)
    if (!isPath) return { kind: 'refused', problem: refuseSpecifier(specifier) }
    return file(
      specifier.startsWith('file://')
        ? fileURLToPath(specifier)
        : resolve(dirname(from), specifier),
      specifier,
    )
  }

  #package(from: string, specifier: string, isRequire: boolean): Resolution {
    const { path, error } = this.#resolver(isRequire).sync(dirname(from), specifier)
    if (path !== undefined) return { kind: 'file', path }
    return {
      kind: 'refused',
      problem: `cannot import "${specifier}": ${error ?? 'it was not found'}; install it beside the script (npm install ${specifier}). Modules of Node itself are not there in a VU`,
    }
  }

  /** Made when the first package is imported: few scripts need it. */
  #resolver(isRequire: boolean): Resolver.ResolverFactory {
    let resolver = this.#resolvers.get(isRequire)
    if (resolver === undefined) {
      const { ResolverFactory: Factory } = createRequire(import.meta.url)(
        'oxc-resolver',
      ) as typeof Resolver
      resolver = new Factory({
        conditionNames: [...CONDITIONS, isRequire ? 'require' : 'import', 'default'],
        mainFields: isRequire ? ['main', 'module'] : ['module', 'main'],
        extensions: ['.js', '.mjs', '.cjs', '.ts', '.json'],
        symlinks: true,
      })
      this.#resolvers.set(isRequire, resolver)
    }
    return resolver
  }
}

function file(path: string, specifier: string): Resolution {
  if (!existsSync(path) || !statSync(path).isFile()) {
    const problem = `cannot import "${specifier}": there is no file ${path}${endingHint(path)}`
    return { kind: 'refused', problem }
  }
  if (!path.endsWith('.json')) return { kind: 'file', path }
  const problem = `cannot import "${specifier}": JSON is not a module; want JSON.parse(open('${specifier}'))`
  return { kind: 'refused', problem }
}

/** Endings are written out, as in k6. */
function endingHint(path: string): string {
  const ending = ['.js', '.ts', '/index.js', '/index.ts'].find((end) => existsSync(path + end))
  return ending === undefined ? '' : `; there is ${path}${ending}, and the ending has to be written`
}

function remote(url: string): Resolution {
  const { protocol, hostname } = new URL(url)
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
  return protocol === 'https:' || isLoopback
    ? { kind: 'remote', url }
    : { kind: 'refused', problem: `cannot import "${url}": want https, so that nobody changes it` }
}
