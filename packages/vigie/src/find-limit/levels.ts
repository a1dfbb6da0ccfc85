/** One level of a search: holds a load, window by window, and says what was seen. */
import {
  DISCARDED_SHARE,
  type FailureReason,
  type HoldObservation,
  type LoadWindow,
  type SearchStep,
} from '@vigie/insight'
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { LoadSeat, LoadWindowReading } from '@vigie/load'
import type { Health } from './health.ts'

/** Windows of one hold. */
const WINDOWS = 16
const WINDOW_MS_MAX = 5000
const WINDOW_MS_MIN = 200
/** Share of iterations that may not be started. */
const DROPS_MAX = 0.01
/** Load is raised over this share of a hold, so that VUs do not all start at once. */
const RAMP_SHARE = 0.15
const RAMP_STEPS = 10
/** A cool-down looks at this many windows. */
const COOL_WINDOWS = 4
/** Above the baseline's median by so little counts as recovered, ms. */
const COOL_SLACK_MS = 2
/** Share of failed windows from which a level has failed. */
const FAIL_SHARE = 0.1
/** This machine stalled when its event loop came back so late, ms. */
const STALL_MS = 20
/** Times that a level is held again because this machine stalled while it failed. */
const RETRIES = 2
/** Thresholds missed by this factor are missed whether anything stalled or not. */
const BLATANT = 2.5

/** Of a hold this long. */
export function windowMsOf(holdMs: number): number {
  return Math.min(WINDOW_MS_MAX, Math.max(WINDOW_MS_MIN, holdMs / WINDOWS))
}

interface Window extends LoadWindow {
  reading: LoadWindowReading
  started: number
  dropped: number
}

/** What the search needs of a hold, and what the curve shows besides. */
export interface LevelSeen {
  observation: HoldObservation
  requestsPerSec: number
  /** Iterations started ÷ iterations that should have started. */
  startedShare: number
  /** Share of the windows that count in which something failed. */
  failedShare: number
  /** Whether this machine stalled meanwhile. */
  hasStalled: boolean
  /** Median over the windows of the largest value ÷ limit. */
  closeness: number
}

/** Told after every window. */
export type OnWindow = (windows: readonly { ok: boolean }[], of: number) => void

export class Levels {
  readonly #seat: LoadSeat
  readonly #health: Health
  readonly #windowMs: number
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: 5 })
  #load = 0
  /** How to cool down, once the first level has been seen. */
  #cool: SearchStep | null = null

  constructor(seat: LoadSeat, health: Health, holdMs: number) {
    this.#seat = seat
    this.#health = health
    this.#windowMs = windowMsOf(holdMs)
    this.#delay.enable()
  }

  close(): void {
    this.#delay.disable()
  }

  /**
   * Runs a step of the search. Resolves early when the outcome is certain, or the run is ending. What fails by
   * little while this machine stalled is tried again: the target may have had nothing to do with it.
   */
  async run(step: SearchStep, onWindow: OnWindow): Promise<LevelSeen> {
    let seen = await this.#once(step, onWindow)
    if (step.phase === 'cooldown') return seen
    for (let i = 0; i < RETRIES && this.#isDoubtful(step, seen); i++) {
      if (this.#cool !== null) await this.#once(this.#cool, () => {})
      seen = await this.#once(step, onWindow)
    }
    if (this.#cool === null && seen.failedShare === 0) this.#cool = coolDownOf(step, seen)
    return seen
  }

  #isDoubtful(step: SearchStep, { failedShare, hasStalled, closeness }: LevelSeen): boolean {
    if (this.#seat.signal.aborted || failedShare <= FAIL_SHARE || !hasStalled) return false
    // A soak fails below a load that has held: by however much, it needs a reason.
    return step.phase === 'confirm' || closeness < BLATANT
  }

  async #once(step: SearchStep, onWindow: OnWindow): Promise<LevelSeen> {
    await this.#ramp(step)
    this.#delay.reset()
    this.#seat.startHold()
    const startMs = Date.now()
    const count = Math.max(4, Math.round(step.holdMs / this.#windowMs))
    const windows: Window[] = []
    let before = this.#seat.counts()
    const originMs = performance.now()
    while (windows.length < count && !this.#seat.signal.aborted) {
      await this.#seat.until(originMs + (windows.length + 1) * this.#windowMs)
      const reading = await this.#seat.cut()
      const now = this.#seat.counts()
      windows.push(windowOf(reading, now.started - before.started, now.dropped - before.dropped))
      before = now
      onWindow(windows, count)
      if (step.phase === 'cooldown' ? isCool(windows, step.untilP50) : hasFailed(windows, count))
        break
    }
    const seen = await this.#observation(step, windows, startMs)
    // A hold that was cut short had failed: it counts as if it had gone on like that.
    const last = windows.at(-1)
    const isWhole = step.phase === 'cooldown' || this.#seat.signal.aborted || last === undefined
    const missing = isWhole ? [] : Array.from({ length: count - windows.length }, () => last)
    return { ...seen, observation: { ...seen.observation, windows: [...windows, ...missing] } }
  }

  async #ramp({ load, holdMs, phase }: SearchStep): Promise<void> {
    const from = this.#load
    this.#load = load
    const isGradual = this.#seat.unit === 'vus' && load > from && phase !== 'cooldown'
    if (isGradual) {
      const stepMs = (holdMs * RAMP_SHARE) / RAMP_STEPS
      for (let i = 1; i < RAMP_STEPS && !this.#seat.signal.aborted; i++) {
        this.#seat.setLoad(from + ((load - from) * i) / RAMP_STEPS)
        await this.#seat.until(performance.now() + stepMs)
      }
    }
    this.#seat.setLoad(load)
    await this.#seat.cut()
  }

  async #observation(step: SearchStep, windows: Window[], startMs: number): Promise<LevelSeen> {
    const down = await this.#health.down()
    if (down !== null)
      for (const one of windows) {
        one.ok = false
        one.reasons = [{ class: 'crash', text: down }, ...one.reasons]
      }
    const discarded = Math.floor(windows.length * (step.discardMs > 0 ? DISCARDED_SHARE : 0))
    const counted =
      step.phase === 'cooldown' ? windows.slice(-COOL_WINDOWS) : windows.slice(discarded)
    const sum = (of: (one: Window) => number): number =>
      counted.reduce((total, one) => total + of(one), 0)
    const seconds = sum(({ reading }) => reading.endMs - reading.startMs) / 1000
    const durations = sortedDurations(counted)
    const begun = sum(({ started, dropped }) => started + dropped)
    const offered = this.#seat.unit === 'rate' ? step.load * seconds : begun
    // Ticks on the edges of the time looked at may be on either side.
    const keepsRate = begun >= offered * (1 - DROPS_MAX) - 2
    const failedShare = 1 - counted.filter(({ ok }) => ok).length / Math.max(1, counted.length)
    const busy = failedShare > FAIL_SHARE ? this.#seat.busy(step.holdMs) : null
    if (busy !== null)
      for (const one of windows) one.reasons = [{ class: 'generator', text: busy }, ...one.reasons]
    const observation = {
      load: step.load,
      windows,
      p50: percentile(durations, 0.5),
      p95: percentile(durations, 0.95),
      p99: percentile(durations, 0.99),
      errorRatio: ratio(
        sum(({ reading }) => reading.failedRequests),
        sum(({ reading }) => reading.requests),
      ),
      throughput: ratio(
        sum(({ reading }) => reading.iterations),
        seconds,
      ),
      offered: ratio(offered, seconds),
      generatorOk: keepsRate && busy === null,
      startMs,
      endMs: Date.now(),
    }
    return {
      observation,
      requestsPerSec: ratio(
        sum(({ reading }) => reading.requests),
        seconds,
      ),
      failedShare,
      hasStalled: this.#delay.max / 1e6 > STALL_MS,
      closeness: percentile(Float64Array.from(counted, (one) => one.reading.closeness).sort(), 0.5),
      startedShare: begun === 0 ? 1 : sum(({ started }) => started) / begun,
    }
  }
}

