/**
 * A disk in memory that fails when it is told to. Its files outlive the storage that wrote them, as
 * those of a process that was killed do.
 */
import { type Disk, type DiskEntry, DiskError, type DiskFile, type ReadFile } from '../src/index.ts'

export class MemoryDisk implements Disk {
  readonly files: Map<string, Buffer> = new Map()
  /** Those that see what is written to the file of a path. */
  readonly readers: Map<string, MemoryReader[]> = new Map()
  /** How much of each file has been synced, bytes. */
  readonly synced: Map<string, number> = new Map()
  readonly #dirs = new Set<string>()
  readonly #locks = new Set<string>()
  /** Bytes that still fit; a write that does not fit writes what does, then fails. */
  freeBytes = Infinity
  /** Paths where no write fits. */
  refused: RegExp | undefined
  /** Whether a file can be cut. */
  canTruncate = true
  /** Operations that still work; all later ones fail. */
  operationsLeft = Infinity
  syncs = 0

  /** The disk as another process finds it that starts after this one was killed. */
  afterKill(): MemoryDisk {
    return this.copyTo(new MemoryDisk())
  }

  /**
   * The same when it was the machine that failed: of each file there is what was synced. Names are as
   * they were, as on a file system that keeps a journal of them.
   */
  afterPowerLoss(): MemoryDisk {
    const disk = this.afterKill()
    for (const [path, bytes] of disk.files)
      disk.files.set(path, bytes.subarray(0, this.synced.get(path) ?? 0))
    return disk
  }

