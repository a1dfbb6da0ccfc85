import { expect, test } from 'vitest'
import { positionedError } from './error-position.ts'
import { readGraphUrl, writeGraphUrl } from './graph-url.ts'
import { bucketRange, histogramSummary } from './histogram-value.tsx'
import { seriesName } from './series-name.ts'

const read = (query: string): unknown => readGraphUrl(new URLSearchParams(query))

test.each([
  ['', { exprs: [''], tab: 'graph', range: '1h', endMs: undefined, stepSec: undefined }],
  [
    'g0.expr=up&g0.tab=1&g0.range_input=30m',
    { exprs: ['up'], tab: 'table', range: '30m', endMs: undefined, stepSec: undefined },
  ],
  [
    'g0.expr=up&g0.tab=graph&g0.end_input=2026-11-22%2014:05:09&g0.step_input=15&g1.expr=down',
    {
      exprs: ['up', 'down'],
      tab: 'graph',
      range: '1h',
      endMs: Date.UTC(2026, 10, 22, 14, 5, 9),
      stepSec: 15,
    },
  ],
  [
    'g0.expr=up&g0.moment_input=2026-11-22T14:05:09Z',
    {
      exprs: ['up'],
      tab: 'graph',
      range: '1h',
      endMs: Date.UTC(2026, 10, 22, 14, 5, 9),
      stepSec: undefined,
    },
  ],
])('reads ?%s', (query, state) => expect(read(query)).toEqual(state))

test('what is written reads the same', () => {
  const state = {
    exprs: ['sum by (job) (rate(x{a="b&c"}[1m]))', 'a\n+ b'],
    tab: 'table' as const,
    range: '2d',
    endMs: Date.UTC(2026, 10, 22, 14, 5, 9),
    stepSec: 30,
  }
  expect(read(writeGraphUrl(state))).toEqual(state)
})

const parseError = (position: string): string =>
  `invalid parameter "query": ${position}: parse error: unexpected character`

test.each([
  ['up(', parseError('1:4'), 'up(', '   ^'],
  ['a\n+ )', parseError('2:3'), '+ )', '  ^'],
  // Columns are bytes: ü takes two.
  ['"ü" )', parseError('1:6'), '"ü" )', '    ^'],
])('a caret under the error of %j', (query, message, line, caret) => {
  expect(positionedError(query, message).excerpt).toEqual({ line, caret })
})

test('an error without a position has no excerpt', () => {
  expect(positionedError('up', 'query timed out').excerpt).toBe(undefined)
})

test.each([
  [{ __name__: 'up', job: 'a"b' }, 'up{job="a\\"b"}'],
  [{ __name__: 'up' }, 'up'],
  [{ job: 'a', z: '1' }, '{job="a", z="1"}'],
  [{}, '{}'],
])('series %o is %s', (metric, name) => {
  expect(seriesName(metric as Record<string, string>)).toBe(name)
})

test('a native histogram in words', () => {
  expect(histogramSummary({ count: '1633', sum: '16.5' })).toBe('1633 observations, mean 0.0101')
  expect(histogramSummary({ count: '0', sum: '0' })).toBe('0 observations')
  expect(bucketRange([0, '0.25', '0.50001', '1'])).toBe('(0.25, 0.5]')
  expect(bucketRange([3, '-0.001', '0.001', '1'])).toBe('[-0.001, 0.001]')
})
