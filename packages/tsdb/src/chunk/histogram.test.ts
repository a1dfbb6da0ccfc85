import fc from 'fast-check'
import {
  type Histogram,
  SampleColumns,
  STALE_NAN,
  isStaleHistogram,
  makeHistogram,
} from '@vigie/model'
import { describe, expect, test } from 'vitest'
import { parseHistogram } from '../../test/histograms.ts'
import { ChunkError } from './bits.ts'
import { bucketIndexes } from './buckets.ts'
import { decodeHistograms } from './histogram-reader.ts'
import { HistogramChunk } from './histogram-writer.ts'

/** Chunks of samples 15 s apart. */
function encode(histograms: readonly Histogram[]): HistogramChunk[] {
  const chunks: HistogramChunk[] = []
  histograms.forEach((h, i) => {
    const last = chunks.at(-1)
    const chunk = last?.append(i * 15_000, h) ?? HistogramChunk.begin(i * 15_000, h)
    if (chunk !== last) chunks.push(chunk)
  })
  return chunks
}

function decode(
  chunk: HistogramChunk,
  count = chunk.count,
  minT = -Infinity,
  maxT = Infinity,
): SampleColumns {
  const out = new SampleColumns()
  const bytes = Uint8Array.from([9, 9, ...chunk.bytes])
  decodeHistograms(bytes, 2, bytes.length, count, chunk.encoding, minT, maxT, out)
  return out
}

/** Without what storing changes: empty buckets and hints. */
function plain(h: Histogram): unknown {
  if (isStaleHistogram(h)) return { isInteger: h.isInteger, stale: true }
  const { positiveSpans, positiveCounts, negativeSpans, negativeCounts, ...rest } = h
  const used = (spans: Int32Array, counts: Float64Array): [number, number][] =>
    [...bucketIndexes(spans)].flatMap((index, i) => (counts[i] === 0 ? [] : [[index, counts[i]]]))
  return {
    ...rest,
    counterResetHint: 0,
    positive: used(positiveSpans, positiveCounts),
    negative: used(negativeSpans, negativeCounts),
  }
}

const FLAGS = ['unknown', 'not reset', 'reset', 'gauge']

describe('chunks that samples make, by their flags and counts', () => {
  test.each([
    ['one kind of buckets', ['+[1 2]', '+[1 3]', '+[4 4] z:1'], 'unknown 3'],
    ['new buckets', ['+[1 2]', '+[1 3 1]', '+[2 _ 1]@-3 -[4]'], 'unknown 2, reset 1'],
    ['buckets gone that were empty', ['+[1 0 2]', '+[1 _ 3]', '+[2]'], 'unknown 2, reset 1'],
    ['fewer in all', ['+[5]', '+[4]'], 'unknown 1, reset 1'],
    ['fewer in a bucket', ['+[5 1]', '+[4 9]'], 'unknown 1, reset 1'],
    ['fewer around zero', ['z:3', 'z:2 +[9]'], 'unknown 1, reset 1'],
    ['a hint of a reset', ['+[5]', '+[6] reset', '+[7]'], 'unknown 1, reset 2'],
    ['another schema', ['schema:1 +[5]', 'schema:2 +[6]'], 'unknown 1, unknown 1'],
    ['another zero threshold', ['zt:0.1 +[5]', 'zt:0.2 +[6]'], 'unknown 1, unknown 1'],
    ['a gauge goes down', ['gauge +[5 1]', 'gauge +[1]', 'gauge +[2 _ 7]@-4'], 'gauge 3'],
    ['a counter becomes a gauge', ['+[5]', '+[6] gauge'], 'unknown 1, gauge 1'],
    ['a gauge becomes a counter', ['gauge +[5]', '+[6]'], 'gauge 1, not reset 1'],
    [
      'a gauge becomes a counter of floats',
      ['float gauge +[5]', 'float +[6]'],
      'gauge 1, unknown 1',
    ],
    ['integers become floats', ['+[5]', 'float +[6]'], 'unknown 1, unknown 1'],
    ['stale, twice, and on', ['+[5]', 'stale', 'stale', '+[6]'], 'unknown 3, unknown 1'],
    ['stale from the start', ['stale', 'stale', '+[6]'], 'unknown 2, unknown 1'],
    ['a gauge ends', ['gauge +[5]', 'stale'], 'gauge 1, not reset 1'],
    [
      'the same bounds',
      ['schema:-53 bounds:1,2 +[1 2]', 'schema:-53 bounds:1,2 +[2 2]'],
      'unknown 2',
    ],
    [
      'other bounds',
      ['schema:-53 bounds:1,2 +[1]', 'schema:-53 bounds:1,3 +[1]'],
      'unknown 1, reset 1',
    ],
  ])('%s', (_name, texts, want) => {
    const given = texts.map(parseHistogram)
    const chunks = encode(given)
    expect(chunks.map((c) => `${FLAGS[c.bytes[2] >>> 6]} ${c.count}`).join(', ')).toBe(want)
    const got = chunks.flatMap((chunk) => decode(chunk).h!)
    expect(got.map((h) => plain(h!))).toEqual(given.map(plain))
  })
})

