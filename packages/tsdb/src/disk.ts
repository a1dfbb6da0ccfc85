/**
 * All that storage wants of a disk, so that tests can put one behind it that fails. Paths are
 * absolute or relative to the working directory. Every method throws DiskError.
 */
import {
  closeSync,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'

export interface Disk {
  /** Makes a folder and those above it; one that is there is fine. */
  makeDir(path: string): void
  /** Names of the files and folders in a folder, in no order. */
  list(path: string): string[]
  /** Opens for reading and appending; made when missing. */
  open(path: string): DiskFile
  /** Replaces what is at `target`. */
  rename(source: string, target: string): void
  /** A file, or a folder with all in it; fine when it is missing. */
  remove(path: string): void
  /** Makes renames and new names in a folder survive a failure of the machine. */
  syncDir(path: string): void
  /** Takes the lock file at `path` for this process; returns what gives it back. Throws LockedError. */
  lock(path: string): () => void
}

export interface DiskFile {
  readonly sizeBytes: number
  /** Fills `into` from `position`; returns how many bytes there were. */
  read(into: Uint8Array, position: number): number
  /** All of `bytes`; after an error a part of them may be there. */
  append(bytes: Uint8Array): void
  truncate(sizeBytes: number): void
  sync(): void
  /** Like `sync`, without holding the caller. */
  syncLater(): Promise<void>
  close(): void
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

/** Another process has the directory open. */
export class LockedError extends Error {
  readonly pid: number

  constructor(path: string, pid: number) {
    super(
      `cannot open storage: ${path} is held by process ${pid}, which is running; ` +
        'stop it or choose another data directory',
    )
    this.name = 'LockedError'
    this.pid = pid
  }
}

function attempt<T>(operation: string, path: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw new DiskError(operation, path, error)
  }
}

/** The disk of this machine. */
export function nodeDisk(): Disk {
  return {
    makeDir: (path) =>
      attempt('make folder', path, () => void mkdirSync(path, { recursive: true })),
    list: (path) => attempt('list', path, () => readdirSync(path)),
    open: (path) => new NodeFile(path),
    rename: (source, target) => attempt('rename', source, () => renameSync(source, target)),
    remove: (path) => attempt('remove', path, () => rmSync(path, { recursive: true, force: true })),
    syncDir: (path) => attempt('sync', path, () => syncDir(path)),
    lock,
  }
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
  readonly #path: string
  readonly #fd: number
  #sizeBytes: number

  constructor(path: string) {
    this.#path = path
    this.#fd = attempt('open', path, () => openSync(path, 'a+'))
    this.#sizeBytes = attempt('read the size of', path, () => fstatSync(this.#fd).size)
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  read(into: Uint8Array, position: number): number {
    return attempt('read', this.#path, () => {
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
    attempt('write', this.#path, () => {
      for (let done = 0; done < bytes.length;) {
        const count = writeSync(this.#fd, bytes, done)
        done += count
        this.#sizeBytes += count
      }
    })
  }

  truncate(sizeBytes: number): void {
    attempt('truncate', this.#path, () => ftruncateSync(this.#fd, sizeBytes))
    this.#sizeBytes = sizeBytes
  }

  sync(): void {
    attempt('sync', this.#path, () => fdatasyncSync(this.#fd))
  }

  syncLater(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#fd, (error) => {
        if (error === null) resolve()
        else reject(new DiskError('sync', this.#path, error))
      })
    })
  }

  close(): void {
    attempt('close', this.#path, () => closeSync(this.#fd))
  }
}

/**
 * The lock file holds `pid start`, where `start` tells two processes with the same number apart (as
 * after a restart in a container, where both are 1). It is unknown, '', where there is no /proc.
 */
function lock(path: string): () => void {
  const mine = `${process.pid} ${startOf(process.pid)}\n`
  if (existsSync(path)) {
    const [pid, start] = attempt('read', path, () => readFileSync(path, 'utf8'))
      .trim()
      .split(' ')
    if (isRunning(Number(pid), start ?? '')) throw new LockedError(path, Number(pid))
    attempt('remove', path, () => rmSync(path, { force: true }))
  }
  // 'wx' decides between two that start at once.
  attempt('lock', path, () => writeFileSync(path, mine, { flag: 'wx' }))
  return () => attempt('remove', path, () => rmSync(path, { force: true }))
}

function isRunning(pid: number, start: string): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs, as another user.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return start === '' || startOf(pid) === start
}

/** When a process started, in ticks since boot. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the command in parentheses and may hold spaces; the start is field 22.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    // No /proc on this system, or the process is gone: nothing to compare.
    return ''
  }
}
