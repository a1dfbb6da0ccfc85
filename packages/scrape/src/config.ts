/**
 * What to watch, as typed objects: the server reads `prometheus.yml`, validates it and hands these
 * over. Names follow Prometheus's keys, durations are ms, and 0 means "no limit" as it does there.
 */
import { DEFAULT_PROTOCOLS, type NameEscaping } from './exposition/content-type.ts'
import type { HistogramRules } from './ingest/histogram-limits.ts'
import type { RelabelConfig } from './relabel.ts'

export type ScrapeProtocol =
  | 'PrometheusProto'
  | 'OpenMetricsText0.0.1'
  | 'OpenMetricsText1.0.0'
  | 'PrometheusText0.0.4'
  | 'PrometheusText1.0.0'

/** Bodies are cut off here when the job sets no `body_size_limit` of its own. */
export const BODY_SIZE_DEFAULT_MAX: number = 64 * 1024 * 1024

export interface TlsConfig {
  /** PEM text. */
  ca?: string | undefined
  cert?: string | undefined
  key?: string | undefined
  caFile?: string | undefined
  certFile?: string | undefined
  keyFile?: string | undefined
  serverName?: string | undefined
  insecureSkipVerify?: boolean | undefined
  minVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | undefined
  maxVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | undefined
}

/** How to speak to a target over HTTP. Files are read anew for every connection or request. */
export interface HttpClientConfig {
  basicAuth?:
    | {
        username?: string | undefined
        usernameFile?: string | undefined
        password?: string | undefined
        passwordFile?: string | undefined
      }
    | undefined
  /** `type` is `Bearer` unless given. */
  authorization?:
    | {
        type?: string | undefined
        credentials?: string | undefined
        credentialsFile?: string | undefined
      }
    | undefined
  tls?: TlsConfig | undefined
  /** Default true. */
  followRedirects?: boolean | undefined
  oauth2?: OAuth2Config | undefined
  sigv4?: SigV4Config | undefined
  /** Further request headers; those of files are read anew for every request. */
  headers?: ReadonlyMap<string, readonly string[]> | undefined
  secretHeaders?: ReadonlyMap<string, readonly string[]> | undefined
  headerFiles?: ReadonlyMap<string, readonly string[]> | undefined
  proxy?: ProxyConfig | undefined
}

/** OAuth 2.0 by client credentials. */
export interface OAuth2Config {
  clientId: string
  clientSecret?: string | undefined
  clientSecretFile?: string | undefined
  scopes: readonly string[]
  tokenUrl: string
  endpointParams: ReadonlyMap<string, string>
  /** Of the way to the token's endpoint. */
  tls?: TlsConfig | undefined
  proxy?: ProxyConfig | undefined
}

/** AWS Signature Version 4. */
export interface SigV4Config {
  region: string
  accessKey: string
  secretKey: string
  sessionToken?: string | undefined
}

/** Which proxy requests go through: `http://…` or `https://…`. */
export interface ProxyConfig {
  /** For `http://` and for `https://`; left out: none. */
  http?: string | undefined
  https?: string | undefined
  /** Hosts that are reached directly, as in `NO_PROXY`; this machine as well, once it is given. */
  noProxy?: string | undefined
  /** Sent to the proxy when it opens a tunnel. */
  connectHeaders?: ReadonlyMap<string, readonly string[]> | undefined
  /** Whether the environment said it; for display. */
  isFromEnvironment?: boolean | undefined
}

/** Targets with the labels they share, from a configuration file or a discovery. */
export interface TargetGroup {
  /** Addresses, the `__address__` of each target. */
  targets: readonly string[]
  labels: ReadonlyMap<string, string>
}

export interface FileSdConfig {
  /** Paths whose last part may hold `*`; absolute, or relative to the working directory. */
  files: readonly string[]
  refreshIntervalMs: number
}

/** Where a job finds its targets. Further mechanisms become further fields. */
export interface DiscoveryConfig {
  staticConfigs: readonly TargetGroup[]
  fileSdConfigs: readonly FileSdConfig[]
}

/** A target inside this process: its body comes from a function instead of HTTP. */
export interface InternalSource {
  /** Text format 0.0.4. What it throws becomes the target's last error. */
  collect(): string | Buffer | Promise<string | Buffer>
}

export interface ScrapeJob extends DiscoveryConfig {
  kind: 'scrape'
  name: string
  intervalMs: number
  timeoutMs: number
  metricsPath: string
  scheme: 'http' | 'https'
  params: ReadonlyMap<string, readonly string[]>
  honorLabels: boolean
  honorTimestamps: boolean
  trackTimestampsStaleness: boolean
  enableCompression: boolean
  /** Default: BODY_SIZE_DEFAULT_MAX. */
  bodySizeLimitBytes: number
  sampleLimit: number
  labelLimit: number
  labelNameLengthLimit: number
  labelValueLengthLimit: number
  targetLimit: number
  /** Dropped targets kept for display; 0: DROPPED_TARGETS_MAX. */
  keepDroppedTargets: number
  http: HttpClientConfig
  relabelConfigs: readonly RelabelConfig[]
  metricRelabelConfigs: readonly RelabelConfig[]
  /** What is asked for, most wanted first. */
  protocols: readonly ScrapeProtocol[]
  nameEscaping: NameEscaping
  fallbackScrapeProtocol?: ScrapeProtocol | undefined
  histograms: HistogramRules
  /** Set: the targets' bodies come from here, and nothing is fetched. */
  internal?: InternalSource | undefined
}

