/**
 * Dashboards as files: every `*.json` below the folders is one, listed under the name of its directory.
 * The first folder is where imports are written. Folders are read anew when something in them changes.
 */
import {
  type FSWatcher,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { readDashboard } from '@vigie/dashboards'
import { basename, dirname, join, relative } from 'node:path'

export interface StoredDashboard {
  uid: string
  title: string
  /** '' for the top of the folder. */
  folder: string
  tags: string[]
  source: 'file' | 'imported'
  path: string
  dashboard: Record<string, unknown>
}

/** A folder with more is not one of dashboards. */
const FILES_MAX = 2000
const FILE_SIZE_BYTES_MAX = 10 * 1024 * 1024

export class DashboardsStore {
  readonly #folders: readonly string[]
  readonly #importFolder: string
  readonly #watchers: FSWatcher[] = []
  #byUid: Map<string, StoredDashboard> | undefined
  /** Files that are there but cannot be read as dashboards, with the reason. */
  readonly problems: Map<string, string> = new Map()

  constructor(folders: readonly string[], importFolder: string) {
    this.#folders = [...new Set([...folders, importFolder])]
    this.#importFolder = importFolder
  }

  list(): StoredDashboard[] {
    return [...this.#read().values()]
  }

  get(uid: string): StoredDashboard | undefined {
    return this.#read().get(uid)
  }

  /** Writes a dashboard to the import folder and returns its uid. */
  import(dashboard: Record<string, unknown>): string {
    const title = textOf(dashboard.title) || 'Untitled'
    const uid = textOf(dashboard.uid) || slug(title)
    const path = this.get(uid)?.path ?? join(this.#importFolder, `${slug(title)}-${slug(uid)}.json`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path + '.tmp', JSON.stringify({ ...dashboard, uid }, null, 2) + '\n')
    renameSync(path + '.tmp', path)
    this.#byUid = undefined
    return uid
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close()
  }

  #read(): Map<string, StoredDashboard> {
    if (this.#byUid !== undefined) return this.#byUid
    if (this.#watchers.length === 0) this.#watch()
    const byUid = new Map<string, StoredDashboard>()
    this.problems.clear()
    for (const folder of this.#folders)
      for (const file of jsonFiles(folder)) this.#readFile(folder, file, byUid)
    // Without watchers nobody says that a file changed: read anew each time.
    if (this.#watchers.length === this.#folders.length) this.#byUid = byUid
    return byUid
  }

  #readFile(folder: string, file: string, byUid: Map<string, StoredDashboard>): void {
    const path = join(folder, file)
    try {
      if (statSync(path).size > FILE_SIZE_BYTES_MAX)
        throw new Error(`larger than ${FILE_SIZE_BYTES_MAX} bytes`)
      const read = readDashboard(JSON.parse(readFileSync(path, 'utf8')))
      const title = read.title || basename(file, '.json')
      const uid = read.uid || slug(relative('.', file).replace(/\.json$/, ''))
      const { tags } = read
      const dashboard = { ...read.raw }
      const source = folder === this.#importFolder ? 'imported' : 'file'
      byUid.set(uid, {
        uid,
        title,
        folder: dirname(file) === '.' ? '' : dirname(file),
        tags,
        source,
        path,
        dashboard,
      })
    } catch (error) {
      this.problems.set(path, (error as Error).message)
    }
  }

  #watch(): void {
    for (const folder of this.#folders) {
      try {
        mkdirSync(folder, { recursive: true })
        const watcher = watch(
          folder,
          { recursive: true, persistent: false },
          () => (this.#byUid = undefined),
        )
        watcher.on('error', () => (this.#byUid = undefined))
        this.#watchers.push(watcher)
      } catch {
        // A folder that cannot be watched is read on every request.
      }
    }
  }
}

function jsonFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.json') && !file.includes('node_modules'))
      .sort()
      .slice(0, FILES_MAX)
  } catch {
    return []
  }
}

/** Takes a dashboard out of the wrapper that Grafana's API puts around it. Throws DashboardError when it is no dashboard. */
export function unwrapDashboard(json: unknown): Record<string, unknown> {
  return { ...readDashboard(json).raw }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const slug = (value: string): string =>
  value
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60) || 'dashboard'
