/**
 * `remote_write` and `remote_read` of the configuration file, in Prometheus's keys and with its error
 * texts, and `storage`: a cluster that is asked instead of the local storage.
 */
import { createHash } from 'node:crypto'
import {
  METADATA_DEFAULTS,
  type MetadataConfig,
  PROTOCOL_V1,
  PROTOCOL_V2,
  type QueueConfig,
  type WriteProtocol,
} from '@vigie/remote'
import {
  type HttpClientConfig,
  type RelabelConfig,
  type SigV4Config,
  relabelProblem,
} from '@vigie/scrape'
import { z } from 'zod'
import { duration, flag, scalar, size, text } from './fields.ts'
import {
  type Env,
  type HttpSection,
  type SigV4Section,
  type Surroundings,
  checkHttpConfig,
  httpClient,
  httpConfigKeys,
  sigv4,
} from './http-config.ts'
import { relabelConfig } from './jobs.ts'
import { relabel } from './schema.ts'
import type { KeyPath, YamlSource } from './source.ts'

/** One endpoint. Prometheus's names of keys, durations in ms. */
export interface RemoteWriteSettings {
  url: string
  name: string
  /** Equal for equal settings. */
  fingerprint: string
  timeoutMs: number
  protocol: WriteProtocol
  sendExemplars: boolean
  sendNativeHistograms: boolean
  headers: ReadonlyMap<string, string>
  writeRelabel: readonly RelabelConfig[]
  http: HttpClientConfig
  queue: QueueConfig
  metadata: MetadataConfig
}

/** Of any section that speaks HTTP to a server of metrics. */
const httpKeys = {
  headers: z.record(z.string(), scalar, { error: () => 'expected a map' }).default({}),
  ...httpConfigKeys,
}

const queueNumber = (key: string, standard: number): z.ZodDefault<z.ZodInt> =>
  z
    .int({ error: () => 'expected a whole number' })
    .positive({ error: () => `remote write queue ${key} must be positive` })
    .default(standard)

export const queueConfig = z
  .strictObject({
    capacity: queueNumber('capacity', 10_000),
    max_shards: queueNumber('max_shards', 50),
    min_shards: queueNumber('min_shards', 1),
    max_samples_per_send: queueNumber('max_samples_per_send', 2000),
    batch_send_deadline: duration.default(5000),
    min_backoff: duration.default(30),
    max_backoff: duration.default(5000),
    retry_on_http_429: flag.default(false),
    sample_age_limit: duration.default(0),
  })
  .refine((queue) => queue.min_shards <= queue.max_shards, {
    error: () => 'remote write queue min_shards must not be greater than max_shards',
  })
  .refine((queue) => queue.min_backoff <= queue.max_backoff, {
    error: () => 'remote write queue max_backoff must not be less than min_backoff',
  })

const metadataConfig = z.strictObject({
  send: flag.default(true),
  send_interval: duration.default(60_000),
  max_samples_per_send: z
    .int({ error: () => 'expected a whole number' })
    .positive()
    .default(2000),
})

const MESSAGES = [PROTOCOL_V1, PROTOCOL_V2] as const
const protobufMessage = z.enum(MESSAGES, {
  error: ({ input }) =>
    `invalid protobuf_message value: unknown type for remote write protobuf message ${String(input)}, supported: ${MESSAGES.join(', ')}`,
})

const unservedAuth = (name: string): z.ZodOptional<z.ZodNever> =>
  z
    .never({
      error: () =>
        `${name} is not served: expected basic_auth, authorization, oauth2 or sigv4, or a proxy that signs in`,
    })
    .optional()

