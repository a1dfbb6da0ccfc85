/**
 * Several sorted streams of series as one, as blocks are merged: one series in memory at a time.
 * Chunks are taken over as they are, but for those that overlap: these are written anew, and of
 * samples at the same time one is kept.
 */
import { type Labels, compareLabels } from '@vigie/model'
import type { BlockSeries, ChunkData } from '../block/block-series.ts'
import { rewriteChunks } from './rewrite.ts'

/** The sources are read one series ahead. */
export function* mergeSeries(sources: readonly Iterable<BlockSeries>[]): Iterable<BlockSeries> {
  const streams = sources.map((source) => source[Symbol.iterator]())
  try {
    const heads = streams.map((stream) => nextOf(stream))
    for (let first = firstOf(heads); first.length > 0; first = firstOf(heads)) {
      const series = first.map((i) => heads[i]!)
      if (series.length === 1) yield series[0]
      else
        yield { labels: series[0].labels, chunks: mergeChunks(series.map(({ chunks }) => chunks)) }
      for (const i of first) heads[i] = nextOf(streams[i])
    }
  } finally {
    for (const stream of streams) stream.return?.()
  }
}

function nextOf(stream: Iterator<BlockSeries>): BlockSeries | undefined {
  const { value, done } = stream.next()
  return done === true ? undefined : value
}

/** Which streams are at the smallest labels. */
function firstOf(heads: readonly (BlockSeries | undefined)[]): number[] {
  let labels: Labels | undefined
  let first: number[] = []
  for (const [i, one] of heads.entries()) {
    if (one === undefined) continue
    const order = labels === undefined ? -1 : compareLabels(one.labels, labels)
    if (order < 0) {
      labels = one.labels
      first = [i]
    } else if (order === 0) first.push(i)
  }
  return first
}

/** The chunks of one series from several blocks, by time. */
export function mergeChunks(lists: readonly (readonly ChunkData[])[]): ChunkData[] {
  // Stable: of chunks with the same bounds, those of the first list come first.
  const chunks = lists.flat().sort((a, b) => a.minT - b.minT || a.maxT - b.maxT)
  const out: ChunkData[] = []
  for (let start = 0; start < chunks.length;) {
    let { maxT } = chunks[start]
    let end = start + 1
    for (; end < chunks.length && chunks[end].minT <= maxT; end++)
      maxT = Math.max(maxT, chunks[end].maxT)
    const group = withoutCopies(chunks.slice(start, end))
    if (group.length === 1) out.push(group[0])
    else out.push(...rewriteChunks(group))
    start = end
  }
  return out
}

/** Blocks that overlap often have the very same chunks: two copies of one head. */
function withoutCopies(chunks: ChunkData[]): ChunkData[] {
  return chunks.filter((one, i) => !chunks.slice(0, i).some((before) => isCopy(one, before)))
}

const isCopy = (a: ChunkData, b: ChunkData): boolean =>
  a.minT === b.minT &&
  a.maxT === b.maxT &&
  a.encoding === b.encoding &&
  Buffer.compare(a.data, b.data) === 0
