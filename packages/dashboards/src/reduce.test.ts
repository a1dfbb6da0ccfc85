import { expect, test } from 'vitest'
import { reduceField, reduceValues } from './reduce.ts'

test('calculations leave gaps out', () => {
  const check = (calc: string, want: number): void =>
    expect(reduceValues(Float64Array.of(1, NaN, 5, 2, NaN), calc), calc).toBe(want)
  check('lastNotNull', 2)
  check('last', NaN)
  check('first', 1)
  check('mean', 8 / 3)
  check('max', 5)
  check('min', 1)
  check('sum', 8)
  check('count', 3)
  check('range', 4)
  check('diff', 1)
  check('diffperc', 100)
  check('delta', 4)
  check('step', -3)
  check('median', 2)
  check('p95', 5)
  check('changeCount', 2)
  check('what', NaN)
})

test('of nothing, of nulls, of NaN', () => {
  const check = (values: (number | null)[], calc: string, want: number | boolean | null): void =>
    expect(reduceField(values, calc), `${calc} of ${JSON.stringify(values)}`).toBe(want)
  check([], 'mean', null)
  check([], 'sum', 0)
  check([], 'allIsNull', true)
  check([null], 'variance', 0)
  check([null], 'range', null)
  check([0, 0], 'allIsZero', true)
  check([NaN, 1, 2], 'count', 3)
  check([NaN, 1, 2], 'mean', 1.5)
  check([NaN, 1, 2], 'first', NaN)
  check([1, 2, 1, 5, 6], 'delta', 2)
})
