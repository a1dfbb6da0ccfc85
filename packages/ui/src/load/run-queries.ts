/** The queries of a run's charts. Series carry `testid=<run id>`; names are those of k6's remote write. */

export interface RunChart {
  title: string
  unit: 'count' | 'perSec' | 'seconds' | 'ratio'
  queries: { expr: string; name: (labels: Record<string, string>) => string }[]
}

const TRENDS = ['p99', 'p95', 'p90', 'med', 'avg', 'max', 'min', 'p50']
const TREND_NAME = 'k6_http_req_duration_'
/** Twice the interval at which a load process reports. */
const WINDOW = '10s'

export function runCharts(id: string): RunChart[] {
  const by = `testid=${JSON.stringify(id)}`
  return [
    {
      title: 'Users',
      unit: 'count',
      queries: [
        { expr: `sum(k6_vus{${by}})`, name: () => 'running' },
        { expr: `max(k6_vus_max{${by}})`, name: () => 'at most' },
      ],
    },
    {
      title: 'Requests per second',
      unit: 'perSec',
      queries: [
        { expr: `sum(rate(k6_http_reqs_total{${by}}[${WINDOW}]))`, name: () => 'requests' },
        { expr: `sum(rate(k6_iterations_total{${by}}[${WINDOW}]))`, name: () => 'iterations' },
        {
          expr: `sum(rate(k6_ws_msgs_received_total{${by}}[${WINDOW}]))`,
          name: () => 'websocket messages in',
        },
      ],
    },
    {
      title: 'Latency',
      unit: 'seconds',
      queries: [
        {
          expr: `max by (__name__) ({__name__=~"${TREND_NAME}(${TRENDS.join('|')})", ${by}})`,
          name: (labels) => (labels['__name__'] ?? '').replace(TREND_NAME, ''),
        },
      ],
    },
    {
      title: 'Failed requests and passed checks',
      unit: 'ratio',
      queries: [
        { expr: `avg(k6_http_req_failed_rate{${by}})`, name: () => 'requests that failed' },
        { expr: `avg(k6_checks_rate{${by}})`, name: () => 'checks that passed' },
      ],
    },
  ]
}
