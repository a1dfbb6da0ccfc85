/** A series on its way into a block, or out of one. */
import type { Labels } from '@vigie/model'

/** One chunk as Prometheus's files have it. Bounds in ms, inclusive. */
export interface ChunkData {
  minT: number
  maxT: number
  /** 1 XOR, 2 histogram, 3 float histogram. */
  encoding: number
  /** Without length, encoding byte and CRC. */
  data: Uint8Array
}

/** Series come sorted by labels (compareLabels), chunks by `minT`, not overlapping. */
export interface BlockSeries {
  labels: Labels
  chunks: ChunkData[]
}
