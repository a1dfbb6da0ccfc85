/**
 * What all threads of a run share, in one SharedArrayBuffer: how far each scenario is, for
 * `k6/execution`, progress and the executors, which draw iterations, ticks and VU ids from it.
 *
 *   Float64 × 1  when the first scenario started
 *   Int64   × 1  when the next request may begin, if the rate of requests is limited
 *   Float64 × n  when each worker's event loop last turned
 *   Float64 × n  per controlled scenario: its targets, as pairs of when and how many
 *   Int32   × n  counters of the run, then of each scenario, then of each scenario's workers
 */
import type { Scenario } from './scenario.ts'

const RUN_COUNTERS = [
  'completed',
  'interrupted',
  'activeVus',
  'initializedVus',
  /** The highest id of a VU so far. */
  'lastVuId',
  /** VUs that may still be made while the run goes on. */
  'unplannedVus',
] as const
const SCENARIO_COUNTERS = [
  'started',
  'completed',
  'activeVus',
  'dropped',
  /** VUs that hold a place in it, running or waiting for a tick. */
  'joinedVus',
  /** VUs that may still be added to it. */
  'unplannedVus',
  /** The worker, from 1, that makes a VU for it right now; 0: none. */
  'makingVu',
  /** 1: it was said that there are not enough VUs. */
  'hasWarned',
  /** How many targets a controlled scenario has been given. */
  'targets',
] as const
const WORKER_COUNTERS = [
  /** Ticks of this worker's lane that were started or dropped. */
  'ticks',
  /** VUs that wait for a tick. */
  'free',
] as const
export type RunCounter = (typeof RUN_COUNTERS)[number]
export type ScenarioCounter = (typeof SCENARIO_COUNTERS)[number]
export type WorkerCounter = (typeof WORKER_COUNTERS)[number]

/** Worker threads of one run. */
export const MAX_WORKERS = 64
/** Targets that a controlled scenario can be given in one run. */
const MAX_TARGETS = 4096
/** ms from giving a target to its taking effect: until then every worker has seen it. */
const TARGET_LEAD_MS = 50

/** From `atMs` (from the start of the scenario) on, `value` VUs or iterations per second; NaN: it ends. */
export interface Target {
  atMs: number
  value: number
}

export class RunState {
  readonly buffer: SharedArrayBuffer
  readonly scenarios: readonly Scenario[]
  readonly #counters: Int32Array
  /** Start of the first scenario in ms since the epoch by the monotonic clock; 0: not yet. */
  readonly #clock: Float64Array
  /** µs since the epoch by the monotonic clock. */
  readonly #nextRequest: BigInt64Array
  /** Monotonic ms per worker; 0: it does not run yet. */
  readonly #beats: Float64Array
  /** Per scenario; empty for those that are not controlled. */
  readonly #targets: Float64Array[]

