import { describe, expect, test } from 'vitest'
import {
  CapacitySearch,
  type CapacitySearchOptions,
  type HoldObservation,
  type LoadWindow,
} from './capacity-search.ts'
import type { FailureReason } from './capacity-result.ts'
import { randomOf } from './random.ts'

/** A system under a load for some time: the state of its queue outlives a hold. */
type System = (load: number, ms: number, phase: string) => HoldObservation

const WINDOWS = 12

function search(
  system: System,
  options: Partial<CapacitySearchOptions> = {},
): { capacity: CapacitySearch; loads: number[]; phases: string[] } {
  const capacity = new CapacitySearch({ unit: 'vus', start: 10, holdMs: 30_000, ...options })
  const loads: number[] = []
  const phases: string[] = []
  for (let step = capacity.next(); step.phase !== 'done'; step = capacity.next()) {
    loads.push(step.load)
    phases.push(step.phase)
    capacity.observe(system(step.load, step.holdMs, step.phase))
    expect(loads.length).toBeLessThan(200)
  }
  return { capacity, loads, phases }
}

const late: FailureReason = { class: 'latency', text: 'p(95)<500: 800' }

/** Windows that fail with a probability, independently. */
function windows(
  failing: (window: number) => boolean,
  reason: FailureReason = late,
  count = WINDOWS,
): LoadWindow[] {
  return Array.from({ length: count }, (_, i) =>
    failing(i) ? { ok: false, reasons: [reason] } : { ok: true, reasons: [] },
  )
}

const seen = (load: number, of: LoadWindow[], more: Partial<HoldObservation> = {}) => ({
  windows: of,
  p50: 20,
  p95: 40,
  throughput: load,
  offered: load,
  generatorOk: true,
  ...more,
})

/** Fails every window above a load. */
const cliff =
  (limit: number, reason?: FailureReason): System =>
  (load) =>
    seen(
      load,
      windows(() => load > limit, reason),
    )

/** M/M/c: the 95th percentile rises near the limit, and every window's is measured with noise. */
function queue(limit: number, seed: number): { system: System; capacity: number } {
  const random = randomOf(seed)
  const p95 = (load: number): number => (load >= limit ? Infinity : 30 / (1 - load / limit))
  const system: System = (load) => {
    const at = p95(load)
    const own = windows(() => at * Math.exp(0.03 * random.normal()) > 500)
    return seen(load, own, {
      p50: Math.min(at, 1e4) / 3,
      p95: at,
      throughput: Math.min(load, limit),
    })
  }
  return { system, capacity: limit * (1 - 30 / 500) }
}

describe('finds the limit', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])('of a queue with noise, seed %i', (seed) => {
    const limit = 40 + randomOf(seed).uniform() * 3000
    const { system, capacity } = queue(limit, seed)
    const { capacity: found, loads } = search(system, { precision: 0.03, unit: 'rate' })
    const { outcome, maxSustainable, firstFailing } = found.result()
    expect(outcome).toBe('limit')
    expect(maxSustainable! / capacity).toBeGreaterThan(0.95)
    expect(maxSustainable! / capacity).toBeLessThan(1.05)
    expect(firstFailing).toBeGreaterThan(maxSustainable!)
    expect(loads.length).toBeLessThan(45)
  })

  test.each([
    [10, 0.1, 9, 10],
    [11, 0.1, 10, 11],
    [412, 0.1, 376, 412],
    [412, 0.03, 400, 412],
    [1, 0.1, 1, 1],
    [3, 0.1, 3, 3],
    [99_999, 0.03, 97_000, 99_999],
  ])('of a cliff at %i with a precision of %d', (limit, precision, low, high) => {
    const { capacity } = search(cliff(limit), { precision })
    const { maxSustainable, firstFailing, confirmedAt } = capacity.result()
    expect(maxSustainable).toBeGreaterThanOrEqual(low)
    expect(maxSustainable).toBeLessThanOrEqual(high)
    expect(firstFailing).toBeGreaterThan(limit)
    expect(confirmedAt).toBeLessThanOrEqual(maxSustainable!)
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('though one hold in ten lies, seed %i', (seed) => {
    const random = randomOf(seed)
    const { capacity } = search((load) => {
      const lies = random.uniform() < 0.1
      return seen(
        load,
        windows(() => load > 300 !== lies),
      )
    })
    const { maxSustainable } = capacity.result()
    expect(maxSustainable).toBeGreaterThan(200)
    expect(maxSustainable).toBeLessThanOrEqual(330)
  })

  test('of a backlog that grows too slowly for a hold to see: the soak does', () => {
    // Windows fail once 200 wait; a load 10 % above 100/s needs 20 s for that, one 2 % above 100 s.
    let backlog = 0
    const system: System = (load, ms, phase) => {
      if (phase === 'cooldown') backlog = 0
      const own = windows((i) => {
        backlog = Math.max(0, backlog + ((load - 100) * ms) / 1000 / WINDOWS)
        return i >= 0 && backlog > 200
      })
      const result = seen(load, own, { throughput: Math.min(100, load) })
      backlog = 0
      return result
    }
    const { capacity } = search(system, { unit: 'rate', holdMs: 3000, precision: 0.03 })
    const { maxSustainable, firstFailing, notes, outcome } = capacity.result()
    expect(outcome).toBe('limit')
    expect(maxSustainable).toBeGreaterThan(95)
    expect(maxSustainable).toBeLessThan(115)
    expect(firstFailing! / maxSustainable!).toBeLessThan(1.06)
    expect(notes.join()).toContain('not for a soak')
  })
})

