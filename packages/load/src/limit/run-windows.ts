/** The course of an ordinary run in windows: enough to see afterwards when it broke, and under which load. */
import type { RunWindow } from '../api.ts'
import { isArrival } from '../executors/scenario.ts'
import type { RunState } from '../executors/run-state.ts'
import type { MetricsEngine } from '../metrics/engine.ts'
import type { ThresholdGroup } from '../metrics/threshold.ts'
import { LoadMeter } from './meter.ts'

/** Length of a window at the beginning; doubled whenever there would be too many. */
const WINDOW_MS = 2000
const WINDOWS_MAX = 200

export class RunWindows {
  readonly #meter: LoadMeter
  readonly #thresholds: readonly ThresholdGroup[]
  readonly #state: RunState
  readonly #isByRate: boolean
  readonly #timer: NodeJS.Timeout
  #windows: RunWindow[] = []
  /** Windows of WINDOW_MS that one of ours is made of. */
  #size = 1
  #open: RunWindow[] = []
  #started = 0
  #dropped = 0

  constructor(
    engine: MetricsEngine,
    thresholds: readonly ThresholdGroup[],
    state: RunState,
    now: () => number,
  ) {
    // What PromQL says is asked elsewhere; here its last verdict is read.
    const ofMetrics = thresholds.filter(({ target }) => !('promql' in target))
    this.#meter = new LoadMeter(engine, ofMetrics, undefined, now)
    this.#thresholds = thresholds
    this.#state = state
    this.#isByRate = state.scenarios.every(isArrival)
    this.#timer = setInterval(() => void this.#cut(), WINDOW_MS)
  }

  get unit(): 'vus' | 'rate' {
    return this.#isByRate ? 'rate' : 'vus'
  }

  /** Ends it; the windows in order. The last, shorter one is left out. */
  close(): RunWindow[] {
    clearInterval(this.#timer)
    return this.#windows
  }

  async #cut(): Promise<void> {
    const { startMs, endMs, reasons, durationsMs, iterations } = await this.#meter.cut()
    const state = this.#state
    const seconds = Math.max(1, endMs - startMs) / 1000
    const sum = (counter: 'started' | 'dropped'): number =>
      state.scenarios.reduce((total, _, i) => total + state.getOf(i, counter), 0)
    const started = sum('started')
    const dropped = sum('dropped')
    const offered = (started + dropped - this.#started - this.#dropped) / seconds
    const drops = dropped - this.#dropped
    this.#started = started
    this.#dropped = dropped
    const sorted = durationsMs.sort()
    const isPromqlOk = this.#thresholds.every(
      ({ target, thresholds }) =>
        !('promql' in target) || thresholds.every(({ ok }) => ok !== false),
    )
    this.#open.push({
      startMs,
      endMs,
      load: this.#isByRate ? offered : state.get('activeVus'),
      offered,
      throughput: iterations / seconds,
      p95Ms: sorted.length === 0 ? null : sorted[Math.floor(0.95 * (sorted.length - 1))]!,
      isOk: reasons.length === 0 && drops <= 0.01 * offered * seconds && isPromqlOk,
    })
    if (this.#open.length < this.#size) return
    this.#windows.push(merged(this.#open))
    this.#open = []
    if (this.#windows.length < WINDOWS_MAX) return
    this.#size *= 2
    const pairs = this.#windows
    this.#windows = Array.from({ length: pairs.length / 2 }, (_, i) =>
      merged(pairs.slice(2 * i, 2 * i + 2)),
    )
  }
}

function merged(windows: readonly RunWindow[]): RunWindow {
  const mean = (of: (one: RunWindow) => number): number =>
    windows.reduce((sum, one) => sum + of(one), 0) / windows.length
  const p95s = windows.flatMap(({ p95Ms }) => (p95Ms === null ? [] : [p95Ms]))
  return {
    startMs: windows[0]!.startMs,
    endMs: windows.at(-1)!.endMs,
    load: mean(({ load }) => load),
    offered: mean(({ offered }) => offered),
    throughput: mean(({ throughput }) => throughput),
    p95Ms: p95s.length === 0 ? null : Math.max(...p95s),
    isOk: windows.filter(({ isOk }) => isOk).length * 2 > windows.length,
  }
}
