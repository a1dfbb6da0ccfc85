/** What the name of a metric says: its words, its role, and how people would call it. */

/** What a series can be, from its name and labels alone. */
export type Role =
  /** Processor seconds of a process. */
  | 'cpu'
  /** Seconds per second that something was held or busy: 1 is full. */
  | 'held'
  /** Something waits. */
  | 'queue'
  /** Refused by a limit. */
  | 'limit'
  /** What is left of something; 0 is empty. */
  | 'left'
  /** Delay of an event loop. */
  | 'loop'
  /** The service's own requests: what the load sees anyway. */
  | 'front'
  | 'error'
  /** Memory, garbage collection, file descriptors of a runtime. */
  | 'runtime'
  /** A target that does not answer scrapes: 1 − up. */
  | 'down'
  | 'other'

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))

const QUEUE = words(
  'queue queued waiting waiters wait waits pending backlog lag depth outstanding blocked delayed unacked unprocessed outbox inflight',
)
const LIMITS = words(
  'ratelimit ratelimited throttle throttled throttles rejected refused limited shed exceeded',
)
const ERRORS = words(
  'error errors failed failure failures exception exceptions timeout timeouts dropped drops retries',
)
const LEFT = words('available free idle remaining left')
const HELD = words('held busy active utilized io')
const RUNTIME = words('heap resident memory gc fds rss malloc alloc goroutines threads handles')
const FRONT = words('request requests response responses')
/** First words of metrics that say nothing about the system under load. */
const FOREIGN = /^(k6_|vigie_|scrape_|ALERTS|prometheus_)/
/** Numbers of a clock. */
const CLOCK = /(^|_)(age|uptime|timestamp|time_seconds|start_time|last_\w+_seconds)(_|$)/

export const tokensOf = (name: string): string[] =>
  name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[_:.]+/)
    .filter((token) => token !== '')

/** Series of the generator, of scraping, clocks and constants by nature: never a suspect. */
export const isForeign = (labels: Readonly<Record<string, string>>): boolean =>
  FOREIGN.test(labels.__name__ ?? '') ||
  labels.testid !== undefined ||
  CLOCK.test(labels.__name__ ?? '') ||
  (labels.__name__ ?? '').endsWith('_info')

export function roleOf(labels: Readonly<Record<string, string>>): Role {
  const name = labels.__name__ ?? ''
  const tokens = tokensOf(name)
  const has = (set: ReadonlySet<string>): boolean => tokens.some((token) => set.has(token))
  const status = labels.code ?? labels.status ?? labels.status_code ?? ''
  if (/cpu_(user_|system_)?seconds|cpu_usage_seconds/.test(name)) return 'cpu'
  if (status === '429' || status === '503' || has(LIMITS) || name.includes('rate_limit'))
    return has(LEFT) ? 'left' : 'limit'
  if (/event_?loop/.test(name)) return 'loop'
  const isClient = tokens.includes('client') || tokens.includes('upstream')
  const isInFlight = /in_flight|in_progress/.test(name)
  if (has(FRONT) && !isClient && !has(new Set(['queue', 'queued', 'wait', 'waiting'])))
    return /^[45]/.test(status) ? 'error' : 'front'
  if (has(ERRORS) || status.startsWith('5')) return 'error'
  if (has(QUEUE) || isInFlight) return 'queue'
  // A garbage collector fills and frees its spaces as it likes.
  if (/^(nodejs|go|python|jvm|dotnet)_/.test(name) && has(RUNTIME)) return 'runtime'
  if (has(LEFT)) return 'left'
  if (/^(process|nodejs|go|python|jvm|node|container)_/.test(name) && has(RUNTIME)) return 'runtime'
  if (has(HELD) && /seconds/.test(name)) return 'held'
  return 'other'
}

const USED = words(
  'in use used busy active taken acquired current reserved open allocated borrowed',
)
const MOST = words('max limit size capacity maximum total')

/**
 * What a gauge has in common with the gauge of its ceiling: `db_in_use_conns` and `db_max_open_conns` are
 * both of `conns db`. Null when the name speaks of neither.
 */
export function poolOf(name: string): { stem: string; isCeiling: boolean } | null {
  const tokens = tokensOf(name)
  const isCeiling = tokens.some((token) => MOST.has(token))
  const isUsed = tokens.some((token) => USED.has(token) && token !== 'in' && token !== 'open')
  if (!isCeiling && !isUsed && !tokens.includes('open')) return null
  const stem = tokens.filter((token) => !USED.has(token) && !MOST.has(token)).toSorted()
  return { stem: stem.join(' '), isCeiling }
}

const UNITS: readonly [suffix: RegExp, unit: string][] = [
  [/_nano(second)?s$/, 'ns'],
  [/_micro(second)?s$/, 'µs'],
  [/_milli(second)?s$|_ms$/, 'ms'],
  [/_seconds$/, 's'],
  [/_bytes$/, 'B'],
  [/_ratio$/, ''],
  [/_percent$/, '%'],
]

