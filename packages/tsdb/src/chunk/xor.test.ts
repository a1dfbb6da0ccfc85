import fc from 'fast-check'
import { SampleColumns } from '@vigie/model'
import { expect, test } from 'vitest'
import { DECODE_SLACK_BYTES, XorEncoder, decodeXor } from './xor.ts'

const words = new Uint32Array(2)
const float = new Float64Array(words.buffer)

/** Encodes one chunk; the bytes after the count, as hex. */
function encode(t: readonly number[], v: readonly number[]): Uint8Array {
  const encoder = new XorEncoder()
  const bytes = new Uint8Array(16 + t.length * 24)
  encoder.view = new DataView(bytes.buffer)
  let high = 0
  let low = 0
  let delta = 0
  t.forEach((now, i) => {
    float[0] = v[i]
    const xorHigh = words[1] ^ high
    const xorLow = words[0] ^ low
    ;[low, high] = words
    const step = i === 0 ? 0 : now - t[i - 1]
    if (i === 0) encoder.first(now, high, low)
    else if (i === 1) encoder.second(step, xorHigh, xorLow)
    else encoder.next(step - delta, xorHigh, xorLow)
    delta = step
  })
  return bytes.subarray(0, Math.ceil(encoder.bit / 8))
}

function decode(
  bytes: Uint8Array,
  count: number,
  minT = -Infinity,
  maxT = Infinity,
): SampleColumns {
  const padded = new Uint8Array(bytes.length + DECODE_SLACK_BYTES)
  padded.set(bytes)
  const out = new SampleColumns(1)
  decodeXor(new DataView(padded.buffer), 0, count, minT, maxT, out)
  return out
}

const bits = (values: ArrayLike<number>): BigUint64Array =>
  new BigUint64Array(Float64Array.from(values).buffer)

test('any samples come back bit for bit', () => {
  const value = fc.oneof(fc.double(), fc.integer().map(Number), fc.constantFrom(0, -0, 1, 1.5))
  const step = fc.oneof(fc.constant(15_000), fc.integer({ min: 1, max: 7_200_000 }))
  fc.assert(
    fc.property(
      fc.integer({ min: -(2 ** 51), max: 2 ** 51 }),
      fc.array(fc.tuple(step, value), { minLength: 1, maxLength: 120 }),
      (start, samples) => {
        let now = start
        const t = samples.map(([gap]) => (now += gap))
        const v = samples.map(([, one]) => one)
        const got = decode(encode(t, v), t.length)
        expect([...got.t.subarray(0, got.length)]).toEqual(t)
        expect(bits(got.v.subarray(0, got.length))).toEqual(bits(v))
      },
    ),
    { numRuns: 300 },
  )
})

test('between any bounds: what lies there, behind what was in the columns', () => {
  const value = fc.oneof(fc.constantFrom(1, 1, 1, 2, 3), fc.integer(), fc.double())
  const step = fc.oneof(fc.constant(10), fc.constant(10), fc.integer({ min: 1, max: 30 }))
  const bound = fc.integer({ min: -20, max: 2500 })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(step, value), { minLength: 1, maxLength: 240 }),
      bound,
      bound,
      (samples, minT, maxT) => {
        let now = 0
        const t = samples.map(([gap]) => (now += gap))
        const v = samples.map(([, one]) => one)
        const bytes = encode(t, v)
        const padded = new Uint8Array(bytes.length + DECODE_SLACK_BYTES)
        padded.set(bytes)
        const out = new SampleColumns(1)
        out.push(-1, 7)
        decodeXor(new DataView(padded.buffer), 0, t.length, minT, maxT, out)
        const kept = t.map((_, i) => i).filter((i) => t[i] >= minT && t[i] <= maxT)
        expect([...out.t.subarray(0, out.length)]).toEqual([-1, ...kept.map((i) => t[i])])
        expect(bits(out.v.subarray(0, out.length))).toEqual(bits([7, ...kept.map((i) => v[i])]))
      },
    ),
    { numRuns: 300 },
  )
})

test('only what lies between the bounds', () => {
  const bytes = encode([10, 20, 30, 40], [1, 2, 3, 4])
  const check = (minT: number, maxT: number, want: number[]): void => {
    const got = decode(bytes, 4, minT, maxT)
    expect([...got.v.subarray(0, got.length)]).toEqual(want)
  }
  check(10, 40, [1, 2, 3, 4])
  check(11, 39, [2, 3])
  check(41, 50, [])
  check(0, 9, [])
})

test('a series that stands still costs two bits a sample', () => {
  const t = Array.from({ length: 120 }, (_, i) => 1_795_359_544_542 + i * 15_000)
  expect(
    encode(
      t,
      t.map(() => 7),
    ).length,
  ).toBe(6 + 8 + 2 + Math.ceil((1 + 118 * 2) / 8))
})

test('delta of deltas at the edges of each width', () => {
  const check = (dod: number): void => {
    const t = [0, 1_000_000, 2_000_000 + dod]
    const got = decode(encode(t, [1, 1, 1]), 3)
    expect([...got.t.subarray(0, 3)], String(dod)).toEqual(t)
  }
  for (const edge of [0, 8191, 8192, 65_535, 65_536, 524_287, 524_288, 600_000])
    for (const dod of [edge, -edge, edge + 1, -edge - 1]) check(dod)
})

test('bytes of Prometheus: one chunk worked out by hand', () => {
  // Count left out. t0 = 1000 (zigzag 2000), v0 = 1.0; delta 15000; v1 = 2.0.
  expect(Buffer.from(encode([1000, 16_000], [1, 2])).toString('hex')).toBe(
    // varint 2000 | 3ff0… | varint 15000 | 11, leading 1, 11 significant bits 11111111111
    'd00f' + '3ff0000000000000' + '9875' + 'c25fff',
  )
})
