/**
 * Runs one worker's share of all scenarios: takes VUs from its pool, starts and stops them by the plan,
 * and counts.
 */
import { CookieJar } from '../http/cookies.ts'
import type { Vu } from '../vu/vu.ts'
import type { VuEnvironment } from '../vu/environment.ts'
import { type Interval, type Share, handleIntervals, regularDurationMs } from './plan.ts'
import { type RunState, monotonicMs } from './run-state.ts'
import type { Scenario } from './scenario.ts'

/** Longest that iterations without any waiting may keep the event loop to themselves, ms. */
const MAX_TURN_MS = 10

type Callable = (...args: unknown[]) => unknown

export class Runner {
  readonly #environment: VuEnvironment
  readonly #state: RunState
  readonly #pool: VuPool
  readonly #shares: readonly Share[]
  readonly #setupData: string | undefined
  /** Each VU's own copy of what setup returned. */
  readonly #data = new Map<Vu, unknown>()
  readonly #running = new Set<Vu>()
  readonly #wakeUps = new Set<() => void>()
  #isStopped = false
  #lastTurnMs = 0

  constructor(
    environment: VuEnvironment,
    vus: readonly Vu[],
    shares: readonly Share[],
    setupData: string | undefined,
  ) {
    this.#environment = environment
    this.#state = environment.state
    this.#pool = new VuPool(vus)
    this.#shares = shares
    this.#setupData = setupData
  }

  /** Resolves when nothing runs any more. */
  async run(): Promise<void> {
    await Promise.all(
      this.#shares.flatMap(({ scenario, handles }) => {
        const intervals = handleIntervals(this.#state.scenarios[scenario]!)
        return handles.map((handle) => this.#runHandle(scenario, intervals[handle]!))
      }),
    )
  }

  /** Ends everything at once: what runs is interrupted. */
  stop(): void {
    this.#isStopped = true
    for (const wake of this.#wakeUps) wake()
    for (const vu of this.#running) vu.interrupt()
  }

  async #runHandle(index: number, intervals: readonly Interval[]): Promise<void> {
    const scenario = this.#state.scenarios[index]!
    const originMs = this.#state.startMs + scenario.startTimeMs
    for (const [i, interval] of intervals.entries()) {
      await this.#until(originMs + interval.startMs)
      if (this.#isStopped) return
      const vu = await this.#pool.take()
      const next = intervals[i + 1]
      // Ramped down and needed again before it has to be gone: it goes on.
      const isWantedAgain = next !== undefined && next.startMs <= interval.killMs
      await this.#runVu(
        vu,
        index,
        scenario,
        originMs + interval.stopMs,
        isWantedAgain ? null : originMs + interval.killMs,
      )
      this.#pool.give(vu)
    }
  }

  async #runVu(
    vu: Vu,
    index: number,
    scenario: Scenario,
    stopMs: number,
    killMs: number | null,
  ): Promise<void> {
    this.#activate(vu, index, scenario)
    const killer =
      killMs === null ? null : setTimeout(() => vu.interrupt(), Math.max(0, killMs - monotonicMs()))
    this.#state.add('activeVus')
    this.#state.addOf(index, 'activeVus')
    this.#running.add(vu)
    await this.#iterate(vu, index, scenario, stopMs)
    this.#running.delete(vu)
    this.#state.add('activeVus', -1)
    this.#state.addOf(index, 'activeVus', -1)
    if (killer !== null) clearTimeout(killer)
    vu.activation = null
  }

  #activate(vu: Vu, index: number, scenario: Scenario): void {
    const { tags } = this.#environment.samples
    vu.activation = { scenario: index, iterationInScenario: -1, iterationInTest: 0 }
    vu.groupPath = ''
    vu.setBaseTags(
      tags.of([
        ...this.#environment.options.tags,
        ['group', ''],
        ...Object.entries(scenario.tags),
        ['scenario', scenario.name],
      ]),
    )
    vu.global['__ENV'] = { ...this.#environment.env, ...scenario.env }
  }

  async #iterate(vu: Vu, index: number, scenario: Scenario, stopMs: number): Promise<void> {
    const own = scenario.executor === 'per-vu-iterations' ? scenario.iterations : Infinity
    let done = 0
    while (done < own && !this.#isStopped && monotonicMs() < stopMs) {
      const number = this.#state.addOf(index, 'started')
      if (scenario.executor === 'shared-iterations' && number >= scenario.iterations) return
      done++
      const outcome = await this.#iteration(vu, index, scenario, number)
      if (outcome === 'interrupted') break
      // Other VUs and the sockets get their turn even when no iteration ever waits.
      if (performance.now() - this.#lastTurnMs > MAX_TURN_MS) {
        await new Promise((resolve) => setImmediate(resolve))
        this.#lastTurnMs = performance.now()
      }
    }
    if (scenario.executor === 'per-vu-iterations' && !this.#isStopped)
      this.#state.addOf(index, 'dropped', own - done)
  }

  async #iteration(
    vu: Vu,
    index: number,
    scenario: Scenario,
    number: number,
  ): Promise<'done' | 'interrupted'> {
    const { options } = this.#environment
    vu.activation!.iterationInScenario++
    vu.activation!.iterationInTest = number
    vu.global['__ITER'] = vu.iteration++
    if (!options.noCookiesReset && !vu.jar.isEmpty) vu.jar = new CookieJar(Date.now)
    if (vu.groupPath !== '') vu.enterGroup('')
    const start = performance.now()
    const outcome = await vu.run('iteration', vu.exports[scenario.exec] as Callable, [
      this.#dataOf(vu),
    ])
    if (outcome.kind === 'interrupted') {
      this.#state.add('interrupted')
      return 'interrupted'
    }
    if (outcome.kind === 'threw') vu.reportError(outcome.error)
    if (vu.groupPath !== '') vu.enterGroup('')
    if (options.noVUConnectionReuse) vu.client.closeIdle()
    const elapsed = performance.now() - start
    vu.sampleIteration(elapsed)
    this.#state.add('completed')
    this.#state.addOf(index, 'completed')
    if (elapsed < options.minIterationDurationMs)
      await this.#until(monotonicMs() + options.minIterationDurationMs - elapsed)
    return 'done'
  }

  #dataOf(vu: Vu): unknown {
    if (this.#setupData === undefined) return undefined
    if (!this.#data.has(vu)) this.#data.set(vu, JSON.parse(this.#setupData))
    return this.#data.get(vu)
  }

  /** Waits until `atMs`, or until the run is stopped. */
  #until(atMs: number): Promise<void> {
    const leftMs = atMs - monotonicMs()
    if (leftMs <= 0 || this.#isStopped) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#wakeUps.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, leftMs)
      this.#wakeUps.add(wake)
    })
  }
}

/** VUs that no scenario uses right now; the one that waited longest goes first. */
class VuPool {
  readonly #idle: Vu[]
  readonly #waiting: ((vu: Vu) => void)[] = []

  constructor(vus: readonly Vu[]) {
    this.#idle = [...vus]
  }

  take(): Promise<Vu> {
    const vu = this.#idle.shift()
    return vu === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(vu)
  }

  give(vu: Vu): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#idle.push(vu)
    else next(vu)
  }
}

/** ms from the start of the run until nothing may run any more. */
export function lastMomentMs(scenarios: readonly Scenario[]): number {
  return Math.max(
    0,
    ...scenarios.map((one) => one.startTimeMs + regularDurationMs(one) + one.gracefulStopMs),
  )
}
