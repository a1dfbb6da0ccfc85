/**
 * Systems with one known bottleneck each, simulated as customers that come by the clock with jitter: what
 * a search for the limit would see of them, and the innocent series that real services have besides.
 */
import { type Random, randomOf } from '../src/random.ts'
import type { SuspectLevel, SuspectSeries } from '../src/suspects/series.ts'

export interface Timing {
  holdMs: number
  scrapeMs: number
}

/** Holds and scrapes of the bench, and of everyday use. */
export const TIMINGS: readonly (Timing & { name: string })[] = [
  { name: 'short', holdMs: 3000, scrapeMs: 200 },
  { name: 'usual', holdMs: 30_000, scrapeMs: 15_000 },
]

/** `places` servers with one queue; a customer holds one for `holdMs`. */
export class Station {
  served = 0
  waitedSeconds = 0
  heldSeconds = 0
  readonly places: number
  readonly #holdMs: number
  readonly #freeAt: number[]
  /** Start and end of service of those not finished, in order. */
  #customers: { startMs: number; endMs: number }[] = []

  constructor(places: number, holdMs: number) {
    this.places = places
    this.#holdMs = holdMs
    this.#freeAt = Array.from({ length: places }, () => 0)
  }

  /** When the customer who comes now is done. */
  serve(nowMs: number, holdMs: number = this.#holdMs): number {
    let place = 0
    for (let i = 1; i < this.places; i++) if (this.#freeAt[i]! < this.#freeAt[place]!) place = i
    const startMs = Math.max(nowMs, this.#freeAt[place]!)
    const endMs = startMs + holdMs
    this.#freeAt[place] = endMs
    this.#customers.push({ startMs, endMs })
    return endMs
  }

  /** Counts who is done by now. */
  at(nowMs: number): { waiting: number; busy: number } {
    let waiting = 0
    let busy = 0
    const left: { startMs: number; endMs: number }[] = []
    for (const customer of this.#customers) {
      if (customer.endMs <= nowMs) {
        this.served++
        this.heldSeconds += (customer.endMs - customer.startMs) / 1000
        continue
      }
      left.push(customer)
      if (customer.startMs > nowMs) waiting++
      else busy++
    }
    this.#customers = left
    // What waits now has been waiting for all of a step of the clock.
    this.waitedSeconds += (waiting * STEP_MS) / 1000
    return { waiting, busy }
  }
}

const STEP_MS = 50
const START_MS = 1_700_000_000_000

export interface Answer {
  endMs: number
  isOk: boolean
}

/** Values a scrape finds: `name{label="x"}` -> number. */
export type Scrape = Map<string, number>

export interface System {
  /** A request that comes at a time. */
  ask(nowMs: number): Answer
  /** Called every 50 ms. */
  step(nowMs: number): void
  scrape(into: Scrape, nowMs: number): void
  /** Whether a hold was fine; left out: by latency and errors. */
  isFine?(): boolean
}

export type SystemOf = (random: Random) => System

export interface Experiment {
  levels: SuspectLevel[]
  series: SuspectSeries[]
}

const TYPES: readonly [pattern: RegExp, type: string][] = [
  [/_(total|sum|count)$/, 'counter'],
  [/./, 'gauge'],
]

/** Runs a sequence of loads (requests per second), each for a hold, after a rest of two holds. */
export function experiment(
  build: SystemOf,
  loads: readonly number[],
  { holdMs, scrapeMs }: Timing,
  options: { seed: number; limitMs: number; restHolds?: number },
): Experiment {
  const random = randomOf(options.seed)
  const system = build(random)
  const service = new Service(system, random)
  const series = new Map<string, { t: number[]; v: number[] }>()
  const levels: SuspectLevel[] = []
  let nowMs = START_MS
  let nextScrapeMs = nowMs
  const run = (load: number, ms: number): void => {
    const untilMs = nowMs + ms
    for (; nowMs < untilMs; nowMs += STEP_MS) {
      service.step(nowMs, load)
      if (nowMs < nextScrapeMs) continue
      nextScrapeMs += scrapeMs
      for (const [name, value] of service.scrape(nowMs)) {
        let one = series.get(name)
        if (one === undefined) series.set(name, (one = { t: [], v: [] }))
        one.t.push(nowMs)
        one.v.push(value)
      }
    }
  }
  run(0, (options.restHolds ?? 2) * holdMs)
  for (const load of loads) {
    const startMs = nowMs
    service.reset()
    run(load, holdMs)
    const seen = service.seen()
    const isOk =
      system.isFine?.() ?? (seen.p95 <= options.limitMs && seen.errors <= 0.01 * seen.asked)
    const seconds = holdMs / 1000
    levels.push({
      load,
      startMs,
      endMs: nowMs,
      offered: load,
      throughput: seen.done / seconds,
      p95: seen.p95,
      isOk,
    })
    if (!isOk) run(loads[0]!, holdMs)
  }
  return {
    levels,
    series: [...series].map(([name, { t, v }]) => {
      const labels = labelsOf(name)
      const type = TYPES.find(([pattern]) => pattern.test(labels.__name__!))![1]
      return { labels, type, t, v }
    }),
  }
}

function labelsOf(text: string): Record<string, string> {
  const [name, rest = ''] = text.split('{')
  const labels: Record<string, string> = { __name__: name!, job: 'app', instance: 'app:80' }
  for (const [, key, value] of rest.matchAll(/(\w+)="([^"]*)"/g)) labels[key!] = value!
  return labels
}

interface Pending {
  startMs: number
  endMs: number
  isOk: boolean
}

/** The service in front of the system: its own requests, and series that have nothing to do with it. */
class Service {
  readonly #system: System
  readonly #random: Random
  readonly #thumbnails = new Station(16, 25)
  #due = 0
  #pending: Pending[] = []
  #asked = 0
  #durations: number[] = []
  #errors = 0
  readonly #codes = new Map([
    ['200', 0],
    ['429', 0],
  ])
  #count = 0
  #sum = 0
  #inFlight = 0
  #cache = 0
  #bytes = 0
  #auth = 0
  #cpu = 0

