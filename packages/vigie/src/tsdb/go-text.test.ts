import { expect, test } from 'vitest'
import { goBytes, goDuration, goTime } from './go-text.ts'

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
