/** The queries of a run's charts. Series carry `testid=<run id>`; names are those of k6's remote write. */

export interface RunChart {
  title: string
  unit: 'count' | 'perSec' | 'seconds' | 'ratio'
  queries: { expr: string; name: () => string }[]
}

/** Shares of the requests, with the name of the line. */
const QUANTILES: [number, string][] = [
  [0.5, 'half of the requests'],
  [0.95, '95 %'],
  [0.99, '99 %'],
]
/** Ten reports of a load process. */
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
      title: 'Requests are answered within',
      unit: 'seconds',
      queries: QUANTILES.map(([quantile, name]) => ({
        expr: `histogram_quantile(${quantile}, sum by (le) (rate(k6_http_req_duration_seconds_bucket{${by}}[${WINDOW}])))`,
        name: () => name,
      })),
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
