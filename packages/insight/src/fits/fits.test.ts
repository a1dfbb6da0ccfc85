import { describe, expect, test } from 'vitest'
import { randomOf } from '../random.ts'
import { fitHinge } from './hinge.ts'
import { kneeOf } from './kneedle.ts'
import { type UslPoint, fitUsl } from './usl.ts'
import { demandOf } from './utilisation.ts'

describe('the universal scalability law', () => {
  const law = (n: number, lambda = 100, sigma = 0.05, kappa = 0.0004): number =>
    (lambda * n) / (1 + sigma * (n - 1) + kappa * n * (n - 1))
  const LEVELS = [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 80, 96]
  const measured = (levels: readonly number[], noise: number, seed: number): UslPoint[] => {
    const random = randomOf(seed)
    return levels.map((n) => ({
      concurrency: n,
      throughput: law(n) * (1 + noise * random.normal()),
    }))
  }

  test('is found again exactly without noise', () => {
    const fit = fitUsl(measured(LEVELS, 0, 1))!
    expect(fit.lambda).toBeCloseTo(100, 6)
    expect(fit.sigma).toBeCloseTo(0.05, 8)
    expect(fit.kappa).toBeCloseTo(0.0004, 10)
    expect(fit.peakConcurrency).toBeCloseTo(48.73, 2)
    expect(fit.peakThroughput).toBeCloseTo(law(48.73), 3)
    expect(fit.r2).toBeCloseTo(1, 9)
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('comes close from 12 noisy points, seed %i', (seed) => {
    const fit = fitUsl(measured(LEVELS, 0.03, seed))!
    expect(Math.abs(fit.peakConcurrency! / 48.7 - 1)).toBeLessThan(0.15)
    expect(Math.abs(fit.lambda / 100 - 1)).toBeLessThan(0.1)
    expect(Math.abs(fit.peakThroughput! / law(48.7) - 1)).toBeLessThan(0.05)
  })

  test('the peak is seen from the first eight points, when it is within twice of them', () => {
    expect(fitUsl(measured(LEVELS.slice(0, 8), 0, 1))!.peakConcurrency).toBeCloseTo(48.73, 2)
    expect(fitUsl(measured([1, 2, 3, 4, 5, 6, 8], 0, 1))!.peakConcurrency).toBeNull()
  })

  test('says nothing beyond twice of what was tested', () => {
    const fit = fitUsl(measured(LEVELS, 0, 1))!
    expect(fit.predict(192)).toBeCloseTo(law(192), 6)
    expect(fit.predict(193)).toBeNaN()
  })

  test('has no negative terms', () => {
    // Twice as much from twice as many, and a little more: cores that warm up.
    const points = LEVELS.map((n) => ({ concurrency: n, throughput: 100 * n ** 1.02 }))
    const fit = fitUsl(points)!
    expect(fit.sigma).toBeGreaterThanOrEqual(0)
    expect(fit.kappa).toBeGreaterThanOrEqual(0)
    expect(fit.peakConcurrency).toBeNull()
  })

  test.each<[string, UslPoint[]]>([
    ['five levels', measured(LEVELS.slice(0, 5), 0, 1)],
    ['one level six times', measured([8, 8, 8, 8, 8, 8], 0.03, 1)],
    ['noise', LEVELS.map((n, i) => ({ concurrency: n, throughput: i % 2 === 0 ? 100 : 900 }))],
    ['nothing that came back', LEVELS.map((n) => ({ concurrency: n, throughput: 0 }))],
  ])('does not hold for %s', (_, points) => {
    expect(fitUsl(points)).toBeNull()
  })
})

describe('a ceiling of 520', () => {
  const offered = [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]
  const throughput = (seed: number): number[] => {
    const random = randomOf(seed)
    return offered.map((load) => Math.min(load, 520) * (1 + 0.01 * random.normal()))
  }

  test.each([1, 2, 3, 4, 5])('is found by the hinge, where a knee is a level, seed %i', (seed) => {
    const seen = throughput(seed)
    const fit = fitHinge(offered.map((load, i) => ({ offered: load, throughput: seen[i]! })))!
    expect(Math.abs(fit.ceiling - 520)).toBeLessThan(8)
    expect(fit.r2).toBeGreaterThan(0.99)
    expect([500, 600]).toContain(kneeOf(offered, seen, { shape: 'rising' }))
  })

  test('is not seen from below', () => {
    const points = offered.slice(0, 5).map((load) => ({ offered: load, throughput: load }))
    expect(fitHinge(points)).toBeNull()
    expect(fitHinge([])).toBeNull()
  })
})

describe('a knee', () => {
  const x = Array.from({ length: 20 }, (_, i) => i + 1)

  test('of latency that bends up', () => {
    const y = x.map((load) => (load <= 14 ? 20 : 20 + (load - 14) * 60))
    const knee = kneeOf(x, y, { shape: 'bending' })!
    expect(knee).toBeGreaterThanOrEqual(13)
    expect(knee).toBeLessThanOrEqual(15)
  })

  test.each<[string, (load: number) => number]>([
    ['a straight line', (load) => 3 * load],
    ['no change', () => 7],
  ])('is not in %s', (_, of) => {
    expect(kneeOf(x, x.map(of), { shape: 'rising' })).toBeNull()
    expect(kneeOf(x, x.map(of), { shape: 'bending' })).toBeNull()
  })
})

describe('the utilisation law', () => {
  test('predicts where a resource is full', () => {
    // 8 ms of a lock per request, 2 % without load.
    const fit = demandOf([10, 20, 40, 80], [0.1, 0.18, 0.34, 0.66])!
    expect(fit.demand).toBeCloseTo(0.008, 9)
    expect(fit.idle).toBeCloseTo(0.02, 9)
    expect(fit.ceiling).toBeCloseTo(122.5, 6)
    expect(fit.r2).toBeCloseTo(1, 9)
  })

  test.each<[string, number[], number[]]>([
    ['one level', [10], [0.1]],
    ['what falls with load', [10, 20], [0.5, 0.4]],
    ['what is busy anyway', [10, 20], [0.9, 0.91]],
  ])('says nothing of %s', (_, throughput, utilisation) => {
    expect(demandOf(throughput, utilisation)).toBeNull()
  })
})
