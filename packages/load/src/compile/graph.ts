/**
 * The modules of a script: from the entry file along every import and require, each parsed once.
 * Whatever cannot be served is refused here, by name and place, before anything runs.
 */
import { existsSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { parseSync } from 'oxc-parser'
import { transformSync } from 'oxc-transform'
import { EXIT, LoadError } from '../errors.ts'
import { type Node, child, forEachChild, list, unwrap } from './ast.ts'
import { type BundleMap, placeText, readBundleMap } from './bundle-map.ts'
import { type ImportOptions, Imports, isRemote } from './imports.ts'
import { type Scopes, analyseScopes } from './scope.ts'
import { type LineMap, decodeMappings, lineAndColumn, originalPosition } from './source-map.ts'

/** Files that a script may be made of. */
const MAX_MODULES = 2000
/** Size of one file. */
const MAX_SOURCE_BYTES = 16 << 20

/** What a specifier stands for: the index of a file's module, or the name of a built-in one. */
export type Target = number | string

export interface ParsedModule {
  index: number
  path: string
  url: string
  kind: 'esm' | 'cjs'
  /** JavaScript, types stripped; what `program` was parsed from. */
  source: string
  program: Node
  scopes: Scopes
  targets: Map<string, Target>
  /** From `source` back to the file, where types were stripped. */
  typeMap: LineMap | null
  /** From the file to what a bundler made it of. */
  bundleMap: BundleMap | null
  /** Why the file's source map is not used, if it names one. */
  mapProblem: string | null
}

/** `file:///…:line:col` of `offset` in a module's source, as its author wrote it: before types were stripped, before it was bundled. */
export function placeOf(module: ParsedModule, offset: number): string {
  let [line, column] = lineAndColumn(module.source, offset)
  if (module.typeMap !== null) [line, column] = originalPosition(module.typeMap, line, column)
  return placeText(module, line, column)
}

/** A problem with the script itself, found before it runs. */
export function scriptError(message: string): LoadError {
  return new LoadError(EXIT.scriptException, message)
}

/** The script reaches a blocking call where its code cannot be made to wait. It needs real blocking. */
export class Uncolourable extends Error {
  /** Where and what, as a noun. */
  readonly reason: string

  constructor(reason: string) {
    super(`needs real blocking: ${reason}`)
    this.reason = reason
  }
}

/** Reads and parses `entry` and all it reaches. Modules come in the order they were found, entry first. */
export function readModules(
  entry: string,
  entrySource?: string,
  options: ImportOptions = {},
): ParsedModule[] {
  if (entrySource === undefined && !existsSync(entry)) {
    throw new LoadError(EXIT.other, `cannot load the script: there is no file ${entry}`)
  }
  const modules: ParsedModule[] = []
  const byPath = new Map<string, number>()
  const imports = new Imports(options)
  const missing = new Set<string>()
  const add = (path: string): number => {
    const known = byPath.get(path)
    if (known !== undefined) return known
    if (modules.length >= MAX_MODULES)
      throw scriptError(`the script has more than ${MAX_MODULES} files`)
    const given = path === entry ? entrySource : options.remotes?.get(path)
    const module = parseModule(path, modules.length, given)
    byPath.set(path, module.index)
    modules.push(module)
    return module.index
  }
  add(entry)
  for (let i = 0; i < modules.length; i++) {
    const module = modules[i]!
    for (const { specifier, offset, isRequire } of specifiersOf(module)) {
      const found = imports.resolve(module.path, specifier, isRequire)
      if (found.kind === 'builtin') module.targets.set(specifier, found.name)
      else if (found.kind === 'file') module.targets.set(specifier, add(found.path))
      else if (found.kind === 'refused') {
        // A require may stand in a branch that never runs: it fails when it is reached, as in k6.
        if (!isRequire) throw scriptError(`${placeOf(module, offset)}: ${found.problem}`)
      } else if (options.remotes?.has(found.url) === true)
        module.targets.set(specifier, add(found.url))
      else missing.add(found.url)
    }
  }
  if (missing.size > 0) throw new MissingRemotes([...missing])
  return modules
}

/** Modules that have to be fetched first. */
export class MissingRemotes extends LoadError {
  readonly urls: readonly string[]

  constructor(urls: readonly string[]) {
    super(EXIT.scriptException, `remote modules were not fetched: ${urls.join(', ')}`)
    this.urls = urls
  }
}

function parseModule(path: string, index: number, given?: string): ParsedModule {
  const url = isRemote(path) ? path : pathToFileURL(path).href
  const text = given ?? readSource(path)
  const isTypeScript = /\.[cm]?ts$/.test(path)
  // Only packages get here with JSON: a script that imports it is refused by its syntax, as in k6.
  const isJson = path.endsWith('.json') && path.includes('node_modules')
  const { code: source, map: typeMap } = isTypeScript
    ? stripTypes(text, url)
    : { code: isJson ? `module.exports = ${text}` : text, map: null }
  let kind: 'esm' | 'cjs' = 'esm'
  let parsed = parseSync('script.js', source, { sourceType: 'unambiguous', lang: 'js' })
  if (
    !parsed.module.hasModuleSyntax &&
    parsed.errors.length === 0 &&
    !hasTopLevelAwait(asNode(parsed.program))
  ) {
    parsed = parseSync('script.js', source, { sourceType: 'commonjs', lang: 'js' })
    kind = 'cjs'
  }
  const module: ParsedModule = {
    index,
    path,
    url,
    kind,
    source,
    typeMap,
    ...bundleMapOf(text, url),
    program: asNode(parsed.program),
    scopes: analyseScopes(asNode(parsed.program)),
    targets: new Map(),
  }
  const error = parsed.errors[0]
  if (error !== undefined) {
    throw scriptError(
      `SyntaxError: ${placeOf(module, error.labels[0]?.start ?? 0)}: ${error.message}`,
    )
  }
  return module
}

/** A map is a help, not a need: one that cannot be read is told and left out. */
function bundleMapOf(text: string, url: string): Pick<ParsedModule, 'bundleMap' | 'mapProblem'> {
  try {
    return { bundleMap: readBundleMap(text, url), mapProblem: null }
  } catch (error) {
    const mapProblem = `the source map of ${url} is not used: ${(error as Error).message}`
    return { bundleMap: null, mapProblem }
  }
}

function asNode(program: unknown): Node {
  return program as Node
}

function readSource(path: string): string {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw scriptError(`cannot read the script ${path}: ${(error as Error).message}`)
  }
  if (bytes.length > MAX_SOURCE_BYTES) {
    throw scriptError(
      `cannot read ${path}: ${bytes.length} bytes; want at most ${MAX_SOURCE_BYTES}`,
    )
  }
  return bytes.toString('utf8').replace(/^\ufeff/, '')
}

