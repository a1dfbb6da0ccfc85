/**
 * The shape of prometheus.yml and vigie.yml (the same file with more sections: `self`, `host`, `probes`,
 * `datasources`, `checks`, `alertmanager`, `default_rules`, `dashboards`, `load`). Names of keys are Prometheus's.
 * Durations come out in ms, sizes in bytes. What is in `alertmanager`, `checks` and `datasources` is
 * read by the package that serves it.
 */
import { z } from 'zod'
import { RELABEL_ACTIONS } from '@vigie/scrape'
import {
  anchoredRegex,
  count,
  duration,
  flag,
  labelMap,
  list,
  regex,
  scalar,
  size,
  text,
  url,
} from './fields.ts'
import { httpConfigKeys, tlsConfig } from './http-config.ts'
import { otlpSection } from './otlp.ts'

/** Keys that Prometheus knows and Vigie does not serve yet: a named warning, never an error, never silence. */
export const UNSERVED_TOP: readonly string[] = [
  'runtime',
  'alerting',
  'tracing',
  'scrape_config_files',
]
export const UNSERVED_GLOBAL: readonly string[] = [
  'rule_query_offset',
  'query_log_file',
  'scrape_failure_log_file',
  'metric_name_validation_scheme',
  'extra_scrape_metrics',
]
/** Of `storage.tsdb`. */
export const UNSERVED_TSDB: readonly string[] = [
  'chunk_encoding',
  'stale_series_compaction_threshold',
]
const SD_SERVED = ['static_configs', 'file_sd_configs']
export const UNSERVED_SCRAPE: readonly string[] = [
  'scrape_failure_log_file',
  'metric_name_validation_scheme',
  'scrape_classic_histograms',
  'extra_scrape_metrics',
  'enable_compression',
]

/** Whether a scrape job's key is one of Prometheus's that Vigie does not serve. */
export const isUnservedScrapeKey = (key: string): boolean =>
  UNSERVED_SCRAPE.includes(key) || (key.endsWith('_sd_configs') && !SD_SERVED.includes(key))

export const relabel = z.strictObject({
  source_labels: list(text),
  separator: text.default(';'),
  regex: anchoredRegex.optional(),
  modulus: count.optional(),
  target_label: text.optional(),
  replacement: text.optional(),
  action: z
    .string()
    .toLowerCase()
    .pipe(z.enum(RELABEL_ACTIONS, { error: () => `expected one of ${RELABEL_ACTIONS.join(', ')}` }))
    .default('replace'),
})

const staticConfig = z.strictObject({ targets: list(scalar), labels: labelMap.optional() })
const fileSdConfig = z.strictObject({
  files: z
    .array(text, { error: () => 'expected a list of paths' })
    .min(1, { error: () => 'expected at least one path' }),
  refresh_interval: duration.default(300_000),
})

const ESCAPING = ['allow-utf-8', 'underscores', 'dots', 'values'] as const
const PROTOCOLS = [
  'PrometheusText0.0.4',
  'PrometheusText1.0.0',
  'OpenMetricsText0.0.1',
  'OpenMetricsText1.0.0',
  'PrometheusProto',
] as const

const protocol = z.enum(PROTOCOLS, { error: () => `expected one of ${PROTOCOLS.join(', ')}` })
const protocols = z
  .array(protocol, { error: () => 'expected a list of protocols' })
  .min(1, { error: () => 'expected at least one protocol' })
  .refine((all) => new Set(all).size === all.length, {
    error: () => 'a protocol is named twice',
  })

/** What a job may have of its own and `global` for all jobs. */
const shared = {
  scrape_protocols: protocols.optional(),
  metric_name_escaping_scheme: z
    .enum(ESCAPING, { error: () => `expected one of ${ESCAPING.join(', ')}` })
    .optional(),
  scrape_native_histograms: flag.optional(),
  convert_classic_histograms_to_nhcb: flag.optional(),
  always_scrape_classic_histograms: flag.optional(),
  native_histogram_bucket_limit: count.default(0),
  native_histogram_min_bucket_factor: z
    .number({ error: () => 'expected a number' })
    .min(0, { error: () => 'expected a number of 0 or more' })
    .default(0),
  keep_dropped_targets: count.default(0),
}

