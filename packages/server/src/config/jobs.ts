/** From the sections of a configuration file to the jobs that `scrape` takes. */
import {
  type HistogramRules,
  type ProbeJob,
  type RelabelConfig,
  type ScrapeJob,
  type TargetGroup,
  httpProbe,
  probeJob as makeProbeJob,
  scrapeJob as makeScrapeJob,
  tcpProbe,
} from '@vigie/scrape'
import { type At, type Surroundings, clientTls, httpClient } from './http-config.ts'
import type { ProbeSection, RelabelSection, ScrapeSection, TopLevel } from './schema.ts'

type Global = TopLevel['global']

const TIMEOUT_MS_DEFAULT = 10_000

export function scrapeJob(section: ScrapeSection, global: Global, around: Surroundings): ScrapeJob {
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
    http: httpClient(section, around),
    staticConfigs: section.static_configs.map((one) => group(one.targets, one.labels)),
    fileSdConfigs: section.file_sd_configs.map((one) => ({
      files: one.files.map(around.at),
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
          http: http.tls_config === undefined ? {} : { tls: clientTls(http.tls_config, at) },
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

export const relabelConfig = (section: RelabelSection): RelabelConfig => ({
  sourceLabels: section.source_labels,
  separator: section.separator,
  regex: section.regex,
  modulus: section.modulus,
  targetLabel: section.target_label,
  replacement: section.replacement,
  action: section.action,
})
