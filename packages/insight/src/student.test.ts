import { expect, test } from 'vitest'
import { studentCdf, studentQuantile } from './student.ts'

// Quantiles as in printed tables.
test.each([
  [0.975, 1, 12.7062047],
  [0.975, 2, 4.30265273],
  [0.975, 4, 2.77644511],
  [0.975, 10, 2.22813885],
  [0.975, 30, 2.04227246],
  [0.995, 4, 4.60409487],
  [0.995, 10, 3.16927267],
  [0.95, 5, 2.01504837],
  [0.9995, 3, 12.923979],
  [0.025, 4, -2.77644511],
  [0.5, 7, 0],
  [0.975, 1e6, 1.959966],
])('quantile %d with %d degrees of freedom is %d', (p, df, t) => {
  expect(studentQuantile(p, df)).toBeCloseTo(t, 6)
})

test.each([0.6, 0.9, 0.975, 0.999])('the quantile of %d is where so many lie below', (p) => {
  for (const df of [0.7, 1.5, 2.3, 4, 7.9, 33.3, 250])
    expect(studentCdf(studentQuantile(p, df), df)).toBeCloseTo(p, 11)
})

test.each([
  [0, 5],
  [1, 5],
  [0.9, 0],
])('no quantile of %d with %d', (p, df) => {
  expect(studentQuantile(p, df)).toBeNaN()
})
