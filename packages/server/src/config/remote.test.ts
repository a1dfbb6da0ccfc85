import { expect, test } from 'vitest'
import { parseConfig } from './config.ts'

const parse = (text: string): ReturnType<typeof parseConfig> =>
  parseConfig({ file: 'vigie.yml', text, env: {} })

const URL_LINE = 'url: http://x/write'

test('remote_write with all its keys', () => {
  const [one] = parse(`
remote_write:
- url: http://x/write
  name: far
  remote_timeout: 10s
  protobuf_message: io.prometheus.write.v2.Request
  headers: { X-Scope-OrgID: a }
  basic_auth: { username: u, password: p }
  send_exemplars: true
  send_native_histograms: true
  write_relabel_configs:
  - { source_labels: [a], regex: b, action: drop }
  queue_config: { capacity: 5, max_shards: 3, max_samples_per_send: 2, retry_on_http_429: true, sample_age_limit: 1h }
  metadata_config: { send: false }
`).remoteWrites
  expect(one).toMatchObject({
    url: 'http://x/write',
    name: 'far',
    timeoutMs: 10_000,
    protocol: 'io.prometheus.write.v2.Request',
    headers: new Map([['X-Scope-OrgID', 'a']]),
    http: { basicAuth: { username: 'u', password: 'p' } },
    queue: {
      capacity: 5,
      minShards: 1,
      maxShards: 3,
      minBackoffMs: 30,
      sampleAgeLimitMs: 3_600_000,
    },
    metadata: { send: false, sendIntervalMs: 60_000 },
  })
})

test.each([
  ['- {}', 'url for remote_write is empty'],
  ['- url: ""', 'url for remote_write is empty'],
  ['- ', 'empty or null remote write config section'],
  [
    `- ${URL_LINE}\n  write_relabel_configs: [null]`,
    'empty or null relabeling rule in remote write config',
  ],
  [
    `- { ${URL_LINE}, name: a }\n- { ${URL_LINE}, name: a }`,
    'found multiple remote write configs with job name "a"',
  ],
  [
    `- { ${URL_LINE}, headers: { authorization: x } }`,
    'authorization header must be changed via the basic_auth',
  ],
  [`- { ${URL_LINE}, headers: { X-Prometheus-Remote-Write-Version: x } }`, 'is a reserved header'],
  [
    `- { ${URL_LINE}, protobuf_message: x }`,
    'unknown type for remote write protobuf message x, supported: prometheus.WriteRequest, io.prometheus.write.v2.Request',
  ],
  [
    `- { ${URL_LINE}, queue_config: { capacity: 0 } }`,
    'remote write queue capacity must be positive',
  ],
  [
    `- { ${URL_LINE}, queue_config: { max_shards: 1, min_shards: 2 } }`,
    'min_shards must not be greater than max_shards',
  ],
  [
    `- { ${URL_LINE}, queue_config: { max_backoff: 1s, min_backoff: 2s } }`,
    'max_backoff must not be less than min_backoff',
  ],
  [`- { ${URL_LINE}, bearer_token: a, basic_auth: { username: b } }`, 'at most one of basic_auth'],
  ['- url: "not an address"', 'expected a URL'],
])('%s', (section, message) => {
  expect(() => parse(`remote_write:\n${section}\n`)).toThrow(message)
})

test('a way to prove who one is that is not served is a warning', () => {
  const { warnings } = parse(`remote_write:\n- ${URL_LINE}\n  oauth2: {}\n`)
  expect(warnings).toEqual(['vigie.yml:3: remote_write.0.oauth2: not served yet, ignored'])
})

test('a cluster that stands in for the storage', () => {
  const config = parse(`
storage:
  url: http://mimir/prometheus/
  write_url: http://mimir/api/v1/push
  headers: { X-Scope-OrgID: a }
  exemplars: { max_exemplars: 5 }
`)
  expect(config.cluster).toMatchObject({
    url: 'http://mimir/prometheus',
    timeoutMs: 120_000,
    headers: new Map([['X-Scope-OrgID', 'a']]),
  })
  expect(config.remoteWrites).toMatchObject([
    { name: 'storage', url: 'http://mimir/api/v1/push', sendNativeHistograms: true },
  ])
  expect(config.maxExemplars).toBe(5)
  const plain = parse('storage: { url: "http://victoria:8428" }\n')
  expect(plain.remoteWrites.map((one) => one.url)).toEqual(['http://victoria:8428/api/v1/write'])
  expect(parse('storage: { url: http://x, write_url: "" }\n').remoteWrites).toEqual([])
  expect(parse('storage: { exemplars: { max_exemplars: 5 } }\n').cluster).toBeUndefined()
})

test.each([
  ['{ url: nowhere }', 'expected a URL'],
  ['{ timeout: 1s }', 'storage.url'],
  ['{ url: http://x, colour: red }', 'storage.colour: unknown key'],
])('storage: %s', (section, message) => {
  expect(() => parse(`storage: ${section}\n`)).toThrow(message)
})

test('remote_read with all its keys', () => {
  const [one] = parse(`
remote_read:
- url: http://x/read
  name: far
  remote_timeout: 10s
  required_matchers: { job: special }
  read_recent: true
  filter_external_labels: false
`).remoteReads
  expect(one).toMatchObject({
    name: 'far',
    timeoutMs: 10_000,
    requiredMatchers: new Map([['job', 'special']]),
    readRecent: true,
    filterExternalLabels: false,
  })
})

test.each([
  ['- {}', 'url for remote_read is empty'],
  [
    '- { url: http://x, name: a }\n- { url: http://x, name: a }',
    'found multiple remote read configs with job name "a"',
  ],
  [
    '- { url: http://x, headers: { x-prometheus-remote-write-version: x } }',
    'x-prometheus-remote-write-version is a reserved header. It must not be changed',
  ],
])('remote_read: %s', (section, message) => {
  expect(() => parse(`remote_read:\n${section}\n`)).toThrow(message)
})
