/**
 * Results into a running Vigie (or any Prometheus) by remote write 1.0, under the names of k6's
 * `experimental-prometheus-rw`: `k6_<metric>` with `_total` for counters, `_rate` for rates, one gauge
 * per trend statistic; times in seconds. Trends are sent as classic histograms besides. Everything is
 * cumulative since the start; at the end every series gets a stale marker.
 *
 * An endpoint that does not answer costs the run nothing: one warning, and the next interval tries again.
 */
import { Labels, STALE_NAN } from '@vigie/model'
import { type WriteSeries, encodeWriteRequest } from '@vigie/model/remote-write'
import type { RunSeries } from '../metrics/engine.ts'
import {
  CounterSink,
  GaugeSink,
  RateSink,
  type Sink,
  TrendSink,
  createSink,
} from '../metrics/sink.ts'
import type { Output } from './output.ts'

const INTERVAL_MS = 1000
const TIMEOUT_MS = 5000
/** Series of one request. */
const MAX_SERIES_PER_REQUEST = 5000
/** Series that are sent at all; the others are counted in one warning. */
const MAX_SERIES = 50_000
/** Values of one trend series that are kept exactly, for its quantiles; beyond, a histogram. */
const EXACT_VALUES = 1000

const TREND_STATS: readonly [suffix: string, stat: string][] = [
  ['p50', 'med'],
  ['p90', 'p(90)'],
  ['p95', 'p(95)'],
  ['p99', 'p(99)'],
  ['avg', 'avg'],
  ['min', 'min'],
  ['max', 'max'],
  ['med', 'med'],
]

/** Upper bounds of histogram buckets, seconds for times and plain numbers otherwise. */
const TIME_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const PLAIN_BOUNDS = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 100_000, 1_000_000,
]

export interface RemoteWriteOptions {
  /** Where requests go, `…/api/v1/write`. */
  url: string
  /** More headers of every request; left out: none. */
  headers?: Record<string, string>
  /** ms between two requests; left out: 1000. */
  intervalMs?: number
  /** What is sent of trends: [suffix of the name, statistic]; left out: p50 to p99, avg, min, max and med. */
  trendStats?: readonly [suffix: string, stat: string][]
  /** Whether what can be put together with other generators' is sent besides, like histograms; left out: yes. */
  canBeAdded?: boolean
  /** Whether series are marked stale at the end; left out: yes. */
  hasStaleMarkers?: boolean
  /** Whether any certificate will do. */
  insecure?: boolean
  /** Labels of every series. */
  labels: Record<string, string>
  now(): number
  warn(message: string): void
}

/** One series of k6 and the series of Prometheus that it becomes. */
interface Sent {
  sink: Sink
  counts: Float64Array | null
  scale: number
  bounds: readonly number[]
  labels: Labels[]
  isDirty: boolean
}

export class RemoteWriteOutput implements Output {
  readonly description: string
  readonly #options: RemoteWriteOptions
  readonly #series = new Map<RunSeries, Sent>()
  readonly #timer: NodeJS.Timeout
  #dirty: Sent[] = []
  #isSending = false
  #hasWarned = false
  #wasTooMany = false
  #lastMs = 0
  readonly #trendStats: readonly [suffix: string, stat: string][]
  #dispatcher: unknown

  constructor(options: RemoteWriteOptions) {
    this.#options = options
    this.description = `Prometheus remote write (${options.url})`
    this.#trendStats = options.trendStats ?? TREND_STATS
    this.#timer = setInterval(() => void this.#send(), options.intervalMs ?? INTERVAL_MS)
  }

  record(series: RunSeries, record: Float64Array): void {
    let sent = this.#series.get(series)
    if (sent === undefined) {
      if (this.#series.size >= MAX_SERIES) return this.#tooMany()
      sent = this.#open(series)
      this.#series.set(series, sent)
    }
    sent.sink.add(record)
    if (sent.counts !== null) countInBuckets(record, sent)
    if (sent.isDirty) return
    sent.isDirty = true
    this.#dirty.push(sent)
  }

  #tooMany(): void {
    if (this.#wasTooMany) return
    this.#wasTooMany = true
    this.#options.warn(
      `more than ${MAX_SERIES} series: the others are not sent to ${this.#options.url}`,
    )
  }

