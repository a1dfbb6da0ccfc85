/** What metric names say: units, and words for titles. */

export interface MetricInfo {
  /** Of the family: without `_bucket`, `_sum`, `_count`. */
  name: string
  type: string
  help: string
  unit: string
}

const UNITS: readonly (readonly [pattern: RegExp, unit: string])[] = [
  [/_(milliseconds|millis|ms)(_|$)/, 'ms'],
  [/_(microseconds|micros|us)(_|$)/, 'µs'],
  [/_(nanoseconds|nanos|ns)(_|$)/, 'ns'],
  [/_(seconds|duration|latency)(_|$)/, 's'],
  [/_bytes(_|$)/, 'bytes'],
  [/_ratio(_|$)/, 'percentunit'],
  [/_percent(age)?(_|$)/, 'percent'],
  [/_celsius(_|$)/, 'celsius'],
  [/_volts(_|$)/, 'volt'],
  [/_watts(_|$)/, 'watt'],
  [/_hertz(_|$)/, 'hertz'],
  [/_joules(_|$)/, 'joule'],
]

/** Of the values themselves. */
export function unitOf({ name, unit }: MetricInfo): string {
  const whole = `${name}_${unit}`
  return UNITS.find(([pattern]) => pattern.test(whole))?.[1] ?? 'short'
}

/** Of how fast they grow: seconds per second are a share of time. */
export function rateUnitOf(metric: MetricInfo): string {
  switch (unitOf(metric)) {
    case 'bytes':
      return 'binBps'
    case 's':
      return 'percentunit'
    default:
      return /request|response/.test(metric.name) ? 'reqps' : 'ops'
  }
}

const ACRONYMS = new Map(
  'API CPU DB DNS FD GC GRPC HTTP HTTPS ID IO IP JSON JVM JWT OS P95 RPC RSS RTT SMTP SQL SSH SSL TCP TLS TSDB UDP UI URL VM WAL WS XML'
    .split(' ')
    .map((word) => [word.toLowerCase(), word]),
)

/** `http_requests` as `HTTP requests`. */
export function wordsOf(name: string): string {
  const words = name.split(/[_:]+/).filter((word) => word !== '')
  const text = words.map((word) => ACRONYMS.get(word.toLowerCase()) ?? word).join(' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

const bareName = (name: string): string =>
  name.replace(/_(total|seconds|bytes|ratio|percent|milliseconds)(?=_|$)/g, '')

/** Words without the prefix that all of its group share, and without what the axis says. */
export function titleOf(name: string, prefix: string): string {
  const bare = bareName(name)
  const inner = bare.startsWith(`${prefix}_`) ? bare.slice(prefix.length + 1) : bare
  return wordsOf(inner === '' ? name : inner)
}

/** The longest run of whole words with which all names begin; one word of each is left over. */
export function sharedPrefix(names: readonly string[]): string {
  const [first = [], ...others] = names.map((name) => bareName(name).split('_'))
  let size = 0
  while (
    size < first.length - 1 &&
    others.every((words) => size < words.length - 1 && words[size] === first[size])
  )
    size++
  return first.slice(0, size).join('_')
}
