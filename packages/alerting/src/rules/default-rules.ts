/**
 * Rules that are on when nobody wrote any, for any service that exposes metrics the usual way. They are
 * plain PromQL, so that they can be read, tried in Explore and taken to Prometheus as they are.
 *
 * A rule that looks at many metrics at once cannot take `rate` of them directly: `rate` drops names, and
 * two metrics with the same labels would collide. So the name is copied into the label `metric` first,
 * which makes the range a subquery. Windows follow the scrape interval: what is scraped every 2 s is
 * told within half a minute, what is scraped every minute within some minutes.
 *
 * Nothing here fires on little: errors and slowness need a minimum of requests, slowness and vanishing
 * need a past to compare with, and a target gets some scrapes to come up.
 */
import type { AlertingDefinition, RuleGroup } from './rule-group.ts'

export interface DefaultRulesOptions {
  scrapeIntervalMs: number
  evaluationIntervalMs: number
  /** Names of rules that are switched off. */
  disabled?: readonly string[]
}

/** Shown as the file of these rules. */
const FILE = 'on by default'

interface Windows {
  /** Of rates. */
  rateMs: number
  /** Steps of subqueries: every other scrape is enough to see a rate, for half the work. */
  stepMs: number
  /** How far back restarts are counted. */
  restartMs: number
  /** How long a metric must have been there to be missed. */
  ageMs: number
  scrapeMs: number
}

export function defaultRules(options: DefaultRulesOptions): RuleGroup[] {
  const { scrapeIntervalMs, evaluationIntervalMs } = options
  const windows: Windows = {
    rateMs: clamp(10 * scrapeIntervalMs, 20_000, 600_000),
    stepMs: 2 * scrapeIntervalMs,
    restartMs: clamp(60 * scrapeIntervalMs, 120_000, 900_000),
    ageMs: clamp(60 * scrapeIntervalMs, 120_000, 1_800_000),
    scrapeMs: scrapeIntervalMs,
  }
  const disabled = new Set(options.disabled)
  const group = (name: string, intervalMs: number, rules: AlertingDefinition[]): RuleGroup => ({
    name,
    file: FILE,
    intervalMs,
    limit: 0,
    queryOffsetMs: undefined,
    rules: rules.filter((rule) => !disabled.has(rule.name)),
  })
  return [
    group('services', evaluationIntervalMs, [
      targetDown(windows),
      keepsRestarting(windows),
      manyErrors(windows),
      slowResponses(windows),
    ]),
    // Looks at every series there is, so not more often than it must.
    group('metrics', Math.max(evaluationIntervalMs, VANISHED_INTERVAL_MIN_MS), [
      metricVanished(windows),
    ]),
  ].filter((one) => one.rules.length > 0)
}

/** What `disabled` may hold. */
export const DEFAULT_RULE_NAMES: readonly string[] = [
  'TargetDown',
  'KeepsRestarting',
  'ManyErrors',
  'SlowResponses',
  'MetricVanished',
]

const VANISHED_INTERVAL_MIN_MS = 15_000
/** Fewer requests in a window say nothing. */
const REQUESTS_MIN = 10
const ERRORS_MIN = 3
const ERROR_RATIO_MAX = 0.05
const SLOW_SECONDS_MIN = 0.5
const SLOW_FACTOR = 2
const RESTARTS_MIN = 2
/** Scrapes that a target has to come up. */
const WARM_UP_SCRAPES = 3

