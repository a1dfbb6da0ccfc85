/**
 * The last while of a metric: one sink per second, put together when asked. Samples count in the second in
 * which they arrived from their worker, so that a window is exact to about half a second. Percentiles are
 * exact as long as no second has more than EXACT_VALUES_PER_SECOND of them and the window no more than a
 * trend keeps; beyond, within SKETCH_ERROR.
 */
import type { MetricType } from './metric.ts'
import { CounterSink, GaugeSink, RateSink, type Sink, TrendSink, createSink } from './sink.ts'

const EXACT_VALUES_PER_SECOND = 2000

export class SlidingSink implements Sink {
  readonly #type: MetricType
  readonly #longestMs: number
  readonly #now: () => number
  /** Oldest first; each is [second, what arrived in it]. */
  #seconds: [second: number, sink: Sink][] = []

  /** Keeps `longestMs` back from `now`, a clock in ms that never goes back. */
  constructor(type: MetricType, longestMs: number, now: () => number) {
    this.#type = type
    this.#longestMs = longestMs
    this.#now = now
  }

  get isEmpty(): boolean {
    return this.#seconds.length === 0
  }

  add(record: Float64Array): void {
    const nowMs = this.#now()
    const second = Math.floor(nowMs / 1000)
    if (this.#seconds.at(-1)?.[0] !== second) {
      const first = Math.floor((nowMs - this.#longestMs) / 1000) - 1
      if (this.#seconds.length > 0 && this.#seconds[0]![0] < first)
        this.#seconds = this.#seconds.filter(([one]) => one >= first)
      this.#seconds.push([second, this.#newSecond()])
    }
    this.#seconds.at(-1)![1].add(record)
  }

  #newSecond(): Sink {
    return this.#type === 'trend' ? new TrendSink(EXACT_VALUES_PER_SECOND) : createSink(this.#type)
  }

  /** Of a counter: its rate over whole seconds of the last `windowMs`, without the one under way. */
  perSecond(windowMs: number): number {
    const current = Math.floor(this.#now() / 1000)
    const seconds = this.#seconds.filter(
      ([second]) => second < current && second >= current - windowMs / 1000,
    )
    // The oldest may be the first of all, which began somewhere in it.
    const whole = seconds.length > 1 ? seconds.slice(1) : seconds
    if (whole.length === 0) return 0
    const sum = whole.reduce((all, [, sink]) => all + (sink as CounterSink).sum, 0)
    return sum / (current - whole[0]![0])
  }

  /** All that arrived since `fromMs`, as one sink. */
  since(fromMs: number): Sink {
    const merged = createSink(this.#type)
    const first = Math.floor(fromMs / 1000)
    for (const [second, sink] of this.#seconds) if (second >= first) merge(merged, sink)
    return merged
  }

  values(durationMs: number, trendStats: readonly string[]): Record<string, number> {
    return this.since(-Infinity).values(durationMs, trendStats)
  }
}

/** Adds what is in `from` to `into`, which is of the same kind. */
export function merge(into: Sink, from: Sink): void {
  if (from.isEmpty) return
  if (into instanceof TrendSink) into.merge(from as TrendSink)
  else if (from instanceof CounterSink) into.add(Float64Array.of(from.sum))
  else if (from instanceof GaugeSink) into.add(Float64Array.of(from.last, from.min, from.max))
  else if (from instanceof RateSink) into.add(Float64Array.of(from.nonZero, from.total))
}
