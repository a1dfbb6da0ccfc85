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
  [
    `- { ${URL_LINE}, bearer_token: a, basic_auth: { username: b } }`,
    'at most one of basic_auth, oauth2, bearer_token & bearer_token_file',
  ],
  [
    `- { ${URL_LINE}, oauth2: { client_id: a, token_url: http://t }, sigv4: { region: r, access_key: a, secret_key: b } }`,
    'at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured. Currently configured: [oauth2 sigv4]',
  ],
  [`- { ${URL_LINE}, oauth2: {} }`, 'oauth2 client_id must be configured'],
  [`- { ${URL_LINE}, oauth2: { client_id: a } }`, 'oauth2 token_url must be configured'],
  [
    `- { ${URL_LINE}, oauth2: { client_id: a, token_url: http://t, client_secret: a, client_secret_file: b } }`,
    'at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured',
  ],
  [
    `- { ${URL_LINE}, authorization: { type: Basic } }`,
    'authorization type cannot be set to "basic", use "basic_auth" instead',
  ],
  [
    `- { ${URL_LINE}, authorization: { credentials: a, credentials_file: b } }`,
    'at most one of authorization credentials & credentials_file must be configured',
  ],
  [
    `- { ${URL_LINE}, sigv4: { region: r, access_key: a } }`,
    'must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config',
  ],
  [`- { ${URL_LINE}, sigv4: { access_key: a, secret_key: b } }`, 'region not configured'],
  [`- { ${URL_LINE}, sigv4: { region: r } }`, 'expected access_key and secret_key'],
  [`- { ${URL_LINE}, sigv4: { region: r, role_arn: a } }`, 'profile and role_arn are not served'],
  [`- { ${URL_LINE}, azuread: {} }`, 'azuread is not served: expected basic_auth'],
  [`- { ${URL_LINE}, google_iam: {} }`, 'google_iam is not served: expected basic_auth'],
  [
    `- { ${URL_LINE}, proxy_from_environment: true, proxy_url: http://p }`,
    'if proxy_from_environment is configured, proxy_url must not be configured',
  ],
  [
    `- { ${URL_LINE}, no_proxy: a }`,
    'if no_proxy is configured, proxy_url must also be configured',
  ],
  [
    `- { ${URL_LINE}, proxy_connect_header: { a: [b] } }`,
    'if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured',
  ],
  [`- { ${URL_LINE}, proxy_url: "socks5://p" }`, 'expected http://… or https://…'],
  [
    `- { ${URL_LINE}, http_headers: { x-amz-date: { values: [a] } } }`,
    'setting header "X-Amz-Date" is not allowed',
  ],
  [
    `- { ${URL_LINE}, tls_config: { cert: a } }`,
    'exactly one of key or key_file must be configured when a client certificate is configured',
  ],
  [
    `- { ${URL_LINE}, tls_config: { ca: a, ca_file: b } }`,
    'at most one of ca, ca_file & ca_ref must be configured',
  ],
  ['- url: "not an address"', 'expected a URL'],
])('%s', (section, message) => {
  expect(() => parse(`remote_write:\n${section}\n`)).toThrow(message)
})

test('ways to prove who one is, and ways there', () => {
  const env = { https_proxy: 'http://p:3128', NO_PROXY: 'a,b', AWS_ACCESS_KEY_ID: 'i' }
  const text = `
remote_write:
- url: http://a/write
  enable_http2: false
  round_robin_dns: true
  sigv4: { region: eu-west-1, access_key: a, secret_key: b }
  proxy_from_environment: true
- url: http://b/write
  oauth2: { client_id: c, client_secret_file: s, scopes: [x], token_url: http://t, endpoint_params: { a: b } }
  proxy_url: http://q
  no_proxy: .example.com
  proxy_connect_header: { X-P: [s3cret] }
  http_headers: { X-A: { values: [v], secrets: [s3cret], files: [f] } }
`
  const config = parseConfig({ file: '/etc/vigie.yml', text, env })
  expect(config.warnings).toEqual([])
  const [a, b] = config.remoteWrites.map((one) => one.http)
  expect(a.sigv4).toEqual({ region: 'eu-west-1', accessKey: 'a', secretKey: 'b' })
  expect(a.proxy).toEqual({
    http: '',
    https: 'http://p:3128',
    noProxy: 'a,b',
    isFromEnvironment: true,
  })
  expect(b).toMatchObject({
    oauth2: { clientId: 'c', clientSecretFile: '/etc/s', scopes: ['x'], tokenUrl: 'http://t' },
    proxy: { http: 'http://q', https: 'http://q', noProxy: '.example.com' },
    headers: new Map([['X-A', ['v']]]),
    secretHeaders: new Map([['X-A', ['s3cret']]]),
    headerFiles: new Map([['X-A', ['/etc/f']]]),
  })
  expect(config.shownText).not.toContain('s3cret')
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
