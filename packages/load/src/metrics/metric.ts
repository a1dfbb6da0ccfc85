/** The metrics that k6 scripts have: four types, built-in names, and values that may be times or bytes. */

export type MetricType = 'counter' | 'gauge' | 'rate' | 'trend'

/** What a value means: times are ms, data is bytes. */
export type Contains = 'default' | 'time' | 'data'

export interface Metric {
  name: string
  type: MetricType
  contains: Contains
}

/** Names of metrics that scripts may make. */
export const METRIC_NAME: RegExp = /^[a-zA-Z_][a-zA-Z0-9_]{1,127}$/

const metric = (
  name: string,
  type: MetricType,
  contains: Contains = 'default',
): [string, Metric] => [name, { name, type, contains }]

/** Metrics that exist in every run. */
export const BUILTIN_METRICS: ReadonlyMap<string, Metric> = new Map([
  metric('vus', 'gauge'),
  metric('vus_max', 'gauge'),
  metric('iterations', 'counter'),
  metric('iteration_duration', 'trend', 'time'),
  metric('dropped_iterations', 'counter'),
  metric('checks', 'rate'),
  metric('group_duration', 'trend', 'time'),
  metric('http_reqs', 'counter'),
  metric('http_req_failed', 'rate'),
  metric('http_req_duration', 'trend', 'time'),
  metric('http_req_blocked', 'trend', 'time'),
  metric('http_req_connecting', 'trend', 'time'),
  metric('http_req_tls_handshaking', 'trend', 'time'),
  metric('http_req_sending', 'trend', 'time'),
  metric('http_req_waiting', 'trend', 'time'),
  metric('http_req_receiving', 'trend', 'time'),
  metric('ws_sessions', 'counter'),
  metric('ws_msgs_sent', 'counter'),
  metric('ws_msgs_received', 'counter'),
  metric('ws_ping', 'trend', 'time'),
  metric('ws_session_duration', 'trend', 'time'),
  metric('ws_connecting', 'trend', 'time'),
  metric('grpc_req_duration', 'trend', 'time'),
  metric('grpc_streams', 'counter'),
  metric('grpc_streams_msgs_sent', 'counter'),
  metric('grpc_streams_msgs_received', 'counter'),
  metric('data_sent', 'counter', 'data'),
  metric('data_received', 'counter', 'data'),
])