/** A job with Prometheus's defaults for whatever `settings` leaves out. */
export function scrapeJob(
  name: string,
  settings: Partial<Omit<ScrapeJob, 'kind' | 'name'>> = {},
): ScrapeJob {
  const intervalMs = settings.intervalMs ?? 60_000
  const histograms = settings.histograms ?? NO_HISTOGRAM_RULES
  return {
    kind: 'scrape',
    name,
    metricsPath: '/metrics',
    scheme: 'http',
    params: new Map(),
    honorLabels: false,
    honorTimestamps: true,
    trackTimestampsStaleness: false,
    enableCompression: true,
    bodySizeLimitBytes: 0,
    sampleLimit: 0,
    labelLimit: 0,
    labelNameLengthLimit: 0,
    labelValueLengthLimit: 0,
    targetLimit: 0,
    keepDroppedTargets: 0,
    http: {},
    staticConfigs: [],
    fileSdConfigs: [],
    relabelConfigs: [],
    metricRelabelConfigs: [],
    nameEscaping: 'allow-utf-8',
    histograms,
    ...settings,
    protocols:
      settings.protocols ??
      (histograms.native ? ['PrometheusProto', ...DEFAULT_PROTOCOLS] : DEFAULT_PROTOCOLS),
    intervalMs,
    timeoutMs: settings.timeoutMs ?? Math.min(10_000, intervalMs),
  }
}

/** Native histograms are not asked for, as in Prometheus. */
export const NO_HISTOGRAM_RULES: HistogramRules = {
  native: false,
  classic: false,
  convertsClassic: false,
  bucketLimit: 0,
  minBucketFactor: 0,
}

/** blackbox_exporter's `http` section, as far as it is served. Expressions are RE2, unanchored. */
export interface HttpProbeModule {
  prober: 'http'
  /** Empty: any 2xx. */
  validStatusCodes: readonly number[]
  method: string
  headers: ReadonlyMap<string, string>
  body: string
  /** 0: BODY_SIZE_DEFAULT_MAX. */
  bodySizeLimitBytes: number
  followRedirects: boolean
  failIfSsl: boolean
  failIfNotSsl: boolean
  failIfBodyMatchesRegexp: readonly string[]
  failIfBodyNotMatchesRegexp: readonly string[]
  http: HttpClientConfig
}

export interface TcpProbeModule {
  prober: 'tcp'
  /** Speak TLS from the first byte. */
  tls: boolean
  tlsConfig: TlsConfig
  /** Done in order: wait for a line that matches `expect`, then send. */
  queryResponse: readonly { expect?: string | undefined; send?: string | undefined }[]
}

export type ProbeModule = HttpProbeModule | TcpProbeModule

/** Asks targets from outside: `probe_success` and the rest of blackbox_exporter's series. */
export interface ProbeJob extends DiscoveryConfig {
  kind: 'probe'
  name: string
  intervalMs: number
  timeoutMs: number
  module: ProbeModule
  targetLimit: number
  keepDroppedTargets: number
  relabelConfigs: readonly RelabelConfig[]
  metricRelabelConfigs: readonly RelabelConfig[]
}

export function probeJob(
  name: string,
  module: ProbeModule,
  settings: Partial<Omit<ProbeJob, 'kind' | 'name' | 'module'>> = {},
): ProbeJob {
  const intervalMs = settings.intervalMs ?? 60_000
  return {
    kind: 'probe',
    name,
    module,
    targetLimit: 0,
    keepDroppedTargets: 0,
    staticConfigs: [],
    fileSdConfigs: [],
    relabelConfigs: [],
    metricRelabelConfigs: [],
    ...settings,
    intervalMs,
    timeoutMs: settings.timeoutMs ?? Math.min(10_000, intervalMs),
  }
}

/** blackbox_exporter's `http_2xx` with whatever `settings` changes. */
export function httpProbe(
  settings: Partial<Omit<HttpProbeModule, 'prober'>> = {},
): HttpProbeModule {
  return {
    prober: 'http',
    validStatusCodes: [],
    method: 'GET',
    headers: new Map(),
    body: '',
    bodySizeLimitBytes: 0,
    followRedirects: true,
    failIfSsl: false,
    failIfNotSsl: false,
    failIfBodyMatchesRegexp: [],
    failIfBodyNotMatchesRegexp: [],
    http: {},
    ...settings,
  }
}

/** blackbox_exporter's `tcp_connect` with whatever `settings` changes. */
export function tcpProbe(settings: Partial<Omit<TcpProbeModule, 'prober'>> = {}): TcpProbeModule {
  return { prober: 'tcp', tls: false, tlsConfig: {}, queryResponse: [], ...settings }
}
