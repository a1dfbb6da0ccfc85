import { expect, test } from 'vitest'
import { type Role, roleOf } from './names.ts'

test.each<[name: string, role: Role]>([
  ['nodejs_gc_duration_seconds_count', 'runtime'],
  ['nodejs_heap_space_size_available_bytes', 'runtime'],
  ['node_memory_MemAvailable_bytes', 'left'],
  ['ratelimit_tokens_available', 'left'],
  ['ratelimit_rejected_total', 'limit'],
  ['vcg_stream_lag_events', 'queue'],
  ['process_cpu_seconds_total', 'cpu'],
  ['nodejs_eventloop_lag_p99_seconds', 'loop'],
  ['account_lock_held_seconds_total', 'held'],
  ['http_requests_total', 'front'],
])('%s: %s', (name, role) => {
  expect(roleOf({ __name__: name })).toBe(role)
})
