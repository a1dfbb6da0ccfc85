// Property: a sweep gives, bit for bit, what the function gives window by window.
import { expect, test } from 'vitest'
import { SampleColumns } from '@vigie/model'
import fc from 'fast-check'
import { parseExpr } from '../syntax/parser.ts'
import { QueryContext } from './context.ts'
import type { Grid } from './grid.ts'
import type { Placement } from './plan.ts'
import { RANGE_FUNCTIONS, type RangeFunction } from './range-functions.ts'
import { newRow } from './row.ts'
import { SWEEPS } from './sweeps.ts'
import { WindowWalk } from './windows.ts'

const value = fc.oneof(
  fc.integer({ min: -3, max: 9 }),
  fc.double(),
  fc.constantFrom(NaN, Infinity, -Infinity, 0, -0),
)
const samples = fc.array(fc.tuple(fc.integer({ min: 1, max: 40_000 }), value), { maxLength: 40 })
const grid: fc.Arbitrary<Grid> = fc.record({
  startMs: fc.integer({ min: -20_000, max: 300_000 }),
  stepMs: fc.integer({ min: 1, max: 60_000 }),
  count: fc.integer({ min: 1, max: 30 }),
})
const placement: fc.Arbitrary<Placement> = fc.record({
  offsetMs: fc.integer({ min: -30_000, max: 30_000 }),
  atMs: fc.option(fc.integer({ min: 0, max: 400_000 }), { nil: undefined }),
  rangeMs: fc.integer({ min: 1, max: 200_000 }),
  stepMs: fc.constant(0),
  beforeMs: fc.constant(0),
  afterMs: fc.constant(0),
})

const newContext = (): QueryContext =>
  new QueryContext(
    'x',
    parseExpr('x'),
    { maxSamples: 1e6, deadlineMs: Infinity, signal: undefined, now: () => 0 },
    {
      lookbackMs: 0,
      enableDelayedNameRemoval: false,
      enableTypeAndUnitLabels: false,
      useStartTimestamps: false,
    },
  )

/** Results at all steps, and what they cost. */
function walk(columns: SampleColumns, on: Grid, at: Placement, fn: RangeFunction): unknown {
  const context = newContext()
  const windows = new WindowWalk(context, on, at, fn, [])
  const row = newRow(on.count)
  expect(windows.begin(columns, row)).toBe(on.count)
  const present = windows.brush()
  const results = Array.from(row.v, (v, i) => (row.has[i] === 1 ? v : 'none'))
  return { results, present, stats: context.stats }
}

test.each([...SWEEPS.keys()])('%s', (name) => {
  const fn = RANGE_FUNCTIONS.get(name)!
  fc.assert(
    fc.property(samples, grid, placement, (all, on, at) => {
      const columns = new SampleColumns()
      let t = 0
      for (const [gap, v] of all) columns.push((t += gap), v)
      expect(walk(columns, on, at, fn)).toEqual(walk(columns, on, at, { ...fn, sweep: undefined }))
    }),
    { numRuns: 150 },
  )
})