describe('ends', () => {
  test('at the maximum, with no limit found', () => {
    const { capacity, loads } = search(cliff(1e9), { max: 100 })
    const { outcome, maxSustainable, firstFailing, summary } = capacity.result()
    expect([outcome, maxSustainable, firstFailing]).toEqual(['no-limit', 100, null])
    expect(loads).toEqual([10, 20, 40, 80, 100, 100])
    expect(summary).toBe('No limit found up to 100 VUs, confirmed by a soak.')
  })

  test('when the generator gives out first', () => {
    const { capacity } = search(
      (load) => ({ ...cliff(1e9)(load, 0, ''), generatorOk: load <= 700 }),
      { start: 100 },
    )
    const { outcome, failure, firstFailing, maxSustainable, summary } = capacity.result()
    expect([outcome, failure]).toEqual(['generator', 'generator'])
    expect(maxSustainable).toBeLessThanOrEqual(700)
    expect(firstFailing).toBeGreaterThan(700)
    expect(summary).toMatch(
      /^The generator gave out first, at \d+ VUs: the target's limit is at least/,
    )
  })

  test('unconfirmed when the generator does not keep up for a soak', () => {
    const { capacity, phases } = search((load, ms, phase) => ({
      ...cliff(412)(load, ms, phase),
      generatorOk: phase !== 'confirm',
    }))
    const { outcome, maxSustainable, confirmedAt, failure, notes } = capacity.result()
    expect([outcome, confirmedAt, failure]).toEqual(['limit', null, 'latency'])
    expect(maxSustainable).toBeGreaterThan(376)
    expect(phases.filter((phase) => phase === 'confirm')).toHaveLength(2)
    expect(notes.at(-1)).toMatch(/^The generator did not keep up for a soak at \d+ VUs/)
  })

  test('confirmed by the second soak when the first had an accident', () => {
    let soaks = 0
    const { capacity } = search((load, ms, phase) => {
      if (phase === 'confirm') soaks++
      const isAccident = phase === 'confirm' && soaks === 1
      return seen(
        load,
        windows((i) => load > 412 || (isAccident && i > 5 && i < 9)),
      )
    })
    const { confirmedAt, maxSustainable } = capacity.result()
    expect(soaks).toBe(2)
    expect(confirmedAt! / maxSustainable!).toBeCloseTo(0.95, 2)
  })

  test('below the start when that fails already', () => {
    const { capacity, loads } = search(cliff(6), { start: 50 })
    expect(capacity.result().maxSustainable).toBe(6)
    expect(loads.slice(0, 5)).toEqual([50, 0, 50, 0, 25])
  })

  test('when nothing works at all', () => {
    const { capacity } = search(cliff(0, { class: 'errors', text: 'http_req_failed rate<0.01: 1' }))
    const { outcome, maxSustainable, failure, summary } = capacity.result()
    expect([outcome, maxSustainable, failure]).toEqual(['never', null, 'errors'])
    expect(summary).toBe('It fails already at 1 VU: errors (http_req_failed rate<0.01: 1).')
  })

  test('when the target crashed and stays away', () => {
    let isDead = false
    const { capacity } = search((load) => {
      isDead ||= load > 50
      return seen(
        load,
        windows(() => isDead, { class: 'crash', text: 'connection refused' }),
      )
    })
    const { outcome, maxSustainable, firstFailing, failure, notes } = capacity.result()
    expect([outcome, maxSustainable, firstFailing, failure]).toEqual(['limit', 40, 80, 'crash'])
    expect(notes).toEqual(['After 80 VUs the target did not recover, even at 10 VUs.'])
  })

  test('when stopped', () => {
    const capacity = new CapacitySearch({ unit: 'vus', start: 10, holdMs: 1000 })
    capacity.observe(
      seen(
        10,
        windows(() => false),
      ),
    )
    capacity.stop('Interrupted.')
    expect(capacity.next().phase).toBe('done')
    expect(capacity.result().summary).toBe('Stopped early: no limit found up to 10 VUs.')
  })
})

