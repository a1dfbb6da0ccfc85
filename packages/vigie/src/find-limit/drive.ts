/**
 * `--find-limit`: joins the search (insight) with a run whose load can be steered (load) and a Vigie that
 * watches the target, if there is one.
 *
 *   warm up ▶ search: hold, observe, next ▶ head-room ▶ suspects ▶ report
 */
import {
  type CapacityLevel,
  CapacitySearch,
  type SearchStep,
  type SuspectLevel,
  loadText,
} from '@vigie/insight'
import {
  EXIT,
  type LimitLevel,
  type LimitReport,
  type LoadDriver,
  LoadError,
  type LoadSeat,
  type SuspectReport,
} from '@vigie/load'
import { findSuspects } from '../suspects/find-suspects.ts'
import type { VigieClient } from '../vigie-client.ts'
import { NO_HEALTH, healthOf } from './health.ts'
import { fitSentences } from './fits.ts'
import { findHeadroom } from './headroom.ts'
import { type LevelSeen, Levels } from './levels.ts'
import { levelLine, limitText } from './text.ts'

/** Shortest hold unless another is asked for. */
const HOLD_MS_MIN = 30_000
const SCRAPES_PER_HOLD = 3
const ITERATIONS_PER_HOLD = 2
/** The first load is this part of what the script asks for. */
const START_SHARE = 0.1
const WARM_UP_MS = 3000
const WARM_UP_ITERATIONS = 5
/** Longest wait for the first iteration to end. */
const FIRST_ITERATION_MS_MAX = 600_000
const COOL_DOWN_HOLDS = 4
const COOL_DOWN_MS_MAX = 60_000
const SOAK_HOLDS = 5
/** Latency that a script without thresholds is held to, in multiples of the baseline's p95. */
const LATENCY_FACTOR = 5
const LATENCY_MS_MIN = 20

export interface FindLimitOptions {
  by: 'vus' | 'rate' | null
  /** Null: HOLD_MS_MIN, or longer where scrapes or iterations are slow. */
  holdMs: number | null
  precision: number
  max: number | null
  start: number | null
  /** Whether to look for what gave first. */
  wantsSuspects: boolean
  client: VigieClient | null
  /** Whether a line per level is unwanted. */
  isQuiet: boolean
}

export class FindLimit implements LoadDriver {
  readonly by: 'vus' | 'rate' | null
  readonly max: number | null
  readonly #options: FindLimitOptions
  #seat!: LoadSeat
  #report!: LimitReport

  constructor(options: FindLimitOptions) {
    this.#options = options
    this.by = options.by
    this.max = options.max
  }

  async drive(seat: LoadSeat): Promise<void> {
    this.#seat = seat
    const { client, precision, max } = this.#options
    const start = this.#startLoad()
    if (!seat.hasThresholds) this.#standIn()
    const holdMs = await this.#warmUp(start)
    const search = new CapacitySearch({
      unit: seat.unit,
      start,
      holdMs,
      precision,
      soakHolds: SOAK_HOLDS,
      cooldownMs: Math.min(COOL_DOWN_MS_MAX, holdMs * COOL_DOWN_HOLDS),
      ...(max === null ? {} : { max }),
    })
    this.#report = newReport(seat.unit, holdMs, precision)
    const levels = new Levels(seat, client === null ? NO_HEALTH : await healthOf(client), holdMs)
    try {
      await this.#search(search, levels)
    } finally {
      levels.close()
    }
    await this.#conclude(search)
  }