  #open({ metric, tags }: RunSeries): Sent {
    const isTime = metric.contains === 'time'
    const base = `k6_${metric.name}`
    const label = (name: string, more: Record<string, string> = {}): Labels =>
      Labels.fromObject({
        ...Object.fromEntries(tags.filter(([, value]) => value !== '')),
        ...this.#options.labels,
        ...more,
        __name__: name,
      })
    const bounds = isTime ? TIME_BOUNDS : PLAIN_BOUNDS
    const shared = { bounds, scale: isTime ? 0.001 : 1, isDirty: false }
    switch (metric.type) {
      case 'counter':
        return {
          ...shared,
          sink: createSink('counter'),
          counts: null,
          labels: [label(`${base}_total`)],
        }
      case 'gauge':
        return { ...shared, sink: createSink('gauge'), counts: null, labels: [label(base)] }
      case 'rate':
        return {
          ...shared,
          sink: createSink('rate'),
          counts: null,
          // A rate alone cannot be put together with those of other generators; counts can.
          labels: [
            label(`${base}_rate`),
            ...(this.#canBeAdded
              ? [label(`${base}_nonzero_total`), label(`${base}_samples_total`)]
              : []),
          ],
        }
      case 'trend': {
        const histogram = isTime ? `${base}_seconds` : base
        return {
          ...shared,
          sink: new TrendSink(EXACT_VALUES),
          counts: this.#canBeAdded ? new Float64Array(bounds.length) : null,
          labels: [
            ...this.#trendStats.map(([suffix]) => label(`${base}_${suffix}`)),
            ...(this.#canBeAdded
              ? [
                  ...bounds.map((le) => label(`${histogram}_bucket`, { le: String(le) })),
                  label(`${histogram}_bucket`, { le: '+Inf' }),
                  label(`${histogram}_sum`),
                  label(`${histogram}_count`),
                ]
              : []),
          ],
        }
      }
    }
  }

  get #canBeAdded(): boolean {
    return this.#options.canBeAdded !== false
  }

  async #send(): Promise<void> {
    if (this.#isSending || this.#dirty.length === 0) return
    const dirty = this.#dirty
    this.#dirty = []
    const timeMs = this.#tick()
    const batch = dirty.flatMap((sent) => {
      sent.isDirty = false
      const values = valuesOf(sent, this.#trendStats)
      return sent.labels.map((labels, i): WriteSeries => ({ labels, t: [timeMs], v: [values[i]!] }))
    })
    await this.#post(batch)
  }

  /** Timestamps rise strictly, so that nothing arrives twice at one time. */
  #tick(): number {
    this.#lastMs = Math.max(this.#lastMs + 1, Math.floor(this.#options.now()))
    return this.#lastMs
  }

  async #post(batch: readonly WriteSeries[]): Promise<void> {
    this.#isSending = true
    try {
      for (let at = 0; at < batch.length; at += MAX_SERIES_PER_REQUEST) {
        const body = encodeWriteRequest({ series: batch.slice(at, at + MAX_SERIES_PER_REQUEST) })
        const response = await fetch(this.#options.url, {
          method: 'POST',
          body,
          headers: {
            'Content-Type': 'application/x-protobuf',
            'Content-Encoding': 'snappy',
            'X-Prometheus-Remote-Write-Version': '0.1.0',
            ...this.#options.headers,
          },
          ...(await this.#anyCertificate()),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        })
        const text = await response.text()
        if (!response.ok) this.#warn(`${response.status} ${text.slice(0, 200).trim()}`)
      }
    } catch (error) {
      this.#warn(causeOf(error))
    } finally {
      this.#isSending = false
    }
  }

  /** `fetch` needs another dispatcher to overlook certificates. */
  async #anyCertificate(): Promise<object> {
    if (this.#options.insecure !== true) return {}
    const { Agent } = await import('undici')
    this.#dispatcher ??= new Agent({ connect: { rejectUnauthorized: false } })
    return { dispatcher: this.#dispatcher }
  }

  #warn(problem: string): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    this.#options.warn(`cannot send results to ${this.#options.url}: ${problem}`)
  }

  /** Sends what is there; resolves when it has arrived or cannot. */
  async flush(): Promise<void> {
    const deadline = Date.now() + TIMEOUT_MS
    while (this.#isSending && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 5))
    await this.#send()
  }

  /** Writes one sample of another series, a stale marker for NaN; its time, ms since the epoch. */
  async write(name: string, labels: Record<string, string>, value: number): Promise<number> {
    const timeMs = this.#tick()
    const series = Labels.fromObject({ ...labels, __name__: name })
    const v = Number.isNaN(value) ? STALE_NAN : value
    await this.#post([{ labels: series, t: [timeMs], v: [v] }])
    return timeMs
  }

  /** Nothing sent from here on is older than `timeMs`. */
  notBefore(timeMs: number): void {
    this.#lastMs = Math.max(this.#lastMs, Math.ceil(timeMs))
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
    if (this.#series.size === 0 || this.#options.hasStaleMarkers === false) return
    const timeMs = this.#tick()
    const stale = [...this.#series.values()].flatMap(({ labels }) =>
      labels.map((one): WriteSeries => ({ labels: one, t: [timeMs], v: [STALE_NAN] })),
    )
    await this.#post(stale)
  }
}

function countInBuckets(record: Float64Array, { counts, bounds, scale }: Sent): void {
  for (let i = 0; i < record.length; i++) {
    const value = record[i]! * scale
    const bucket = bounds.findIndex((bound) => value <= bound)
    if (bucket >= 0) counts![bucket]!++
  }
}

/** In the order of `labels`. */
function valuesOf(
  { sink, counts, scale }: Sent,
  trendStats: readonly (readonly [suffix: string, stat: string])[],
): number[] {
  if (sink instanceof CounterSink) return [sink.sum]
  if (sink instanceof GaugeSink) return [sink.last]
  if (sink instanceof RateSink) return [sink.rate, sink.nonZero, sink.total]
  const trend = sink as TrendSink
  const stats = trendStats.map(([, stat]) => trend.stat(stat) * (stat === 'count' ? 1 : scale))
  if (counts === null) return stats
  let below = 0
  return [
    ...stats,
    ...Array.from(counts, (count) => (below += count)),
    trend.count,
    trend.sum * scale,
    trend.count,
  ]
}

/** What `fetch` hides behind "fetch failed". */
export function causeOf(error: unknown): string {
  const { cause, message } = error as Error
  return cause instanceof Error && cause.message !== ''
    ? cause.message
    : ((cause as { code?: string } | undefined)?.code ?? message)
}
