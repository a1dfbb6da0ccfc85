/** The queries of a run's charts. Series carry `testid=<run id>`; names are those of k6's remote write. */

export type RunUnit = 'count' | 'perSec' | 'seconds' | 'ratio' | 'bytes' | 'bytesPerSec'

export interface RunQuery {
  expr: string
  /** Of each series that comes back. */
  name: (labels: Record<string, string>) => string
  /** On an axis of its own at the right. */
  isRight?: boolean
  isDashed?: boolean
}

export interface RunChart {
  title: string
  unit: RunUnit
  rightUnit?: RunUnit
  queries: RunQuery[]
  /** Not every run has it: left out where there is nothing. */
  isOptional?: boolean
  /** Series drawn; the others are the smallest. */
  seriesMax?: number
}

/** Ten reports of a load process. */
const WINDOW = '10s'

/** What the generator did and what it felt. */
export function runCharts(id: string): RunChart[] {
  const by = `testid=${JSON.stringify(id)}`
  const rate = (metric: string, more = ''): string =>
    `sum(rate(k6_${metric}_total{${by}${more}}[${WINDOW}]))`
  return [
    {
      title: 'Load',
      unit: 'count',
      rightUnit: 'perSec',
      queries: [
        { expr: `sum(k6_vus{${by}})`, name: () => 'users' },
        { expr: rate('iterations'), name: () => 'iterations', isRight: true },
        {
          expr: `${rate('dropped_iterations')} > 0`,
          name: () => 'iterations dropped',
          isRight: true,
        },
      ],
    },
    {
      title: 'Response time',
      unit: 'seconds',
      queries: [0.5, 0.95, 0.99].map((quantile) => ({
        expr: `histogram_quantile(${quantile}, sum by (le) (rate(k6_http_req_duration_seconds_bucket{${by}}[${WINDOW}])))`,
        name: () => `p${quantile * 100}`,
      })),
    },
    {
      title: 'Requests per second',
      unit: 'perSec',
      queries: [
        { expr: rate('http_reqs'), name: () => 'requests' },
        {
          expr: `${rate('http_reqs', ',expected_response="false"')} > 0`,
          name: () => 'failed',
        },
      ],
    },
    {
      title: 'Errors',
      unit: 'ratio',
      queries: [
        {
          expr: `(${rate('http_reqs', ',expected_response="false"')} or ${rate('http_reqs')} * 0) / ${rate('http_reqs')}`,
          name: () => 'failed requests',
        },
        { expr: `1 - avg(k6_checks_rate{${by}})`, name: () => 'failed checks, so far' },
      ],
    },
    {
      title: 'Websocket messages per second',
      unit: 'perSec',
      isOptional: true,
      queries: [
        { expr: rate('ws_msgs_received'), name: () => 'received' },
        { expr: rate('ws_msgs_sent'), name: () => 'sent' },
      ],
    },
    {
      title: 'Data per second',
      unit: 'bytesPerSec',
      isOptional: true,
      queries: [
        { expr: rate('data_received'), name: () => 'received' },
        { expr: rate('data_sent'), name: () => 'sent' },
      ],
    },
  ]
}

/** Series of one chart of the servers. */
const SERVERS_MAX = 8

/** What the servers felt, by service, of the names that most of them have. `windowSec` covers some scrapes. */
export function serverCharts(windowSec: number): RunChart[] {
  const window = `${windowSec}s`
  const others = 'job!="vigie"'
  const job = (labels: Record<string, string>): string => labels['job'] ?? 'all'
  const chart = (title: string, unit: RunUnit, expr: string): RunChart => ({
    title,
    unit,
    isOptional: true,
    seriesMax: SERVERS_MAX,
    queries: [{ expr, name: job }],
  })
  return [
    chart(
      'CPU (100 % is one core)',
      'ratio',
      `sum by (job) (rate(process_cpu_seconds_total{${others}}[${window}]))`,
    ),
    chart(
      'Event loop delay, p99',
      'seconds',
      `max by (job) (nodejs_eventloop_lag_p99_seconds{${others}})`,
    ),
    chart('Memory', 'bytes', `sum by (job) (process_resident_memory_bytes{${others}})`),
    {
      title: 'This machine',
      unit: 'ratio',
      isOptional: true,
      queries: [
        {
          expr: `1 - avg(rate(node_cpu_seconds_total{mode="idle"}[${window}]))`,
          name: () => 'CPU busy',
        },
        {
          expr: '1 - sum(node_memory_MemAvailable_bytes) / sum(node_memory_MemTotal_bytes)',
          name: () => 'memory in use',
        },
      ],
    },
  ]
}

/** A chart of one line per run. */
export interface CompareChart {
  title: string
  unit: RunUnit
  expr: (id: string) => string
}

export function compareCharts(): CompareChart[] {
  const by = (id: string): string => `testid=${JSON.stringify(id)}`
  const reqs = (id: string, more = ''): string =>
    `sum(rate(k6_http_reqs_total{${by(id)}${more}}[${WINDOW}]))`
  const quantile = (q: number, id: string): string =>
    `histogram_quantile(${q}, sum by (le) (rate(k6_http_req_duration_seconds_bucket{${by(id)}}[${WINDOW}])))`
  return [
    { title: 'Response time, p95', unit: 'seconds', expr: (id) => quantile(0.95, id) },
    { title: 'Response time, p50', unit: 'seconds', expr: (id) => quantile(0.5, id) },
    { title: 'Requests per second', unit: 'perSec', expr: (id) => reqs(id) },
    {
      title: 'Failed requests',
      unit: 'ratio',
      expr: (id) => `(${reqs(id, ',expected_response="false"')} or ${reqs(id)} * 0) / ${reqs(id)}`,
    },
    { title: 'Users', unit: 'count', expr: (id) => `sum(k6_vus{${by(id)}})` },
    {
      title: 'Iterations per second',
      unit: 'perSec',
      expr: (id) => `sum(rate(k6_iterations_total{${by(id)}}[${WINDOW}]))`,
    },
  ]
}
