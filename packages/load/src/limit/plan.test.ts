import { expect, test } from 'vitest'
import { parseScenarios } from '../executors/scenario.ts'
import { type LoadUnit, searchPlan } from './plan.ts'

const constantVus = (vus: number): object => ({ executor: 'constant-vus', vus, duration: '1m' })
const rate = (perSec: number, vus = 10): object => ({
  executor: 'constant-arrival-rate',
  rate: perSec,
  duration: '1m',
  preAllocatedVUs: vus,
  maxVUs: 2 * vus,
})
const ramping = {
  executor: 'ramping-vus',
  startVUs: 1,
  stages: [
    { duration: '1m', target: 30 },
    { duration: '1m', target: 0 },
  ],
}
const perMinute = {
  executor: 'ramping-arrival-rate',
  startRate: 60,
  timeUnit: '1m',
  stages: [{ duration: '1m', target: 600 }],
  preAllocatedVUs: 5,
}

/** scenarios, by, and what becomes of them: unit, own load, executors, targets at a load. */
const cases: [
  scenarios: Record<string, object>,
  by: LoadUnit | null,
  unit: LoadUnit,
  ownLoad: number,
  load: number,
  targets: number[],
][] = [
  [{ a: constantVus(10) }, null, 'vus', 10, 7, [7]],
  [{ a: ramping }, null, 'vus', 30, 100, [100]],
  [{ a: constantVus(30), b: constantVus(10) }, null, 'vus', 40, 10, [8, 2]],
  [{ a: constantVus(30), b: constantVus(10) }, null, 'vus', 40, 1, [1, 0]],
  [{ a: rate(50) }, null, 'rate', 50, 80, [80]],
  [{ a: perMinute }, null, 'rate', 10, 5, [5]],
  [{ a: rate(30), b: rate(10) }, null, 'rate', 40, 100, [75, 25]],
  [{ a: constantVus(30), b: rate(10, 10) }, null, 'vus', 40, 80, [60, 20]],
  [{ a: rate(50, 8) }, 'vus', 'vus', 8, 16, [16]],
  [{ a: constantVus(10) }, 'rate', 'rate', 10, 5, [5]],
]

test.each(cases)('%j by %s: %s, own load %d, at %d', (scenarios, by, unit, ownLoad, load, want) => {
  const plan = searchPlan(parseScenarios(scenarios), by, null)
  expect([plan.unit, plan.ownLoad, plan.split(load)]).toEqual([unit, ownLoad, want])
  const executor = unit === 'vus' ? 'controlled-vus' : 'controlled-rate'
  expect(plan.scenarios.map((one) => one.executor)).toEqual(want.map(() => executor))
})

test('the highest load limits the VUs there may be', () => {
  const { scenarios } = searchPlan(parseScenarios({ a: constantVus(10) }), null, 64)
  expect(scenarios[0]).toMatchObject({ vus: 0, maxVUs: 64, startTimeMs: 0 })
})
