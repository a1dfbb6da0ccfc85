import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alignedTime, nextTick } from './schedule.ts'

test('ticks come once an interval, at the phase', () => {
  const check = (nowMs: number, phaseMs: number, want: number): void =>
    expect(nextTick(nowMs, 1000, phaseMs)).toBe(want)
  check(0, 0, 1000)
  check(999, 0, 1000)
  check(1000, 0, 2000)
  check(1000, 300, 1300)
  check(1299, 300, 1300)
  check(1300, 300, 2300)
  fc.assert(
    fc.property(fc.nat(1e12), fc.integer({ min: 1, max: 1e6 }), fc.nat(), (now, interval, seed) => {
      const phase = seed % interval
      const tick = nextTick(now, interval, phase)
      expect(tick).toBeGreaterThan(now)
      expect(tick - now).toBeLessThanOrEqual(interval)
      expect((tick - phase) % interval).toBe(0)
    }),
  )
})

test('timestamps snap to the tick within 2 ms or a hundredth of the interval', () => {
  const check = (now: number, interval: number, want: number): void =>
    expect(alignedTime(now, 10_000, interval)).toBe(want)
  check(10_002, 15_000, 10_000)
  check(9_998, 15_000, 10_000)
  check(10_003, 15_000, 10_003)
  check(10_001, 100, 10_000)
  check(10_002, 100, 10_002)
})
