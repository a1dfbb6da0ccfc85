/**
 * The VUs of one worker: who is idle, who runs, and how one iteration goes. The executors decide when.
 */
import type { ThreadMeter } from '../generator/thread-meter.ts'
import type { LogLevel, VuEnvironment } from '../vu/environment.ts'
import type { Player } from './player.ts'
import { type RunState, monotonicMs } from './run-state.ts'

/** Longest that iterations without any waiting may keep the event loop to themselves, ms. */
const MAX_TURN_MS = 10

/** Node's timers hold no more; far beyond any run. */
const MAX_TIMER_MS = 2 ** 31 - 1

export class Crew {
  readonly state: RunState
  /** Which worker this is, from 0, and how many there are. */
  readonly worker: number
  readonly workers: number
  readonly meter: ThreadMeter
  readonly #environment: VuEnvironment
  readonly #makeVu: (id: number) => Promise<Player>
  readonly #idle: Player[]
  readonly #waiting: ((vu: Player) => void)[] = []
  /** Who runs, and when their last iteration ended (or since when they are there). */
  readonly #running = new Map<Player, number>()
  /** Who is interrupted when. */
  readonly #doomed = new Map<number, Set<Player>>()
  readonly #wakeUps = new Set<() => void>()
  /** VUs whose iteration is over but too short; how to end its padding. */
  readonly #padding = new Map<Player, () => void>()
  #isStopped = false
  #lastTurnMs = 0

  constructor(options: {
    environment: VuEnvironment
    vus: readonly Player[]
    /** Makes and evaluates one more VU. */
    makeVu: (id: number) => Promise<Player>
    worker: number
    workers: number
    meter: ThreadMeter
  }) {
    this.#environment = options.environment
    this.state = options.environment.state
    this.worker = options.worker
    this.workers = options.workers
    this.meter = options.meter
    this.#makeVu = options.makeVu
    this.#idle = [...options.vus]
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
  interrupt(vu: Player): void {
    vu.interrupt()
    this.#padding.get(vu)?.()
  }

  /** Interrupts a VU at `atMs` (monotonic), unless it is spared before. VUs with one time have one timer. */
  killAt(vu: Player, atMs: number): void {
    let doomed = this.#doomed.get(atMs)
    if (doomed === undefined) {
      doomed = new Set()
      this.#doomed.set(atMs, doomed)
      setTimeout(() => this.#kill(atMs), Math.max(0, Math.ceil(atMs - monotonicMs()))).unref()
    }
    doomed.add(vu)
  }

  spare(vu: Player): void {
    for (const doomed of this.#doomed.values()) doomed.delete(vu)
  }

  #kill(atMs: number): void {
    for (const vu of this.#doomed.get(atMs)!) this.interrupt(vu)
    this.#doomed.delete(atMs)
  }

  log(level: LogLevel, message: string, index: number): void {
    const { name, executor } = this.state.scenarios[index]!
    this.#environment.log(level, message, { executor, scenario: name })
  }

  // Idle VUs; the one that waited longest goes first

  take(): Promise<Player> {
    const vu = this.#idle.shift()
    return vu === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(vu)
  }

  give(vu: Player): void {
    vu.deactivate()
    const next = this.#waiting.shift()
    if (next === undefined) this.#idle.push(vu)
    else next(vu)
  }

  /** One more VU while the run goes on; when the plan has none left, one that another scenario is done with. */
  async makeUnplanned(): Promise<Player> {
    if (!this.state.take('unplannedVus')) return this.take()
    const vu = await this.#makeVu(this.state.add('lastVuId') + 1)
    this.state.add('initializedVus')
    return vu
  }

  /** An idle VU if there is one, otherwise one more. */
  takeOrMake(): Promise<Player> {
    return this.#idle.length > 0 ? this.take() : this.makeUnplanned()
  }

  // Running

  /** Counts a VU as running an iteration, or being about to, until `leave`. */
  enter(vu: Player, index: number): void {
    this.state.add('activeVus')
    this.state.addOf(index, 'activeVus')
    this.#running.set(vu, performance.now())
  }

  leave(vu: Player, index: number): void {
    this.#running.delete(vu)
    this.state.add('activeVus', -1)
    this.state.addOf(index, 'activeVus', -1)
  }

  /** Runs one iteration, the `number`-th of the scenario here, of a VU that was activated and entered. */
  iteration(vu: Player, index: number, number: number): Promise<'done' | 'interrupted'> {
    const start = performance.now()
    return vu.iterate(number).then((elapsedMs) => {
      const missingMs =
        elapsedMs === null ? 0 : this.#environment.options.minIterationDurationMs - elapsedMs
      return missingMs > 0
        ? this.#pad(vu, missingMs).then((isWhole) => this.#ended(vu, index, start, isWhole))
        : this.#ended(vu, index, start, elapsedMs !== null)
    })
  }

  #ended(vu: Player, index: number, start: number, isWhole: boolean): 'done' | 'interrupted' {
    const end = performance.now()
    this.meter.addIteration(end - start, end - this.#running.get(vu)!)
    this.#running.set(vu, end)
    this.state.add(isWhole ? 'completed' : 'interrupted')
    if (isWhole) this.state.addOf(index, 'completed')
    return isWhole ? 'done' : 'interrupted'
  }

  /** Waits for `ms`; false: it was interrupted. */
  #pad(vu: Player, ms: number): Promise<boolean> {
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
