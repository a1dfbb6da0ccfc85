import { Labels, makeHistogram } from '@vigie/model'
import { compressSnappy } from '@vigie/model/prompb'
import { describe, expect, test } from 'vitest'
import { decodeWriteRequestV2, encodeWriteRequestV2 } from './write-v2.ts'

const MAX = 1 << 20

test('what is encoded is decoded', () => {
  const h = makeHistogram({ isInteger: true, count: 3, sum: 4.5, schema: 3 })
  const got = decodeWriteRequestV2(
    encodeWriteRequestV2([
      {
        labels: Labels.fromObject({ __name__: 'up', job: 'a' }),
        t: [5, 6],
        v: [1, NaN],
        h: [undefined, h],
        metadata: { type: 'gauge', help: 'a', unit: '' },
        exemplars: [{ labels: Labels.fromObject({ trace_id: 'up' }), t: 0, v: -1 }],
      },
      { labels: Labels.fromObject({ __name__: 'b' }), t: [], v: [] },
    ]),
    MAX,
  )
  expect(got.series.map(String)).toEqual(['up{job="a"}', 'b'])
  expect([...got.starts]).toEqual([0, 2, 2])
  expect([...got.t]).toEqual([5, 6])
  expect([...got.v]).toEqual([1, NaN])
  expect(got.h?.[1]).toEqual(h)
  expect(got.metadata).toEqual([{ metric: 'up', type: 'gauge', help: 'a', unit: '' }])
  expect(got.exemplars.map(({ labels, v }) => [String(labels), v])).toEqual([
    ['{trace_id="up"}', -1],
  ])
})

describe('what is refused', () => {
  const field = (number: number, ...bytes: number[]): number[] => [
    (number << 3) | 2,
    bytes.length,
    ...bytes,
  ]
  test.each([
    [
      'a reference beyond the symbols',
      [...field(4), ...field(5, ...field(1, 1, 0))],
      /symbol 1 of 1/,
    ],
    ['an odd number of references', [...field(4), ...field(5, ...field(1, 0))], /an even number/],
    ['a series that is cut off', [...field(4), 0x2a, 9], /out of range/],
  ])('%s', (_, bytes, message) => {
    const decode = (): unknown => decodeWriteRequestV2(compressSnappy(Uint8Array.from(bytes)), MAX)
    expect(decode).toThrow(message)
    expect(decode).toThrow(/want protobuf message io.prometheus.write.v2.Request/)
  })
})

test('numbers that are not packed are read, too', () => {
  // symbols '', '__name__', 'x'; labels_refs 1 and 2 one by one.
  const text = [...Buffer.from('__name__')]
  const bytes = [0x22, 0, 0x22, 8, ...text, 0x22, 1, 0x78, 0x2a, 4, 0x08, 1, 0x08, 2]
  const { series } = decodeWriteRequestV2(compressSnappy(Uint8Array.from(bytes)), MAX)
  expect(series.map(String)).toEqual(['x'])
})
