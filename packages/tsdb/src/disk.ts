/**
 * All that storage wants of a disk, so that tests can put one behind it that fails. Paths are
 * absolute or relative to the working directory. Every method throws DiskError.
 */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { LockedError, lockFile } from './lock.ts'
import { makeFolders } from './make-folders.ts'

export interface Disk {
  /** Makes a folder and those above it; one that is there is fine. */
  makeDir(path: string): void
  /** Names of the files and folders in a folder, in no order. */
  list(path: string): string[]
  /** What is at a path, undefined when there is nothing. */
  stat(path: string): DiskEntry | undefined
  /** Opens for reading and appending; made when missing. */
  open(path: string): DiskFile
  /**
   * Opens a file that is there for reading. What it held stays readable until `close`, also when
   * the file is renamed or removed meanwhile.
   */
  openRead(path: string): ReadFile
  /** A second name for a file, on the same disk; throws when `target` is there. */
  link(source: string, target: string): void
  /** Replaces what is at `target`. */
  rename(source: string, target: string): void
  /** A file, or a folder with all in it; fine when it is missing. */
  remove(path: string): void
  /** Makes renames and new names in a folder survive a failure of the machine. */
  syncDir(path: string): void
  /** Takes the lock file at `path` for this process; returns what gives it back. Throws LockedError. */
  lock(path: string): () => void
}

export interface DiskEntry {
  kind: 'file' | 'folder'
  /** Of a folder: unspecified. */
  sizeBytes: number
  /** When it was last written to, ms since the epoch. */
  modifiedMs: number
}

export interface ReadFile {
  readonly path: string
  readonly sizeBytes: number
  /** Fills `into` from `position`; returns how many bytes there were. */
  read(into: Uint8Array, position: number): number
  close(): void
}

export interface DiskFile extends ReadFile {
  /** All of `bytes`; after an error a part of them may be there. */
  append(bytes: Uint8Array): void
  truncate(sizeBytes: number): void
  sync(): void
  /** Like `sync`, without holding the caller. */
  syncLater(): Promise<void>
}

export class DiskError extends Error {
  readonly path: string

  constructor(operation: string, path: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`cannot ${operation} ${path}: ${reason}`, { cause })
    this.name = 'DiskError'
    this.path = path
  }
}

function attempt<T>(operation: string, path: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (error instanceof LockedError) throw error
    throw new DiskError(operation, path, error)
  }
}

/** The disk of this machine. */
export function nodeDisk(): Disk {
  return {
    makeDir: (path) => attempt('make folder', path, () => makeFolders(path)),
    list: (path) => attempt('list', path, () => readdirSync(path)),
    stat: (path) => attempt('look at', path, () => entryAt(path)),
    open: (path) => new NodeFile(path, 'a+'),
    openRead: (path) => new NodeFile(path, 'r'),
    link: (source, target) => attempt('link', target, () => linkSync(source, target)),
    rename: (source, target) => attempt('rename', source, () => renameSync(source, target)),
    remove: (path) => attempt('remove', path, () => rmSync(path, { recursive: true, force: true })),
    syncDir: (path) => attempt('sync', path, () => syncDir(path)),
    lock: (path) => attempt('lock', path, () => lockFile(path)),
  }
}

function entryAt(path: string): DiskEntry | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  const kind = stat.isDirectory() ? 'folder' : 'file'
  return { kind, sizeBytes: stat.size, modifiedMs: stat.mtimeMs }
}

function syncDir(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

class NodeFile implements DiskFile {
  readonly path: string
  readonly #fd: number
  #sizeBytes: number

  constructor(path: string, flags: 'a+' | 'r') {
    this.path = path
    this.#fd = attempt('open', path, () => openSync(path, flags))
    this.#sizeBytes = attempt('read the size of', path, () => fstatSync(this.#fd).size)
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  read(into: Uint8Array, position: number): number {
    return attempt('read', this.path, () => {
      let count = 0
      while (count < into.length) {
        const got = readSync(this.#fd, into, count, into.length - count, position + count)
        if (got === 0) break
        count += got
      }
      return count
    })
  }

  append(bytes: Uint8Array): void {
    attempt('write', this.path, () => {
      for (let done = 0; done < bytes.length;) {
        const count = writeSync(this.#fd, bytes, done)
        done += count
        this.#sizeBytes += count
      }
    })
  }

  truncate(sizeBytes: number): void {
    attempt('truncate', this.path, () => ftruncateSync(this.#fd, sizeBytes))
    this.#sizeBytes = sizeBytes
  }

  sync(): void {
    attempt('sync', this.path, () => fdatasyncSync(this.#fd))
  }

  syncLater(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#fd, (error) => {
        if (error === null) resolve()
        else reject(new DiskError('sync', this.path, error))
      })
    })
  }

  close(): void {
    attempt('close', this.path, () => closeSync(this.#fd))
  }
}

/** Bytes of a file, or of all files in a folder; 0 when it is missing. */
export function sizeOf(disk: Disk, path: string): number {
  const entry = disk.stat(path)
  if (entry === undefined) return 0
  if (entry.kind === 'file') return entry.sizeBytes
  return disk.list(path).reduce((sum, name) => sum + sizeOf(disk, join(path, name)), 0)
}

/** All of a file. */
export function readWhole(disk: Disk, path: string): Buffer {
  const file = disk.openRead(path)
  try {
    const bytes = Buffer.allocUnsafe(file.sizeBytes)
    return bytes.subarray(0, file.read(bytes, 0))
  } finally {
    file.close()
  }
}

/** Replaces a file by `bytes`: after a failure of process or machine there is the old one or the new one. */
export function replaceFile(disk: Disk, path: string, bytes: Uint8Array): void {
  const temporary = `${path}.tmp`
  disk.remove(temporary)
  const file = disk.open(temporary)
  try {
    file.append(bytes)
    file.sync()
  } finally {
    file.close()
  }
  disk.rename(temporary, path)
  disk.syncDir(dirname(path))
}
