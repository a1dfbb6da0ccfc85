/** Series on their way from one thread to another: their chunks in one piece of memory that is handed over. */
import { Labels } from '@vigie/model'
import type { BlockSeries } from '../block/block-series.ts'

/** Numbers of a chunk: minT, maxT, encoding, size. */
const CHUNK_NUMBERS = 4

export interface PackedSeries {
  /** By series: flat names and values, sorted. */
  labels: (readonly string[])[]
  /** By series, how many chunks it has. */
  chunkCounts: Uint32Array
  /** By chunk: minT, maxT, encoding, size in bytes. */
  chunks: Float64Array
  /** The data of all chunks, one behind the other. */
  data: Uint8Array
}

export function packSeries(series: readonly BlockSeries[]): PackedSeries {
  const all = series.flatMap(({ chunks }) => chunks)
  const chunks = new Float64Array(all.length * CHUNK_NUMBERS)
  const data = new Uint8Array(all.reduce((sum, chunk) => sum + chunk.data.length, 0))
  let at = 0
  for (const [i, chunk] of all.entries()) {
    chunks.set([chunk.minT, chunk.maxT, chunk.encoding, chunk.data.length], i * CHUNK_NUMBERS)
    data.set(chunk.data, at)
    at += chunk.data.length
  }
  return {
    labels: series.map(({ labels }) => labels.pairs),
    chunkCounts: Uint32Array.from(series, (one) => one.chunks.length),
    chunks,
    data,
  }
}

export const transferOf = ({ chunkCounts, chunks, data }: PackedSeries): ArrayBuffer[] => [
  chunkCounts.buffer as ArrayBuffer,
  chunks.buffer as ArrayBuffer,
  data.buffer as ArrayBuffer,
]

export function* unpackSeries(packed: PackedSeries): Iterable<BlockSeries> {
  const { labels, chunkCounts, chunks, data } = packed
  let next = 0
  let at = 0
  for (const [i, pairs] of labels.entries()) {
    const own: BlockSeries['chunks'] = []
    for (const end = next + chunkCounts[i]; next < end; next++) {
      const [minT, maxT, encoding, size] = chunks.subarray(next * CHUNK_NUMBERS)
      own.push({ minT, maxT, encoding, data: data.subarray(at, at + size) })
      at += size
    }
    yield { labels: Labels.fromSorted(pairs), chunks: own }
  }
}
