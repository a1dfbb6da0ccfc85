/**
 * A run whose load somebody else decides on, level by level: what `--find-limit` holds on to. The seat
 * gives the steering wheel (`setLoad`) and the instruments (`counts`, `cut`).
 */
import type { ControlledRun, LimitReport, LoadController, SuspectReport } from '../api.ts'
import type { RunState } from '../executors/run-state.ts'
import type { Scenario } from '../executors/scenario.ts'
import { GATES } from '../generator/health.ts'
import { parseThresholds } from '../metrics/threshold.ts'
import { LoadMeter, type LoadWindowReading } from './meter.ts'
import { type LoadUnit, type SearchPlan, searchPlan } from './plan.ts'

/** ms between two hand-overs of samples: windows may be short. */
const FLUSH_INTERVAL_MS = 50

/** Decides on the load. */
export interface LoadDriver {
  /** What the load is counted in; null: as the script does. */
  readonly by: LoadUnit | null
  /** Highest load; null: no limit. */
  readonly max: number | null
  /** Called when the run has begun, with no load yet; the run ends when it resolves and fails when it rejects. */
  drive(seat: LoadSeat): Promise<void>
}

export class LoadSeat {
  readonly unit: LoadUnit
  /** Load that the script itself asks for. */
  readonly ownLoad: number
  readonly hasThresholds: boolean
  /** Aborted when the run ends for another reason. */
  readonly signal: AbortSignal
  /** Columns of the terminal. */
  readonly columns: number
  readonly #run: ControlledRun
  readonly #plan: SearchPlan
  readonly #meter: LoadMeter

  constructor(run: ControlledRun, plan: SearchPlan) {
    this.#run = run
    this.#plan = plan
    this.unit = plan.unit
    this.ownLoad = plan.ownLoad
    this.hasThresholds = run.thresholds.length > 0
    this.signal = run.signal
    this.columns = run.columns
    if (run.promql === undefined && run.thresholds.some(({ target }) => 'promql' in target))
      run.warn('promql(…) thresholds need a Vigie to ask: they are left out')
    this.#meter = new LoadMeter(run.engine, run.thresholds, run.promql, () => run.now())
  }

  /** From now on: VUs, or iterations per second, split among the scenarios. */
  setLoad(load: number): void {
    this.#plan.split(load).forEach((target, i) => this.#run.setTarget(i, target))
  }

  /** Of the whole run so far. */
  counts(): { started: number; dropped: number; completed: number; vus: number } {
    const { state } = this.#run
    return {
      started: sumOf(state, 'started'),
      dropped: sumOf(state, 'dropped'),
      completed: sumOf(state, 'completed'),
      vus: state.get('activeVus'),
    }
  }

  /** Why the generator itself was the limit over the last `ms`; null: it was not. */
  busy(ms: number): string | null {
    const busiest = this.#run.health(ms).threads.find(({ busy }) => busy > GATES.busy)
    if (busiest === undefined) return null
    return `the generator was ${Math.round(busiest.busy * 100)} % busy (${busiest.name})`
  }

  /** A level begins: thresholds on counts start again. */
  startHold(): void {
    this.#meter.startHold()
  }

  /** What has happened since the last call. */
  cut(): Promise<LoadWindowReading> {
    return this.#meter.cut()
  }

  /** Thresholds besides those of the script, as in its options. */
  watch(thresholds: Record<string, string[]>): void {
    for (const group of parseThresholds(Object.entries(thresholds))) this.#meter.watch(group)
  }

  /** Waits until `performance.now()` says `atMs`, or the run ends. */
  until(atMs: number): Promise<void> {
    const leftMs = atMs - performance.now()
    if (leftMs <= 0 || this.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.signal.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, leftMs)
      this.signal.addEventListener('abort', wake)
    })
  }

  /** Into the run's report. */
  publish(part: { limit?: LimitReport; suspects?: SuspectReport[] }): void {
    this.#run.publish(part)
  }

  /** A line that stays; `status` one that the next replaces. */
  say(text: string): void {
    this.#run.say(text)
  }

  status(text: string): void {
    this.#run.status(text)
  }

  warn(text: string): void {
    this.#run.warn(text)
  }
}

export class SteeredRun implements LoadController {
  readonly flushIntervalMs: number = FLUSH_INTERVAL_MS
  readonly #driver: LoadDriver
  #plan: SearchPlan | null = null

  constructor(driver: LoadDriver) {
    this.#driver = driver
  }

  plan(scenarios: readonly Scenario[]): Scenario[] {
    this.#plan = searchPlan(scenarios, this.#driver.by, this.#driver.max)
    return this.#plan.scenarios
  }

  drive(run: ControlledRun): Promise<void> {
    return this.#driver.drive(new LoadSeat(run, this.#plan!))
  }
}

function sumOf(state: RunState, counter: 'started' | 'dropped' | 'completed'): number {
  return state.scenarios.reduce((sum, _, i) => sum + state.getOf(i, counter), 0)
}
