/**
 * The blocks of a data directory. What is on the disk decides: a start reads it and puts in order
 * what the death of a process left.
 *
 *     <ULID>/                      a block; without a readable meta.json it is ignored
 *     <ULID>.tmp-for-creation/     half written: removed
 *     <ULID>.tmp-for-deletion/     half removed: removed
 *     corrupt/<ULID>/              blocks that could not be read, moved aside
 *
 * A block that was merged from others names them as its parents: while it is there they are not
 * needed, so that whoever dies between the two leaves nothing twice.
 */
import { join } from 'node:path'
import { Block } from '../block/block.ts'
import { type BlockMeta, FROM_OUT_OF_ORDER, readMeta, writeMeta } from '../block/meta.ts'
import { isUlid } from '../block/ulid.ts'
import { CREATION_SUFFIX } from '../block/writer.ts'
import { type Disk, DiskError, sizeOf } from '../disk.ts'
import type { Logger } from '../options.ts'
import { overlaps } from './plan.ts'

export const DELETION_SUFFIX = '.tmp-for-deletion'
const TEMPORARY_SUFFIXES = [CREATION_SUFFIX, DELETION_SUFFIX, '.tmp']
/** Where blocks go that cannot be read. */
export const QUARANTINE_FOLDER = 'corrupt'

export interface BlockSetOptions {
  dir: string
  disk: Disk
  log: Logger
  now: () => number
  /** How long a query may read a block that is gone, ms. */
  snapshotMs: number
}

export interface LoadedBlock {
  readonly block: Block
  readonly meta: BlockMeta
  readonly sizeBytes: number
}

export interface BlockCounters {
  reloads: number
  reloadsFailed: number
  quarantined: number
}

export class BlockSet {
  readonly #options: BlockSetOptions
  #loaded: readonly LoadedBlock[] = []
  readonly #ignored = new Set<string>()
  #retired: { block: Block; sinceMs: number }[] = []
  readonly counters: BlockCounters = { reloads: 0, reloadsFailed: 0, quarantined: 0 }
  /** Blocks that lie aside as they could not be read. */
  corruptCount = 0

  private constructor(options: BlockSetOptions) {
    this.#options = options
  }

  /** Removes what was left half done, and loads what is there. Throws DiskError. */
  static open(options: BlockSetOptions): BlockSet {
    const { dir, disk } = options
    for (const name of disk.list(dir)) if (isTemporary(name)) disk.remove(join(dir, name))
    const set = new BlockSet(options)
    const aside = join(dir, QUARANTINE_FOLDER)
    if (disk.stat(aside) !== undefined) set.corruptCount = disk.list(aside).filter(isUlid).length
    set.#reload(true)
    set.counters.reloads++
    return set
  }

  /** By time. Copied when it changes: who holds it sees the same blocks for ever. */
  get loaded(): readonly LoadedBlock[] {
    return this.#loaded
  }

  get metas(): BlockMeta[] {
    return this.#loaded.map(({ meta }) => meta)
  }

  get sizeBytes(): number {
    return this.#loaded.reduce((sum, one) => sum + one.sizeBytes, 0)
  }

  /** Where the head begins, ms: the end of the newest block that was cut out of it. */
  get headMinT(): number {
    return this.#loaded
      .filter(({ meta }) => meta.compaction.hints?.includes(FROM_OUT_OF_ORDER) !== true)
      .reduce((max, { meta }) => Math.max(max, meta.maxTime), -Infinity)
  }

  /** Blocks with samples in [minT, maxT], ms, inclusive. */
  overlapping(minT: number, maxT: number): Block[] {
    return this.#loaded
      .filter(({ meta }) => meta.minTime <= maxT && meta.maxTime > minT)
      .map(({ block }) => block)
  }

  /**
   * Loads blocks that have come and gives up those that are not needed any more. Throws DiskError;
   * then the blocks are those of before. What cannot be deleted is tried again the next time.
   */
  reload(): void {
    this.counters.reloads++
    try {
      this.#reload(false)
    } catch (error) {
      this.counters.reloadsFailed++
      throw error
    }
  }

