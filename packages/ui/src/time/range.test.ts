import { expect, test } from 'vitest'
import { describeRange, parseTyped, resolveRange, resolveTime, shift, zoomOut } from './range.ts'

// A Thursday, in the zone of the machine that runs the tests.
const NOW = new Date(2026, 10, 26, 14, 5, 9, 250).getTime()
const at = (...parts: [number, number, number, number?, number?, number?, number?]): number =>
  new Date(...(parts as [number, number, number])).getTime()

test.each<[string, boolean, number]>([
  ['now', false, NOW],
  ['now-15m', false, NOW - 900_000],
  ['now-1h-30m', false, NOW - 5_400_000],
  ['now+10s', false, NOW + 10_000],
  ['now/d', false, at(2026, 10, 26)],
  ['now/d', true, at(2026, 10, 27) - 1],
  ['now-1d/d', false, at(2026, 10, 25)],
  ['now/w', false, at(2026, 10, 23)],
  ['now/M', false, at(2026, 10, 1)],
  ['now/h', true, at(2026, 10, 26, 15) - 1],
  ['now-1M', false, new Date(2026, 9, 26, 14, 5, 9, 250).getTime()],
  ['1700000000000', false, 1_700_000_000_000],
  ['1700000000', false, 1_700_000_000_000],
  ['2026-11-22', false, at(2026, 10, 22)],
  ['2026-11-22', true, at(2026, 10, 23) - 1],
  ['2026-11-22 14:05', false, new Date(2026, 10, 22, 14, 5).getTime()],
  ['2026-11-22T14:05:09Z', false, Date.UTC(2026, 10, 22, 14, 5, 9)],
])('%s (end: %s)', (text, isEnd, expected) => {
  expect(resolveTime(text, NOW, isEnd)).toBe(expected)
})

test.each(['yesterday', 'now-', 'now-5x', '2026-1-1', ''])('refuses %s', (text) => {
  expect(() => resolveTime(text, NOW, false)).toThrow(`cannot read time: got "${text}"`)
})

test('a range that ends before it begins is refused', () => {
  expect(() => resolveRange({ from: 'now', to: 'now-1h' }, NOW)).toThrow(
    'cannot use range: "now" is not before "now-1h"',
  )
})

test.each([
  ['6h', 'now-6h', 'now'],
  ['last 90 min', 'now-90m', 'now'],
  ['2 days', 'now-2d', 'now'],
  ['3 months', 'now-3M', 'now'],
  ['now-2h to now-1h', 'now-2h', 'now-1h'],
  ['now-1d/d', 'now-1d/d', 'now-1d/d'],
  ['2026-11-20', '2026-11-20', '2026-11-20'],
  ['2026-11-20 10:00 to 2026-11-20 11:00', '2026-11-20 10:00', '2026-11-20 11:00'],
  ['now-3h', 'now-3h', 'now'],
])('typed: %s', (text, from, to) => {
  expect(parseTyped(text, NOW)).toEqual({ from, to })
})

test.each([
  ['now-6h', 'now', 'Last 6 hours'],
  ['now-45m', 'now', 'Last 45 minutes'],
  ['now-1y', 'now', 'Last 1 year'],
  ['now/d', 'now/d', 'Today'],
  [String(at(2026, 10, 22)), 'now', '2026-11-22 00:00:00 to now'],
])('%s to %s reads %s', (from, to, text) => {
  expect(describeRange({ from, to })).toBe(text)
})

test('zooming out doubles and never looks beyond now', () => {
  expect(zoomOut({ fromMs: 1000, toMs: 2000 }, 10_000)).toEqual({ from: '500', to: '2500' })
  expect(zoomOut({ fromMs: 8000, toMs: 10_000 }, 10_000)).toEqual({ from: '6000', to: '10000' })
})

test('a step is half of the range', () => {
  expect(shift({ fromMs: 1000, toMs: 3000 }, -1, 10_000)).toEqual({ from: '0', to: '2000' })
  expect(shift({ fromMs: 8000, toMs: 10_000 }, 1, 10_000)).toEqual({ from: '8000', to: '10000' })
})
