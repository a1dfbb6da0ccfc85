/* oxlint-disable import/no-default-export -- what a user does is the default export in k6 scripts */
// The same load all the time; what slows down does so by itself.
import http from 'k6/http'

export const options = {
  scenarios: {
    visitors: {
      executor: 'constant-arrival-rate',
      rate: 60,
      timeUnit: '1s',
      duration: '30s',
      preAllocatedVUs: 30,
      maxVUs: 200,
    },
  },
  thresholds: {
    http_req_failed: ['rate<0.01'],
    http_req_duration: ['p(95)<60'],
  },
}

export default function () {
  http.get(__ENV.BASE_URL)
}
