import fc from 'fast-check'
import { compressSync } from 'snappy'
import { describe, expect, test } from 'vitest'
import { type Histogram, Labels, STALE_NAN, isStale, makeHistogram } from './index.ts'
import {
  RemoteWriteError,
  type WriteBatch,
  decodeWriteRequest,
  encodeWriteRequest,
} from './remote-write.ts'

const MAX = 1 << 20

/** `name{a=b} t:v t:v` per series, as text, so that a case reads on one line. */
function show(body: Uint8Array): string[] {
  const { series, starts, t, v } = decodeWriteRequest(body, MAX)
  return series.map((labels, i) => {
    const samples = []
    for (let j = starts[i]; j < starts[i + 1]; j++)
      samples.push(`${t[j]}:${isStale(v[j]) ? 'stale' : v[j]}`)
    return [labels.toString(), ...samples].join(' ')
  })
}

const series = (pairs: string, ...samples: [t: number, v: number][]): WriteBatch['series'][0] => ({
  labels: Labels.fromPairs(pairs.split(/[=,]/)),
  t: samples.map(([t]) => t),
  v: samples.map(([, v]) => v),
})

test('what is encoded is decoded', () => {
  const body = encodeWriteRequest({
    series: [
      series('__name__=up,job=a', [1795359544542, 1], [1795359549542, STALE_NAN]),
      series('__name__=b', [-5, -0], [0, 0], [3, Infinity]),
      series('__name__=none'),
    ],
  })
  expect(show(body)).toEqual([
    'up{job="a"} 1795359544542:1 1795359549542:stale',
    'b -5:0 0:0 3:Infinity',
    'none',
  ])
})

test('any batch comes back bit for bit', () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme' })
  const one = fc.record({
    labels: fc
      .dictionary(text, text)
      .map((object) => Labels.fromObject({ ...object, __name__: 'm' })),
    samples: fc.array(fc.tuple(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), fc.double())),
  })
  fc.assert(
    fc.property(fc.array(one), (batch) => {
      const got = decodeWriteRequest(
        encodeWriteRequest({
          series: batch.map(({ labels, samples }) => ({
            labels,
            t: samples.map(([t]) => t),
            v: samples.map(([, v]) => v),
          })),
        }),
        1 << 24,
      )
      expect(got.series.map((labels) => labels.key)).toEqual(batch.map(({ labels }) => labels.key))
      const samples = batch.flatMap((each) => each.samples)
      expect([...got.t]).toEqual(samples.map(([t]) => t))
      expect([...got.v]).toEqual(samples.map(([, v]) => v))
    }),
  )
})

const counts = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 5 })
const spansOf = (of: readonly number[]): Int32Array =>
  Int32Array.from(of.length === 0 ? [] : [-3, of.length])
/** Histograms as messages hold them, whether they make sense or not. */
const anyHistogram = fc
  .record({
    isInteger: fc.boolean(),
    schema: fc.constantFrom(-53, -4, 0, 8),
    counterResetHint: fc.constantFrom(0, 1, 2, 3),
    zeroThreshold: fc.double({ noNaN: true }),
    zeroCount: fc.nat(),
    count: fc.nat(),
    sum: fc.double(),
    positive: counts,
    negative: counts,
    bounds: fc.array(fc.double({ noNaN: true }), { maxLength: 3 }),
  })
  .map(({ positive, negative, bounds, ...rest }) =>
    makeHistogram({
      ...rest,
      positiveSpans: spansOf(positive),
      positiveCounts: Float64Array.from(positive),
      negativeSpans: spansOf(negative),
      negativeCounts: Float64Array.from(negative),
      customBounds: Float64Array.from(bounds),
    } as Partial<Histogram>),
  )

test('histograms and exemplars come back as they were', () => {
  const labels = Labels.fromObject({ __name__: 'm', a: 'b' })
  fc.assert(
    fc.property(fc.array(anyHistogram), fc.double(), (h, v) => {
      const t = h.map((_, i) => i - 3)
      const exemplars = [{ labels: Labels.fromObject({ trace_id: 'x' }), t: 5, v }]
      const series = [{ labels, t, v: t.map(() => NaN), h, exemplars }]
      const got = decodeWriteRequest(encodeWriteRequest({ series }), 1 << 24)
      expect(got.h ?? []).toEqual(h)
      expect([...got.t]).toEqual(t)
      expect(got.exemplars).toEqual(exemplars.map((one) => ({ ...one, series: 0 })))
    }),
  )
})

