/** meta.json, what a block says of itself, as Prometheus has it. */
import { join } from 'node:path'
import { type Disk, readWhole, replaceFile } from '../disk.ts'
import { isUlid } from './ulid.ts'

/** Times are ms; `maxTime` is exclusive. */
export interface BlockMeta {
  ulid: string
  minTime: number
  maxTime: number
  /** What is 0 may be missing. */
  stats: {
    numSamples?: number
    numFloatSamples?: number
    numHistogramSamples?: number
    numSeries?: number
    numChunks?: number
    numTombstones?: number
  }
  compaction: {
    /** 1 for what was cut out of the head, one more than its highest parent for what was merged. */
    level: number
    /** Blocks cut out of the head that went into this one. */
    sources?: string[]
    /** Nothing is left in it: to be deleted. */
    deletable?: boolean
    /** Blocks that this one was merged from, and replaces. */
    parents?: BlockDescription[]
    /** Merging it failed: not to be tried again. */
    failed?: boolean
    hints?: string[]
  }
  version: number
}

export interface BlockDescription {
  ulid: string
  minTime: number
  maxTime: number
}

export const META_VERSION = 1
export const META_FILE = 'meta.json'
/** In `hints`: its samples came out of order, so it says nothing of how far the head was cut. */
export const FROM_OUT_OF_ORDER = 'from-out-of-order'

/** A block is not what it should be. The message says where and how. */
export class CorruptBlockError extends Error {
  constructor(path: string, reason: string, cause?: unknown) {
    super(`corrupted block: ${path}: ${reason}`, { cause })
    this.name = 'CorruptBlockError'
  }
}

/** Throws DiskError when it is missing, CorruptBlockError when it is no meta.json. */
export function readMeta(disk: Disk, dir: string): BlockMeta {
  const path = join(dir, META_FILE)
  const text = readWhole(disk, path).toString()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new CorruptBlockError(path, `not JSON: ${String(error)}`, error)
  }
  const problem = metaProblem(value)
  if (problem !== undefined) throw new CorruptBlockError(path, problem)
  return value as BlockMeta
}

function metaProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'not an object'
  const meta = value as Partial<Record<keyof BlockMeta, unknown>>
  if (meta.version !== META_VERSION)
    return `unexpected meta file version ${String(meta.version)}, want ${META_VERSION}`
  if (typeof meta.ulid !== 'string' || !isUlid(meta.ulid))
    return `ulid: got ${JSON.stringify(meta.ulid)}, want a ULID`
  if (!Number.isSafeInteger(meta.minTime) || !Number.isSafeInteger(meta.maxTime))
    return `minTime and maxTime: got ${String(meta.minTime)} and ${String(meta.maxTime)}, want integers`
  meta.stats ??= {}
  meta.compaction ??= {}
  if (typeof meta.stats !== 'object' || typeof meta.compaction !== 'object')
    return 'stats and compaction: want objects'
  const compaction = { level: 0, ...meta.compaction }
  meta.compaction = compaction
  return statsProblem(meta.stats) ?? compactionProblem(compaction)
}

function statsProblem(stats: object | null): string | undefined {
  for (const [name, count] of Object.entries(stats!))
    if (name.startsWith('num') && !Number.isSafeInteger(count))
      return `stats.${name}: got ${JSON.stringify(count)}, want an integer`
  return undefined
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isUlidText = (value: unknown): boolean => typeof value === 'string' && isUlid(value)
const isParent = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'ulid' in value && isUlidText(value.ulid)

function compactionProblem(compaction: object): string | undefined {
  const { level, sources, parents, hints } = compaction as Record<string, unknown>
  if (!Number.isSafeInteger(level))
    return `compaction.level: got ${JSON.stringify(level)}, want an integer`
  // null is what Go makes of a list that nothing was put into.
  const isList = (value: unknown, isRight: (one: unknown) => boolean): boolean =>
    value === undefined || value === null || (Array.isArray(value) && value.every(isRight))
  if (!isList(sources, isUlidText)) return 'compaction.sources: want a list of ULIDs'
  if (!isList(parents, isParent)) return 'compaction.parents: want a list of blocks'
  if (!isList(hints, isText)) return 'compaction.hints: want a list of texts'
  return undefined
}

/** Replaces meta.json as a whole. Throws DiskError. */
export function writeMeta(disk: Disk, dir: string, meta: BlockMeta): void {
  replaceFile(disk, join(dir, META_FILE), Buffer.from(JSON.stringify(meta, null, '\t')))
}
