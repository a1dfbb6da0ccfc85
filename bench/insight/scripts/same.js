/* oxlint-disable import/no-default-export -- what a user does is the default export in k6 scripts */
// The same again and again: two of these do not differ.
import http from 'k6/http'

export const options = {
  scenarios: {
    visitors: {
      executor: 'constant-arrival-rate',
      rate: 80,
      timeUnit: '1s',
      duration: '4s',
      preAllocatedVUs: 20,
    },
  },
}

export default function () {
  http.get(__ENV.BASE_URL)
}