  #startLoad(): number {
    const { unit, ownLoad } = this.#seat
    const { start, max } = this.#options
    const load = start ?? ownLoad * START_SHARE
    return Math.min(unit === 'vus' ? Math.max(1, Math.round(load)) : load, max ?? Infinity)
  }

  /** Thresholds for a script that has none; the one on latency follows the baseline. */
  #standIn(): void {
    this.#seat.watch({ http_req_failed: ['rate<0.01'], checks: ['rate>0.99'] })
    this.#seat.say(
      `The script has no thresholds: a load counts as sustained while fewer than 1 % of requests and of checks fail and p(95) stays below ${LATENCY_FACTOR} × that of the first level.\n`,
    )
  }

  #standInLatency(baseline: LevelSeen): void {
    const limit = Math.max(LATENCY_MS_MIN, Math.ceil(baseline.observation.p95 * LATENCY_FACTOR))
    if (!Number.isFinite(limit)) return
    const metric = baseline.requestsPerSec > 0 ? 'http_req_duration' : 'iteration_duration'
    this.#seat.watch({ [metric]: [`p(95)<${limit}`] })
  }

  /** Runs the first load until iterations have ended; how long a hold has to be. */
  async #warmUp(start: number): Promise<number> {
    const { holdMs } = this.#options
    const seat = this.#seat
    seat.setLoad(start)
    seat.status(`warming up at ${loadText(start, seat.unit)}`)
    const originMs = performance.now()
    const durations: number[] = []
    const enough = (): boolean => {
      const elapsed = performance.now() - originMs
      if (elapsed < Math.min(WARM_UP_MS, holdMs ?? Infinity)) return false
      return (
        durations.length >= WARM_UP_ITERATIONS || (durations.length > 0 && elapsed > HOLD_MS_MIN)
      )
    }
    while (!enough() && !seat.signal.aborted) {
      await seat.until(performance.now() + 250)
      durations.push(...(await seat.cut()).iterationMs)
      if (durations.length === 0 && performance.now() - originMs > FIRST_ITERATION_MS_MAX)
        throw new LoadError(
          EXIT.genericTimeout,
          `--find-limit: no iteration ended within ${FIRST_ITERATION_MS_MAX / 60_000} min at ${loadText(start, seat.unit)}`,
        )
    }
    if (holdMs !== null) return holdMs
    const median = durations.sort((a, b) => a - b)[durations.length >> 1] ?? 0
    return Math.max(
      HOLD_MS_MIN,
      SCRAPES_PER_HOLD * (await this.#scrapeIntervalMs()),
      ITERATIONS_PER_HOLD * median,
    )
  }

  async #scrapeIntervalMs(): Promise<number> {
    const { client } = this.#options
    if (client === null) return 0
    const targets = await client.targets().catch(() => [])
    return Math.max(0, ...targets.map(({ scrapeIntervalMs }) => scrapeIntervalMs))
  }

  async #search(search: CapacitySearch, levels: Levels): Promise<void> {
    const seat = this.#seat
    for (let step = search.next(); step.phase !== 'done'; step = search.next()) {
      this.#announce(step)
      const seen = await levels.run(step, (windows, of) => this.#progress(step, windows, of))
      if (seat.signal.aborted) search.stop('Interrupted.')
      else {
        search.observe(seen.observation)
        if (step.phase !== 'cooldown') this.#keep(search, seen)
      }
    }
  }

  #announce(step: SearchStep): void {
    if (step.phase !== 'cooldown') this.#report.phase = step.phase
    this.#seat.publish({ limit: this.#report })
    this.#progress(step, [], 0)
  }

  #keep(search: CapacitySearch, seen: LevelSeen): void {
    const { curve } = search.result()
    const level = levelReport(curve.at(-1)!, seen)
    if (curve.length === 1 && !this.#seat.hasThresholds) this.#standInLatency(seen)
    this.#fill(search)
    this.#report.levels.push(level)
    this.#seat.publish({ limit: this.#report })
    if (!this.#options.isQuiet) this.#seat.say(levelLine(level, this.#seat.unit))
  }

  #fill(search: CapacitySearch): void {
    const result = search.result()
    Object.assign(this.#report, {
      sustained: result.maxSustainable,
      failed: result.firstFailing,
      class: result.failure,
      why: result.summary,
      isConfirmed: result.confirmedAt === null ? this.#report.isConfirmed : true,
    })
  }

  #progress(step: SearchStep, windows: readonly { ok: boolean }[], of: number): void {
    const { sustained, failed, precision, holdMs } = this.#report
    const { unit } = this.#seat
    const doing =
      step.phase === 'cooldown' ? 'cooling down' : step.phase === 'confirm' ? 'soaking' : 'holding'
    const fine = windows.filter(({ ok }) => ok).length
    const parts = [
      `${doing} at ${loadText(step.load, unit)}`,
      ...(windows.length > 0 ? [`${fine} of ${windows.length} windows fine (${of} in all)`] : []),
      ...(sustained !== null && failed !== null
        ? [`the limit is between ${sustained} and ${failed}`]
        : []),
    ]
    if (sustained !== null && failed !== null && step.phase !== 'confirm') {
      const halvings = Math.max(
        0,
        Math.ceil(Math.log2((failed - sustained) / sustained / precision)),
      )
      const leftMs = (halvings * 1.5 + SOAK_HOLDS) * holdMs
      parts.push(`about ${durationText(leftMs)} left`)
    }
    this.#seat.status(parts.join(' · '))
  }

  async #conclude(search: CapacitySearch): Promise<void> {
    const { client, wantsSuspects } = this.#options
    const seat = this.#seat
    const result = search.result()
    this.#fill(search)
    this.#report.phase = seat.signal.aborted ? 'interrupted' : 'done'
    this.#report.notes = [...result.notes, ...fitSentences(this.#report)]
    seat.status('')
    let suspects: SuspectReport[] | null = null
    if (client !== null && this.#report.levels.length > 0) {
      // What was scraped last belongs to the run.
      await pause(Math.min(2000, await this.#scrapeIntervalMs()))
      if (this.#report.sustained !== null)
        this.#report.headroom = await findHeadroom(client, this.#report).catch(() => null)
      if (wantsSuspects && this.#report.failed !== null)
        suspects = await findSuspects(client, levelsOf(this.#report), seat.unit).catch(
          (error: unknown) => {
            seat.warn(`cannot look for suspects: ${(error as Error).message}`)
            return null
          },
        )
    }
    seat.publish({ limit: this.#report, ...(suspects === null ? {} : { suspects }) })
    seat.say(
      limitText(this.#report, {
        suspects,
        hasVigie: client !== null,
        wantsSuspects,
        columns: seat.columns,
      }),
    )
    if (seat.signal.aborted || this.#report.sustained !== null) return
    throw new LoadError(EXIT.thresholdsFailed, `--find-limit: ${result.summary}`)
  }
}

function newReport(unit: LimitReport['unit'], holdMs: number, precision: number): LimitReport {
  return {
    unit,
    phase: 'baseline',
    holdMs,
    precision,
    sustained: null,
    failed: null,
    class: null,
    why: null,
    isConfirmed: null,
    levels: [],
    headroom: null,
    notes: [],
  }
}

function levelReport(level: CapacityLevel, seen: LevelSeen): LimitLevel {
  const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null)
  return {
    load: level.load,
    phase: level.phase,
    startMs: level.startMs!,
    endMs: level.endMs!,
    held: level.verdict === 'pass',
    goodWindows: level.okShare,
    requestsPerSec: seen.requestsPerSec,
    iterationsPerSec: level.throughput,
    p50Ms: orNull(level.p50),
    p95Ms: orNull(level.p95),
    errorRate: level.errorRatio,
    achieved: seen.startedShare,
    problems: level.reasons,
    class: level.failure,
  }
}

/** Levels at which the generator gave out say nothing of the target. */
function levelsOf({ unit, levels }: LimitReport): SuspectLevel[] {
  return levels
    .filter((one) => one.class !== 'generator')
    .map((one) => ({
      load: one.load,
      startMs: one.startMs,
      endMs: one.endMs,
      offered: unit === 'rate' ? one.load : one.iterationsPerSec,
      throughput: one.iterationsPerSec,
      p95: one.p95Ms ?? NaN,
      isOk: one.held,
    }))
}

/** `40 s`, `3 min`. */
function durationText(ms: number): string {
  return ms < 90_000 ? `${Math.ceil(ms / 10_000) * 10} s` : `${Math.round(ms / 60_000)} min`
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))
