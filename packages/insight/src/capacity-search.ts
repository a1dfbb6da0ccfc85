/**
 * Search for the largest load a system sustains, as a state machine without clock or sockets: `next`
 * says what to run, `observe` takes what was seen.
 *
 *   baseline ─ up (×2, ×1.5 when close to failing) ─ bisect ─ confirm (soak) ─ done
 *                      with a cool-down after everything that failed
 *
 * A level passes when 90 % of its windows do; the first quarter of a hold does not count. The failing
 * end of the final bracket runs twice: an accident there would end the search too low (the passing end
 * is what the soak is for), and so does a failure with a pass above it. A soak that fails is stepped
 * down, and bisected by soaks: it sees what a hold is too short for.
 */
import {
  type CapacityLevel,
  type CapacityResult,
  type FailureReason,
  type LoadUnit,
  capacitySummary,
  failureOf,
  loadText,
} from './capacity-result.ts'

/** Share of a hold whose windows do not count. */
export const DISCARDED_SHARE = 0.25
/** Share of windows that must be fine. */
const PASS_SHARE = 0.9
/** A window's largest value over its limit from which the next step is smaller. */
const CLOSE = 0.8
/** The target has recovered when its median is below this times the baseline's, or 1 ms above it. */
const RECOVERED = 1.1
const RECOVERED_MS = 1
const SOAK_LOAD = 0.95
/** Finest step between two soaks. */
const SOAK_STEP = 0.05
/** Share of fine windows from which on a soak that failed may have been an accident: it is run again once. */
const ACCIDENT = 0.5
const MAX_PROBES = 80
const MAX_SOAKS = 10
/** Cool-downs in a row before the target is given up. */
const MAX_COOLDOWNS = 3
/** Halvings below `start` when that fails already. */
const MAX_HALVINGS = 6

export interface CapacitySearchOptions {
  unit: LoadUnit
  /** First load, > 0. */
  start: number
  /** Never above this; left out: until something gives out. */
  max?: number
  /** Wanted (failing − passing) ÷ passing; left out: 0.1. */
  precision?: number
  holdMs: number
  /** Holds of the soak; left out: 5; 0: none. */
  soakHolds?: number
  /** Longest single cool-down; left out: two holds, at most a minute. */
  cooldownMs?: number
}

export interface SearchStep {
  phase: CapacityLevel['phase'] | 'cooldown' | 'done'
  /** 0 (a cool-down without a baseline): just wait. */
  load: number
  holdMs: number
  /** How much of the start of the hold to leave out of the figures given to `observe`. */
  discardMs: number
  /** cooldown: end it as soon as the median is at most this, in ms; null: run all of it. */
  untilP50: number | null
  /** Why this is next, for people. */
  why: string
}

/** A window of a hold. All windows of a hold are equally long and come in order. */
export interface LoadWindow {
  ok: boolean
  reasons: readonly FailureReason[]
  /** Largest value ÷ limit of its thresholds, for those that have an upper limit. */
  closeness?: number
}

/** What a hold showed. Figures are of the part after `discardMs`; windows of the whole hold. */
export interface HoldObservation {
  windows: readonly LoadWindow[]
  p50: number
  p95: number
  p99?: number
  errorRatio?: number
  /** Per second. */
  throughput: number
  offered: number
  /** Whether this machine kept up; false makes the hold fail with class `generator`. */
  generatorOk: boolean
  startMs?: number
  endMs?: number
}

export class CapacitySearch {
  readonly #options: Required<CapacitySearchOptions>
  readonly #curve: CapacityLevel[] = []
  /** Latest verdict per load, soaks left out. */
  readonly #verdicts = new Map<number, CapacityLevel>()
  readonly #rerun = new Set<number>()
  readonly #notes: string[] = []
  #baseline: CapacityLevel | null = null
  #isClose = false
  #soakLo: CapacityLevel | null = null
  #soakHi: CapacityLevel | null = null
  readonly #rerunSoaks = new Set<number>()
  #soaks = 0
  #cooldowns = 0
  #stopped = false
  #afterCooldown: SearchStep | null = null
  #step: SearchStep

