/**
 * A disk that cannot be changed: what a start removes and repairs stays as it is, and only looks removed
 * or repaired. Whoever tries to write gets a DiskError.
 */
import { type Disk, DiskError, type DiskFile } from '../disk.ts'

export function readOnlyDisk(disk: Disk): Disk {
  return {
    makeDir() {},
    list: (path) => (disk.stat(path) === undefined ? [] : disk.list(path)),
    stat: (path) => disk.stat(path),
    open: (path) => new UnchangingFile(disk, path),
    openRead: (path) => disk.openRead(path),
    link: (source) => refuse('link', source),
    rename: (source) => refuse('rename', source),
    remove() {},
    syncDir() {},
    lock: () => () => {},
  }
}

function refuse(operation: string, path: string): never {
  throw new DiskError(operation, path, 'it is open for reading only')
}

/** A file that is missing looks empty. */
class UnchangingFile implements DiskFile {
  readonly path: string
  readonly #file: ReturnType<Disk['openRead']> | undefined
  #sizeBytes: number

  constructor(disk: Disk, path: string) {
    this.path = path
    this.#file = disk.stat(path) === undefined ? undefined : disk.openRead(path)
    this.#sizeBytes = this.#file?.sizeBytes ?? 0
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  read(into: Uint8Array, position: number): number {
    if (this.#file === undefined) return 0
    return this.#file.read(into, position)
  }

  append(): void {
    refuse('write', this.path)
  }

  truncate(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes
  }

  sync(): void {}

  async syncLater(): Promise<void> {}

  close(): void {
    this.#file?.close()
  }
}
