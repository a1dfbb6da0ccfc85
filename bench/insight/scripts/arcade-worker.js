/* oxlint-disable import/no-default-export -- what a user does is the default export in k6 scripts */
// Games that are opened and left at once: one event each, which the workers have to handle.
import exec from 'k6/execution'
import http from 'k6/http'

export const options = {
  scenarios: {
    players: {
      executor: 'constant-arrival-rate',
      rate: 80,
      timeUnit: '1s',
      duration: '1m',
      preAllocatedVUs: 20,
      maxVUs: 600,
    },
  },
  thresholds: {
    http_req_failed: ['rate<0.01'],
    // A batch may be on its way; that the worker does not come back to few is what counts.
    'promql(max(min_over_time(vcg_stream_lag_events{consumer="stats-worker"}[800ms])))': [
      'value<12',
    ],
  },
}

const headers = { 'Content-Type': 'application/json' }

export default function () {
  const gameId = `game-${Date.now()}-${exec.scenario.iterationInTest}`
  const game = JSON.stringify({ gameId, userId: 'u1', username: 'u1' })
  http.post(`${__ENV.BASE_URL}/create_game`, game, { headers })
  http.post(`${__ENV.BASE_URL}/remove_game`, game, { headers })
}