test('a chunk ended for its size tells whether there was a reset before the next', () => {
  const check = (before: string, after: string, want: string): void => {
    const chunk = HistogramChunk.begin(
      15,
      parseHistogram(after),
      HistogramChunk.begin(0, parseHistogram(before)),
    )
    expect(FLAGS[chunk.bytes[2] >>> 6], `${before} → ${after}`).toBe(want)
  }
  check('+[5]', '+[6]', 'not reset')
  check('+[5]', '+[4]', 'reset')
  check('+[5]', '+[6] reset', 'reset')
  check('+[5]', '+[6] gauge', 'gauge')
  check('schema:1 +[5]', 'schema:2 +[6]', 'unknown')
  check('float schema:1 +[5]', 'float schema:2 +[6]', 'not reset')
  check('float +[5]', '+[6]', 'unknown')
  check('+[5]', 'stale', 'not reset')
})

test('hints as read: nothing for certain of the first sample', () => {
  const hints = (texts: string[]): number[] =>
    encode(texts.map(parseHistogram)).flatMap((chunk) =>
      decode(chunk).h!.map((h) => h!.counterResetHint),
    )
  expect(hints(['+[1] reset', '+[2]', '+[1]'])).toEqual([0, 2, 0])
  expect(hints(['+[1] gauge', '+[2] gauge'])).toEqual([3, 3])
})

test('a prefix of a chunk reads the same after it was written anew for new buckets', () => {
  const given = ['+[1 2]', '+[1 3]', '+[1 0 1 3 1]@-2'].map(parseHistogram)
  const [chunk, ...others] = encode(given)
  expect(others).toEqual([])
  expect(decode(chunk, 2).h!.map((h) => plain(h!))).toEqual(given.slice(0, 2).map(plain))
})

test('only what lies between the bounds', () => {
  const [chunk] = encode(['+[1]', '+[2]', '+[3]', '+[4]'].map(parseHistogram))
  const times = (minT: number, maxT: number): number[] => {
    const out = decode(chunk, 4, minT, maxT)
    return [...out.t.subarray(0, out.length)]
  }
  expect(times(0, 45_000)).toEqual([0, 15_000, 30_000, 45_000])
  expect(times(1, 44_999)).toEqual([15_000, 30_000])
  expect(times(45_001, 90_000)).toEqual([])
})

test('any histograms come back, whatever changes between them', () => {
  const counts = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 6 })
  const big = fc.oneof(fc.nat(3), fc.nat(5000), fc.nat({ max: 2 ** 31 - 1 }), fc.constant(2 ** 52))
  const one = fc.record({
    schema: fc.constantFrom(0, 0, 0, 3, -4),
    zeroThreshold: fc.constantFrom(2 ** -128, 2 ** -128, 0, 0.3, 1024, 2 ** -243),
    zeroCount: big,
    sum: fc.oneof(fc.double(), fc.constant(STALE_NAN)),
    hint: fc.constantFrom(0, 0, 0, 1, 2, 3),
    positive: counts,
    at: fc.integer({ min: -9, max: 9 }),
    negative: counts,
    gap: fc.nat(3),
    step: fc.oneof(fc.constant(15_000), fc.integer({ min: 1, max: 2 ** 33 })),
  })
  fc.assert(
    fc.property(
      fc.array(one, { minLength: 1, maxLength: 30 }),
      fc.boolean(),
      (samples, isInteger) => {
        const scale = isInteger ? 1 : 0.1
        const given = samples.map((each) =>
          makeHistogram({
            isInteger,
            schema: each.schema,
            zeroThreshold: each.zeroThreshold,
            zeroCount: each.zeroCount,
            count: each.zeroCount + each.at + 9,
            sum: each.sum,
            counterResetHint: each.hint as 0,
            positiveSpans: Int32Array.from([each.at, 1, each.gap, each.positive.length - 1]),
            positiveCounts: Float64Array.from(each.positive, (count) => count * scale),
            negativeSpans: Int32Array.from([each.at, each.negative.length]),
            negativeCounts: Float64Array.from(each.negative, (count) => count * scale),
          }),
        )
        let t = -(2 ** 40)
        const times = samples.map(({ step }) => (t += step))
        const chunks: HistogramChunk[] = []
        given.forEach((h, i) => {
          const last = chunks.at(-1)
          const chunk = last?.append(times[i], h) ?? HistogramChunk.begin(times[i], h)
          if (chunk !== last) chunks.push(chunk)
        })
        const got = chunks.map((chunk) => decode(chunk))
        expect(got.flatMap((out) => [...out.t.subarray(0, out.length)])).toEqual(times)
        expect(got.flatMap((out) => out.h!.map((h) => plain(h!)))).toEqual(given.map(plain))
      },
    ),
    { numRuns: 300 },
  )
})

test('bytes that are no chunk are refused or read, and never hang', () => {
  const [chunk] = encode(['+[1 2] z:1 sum:3.5', '+[2 2] z:1 sum:4.5'].map(parseHistogram))
  const out = new SampleColumns()
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 0, maxLength: 60 }),
      fc.constantFrom(2, 3),
      fc.nat(chunk.bytes.length),
      (noise, encoding, kept) => {
        const bytes = Uint8Array.from([...chunk.bytes.subarray(0, kept), ...noise])
        out.clear()
        try {
          decodeHistograms(bytes, 0, bytes.length, 120, encoding, -Infinity, Infinity, out)
        } catch (error) {
          if (!(error instanceof ChunkError)) throw error
        }
      },
    ),
    { numRuns: 2000 },
  )
})
