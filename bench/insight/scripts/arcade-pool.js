/* oxlint-disable import/no-default-export -- what a user does is the default export in k6 scripts */
// Players who look at their statistics.
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
    http_req_duration: ['p(95)<90'],
  },
}

export default function () {
  http.get(`${__ENV.BASE_URL}/stats/exrps/00000000-0000-4000-8000-000000000000`, {
    tags: { name: 'stats' },
  })
}
