/* oxlint-disable import/no-default-export -- what a user does is the default export in k6 scripts */
// Users who book on one account and think in between.
import { sleep } from 'k6'
import http from 'k6/http'

export const options = {
  vus: 50,
  duration: '1m',
  thresholds: {
    http_req_failed: ['rate<0.01'],
    http_req_duration: ['p(95)<60'],
  },
}

export default function () {
  http.get(__ENV.BASE_URL)
  sleep(0.4)
}
