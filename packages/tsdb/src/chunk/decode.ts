/** Chunks of any encoding as samples. */
import type { SampleColumns } from '@vigie/model'
import type { ChunkData } from '../block/block-series.ts'
import { ChunkError } from './bits.ts'
import { FLOAT_HISTOGRAM, HISTOGRAM, XOR, XOR2 } from './encoding.ts'
import { decodeHistograms } from './histogram-reader.ts'
import { DECODE_SLACK_BYTES, decodeXor } from './xor.ts'
import { decodeXor2 } from './xor2.ts'

const COUNT_BYTES = 2

/**
 * Appends to `out` the samples with minT <= t <= maxT among the first `count` of the chunk at
 * `start`…`end` of `view`, its own count of samples included; all of them where `count` is undefined.
 * DECODE_SLACK_BYTES beyond the end must be readable. Throws ChunkError.
 */
export function decodeChunk(
  view: DataView,
  start: number,
  end: number,
  encoding: number,
  minT: number,
  maxT: number,
  out: SampleColumns,
  count?: number,
): void {
  const samples = count ?? view.getUint16(start)
  if (encoding === XOR) {
    try {
      decodeXor(view, start + COUNT_BYTES, samples, minT, maxT, out)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw new ChunkError('the chunk ends in the middle of a sample')
    }
    return
  }
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  if (encoding === HISTOGRAM || encoding === FLOAT_HISTOGRAM)
    decodeHistograms(bytes, start, end, samples, encoding, minT, maxT, out)
  else if (encoding === XOR2) decodeXor2(bytes, start, end, samples, minT, maxT, out)
  else throw new ChunkError(`unknown chunk encoding; got ${encoding}, want 1 to 4`)
}

/** Appends all samples of a chunk that may end where its memory does. Throws ChunkError. */
export function decodeWhole({ data, encoding }: ChunkData, out: SampleColumns): void {
  const padded = new Uint8Array(data.length + DECODE_SLACK_BYTES)
  padded.set(data)
  const view = new DataView(padded.buffer)
  decodeChunk(view, 0, data.length, encoding, -Infinity, Infinity, out)
}
