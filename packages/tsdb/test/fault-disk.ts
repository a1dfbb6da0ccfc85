/**
 * A disk in memory that fails once, at a chosen one of the operations that change something. What
 * fails and how:
 *
 *     kill     the process dies: of a write some bytes are there, of anything else nothing; no
 *              operation works any more
 *     power    the same of the machine: see MemoryDisk.afterPowerLoss
 *     torn     a write leaves some of its bytes and fails, anything else fails; the next works again
 *     broken   the operation fails without effect; the next works again
 *     full     the same, and from then on nothing can be written or made until `heal`
 */
import { DiskError, type DiskFile } from '../src/index.ts'
import { MemoryDisk } from './memory-disk.ts'

export const FAULTS = ['kill', 'power', 'torn', 'broken', 'full'] as const
export type Fault = (typeof FAULTS)[number]

const CHANGES = new Set([
  'make folder',
  'make file',
  'link',
  'rename',
  'remove',
  'write',
  'truncate',
  'sync',
])
/** What needs room on the disk. */
const GROWS = new Set(['make folder', 'make file', 'link', 'write'])

export class FaultDisk extends MemoryDisk {
  /** Operations that changed something, failed ones included. */
  changes = 0
  /** What failed, '' as long as nothing did. */
  failed = ''
  #fault: Fault | undefined
  #at: number
  #isDead = false
  #isFull = false

  /** Fails at change `at`, the first being 1. */
  constructor(fault?: Fault, at: number = Infinity) {
    super()
    this.#fault = fault
    this.#at = at
  }

  /** Counts changes from now on, and fails at the one given. */
  failAt(at: number): void {
    this.changes = 0
    this.#at = at
  }

  /** Nothing can be written or made until `heal`. */
  fill(): void {
    this.#isFull = true
    this.freeBytes = 0
  }

  /** Works again from now on. */
  heal(): void {
    this.#fault = undefined
    this.#isFull = false
    this.freeBytes = Infinity
  }

  override operate(operation: string, path: string): void {
    super.operate(operation, path)
    if (this.#isDead) throw new DiskError(operation, path, new Error('EIO: the process is dead'))
    if (!this.#isFull) this.freeBytes = Infinity
    if (!CHANGES.has(operation)) return
    this.changes++
    if (this.changes !== this.#at) {
      if (this.#isFull && GROWS.has(operation) && operation !== 'write') this.#fail(operation, path)
      return
    }
    this.failed = `${operation} ${path}`
    if (this.#fault === 'kill' || this.#fault === 'power') this.#isDead = true
    if (this.#fault === 'full') this.#isFull = true
    // A write takes what fits, another number of bytes at each place.
    if (operation === 'write' && this.#fault !== 'broken') this.freeBytes = (this.#at * 7) % 50
    else this.#fail(operation, path)
  }

  #fail(operation: string, path: string): never {
    const reason = this.#isFull ? 'ENOSPC: no space left on device' : 'EIO: input/output error'
    throw new DiskError(operation, path, new Error(reason))
  }

  /** What the next process finds. */
  left(): MemoryDisk {
    return this.#fault === 'power' ? this.afterPowerLoss() : this.afterKill()
  }

  get isDead(): boolean {
    return this.#isDead
  }

  override open(path: string): DiskFile {
    if (!this.files.has(path)) this.operate('make file', path)
    return super.open(path)
  }
}
