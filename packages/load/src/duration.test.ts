import { expect, test } from 'vitest'
import { formatGoDuration, parseDurationMs } from './duration.ts'

const parsed: [value: unknown, ms: number | undefined][] = [
  ['1d2h3m4s5ms6us', 86_400_000 + 7_200_000 + 180_000 + 4000 + 5 + 0.006],
  ['1.5s', 1500],
  ['300ms', 300],
  ['250', 250],
  [250, 250],
  ['0', 0],
  ['-1s', -1000],
  ['.5s', 500],
  ['', undefined],
  ['1x', undefined],
  ['s', undefined],
  ['1s 2s', undefined],
  [null, undefined],
  [NaN, undefined],
]
test.each(parsed)('%j', (value, ms) => {
  expect(parseDurationMs(value)).toBe(ms)
})

const formatted: [ms: number, text: string][] = [
  [0, '0s'],
  [1, '1ms'],
  [1.5, '1.5ms'],
  [0.25, '250µs'],
  [1000, '1s'],
  [61_500, '1m1.5s'],
  [3_600_000, '1h0m0s'],
  [630_000, '10m30s'],
]
test.each(formatted)('%d ms', (ms, text) => {
  expect(formatGoDuration(ms)).toBe(text)
})
