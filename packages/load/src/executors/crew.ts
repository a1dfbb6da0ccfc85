/**
 * The VUs of one worker: who is idle, who runs, and how one iteration goes. The executors decide when.
 */
import type { ThreadMeter } from '../generator/thread-meter.ts'
import { CookieJar } from '../http/cookies.ts'
import type { LogLevel, VuEnvironment } from '../vu/environment.ts'
import type { Vu } from '../vu/vu.ts'
import { type RunState, monotonicMs } from './run-state.ts'
import { globalOf } from './stripes.ts'

/** Longest that iterations without any waiting may keep the event loop to themselves, ms. */
const MAX_TURN_MS = 10

/** Node's timers hold no more; far beyond any run. */
const MAX_TIMER_MS = 2 ** 31 - 1

type Callable = (...args: unknown[]) => unknown

export class Crew {
  readonly state: RunState
  /** Which worker this is, from 0, and how many there are. */
  readonly worker: number
  readonly workers: number
  readonly meter: ThreadMeter
  readonly #environment: VuEnvironment
  readonly #makeVu: (id: number) => Promise<Vu>
  readonly #idle: Vu[]
  readonly #waiting: ((vu: Vu) => void)[] = []
  readonly #setupData: string | undefined
  /** Each VU's own copy of what setup returned. */
  readonly #data = new Map<Vu, unknown>()
  /** Who runs, and when their last iteration ended (or since when they are there). */
  readonly #running = new Map<Vu, number>()
  readonly #wakeUps = new Set<() => void>()
  /** VUs whose iteration is over but too short; how to end its padding. */
  readonly #padding = new Map<Vu, () => void>()
  #isStopped = false
  #lastTurnMs = 0

  constructor(options: {
    environment: VuEnvironment
    vus: readonly Vu[]
    /** Makes and evaluates one more VU. */
    makeVu: (id: number) => Promise<Vu>
    worker: number
    workers: number
    meter: ThreadMeter
    setupData: string | undefined
  }) {
    this.#environment = options.environment
    this.state = options.environment.state
    this.worker = options.worker
    this.workers = options.workers
    this.meter = options.meter
    this.#makeVu = options.makeVu
    this.#idle = [...options.vus]
    this.#setupData = options.setupData
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Ends everything at once: what runs is interrupted, and nobody waits any more. */
  stop(): void {
    this.#isStopped = true
    for (const wake of this.#wakeUps) wake()
    for (const vu of this.#running.keys()) this.interrupt(vu)
  }

  /** Ends the iteration of a VU at once, and the time it is padded with. */
  interrupt(vu: Vu): void {
    vu.interrupt()
    this.#padding.get(vu)?.()
  }

  log(level: LogLevel, message: string, index: number): void {
    const { name, executor } = this.state.scenarios[index]!
    this.#environment.log(level, message, { executor, scenario: name })
  }

  // Idle VUs; the one that waited longest goes first

  take(): Promise<Vu> {
    const vu = this.#idle.shift()
    return vu === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(vu)
  }

  give(vu: Vu): void {
    vu.activation = null
    const next = this.#waiting.shift()
    if (next === undefined) this.#idle.push(vu)
    else next(vu)
  }

  /** One more VU while the run goes on; when the plan has none left, one that another scenario is done with. */
  async makeUnplanned(): Promise<Vu> {
    if (!this.state.take('unplannedVus')) return this.take()
    const vu = await this.#makeVu(this.state.add('lastVuId') + 1)
    this.state.add('initializedVus')
    return vu
  }

  /** An idle VU if there is one, otherwise one more. */
  takeOrMake(): Promise<Vu> {
    return this.#idle.length > 0 ? this.take() : this.makeUnplanned()
  }

  // Running

  /** Makes a VU one of the scenario's. */
  activate(vu: Vu, index: number): void {
    const scenario = this.state.scenarios[index]!
    const { tags } = this.#environment.samples
    vu.activation = {
      scenario: index,
      iterationInScenario: -1,
      iterationInTest: 0,
      iterationInInstance: 0,
    }
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

  /** Counts a VU as running an iteration, or being about to, until `leave`. */
  enter(vu: Vu, index: number): void {
    this.state.add('activeVus')
    this.state.addOf(index, 'activeVus')
    this.#running.set(vu, performance.now())
  }

  leave(vu: Vu, index: number): void {
    this.#running.delete(vu)
    this.state.add('activeVus', -1)
    this.state.addOf(index, 'activeVus', -1)
  }

  /** Runs one iteration, the `number`-th of the scenario here, of a VU that was activated and entered. */
  async iteration(vu: Vu, index: number, number: number): Promise<'done' | 'interrupted'> {
    const start = performance.now()
    const outcome = await this.#iteration(vu, index, number)
    const end = performance.now()
    this.meter.addIteration(end - start, end - this.#running.get(vu)!)
    this.#running.set(vu, end)
    return outcome
  }

  async #iteration(vu: Vu, index: number, number: number): Promise<'done' | 'interrupted'> {
    const { options } = this.#environment
    const scenario = this.state.scenarios[index]!
    const activation = vu.activation!
    activation.iterationInScenario++
    activation.iterationInInstance = number
    activation.iterationInTest = globalOf(scenario.stripes, number)
    vu.global['__ITER'] = vu.iteration++
    if (!options.noCookiesReset && !vu.jar.isEmpty) vu.jar = new CookieJar(Date.now)
    if (vu.groupPath !== '') vu.enterGroup('')
    const start = performance.now()
    const outcome = await vu.run('iteration', vu.exports[scenario.exec] as Callable, [
      this.#dataOf(vu),
    ])
    if (outcome.kind === 'interrupted') {
      this.state.add('interrupted')
      return 'interrupted'
    }
    if (outcome.kind === 'threw') vu.reportError(outcome.error)
    if (vu.groupPath !== '') vu.enterGroup('')
    if (options.noVUConnectionReuse) vu.client.closeIdle()
    const elapsed = performance.now() - start
    vu.sampleIteration(elapsed)
    const missingMs = options.minIterationDurationMs - elapsed
    if (missingMs > 0 && !(await this.#pad(vu, missingMs))) {
      this.state.add('interrupted')
      return 'interrupted'
    }
    this.state.add('completed')
    this.state.addOf(index, 'completed')
    return 'done'
  }

  /** Waits for `ms`; false: it was interrupted. */
  #pad(vu: Vu, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isWhole: boolean): void => {
        clearTimeout(timer)
        this.#padding.delete(vu)
        resolve(isWhole)
      }
      const timer = setTimeout(() => end(true), ms)
      this.#padding.set(vu, () => end(false))
    })
  }

  #dataOf(vu: Vu): unknown {
    if (this.#setupData === undefined) return undefined
    if (!this.#data.has(vu)) this.#data.set(vu, JSON.parse(this.#setupData))
    return this.#data.get(vu)
  }

  /** Between two iterations: other VUs and the sockets get their turn even when no iteration ever waits. */
  breathe(): Promise<void> | undefined {
    if (performance.now() - this.#lastTurnMs <= MAX_TURN_MS) return undefined
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#lastTurnMs = performance.now()
        resolve()
      })
    })
  }

  /** Waits until `atMs` (monotonic), or until the run is stopped. */
  until(atMs: number): Promise<void> {
    const leftMs = atMs - monotonicMs()
    if (leftMs <= 0 || this.#isStopped) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#wakeUps.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, Math.min(Math.ceil(leftMs), MAX_TIMER_MS))
      this.#wakeUps.add(wake)
    })
  }
}
