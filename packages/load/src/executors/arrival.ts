/**
 * Scenarios that start iterations by the clock. Every worker knows all ticks; tick n is in the lane of
 * worker n modulo the number of workers. A worker starts the ticks of its own lane while it has a free
 * VU. One that has none leaves its tick to any worker with a free VU, and one whose event loop is held
 * up is helped out in the same way; only when there is no free VU at all a tick is dropped, and one more
 * VU is made for the next.
 */
import { describeError } from '../vu/vu.ts'
import { ControlledTicks } from './controlled.ts'
import type { Crew } from './crew.ts'
import type { Player } from './player.ts'
import { regularDurationMs } from './plan.ts'
import { monotonicMs } from './run-state.ts'
import { type ArrivalScenario, isArrival } from './scenario.ts'
import { type Ticks, ticksOf } from './ticks.ts'

/** ms that a tick may be late before another worker takes it. */
const LATE_MS = 3
/** ms between two looks at what other threads may have changed. */
const LOOK_MS = 20
/** The same for a worker that is alone. */
const MAX_WAIT_MS = 1000

/** Runs this worker's part of an arrival-rate scenario; resolves when none of its iterations runs any more. */
export async function runArrival(crew: Crew, index: number, planned: number): Promise<void> {
  const scenario = crew.state.scenarios[index]!
  if (!isArrival(scenario)) throw new Error(`BUG: ${scenario.executor} has no ticks`)
  await crew.until(crew.state.startMs + scenario.startTimeMs)
  await new ArrivalShare(crew, index, scenario).run(planned)
}

class ArrivalShare {
  readonly #crew: Crew
  readonly #index: number
  readonly #scenario: ArrivalScenario
  readonly #originMs: number
  readonly #ticks: Ticks
  /** VUs that wait for a tick; the one that waited longest goes first. */
  readonly #free: Player[] = []
  readonly #members: Player[] = []
  readonly #running = new Set<Promise<void>>()
  #isMakingVu = false
  #isDisbanded = false

