import { Labels } from '@vigie/model'
import { expect, test } from 'vitest'
import { formatTimestamp, resultJson, successJson } from './prom-json.ts'

test('timestamps', () => {
  const check = (ms: number, want: string): void => expect(formatTimestamp(ms)).toBe(want)
  check(1000, '1')
  check(1500, '1.500')
  check(1435781430781, '1435781430.781')
  check(1, '0.001')
  check(-1, '-0.001')
  check(-1500, '-1.500')
})

test('a matrix', () => {
  const result = {
    type: 'matrix' as const,
    series: [
      {
        labels: Labels.fromObject({ __name__: 'foo' }),
        t: Float64Array.of(1000, 2000),
        v: Float64Array.of(1, NaN),
      },
    ],
    warnings: [],
    infos: [],
    stats: { samplesTotal: 2, samplesPeak: 2 },
  }
  expect(successJson(resultJson(result), ['careful'])).toBe(
    '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"foo"},"values":[[1,"1"],[2,"NaN"]]}]},"warnings":["careful"]}',
  )
})
