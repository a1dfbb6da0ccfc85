import fc from 'fast-check'
import { compressSync } from 'snappy'
import { describe, expect, test } from 'vitest'
import { Labels, STALE_NAN, isStale } from './index.ts'
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
      expect(got.skipped.invalidSeries).toBe(1)
      expect(got.series.map(String)).toEqual(['y'])
      expect(got.t.length).toBe(0)
    }
    check()
    check(...label('a', '1'))
    check(...label('__name__', 'x'), ...label('a', '1'), ...label('a', '2'))
    check(...label('__name__', 'x'), ...label('', '1'))
  })

  test('histograms and exemplars are counted', () => {
    const bytes = [...label('__name__', 'x'), ...field(3, 0x10, 1), ...field(4), ...field(4)]
    const { skipped } = decodeWriteRequest(request(...field(1, ...bytes)), MAX)
    expect(skipped).toEqual({ histograms: 2, exemplars: 1, invalidSeries: 0 })
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