function windowOf(reading: LoadWindowReading, started: number, dropped: number): Window {
  const reasons: FailureReason[] = [...reading.reasons]
  if (dropped > (started + dropped) * DROPS_MAX)
    reasons.push({
      class: 'drops',
      text: `${Math.round((dropped / (started + dropped)) * 100)} % of the iterations could not start: all VUs are busy`,
    })
  return {
    ok: reasons.length === 0,
    reasons,
    closeness: reading.closeness,
    reading,
    started,
    dropped,
  }
}

/** Until the median is as at first. */
function coolDownOf({ load, holdMs }: SearchStep, { observation }: LevelSeen): SearchStep {
  return {
    phase: 'cooldown',
    load,
    holdMs: holdMs * 2,
    discardMs: 0,
    untilP50: observation.p50 * 1.1,
    why: 'this machine stalled',
  }
}

/** More windows failed than may, and there is enough of the hold to say why. */
function hasFailed(windows: readonly Window[], of: number): boolean {
  const discarded = Math.floor(of * DISCARDED_SHARE)
  if (windows.length < of / 2) return false
  const failed = windows.slice(discarded).filter(({ ok }) => !ok).length
  return failed >= 3 && failed > (of - discarded) * FAIL_SHARE * 2
}

function isCool(windows: readonly Window[], untilP50: number | null): boolean {
  const last = windows.slice(-COOL_WINDOWS)
  if (last.length < COOL_WINDOWS || !last.every(({ ok }) => ok)) return false
  if (untilP50 === null) return true
  const durations = sortedDurations(last)
  return durations.length > 0 && percentile(durations, 0.5) <= untilP50 + COOL_SLACK_MS
}

function sortedDurations(windows: readonly Window[]): Float64Array {
  const all = new Float64Array(
    windows.reduce((sum, { reading }) => sum + reading.durationsMs.length, 0),
  )
  let at = 0
  for (const { reading } of windows) {
    all.set(reading.durationsMs, at)
    at += reading.durationsMs.length
  }
  return all.sort()
}

/** NaN of none. */
function percentile(sorted: Float64Array, p: number): number {
  if (sorted.length === 0) return NaN
  const position = p * (sorted.length - 1)
  const below = Math.floor(position)
  const low = sorted[below]!
  return low + ((sorted[below + 1] ?? low) - low) * (position - below)
}

const ratio = (part: number, whole: number): number => (whole > 0 ? part / whole : 0)