  /** Puts all that is here on another disk, an empty one; returns that. */
  copyTo<D extends MemoryDisk>(disk: D): D {
    for (const [path, bytes] of this.files) disk.files.set(path, Buffer.from(bytes))
    for (const [path, size] of this.synced) disk.synced.set(path, size)
    for (const dir of this.#dirs) (disk as MemoryDisk).#dirs.add(dir)
    return disk
  }

  /** Counts an operation; fails when it is one too many. */
  operate(operation: string, path: string): void {
    if (--this.operationsLeft < 0) throw new DiskError(operation, path, new Error('EIO: broken'))
  }

  makeDir(path: string): void {
    this.operate('make folder', path)
    this.#dirs.add(path)
  }

  list(path: string): string[] {
    this.operate('list', path)
    const names = new Set<string>()
    for (const one of [...this.files.keys(), ...this.#dirs])
      if (one.startsWith(path + '/')) names.add(one.slice(path.length + 1).split('/')[0])
    return [...names]
  }

  stat(path: string): DiskEntry | undefined {
    this.operate('look at', path)
    const bytes = this.files.get(path)
    if (bytes !== undefined) return { kind: 'file', sizeBytes: bytes.length, modifiedMs: 0 }
    const isFolder = [...this.files.keys(), ...this.#dirs].some((one) => isIn(one, path))
    return isFolder ? { kind: 'folder', sizeBytes: 0, modifiedMs: 0 } : undefined
  }

  open(path: string): DiskFile {
    this.operate('open', path)
    if (!this.files.has(path)) this.files.set(path, Buffer.alloc(0))
    return new MemoryFile(this, path)
  }

  openRead(path: string): ReadFile {
    this.operate('open', path)
    const bytes = this.files.get(path)
    if (bytes === undefined) throw new DiskError('open', path, new Error('ENOENT: no such file'))
    const reader = new MemoryReader(this, path, bytes)
    const readers = this.readers.get(path)
    if (readers === undefined) this.readers.set(path, [reader])
    else readers.push(reader)
    return reader
  }

  /** The names share what is there now: neither is written to any more. */
  link(source: string, target: string): void {
    this.operate('link', target)
    const bytes = this.files.get(source)
    if (bytes === undefined) throw new DiskError('link', target, new Error('ENOENT: no such file'))
    if (this.files.has(target)) throw new DiskError('link', target, new Error('EEXIST'))
    this.files.set(target, bytes)
    this.synced.set(target, this.synced.get(source) ?? 0)
  }

  rename(source: string, target: string): void {
    this.operate('rename', source)
    if ([...this.files.keys()].some((one) => one.startsWith(target + '/')))
      throw new DiskError('rename', source, new Error('ENOTEMPTY: directory not empty'))
    this.#forgetReaders(source)
    this.#forgetReaders(target)
    for (const path of [...this.files.keys()].filter((one) => isIn(one, source))) {
      const moved = target + path.slice(source.length)
      this.files.set(moved, this.files.get(path)!)
      this.synced.set(moved, this.synced.get(path) ?? 0)
      this.files.delete(path)
      this.synced.delete(path)
    }
    for (const dir of [...this.#dirs].filter((one) => isIn(one, source))) {
      this.#dirs.delete(dir)
      this.#dirs.add(target + dir.slice(source.length))
    }
  }

  remove(path: string): void {
    this.operate('remove', path)
    this.#forgetReaders(path)
    for (const one of [...this.files.keys()].filter((each) => isIn(each, path))) {
      this.files.delete(one)
      this.synced.delete(one)
    }
    for (const dir of [...this.#dirs].filter((one) => isIn(one, path))) this.#dirs.delete(dir)
  }

  /** They keep what they have: the file of that name is another one from now on. */
  #forgetReaders(path: string): void {
    for (const one of [...this.readers.keys()].filter((each) => isIn(each, path)))
      this.readers.delete(one)
  }

  /** Replaces the content of a file, for those that have it open, too. */
  write(path: string, bytes: Buffer): void {
    this.files.set(path, bytes)
    for (const reader of this.readers.get(path) ?? []) reader.bytes = bytes
  }

  syncDir(path: string): void {
    this.operate('sync', path)
  }

  lock(path: string): () => void {
    if (this.#locks.has(path)) throw new DiskError('lock', path, new Error('locked'))
    this.#locks.add(path)
    return () => void this.#locks.delete(path)
  }
}

const isIn = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder + '/')

class MemoryReader implements ReadFile {
  readonly #disk: MemoryDisk
  readonly path: string
  bytes: Buffer

  constructor(disk: MemoryDisk, path: string, bytes: Buffer) {
    this.#disk = disk
    this.path = path
    this.bytes = bytes
  }

  get sizeBytes(): number {
    return this.bytes.length
  }

  read(into: Uint8Array, position: number): number {
    this.#disk.operate('read', this.path)
    return this.bytes.subarray(position).copy(into)
  }

  close(): void {
    const readers = this.#disk.readers.get(this.path)
    const others = readers?.filter((one) => one !== this) ?? []
    if (others.length > 0) this.#disk.readers.set(this.path, others)
    else this.#disk.readers.delete(this.path)
  }
}

class MemoryFile implements DiskFile {
  readonly #disk: MemoryDisk
  readonly path: string

  constructor(disk: MemoryDisk, path: string) {
    this.#disk = disk
    this.path = path
  }

  get #bytes(): Buffer {
    return this.#disk.files.get(this.path) ?? Buffer.alloc(0)
  }

  get sizeBytes(): number {
    return this.#bytes.length
  }

  read(into: Uint8Array, position: number): number {
    this.#disk.operate('read', this.path)
    return this.#bytes.subarray(position).copy(into)
  }

  append(bytes: Uint8Array): void {
    this.#disk.operate('write', this.path)
    const isRefused = this.#disk.refused?.test(this.path) === true
    const fitting = isRefused ? 0 : Math.min(bytes.length, this.#disk.freeBytes)
    this.#disk.write(this.path, Buffer.concat([this.#bytes, bytes.subarray(0, fitting)]))
    this.#disk.freeBytes -= fitting
    if (fitting < bytes.length)
      throw new DiskError('write', this.path, new Error('ENOSPC: no space left on device'))
  }

  truncate(sizeBytes: number): void {
    this.#disk.operate('truncate', this.path)
    if (!this.#disk.canTruncate) throw new DiskError('truncate', this.path, new Error('EIO'))
    this.#disk.write(this.path, this.#bytes.subarray(0, sizeBytes))
  }

  sync(): void {
    this.#disk.operate('sync', this.path)
    this.#disk.synced.set(this.path, this.sizeBytes)
    this.#disk.syncs++
  }

  syncLater(): Promise<void> {
    this.sync()
    return Promise.resolve()
  }

  close(): void {}
}
