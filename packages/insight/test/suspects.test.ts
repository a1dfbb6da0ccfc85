import { describe, expect, test } from 'vitest'
import { findSuspects, type Suspect } from '../src/suspects/suspects.ts'
import { type Experiment, Station, type SystemOf, TIMINGS, experiment } from './systems.ts'

/** One worker, 8 ms an order: 125/s. */
const queue: SystemOf = () => {
  const orders = new Station(1, 8)
  return {
    ask: (nowMs) => ({ endMs: orders.serve(nowMs) + 2, isOk: true }),
    step: () => {},
    scrape(into, nowMs) {
      into.set('order_queue_depth', orders.at(nowMs).waiting)
      into.set('orders_processed_total', orders.served)
    },
  }
}

/** Five connections for 40 ms each: 125/s. */
const pool: SystemOf = () => {
  const connections = new Station(5, 40)
  let state = { waiting: 0, busy: 0 }
  return {
    ask: (nowMs) => ({ endMs: connections.serve(nowMs), isOk: true }),
    step: (nowMs) => void (state = connections.at(nowMs)),
    scrape(into) {
      into.set('db_in_use_conns', state.busy)
      into.set('db_max_open_conns', 5)
      into.set('db_waiting', state.waiting)
      into.set('db_wait_seconds_total', connections.waitedSeconds)
      into.set('db_queries_total', connections.served * 2)
    },
  }
}

/** 20 ms, then 8 ms under a lock. */
const lock: SystemOf = () => {
  const account = new Station(1, 8)
  let state = { waiting: 0, busy: 0 }
  return {
    ask: (nowMs) => ({ endMs: account.serve(nowMs + 20), isOk: true }),
    step: (nowMs) => void (state = account.at(nowMs)),
    scrape(into) {
      into.set('account_lock_waiters', state.waiting)
      into.set('account_lock_wait_seconds_total', account.waitedSeconds)
      into.set('account_lock_held_seconds_total', account.heldSeconds)
      into.set('ledger_entries_total', account.served)
    },
  }
}

/** 10 ms of computing per request: everything else of the process waits for it, too. */
const cpu: SystemOf = (random) => {
  const core = new Station(1, 10)
  const thumbnails = new Station(16, 25)
  let state = { waiting: 0, busy: 0 }
  return {
    ask(nowMs) {
      const endMs = core.serve(nowMs)
      thumbnails.serve(nowMs, 25 + (endMs - nowMs))
      return { endMs, isOk: true }
    },
    step: (nowMs) => void (state = core.at(nowMs)),
    scrape(into, nowMs) {
      into.set('process_cpu_seconds_total', core.heldSeconds * (0.98 + 0.01 * random.uniform()))
      into.set('nodejs_eventloop_lag_p99_seconds', 0.011 + 0.01 * state.waiting)
      into.set('thumbnail_pool_in_use', thumbnails.at(nowMs).busy)
      into.set('pages_rendered_total', core.served)
    },
  }
}

/** The same on a core that others want, too: what is done takes half of what it waits. */
const sharedCpu: SystemOf = (random) => {
  const whole = cpu(random)
  return {
    ...whole,
    scrape(into, nowMs) {
      whole.scrape(into, nowMs)
      into.set('process_cpu_seconds_total', into.get('process_cpu_seconds_total')! / 2)
      into.delete('nodejs_eventloop_lag_p99_seconds')
      into.delete('thumbnail_pool_in_use')
    },
  }
}

/** Another process with two workers, 20 ms each, behind a client and its pool of 50. */
const dependency: SystemOf = () => {
  const workers = new Station(2, 20)
  let state = { waiting: 0, busy: 0 }
  let seconds = 0
  let calls = 0
  const pending: { startMs: number; endMs: number }[] = []
  return {
    ask(nowMs) {
      const endMs = workers.serve(nowMs)
      pending.push({ startMs: nowMs, endMs })
      return { endMs: endMs + 3, isOk: true }
    },
    step(nowMs) {
      state = workers.at(nowMs)
      while (pending.length > 0 && pending[0]!.endMs <= nowMs) {
        const { startMs, endMs } = pending.shift()!
        seconds += (endMs - startMs) / 1000
        calls++
      }
    },
    scrape(into) {
      const there = 'job="inventory",instance="inventory:80"'
      into.set(`inventory_workers_busy{${there}}`, state.busy)
      into.set(`inventory_workers_max{${there}}`, 2)
      into.set(`inventory_backlog{${there}}`, state.waiting)
      into.set(`http_requests_in_flight{${there}}`, state.waiting + state.busy)
      into.set('inventory_client_pending', pending.length)
      into.set('http_client_pool_in_use', Math.min(50, pending.length))
      into.set('http_client_pool_max', 50)
      into.set('inventory_client_duration_seconds_sum', seconds)
      into.set('inventory_client_duration_seconds_count', calls)
    },
  }
}