  constructor(system: System, random: Random) {
    this.#system = system
    this.#random = random
  }

  step(nowMs: number, load: number): void {
    this.#due += ((load * STEP_MS) / 1000) * (1 + 0.1 * this.#random.normal())
    const coming: number[] = []
    for (; this.#due >= 1; this.#due--) coming.push(nowMs + this.#random.uniform() * STEP_MS)
    for (const atMs of coming.toSorted((a, b) => a - b)) {
      const { endMs, isOk } = this.#system.ask(atMs)
      this.#pending.push({ startMs: atMs, endMs, isOk })
      this.#asked++
      this.#cache++
      this.#bytes += 600 + this.#random.uniform() * 200
      this.#auth += 0.001 + 0.002 * this.#random.uniform()
      this.#cpu += 0.001 * (1 + 0.2 * this.#random.uniform())
      this.#thumbnails.serve(atMs)
    }
    this.#cpu += 0.0005
    const left: Pending[] = []
    for (const one of this.#pending) {
      if (one.endMs > nowMs) {
        left.push(one)
        continue
      }
      this.#durations.push(one.endMs - one.startMs)
      this.#count++
      this.#sum += (one.endMs - one.startMs) / 1000
      const code = one.isOk ? '200' : '429'
      this.#codes.set(code, this.#codes.get(code)! + 1)
      if (!one.isOk) this.#errors++
    }
    this.#pending = left
    this.#inFlight = left.length
    this.#system.step(nowMs)
  }

  reset(): void {
    this.#asked = 0
    this.#errors = 0
    this.#durations = []
  }

  seen(): { done: number; asked: number; errors: number; p95: number } {
    const sorted = this.#durations.toSorted((a, b) => a - b)
    return {
      done: sorted.length,
      asked: this.#asked,
      errors: this.#errors,
      p95: sorted[Math.floor(sorted.length * 0.95)] ?? NaN,
    }
  }

  scrape(nowMs: number): Scrape {
    const sinceMs = nowMs - START_MS
    const into: Scrape = new Map([
      ['http_request_duration_seconds_sum', this.#sum],
      ['http_request_duration_seconds_count', this.#count],
      ['http_requests_in_flight', this.#inFlight],
      ['session_cache_requests_total{result="hit"}', this.#cache],
      ['http_response_bytes_total', this.#bytes],
      ['auth_check_duration_seconds_sum', this.#auth],
      ['auth_check_duration_seconds_count', this.#cache],
      ['thumbnail_pool_in_use', this.#thumbnails.at(nowMs).busy],
      ['thumbnail_pool_size', 16],
      ['mail_outbox_length', Math.floor((sinceMs % 2000) / 100)],
      ['disk_free_bytes', 4e10 - sinceMs * 100],
      ['config_reload_age_seconds', sinceMs / 1000],
      ['process_cpu_seconds_total', this.#cpu],
      ['process_resident_memory_bytes', 6e7 + 5e6 * this.#random.uniform()],
      ['nodejs_heap_size_used_bytes', 2e7 + 1e7 * this.#random.uniform()],
      ['nodejs_eventloop_lag_p99_seconds', 0.011 + 0.002 * this.#random.uniform()],
      ['process_open_fds', 25 + Math.min(600, this.#inFlight)],
      ['process_max_fds', 1_048_576],
      ['build_info{version="1.2.3"}', 1],
      ['up', 1],
    ])
    for (const [code, count] of this.#codes)
      if (count > 0) into.set(`http_requests_total{route="/",code="${code}"}`, count)
    this.#system.scrape(into, nowMs)
    return into
  }
}