  constructor(options: CapacitySearchOptions) {
    const { start, holdMs } = options
    if (!(start > 0) || !(holdMs > 0))
      throw new RangeError(
        `cannot search: start and holdMs must be > 0; got ${start} and ${holdMs}`,
      )
    this.#options = {
      max: Infinity,
      precision: 0.1,
      soakHolds: 5,
      cooldownMs: Math.min(60_000, 2 * holdMs),
      ...options,
    }
    const load = this.#round(Math.min(start, this.#options.max))
    this.#step = this.#hold('baseline', load, 'the baseline')
  }

  /** What to run now; the same until `observe` is called. `done`: see `result`. */
  next(): SearchStep {
    return this.#step
  }

  /** Takes what was seen of the step that `next` gave. */
  observe(seen: HoldObservation): void {
    const step = this.#step
    if (step.phase === 'done') return
    if (step.phase === 'cooldown') return this.#observeCooldown(seen)
    const level = levelOf(step.phase, step.load, seen, this.#options.soakHolds)
    this.#curve.push(level)
    this.#isClose =
      level.okShare < 1 || seen.windows.some((window) => (window.closeness ?? 0) >= CLOSE)
    const next = step.phase === 'confirm' ? this.#afterSoak(level) : this.#afterProbe(level)
    this.#goOn(next, level)
  }

  /** Ends the search with what is known. */
  stop(why: string): void {
    if (this.#step.phase === 'done') return
    this.#stopped = true
    this.#notes.push(why)
    this.#step = this.#done()
  }

  /** What is known; complete once `next` says `done`. */
  result(): CapacityResult {
    const bracket = this.#bracket()
    const soakFailed = this.#soakHi !== null
    const lo = soakFailed ? this.#soakLo : bracket.lo
    const hi = soakFailed ? this.#soakHi : bracket.hi
    const known = {
      unit: this.#options.unit,
      outcome: this.#outcome(lo, hi),
      maxSustainable: lo?.load ?? null,
      confirmedAt: this.#soakLo?.load ?? null,
      firstFailing: hi?.load ?? null,
      failure: hi?.failure ?? null,
      reasons: hi?.reasons ?? [],
      curve: this.#curve,
      notes: this.#notes,
    }
    return { ...known, summary: capacitySummary(known) }
  }

  #outcome(lo: CapacityLevel | null, hi: CapacityLevel | null): CapacityResult['outcome'] {
    if (this.#stopped) return 'stopped'
    if (hi === null) return 'no-limit'
    if (lo === null) return 'never'
    return hi.failure === 'generator' ? 'generator' : 'limit'
  }

  /** Smallest failing load, and largest passing one below it. */
  #bracket(): { lo: CapacityLevel | null; hi: CapacityLevel | null } {
    let lo: CapacityLevel | null = null
    let hi: CapacityLevel | null = null
    for (const level of this.#verdicts.values())
      if (level.verdict === 'fail' && level.load < (hi?.load ?? Infinity)) hi = level
    for (const level of this.#verdicts.values())
      if (
        level.verdict === 'pass' &&
        level.load < (hi?.load ?? Infinity) &&
        level.load > (lo?.load ?? 0)
      )
        lo = level
    return { lo, hi }
  }

  #goOn(next: SearchStep, after: CapacityLevel): void {
    if (next.phase !== 'done' && this.#curve.length >= MAX_PROBES) {
      this.#stopped = true
      this.#notes.push(`Ended after ${MAX_PROBES} holds.`)
      next = this.#done()
    }
    this.#step = next
    if (next.phase === 'done' || after.verdict === 'pass') return
    this.#afterCooldown = next
    this.#cooldowns = 0
    this.#step = this.#cooldown()
  }

  #observeCooldown(seen: HoldObservation): void {
    const next = this.#afterCooldown!
    const last = seen.windows.slice(-Math.ceil(seen.windows.length / 4))
    const isBack = this.#baseline === null || last.length === 0 || last.some((window) => window.ok)
    if (isBack) {
      this.#step = next
      return
    }
    if (++this.#cooldowns < MAX_COOLDOWNS) return
    const failed = this.#curve.at(-1)!
    this.#notes.push(
      `After ${loadText(failed.load, this.#options.unit)} the target did not recover, even at ${loadText(this.#step.load, this.#options.unit)}.`,
    )
    this.#step = this.#done()
  }

  #afterProbe(level: CapacityLevel): SearchStep {
    const changed = (this.#verdicts.get(level.load)?.verdict ?? level.verdict) !== level.verdict
    this.#verdicts.set(level.load, level)
    if (this.#baseline === null) {
      if (level.verdict === 'fail') return this.#lower(level)
      this.#baseline = level
    }
    if (changed)
      this.#notes.push(`${loadText(level.load, this.#options.unit)} failed once, then passed.`)
    return this.#probe()
  }

  /** The start fails already: again, then ever lower. */
  #lower(level: CapacityLevel): SearchStep {
    if (!this.#rerun.has(level.load)) return this.#again(level, 'baseline')
    const load = this.#round(level.load / 2)
    const floor = this.#options.unit === 'vus' ? 1 : 0
    if (this.#verdicts.size > MAX_HALVINGS || load < floor || this.#verdicts.has(load))
      return this.#done()
    this.#rerun.add(load)
    return this.#hold('baseline', load, 'the load before failed already')
  }

  #probe(): SearchStep {
    const { lo, hi } = this.#bracket()
    // Nothing passes below the smallest failure any more: the lowest level counts again.
    if (lo === null) return this.#lower(hi!)
    if (hi === null) return this.#up(lo)
    const isAbove = [...this.#verdicts.values()].some(
      (level) => level.verdict === 'pass' && level.load > hi.load,
    )
    if (isAbove && !this.#rerun.has(hi.load)) return this.#again(hi, 'bisect')
    const middle = this.#round((lo.load + hi.load) / 2)
    const isPrecise = (hi.load - lo.load) / lo.load <= this.#options.precision * (1 + 1e-9)
    if (!isPrecise && middle > lo.load && middle < hi.load)
      return this.#hold('bisect', middle, `between ${lo.load}, which held, and ${hi.load}`)
    if (!this.#rerun.has(hi.load)) return this.#again(hi, 'bisect')
    return this.#soak(lo.load * SOAK_LOAD)
  }

  #again(level: CapacityLevel, phase: CapacityLevel['phase']): SearchStep {
    this.#rerun.add(level.load)
    return this.#hold(phase, level.load, `${level.load} failed: once more`)
  }

  #up(lo: CapacityLevel): SearchStep {
    const { max } = this.#options
    if (lo.load >= this.#round(max)) return this.#soak(lo.load)
    const raised = this.#round(lo.load * (this.#isClose ? 1.5 : 2))
    const load = Math.min(this.#round(max), Math.max(raised, lo.load + this.#unit(lo.load)))
    return this.#hold('up', load, `${lo.load} held`)
  }

  #soak(load: number): SearchStep {
    const { soakHolds, holdMs } = this.#options
    if (soakHolds === 0) return this.#done()
    this.#soaks++
    return {
      ...this.#hold('confirm', this.#round(load), 'a soak, to be sure'),
      holdMs: holdMs * soakHolds,
    }
  }

  #afterSoak(level: CapacityLevel): SearchStep {
    const { precision, unit } = this.#options
    const isOurs = level.failure === 'generator'
    if (level.verdict === 'fail' && (isOurs || level.okShare >= ACCIDENT)) {
      if (!this.#rerunSoaks.has(level.load)) {
        this.#rerunSoaks.add(level.load)
        return this.#soak(level.load)
      }
      // That says nothing of the target: what the holds found stands.
      if (isOurs && this.#soakHi === null && this.#bracket().hi?.failure !== 'generator') {
        this.#notes.push(
          `The generator did not keep up for a soak at ${loadText(level.load, unit)}: the limit is not confirmed.`,
        )
        return this.#done()
      }
    }
    if (level.verdict === 'pass') this.#soakLo = level
    else {
      if (this.#soakHi === null)
        this.#notes.push(
          `${loadText(level.load, unit)} held for a short time, but not for a soak: the limit is lower.`,
        )
      this.#soakHi = level
    }
    const lo = this.#soakLo
    const hi = this.#soakHi
    if (hi === null || this.#soaks >= MAX_SOAKS) return this.#done()
    if (lo === null) {
      const share = Math.min(0.5, Math.max(SOAK_STEP, precision) * 2 ** (this.#soaks - 1))
      const load = this.#round(hi.load * (1 - share))
      return load < hi.load && load > 0 ? this.#soak(load) : this.#done()
    }
    const middle = this.#round((lo.load + hi.load) / 2)
    const isPrecise = (hi.load - lo.load) / lo.load <= Math.max(SOAK_STEP, precision)
    return isPrecise || middle <= lo.load || middle >= hi.load ? this.#done() : this.#soak(middle)
  }

  #hold(phase: CapacityLevel['phase'], load: number, why: string): SearchStep {
    const { holdMs } = this.#options
    return { phase, load, holdMs, discardMs: holdMs * DISCARDED_SHARE, untilP50: null, why }
  }

  #cooldown(): SearchStep {
    const base = this.#baseline
    return {
      phase: 'cooldown',
      load: base?.load ?? 0,
      holdMs: this.#options.cooldownMs,
      discardMs: 0,
      untilP50: base === null ? null : Math.max(base.p50 * RECOVERED, base.p50 + RECOVERED_MS),
      why: 'until the target is as quick as before',
    }
  }

  #done(): SearchStep {
    return { phase: 'done', load: 0, holdMs: 0, discardMs: 0, untilP50: null, why: 'all is known' }
  }

  /** Whole VUs; rates with three digits. */
  #round(load: number): number {
    if (load === Infinity) return load
    if (this.#options.unit === 'vus') return Math.max(1, Math.round(load))
    return load >= 100 ? Math.round(load) : Number(load.toPrecision(3))
  }

  /** Smallest step that `#round` lets through. */
  #unit(load: number): number {
    return this.#options.unit === 'vus' || load >= 100
      ? 1
      : 10 ** (Math.floor(Math.log10(load)) - 2)
  }
}