export const scrapeConfig = z.strictObject({
  ...shared,
  job_name: scalar.pipe(z.string().min(1, { error: () => 'job_name is empty' })),
  scrape_interval: duration.optional(),
  scrape_timeout: duration.optional(),
  metrics_path: text.default('/metrics'),
  scheme: z.enum(['http', 'https'], { error: () => 'expected http or https' }).default('http'),
  params: z
    .record(z.string(), z.array(scalar), { error: () => 'expected a map of lists' })
    .default({}),
  honor_labels: flag.default(false),
  honor_timestamps: flag.default(true),
  track_timestamps_staleness: flag.default(false),
  fallback_scrape_protocol: protocol.optional(),
  body_size_limit: size.default(0),
  sample_limit: count.default(0),
  label_limit: count.default(0),
  label_name_length_limit: count.default(0),
  label_value_length_limit: count.default(0),
  target_limit: count.default(0),
  ...httpConfigKeys,
  static_configs: list(staticConfig),
  file_sd_configs: list(fileSdConfig),
  relabel_configs: list(relabel),
  metric_relabel_configs: list(relabel),
})

const probeHttp = z.strictObject({
  targets: z
    .array(url, { error: () => 'expected a list of URLs' })
    .min(1, { error: () => 'expected at least one URL' }),
  method: text.default('GET'),
  headers: z.record(z.string(), scalar).default({}),
  body: text.optional(),
  valid_status_codes: list(count),
  fail_if_body_matches_regexp: list(regex),
  fail_if_body_not_matches_regexp: list(regex),
  fail_if_ssl: flag.default(false),
  fail_if_not_ssl: flag.default(false),
  follow_redirects: flag.default(true),
  tls_config: tlsConfig.optional(),
})
const probeTcp = z.strictObject({
  targets: z
    .array(text, { error: () => 'expected a list of host:port' })
    .min(1, { error: () => 'expected at least one host:port' }),
})

export const probeConfig = z
  .strictObject({
    name: text,
    every: duration.optional(),
    timeout: duration.optional(),
    labels: labelMap.optional(),
    http: probeHttp.optional(),
    tcp: probeTcp.optional(),
  })
  .refine((probe) => (probe.http === undefined) !== (probe.tcp === undefined), {
    error: () => 'expected one of http and tcp',
  })

export const globalConfig = z.strictObject({
  ...shared,
  scrape_interval: duration.default(60_000),
  scrape_timeout: duration.optional(),
  evaluation_interval: duration.default(60_000),
  external_labels: labelMap.default(new Map()),
  body_size_limit: size.default(0),
  sample_limit: count.default(0),
  label_limit: count.default(0),
  label_name_length_limit: count.default(0),
  label_value_length_limit: count.default(0),
  target_limit: count.default(0),
})

export const defaultRules = z.union(
  [
    flag.transform((isOn) => ({ isOn, disabled: [] as string[] })),
    z
      .strictObject({ disabled: list(text) })
      .transform(({ disabled }) => ({ isOn: true, disabled })),
  ],
  { error: () => 'expected true, false, or a map with disabled' },
)

/** `load`: what may be started from the browser. */
const loadConfig = z.strictObject({
  scripts: text,
  at_once: z
    .int({ error: () => 'expected a whole number' })
    .min(1, { error: () => 'expected a number of 1 or more' })
    .default(1),
})

const exemplarsConfig = z.strictObject({
  max_exemplars: z.int({ error: () => 'expected a whole number' }).default(100_000),
})
/** What is here counts before the flags of the same name, as in Prometheus. */
const tsdbConfig = z.strictObject({
  out_of_order_time_window: duration.default(0),
  retention: z.strictObject({ time: duration.optional(), size: size.optional() }).optional(),
})
/** The other keys, of a cluster that stands in for the storage, are read by remote.ts. */
const storageConfig = z.looseObject({
  exemplars: exemplarsConfig.prefault({}),
  tsdb: tsdbConfig.prefault({}),
})

export const topLevel = z.strictObject({
  global: globalConfig.prefault({}),
  storage: storageConfig.prefault({}),
  rule_files: list(text),
  scrape_configs: list(scrapeConfig),
  probes: list(probeConfig),
  self: flag.optional(),
  host: flag.optional(),
  default_rules: defaultRules.default({ isOn: true, disabled: [] }),
  dashboards: list(text),
  load: loadConfig.optional(),
  alertmanager: z.unknown().optional(),
  datasources: z.unknown().optional(),
  remote_write: z.unknown().optional(),
  remote_read: z.unknown().optional(),
  checks: z.unknown().optional(),
  // A section without anything in it is null.
  otlp: z.preprocess((value) => value ?? {}, otlpSection),
})

export type TopLevel = z.infer<typeof topLevel>
export type ScrapeSection = z.infer<typeof scrapeConfig>
export type ProbeSection = z.infer<typeof probeConfig>
export type RelabelSection = z.infer<typeof relabel>