  /** `isChecked`: whether new blocks are read as far as all queries need them, which takes a while. */
  #reload(isChecked: boolean): void {
    const { dir, disk, log } = this.#options
    const known = new Map(this.#loaded.map((one) => [one.meta.ulid, one]))
    const found: LoadedBlock[] = []
    const corrupt = new Map<string, unknown>()
    const names = disk.list(dir)
    for (const name of names.filter(isUlid)) {
      const one = known.get(name) ?? this.#load(name, corrupt, isChecked)
      if (one !== undefined) found.push(one)
    }
    const parents = new Set<string>()
    for (const { meta } of found)
      for (const { ulid } of meta.compaction.parents ?? []) parents.add(ulid)
    const isNeeded = ({ meta }: LoadedBlock): boolean =>
      !parents.has(meta.ulid) && meta.compaction.deletable !== true
    this.#replace(found.filter(isNeeded).sort((a, b) => a.meta.minTime - b.meta.minTime))
    // From here on nothing may throw: the blocks are others now.
    for (const one of found) {
      if (isNeeded(one)) continue
      if (known.get(one.meta.ulid) !== one) one.block.close()
      this.#quietly(one.meta.ulid, () => this.#removeFolder(one.meta.ulid))
    }
    for (const name of names.filter((each) => each.endsWith(DELETION_SUFFIX)))
      this.#quietly(name, () => disk.remove(join(dir, name)))
    for (const [name, error] of corrupt)
      this.#quietly(name, () =>
        parents.has(name) ? this.#removeFolder(name) : this.#quarantine(name, error),
      )
    const overlapping = overlaps(this.metas)
    if (overlapping.length > 0)
      log.debug('blocks overlap', { groups: overlapping.map((group) => group.map(describe)) })
  }

  #quietly(name: string, act: () => void): void {
    try {
      act()
    } catch (error) {
      const fields = { block: name, error: text(error) }
      this.#options.log.warn('block cannot be put away yet', fields)
    }
  }

  /** Undefined, and in `corrupt` if it is, when it cannot be loaded. */
  #load(name: string, corrupt: Map<string, unknown>, isChecked: boolean): LoadedBlock | undefined {
    const { dir, disk } = this.#options
    const path = join(dir, name)
    try {
      readMeta(disk, path)
    } catch (error) {
      this.#ignore(path, 'block ignored: its meta.json cannot be read', error)
      return undefined
    }
    try {
      const block = Block.open(disk, path)
      try {
        if (isChecked) block.check()
      } catch (error) {
        block.close()
        throw error
      }
      return { block, meta: block.meta, sizeBytes: sizeOf(disk, path) }
    } catch (error) {
      // What is there but cannot be read now may be readable another time.
      if (error instanceof DiskError && this.#isThere(error.path))
        this.#ignore(path, 'block cannot be read: its samples are missing from answers', error)
      else corrupt.set(name, error)
      return undefined
    }
  }

  #isThere(path: string): boolean {
    try {
      return this.#options.disk.stat(path) !== undefined
    } catch {
      // Whoever cannot look cannot say that it is missing.
      return true
    }
  }

  /** Leaves a block where it is, until the next look; says so once. */
  #ignore(path: string, message: string, error: unknown): void {
    if (!this.#ignored.has(path))
      this.#options.log.error(message, { block: path, error: text(error) })
    this.#ignored.add(path)
  }

  #quarantine(name: string, error: unknown): void {
    const { dir, disk, log } = this.#options
    const target = join(dir, QUARANTINE_FOLDER, name)
    disk.makeDir(join(dir, QUARANTINE_FOLDER))
    disk.remove(target)
    disk.rename(join(dir, name), target)
    this.counters.quarantined++
    this.corruptCount++
    log.error('corrupted block moved aside: its samples are missing from answers', {
      block: name,
      movedTo: target,
      error: text(error),
    })
  }

  /** Takes over `next`; what is not among them any more is closed once no query can read it. */
  #replace(next: readonly LoadedBlock[]): void {
    const kept = new Set(next.map(({ block }) => block))
    const sinceMs = this.#options.now()
    for (const { block } of this.#loaded)
      if (!kept.has(block)) this.#retired.push({ block, sinceMs })
    this.#loaded = next
  }

  /** Gives blocks up: queries that read them end as they began. Throws DiskError. */
  remove(metas: readonly BlockMeta[]): void {
    const gone = new Set(metas.map(({ ulid }) => ulid))
    this.#replace(this.#loaded.filter(({ meta }) => !gone.has(meta.ulid)))
    for (const ulid of gone) this.#removeFolder(ulid)
  }

  /** First by another name, so that the death of the process leaves no half block. */
  #removeFolder(ulid: string): void {
    const { dir, disk, log } = this.#options
    const path = join(dir, ulid)
    if (disk.stat(path) === undefined) return
    disk.remove(path + DELETION_SUFFIX)
    disk.rename(path, path + DELETION_SUFFIX)
    disk.remove(path + DELETION_SUFFIX)
    log.info('block deleted', { block: ulid })
  }

  /** Notes in the metas of blocks that merging them failed, so that it is not tried again for ever. */
  markFailed(metas: readonly BlockMeta[]): void {
    for (const meta of metas) {
      meta.compaction.failed = true
      writeMeta(this.#options.disk, join(this.#options.dir, meta.ulid), meta)
    }
  }

  /** Sizes as they are now: for blocks that have got tombstones. */
  measure(): void {
    const { dir, disk } = this.#options
    this.#loaded = this.#loaded.map(({ block, meta }) => ({
      block,
      meta,
      sizeBytes: sizeOf(disk, join(dir, meta.ulid)),
    }))
  }

  /** Closes blocks that are gone for so long that no query reads them. */
  closeRetired(): void {
    const { now, snapshotMs } = this.#options
    const nowMs = now()
    const isDue = ({ sinceMs }: { sinceMs: number }): boolean => nowMs - sinceMs > snapshotMs
    for (const { block } of this.#retired.filter(isDue)) block.close()
    this.#retired = this.#retired.filter((one) => !isDue(one))
  }

  close(): void {
    for (const { block } of [...this.#loaded, ...this.#retired]) block.close()
    this.#loaded = []
    this.#retired = []
  }
}

const isTemporary = (name: string): boolean =>
  TEMPORARY_SUFFIXES.some(
    (suffix) => name.endsWith(suffix) && isUlid(name.slice(0, -suffix.length)),
  )

const describe = ({ ulid, minTime, maxTime }: BlockMeta): string => `${ulid} ${minTime}-${maxTime}`

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error))