  constructor(crew: Crew, index: number, scenario: ArrivalScenario) {
    this.#crew = crew
    this.#index = index
    this.#scenario = scenario
    this.#originMs = crew.state.startMs + scenario.startTimeMs
    this.#ticks =
      scenario.executor === 'controlled-rate'
        ? new ControlledTicks(crew.state, index, this.#originMs, scenario.durationMs)
        : ticksOf(scenario)
  }

  async run(planned: number): Promise<void> {
    for (let i = 0; i < planned; i++) this.#join(await this.#crew.take())
    while (!this.#crew.isStopped) {
      const nextMs = this.#deal()
      if (nextMs === null) break
      await this.#crew.until(nextMs)
    }
    const killer = setTimeout(() => this.#interruptAll(), this.#graceMs())
    while (this.#running.size > 0) await Promise.race(this.#running)
    clearTimeout(killer)
    this.#disband()
  }

  #interruptAll(): void {
    for (const vu of this.#members) this.#crew.interrupt(vu)
  }

  #graceMs(): number {
    const { executor, gracefulStopMs } = this.#scenario
    if (executor === 'controlled-rate') return gracefulStopMs
    const endMs = this.#originMs + regularDurationMs(this.#scenario)
    return Math.max(0, endMs + gracefulStopMs - monotonicMs())
  }

  // VUs

  #join(vu: Player): void {
    if (this.#isDisbanded) return this.#crew.give(vu)
    vu.activate(this.#index)
    this.#members.push(vu)
    this.#crew.state.addOf(this.#index, 'joinedVus')
    this.#setFree(vu)
  }

  #setFree(vu: Player): void {
    this.#free.push(vu)
    this.#crew.state.addOfWorker(this.#index, this.#crew.worker, 'free')
  }

  #takeFree(): Player | undefined {
    const vu = this.#free.shift()
    if (vu !== undefined) this.#crew.state.addOfWorker(this.#index, this.#crew.worker, 'free', -1)
    return vu
  }

  #disband(): void {
    this.#isDisbanded = true
    const { state, worker } = this.#crew
    state.addOfWorker(this.#index, worker, 'free', -this.#free.length)
    for (const vu of this.#members) this.#crew.give(vu)
  }

  // Ticks

  /** Starts or drops what is due. When to look again (monotonic ms); null: there are no more ticks. */
  #deal(): number | null {
    const { worker, workers } = this.#crew
    let next = Infinity
    let isOver = true
    this.#makeWantedVu()
    for (let i = 0; i < workers; i++) {
      const lane = (worker + i) % workers
      const dueMs = this.#dealLane(lane)
      if (dueMs === null) continue
      isOver = false
      // The ticks of others matter only to who could start them.
      if (lane === worker || this.#free.length > 0) next = Math.min(next, dueMs)
    }
    if (isOver && !this.#isOpen()) return null
    return Math.min(next, monotonicMs() + (workers > 1 || isOver ? LOOK_MS : MAX_WAIT_MS))
  }

  /** More ticks may yet come. */
  #isOpen(): boolean {
    return this.#ticks instanceof ControlledTicks && !this.#ticks.isOver
  }

  /** When the lane is to be looked at again; null: it has no more ticks. */
  #dealLane(lane: number): number | null {
    const { state, workers, worker } = this.#crew
    const isOwn = lane === worker
    for (;;) {
      const dealt = state.getOfWorker(this.#index, lane, 'ticks')
      const dueMs = this.#originMs + this.#ticks.timeOf(dealt * workers + lane)
      if (dueMs === Infinity) return null
      const now = monotonicMs()
      if (dueMs > now) return dueMs
      const mayStart = isOwn || this.#freeOf(lane) === 0 || now - dueMs > LATE_MS
      if (this.#free.length > 0 && mayStart) {
        if (state.claimOfWorker(this.#index, lane, 'ticks', dealt)) this.#start(dueMs)
      } else if (isOwn && !this.#isAnyFree()) {
        if (state.claimOfWorker(this.#index, lane, 'ticks', dealt)) this.#drop()
      } else {
        return now + 1
      }
    }
  }

  #freeOf(worker: number): number {
    return this.#crew.state.getOfWorker(this.#index, worker, 'free')
  }

  #isAnyFree(): boolean {
    for (let worker = 0; worker < this.#crew.workers; worker++)
      if (this.#freeOf(worker) > 0) return true
    return false
  }

  #start(dueMs: number): void {
    const vu = this.#takeFree()!
    const running = this.#runOne(vu, dueMs).then(() => {
      this.#running.delete(running)
    })
    this.#running.add(running)
  }

  async #runOne(vu: Player, dueMs: number): Promise<void> {
    const number = this.#crew.state.addOf(this.#index, 'started')
    const lagMs = monotonicMs() - dueMs
    this.#crew.enter(vu, this.#index)
    const outcome = await this.#crew.iteration(vu, this.#index, number)
    if (outcome === 'done') this.#crew.meter.addIntended(lagMs, monotonicMs() - dueMs)
    this.#crew.leave(vu, this.#index)
    this.#setFree(vu)
  }

  #drop(): void {
    const { state, workers } = this.#crew
    state.addOf(this.#index, 'dropped')
    const maker = 1 + (state.getOf(this.#index, 'joinedVus') % workers)
    if (!state.swapOf(this.#index, 'makingVu', 0, maker)) return
    if (state.takeOf(this.#index, 'unplannedVus')) this.#makeWantedVu()
    else {
      state.swapOf(this.#index, 'makingVu', maker, 0)
      if (state.swapOf(this.#index, 'hasWarned', 0, 1)) this.#warnInsufficient()
    }
  }

  #warnInsufficient(): void {
    this.#crew.log(
      'warning',
      `Insufficient VUs, reached ${this.#scenario.maxVUs} active VUs and cannot initialize more`,
      this.#index,
    )
  }

  /** Makes one more VU in the background when it is this worker's turn to. */
  #makeWantedVu(): void {
    const { state, worker } = this.#crew
    if (this.#isMakingVu || state.getOf(this.#index, 'makingVu') !== worker + 1) return
    this.#isMakingVu = true
    void this.#crew.makeUnplanned().then(
      (vu) => {
        this.#isMakingVu = false
        this.#join(vu)
        state.swapOf(this.#index, 'makingVu', worker + 1, 0)
      },
      (error: unknown) => this.#crew.log('error', describeError(error), this.#index),
    )
  }
}