const remoteWrite = z.strictObject({
  url: z
    .string({ error: () => 'url for remote_write is empty' })
    .min(1, { error: () => 'url for remote_write is empty' }),
  name: text.default(''),
  remote_timeout: duration.default(30_000),
  protobuf_message: protobufMessage.default(PROTOCOL_V1),
  send_exemplars: flag.default(false),
  send_native_histograms: flag.default(false),
  write_relabel_configs: z
    .array(relabel.nullable(), { error: () => 'expected a list' })
    .default([]),
  queue_config: queueConfig.prefault({}),
  metadata_config: metadataConfig.prefault({}),
  /** Connections are made anew now and then anyway. */
  round_robin_dns: flag.default(false),
  sigv4: sigv4.optional(),
  azuread: unservedAuth('azuread'),
  google_iam: unservedAuth('google_iam'),
  ...httpKeys,
})
type RemoteWriteSection = z.infer<typeof remoteWrite>

/** Reports what is wrong. */
export function remoteWriteSettings(
  source: YamlSource,
  value: unknown,
  around: Surroundings,
): RemoteWriteSettings[] {
  const sections = remoteSections(source, 'remote_write', value)
  const settings: RemoteWriteSettings[] = []
  for (const { path, value: section } of sections) {
    const result = remoteWrite.safeParse(section)
    if (!result.success) source.reportIssues(result.error, path)
    else {
      checkHttp(source, path, result.data)
      checkRelabel(source, path, result.data)
      checkSigV4(source, path, result.data, around.env)
      settings.push(settingsOf(result.data, around))
    }
  }
  reportDoubles(source, 'remote_write', 'remote write', settings)
  return settings
}

/** One server to read from. */
export interface RemoteReadSettings {
  url: string
  name: string
  timeoutMs: number
  headers: ReadonlyMap<string, string>
  requiredMatchers: ReadonlyMap<string, string>
  readRecent: boolean
  filterExternalLabels: boolean
  http: HttpClientConfig
}

const remoteRead = z.strictObject({
  url: z
    .string({ error: () => 'url for remote_read is empty' })
    .min(1, { error: () => 'url for remote_read is empty' }),
  name: text.default(''),
  remote_timeout: duration.default(60_000),
  required_matchers: z.record(z.string(), scalar, { error: () => 'expected a map' }).default({}),
  read_recent: flag.default(false),
  filter_external_labels: flag.default(true),
  chunked_read_limit: size.optional(),
  ...httpKeys,
})

/** Reports what is wrong. */
export function remoteReadSettings(
  source: YamlSource,
  value: unknown,
  around: Surroundings,
): RemoteReadSettings[] {
  const settings: RemoteReadSettings[] = []
  for (const { path, value: section } of remoteSections(source, 'remote_read', value)) {
    const result = remoteRead.safeParse(section)
    if (!result.success) {
      source.reportIssues(result.error, path)
      continue
    }
    const { data } = result
    checkHttp(source, path, data)
    settings.push({
      url: data.url,
      name: data.name === '' ? hashOf(JSON.stringify(data)).slice(0, 6) : data.name,
      timeoutMs: data.remote_timeout,
      headers: new Map(Object.entries(data.headers)),
      requiredMatchers: new Map(Object.entries(data.required_matchers)),
      readRecent: data.read_recent,
      filterExternalLabels: data.filter_external_labels,
      http: httpClient(data, around),
    })
  }
  reportDoubles(source, 'remote_read', 'remote read', settings)
  return settings
}

/** Each section of a list with its place. */
function remoteSections(
  source: YamlSource,
  key: string,
  value: unknown,
): { path: KeyPath; value: object }[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    source.report([key], 'expected a list')
    return []
  }
  const sections: { path: KeyPath; value: object }[] = []
  value.forEach((section: unknown, i) => {
    const path = [key, i]
    if (typeof section !== 'object' || section === null)
      source.report(path, `empty or null ${key.replace('_', ' ')} config section`)
    else sections.push({ path, value: section })
  })
  return sections
}

const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'content-encoding',
  'content-length',
  'content-type',
  'user-agent',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'www-authenticate',
  'accept-encoding',
  'x-prometheus-remote-write-version',
  'x-prometheus-remote-read-version',
])

