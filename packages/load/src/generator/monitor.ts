/** Puts together what the threads of the generator measured, over the whole run and over its last seconds. */
import { ControlledTicks } from '../executors/controlled.ts'
import { type RunState, monotonicMs } from '../executors/run-state.ts'
import { isArrival } from '../executors/scenario.ts'
import { type Ticks, ticksOf } from '../executors/ticks.ts'
import { type GeneratorHealth, judge } from './health.ts'
import { Histogram } from './histogram.ts'
import type { ThreadReport } from './thread-meter.ts'

/** Reports of one thread that are kept for looks at the last seconds: two a second for two minutes. */
const MAX_REPORTS = 240

interface Counts {
  atMs: number
  offered: number
  started: number
  dropped: number
}

export class GeneratorMonitor {
  readonly #state: RunState
  readonly #threads = new Map<string, { atMs: number; report: ThreadReport }[]>()
  readonly #totals = new Map<string, ThreadTotal>()
  readonly #ticks: (TickCounter | null)[]
  /** Counts at the times of reports, for windows. */
  readonly #history: Counts[] = []

  constructor(state: RunState) {
    this.#state = state
    this.#ticks = state.scenarios.map((scenario, i) => {
      if (!isArrival(scenario)) return null
      const originMs = state.startMs + scenario.startTimeMs
      const ticks =
        scenario.executor === 'controlled-rate'
          ? new ControlledTicks(state, i, originMs, scenario.durationMs)
          : ticksOf(scenario)
      return new TickCounter(ticks, originMs)
    })
  }

  /** Takes the report of a thread. */
  add(name: string, report: ThreadReport): void {
    const atMs = monotonicMs()
    const reports = this.#threads.get(name) ?? []
    reports.push({ atMs, report })
    if (reports.length > MAX_REPORTS) reports.shift()
    this.#threads.set(name, reports)
    const total = this.#totals.get(name) ?? new ThreadTotal()
    total.add(report)
    this.#totals.set(name, total)
    this.#history.push(this.#counts())
    if (this.#history.length > MAX_REPORTS) this.#history.shift()
  }

  /** The whole run so far. */
  total(): GeneratorHealth {
    return healthOf(this.#totals, { atMs: 0, offered: 0, started: 0, dropped: 0 }, this.#counts())
  }

  /** The last `windowMs`, as far back as reports reach (two a second). */
  last(windowMs: number): GeneratorHealth {
    const sinceMs = monotonicMs() - windowMs
    const totals = new Map<string, ThreadTotal>()
    for (const [name, reports] of this.#threads) {
      const total = new ThreadTotal()
      for (const { atMs, report } of reports)
        if (atMs - report.durationMs / 2 >= sinceMs) total.add(report)
      totals.set(name, total)
    }
    const none = { atMs: 0, offered: 0, started: 0, dropped: 0 }
    const before = this.#history.findLast(({ atMs }) => atMs <= sinceMs) ?? none
    return healthOf(totals, before, this.#counts())
  }

  #counts(): Counts {
    const counts = { atMs: monotonicMs(), offered: 0, started: 0, dropped: 0 }
    this.#ticks.forEach((ticks, i) => {
      if (ticks === null) return
      counts.offered += ticks.countAt(counts.atMs)
      counts.started += this.#state.getOf(i, 'started')
      counts.dropped += this.#state.getOf(i, 'dropped')
    })
    return counts
  }
}

/** How many ticks are due; asked with times that only grow. */
class TickCounter {
  readonly #ticks: Ticks
  readonly #originMs: number
  #count = 0

  constructor(ticks: Ticks, originMs: number) {
    this.#ticks = ticks
    this.#originMs = originMs
  }

  countAt(nowMs: number): number {
    const elapsedMs = nowMs - this.#originMs
    const isDue = (n: number): boolean => this.#ticks.timeOf(n) <= elapsedMs
    let step = 1
    while (isDue(this.#count + step - 1)) {
      this.#count += step
      step *= 2
    }
    while (step > 1) {
      step /= 2
      if (isDue(this.#count + step - 1)) this.#count += step
    }
    return this.#count
  }
}

class ThreadTotal {
  durationMs = 0
  busyMs = 0
  vuMs = 0
  iterationMs = 0
  readonly loopDelay = new Histogram()
  readonly startLag = new Histogram()
  readonly intended = new Histogram()

  add(report: ThreadReport): void {
    this.durationMs += report.durationMs
    this.busyMs += report.busy * report.durationMs
    this.vuMs += report.vuMs
    this.iterationMs += report.iterationMs
    this.loopDelay.merge(report.loopDelay)
    this.startLag.merge(report.startLag)
    this.intended.merge(report.intendedDuration)
  }
}

function healthOf(
  totals: ReadonlyMap<string, ThreadTotal>,
  before: Counts,
  after: Counts,
): GeneratorHealth {
  const all = [...totals.values()]
  const startLag = new Histogram()
  const intended = new Histogram()
  for (const total of all) {
    startLag.merge(total.startLag.data)
    intended.merge(total.intended.data)
  }
  const sum = (value: (total: ThreadTotal) => number): number =>
    all.reduce((so, total) => so + value(total), 0)
  const vuMs = sum((total) => total.vuMs)
  const offered = after.offered - before.offered
  const started = after.started - before.started
  const health = {
    durationMs: Math.max(0, ...all.map((total) => total.durationMs)),
    threads: [...totals].map(([name, total]) => ({
      name,
      busy: total.durationMs === 0 ? 0 : total.busyMs / total.durationMs,
      loopDelayP99Ms: total.loopDelay.quantile(0.99),
    })),
    offered,
    started,
    dropped: after.dropped - before.dropped,
    achieved: offered === 0 ? null : Math.min(1, started / offered),
    startLagP99Ms: startLag.data.count === 0 ? null : startLag.quantile(0.99),
    intended: intended.data.count === 0 ? null : statsOf(intended),
    idleShare: vuMs === 0 ? null : Math.max(0, 1 - sum((total) => total.iterationMs) / vuMs),
  }
  return { ...health, ...judge(health) }
}

function statsOf(histogram: Histogram): NonNullable<GeneratorHealth['intended']> {
  return {
    avg: histogram.average,
    med: histogram.quantile(0.5),
    p90: histogram.quantile(0.9),
    p95: histogram.quantile(0.95),
    p99: histogram.quantile(0.99),
    max: histogram.data.max,
  }
}
