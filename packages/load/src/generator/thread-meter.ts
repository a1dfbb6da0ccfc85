/** Measures one thread of the generator: how busy it is, how late its event loop, how well it keeps its own schedule. */
import { performance, type EventLoopUtilization } from 'node:perf_hooks'
import { Histogram, type HistogramData } from './histogram.ts'

/** ms between two looks at how late the event loop is. */
const LOOK_MS = 10

/** What one thread measured since its last report. */
export interface ThreadReport {
  durationMs: number
  /** Share of the time that the event loop did not wait, 0..1. */
  busy: number
  /** How late timers are, ms. */
  loopDelay: HistogramData
  /** From when an iteration should have started by the clock to when it did, ms. */
  startLag: HistogramData
  /** From when an iteration should have started to its end, ms. */
  intendedDuration: HistogramData
  /** Time that VUs were there, and the part of it that they spent in iterations, ms. */
  vuMs: number
  iterationMs: number
}

export class ThreadMeter {
  readonly #onLook: () => void
  readonly #loopDelay = new Histogram()
  readonly #startLag = new Histogram()
  readonly #intendedDuration = new Histogram()
  #vuMs = 0
  #iterationMs = 0
  #timer: NodeJS.Timeout | undefined
  #utilization: EventLoopUtilization = performance.eventLoopUtilization()
  #sinceMs = performance.now()

  /** `onLook` is called about every 10 ms while it measures. */
  constructor(onLook: () => void = () => {}) {
    this.#onLook = onLook
  }

  start(): void {
    this.#utilization = performance.eventLoopUtilization()
    this.#sinceMs = performance.now()
    this.#look()
  }

  #look(): void {
    this.#onLook()
    const due = performance.now() + LOOK_MS
    this.#timer = setTimeout(() => {
      this.#loopDelay.add(Math.max(0, performance.now() - due))
      this.#look()
    }, LOOK_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  /** An iteration that the clock asked for: how late it began, and how long it took from when it was asked for. */
  addIntended(lagMs: number, durationMs: number): void {
    this.#startLag.add(lagMs)
    this.#intendedDuration.add(durationMs)
  }

  /** An iteration that took `ms`, `sinceMs` after the end of the one before. */
  addIteration(ms: number, sinceMs: number): void {
    this.#iterationMs += ms
    this.#vuMs += sinceMs
  }

  /** What was measured since the last report. */
  report(): ThreadReport {
    const now = performance.now()
    const utilization = performance.eventLoopUtilization()
    const report: ThreadReport = {
      durationMs: now - this.#sinceMs,
      busy: performance.eventLoopUtilization(utilization, this.#utilization).utilization,
      loopDelay: this.#loopDelay.take(),
      startLag: this.#startLag.take(),
      intendedDuration: this.#intendedDuration.take(),
      vuMs: this.#vuMs,
      iterationMs: this.#iterationMs,
    }
    this.#sinceMs = now
    this.#utilization = utilization
    this.#vuMs = 0
    this.#iterationMs = 0
    return report
  }
}