/** The same, but all that is seen of it is how long calls take. */
const unseenDependency: SystemOf = (random) => {
  const whole = dependency(random)
  return {
    ...whole,
    scrape(into, nowMs) {
      const all = new Map<string, number>()
      whole.scrape(all, nowMs)
      for (const [name, value] of all)
        if (name.startsWith('inventory_client_duration')) into.set(name, value)
    },
  }
}

/** 120 a second, then 429. */
const rateLimit: SystemOf = () => {
  let tokens = 6
  let lastMs = 0
  let rejected = 0
  const refill = (nowMs: number): void => {
    tokens = Math.min(6, tokens + (Math.max(0, nowMs - lastMs) / 1000) * 120)
    lastMs = Math.max(lastMs, nowMs)
  }
  return {
    ask(nowMs) {
      refill(nowMs)
      const isOk = tokens >= 1
      if (isOk) tokens--
      else rejected++
      return { endMs: nowMs + (isOk ? 12 : 1), isOk }
    },
    step: refill,
    scrape(into) {
      into.set('ratelimit_rejected_total{limit="per_client"}', rejected)
      into.set('ratelimit_tokens_available', tokens)
    },
  }
}

/** Answers at once; a worker handles 150 events a second, in batches. */
const eventWorker: SystemOf = () => {
  const worker = new Station(1, 1000 / 150)
  let published = 0
  let lag = 0
  return {
    ask(nowMs) {
      published++
      worker.serve(nowMs)
      return { endMs: nowMs + 4, isOk: true }
    },
    step(nowMs) {
      const { waiting, busy } = worker.at(nowMs)
      lag = waiting + busy
    },
    scrape(into) {
      into.set('events_published_total', published)
      into.set(
        'vcg_stream_lag_events{job="stats-worker",instance="w:1",consumer="stats-worker"}',
        lag,
      )
      into.set(
        'vcg_stream_lag_events{job="lobby-worker",instance="w:2",consumer="lobby-worker"}',
        published % 7,
      )
      into.set(
        'stats_worker_events_processed_total{job="stats-worker",instance="w:1"}',
        worker.served,
      )
    },
    isFine: () => lag < 12,
  }
}

const SEARCH = [20, 40, 80, 160, 120, 140, 130, 125, 125, 115]

/** Loads around a capacity, as a search would try them: up, then from both sides. */
const around = (capacity: number): number[] =>
  SEARCH.map((load) => Math.round((load * capacity) / 125))

interface Case {
  name: string
  system: SystemOf
  capacity: number
  limitMs: number
  truth: RegExp
  kind: RegExp
  sentence: RegExp
}

const CASES: readonly Case[] = [
  {
    name: 'a queue',
    system: queue,
    capacity: 125,
    limitMs: 60,
    truth: /^order_queue/,
    kind: /queue/,
    sentence:
      /^app: order queue depth grew from [\d.]+ to [\d,.]+ from 1\d\d iterations\/s on; it handles at most 12[3-7]\/s$/,
  },
  {
    name: 'a pool',
    system: pool,
    capacity: 125,
    limitMs: 90,
    truth: /^db_/,
    kind: /utilisation|queue/,
    sentence: /^app: db/,
  },
  {
    name: 'a lock',
    system: lock,
    capacity: 125,
    limitMs: 60,
    truth: /^account_lock/,
    kind: /utilisation|queue/,
    sentence: /^app: account lock held took \d+ % of the time, then (9\d|100) % from 1\d\d/,
  },
  {
    name: 'computing',
    system: cpu,
    capacity: 100,
    limitMs: 90,
    truth: /^(process_cpu_seconds|nodejs_eventloop)/,
    kind: /utilisation/,
    sentence: /^app: CPU went from \d+ % to (9\d|100|101) % of one core/,
  },
  {
    name: 'computing on a core that others want',
    system: sharedCpu,
    capacity: 100,
    limitMs: 90,
    truth: /^process_cpu_seconds/,
    kind: /utilisation/,
    sentence:
      /^app: CPU went from \d+ % to (49|5\d) % of one core from .*it is full at (1[89]\d|2[01]\d)\/s$/,
  },
  {
    name: 'a dependency',
    system: dependency,
    capacity: 100,
    limitMs: 90,
    truth: /^inventory/,
    kind: /utilisation|queue/,
    sentence: /^(inventory: (workers busy|backlog)|app: inventory client pending) /,
  },
  {
    name: 'a dependency that shows nothing',
    system: unseenDependency,
    capacity: 100,
    limitMs: 90,
    truth: /^inventory_client_duration/,
    kind: /contention/,
    sentence: /^app: inventory client duration grew from 2\d ms to/,
  },
  {
    name: 'a rate limit',
    system: rateLimit,
    capacity: 120,
    limitMs: 60,
    truth: /^(ratelimit|http_requests_total)/,
    kind: /errors|utilisation/,
    sentence: /^app: (ratelimit|http requests)/,
  },
  {
    name: 'an event worker',
    system: eventWorker,
    capacity: 150,
    limitMs: 60,
    truth: /^(vcg_stream_lag|stats_worker)/,
    kind: /queue/,
    sentence: /^stats-worker: stream lag events grew from .* it handles at most 1(49|5\d)\/s$/,
  },
]

