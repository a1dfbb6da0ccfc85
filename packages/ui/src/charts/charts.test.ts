import { expect, test } from 'vitest'
import { alignMatrix, niceStep, parseSample } from './align.ts'
import { pickSeries, seriesIds } from './isolation.ts'
import { seriesColor, seriesDash } from './palette.ts'
import { sparkPaths } from './spark-path.ts'
import { stack } from './stack.ts'
import { elapsedLabel, timeLabels } from './time-axis.ts'

test('samples fall on their steps, gaps and infinities are null', () => {
  const { times, values } = alignMatrix(
    [
      {
        metric: {},
        values: [
          [10, '1'],
          [30, '+Inf'],
          [40, '4'],
        ],
      },
      { metric: {}, values: [[20, 'NaN']] },
      { metric: {} },
    ],
    10,
    40,
    10,
  )
  expect(times).toEqual([10, 20, 30, 40])
  expect(values).toEqual([
    [1, null, null, 4],
    [null, null, null, null],
    [null, null, null, null],
  ])
})

test.each([
  ['+Inf', Infinity],
  ['-Inf', -Infinity],
  ['1e+03', 1000],
])('sample %s', (text, value) => expect(parseSample(text)).toBe(value))

test.each([
  [60, 60, 1],
  [900, 60, 15],
  [3600, 300, 15],
  [86_400, 300, 300],
  [86_400 * 400, 300, 86_400 * 2],
])('%d s in %d points: a step of %d s', (range, points, step) => {
  expect(niceStep(range, points)).toBe(step)
})

test('a stack adds up within its group and skips gaps', () => {
  const { values, below } = stack(
    [
      [1, 2, null],
      [9, 9, 9],
      [10, null, 30],
    ],
    ['a', undefined, 'a'],
  )
  expect(values).toEqual([
    [1, 2, null],
    [9, 9, 9],
    [11, null, 30],
  ])
  expect(below).toEqual([undefined, undefined, 0])
})

test.each<[string, string[], string, boolean, string[]]>([
  ['a click shows one alone', [], 'b', false, ['a', 'c']],
  ['a second click shows all', ['a', 'c'], 'b', false, []],
  ['a click on a hidden one moves there', ['a', 'c'], 'a', false, ['b', 'c']],
  ['ctrl hides one', [], 'b', true, ['b']],
  ['ctrl shows it again', ['b'], 'b', true, []],
  ['hiding the last shows all', ['a', 'b'], 'c', true, []],
])('%s', (_, hidden, picked, isToggle, expected) => {
  expect([...pickSeries(['a', 'b', 'c'], new Set(hidden), picked, isToggle)]).toEqual(expected)
})

test('series of the same name are told apart', () => {
  expect(seriesIds(['a', 'b', 'a', 'a'])).toEqual(['a', 'b', 'a (2)', 'a (3)'])
})

test('eight hues, then two more rounds of them, then dashes', () => {
  expect(seriesColor(7)).toBe('var(--s8)')
  expect(seriesColor(8)).toBe('color-mix(in oklab, var(--s1) 62%, var(--fg0))')
  expect(new Set(Array.from({ length: 24 }, (_, i) => seriesColor(i))).size).toBe(24)
  expect([seriesDash(23), seriesDash(24)]).toEqual([undefined, [6, 4]])
})

test('a sparkline breaks at gaps and stands in the middle when flat', () => {
  expect(sparkPaths([0, 10])).toEqual({
    line: 'M0.00 96.00L100.00 4.00',
    area: 'M0.00 96.00L100.00 4.00L100.00 100L0.00 100Z',
  })
  expect(sparkPaths([1, 1, null, 1])?.line).toBe('M0.00 50.00L33.33 50.00M100.00 50.00')
  expect(sparkPaths([1, null])).toBe(undefined)
})

test.each([
  [15, ['14:05:15']],
  [300, ['14:05']],
  [86_400, ['22 Nov']],
  [86_400 * 365, ['2026']],
])('time labels at steps of %d s', (step, labels) => {
  const at = new Date(2026, 10, 22, 14, 5, 15).getTime() / 1000
  expect(timeLabels([at], step)).toEqual(labels)
})

test('midnight is named by its day', () => {
  const midnight = new Date(2026, 10, 22).getTime() / 1000
  expect(timeLabels([midnight, midnight + 3600], 3600)).toEqual(['22 Nov', '01:00'])
})

test.each([
  [0, '0:00'],
  [90, '1:30'],
  [3905, '1:05:05'],
])('%d s after a start are %s', (sec, text) => expect(elapsedLabel(sec)).toBe(text))
