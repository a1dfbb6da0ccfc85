import { expect, test } from 'vitest'
import { withParams } from './params.ts'

test.each<[string, Record<string, string | string[] | null>, string]>([
  ['', { from: 'now-1h' }, 'from=now-1h'],
  ['?from=a&to=b', { from: 'c' }, 'to=b&from=c'],
  ['?from=a&to=b', { from: null }, 'to=b'],
  ['?x=1', { 'var-job': ['a', 'b'] }, 'x=1&var-job=a&var-job=b'],
  ['?var-job=a&var-job=b', { 'var-job': [] }, ''],
])('%s with %o', (search, change, expected) => {
  expect(withParams(search, change)).toBe(expected)
})
