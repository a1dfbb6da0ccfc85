import { expect, test } from 'vitest'
import { createSink, TrendSink } from './sink.ts'
import { SlidingSink } from './sliding.ts'

test('a window holds what came since, whatever the type', () => {
  let nowMs = 0
  const sinks = (['counter', 'gauge', 'rate', 'trend'] as const).map(
    (type) => new SlidingSink(type, 10_000, () => nowMs),
  )
  const [counter, gauge, rate, trend] = sinks
  for (let second = 0; second < 30; second++) {
    nowMs = second * 1000
    counter!.add(Float64Array.of(second))
    gauge!.add(Float64Array.of(second, second - 1, second + 1))
    rate!.add(Float64Array.of(second % 2, 1))
    trend!.add(Float64Array.of(second, second + 0.5))
  }
  const values = (from: number): unknown[] =>
    sinks.map((one) => one.since(from).values(10_000, ['count', 'max', 'med']))
  expect(values(25_000)).toEqual([
    { count: 135, rate: 13.5 },
    { value: 29, min: 24, max: 30 },
    { rate: 0.6, passes: 3, fails: 2 },
    { count: 10, max: 29.5, med: 27.25 },
  ])
  // Of what is older than the longest window, at most a second or two are left.
  expect((values(0)[0] as { count: number }).count).toBeLessThanOrEqual(29 * 13)
})

test('seconds with many values are merged as histograms, within a thousandth', () => {
  let nowMs = 0
  const sliding = new SlidingSink('trend', 60_000, () => nowMs)
  const exact = new TrendSink(1e6)
  for (let second = 0; second < 5; second++) {
    nowMs = second * 1000
    const values = Float64Array.from({ length: 5000 }, (_, i) => 1 + ((i * 7919 + second) % 5000))
    sliding.add(values)
    exact.add(values)
  }
  const merged = sliding.since(0) as TrendSink
  expect([merged.count, merged.sum, merged.min, merged.max]).toEqual([
    exact.count,
    exact.sum,
    exact.min,
    exact.max,
  ])
  for (const p of [0.1, 0.5, 0.95, 0.99])
    expect(Math.abs(merged.percentile(p) / exact.percentile(p) - 1)).toBeLessThan(0.002)
})

test('an empty window is an empty sink', () => {
  const sliding = new SlidingSink('rate', 1000, () => 0)
  expect([sliding.isEmpty, sliding.since(0)]).toEqual([true, createSink('rate')])
})
