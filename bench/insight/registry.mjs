// Metrics of one process, in Prometheus's text format: what a client library does, without one, so that the
// systems of this bench need nothing.
import { readFileSync, readdirSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

export class Registry {
  #families = []

  /** `add(labels, by)`; labels as text, such as `route="/"`. */
  counter(name, help) {
    const values = new Map()
    this.#families.push(() => ({ name, help, type: 'counter', lines: linesOf(name, values) }))
    return { add: (labels = '', by = 1) => values.set(labels, (values.get(labels) ?? 0) + by) }
  }

  /** `read` gives a number, or pairs of labels and number, when somebody scrapes. */
  gauge(name, help, read) {
    this.#families.push(() => {
      const given = read()
      return {
        name,
        help,
        type: 'gauge',
        lines: linesOf(name, Array.isArray(given) ? given : [['', given]]),
      }
    })
  }

  /** A counter that is read, not counted. */
  total(name, help, read) {
    this.#families.push(() => ({
      name,
      help,
      type: 'counter',
      lines: linesOf(name, [['', read()]]),
    }))
  }

  histogram(name, help) {
    const counts = Array.from({ length: BUCKETS.length + 1 }, () => 0)
    let sum = 0
    this.#families.push(() => {
      let below = 0
      const lines = counts.map(
        (count, i) => `${name}_bucket{le="${BUCKETS[i] ?? '+Inf'}"} ${(below += count)}`,
      )
      return {
        name,
        help,
        type: 'histogram',
        lines: [...lines, `${name}_sum ${sum}`, `${name}_count ${below}`],
      }
    })
    return {
      observe(value) {
        const bucket = BUCKETS.findIndex((bound) => value <= bound)
        counts[bucket < 0 ? BUCKETS.length : bucket]++
        sum += value
      },
    }
  }

  text() {
    return this.#families
      .map((family) => family())
      .map(
        ({ name, help, type, lines }) =>
          `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`,
      )
      .join('')
  }
}

const linesOf = (name, values) =>
  [...values].map(([labels, value]) => `${name}${labels === '' ? '' : `{${labels}}`} ${value}`)

/** `process_*` and `nodejs_*`, as every Node service has them. */
export function addProcessMetrics(registry) {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  registry.total('process_cpu_seconds_total', 'User and system CPU time.', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  registry.gauge('process_resident_memory_bytes', 'Resident memory.', () =>
    process.memoryUsage.rss(),
  )
  registry.gauge(
    'process_open_fds',
    'Open file descriptors.',
    () => readdirSync('/proc/self/fd').length,
  )
  registry.gauge('process_max_fds', 'Most file descriptors that may be open.', () =>
    Number(/Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))[1]),
  )
  registry.gauge(
    'nodejs_heap_size_used_bytes',
    'Heap in use.',
    () => process.memoryUsage().heapUsed,
  )
  registry.gauge(
    'nodejs_eventloop_lag_p99_seconds',
    'Delay of the event loop since the last scrape.',
    () => {
      const seconds = delay.count === 0 ? 0 : delay.percentile(99) / 1e9
      delay.reset()
      return seconds
    },
  )
}
