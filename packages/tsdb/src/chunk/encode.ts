/** Samples as chunks. */
import type { SampleColumns } from '@vigie/model'
import type { ChunkData } from '../block/block-series.ts'
import { XOR } from './encoding.ts'
import { HistogramChunk } from './histogram-writer.ts'
import { SAMPLE_BYTES_MAX, XorEncoder } from './xor.ts'

/** Samples of a chunk, as in the head. */
const CHUNK_SAMPLES_MAX = 120
/** Times further apart than this, ms, are never in one chunk: the encoder's differences are 32 bits. */
const GAP_MS_MAX = 2 ** 30
const COUNT_BYTES = 2

/** Samples as chunks, none of which is too long. */
export function encodeSamples(columns: SampleColumns): ChunkData[] {
  const chunks: ChunkData[] = []
  for (let start = 0; start < columns.length;) {
    const end = endOfChunk(columns, start)
    if (columns.h?.[start] === undefined) chunks.push(encodeFloats(columns, start, end))
    else chunks.push(...encodeHistograms(columns, start, end))
    start = end
  }
  return chunks
}

/** Samples of one kind, few enough and close enough for one chunk. */
function endOfChunk({ t, h, length }: SampleColumns, start: number): number {
  const isHistogram = h?.[start] !== undefined
  const limit = Math.min(length, start + CHUNK_SAMPLES_MAX)
  let end = start + 1
  while (
    end < limit &&
    t[end] - t[end - 1] < GAP_MS_MAX &&
    (h?.[end] !== undefined) === isHistogram
  )
    end++
  return end
}

/** A new chunk begins where the buckets of a histogram do not go with those before it. */
function encodeHistograms({ t, h }: SampleColumns, start: number, end: number): ChunkData[] {
  const chunks = [HistogramChunk.begin(t[start], h![start]!)]
  for (let i = start + 1; i < end; i++) {
    const chunk = chunks.at(-1)!.append(t[i], h![i]!)
    if (chunk !== chunks.at(-1)) chunks.push(chunk)
  }
  return chunks.map(({ minT, maxT, encoding, bytes }) => ({ minT, maxT, encoding, data: bytes }))
}

/** Samples `start` to `end`, all floats and at most 65,535, as one chunk. */
export function encodeFloats({ t, v }: SampleColumns, start: number, end: number): ChunkData {
  const count = end - start
  const bytes = new Uint8Array(COUNT_BYTES + (count + 1) * SAMPLE_BYTES_MAX)
  const encoder = new XorEncoder()
  encoder.view = new DataView(bytes.buffer)
  encoder.start = COUNT_BYTES
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
  return { minT: t[start], maxT: t[end - 1], encoding: XOR, data: bytes.slice(0, sizeBytes) }
}
