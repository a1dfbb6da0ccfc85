/**
 * What a scenario does right now: requests (or iterations) per second, their 95th percentile and the share
 * that failed, over the last seconds. For people who watch; nothing else depends on it.
 */
import type { MetricsEngine, RunSeries } from './metrics/engine.ts'
import type { RateSink, TrendSink } from './metrics/sink.ts'
import { SlidingSink } from './metrics/sliding.ts'
import { humanizeDuration, humanizeValue } from './summary/format.ts'

const WINDOW_MS = 5000
/** A figure is worked out anew this often; it is shown more often. */
const REFRESH_MS = 500

const RATE = { name: '', type: 'rate', contains: 'default' } as const

/** The last seconds of one scenario. */
interface Recent {
  requests: SlidingSink
  duration: SlidingSink
  failed: SlidingSink
  iterations: SlidingSink
  iterationDuration: SlidingSink
}

const METRICS = new Map<string, keyof Recent>([
  ['http_reqs', 'requests'],
  ['http_req_duration', 'duration'],
  ['http_req_failed', 'failed'],
  ['iterations', 'iterations'],
  ['iteration_duration', 'iterationDuration'],
])

export class LiveFigures {
  readonly #now: () => number
  readonly #recent = new Map<string, Recent>()
  readonly #sinkOf = new Map<RunSeries, SlidingSink | null>()
  readonly #texts = new Map<string, [text: string, atMs: number]>()

  /** Listens to `engine`; `now` is in ms and never goes back. */
  constructor(engine: MetricsEngine, now: () => number) {
    this.#now = now
    engine.listen((series, record) => this.#sink(series)?.add(record))
  }

  #sink(series: RunSeries): SlidingSink | null {
    let sink = this.#sinkOf.get(series)
    if (sink !== undefined) return sink
    const name = METRICS.get(series.metric.name)
    const scenario = series.tags.find(([tag]) => tag === 'scenario')?.[1]
    sink = name === undefined || scenario === undefined ? null : this.#open(scenario)[name]
    this.#sinkOf.set(series, sink)
    return sink
  }

  #open(scenario: string): Recent {
    let recent = this.#recent.get(scenario)
    if (recent === undefined) {
      const sliding = (type: 'counter' | 'rate' | 'trend'): SlidingSink =>
        new SlidingSink(type, WINDOW_MS, this.#now)
      recent = {
        requests: sliding('counter'),
        duration: sliding('trend'),
        failed: sliding('rate'),
        iterations: sliding('counter'),
        iterationDuration: sliding('trend'),
      }
      this.#recent.set(scenario, recent)
    }
    return recent
  }

  /** `153 req/s  p95=57.6ms  failed=2.97%`; '' when nothing came of the scenario lately. */
  textOf(scenario: string): string {
    const nowMs = this.#now()
    const known = this.#texts.get(scenario)
    if (known !== undefined && nowMs - known[1] < REFRESH_MS) return known[0]
    const recent = this.#recent.get(scenario)
    const text = recent === undefined ? '' : describe(recent, nowMs)
    this.#texts.set(scenario, [text, nowMs])
    return text
  }
}

/** Whole seconds that are over: the one that is under way would read too low. */
function describe(recent: Recent, nowMs: number): string {
  const fromMs = nowMs - WINDOW_MS
  const has = (sink: SlidingSink): boolean => !sink.since(fromMs).isEmpty
  const isHttp = has(recent.requests)
  if (!isHttp && !has(recent.iterations)) return ''
  const counter = isHttp ? recent.requests : recent.iterations
  const trend = isHttp ? recent.duration : recent.iterationDuration
  const rate = counter.perSecond(WINDOW_MS)
  const p95 = (trend.since(fromMs) as TrendSink).percentile(0.95)
  const failed = recent.failed.since(fromMs) as RateSink
  return [
    `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} ${isHttp ? 'req' : 'iter'}/s`,
    `p95=${humanizeDuration(p95)}`,
    ...(failed.isEmpty ? [] : [`failed=${humanizeValue(failed.rate, RATE, '')}`]),
  ].join('  ')
}
