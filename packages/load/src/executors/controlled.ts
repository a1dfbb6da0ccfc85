/**
 * Scenarios whose target the main thread changes while they run (`RunState.setTarget`): a number of
 * looping VUs, or iterations per second. Searching for a limit is built on them.
 */
import type { Crew } from './crew.ts'
import type { Player } from './player.ts'
import { type RunState, monotonicMs } from './run-state.ts'
import type { Scenario } from './scenario.ts'
import type { Ticks } from './ticks.ts'

/** ms between two looks at the target. */
const LOOK_MS = 20

interface Piece {
  atMs: number
  ratePerSec: number
  /** Number of the first tick in it. */
  first: number
}

/** Ticks at a rate that changes; every worker works out the same ones. */
export class ControlledTicks implements Ticks {
  readonly #state: RunState
  readonly #index: number
  readonly #originMs: number
  readonly #durationMs: number
  readonly #pieces: Piece[] = []

  constructor(state: RunState, index: number, originMs: number, durationMs: number) {
    this.#state = state
    this.#index = index
    this.#originMs = originMs
    this.#durationMs = durationMs
  }

  /** No tick will come that is not known yet. */
  get isOver(): boolean {
    this.#refresh()
    return (
      Number.isNaN(this.#pieces.at(-1)!.ratePerSec) ||
      monotonicMs() >= this.#originMs + this.#durationMs
    )
  }

  timeOf(n: number): number {
    this.#refresh()
    const piece = this.#pieces.findLast(({ first }) => first <= n)!
    if (!(piece.ratePerSec > 0)) return Infinity
    const at = piece.atMs + ((n - piece.first) * 1000) / piece.ratePerSec
    return at < this.#durationMs ? at : Infinity
  }

  #refresh(): void {
    if (this.#state.getOf(this.#index, 'targets') === this.#pieces.length) return
    for (const { atMs, value } of this.#state.targetsOf(this.#index, this.#pieces.length)) {
      const last = this.#pieces.at(-1)
      const lasted = last === undefined ? 0 : atMs - last.atMs
      const before =
        last === undefined || !(last.ratePerSec > 0)
          ? 0
          : Math.ceil((lasted * last.ratePerSec) / 1000)
      this.#pieces.push({ atMs, ratePerSec: value, first: (last?.first ?? 0) + before })
    }
  }
}

/** A place for one looping VU. */
interface Slot {
  isWanted: boolean
  vu: Player | null
  killer: NodeJS.Timeout | null
  loop: Promise<void> | null
}

/** Runs this worker's part of a controlled-vus scenario; resolves when none of its VUs runs any more. */
export async function runControlledVus(crew: Crew, index: number): Promise<void> {
  const scenario = crew.state.scenarios[index]!
  if (scenario.executor !== 'controlled-vus')
    throw new Error(`BUG: ${scenario.executor} is not controlled`)
  const originMs = crew.state.startMs + scenario.startTimeMs
  await crew.until(originMs)
  const slots: Slot[] = []
  while (!crew.isStopped) {
    const elapsedMs = monotonicMs() - originMs
    const target = targetAt(crew.state, index, elapsedMs)
    if (Number.isNaN(target) || elapsedMs >= scenario.durationMs) break
    adjust(crew, index, slots, shareOf(crew, Math.min(target, scenario.maxVUs)), scenario)
    await crew.until(monotonicMs() + LOOK_MS)
  }
  for (const slot of slots) release(crew, slot, scenario.gracefulStopMs)
  await Promise.all(slots.flatMap((slot) => slot.loop ?? []))
}

function targetAt(state: RunState, index: number, elapsedMs: number): number {
  return state.targetsOf(index).findLast(({ atMs }) => atMs <= elapsedMs)!.value
}

/** VUs of this worker when there are `total`: 0 to the first worker, 1 to the second, … */
function shareOf({ worker, workers }: Crew, total: number): number {
  return Math.max(0, Math.ceil((total - worker) / workers))
}

function adjust(
  crew: Crew,
  index: number,
  slots: Slot[],
  wanted: number,
  scenario: Extract<Scenario, { executor: 'controlled-vus' }>,
): void {
  while (slots.length < wanted) slots.push({ isWanted: false, vu: null, killer: null, loop: null })
  for (const slot of slots.slice(wanted))
    if (slot.isWanted) release(crew, slot, scenario.gracefulRampDownMs)
  for (const slot of slots.slice(0, wanted)) {
    slot.isWanted = true
    if (slot.killer !== null) clearTimeout(slot.killer)
    slot.killer = null
    slot.loop ??= loop(crew, index, slot)
  }
}

/** The VU ends after its iteration, or is interrupted after `graceMs`. */
function release(crew: Crew, slot: Slot, graceMs: number): void {
  slot.isWanted = false
  if (slot.killer !== null) clearTimeout(slot.killer)
  slot.killer = setTimeout(() => {
    if (slot.vu !== null) crew.interrupt(slot.vu)
  }, graceMs)
  if (slot.loop === null) clearTimeout(slot.killer)
}

async function loop(crew: Crew, index: number, slot: Slot): Promise<void> {
  const vu = await crew.takeOrMake()
  slot.vu = vu
  vu.activate(index)
  crew.enter(vu, index)
  while (slot.isWanted && !crew.isStopped) {
    const number = crew.state.addOf(index, 'started')
    if ((await crew.iteration(vu, index, number)) === 'interrupted') break
    await crew.breathe()
  }
  crew.leave(vu, index)
  crew.give(vu)
  if (slot.killer !== null) clearTimeout(slot.killer)
  slot.killer = null
  slot.vu = null
  slot.loop = null
}
