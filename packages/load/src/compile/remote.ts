/**
 * Remote modules: fetched once into a folder, and held to what they were then by a lock file beside the
 * script, a line `<address> sha256-<base64>` each.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type CompileSettings, type Program, compileScript } from './compile.ts'
import { MissingRemotes, scriptError } from './graph.ts'

/** Name of the lock file, in the folder of the script. */
export const LOCK_FILE = 'vigie-imports.lock'

const FETCH_TIMEOUT_MS = 30_000
const MAX_BYTES = 16 << 20
/** Rounds of fetching: modules that import modules that import …. */
const MAX_DEPTH = 50

/** Compiles `entry`, fetching the remote modules that it reaches into `cacheDir`. */
export async function compileWithRemotes(
  entry: string,
  cacheDir: string,
  settings: Omit<CompileSettings, 'remotes'>,
): Promise<Program> {
  const remotes = new Map<string, string>()
  for (let depth = 0; ; depth++) {
    try {
      return compileScript(entry, { ...settings, remotes })
    } catch (error) {
      if (!(error instanceof MissingRemotes)) throw error
      if (depth >= MAX_DEPTH)
        throw scriptError(`remote modules import each other more than ${MAX_DEPTH} deep`)
      const lock = new LockFile(join(dirname(entry), LOCK_FILE))
      await Promise.all(
        error.urls.map(async (url) => remotes.set(url, await readRemote(url, cacheDir, lock))),
      )
      lock.save()
    }
  }
}

async function readRemote(url: string, cacheDir: string, lock: LockFile): Promise<string> {
  const path = join(cacheDir, `${createHash('sha256').update(url).digest('hex')}.js`)
  const cached = existsSync(path) ? readFileSync(path) : undefined
  if (cached !== undefined && lock.matches(url, cached)) {
    lock.add(url, cached)
    return text(cached)
  }
  const bytes = await fetchBytes(url, cacheDir)
  if (!lock.matches(url, bytes)) {
    throw scriptError(
      `the content of ${url} is not what ${lock.path} says (${lock.of(url)}); it is ${integrityOf(bytes)}. If the change is wanted, remove its line`,
    )
  }
  lock.add(url, bytes)
  mkdirSync(cacheDir, { recursive: true })
  const fresh = `${path}.${process.pid}`
  writeFileSync(fresh, bytes)
  renameSync(fresh, path)
  return text(bytes)
}

const text = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\ufeff/, '')

async function fetchBytes(url: string, cacheDir: string): Promise<Buffer> {
  const advice = `Without the network, save it beside the script and import "./…"; once fetched it is kept in ${cacheDir}`
  let response: Response
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) })
  } catch (error) {
    const { cause, message } = error as Error
    throw scriptError(
      `cannot fetch the module ${url}: ${cause instanceof Error ? cause.message : message}. ${advice}`,
    )
  }
  if (!response.ok)
    throw scriptError(`cannot fetch the module ${url}: status ${response.status}. ${advice}`)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).length
    if (size > MAX_BYTES) throw scriptError(`the module ${url} is longer than ${MAX_BYTES} bytes`)
    chunks.push(chunk as Uint8Array)
  }
  return Buffer.concat(chunks)
}

const integrityOf = (bytes: Uint8Array): string =>
  `sha256-${createHash('sha256').update(bytes).digest('base64')}`

class LockFile {
  readonly path: string
  readonly #lines: Map<string, string>
  #isChanged = false

  constructor(path: string) {
    this.path = path
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
    this.#lines = new Map(
      lines
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields.length === 2)
        .map(([url, integrity]) => [url!, integrity!]),
    )
  }

  of(url: string): string | undefined {
    return this.#lines.get(url)
  }

  /** Whether `bytes` are what was locked; anything is when nothing was. */
  matches(url: string, bytes: Uint8Array): boolean {
    const wanted = this.#lines.get(url)
    return wanted === undefined || wanted === integrityOf(bytes)
  }

  add(url: string, bytes: Uint8Array): void {
    if (this.#lines.has(url)) return
    this.#lines.set(url, integrityOf(bytes))
    this.#isChanged = true
  }

  save(): void {
    if (!this.#isChanged) return
    const lines = [...this.#lines].sort(([a], [b]) => (a < b ? -1 : 1))
    const fresh = `${this.path}.${process.pid}`
    writeFileSync(fresh, lines.map((line) => `${line.join(' ')}\n`).join(''))
    renameSync(fresh, this.path)
  }
}
