/* oxlint-disable import/no-default-export -- what a player does is the default export in k6 scripts */
// The players of players.js, and what the servers may feel of them. A `promql(…)` threshold asks the
// Vigie that watches the arcade; when it does not hold, the run ends with exit code 99. (k6 itself does
// not know such thresholds.)
//
//   vigie load -u 100 examples/arcade/load/players-slo.js
import { options as playersOptions } from './players.js'

export { default } from './players.js'

export const options = {
  ...playersOptions,
  vus: 100,
  duration: '1m',
  thresholds: {
    ...playersOptions.thresholds,
    // The statistics are never more than five seconds of events behind.
    'promql(max(max_over_time(vcg_stream_lag_events[1m])))': ['value<450'],
    // The portal answers nineteen of twenty requests within half a second.
    'promql(histogram_quantile(0.95, sum by (le) (rate(django_http_requests_latency_including_middlewares_seconds_bucket[1m]))))':
      ['value<0.5'],
    // A tick of all games takes less than a tick may.
    'promql(histogram_quantile(0.99, sum by (le) (rate(vcg_tick_duration_seconds_bucket[1m]))) / scalar(max(vcg_tick_budget_seconds)))':
      ['value<1'],
  },
}
