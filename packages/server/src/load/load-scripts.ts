/**
 * The scripts that may be started from the browser: the files of one folder, `load.scripts` of the
 * configuration. Nothing outside of it can be named, whatever links the folder holds.
 */
import { type Dirent, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'

/** Scripts listed, and folders below the folder. */
const SCRIPTS_MAX = 500
const DEPTH_MAX = 4
const SCRIPT_FILE = /\.[cm]?[jt]s$/
/** Files that are no script of their own are told by their beginning; scripts past this are listed anyway. */
const LOOKED_AT_BYTES_MAX = 1 << 20
const TITLE_LENGTH_MAX = 200

export interface LoadScript {
  /** Below the folder, with `/`. */
  path: string
  /** The first sentence of its first comment; '' when it has none. */
  title: string
  modifiedMs: number
}

/** Files that can be run by themselves, by path. Throws when the folder cannot be read. */
export function listScripts(folder: string): LoadScript[] {
  const found: LoadScript[] = []
  const walk = (dir: string, depth: number): void => {
    const entries = readdirSync(dir, { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (found.length >= SCRIPTS_MAX) return
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
      const path = join(dir, entry.name)
      if (entry.isDirectory()) {
        if (depth < DEPTH_MAX) walk(path, depth + 1)
      } else if (isScript(folder, path, entry)) found.push(describeScript(folder, path))
    }
  }
  walk(folder, 0)
  return found
}

/** The file that `script` names below the folder; undefined when there is none, or it lies outside. */
export function resolveScript(folder: string, script: string): string | undefined {
  if (script === '' || script.includes('\0') || isAbsolute(script)) return undefined
  try {
    const root = realpathSync(folder)
    const path = realpathSync(resolve(root, script))
    return isBelow(root, path) && SCRIPT_FILE.test(path) && statSync(path).isFile()
      ? path
      : undefined
  } catch {
    return undefined
  }
}

function isBelow(root: string, path: string): boolean {
  const rest = relative(root, path)
  return rest !== '' && rest !== '..' && !rest.startsWith('..' + sep) && !isAbsolute(rest)
}

function isScript(folder: string, path: string, entry: Dirent): boolean {
  if (!SCRIPT_FILE.test(entry.name) || /\.d\.[cm]?ts$/.test(entry.name)) return false
  if (!entry.isFile() && !entry.isSymbolicLink()) return false
  if (resolveScript(folder, relative(folder, path)) === undefined) return false
  if (statSync(path).size > LOOKED_AT_BYTES_MAX) return true
  // What is run by default, or by the name that a scenario gives.
  return /\bdefault\b|\bexec\s*:/.test(readFileSync(path, 'utf8'))
}

function describeScript(folder: string, path: string): LoadScript {
  const { size, mtimeMs } = statSync(path)
  return {
    path: relative(folder, path).split(sep).join('/'),
    title: size > LOOKED_AT_BYTES_MAX ? '' : titleOf(readFileSync(path, 'utf8')),
    modifiedMs: mtimeMs,
  }
}

/** Directives to linters and compilers are no title. */
const DIRECTIVE = /^\W*(oxlint|eslint|prettier|ts-|@ts-|global |biome|istanbul|v8 |#!)/

export function titleOf(source: string): string {
  const lines: string[] = []
  for (const line of source.split('\n')) {
    const text = line.trim()
    const isComment = /^(\/\/|\/\*|\*)/.test(text)
    if (!isComment && text !== '' && !text.startsWith('#!')) break
    const words = text
      .replace(/^(\/\/+|\/\*+|\*+\/|\*+)\s?/, '')
      .replace(/\*\/$/, '')
      .trim()
    if (DIRECTIVE.test(words)) continue
    if (words === '' && lines.length > 0) break
    if (words !== '') lines.push(words)
  }
  const [sentence = ''] = lines.join(' ').split(/(?<=[.!?])\s/)
  return sentence.length <= TITLE_LENGTH_MAX ? sentence : sentence.slice(0, TITLE_LENGTH_MAX) + '…'
}
