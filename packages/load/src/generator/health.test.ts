import { expect, test } from 'vitest'
import { type GeneratorHealth, judge, limitSentence } from './health.ts'
import { Histogram } from './histogram.ts'

type Measured = Parameters<typeof judge>[0]

const well: Measured = {
  durationMs: 10_000,
  threads: [
    { name: 'worker 0', busy: 0.4, loopDelayP99Ms: 2 },
    { name: 'main', busy: 0.1, loopDelayP99Ms: 1 },
  ],
  offered: 1000,
  started: 1000,
  dropped: 0,
  achieved: 1,
  startLagP99Ms: 1,
  intended: { avg: 5, med: 5, p90: 6, p95: 7, p99: 8, max: 9 },
  idleShare: 0.01,
}
const thread = (busy: number, loopDelayP99Ms: number): Measured['threads'] => [
  ...well.threads,
  { name: 'worker 1', busy, loopDelayP99Ms },
]

/** What is different, what was the limit, and why. */
const cases: [change: Partial<Measured>, limit: GeneratorHealth['limit'], reasons: string][] = [
  [{}, null, ''],
  [{ threads: thread(0.79, 19) }, null, ''],
  [{ threads: thread(0.97, 1) }, 'generator', 'worker 1 97 % busy (want < 80 %)'],
  [
    { threads: thread(0.5, 45) },
    'generator',
    'event loop of worker 1 45 ms late at p99 (want < 20 ms)',
  ],
  [{ idleShare: 0.2 }, 'generator', 'VUs spent 20 % of their time between iterations'],
  [{ started: 900, dropped: 100, achieved: 0.9 }, 'vus', '900 of 1000 iterations started'],
  [{ started: 900, achieved: 0.9 }, 'generator', '900 of 1000 iterations started'],
  [{ offered: 0, started: 0, achieved: null, intended: null, idleShare: null }, null, ''],
  [{ durationMs: 1500, threads: thread(1, 100) }, null, ''],
]

test.each(cases)('%j', (change, limit, reasons) => {
  const found = judge({ ...well, ...change })
  expect([found.limit, found.reasons.join('; ')]).toEqual([limit, reasons])
})

test('the sentence says what was the limit and what to do', () => {
  const of = (change: Partial<Measured>): string | null => {
    const health = { ...well, ...change }
    return limitSentence({ ...health, ...judge(health) })
  }
  expect(of({})).toBeNull()
  expect(of({ threads: thread(0.97, 1) })).toBe(
    'The generator was the limit, not the target (worker 1 97 % busy (want < 80 %)): take the figures below as too low and too slow, and run it on more cores or split it with --execution-segment.',
  )
  expect(of({ started: 900, dropped: 100, achieved: 0.9 })).toBe(
    'There were too few VUs for the rate (900 of 1000 iterations started, 100 dropped): raise maxVUs, or take it that the target was too slow for this rate.',
  )
})

test('quantiles of merged histograms are within half a bucket of the values’', () => {
  const values = Array.from({ length: 5000 }, (_, i) => 0.02 * 1.002 ** i)
  const [a, b] = [new Histogram(), new Histogram()]
  values.forEach((value, i) => (i % 3 === 0 ? a : b).add(value))
  a.merge(b.take())
  for (const q of [0.01, 0.5, 0.9, 0.99, 1]) {
    const exact = values[Math.max(0, Math.ceil(q * values.length) - 1)]!
    expect(Math.abs(a.quantile(q) / exact - 1)).toBeLessThan(0.03)
  }
  expect(b.data.count).toBe(0)
  expect(b.quantile(0.5)).toBe(0)
})
