import { expect, test } from 'vitest'
import { CANDIDATES, pickMetric, tileQuery } from './request-rate.ts'

test.each([
  ['http_requests_total up_requests_total', 'http_requests_total'],
  [
    'matchmaker_server_http_request_exceptions_total matchmaker_server_http_request_total',
    'matchmaker_server_http_request_total',
  ],
  ['game_rps_server_http_request_duration_count', 'game_rps_server_http_request_duration_count'],
  [
    'django_http_requests_total_by_method_total django_http_requests_before_middlewares_total',
    'django_http_requests_total_by_method_total',
  ],
  [
    'go_gc_duration_seconds_count nodejs_active_requests_total vigie_http_request_seconds_total',
    undefined,
  ],
  [
    'stats_worker_events_processed_total vcg_tick_duration_seconds_count',
    'stats_worker_events_processed_total',
  ],
  ['probe_duration_seconds', 'probe_duration_seconds'],
  ['', undefined],
])('of %s: %s', (names, picked) => expect(pickMetric(names.split(' '))).toBe(picked))

test('every name that can be picked is asked for', () => {
  const asked = new RegExp(`^(?:${CANDIDATES})$`)
  for (const name of [
    'http_requests_total',
    'a_http_request_total',
    'a_request_duration_seconds_count',
    'django_http_requests_total_by_method_total',
    'stats_worker_events_processed_total',
  ])
    expect(asked.test(name), name).toBe(true)
})

test.each([
  ['api', ['http_requests_total'], 'sum by (job) (rate(http_requests_total{job="api"}[1m]))'],
  ['a"b', [], 'avg by (job) (up{job="a\\"b"})'],
  ['web', ['probe_duration_seconds'], 'avg by (job) (probe_duration_seconds{job="web"})'],
])('the tile of %s', (job, names, expr) => {
  expect(tileQuery(job, names, '1m').expr).toBe(expr)
})
