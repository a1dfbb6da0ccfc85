import { expect, test } from 'vitest'
import {
  formatAge,
  formatBytes,
  formatBytesDecimal,
  formatCount,
  formatDurationMs,
} from './format.ts'

test.each([
  [0, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_600_000 * 47, '47 h'],
  [86_400_000 * 3, '3 d'],
])('age %d is %s', (ms, text) => expect(formatAge(ms)).toBe(text))

test.each([
  [0.42, '0.42 ms'],
  [4.31, '4.3 ms'],
  [184.2, '184 ms'],
  [1250, '1.25 s'],
  [95_000, '1 min 35 s'],
  [7_260_000, '2 h 1 min'],
])('duration %d is %s', (ms, text) => expect(formatDurationMs(ms)).toBe(text))

test.each([
  [0, '0'],
  [0.0421, '0.0421'],
  [12.34, '12.3'],
  [1234, '1234'],
  [12_345, '12.3K'],
  [1_830_221, '1.83M'],
  [-2_500_000, '-2.5M'],
  [NaN, '–'],
  [Infinity, '∞'],
])('count %d is %s', (value, text) => expect(formatCount(value)).toBe(text))

test.each([
  [512, '512 B'],
  [32_925_286, '31.4 MiB'],
])('%d bytes are %s', (value, text) => expect(formatBytes(value)).toBe(text))

test.each([
  [512, '512 B'],
  [400_000, '400 kB'],
  [1_500_000_000, '1.5 GB'],
])('%d bytes on an axis are %s', (value, text) => expect(formatBytesDecimal(value)).toBe(text))