const GENERATOR: FailureReason = { class: 'generator', text: 'the generator did not keep up' }
const SILENCE: FailureReason = { class: 'crash', text: 'nothing came back' }

function levelOf(
  phase: CapacityLevel['phase'],
  load: number,
  seen: HoldObservation,
  soakHolds: number,
): CapacityLevel {
  const share = DISCARDED_SHARE / (phase === 'confirm' ? soakHolds : 1)
  const counted = seen.windows.slice(Math.floor(seen.windows.length * share))
  // What collapses late in a soak has collapsed.
  const end = phase === 'confirm' ? counted.slice(-Math.ceil(counted.length / soakHolds)) : counted
  const isFine =
    counted.length > 0 && okShareOf(counted) >= PASS_SHARE && okShareOf(end) >= PASS_SHARE
  const reasons = counted.flatMap((window) => window.reasons)
  if (!seen.generatorOk) reasons.push(GENERATOR)
  else if (counted.length === 0) reasons.push(SILENCE)
  const told = failureOf(
    reasons.filter((reason) => (reason.class === 'generator') === !seen.generatorOk),
  )
  return {
    phase,
    load,
    startMs: seen.startMs ?? null,
    endMs: seen.endMs ?? null,
    offered: seen.offered,
    throughput: seen.throughput,
    p50: seen.p50,
    p95: seen.p95,
    p99: seen.p99 ?? NaN,
    errorRatio: seen.errorRatio ?? 0,
    okShare: okShareOf(counted),
    verdict: isFine && seen.generatorOk ? 'pass' : 'fail',
    ...told,
  }
}

const okShareOf = (windows: readonly LoadWindow[]): number =>
  windows.length === 0 ? 0 : windows.filter((window) => window.ok).length / windows.length