/** What one key alone cannot tell. */
function checkHttp(
  source: YamlSource,
  path: KeyPath,
  section: HttpSection & { url?: string | undefined; headers: Record<string, string> },
): void {
  if (section.url !== undefined && !URL.canParse(section.url))
    source.report([...path, 'url'], `found ${JSON.stringify(section.url)}, expected a URL`)
  checkHttpConfig(source, path, section)
  for (const name of Object.keys(section.headers)) {
    const place = [...path, 'headers', name]
    if (name.toLowerCase() === 'authorization')
      source.report(
        place,
        'authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or google_iam parameter',
      )
    else if (RESERVED_HEADERS.has(name.toLowerCase()))
      source.report(place, `${name} is a reserved header. It must not be changed`)
  }
}

/** Where the credentials come from: the section, or the environment as AWS's tools read it. */
function sigv4Keys(section: SigV4Section, env: Env): SigV4Config {
  const isOwn = section.access_key !== '' || section.secret_key !== ''
  return {
    region: section.region || env.AWS_REGION || env.AWS_DEFAULT_REGION || '',
    accessKey: isOwn ? section.access_key : (env.AWS_ACCESS_KEY_ID ?? ''),
    secretKey: isOwn ? section.secret_key : (env.AWS_SECRET_ACCESS_KEY ?? ''),
    sessionToken: isOwn ? undefined : env.AWS_SESSION_TOKEN,
  }
}

function checkSigV4(
  source: YamlSource,
  path: KeyPath,
  section: RemoteWriteSection,
  env: Env,
): void {
  const { sigv4: signing, basic_auth: basic, authorization, oauth2 } = section
  if (signing === undefined) return
  const others = Object.entries({ basic_auth: basic, authorization, oauth2, sigv4: signing })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name)
  if (others.length > 1)
    source.report(
      path,
      `at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured. Currently configured: [${others.join(' ')}]`,
    )
  const { region, accessKey, secretKey } = sigv4Keys(signing, env)
  const place = [...path, 'sigv4']
  if ((signing.access_key === '') !== (signing.secret_key === ''))
    source.report(
      place,
      'must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config',
    )
  else if (signing.profile !== undefined || signing.role_arn !== undefined)
    source.report(
      place,
      'profile and role_arn are not served, expected access_key and secret_key or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment',
    )
  else if (accessKey === '' || secretKey === '')
    source.report(
      place,
      'expected access_key and secret_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment',
    )
  if (region === '')
    source.report(place, 'region not configured in sigv4 or in default credentials chain')
}

function checkRelabel(source: YamlSource, path: KeyPath, section: RemoteWriteSection): void {
  section.write_relabel_configs.forEach((one, i) => {
    const problem =
      one === null
        ? 'empty or null relabeling rule in remote write config'
        : relabelProblem(relabelConfig(one))
    if (problem !== undefined) source.report([...path, 'write_relabel_configs', i], problem)
  })
}

/** Names decide where the place in the log is kept. */
function reportDoubles(
  source: YamlSource,
  key: string,
  what: string,
  settings: readonly { name: string }[],
): void {
  // The name of the queue to a cluster in `storage`.
  const seen = new Set<string>(['storage'])
  settings.forEach(({ name }, i) => {
    if (seen.has(name))
      source.report(
        [key, i],
        `found multiple ${what} configs with job name ${JSON.stringify(name)}`,
      )
    seen.add(name)
  })
}

function settingsOf(section: RemoteWriteSection, around: Surroundings): RemoteWriteSettings {
  const { queue_config: queue, metadata_config: metadata } = section
  return {
    url: section.url,
    name: section.name === '' ? hashOf(section.url).slice(0, 6) : section.name,
    fingerprint: hashOf(JSON.stringify(section)),
    timeoutMs: section.remote_timeout,
    protocol: section.protobuf_message,
    sendExemplars: section.send_exemplars,
    sendNativeHistograms: section.send_native_histograms,
    headers: new Map(Object.entries(section.headers)),
    writeRelabel: section.write_relabel_configs.flatMap((one) =>
      one === null ? [] : [relabelConfig(one)],
    ),
    http: {
      ...httpClient(section, around),
      sigv4: section.sigv4 && sigv4Keys(section.sigv4, around.env),
    },
    queue: queueOf(queue),
    metadata: {
      send: metadata.send,
      sendIntervalMs: metadata.send_interval,
      maxSamplesPerSend: metadata.max_samples_per_send,
    },
  }
}

