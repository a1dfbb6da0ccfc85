import { Labels } from '@vigie/model'
import { expect, test } from 'vitest'
import { JsonBytes } from './json-bytes.ts'
import { formatTimestamp, writeResult } from './prom-json.ts'

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
  const out = new JsonBytes()
  writeResult(out, result)
  expect(out.finish().toString()).toBe(
    '{"resultType":"matrix","result":[{"metric":{"__name__":"foo"},"values":[[1,"1"],[2,"NaN"]]}]}',
  )
})

test('points', () => {
  const check = (t: number, v: number, want: string): void => {
    const out = new JsonBytes()
    out.point(t, v)
    expect(out.finish().toString()).toBe(want)
  }
  check(0, 0, '[0,"0"]')
  check(-1, -5, '[-0.001,"-5"]')
  check(1500, -0, '[1.500,"-0"]')
  check(1435781430781, 123456789012345, '[1435781430.781,"123456789012345"]')
  check(999, 1e15, '[0.999,"1000000000000000"]')
  check(1000, 2147483648, '[1,"2147483648"]')
  check(10, 9999999999, '[0.010,"9999999999"]')
  check(5, 0.1, '[0.005,"0.1"]')
  check(5, 1e21, '[0.005,"1e+21"]')
  check(5, -Infinity, '[0.005,"-Inf"]')
  check(5, NaN, '[0.005,"NaN"]')
})

test('more text than there is room for at first', () => {
  const out = new JsonBytes()
  const text = 'é"€😀'.repeat(30_000)
  out.text(text)
  for (let i = 0; i < 10_000; i++) out.point(i, i / 3)
  expect(out.finish().toString().startsWith(text)).toBe(true)
  expect(out.finish().toString().endsWith('[9.999,"3333"]')).toBe(true)
})
