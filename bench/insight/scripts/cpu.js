/* oxlint-disable import/no-default-export -- what a user does is the default export in k6 scripts */
// Pages that cost computing.
import http from 'k6/http'

export const options = {
  scenarios: {
    visitors: {
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
    http_req_duration: ['p(95)<70'],
  },
}

export default function () {
  http.get(__ENV.BASE_URL)
}
