/**
 * Chunks written anew: those that overlap become chunks that do not, those of which a part was
 * deleted lose it.
 */
import { SampleColumns } from '@vigie/model'
import type { ChunkData } from '../block/block-series.ts'
import { NO_LEADING, SAMPLE_BYTES_MAX, XorEncoder, decodeXor } from '../chunk/xor.ts'
import { mergeColumns } from './columns.ts'

/** Samples of a chunk, as in the head. */
const CHUNK_SAMPLES_MAX = 120
/** Times further apart than this, ms, are never in one chunk: the encoder's differences are 32 bits. */
const GAP_MS_MAX = 2 ** 30
const COUNT_BYTES = 2

/** Chunks of any times as ones that follow each other; of samples at the same time, that of the first chunk is kept. */
export function rewriteChunks(chunks: readonly ChunkData[]): ChunkData[] {
  const merged = new SampleColumns()
  const one = new SampleColumns()
  const scratch = new SampleColumns()
  for (const chunk of chunks) {
    one.clear()
    decodeChunk(chunk, one)
    mergeColumns(merged, one, scratch)
  }
  return encodeSamples(merged)
}

const words = new Uint32Array(2)

/** Appends all samples of a chunk to `out`. */
export function decodeChunk({ data }: ChunkData, out: SampleColumns): void {
  // The decoder looks a few bytes beyond the end.
  const padded = new Uint8Array(data.length + 8)
  padded.set(data)
  const view = new DataView(padded.buffer)
  decodeXor(view, COUNT_BYTES, view.getUint16(0), -Infinity, Infinity, words, out)
}

/** Samples as chunks, none of which is too long. */
export function encodeSamples(columns: SampleColumns): ChunkData[] {
  const chunks: ChunkData[] = []
  for (let start = 0; start < columns.length;) {
    const end = endOfChunk(columns, start)
    chunks.push(encodeFloats(columns, start, end))
    start = end
  }
  return chunks
}

function endOfChunk({ t, length }: SampleColumns, start: number): number {
  const limit = Math.min(length, start + CHUNK_SAMPLES_MAX)
  let end = start + 1
  while (end < limit && t[end] - t[end - 1] < GAP_MS_MAX) end++
  return end
}

function encodeFloats({ t, v }: SampleColumns, start: number, end: number): ChunkData {
  const count = end - start
  const bytes = new Uint8Array(COUNT_BYTES + (count + 1) * SAMPLE_BYTES_MAX)
  const encoder = new XorEncoder()
  encoder.view = new DataView(bytes.buffer)
  encoder.start = COUNT_BYTES
  encoder.leading = NO_LEADING
  encoder.view.setUint16(0, count)
  const bits = new Int32Array(v.buffer, v.byteOffset, v.length * 2)
  for (let i = start; i < end; i++) {
    const low = bits[i * 2]
    const high = bits[i * 2 + 1]
    if (i === start) {
      encoder.first(t[i], high, low)
      continue
    }
    const xorHigh = high ^ bits[i * 2 - 1]
    const xorLow = low ^ bits[i * 2 - 2]
    const delta = t[i] - t[i - 1]
    if (i === start + 1) encoder.second(delta, xorHigh, xorLow)
    else encoder.next(delta - (t[i - 1] - t[i - 2]), xorHigh, xorLow)
  }
  const sizeBytes = COUNT_BYTES + ((encoder.bit + 7) >>> 3)
  return { minT: t[start], maxT: t[end - 1], encoding: 1, data: bytes.slice(0, sizeBytes) }
}