function stripTypes(text: string, url: string): { code: string; map: LineMap } {
  const { code, map, errors } = transformSync('script.ts', text, {
    lang: 'ts',
    target: 'es2023',
    sourcemap: true,
  })
  const [first] = errors
  if (first !== undefined) {
    const [line, column] = lineAndColumn(text, first.labels[0]?.start ?? 0)
    throw scriptError(`SyntaxError: ${url}:${line + 1}:${column + 1}: ${first.message}`)
  }
  return { code, map: decodeMappings(map!.mappings) }
}

function hasTopLevelAwait(program: Node): boolean {
  let found = false
  const visit = (node: Node): void => {
    if (found || /Function/.test(node.type)) return
    if (
      node.type === 'AwaitExpression' ||
      (node.type === 'ForOfStatement' && node['await'] === true)
    )
      found = true
    else forEachChild(node, visit)
  }
  visit(program)
  return found
}

interface Specifier {
  specifier: string
  offset: number
  isRequire: boolean
}

/** Every specifier written in the module. A computed import() is refused: it could not be checked before the start. */
function specifiersOf(module: ParsedModule): Specifier[] {
  const found: Specifier[] = []
  for (const statement of list(module.program, 'body')) {
    const source = child(statement, 'source')
    if (source !== null) {
      found.push({ specifier: source['value'] as string, offset: source.start, isRequire: false })
    }
  }
  const visit = (node: Node): void => {
    const isRequire = isRequireCall(module, node)
    if (isRequire || node.type === 'ImportExpression') {
      const argument = isRequire ? list(node, 'arguments')[0] : child(node, 'source')
      const literal =
        argument === undefined || argument === null ? undefined : literalText(argument)
      if (literal !== undefined) {
        found.push({ specifier: literal, offset: argument!.start, isRequire })
      } else if (!isRequire) {
        throw scriptError(
          `${placeOf(module, node.start)}: import() needs a name written out as a string`,
        )
      }
    }
    forEachChild(node, visit)
  }
  visit(module.program)
  return found
}

/** The text of a string that is written out, or undefined. */
export function literalText(node: Node): string | undefined {
  const inner = unwrap(node)
  if (inner.type === 'Literal' && typeof inner['value'] === 'string') return inner['value']
  if (inner.type !== 'TemplateLiteral' || list(inner, 'expressions').length > 0) return undefined
  return (list(inner, 'quasis')[0]!['value'] as { cooked: string }).cooked
}

/** Whether `node` is `require(…)` with the VU's own `require`. */
export function isRequireCall(module: ParsedModule, node: Node): boolean {
  if (node.type !== 'CallExpression') return false
  const callee = node['callee'] as Node
  return (
    callee.type === 'Identifier' &&
    callee['name'] === 'require' &&
    module.scopes.references.has(callee) &&
    module.scopes.references.get(callee) === undefined
  )
}