describe('the verdict of a hold', () => {
  const verdict = (of: LoadWindow[], more: Partial<HoldObservation> = {}) => {
    const capacity = new CapacitySearch({ unit: 'vus', start: 10, holdMs: 1000 })
    capacity.observe(seen(10, of, more))
    const { verdict: passed, failure, okShare } = capacity.result().curve[0]!
    return [passed, failure, okShare]
  }
  const errors: FailureReason = { class: 'errors', text: 'http_req_failed rate<0.01: 0.4' }

  test.each<[string, LoadWindow[], unknown[]]>([
    ['all fine', windows(() => false), ['pass', null, 1]],
    ['the first quarter does not count', windows((i) => i < 3), ['pass', null, 1]],
    ['one of nine is too many', windows((i) => i === 3), ['fail', 'latency', 8 / 9]],
    ['two of thirty are not', windows((i) => i > 37, late, 40), ['pass', 'latency', 28 / 30]],
    ['nothing came back', [], ['fail', 'crash', 0]],
    [
      'the class most windows failed by',
      [...windows(() => true, late, 8), ...windows(() => true, errors, 4)],
      ['fail', 'latency', 0],
    ],
    [
      'wrong data outweighs slowness',
      [
        ...windows(() => true, late, 11),
        ...windows(() => true, { class: 'invariant', text: 'ledger: 3 rows' }, 1),
      ],
      ['fail', 'invariant', 0],
    ],
  ])('%s', (_, of, expected) => {
    expect(verdict(of)).toEqual(expected)
  })

  test('fails by the generator, whatever else is seen', () => {
    expect(
      verdict(
        windows(() => true),
        { generatorOk: false },
      ),
    ).toEqual(['fail', 'generator', 0])
  })
})

test('smaller steps when the limit is close', () => {
  const { loads } = search((load) => {
    const own = windows(() => load > 100)
    return seen(
      load,
      own.map((window) => ({ ...window, closeness: load / 100 })),
    )
  })
  expect(loads.slice(0, 5)).toEqual([10, 20, 40, 80, 120])
})

test('cools down at the baseline after a failure, until the median is back', () => {
  const capacity = new CapacitySearch({ unit: 'vus', start: 10, holdMs: 30_000 })
  capacity.observe(
    seen(
      10,
      windows(() => false),
    ),
  )
  capacity.observe(
    seen(
      20,
      windows(() => true),
    ),
  )
  expect(capacity.next()).toMatchObject({
    phase: 'cooldown',
    load: 10,
    holdMs: 60_000,
    untilP50: 22,
  })
  capacity.observe(
    seen(
      10,
      windows(() => false),
    ),
  )
  expect(capacity.next()).toMatchObject({ phase: 'bisect', load: 15, holdMs: 30_000 })
})

test('the sentence', () => {
  const { capacity } = search(cliff(412), { precision: 0.03 })
  expect(capacity.result().summary).toBe(
    'It sustains 410 VUs, confirmed by a soak at 390 VUs; at 420 VUs it fails: latency (p(95)<500: 800).',
  )
})
