import { expect, test } from 'vitest'
import { RunState, monotonicMs } from './run-state.ts'

test('requests get places at a fixed distance, on all threads that share the buffer', () => {
  const one = new RunState([])
  const other = new RunState([], one.buffer)
  const start = monotonicMs()
  const places = Array.from({ length: 20 }, (_, i) => {
    const waitMs = (i % 2 === 0 ? one : other).reserveRequest(40)
    return { waitMs, leastMs: start + 25 * i - monotonicMs() }
  })
  expect(places[0]!.waitMs).toBe(0)
  expect(places.every(({ waitMs, leastMs }) => waitMs >= leastMs - 0.01)).toBe(true)
  expect(places[19]!.waitMs).toBeLessThanOrEqual(19 * 25)
})

test('a counter is taken down to 0, and no further', () => {
  const state = new RunState([])
  state.add('unplannedVus', 2)
  expect([1, 2, 3].map(() => state.take('unplannedVus'))).toEqual([true, true, false])
  expect(state.get('unplannedVus')).toBe(0)
})