/** Unit of the values, '' for numbers of things. */
export function unitOf(name: string): string {
  const base = name.replace(/_(total|sum|count|bucket)$/, '')
  return UNITS.find(([suffix]) => suffix.test(base))?.[1] ?? ''
}

const COMMON = words('process nodejs http go python jvm node db redis grpc')

/** First words of names that several jobs share and that mean nothing by themselves: a product's prefix. */
export function namespacesOf(
  all: readonly Readonly<Record<string, string>>[],
): ReadonlySet<string> {
  const jobs = new Map<string, Set<string>>()
  const named = new Set(all.flatMap(({ job = '' }) => tokensOf(job.replaceAll('-', '_'))))
  for (const labels of all) {
    const [first] = tokensOf(labels.__name__ ?? '')
    if (first === undefined || COMMON.has(first) || named.has(first)) continue
    const seen = jobs.get(first) ?? new Set()
    jobs.set(first, seen.add(labels.job ?? ''))
  }
  return new Set([...jobs].filter(([, seen]) => seen.size > 1).map(([first]) => first))
}

/** `stats_worker_events_processed_total` of the job stats-worker: `events processed`. */
export function wordsOf(
  labels: Readonly<Record<string, string>>,
  namespaces: ReadonlySet<string>,
): string {
  let base = (labels.__name__ ?? 'value').replace(/_(total|sum|count|bucket|info)$/, '')
  for (const [suffix] of UNITS) base = base.replace(suffix, '')
  const tokens = tokensOf(base)
  const own = new Set([...namespaces, ...tokensOf((labels.job ?? '').replaceAll('-', '_'))])
  const kept = tokens.findIndex((token) => !own.has(token))
  const said = kept < 0 ? tokens : tokens.slice(kept)
  const text = said
    .join(' ')
    .replace(/^process /, '')
    .replace('eventloop', 'event loop')
  return text === 'resident memory' ? 'memory' : text
}

/** Who it is about: the job (or what else names it), and the instance where a job has several. */
export function subjectOf(
  labels: Readonly<Record<string, string>>,
  isInstanceNeeded: boolean,
): string {
  const name = labels.job ?? labels.service ?? labels.container ?? labels.pod ?? labels.app
  if (name === undefined) return labels.instance ?? 'the target'
  return isInstanceNeeded && labels.instance !== undefined ? `${name} (${labels.instance})` : name
}

const TOLD = words('__name__ job instance le quantile')

/** Labels besides who it is: `consumer stats-worker, code 429`. */
export function detailOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .filter(([key, value]) => !TOLD.has(key) && value !== '' && value !== '/')
    .slice(0, 3)
    .filter(([, value]) => value !== labels.job)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')
}

/** `name{job="a",instance="b"}` */
export function selectorOf(labels: Readonly<Record<string, string>>, name: string): string {
  const matchers = Object.entries(labels)
    .filter(([key]) => key !== '__name__')
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  return matchers.length === 0 ? name : `${name}{${matchers.join(', ')}}`
}

/** `1m30s`, `800ms`: a range for PromQL. */
export function rangeText(ms: number): string {
  if (ms < 1000 || ms % 1000 !== 0) return `${Math.ceil(ms)}ms`
  return ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1000}s`
}

/** For people: `4,100`, `0.98`, `38 ms`, `120 MB`. */
export function valueText(value: number, unit: string): string {
  if (!Number.isFinite(value)) return String(value)
  const scaled = scaleOf(Math.abs(value), unit)
  const number = value / scaled.by
  const size = Math.abs(number)
  const digits = size >= 100 || Number.isInteger(number) ? 0 : size >= 10 ? 1 : size >= 0.01 ? 2 : 4
  const text = number.toLocaleString('en-US', { maximumFractionDigits: digits })
  return scaled.unit === '' ? text : scaled.unit === '%' ? `${text} %` : `${text} ${scaled.unit}`
}

function scaleOf(size: number, unit: string): { by: number; unit: string } {
  const seconds = { s: 1, ms: 1e-3, µs: 1e-6, ns: 1e-9 }[unit]
  if (seconds !== undefined) {
    const value = size * seconds
    if (value >= 1) return { by: 1 / seconds, unit: 's' }
    return value >= 0.001 || value === 0
      ? { by: 0.001 / seconds, unit: 'ms' }
      : { by: 1e-6 / seconds, unit: 'µs' }
  }
  if (unit !== 'B') return { by: 1, unit }
  if (size >= 1e9) return { by: 1e9, unit: 'GB' }
  if (size >= 1e6) return { by: 1e6, unit: 'MB' }
  return size >= 1e3 ? { by: 1e3, unit: 'kB' } : { by: 1, unit }
}
