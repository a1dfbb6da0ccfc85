/**
 * What the HTML report shows over time and by request: a point every second, later every 2, 4, … seconds so
 * that there are never more than MAX_POINTS, and one row for each combination of method, name and status.
 */
import type { RunSeries } from '../metrics/engine.ts'
import { CounterSink, GaugeSink, RateSink, TrendSink } from '../metrics/sink.ts'
import { merge } from '../metrics/sliding.ts'
import type { Output } from '../outputs/output.ts'

const MAX_POINTS = 600
/** Rows of requests; the others are added up in one. */
const MAX_ROWS = 200
/** Values of one point or row that are kept exactly. */
const EXACT_VALUES = 2000
const OTHERS = '(others)'

/** What happened within one stretch of time. */
export class ReportPoint {
  readonly requests: CounterSink = new CounterSink()
  readonly duration: TrendSink = new TrendSink(EXACT_VALUES)
  readonly failed: RateSink = new RateSink()
  readonly iterations: CounterSink = new CounterSink()
  readonly checks: RateSink = new RateSink()
  readonly vus: GaugeSink = new GaugeSink()
  readonly received: CounterSink = new CounterSink()
  readonly sent: CounterSink = new CounterSink()

  add(other: ReportPoint): void {
    for (const name of POINT_SINKS) merge(this[name], other[name])
  }
}

const POINT_SINKS = [
  'requests',
  'duration',
  'failed',
  'iterations',
  'checks',
  'vus',
  'received',
  'sent',
] as const

const METRICS = new Map<string, (typeof POINT_SINKS)[number]>([
  ['http_reqs', 'requests'],
  ['http_req_duration', 'duration'],
  ['http_req_failed', 'failed'],
  ['iterations', 'iterations'],
  ['checks', 'checks'],
  ['vus', 'vus'],
  ['data_received', 'received'],
  ['data_sent', 'sent'],
])

/** Requests of one method, name and status. */
export interface ReportRow {
  method: string
  name: string
  status: string
  count: CounterSink
  failed: RateSink
  duration: TrendSink
}

export class ReportCollector implements Output {
  readonly description: string
  readonly rows: Map<string, ReportRow> = new Map()
  readonly #now: () => number
  readonly #rowOf = new Map<RunSeries, ReportRow>()
  #startMs: number | null = null
  #stepMs = 1000
  #points: ReportPoint[] = []

  /** `path` is for people; `now` is in ms. */
  constructor(path: string, now: () => number) {
    this.description = `report (${path})`
    this.#now = now
  }

  /** Length of a point, ms, and the points from the start on. */
  get timeline(): { stepMs: number; points: readonly ReportPoint[] } {
    return { stepMs: this.#stepMs, points: this.#points }
  }

  record(series: RunSeries, record: Float64Array): void {
    const { name } = series.metric
    const sink = METRICS.get(name)
    if (sink === undefined) return
    this.#point()[sink].add(record)
    if (name === 'http_reqs') this.#row(series).count.add(record)
    else if (name === 'http_req_failed') this.#row(series).failed.add(record)
    else if (name === 'http_req_duration') this.#row(series).duration.add(record)
  }

  #point(): ReportPoint {
    const nowMs = this.#now()
    this.#startMs ??= nowMs
    let index = Math.floor((nowMs - this.#startMs) / this.#stepMs)
    while (index >= MAX_POINTS) {
      this.#halve()
      index = Math.floor((nowMs - this.#startMs) / this.#stepMs)
    }
    while (this.#points.length <= index) this.#points.push(new ReportPoint())
    return this.#points[index]!
  }

  #halve(): void {
    this.#stepMs *= 2
    this.#points = this.#points.filter((point, i) => {
      const next = this.#points[i + 1]
      if (i % 2 === 0 && next !== undefined) point.add(next)
      return i % 2 === 0
    })
  }

  #row(series: RunSeries): ReportRow {
    let row = this.#rowOf.get(series)
    if (row === undefined) this.#rowOf.set(series, (row = this.#openRow(new Map(series.tags))))
    return row
  }

  #openRow(tags: ReadonlyMap<string, string>): ReportRow {
    const [method, name, status] = ['method', 'name', 'status'].map((tag) => tags.get(tag) ?? '')
    const own = `${method} ${name} ${status}`
    const isFull = this.rows.size >= MAX_ROWS && !this.rows.has(own)
    const key = isFull ? OTHERS : own
    let row = this.rows.get(key)
    if (row === undefined) {
      row = {
        method: isFull ? '' : method!,
        name: isFull ? OTHERS : name!,
        status: isFull ? '' : status!,
        count: new CounterSink(),
        failed: new RateSink(),
        duration: new TrendSink(EXACT_VALUES),
      }
      this.rows.set(key, row)
    }
    return row
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
