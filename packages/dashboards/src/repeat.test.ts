import { expect, test } from 'vitest'
import { panelQueries, readDashboard, repeatPanels } from './index.ts'

const hosts = { values: ['a', 'b', 'c'], isMulti: true, text: 'All' }
const variables = new Map([['host', hosts]])
const repeated = (...panels: object[]): ReturnType<typeof repeatPanels> =>
  repeatPanels(readDashboard({ panels }).panels, variables)
const layout = (...panels: object[]): string[] =>
  repeated(...panels).map(({ title, grid: { x, y, w, h } }) => `${title} ${x},${y} ${w}x${h}`)

const grid = (x: number, y: number, w: number, h: number): object => ({ gridPos: { x, y, w, h } })
const below = { id: 9, type: 'text', title: 'below', ...grid(0, 4, 24, 2) }

test('a panel side by side, over the whole width', () => {
  const panel = { id: 1, type: 'stat', title: '$host', repeat: 'host', ...grid(0, 0, 6, 4) }
  expect(layout(panel, below)).toEqual(['a 0,0 8x4', 'b 8,0 8x4', 'c 16,0 8x4', 'below 0,4 24x2'])
})

test('no more in a row than told; what is below moves down', () => {
  const panel = { id: 1, type: 'stat', title: '$host', repeat: 'host', maxPerRow: 2 }
  expect(layout({ ...panel, ...grid(0, 0, 6, 4) }, below)).toEqual([
    'a 0,0 12x4',
    'b 12,0 12x4',
    'c 0,4 12x4',
    'below 0,8 24x2',
  ])
})

test('one below the other', () => {
  const panel = { id: 1, type: 'stat', title: '$host', repeat: 'host', repeatDirection: 'v' }
  expect(layout({ ...panel, ...grid(3, 0, 6, 4) }, below)).toEqual([
    'a 3,0 6x4',
    'b 3,4 6x4',
    'c 3,8 6x4',
    'below 0,12 24x2',
  ])
})

test('a row with its panels, then the next row', () => {
  const row = { id: 1, type: 'row', title: 'Host $host', repeat: 'host', ...grid(0, 0, 24, 1) }
  const panel = { id: 2, type: 'stat', title: 'up of $host', ...grid(0, 1, 12, 4) }
  const next = { id: 3, type: 'row', title: 'Next', ...grid(0, 5, 24, 1) }
  expect(layout(row, panel, next)).toEqual([
    'Host a 0,0 24x1',
    'up of a 0,1 12x4',
    'Host b 0,5 24x1',
    'up of b 0,6 12x4',
    'Host c 0,10 24x1',
    'up of c 0,11 12x4',
    'Next 0,15 24x1',
  ])
})

test('each copy asks for its own value and has its own id', () => {
  const target = { expr: 'up{host=~"$host"}' }
  const panel = { id: 1, type: 'stat', repeat: 'host', targets: [target], ...grid(0, 0, 6, 4) }
  const row = { id: 2, type: 'row', collapsed: true, ...grid(0, 4, 24, 1) }
  const panels = repeated(panel, { ...row, panels: [{ ...panel, id: 3 }] })
  const all = panels.flatMap((one) => (one.kind === 'row' ? [one, ...one.panels] : [one]))
  expect(new Set(all.map((one) => one.id)).size).toBe(7)
  const context = { fromMs: 0, toMs: 60_000, widthPx: 100, scrapeIntervalMs: 1000, variables }
  expect(all.flatMap((one) => panelQueries(one, context).map((query) => query.expr))).toEqual([
    'up{host=~"a"}',
    'up{host=~"b"}',
    'up{host=~"c"}',
    'up{host=~"a"}',
    'up{host=~"b"}',
    'up{host=~"c"}',
  ])
})

test('nothing to repeat over leaves one', () => {
  const panel = { id: 1, type: 'stat', title: 'x', repeat: 'none', ...grid(0, 0, 6, 4) }
  expect(layout(panel)).toEqual(['x 0,0 6x4'])
})
