/** `/metrics` of Vigie itself, in the text format. Prometheus's names where one exists. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { formatValue } from '@vigie/model'
import { processFigures } from './process-files.ts'

export interface Metric {
  name: string
  help: string
  type: 'counter' | 'gauge' | 'histogram' | 'summary'
  /** `suffix` comes behind the name: `_bucket`, `_sum`, `_count`. */
  samples: readonly {
    suffix?: string
    labels: Readonly<Record<string, string>>
    value: number
  }[]
}

/** Text format of several families; families of one name are written once. */
export function renderMetrics(metrics: readonly Metric[]): string {
  const byName = new Map<string, Metric[]>()
  for (const metric of metrics) {
    const same = byName.get(metric.name)
    if (same === undefined) byName.set(metric.name, [metric])
    else same.push(metric)
  }
  let out = ''
  for (const [name, family] of byName) {
    out += `# HELP ${name} ${family[0].help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n# TYPE ${name} ${family[0].type}\n`
    for (const { samples } of family)
      for (const { suffix = '', labels, value } of samples)
        out += `${name}${suffix}${renderLabels(labels)} ${formatValue(value)}\n`
  }
  return out
}

/** `{name="value",…}`, nothing without labels. */
export function renderLabels(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

/** A label's value, or a name, for between quotes. */
export const escapeLabel = (value: string): string =>
  value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')

/** Upper bounds of the durations of answers, s, as in Prometheus. */
const ANSWER_SECONDS = [0.1, 0.2, 0.4, 1, 3, 8, 20, 60, 120]

/** Durations of one handler's answers. */
class AnswerTimes {
  readonly #counts = [...ANSWER_SECONDS, Infinity].map(() => 0)
  #sum = 0

  add(seconds: number): void {
    const at = ANSWER_SECONDS.findIndex((bound) => seconds <= bound)
    this.#counts[at < 0 ? ANSWER_SECONDS.length : at]++
    this.#sum += seconds
  }

  samples(handler: string): Metric['samples'] {
    let count = 0
    const buckets = this.#counts.map((one, i) => {
      count += one
      const le = i < ANSWER_SECONDS.length ? String(ANSWER_SECONDS[i]) : '+Inf'
      return { suffix: '_bucket', labels: { handler, le }, value: count }
    })
    return [
      ...buckets,
      { suffix: '_sum', labels: { handler }, value: this.#sum },
      { suffix: '_count', labels: { handler }, value: count },
    ]
  }
}

/** The process, its event loop and its answers. */
export class ProcessMetrics {
  readonly #loop = monitorEventLoopDelay({ resolution: 10 })
  readonly #startSeconds: number
  readonly #answers = new Map<
    string,
    { handler: string; code: string; count: number; seconds: number }
  >()

  /** By handler. */
  readonly #times = new Map<string, AnswerTimes>()

  constructor(startTimeMs: number) {
    this.#startSeconds = startTimeMs / 1000
    this.#loop.enable()
  }

  /** Counts one answered request. `route` is the pattern, never the address itself. */
  countAnswer(route: string, status: number, seconds: number): void {
    const key = `${route} ${status}`
    let entry = this.#answers.get(key)
    if (entry === undefined)
      this.#answers.set(
        key,
        (entry = { handler: route, code: String(status), count: 0, seconds: 0 }),
      )
    entry.count++
    entry.seconds += seconds
    let times = this.#times.get(route)
    if (times === undefined) this.#times.set(route, (times = new AnswerTimes()))
    times.add(seconds)
  }

  collect(version: string): Metric[] {
    const { rss, heapUsed, heapTotal } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    const answers = [...this.#answers.values()]
    const out = [
      gauge(
        'process_start_time_seconds',
        'Start time of the process since the epoch.',
        this.#startSeconds,
      ),
      counter(
        'process_cpu_seconds_total',
        'User and system CPU time spent.',
        (user + system) / 1e6,
      ),
      gauge('process_resident_memory_bytes', 'Resident memory.', rss),
      ...[...processFigures()].map(([name, value]) =>
        gauge(name, 'Of the process, from /proc.', value),
      ),
      gauge('nodejs_heap_size_used_bytes', 'Heap in use.', heapUsed),
      gauge('nodejs_heap_size_total_bytes', 'Heap reserved.', heapTotal),
      gauge(
        'nodejs_eventloop_lag_p99_seconds',
        '99th percentile of the event loop delay since the last scrape.',
        this.#loop.percentile(99) / 1e9,
      ),
      gauge(
        'nodejs_eventloop_lag_max_seconds',
        'Longest event loop delay since the last scrape.',
        this.#loop.max / 1e9,
      ),
      {
        ...gauge('vigie_build_info', 'Version of Vigie and of Node.', 1),
        samples: [{ labels: { version, nodejs: process.version }, value: 1 }],
      },
      {
        ...gauge('prometheus_build_info', 'What /api/v1/status/buildinfo says.', 1),
        samples: [{ labels: buildLabels(version), value: 1 }],
      },
      {
        name: 'prometheus_http_requests_total',
        help: 'Answered HTTP requests.',
        type: 'counter' as const,
        samples: answers.map((one) => ({
          labels: { handler: one.handler, code: one.code },
          value: one.count,
        })),
      },
      {
        name: 'prometheus_http_request_duration_seconds',
        help: 'How long HTTP requests took.',
        type: 'histogram' as const,
        samples: [...this.#times].flatMap(([handler, times]) => times.samples(handler)),
      },
      {
        name: 'vigie_http_request_seconds_total',
        help: 'Time spent answering HTTP requests.',
        type: 'counter' as const,
        samples: answers.map((one) => ({
          labels: { handler: one.handler, code: one.code },
          value: one.seconds,
        })),
      },
    ]
    this.#loop.reset()
    return out
  }

  close(): void {
    this.#loop.disable()
  }
}

/** Dashboards of Prometheus find its servers by these; what has no value here is left out. */
const buildLabels = (version: string): Readonly<Record<string, string>> => ({
  goarch: process.arch === 'x64' ? 'amd64' : process.arch,
  goos: process.platform,
  goversion: process.version,
  version,
})

const gauge = (name: string, help: string, value: number): Metric => ({
  name,
  help,
  type: 'gauge',
  samples: [{ labels: {}, value }],
})
const counter = (name: string, help: string, value: number): Metric => ({
  name,
  help,
  type: 'counter',
  samples: [{ labels: {}, value }],
})