export const queueOf = (queue: z.infer<typeof queueConfig>): QueueConfig => ({
  capacity: queue.capacity,
  minShards: queue.min_shards,
  maxShards: queue.max_shards,
  maxSamplesPerSend: queue.max_samples_per_send,
  batchSendDeadlineMs: queue.batch_send_deadline,
  minBackoffMs: queue.min_backoff,
  maxBackoffMs: queue.max_backoff,
  retryOnHttp429: queue.retry_on_http_429,
  sampleAgeLimitMs: queue.sample_age_limit,
})

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** A cluster with the Prometheus HTTP API that keeps the samples and answers all queries. */
export interface ClusterSettings {
  /** Of its API, without `/api/v1`. */
  url: string
  timeoutMs: number
  answerBytesMax: number
  requestsMax: number
  headers: ReadonlyMap<string, string>
  http: HttpClientConfig
}

const storageUrl = z.strictObject({
  /** Where `/api/v1/query` is: `http://victoria:8428`, `http://mimir:8080/prometheus`, `http://thanos-query:9090`. */
  url: text,
  /** Where samples are sent by remote write. Default `<url>/api/v1/write`; Mimir: `…/api/v1/push`; '' sends nothing. */
  write_url: text.optional(),
  /** Of one query. */
  timeout: duration.default(120_000),
  /** A larger answer is an error. */
  answer_size_limit: size.default(256 * 1024 * 1024),
  /** Requests under way at once. */
  max_concurrency: z
    .int({ error: () => 'expected a whole number' })
    .positive()
    .default(20),
  protobuf_message: protobufMessage.default(PROTOCOL_V1),
  send_native_histograms: flag.default(true),
  queue_config: queueConfig.prefault({ batch_send_deadline: '1s' }),
  ...httpKeys,
})

/** What of the storage section is about a cluster. Reports what is wrong. */
export function clusterSettings(
  source: YamlSource,
  storage: Readonly<Record<string, unknown>>,
  around: Surroundings,
): { cluster: ClusterSettings; write: RemoteWriteSettings | undefined } | undefined {
  const { exemplars: _, tsdb: _tsdb, ...rest } = storage
  if (Object.keys(rest).length === 0) return undefined
  const result = storageUrl.safeParse(rest)
  if (!result.success) {
    source.reportIssues(result.error, ['storage'])
    return undefined
  }
  const section = result.data
  checkHttp(source, ['storage'], section)
  const url = section.url.replace(/\/+$/, '')
  const writeUrl = section.write_url ?? `${url}/api/v1/write`
  if (writeUrl !== '' && !URL.canParse(writeUrl))
    source.report(['storage', 'write_url'], `found ${JSON.stringify(writeUrl)}, expected a URL`)
  const headers = new Map(Object.entries(section.headers))
  const http = httpClient(section, around)
  const write: RemoteWriteSettings = {
    url: writeUrl,
    name: 'storage',
    fingerprint: hashOf(JSON.stringify(section)),
    timeoutMs: 30_000,
    protocol: section.protobuf_message,
    sendExemplars: true,
    sendNativeHistograms: section.send_native_histograms,
    headers,
    writeRelabel: [],
    http,
    queue: queueOf(section.queue_config),
    metadata: METADATA_DEFAULTS,
  }
  return {
    cluster: {
      url,
      timeoutMs: section.timeout,
      answerBytesMax: section.answer_size_limit,
      requestsMax: section.max_concurrency,
      headers,
      http,
    },
    write: writeUrl === '' ? undefined : write,
  }
}
