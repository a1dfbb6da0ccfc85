import { expect, test } from 'vitest'
import { readDashboard, type TableCell } from '@vigie/dashboards'
import { shares } from './chart-series.ts'
import { commonInterval } from './common-interval.ts'
import { gaugeArc } from './gauge-arc.ts'
import { sections } from './sections.ts'
import { sortRows } from './sort-rows.ts'
import { describeChoice, toggleChoice } from './variable-choice.ts'

/** `type@y`; a row in brackets is collapsed over the panels after the colon. */
function dashboard(...panels: object[]) {
  return sections(readDashboard({ title: 't', uid: 'u', schemaVersion: 39, panels }).panels)
}
const panel = (id: number, y: number, type = 'stat', more: object = {}): object => ({
  id,
  type,
  title: `${type}${id}`,
  gridPos: { x: 0, y, w: 6, h: 4 },
  targets: [],
  ...more,
})

test('an open row takes what follows it, a collapsed one what is in it', () => {
  const found = dashboard(
    panel(1, 0),
    panel(2, 4, 'row', { collapsed: false }),
    panel(3, 5),
    panel(4, 9, 'row', { collapsed: true, panels: [panel(5, 10), panel(6, 14)] }),
  )
  expect(
    found.map(({ row, panels, top }) => [row?.title, panels.map((one) => one.id), top]),
  ).toEqual([
    [undefined, [1], 0],
    ['row2', [3], 5],
    ['row4', [5, 6], 10],
  ])
})

test.each<[string[], string, string[]]>([
  [['$__all'], 'a', ['a']],
  [['a'], 'b', ['a', 'b']],
  [['a', 'b'], 'a', ['b']],
  [['a'], 'a', ['a']],
  [['a', 'b'], '$__all', ['$__all']],
])('of %o a click on %s leaves %o', (selected, value, expected) => {
  expect(toggleChoice(selected, value)).toEqual(expected)
})

test.each<[string[], string]>([
  [['$__all'], 'All (3)'],
  [['a'], 'Alpha'],
  [['a', 'b'], 'Alpha, b'],
  [['b', 'a', 'c'], 'b + 2'],
  [[], 'none'],
])('%o reads %s', (selected, text) => {
  const options = [
    { text: 'Alpha', value: 'a' },
    { text: 'b', value: 'b' },
    { text: 'c', value: 'c' },
  ]
  expect(describeChoice(options, selected)).toBe(text)
})

test.each([
  [[2000, 15_000, 2000], 2000],
  [[2000, 15_000], 15_000],
  [[], undefined],
])('the common interval of %o is %s', (intervals, expected) => {
  expect(commonInterval(intervals)).toBe(expected)
})

test('shares of a percent stack add up to a hundred', () => {
  expect(
    shares(
      [
        [1, null, 0],
        [3, 2, 0],
        [7, 7, 7],
      ],
      ['a', 'a', ''],
    ),
  ).toEqual([
    [25, null, null],
    [75, 100, null],
    [7, 7, 7],
  ])
})

test.each([
  [0, 1, 'M30.72 140A80 80 0 1 1 169.28 140'],
  [0, 0.5, 'M30.72 140A80 80 0 0 1 100 20'],
  [0.5, 0.5, ''],
  [-1, 0.5, 'M30.72 140A80 80 0 0 1 100 20'],
])('the arc from %d to %d', (from, to, path) => expect(gaugeArc(from, to, 80)).toBe(path))

test.each<[(string | number)[], boolean, (string | number)[]]>([
  [[10, 9, 100], false, [9, 10, 100]],
  [[10, 9, 100], true, [100, 10, 9]],
  [['node-10', 'node-2'], false, ['node-2', 'node-10']],
])('rows %o, falling: %s', (values, isDescending, expected) => {
  const rows = values.map((value): TableCell[] => [
    { value, text: String(value), colour: undefined, isFilled: false },
  ])
  expect(sortRows(rows, { column: 0, isDescending }).map((row) => row[0]?.value)).toEqual(expected)
})