test('metadata', () => {
  const metadata = [
    { metric: 'http_requests_total', type: 'counter', help: 'Requests.', unit: '' },
    { metric: 'size', type: 'unknown', help: '', unit: 'bytes' },
  ] as const
  expect(decodeWriteRequest(encodeWriteRequest({ series: [], metadata }), MAX).metadata).toEqual(
    metadata,
  )
})

describe('what a sender may do', () => {
  // TimeSeries bytes by hand: field 1 (labels) and 2 (samples), lengths below 128.
  const field = (number: number, ...bytes: number[]): number[] => [
    (number << 3) | 2,
    bytes.length,
    ...bytes,
  ]
  const label = (name: string, value: string): number[] =>
    field(1, ...field(1, ...Buffer.from(name)), ...field(2, ...Buffer.from(value)))
  const request = (...message: number[]): Buffer => compressSync(Buffer.from(message))
  const sample = field(2, 0x10, 7)

  test('labels in any order, empty values, unknown fields', () => {
    const check = (bytes: number[], want: string[]): void =>
      expect(show(request(...field(1, ...bytes)))).toEqual(want)
    check([...label('b', '2'), ...label('__name__', 'x'), ...sample], ['x{b="2"} 7:0'])
    check([...label('__name__', 'x'), ...label('z', ''), ...sample], ['x 7:0'])
    check([...sample, ...label('__name__', 'x'), 0x78, 1], ['x 7:0'])
  })

  test('series that are none are dropped and counted', () => {
    const check = (...bytes: number[]): void => {
      const got = decodeWriteRequest(
        request(...field(1, ...bytes, ...sample), ...field(1, ...label('__name__', 'y'))),
        MAX,
      )
      expect(got.invalidSeries).toBe(1)
      expect(got.series.map(String)).toEqual(['y'])
      expect(got.t.length).toBe(0)
    }
    check()
    check(...label('a', '1'))
    check(...label('__name__', 'x'), ...label('a', '1'), ...label('a', '2'))
    check(...label('__name__', 'x'), ...label('', '1'))
  })

  test('a series that is dropped takes its histograms and exemplars along', () => {
    const rest = [...field(3, 0x11, 0, 0, 0, 0, 0, 0, 0, 0), ...field(4, 0x78, 5)]
    const got = decodeWriteRequest(
      request(
        ...field(1, ...label('a', '1'), ...rest),
        ...field(1, ...label('__name__', 'y'), ...rest),
      ),
      MAX,
    )
    expect([...got.t]).toEqual([5])
    expect(got.h?.map((h) => h?.count)).toEqual([0])
    expect(got.exemplars.map((one) => one.series)).toEqual([0])
  })

  test('what is refused', () => {
    const check = (body: Uint8Array, code: string, message: RegExp): void => {
      let error: unknown
      try {
        decodeWriteRequest(body, 1000)
      } catch (caught) {
        error = caught
      }
      expect(error).toBeInstanceOf(RemoteWriteError)
      expect((error as RemoteWriteError).code).toBe(code)
      expect((error as RemoteWriteError).message).toMatch(message)
    }
    check(Buffer.from([]), 'bad_snappy', /got 0 bytes/)
    check(Buffer.from('hello, world'), 'bad_snappy', /cannot decompress/)
    check(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]), 'bad_snappy', /no size/)
    check(compressSync(Buffer.alloc(1001)), 'too_large', /1001 bytes, want at most 1000/)
    check(request(0x0a, 0x7f, 1), 'bad_protobuf', /ends after/)
    check(request(...field(1, ...field(2, 0x09, 1))), 'bad_protobuf', /WriteRequest/)
    check(request(0x0f), 'bad_protobuf', /wire type/)
  })
})
