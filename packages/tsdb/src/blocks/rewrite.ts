/**
 * Chunks written anew: those that overlap become chunks that do not, those of which a part was
 * deleted lose it.
 */
import { SampleColumns } from '@vigie/model'
import type { ChunkData } from '../block/block-series.ts'
import { decodeWhole } from '../chunk/decode.ts'
import { encodeSamples } from '../chunk/encode.ts'
import { mergeColumns } from './columns.ts'

/** Chunks of any times as ones that follow each other; of samples at the same time, that of the first chunk is kept. */
export function rewriteChunks(chunks: readonly ChunkData[]): ChunkData[] {
  const merged = new SampleColumns()
  const one = new SampleColumns()
  const scratch = new SampleColumns()
  for (const chunk of chunks) {
    one.clear()
    decodeWhole(chunk, one)
    mergeColumns(merged, one, scratch)
  }
  return encodeSamples(merged)
}
