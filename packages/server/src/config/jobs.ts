/** From the sections of a configuration file to the jobs that `scrape` takes. */
import {
  type HistogramRules,
  type HttpClientConfig,
  type ProbeJob,
  type RelabelConfig,
  type ScrapeJob,
  type TargetGroup,
  type TlsConfig,
  httpProbe,
  probeJob as makeProbeJob,
  scrapeJob as makeScrapeJob,
  tcpProbe,
} from '@vigie/scrape'
import type { ProbeSection, RelabelSection, ScrapeSection, TlsSection, TopLevel } from './schema.ts'

type Global = TopLevel['global']
/** Makes a path of the file absolute. */
export type At = (path: string) => string

const TIMEOUT_MS_DEFAULT = 10_000

export function scrapeJob(section: ScrapeSection, global: Global, at: At): ScrapeJob {
  const intervalMs = section.scrape_interval ?? global.scrape_interval
  const protocols = section.scrape_protocols ?? global.scrape_protocols
  return makeScrapeJob(section.job_name, {
    intervalMs,
    timeoutMs:
      section.scrape_timeout ?? Math.min(global.scrape_timeout ?? TIMEOUT_MS_DEFAULT, intervalMs),
    metricsPath: section.metrics_path,
    scheme: section.scheme,
    params: new Map(Object.entries(section.params)),
    honorLabels: section.honor_labels,
    honorTimestamps: section.honor_timestamps,
    trackTimestampsStaleness: section.track_timestamps_staleness,
    bodySizeLimitBytes: section.body_size_limit || global.body_size_limit,
    sampleLimit: section.sample_limit || global.sample_limit,
    labelLimit: section.label_limit || global.label_limit,
    labelNameLengthLimit: section.label_name_length_limit || global.label_name_length_limit,
    labelValueLengthLimit: section.label_value_length_limit || global.label_value_length_limit,
    targetLimit: section.target_limit || global.target_limit,
    http: httpClient(section, at),
    staticConfigs: section.static_configs.map((one) => group(one.targets, one.labels)),
    fileSdConfigs: section.file_sd_configs.map((one) => ({
      files: one.files.map(at),
      refreshIntervalMs: one.refresh_interval,
    })),
    relabelConfigs: section.relabel_configs.map(relabelConfig),
    metricRelabelConfigs: section.metric_relabel_configs.map(relabelConfig),
    keepDroppedTargets: section.keep_dropped_targets || global.keep_dropped_targets,
    fallbackScrapeProtocol: section.fallback_scrape_protocol,
    ...(protocols === undefined ? {} : { protocols }),
    nameEscaping:
      section.metric_name_escaping_scheme ?? global.metric_name_escaping_scheme ?? 'allow-utf-8',
    histograms: histogramRules(section, global),
  })
}

const histogramRules = (section: ScrapeSection, global: Global): HistogramRules => ({
  native: section.scrape_native_histograms ?? global.scrape_native_histograms ?? false,
  classic:
    section.always_scrape_classic_histograms ?? global.always_scrape_classic_histograms ?? false,
  convertsClassic:
    section.convert_classic_histograms_to_nhcb ??
    global.convert_classic_histograms_to_nhcb ??
    false,
  bucketLimit: section.native_histogram_bucket_limit || global.native_histogram_bucket_limit,
  minBucketFactor:
    section.native_histogram_min_bucket_factor || global.native_histogram_min_bucket_factor,
})

export function probeJob(section: ProbeSection, global: Global, at: At): ProbeJob {
  const intervalMs = section.every ?? global.scrape_interval
  const { http, tcp } = section
  const module =
    http === undefined
      ? tcpProbe()
      : httpProbe({
          method: http.method,
          headers: new Map(Object.entries(http.headers)),
          body: http.body ?? '',
          validStatusCodes: http.valid_status_codes,
          failIfBodyMatchesRegexp: http.fail_if_body_matches_regexp,
          failIfBodyNotMatchesRegexp: http.fail_if_body_not_matches_regexp,
          failIfSsl: http.fail_if_ssl,
          failIfNotSsl: http.fail_if_not_ssl,
          followRedirects: http.follow_redirects,
          http: http.tls_config === undefined ? {} : { tls: tlsConfig(http.tls_config, at) },
        })
  return makeProbeJob(section.name, module, {
    intervalMs,
    timeoutMs: section.timeout ?? Math.min(TIMEOUT_MS_DEFAULT, intervalMs),
    staticConfigs: [group(http?.targets ?? tcp?.targets ?? [], section.labels)],
  })
}

const group = (
  targets: readonly string[],
  labels: ReadonlyMap<string, string> | undefined,
): TargetGroup => ({
  targets,
  labels: labels ?? new Map(),
})

/** What sections that speak to somebody over HTTP have in common. */
export type HttpSection = Pick<
  ScrapeSection,
  | 'basic_auth'
  | 'authorization'
  | 'bearer_token'
  | 'bearer_token_file'
  | 'tls_config'
  | 'follow_redirects'
>

export function httpClient(section: HttpSection, at: At): HttpClientConfig {
  const { basic_auth: basic, authorization: auth } = section
  const file = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : at(path)
  const bearer =
    section.bearer_token === undefined && section.bearer_token_file === undefined
      ? undefined
      : { credentials: section.bearer_token, credentialsFile: file(section.bearer_token_file) }
  return {
    followRedirects: section.follow_redirects,
    tls: section.tls_config === undefined ? undefined : tlsConfig(section.tls_config, at),
    basicAuth:
      basic === undefined
        ? undefined
        : {
            username: basic.username,
            usernameFile: file(basic.username_file),
            password: basic.password,
            passwordFile: file(basic.password_file),
          },
    authorization:
      auth === undefined
        ? bearer
        : {
            type: auth.type,
            credentials: auth.credentials,
            credentialsFile: file(auth.credentials_file),
          },
  }
}

function tlsConfig(section: TlsSection, at: At): TlsConfig {
  const file = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : at(path)
  return {
    ca: section.ca,
    cert: section.cert,
    key: section.key,
    caFile: file(section.ca_file),
    certFile: file(section.cert_file),
    keyFile: file(section.key_file),
    serverName: section.server_name,
    insecureSkipVerify: section.insecure_skip_verify,
    minVersion: section.min_version,
    maxVersion: section.max_version,
  }
}

export const relabelConfig = (section: RelabelSection): RelabelConfig => ({
  sourceLabels: section.source_labels,
  separator: section.separator,
  regex: section.regex,
  modulus: section.modulus,
  targetLabel: section.target_label,
  replacement: section.replacement,
  action: section.action,
})
