import { makeHistogram } from '@vigie/model'
import { expect, test } from 'vitest'
import { goBytes, goDuration, goFloat, goTime } from './go-text.ts'
import { histogramText } from './histogram-text.ts'

test.each([
  [0, '0'],
  [-0, '-0'],
  [NaN, 'NaN'],
  [-Infinity, '-Inf'],
  [100_000, '100000'],
  [999_999.5, '999999.5'],
  [1e6, '1e+06'],
  [-1_234_567, '-1.234567e+06'],
  [0.0001, '0.0001'],
  [0.000_01, '1e-05'],
  [1e21, '1e+21'],
  [5e-324, '5e-324'],
])('%d as %s', (value, want) => expect(goFloat(value)).toBe(want))

test.each([
  [0, '0s'],
  [1, '1ms'],
  [1000, '1s'],
  [61_050, '1m1.05s'],
  [5_399_548, '1h29m59.548s'],
  [259_200_000, '72h0m0s'],
  [-7_200_000, '-2h0m0s'],
])('%d ms as %s', (ms, want) => expect(goDuration(ms)).toBe(want))

test.each([
  [0, '0B'],
  [849, '849B'],
  [526_400, '514KiB64B'],
  [1_048_576, '1MiB'],
  [1_048_577, '1MiB1B'],
])('%d bytes as %s', (bytes, want) => expect(goBytes(bytes)).toBe(want))

test('times', () => expect(goTime(1_700_000_000_056)).toBe('2023-11-14 22:13:20 +0000 UTC'))

test.each([
  [{ count: 3, sum: 5 }, '{count:3, sum:5}'],
  [
    {
      count: 10,
      sum: -1.5,
      zeroThreshold: 0.001,
      zeroCount: 2,
      positiveSpans: Int32Array.of(0, 2, 1, 1),
      positiveCounts: Float64Array.of(1, 0, 3),
      negativeSpans: Int32Array.of(1, 2),
      negativeCounts: Float64Array.of(2, 2),
    },
    '{count:10, sum:-1.5, [-4,-2):2, [-2,-1):2, [-0.001,0.001]:2, (0.5,1]:1, (4,8]:3}',
  ],
  [
    {
      schema: -53,
      count: 6,
      sum: 9,
      positiveSpans: Int32Array.of(0, 3),
      positiveCounts: Float64Array.of(1, 2, 3),
      customBounds: Float64Array.of(1, 5),
    },
    '{count:6, sum:9, [-Inf,1]:1, (1,5]:2, (5,+Inf]:3}',
  ],
])('histogram %#', (fields, want) => expect(histogramText(makeHistogram(fields))).toBe(want))