/** Grows by 20 KB and a listener with each request; from 600 on each takes 0.1 ms more. */
const leaking: SystemOf = (random) => {
  let listeners = 0
  return {
    ask(nowMs) {
      listeners++
      return { endMs: nowMs + 5 + Math.max(0, listeners - 600) * 0.1, isOk: true }
    },
    step: () => {},
    scrape(into) {
      into.set('event_listeners', listeners)
      into.set('process_resident_memory_bytes', 6e7 + listeners * 20_000 + 4e6 * random.uniform())
      into.set('sessions_open', 40 + Math.floor(4 * random.uniform()))
    },
  }
}

const rankOf = (found: readonly Suspect[], truth: RegExp): number =>
  found.findIndex(({ metric }) => truth.test(metric)) + 1

const seen = ({ levels, series }: Experiment): Suspect[] =>
  findSuspects({ levels, series, unit: 'rate' })

describe.each(TIMINGS)('with $name holds, the first suspect is', (timing) => {
  describe.each([1, 2, 3])('seed %i', (seed) => {
    test.each(CASES)('$name', ({ system, capacity, limitMs, truth, kind, sentence }) => {
      const found = seen(experiment(system, around(capacity), timing, { seed, limitMs }))
      expect(rankOf(found, truth), JSON.stringify(found.slice(0, 3))).toBe(1)
      expect(found[0]!.kind).toMatch(kind)
      expect(found[0]!.departedAt! / capacity).toBeGreaterThan(0.6)
      expect(found[0]!.departedAt! / capacity).toBeLessThan(1.35)
      expect(found[0]!.sentence).toMatch(sentence)
    })
  })
})

describe.each(TIMINGS)('with $name holds', (timing) => {
  // An ordinary run under the same load, cut into ten windows.
  test.each([1, 2, 3])('a leak is the first suspect, seed %i', (seed) => {
    const scale = 3000 / timing.holdMs
    const loads = Array.from({ length: 10 }, () => 60 * scale)
    const found = seen(experiment(leaking, loads, timing, { seed, limitMs: 60 }))
    expect(found[0]!.metric, JSON.stringify(found)).toMatch(/^(event_listeners|process_resident)/)
    expect(found[0]!).toMatchObject({ kind: 'leak', departedAt: null })
    expect(found[0]!.sentence).toMatch(
      /^app: event listeners only ever grew, from \d+ to [12],\d\d\d in \d+ s, and did not fall back$/,
    )
    expect(found.map(({ metric }) => metric)).not.toContain('config_reload_age_seconds')
  })

  test.each([1, 2, 3])('a sound system under any load has no suspect, seed %i', (seed) => {
    const sound: SystemOf = () => ({
      ask: (nowMs) => ({ endMs: nowMs + 5, isOk: true }),
      step: () => {},
      scrape: () => {},
    })
    for (const loads of [SEARCH, Array.from({ length: 10 }, () => 60)])
      expect(seen(experiment(sound, loads, timing, { seed, limitMs: 60 }))).toEqual([])
  })

  test.each([1, 2, 3])('a ramp breaks where its queue grows, seed %i', (seed) => {
    const ramp = Array.from({ length: 12 }, (_, i) => 15 * (i + 1))
    const found = seen(experiment(queue, ramp, timing, { seed, limitMs: 60 }))
    expect(rankOf(found, /^order_queue/), JSON.stringify(found)).toBe(1)
  })
})

test('too little to say anything', () => {
  expect(findSuspects({ levels: [], series: [], unit: 'vus' })).toEqual([])
})