const clamp = (ms: number, min: number, max: number): number => Math.min(max, Math.max(min, ms))
const duration = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`)

function rule(
  name: string,
  severity: string,
  expr: string,
  times: { forMs: number; keepFiringForMs?: number },
  annotations: { summary: string; description: string; next_step: string },
): AlertingDefinition {
  return {
    type: 'alerting',
    name,
    expr,
    forMs: times.forMs,
    keepFiringForMs: times.keepFiringForMs ?? 0,
    labels: new Map([['severity', severity]]),
    annotations: new Map(Object.entries(annotations)),
  }
}

const WHERE = '{{ $labels.job }}{{ with $labels.instance }} ({{ . }}){{ end }}'

function targetDown({ scrapeMs }: Windows): AlertingDefinition {
  const failing = (metric: string): string =>
    `(${metric} == 0 and count_over_time(${metric}[15m]) > ${WARM_UP_SCRAPES})`
  return rule(
    'TargetDown',
    'critical',
    `${failing('up')} or ${failing('probe_success')}`,
    { forMs: scrapeMs },
    {
      summary: `${WHERE} is down`,
      description:
        'It does not answer, or not in time, or not as it should. Everything that depends on it is likely to fail as well.',
      next_step:
        'Targets shows the last error. Is the process running? Does it answer on its port? If it runs and does not answer, it hangs: look at its log and its CPU before restarting it.',
    },
  )
}

function keepsRestarting({ restartMs }: Windows): AlertingDefinition {
  const start = 'process_start_time_seconds'
  return rule(
    'KeepsRestarting',
    'warning',
    // Behind one address there may be many processes, each with a start of its own: only young ones count.
    `changes(${start}[${duration(restartMs)}]) >= ${RESTARTS_MIN} and time() - ${start} < ${restartMs / 1000}`,
    { forMs: 0, keepFiringForMs: restartMs / 4 },
    {
      summary: `${WHERE} keeps restarting`,
      description: `It was started {{ $value | humanize }} times in the last ${restartMs / 60_000} minutes.`,
      next_step:
        'Look at the end of its log before each start: an exception that nobody caught, too little memory, or a health check that kills it.',
    },
  )
}

/** Labels that hold the status of a request, whoever instrumented it. */
const STATUS_LABELS = [
  'status',
  'code',
  'status_code',
  'http_status_code',
  'http_response_status_code',
  'response_code',
]
/**
 * Counters and the counts of histograms, which one label of the above makes those of requests. Every
 * expression here has a form that needs no regular expression machine: these rules look at all names.
 */
const COUNTER_NAMES = ['.+_total', '.+_count']

/** The increase per second of every metric of `selector`, its name in the label `metric`. */
const rateOfAll = (selector: string, namePattern: string, { rateMs, stepMs }: Windows): string =>
  `rate(label_replace(${selector}, "metric", "$1", "__name__", "${namePattern}")[${duration(rateMs)}:${duration(stepMs)}])`

function manyErrors(windows: Windows): AlertingDefinition {
  const perSecond = (count: number): string => String(count / (windows.rateMs / 1000))
  const withStatus = (matcher: string): string =>
    COUNTER_NAMES.flatMap((name) =>
      STATUS_LABELS.map((label) => `{__name__=~"${name}",job!="",${label}${matcher}}`),
    ).join(' or ')
  const sum = (matcher: string): string =>
    `sum by (job, instance, metric) (${rateOfAll(withStatus(matcher), '(.+)', windows)})`
  const errors = `(${sum('=~"5.+"')} >= ${perSecond(ERRORS_MIN)})`
  const requests = `(${sum('!=""')} >= ${perSecond(REQUESTS_MIN)})`
  return rule(
    'ManyErrors',
    'critical',
    // A service may count the same requests in several metrics: the worst one speaks for it.
    `max by (job, instance) (${errors} / ${requests}) > ${ERROR_RATIO_MAX}`,
    { forMs: 2 * windows.scrapeMs, keepFiringForMs: windows.rateMs },
    {
      summary: `{{ $value | humanizePercentage }} of the requests to ${WHERE} fail`,
      description: `{{ $value | humanizePercentage }} of its answers in the last ${duration(windows.rateMs)} had a status of 500 or above.`,
      next_step:
        'Look at its log for the error, at what it calls (database, other services: are they up?), and at what was changed last.',
    },
  )
}

/** Histograms of times; pauses of garbage collectors are not what anybody waits for. */
const TIME_BUCKETS = '__name__=~".+_bucket",__name__=~".+_seconds.*",__name__!~".*gc.*",job!=""'

function slowResponses(windows: Windows): AlertingDefinition {
  const by = 'job, instance, metric'
  const name = '(.+)_bucket'
  const all = `{${TIME_BUCKETS}}`
  const past = `${all} offset ${duration(2 * windows.rateMs)}`
  const count = `{${TIME_BUCKETS},le="+Inf"}`
  const p95 = (buckets: string): string =>
    `histogram_quantile(0.95, sum by (${by}, le) (${buckets}))`
  const now = p95(rateOfAll(all, name, windows))
  // Buckets count from the start of the process, so as they are they tell how it has been all along.
  const before = p95(`label_replace(${past}, "metric", "$1", "__name__", "${name}")`)
  const traffic = `sum by (${by}) (${rateOfAll(count, name, windows)}) * ${windows.rateMs / 1000} >= ${REQUESTS_MIN}`
  // What is slow long enough becomes the past; until it is fast again it stays slow for us.
  const slowAlready = `group by (${by}) (ALERTS{alertname="SlowResponses",alertstate="firing"}) * ${SLOW_SECONDS_MIN}`
  const threshold = `(${slowAlready} or clamp_min(${SLOW_FACTOR} * ${before}, ${SLOW_SECONDS_MIN}))`
  return rule(
    'SlowResponses',
    'warning',
    `${now} > on (${by}) ${threshold} and on (${by}) ${traffic}`,
    { forMs: 2 * windows.scrapeMs, keepFiringForMs: windows.rateMs },
    {
      summary: `${WHERE} is slow: one in twenty takes over {{ $value | humanizeDuration }}`,
      description: `95 % of what {{ $labels.metric }} measured in the last ${duration(windows.rateMs)} took up to {{ $value | humanizeDuration }}, at least ${SLOW_FACTOR} times as long as since its start.`,
      next_step:
        'Is there more traffic than usual? Is its CPU, its event loop or its database busy? Is something that it calls slow?',
    },
  )
}

/** Series that Vigie makes itself, or that come and go by nature. */
const NOT_MISSED = ['up', 'scrape_.*', 'probe_.*', 'ALERTS.*', 'invariant_.*', 'k6_.*', '.*:.*']

function metricVanished({ ageMs, scrapeMs }: Windows): AlertingDefinition {
  const by = 'job, instance, metric'
  const others = NOT_MISSED.map((one) => `__name__!~"${one}"`)
  const missable = [...others, 'job!=""', 'instance!=""'].join(',')
  const names = (offsetMs: number): string => {
    const offset = offsetMs === 0 ? '' : ` offset ${duration(offsetMs)}`
    const counted = `count by (job, instance, __name__) ({${missable}}${offset})`
    return `sum by (${by}) (label_replace(${counted}, "metric", "$1", "__name__", "(.+)"))`
  }
  const missedAlready = `group by (${by}) (ALERTS{alertname="MetricVanished",alertstate="firing"})`
  const known = `((${names(ageMs)} and ${names(ageMs / 2)}) or ${missedAlready})`
  const isUp = `min_over_time(up[${duration(ageMs / 2)}]) == 1`
  // After a start many metrics only come with the first event that they count.
  const isYoung = `time() - process_start_time_seconds < ${(2 * ageMs) / 1000}`
  return rule(
    'MetricVanished',
    'info',
    `(${known} unless ${names(0)}) and on (job, instance) (${isUp}) unless on (job, instance) (${isYoung})`,
    { forMs: 2 * scrapeMs },
    {
      summary: `{{ $labels.metric }} of ${WHERE} is gone`,
      description:
        'The target answers, but no longer exposes this metric. Charts and rules that use it say nothing now, also when something is wrong.',
      next_step:
        'Was it removed or renamed on purpose? Then change what uses it. If not, the part that counted it may have stopped.',
    },
  )
}
