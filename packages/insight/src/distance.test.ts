import { expect, test } from 'vitest'
import { ksDistance } from './distance.ts'

test.each([
  [[1, 2, 3], [1, 2, 3], 0],
  [[1, 2, 3], [4, 5], 1],
  [[1, 2, 3, 4], [3, 4, 5, 6], 0.5],
  [[1], [], NaN],
])('%j and %j', (a, b, distance) => {
  expect(ksDistance(a, b)).toBe(distance)
})
