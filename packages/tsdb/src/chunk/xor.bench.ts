/**
 * What a float sample costs to read, by what its series does: 100 chunks of 120 samples a round. From
 * source, under vitest: good for ranking.
 */
import { SampleColumns } from '@vigie/model'
import { bench, describe } from 'vitest'
import { decodeChunk } from './decode.ts'
import { encodeFloats } from './encode.ts'
import { XOR } from './encoding.ts'
import { DECODE_SLACK_BYTES } from './xor.ts'

const CHUNKS = 100
const SAMPLES = 120

/** Next value by the one before, and a number in [0, 1). */
const KINDS: Record<string, (v: number, random: number) => number> = {
  'stands still': (v) => v,
  'a counter of whole numbers': (v, random) => v + Math.floor(random * 100),
  'a counter that seldom counts': (v, random) => (random < 0.2 ? v + 1 : v),
  'a gauge of any numbers': (v, random) => v + random - 0.5,
}

let seed = 1
function random(): number {
  seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff
  return seed / 2 ** 31
}

function chunksOf(next: (v: number, random: number) => number, jitterMs: number): DataView[] {
  return Array.from({ length: CHUNKS }, () => {
    const samples = new SampleColumns(SAMPLES)
    let v = Math.floor(random() * 1e6)
    for (let i = 0; i < SAMPLES; i++) {
      v = next(v, random())
      samples.push(1_795_359_544_542 + i * 15_000 + Math.floor(random() * jitterMs), v)
    }
    const { data } = encodeFloats(samples, 0, SAMPLES)
    const padded = new Uint8Array(data.length + DECODE_SLACK_BYTES)
    padded.set(data)
    return new DataView(padded.buffer)
  })
}

describe.each([
  ['on time', 0],
  ['a few ms early or late', 3],
])('%s', (_name, jitterMs) => {
  const out = new SampleColumns(SAMPLES)
  for (const [name, next] of Object.entries(KINDS)) {
    const chunks = chunksOf(next, jitterMs)
    bench(name, () => {
      for (const view of chunks) {
        out.clear()
        decodeChunk(view, 0, view.byteLength - DECODE_SLACK_BYTES, XOR, -Infinity, Infinity, out)
      }
    })
  }
})