  constructor(scenarios: readonly Scenario[], buffer?: SharedArrayBuffer) {
    const targets = scenarios.map((one) => (isControlled(one) ? 2 * MAX_TARGETS : 0))
    const doubles = 2 + MAX_WORKERS + targets.reduce((sum, size) => sum + size, 0)
    const counters =
      RUN_COUNTERS.length +
      scenarios.length * (SCENARIO_COUNTERS.length + MAX_WORKERS * WORKER_COUNTERS.length)
    this.scenarios = scenarios
    this.buffer = buffer ?? new SharedArrayBuffer(8 * doubles + 4 * counters)
    this.#clock = new Float64Array(this.buffer, 0, 1)
    this.#nextRequest = new BigInt64Array(this.buffer, 8, 1)
    this.#beats = new Float64Array(this.buffer, 16, MAX_WORKERS)
    let at = 16 + 8 * MAX_WORKERS
    this.#targets = targets.map((size) => {
      const array = new Float64Array(this.buffer, at, size)
      at += 8 * size
      return array
    })
    this.#counters = new Int32Array(this.buffer, 8 * doubles, counters)
    if (buffer === undefined) {
      scenarios.forEach((one, i) => {
        if (isControlled(one))
          this.#pushTarget(i, 0, one.executor === 'controlled-vus' ? one.vus : one.rate)
      })
    }
  }

  get startMs(): number {
    return this.#clock[0]!
  }

  set startMs(value: number) {
    this.#clock[0] = value
  }

  /** A worker says that its event loop turns. */
  beat(worker: number): void {
    this.#beats[worker] = monotonicMs()
  }

  /** ms since a worker's event loop turned last; 0 before it runs. */
  silenceMs(worker: number): number {
    const last = this.#beats[worker]!
    return last === 0 ? 0 : monotonicMs() - last
  }

  /** Takes the next place in a stream of at most `perSec` requests of all threads; ms to wait for it. */
  reserveRequest(perSec: number): number {
    const interval = BigInt(Math.round(1e6 / perSec))
    const now = BigInt(Math.round(monotonicMs() * 1000))
    for (;;) {
      const next = Atomics.load(this.#nextRequest, 0)
      const mine = next > now ? next : now
      if (Atomics.compareExchange(this.#nextRequest, 0, next, mine + interval) === next)
        return Number(mine - now) / 1000
    }
  }

  /** Adds to a counter; the value before. */
  add(counter: RunCounter, count = 1): number {
    return Atomics.add(this.#counters, RUN_COUNTERS.indexOf(counter), count)
  }

  get(counter: RunCounter): number {
    return Atomics.load(this.#counters, RUN_COUNTERS.indexOf(counter))
  }

  /** Takes one of a counter that is above 0; false: there is none left. */
  take(counter: RunCounter): boolean {
    return takeOne(this.#counters, RUN_COUNTERS.indexOf(counter))
  }

  addOf(scenario: number, counter: ScenarioCounter, count = 1): number {
    return Atomics.add(this.#counters, scenarioSlot(scenario, counter), count)
  }

  getOf(scenario: number, counter: ScenarioCounter): number {
    return Atomics.load(this.#counters, scenarioSlot(scenario, counter))
  }

  takeOf(scenario: number, counter: ScenarioCounter): boolean {
    return takeOne(this.#counters, scenarioSlot(scenario, counter))
  }

  /** Sets a counter to `to` if it is `from`; whether it was. */
  swapOf(scenario: number, counter: ScenarioCounter, from: number, to: number): boolean {
    return (
      Atomics.compareExchange(this.#counters, scenarioSlot(scenario, counter), from, to) === from
    )
  }

  addOfWorker(scenario: number, worker: number, counter: WorkerCounter, count = 1): number {
    return Atomics.add(this.#counters, this.#workerSlot(scenario, worker, counter), count)
  }

  getOfWorker(scenario: number, worker: number, counter: WorkerCounter): number {
    return Atomics.load(this.#counters, this.#workerSlot(scenario, worker, counter))
  }

  /** Raises a worker's counter from `from` by one; false: somebody else was first. */
  claimOfWorker(scenario: number, worker: number, counter: WorkerCounter, from: number): boolean {
    const slot = this.#workerSlot(scenario, worker, counter)
    return Atomics.compareExchange(this.#counters, slot, from, from + 1) === from
  }

  #workerSlot(scenario: number, worker: number, counter: WorkerCounter): number {
    return (
      RUN_COUNTERS.length +
      this.scenarios.length * SCENARIO_COUNTERS.length +
      (scenario * MAX_WORKERS + worker) * WORKER_COUNTERS.length +
      WORKER_COUNTERS.indexOf(counter)
    )
  }

  /**
   * Main thread: from now on `value` looping VUs (controlled-vus) or iterations per second
   * (controlled-rate). Takes effect within about 50 ms; what runs beyond a lower number of VUs gets the
   * scenario's gracefulRampDown.
   */
  setTarget(scenario: number, value: number): void {
    const origin = this.startMs + this.scenarios[scenario]!.startTimeMs
    const soon = this.startMs === 0 ? 0 : monotonicMs() - origin + TARGET_LEAD_MS
    const last = this.targetsOf(scenario).at(-1)
    this.#pushTarget(scenario, Math.max(0, soon, last === undefined ? 0 : last.atMs), value)
  }

  /** Main thread: a controlled scenario starts nothing more; what runs gets its gracefulStop. */
  endControlled(scenario: number): void {
    this.setTarget(scenario, NaN)
  }

  #pushTarget(scenario: number, atMs: number, value: number): void {
    const count = this.getOf(scenario, 'targets')
    if (count >= MAX_TARGETS)
      throw new Error(`BUG: a controlled scenario can be given ${MAX_TARGETS} targets`)
    this.#targets[scenario]![2 * count] = atMs
    this.#targets[scenario]![2 * count + 1] = value
    this.addOf(scenario, 'targets')
  }

  /** Targets of a controlled scenario from the `from`-th on, in the order of their times. */
  targetsOf(scenario: number, from = 0): Target[] {
    const count = this.getOf(scenario, 'targets')
    const pairs = this.#targets[scenario]!
    return Array.from({ length: Math.max(0, count - from) }, (_, i) => ({
      atMs: pairs[2 * (from + i)]!,
      value: pairs[2 * (from + i) + 1]!,
    }))
  }
}

/** Whether the main thread may change what a scenario does. */
export function isControlled(
  scenario: Scenario,
): scenario is Extract<Scenario, { executor: 'controlled-vus' | 'controlled-rate' }> {
  return scenario.executor === 'controlled-vus' || scenario.executor === 'controlled-rate'
}

function scenarioSlot(scenario: number, counter: ScenarioCounter): number {
  return (
    RUN_COUNTERS.length + scenario * SCENARIO_COUNTERS.length + SCENARIO_COUNTERS.indexOf(counter)
  )
}

function takeOne(counters: Int32Array, slot: number): boolean {
  for (;;) {
    const value = Atomics.load(counters, slot)
    if (value <= 0) return false
    if (Atomics.compareExchange(counters, slot, value, value - 1) === value) return true
  }
}

/** Now in ms since the epoch, by a clock that never jumps and that all threads share. */
export function monotonicMs(): number {
  return TIME_ORIGIN_MS + performance.now()
}

/** Read once: the getter is slow, and the value never changes. */
const TIME_ORIGIN_MS = performance.timeOrigin
