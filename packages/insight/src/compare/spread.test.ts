import { expect, test } from 'vitest'
import type { ComparedRun } from './compare.ts'
import { spreadOfRuns } from './spread.ts'

const run = (value: number, failed: number): ComparedRun => ({
  id: String(value),
  figures: [
    { name: 'p', kind: 'latency', value },
    { name: 'failed', kind: 'errors', value: failed },
  ],
})

test('of three runs', () => {
  const [latency, errors] = spreadOfRuns([run(90, 0), run(100, 0.01), run(111.111111, 0.02)])
  expect(latency).toMatchObject({ name: 'p', min: 90, max: 111.111111 })
  expect(latency!.mean).toBeCloseTo(100, 6)
  expect(latency!.high! / 100).toBeCloseTo(
    Math.exp((4.30265273 * Math.log(10 / 9)) / Math.sqrt(3)),
    6,
  )
  expect(errors!.mean).toBeCloseTo(0.01, 12)
})

test('of one run there is no interval, and of none no figure', () => {
  expect(spreadOfRuns([run(90, 0)])[0]).toMatchObject({ mean: 90, low: null, high: null })
  expect(spreadOfRuns([])).toEqual([])
})

test('a figure that one run lacks is left out', () => {
  expect(spreadOfRuns([run(90, 0), { id: 'x', figures: [] }])).toEqual([])
})
