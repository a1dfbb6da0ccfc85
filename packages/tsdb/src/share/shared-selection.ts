/**
 * What a selector matched, on its way to another thread: plain data and shared memory. Labels and
 * full chunks are read where they lie; open chunks, which change, are copied.
 */
import type { ChunkData } from '../block/block-series.ts'
import type { Intervals } from '../block/tombstones.ts'

/** Series of the head, in columns. Handles and links as in head/. */
export interface SharedHead {
  count: number
  /** By series, the handle of its labels. */
  labels: Uint32Array
  /** By series, the link of its newest full chunk. */
  closed: Uint32Array
  /** By series, where its open chunk begins in `open`; one more than series. */
  openStarts: Uint32Array
  openCounts: Uint16Array
  openEncodings: Uint8Array
  open: Uint8Array
  /** By series, what of it is deleted. */
  deleted: Map<number, Intervals>
  /** By series, what came out of order. */
  late: Map<number, ChunkData[]> | undefined
  /** Samples older than this, ms, are not shown. */
  minValidT: number
}

/** A block that has to do with a selection. Its version grows when something is deleted from it. */
export interface SharedBlock {
  dir: string
  version: number
}

export interface SharedSelection {
  head: SharedHead
  /** Oldest first. */
  blocks: SharedBlock[]
}

/** Where a slab of full chunks is: in memory, or in a file. */
export interface SharedPlace {
  memory: SharedArrayBuffer | undefined
  path: string
  position: number
  fileNumber: number
}

/** What a reader has to know before it reads selections. */
export interface SharedMemory {
  /** Slabs of the arena from number `arenaFrom` on: those before were given. */
  arenaFrom: number
  arena: SharedArrayBuffer[]
  /** By number; undefined: those that were given last are still good. */
  places: (SharedPlace | undefined)[] | undefined
  /** When it grows, handles may stand for other texts than before. */
  generation: number
}

export interface SharedAnswer {
  memory: SharedMemory
  selections: SharedSelection[]
}
