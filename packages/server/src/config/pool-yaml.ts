/** The settings a job runs with, defaults filled in, as YAML under Prometheus's keys; secrets are covered. */
import { formatDuration } from '@vigie/model'
import type {
  HttpClientConfig,
  ProbeJob,
  ProxyConfig,
  RelabelConfig,
  ScrapeJob,
  TlsConfig,
} from '@vigie/scrape'
import { stringify } from 'yaml'

const COVERED = '<secret>'

export function poolYaml(job: ScrapeJob | ProbeJob): string {
  const common = {
    job_name: job.name,
    scrape_interval: formatDuration(job.intervalMs),
    scrape_timeout: formatDuration(job.timeoutMs),
  }
  const rest = {
    target_limit: positive(job.targetLimit),
    keep_dropped_targets: positive(job.keepDroppedTargets),
    relabel_configs: rules(job.relabelConfigs),
    metric_relabel_configs: rules(job.metricRelabelConfigs),
    file_sd_configs: filled(
      job.fileSdConfigs.map(({ files, refreshIntervalMs }) => ({
        files: [...files],
        refresh_interval: formatDuration(refreshIntervalMs),
      })),
    ),
    static_configs: filled(
      job.staticConfigs.map(({ targets, labels }) => ({
        targets: [...targets],
        ...(labels.size === 0 ? {} : { labels: Object.fromEntries(labels) }),
      })),
    ),
  }
  const own = job.kind === 'probe' ? { prober: job.module.prober } : scrapeSettings(job)
  return stringify(present({ ...common, ...own, ...rest }), { aliasDuplicateObjects: false })
}

function scrapeSettings(job: ScrapeJob): object {
  return {
    honor_labels: job.honorLabels ? true : undefined,
    honor_timestamps: job.honorTimestamps,
    track_timestamps_staleness: job.trackTimestampsStaleness,
    params: job.params.size === 0 ? undefined : Object.fromEntries(job.params),
    scrape_protocols: [...job.protocols],
    scrape_native_histograms: job.histograms.native,
    always_scrape_classic_histograms: job.histograms.classic,
    convert_classic_histograms_to_nhcb: job.histograms.convertsClassic,
    native_histogram_bucket_limit: positive(job.histograms.bucketLimit),
    native_histogram_min_bucket_factor: positive(job.histograms.minBucketFactor),
    metric_name_escaping_scheme: job.nameEscaping,
    fallback_scrape_protocol: job.fallbackScrapeProtocol,
    metrics_path: job.metricsPath,
    scheme: job.scheme,
    enable_compression: job.enableCompression,
    body_size_limit: job.bodySizeLimitBytes === 0 ? undefined : `${job.bodySizeLimitBytes}B`,
    sample_limit: positive(job.sampleLimit),
    label_limit: positive(job.labelLimit),
    label_name_length_limit: positive(job.labelNameLengthLimit),
    label_value_length_limit: positive(job.labelValueLengthLimit),
    ...clientSettings(job.http),
  }
}

function clientSettings({
  basicAuth,
  authorization,
  oauth2,
  tls,
  ...http
}: HttpClientConfig): object {
  return {
    basic_auth:
      basicAuth &&
      present({
        username: basicAuth.username,
        username_file: basicAuth.usernameFile,
        password: covered(basicAuth.password),
        password_file: basicAuth.passwordFile,
      }),
    authorization:
      authorization &&
      present({
        type: authorization.type ?? 'Bearer',
        credentials: covered(authorization.credentials),
        credentials_file: authorization.credentialsFile,
      }),
    oauth2:
      oauth2 &&
      present({
        client_id: oauth2.clientId,
        client_secret: covered(oauth2.clientSecret),
        client_secret_file: oauth2.clientSecretFile,
        scopes: filled([...oauth2.scopes]),
        token_url: oauth2.tokenUrl,
        endpoint_params:
          oauth2.endpointParams.size === 0 ? undefined : Object.fromEntries(oauth2.endpointParams),
        tls_config: oauth2.tls && tlsSettings(oauth2.tls),
        ...proxySettings(oauth2.proxy),
      }),
    tls_config: tls && tlsSettings(tls),
    follow_redirects: http.followRedirects ?? true,
    http_headers: headerSettings(http),
    ...proxySettings(http.proxy),
  }
}

function headerSettings({
  headers = new Map(),
  secretHeaders = new Map(),
  headerFiles = new Map(),
}: HttpClientConfig): object | undefined {
  const names = new Set([...headers.keys(), ...secretHeaders.keys(), ...headerFiles.keys()])
  if (names.size === 0) return undefined
  const settings = [...names].map((name) => [
    name,
    present({
      values: headers.get(name),
      secrets: secretHeaders.get(name)?.map(() => COVERED),
      files: headerFiles.get(name),
    }),
  ])
  return Object.fromEntries(settings) as object
}

function proxySettings(proxy: ProxyConfig | undefined): object {
  if (proxy === undefined) return {}
  const { connectHeaders } = proxy
  const headers =
    connectHeaders && [...connectHeaders].map(([name, all]) => [name, all.map(() => COVERED)])
  return {
    proxy_url: proxy.isFromEnvironment === true ? undefined : withoutPassword(proxy.http),
    no_proxy: proxy.isFromEnvironment === true ? undefined : proxy.noProxy,
    proxy_from_environment: proxy.isFromEnvironment,
    proxy_connect_header: headers && (Object.fromEntries(headers) as object),
  }
}

/** As Go shows addresses. */
function withoutPassword(text: string | undefined): string | undefined {
  if (text === undefined || new URL(text).password === '') return text
  const url = new URL(text)
  url.password = 'xxxxx'
  return url.href
}

const tlsSettings = (tls: TlsConfig): object =>
  present({
    ca: tls.ca,
    cert: tls.cert,
    key: covered(tls.key),
    ca_file: tls.caFile,
    cert_file: tls.certFile,
    key_file: tls.keyFile,
    server_name: tls.serverName,
    insecure_skip_verify: tls.insecureSkipVerify ?? false,
    min_version: tls.minVersion,
    max_version: tls.maxVersion,
  })

const rules = (configs: readonly RelabelConfig[]): object[] | undefined =>
  filled(
    configs.map((one) =>
      present({
        source_labels: one.sourceLabels && [...one.sourceLabels],
        separator: one.separator ?? ';',
        regex: one.regex ?? '(.*)',
        modulus: one.modulus,
        target_label: one.targetLabel,
        replacement: one.replacement ?? '$1',
        action: one.action ?? 'replace',
      }),
    ),
  )

const positive = (limit: number): number | undefined => (limit > 0 ? limit : undefined)
const filled = <T>(list: T[]): T[] | undefined => (list.length > 0 ? list : undefined)
const covered = (secret: string | undefined): string | undefined => secret && COVERED

const present = (settings: object): object =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
