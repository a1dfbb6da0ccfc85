import { expect, test } from 'vitest'
import { exp2, log2 } from './go-math.ts'

test.each([
  [0, 1],
  [10, 1024],
  [-1, 0.5],
  [1023, 2 ** 1023],
  [-1022, 2 ** -1022],
  [-1074, 2 ** -1074],
  [-1075, 0],
  [1024, Infinity],
  [Infinity, Infinity],
  [-Infinity, 0],
  [Number.NaN, Number.NaN],
])('exp2(%d)', (x, want) => expect(exp2(x)).toBe(want))

test.each([
  [1, 0],
  [1024, 10],
  [2 ** -1074, -1074],
  [0, -Infinity],
  [-1, Number.NaN],
  [Infinity, Infinity],
])('log2(%d)', (x, want) => expect(log2(x)).toBe(want))

test('they are near what is true everywhere', () => {
  for (let x = -900; x < 900; x += 0.37) {
    expect(Math.abs(exp2(x) / 2 ** x - 1)).toBeLessThan(1e-15)
    expect(Math.abs(log2(2 ** x) - x)).toBeLessThan(1e-12)
  }
})
