/**
 * Counters of the run that all threads share, in one SharedArrayBuffer: how far each scenario is, for
 * `k6/execution`, progress, and the counter that shared iterations are drawn from.
 *
 *   Int32 × 4 of the run, then × 4 per scenario
 */
import type { Scenario } from './scenario.ts'

const RUN_SLOTS = 4
const SCENARIO_SLOTS = 4

export class RunState {
  readonly buffer: SharedArrayBuffer
  readonly scenarios: readonly Scenario[]
  readonly #slots: Int32Array
  /** Start of the first scenario in ms since the epoch by the monotonic clock; 0: not yet. */
  readonly #clock: Float64Array

  constructor(scenarios: readonly Scenario[], buffer?: SharedArrayBuffer) {
    const slots = RUN_SLOTS + SCENARIO_SLOTS * scenarios.length
    this.scenarios = scenarios
    this.buffer = buffer ?? new SharedArrayBuffer(8 + 4 * slots)
    this.#clock = new Float64Array(this.buffer, 0, 1)
    this.#slots = new Int32Array(this.buffer, 8, slots)
  }

  get startMs(): number {
    return this.#clock[0]!
  }

  set startMs(value: number) {
    this.#clock[0] = value
  }

  /** Adds to a counter; the value before. */
  add(counter: RunCounter, count = 1): number {
    return Atomics.add(this.#slots, RUN_COUNTERS.indexOf(counter), count)
  }

  get(counter: RunCounter): number {
    return Atomics.load(this.#slots, RUN_COUNTERS.indexOf(counter))
  }

  addOf(scenario: number, counter: ScenarioCounter, count = 1): number {
    return Atomics.add(this.#slots, slotOf(scenario, counter), count)
  }

  getOf(scenario: number, counter: ScenarioCounter): number {
    return Atomics.load(this.#slots, slotOf(scenario, counter))
  }
}

const RUN_COUNTERS = ['completed', 'interrupted', 'activeVus', 'initializedVus'] as const
const SCENARIO_COUNTERS = ['started', 'completed', 'activeVus', 'dropped'] as const
export type RunCounter = (typeof RUN_COUNTERS)[number]
export type ScenarioCounter = (typeof SCENARIO_COUNTERS)[number]

function slotOf(scenario: number, counter: ScenarioCounter): number {
  return RUN_SLOTS + scenario * SCENARIO_SLOTS + SCENARIO_COUNTERS.indexOf(counter)
}

/** Now in ms since the epoch, by a clock that never jumps and that all threads share. */
export function monotonicMs(): number {
  return TIME_ORIGIN_MS + performance.now()
}

/** Read once: the getter is slow, and the value never changes. */
const TIME_ORIGIN_MS = performance.timeOrigin
