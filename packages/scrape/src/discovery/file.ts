/**
 * Targets from JSON or YAML files, `[{targets: ["host:port"], labels: {…}}]`. Files are read when their
 * folder changes and every refresh interval; a file that cannot be read keeps its last good groups, a
 * file that is gone takes them along.
 */
import { watch, type FSWatcher } from 'node:fs'
import { readFile, readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import type { FileSdConfig, TargetGroup } from '../config.ts'
import type { Logger } from '../logger.ts'
import type { Discovery } from './discovery.ts'

/** A list of targets larger than this is taken for a mistake. */
const FILE_SIZE_MAX = 16 * 1024 * 1024
/** Changes come in bursts: a file is truncated, written, renamed. */
const DEBOUNCE_MS = 100

export class FileDiscovery implements Discovery {
  readonly #config: FileSdConfig
  readonly #log: Logger
  readonly #groups = new Map<string, TargetGroup[]>()
  readonly #watchers = new Map<string, FSWatcher>()
  #report: (groups: readonly TargetGroup[]) => void = () => {}
  #timer: NodeJS.Timeout | undefined
  #debounce: NodeJS.Timeout | undefined
  #isStopped = false
  #reading: Promise<void> = Promise.resolve()

  constructor(config: FileSdConfig, log: Logger) {
    this.#config = config
    this.#log = log
  }

  start(report: (groups: readonly TargetGroup[]) => void): void {
    this.#report = report
    for (const pattern of this.#config.files) this.#watch(dirname(pattern))
    this.#timer = setInterval(() => this.#refresh(), this.#config.refreshIntervalMs)
    this.#refresh()
  }

  stop(): void {
    this.#isStopped = true
    clearInterval(this.#timer)
    clearTimeout(this.#debounce)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  /** A folder that cannot be watched (not there yet, no handles left) is still read at intervals. */
  #watch(dir: string): void {
    if (this.#watchers.has(dir)) return
    try {
      const watcher = watch(dir, () => {
        clearTimeout(this.#debounce)
        this.#debounce = setTimeout(() => this.#refresh(), DEBOUNCE_MS)
      })
      watcher.on('error', () => {
        watcher.close()
        this.#watchers.delete(dir)
      })
      this.#watchers.set(dir, watcher)
    } catch (error) {
      this.#log.debug('cannot watch folder of file_sd', { dir, error: String(error) })
    }
  }

  /** One after the other, so that an old reading never overwrites a newer one. */
  #refresh(): void {
    this.#reading = this.#reading.then(() => this.#read())
  }

  async #read(): Promise<void> {
    if (this.#isStopped) return
    for (const pattern of this.#config.files) this.#watch(dirname(pattern))
    const paths = (await Promise.all(this.#config.files.map(expandPattern))).flat()
    for (const path of this.#groups.keys()) if (!paths.includes(path)) this.#groups.delete(path)
    for (const path of paths) await this.#readOne(path)
    if (!this.#isStopped) this.#report([...this.#groups.values()].flat())
  }

  async #readOne(path: string): Promise<void> {
    try {
      const { size } = await stat(path)
      if (size > FILE_SIZE_MAX) throw new Error(`is ${size} bytes, want at most ${FILE_SIZE_MAX}`)
      this.#groups.set(path, parseTargetGroups(await readFile(path, 'utf8'), path))
    } catch (error) {
      this.#log.error('cannot read targets', { file: path, error: (error as Error).message })
    }
  }
}

/** Paths that a pattern stands for: `*` in its last part. */
async function expandPattern(pattern: string): Promise<string[]> {
  if (!pattern.includes('*')) {
    const isThere = await stat(pattern).then(
      () => true,
      () => false,
    )
    return isThere ? [pattern] : []
  }
  const dir = dirname(pattern)
  const parts = basename(pattern).split('*').map(escapeRegExp)
  const expression = new RegExp(`^${parts.join('[^/]*')}$`)
  const names = await readdir(dir).catch(() => [])
  return names
    .filter((name) => expression.test(name))
    .sort()
    .map((name) => join(dir, name))
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** The groups in a file, each with `__meta_filepath`. Throws an Error that says what is wrong where. */
export function parseTargetGroups(text: string, path: string): TargetGroup[] {
  const isJson = extname(path).toLowerCase() === '.json'
  const list: unknown = isJson ? JSON.parse(text) : parseYaml(text)
  if (list === null || list === undefined) return []
  if (!Array.isArray(list)) throw new Error(`got ${typeof list}, want a list of target groups`)
  return list.map((one: unknown, index) => {
    if (one === null || typeof one !== 'object')
      throw new Error(`nil target group item found (index ${index})`)
    const { targets, labels, ...rest } = one as Record<string, unknown>
    const [unknown] = Object.keys(rest)
    if (unknown !== undefined)
      throw new Error(
        `group ${index}: unknown key ${JSON.stringify(unknown)}, want targets and labels`,
      )
    if (!Array.isArray(targets) || targets.some((target) => typeof target !== 'string'))
      throw new Error(`group ${index}: targets must be a list of strings`)
    const byName = new Map<string, string>()
    for (const [name, value] of Object.entries((labels ?? {}) as Record<string, unknown>)) {
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
        throw new Error(`group ${index}: label ${name} must be a string`)
      byName.set(name, String(value))
    }
    byName.set('__meta_filepath', path)
    return { targets: targets as string[], labels: byName }
  })
}
