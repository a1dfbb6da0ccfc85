/**
 * From the text of prometheus.yml or vigie.yml to what the packages take. All problems of the file,
 * of its rule files and of its routing tree are found before any is reported.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import {
  type AlertmanagerConfig,
  type CheckConfig,
  type Datasource,
  type RuleGroup,
  parseAlertmanagerConfig,
  parseChecks,
  parseRuleFile,
} from '@vigie/alerting'
import { compileAnchored } from '@vigie/model'
import type { ParseOptions } from '@vigie/promql'
import { type ProbeJob, type ScrapeJob, relabelProblem } from '@vigie/scrape'
import type { LoadConfig } from '../load/load-launcher.ts'
import { type Surroundings, checkHttpConfig } from './http-config.ts'
import { probeJob, relabelConfig, scrapeJob } from './jobs.ts'
import {
  type ClusterSettings,
  type RemoteWriteSettings,
  type RemoteReadSettings,
  clusterSettings,
  remoteReadSettings,
  remoteWriteSettings,
} from './remote.ts'
import { coverSecrets } from './secrets.ts'
import {
  type TopLevel,
  UNSERVED_GLOBAL,
  UNSERVED_TOP,
  UNSERVED_TSDB,
  isUnservedScrapeKey,
  topLevel,
} from './schema.ts'
import type { OtlpSettings } from '@vigie/remote'
import { otlpSettings } from './otlp.ts'
import { ConfigError, type KeyPath, YamlSource, formatProblem } from './source.ts'

export interface VigieConfig {
  /** The text as read, secrets included: for "Save" only. */
  text: string
  /** The text as shown, secrets covered. */
  shownText: string
  scrapeIntervalMs: number
  evaluationIntervalMs: number
  externalLabels: ReadonlyMap<string, string>
  /** `storage.exemplars.max_exemplars`; 0: none. */
  maxExemplars: number
  outOfOrderTimeWindowMs: number
  /** `storage.tsdb.retention`: read at the start, not at a reload. Undefined: what the flags say. */
  retentionMs: number | undefined
  retentionBytes: number | undefined
  scrapeJobs: ScrapeJob[]
  probeJobs: ProbeJob[]
  /** Whether Vigie watches its own metrics, and this host. */
  self: boolean
  host: boolean
  ruleGroups: RuleGroup[]
  defaultRules: { isOn: boolean; disabled: readonly string[] }
  alertmanager: AlertmanagerConfig | undefined
  datasources: Datasource[]
  checks: CheckConfig[]
  remoteWrites: RemoteWriteSettings[]
  remoteReads: RemoteReadSettings[]
  /** How metrics that come by OTLP are named. */
  otlp: OtlpSettings
  /** What is asked instead of the local storage. */
  cluster: ClusterSettings | undefined
  dashboardFolders: string[]
  /** What may be started from the browser; undefined: nothing. */
  load: LoadConfig | undefined
  /** What the file asks for and Vigie does not serve yet, one line each. */
  warnings: string[]
}

export interface ConfigInput {
  /** Shown in problems; relative paths in the file are relative to its folder. */
  file: string
  text: string
  env: NodeJS.ProcessEnv
  /** Experimental features of PromQL that rules may use. */
  language?: ParseOptions
  /** What `scrape_native_histograms` is where the file does not say; false when not given. */
  nativeHistograms?: boolean
}

/** Throws ConfigError with all problems. */
export function parseConfig(input: ConfigInput): VigieConfig {
  const source = new YamlSource(input.file, input.text)
  if (source.problems.length > 0) throw new ConfigError(source.problems)
  const warnings: string[] = []
  const value = withoutUnserved(source, warnings)
  const result = topLevel.safeParse(value)
  if (!result.success) source.reportIssues(result.error)
  const top = result.data ?? topLevel.parse({})
  top.global.scrape_native_histograms ??= input.nativeHistograms
  checkJobs(source, top)
  const folder = dirname(resolve(input.file))
  const at = (path: string): string => (isAbsolute(path) ? path : join(folder, path))
  // Rule files are named as they are from here, as in Prometheus.
  const ruleFileAt = (path: string): string =>
    isAbsolute(path) ? path : join(dirname(input.file), path)
  const around = { at, env: input.env }
  const parts = {
    ...alertingParts(source, top, input.env, warnings),
    ...remoteParts(source, top, around),
    otlp: otlpSettings(source, top.otlp),
    ruleGroups: readRuleFiles(source, top.rule_files, ruleFileAt, input.language),
  }
  if (source.problems.length > 0)
    throw new ConfigError(source.problems.sort((a, b) => a.line - b.line))
  return {
    text: input.text,
    shownText: coverSecrets(input.text),
    scrapeIntervalMs: top.global.scrape_interval,
    evaluationIntervalMs: top.global.evaluation_interval,
    externalLabels: new Map(
      [...top.global.external_labels].map(([name, label]) => [name, expandEnv(label, input.env)]),
    ),
    maxExemplars: Math.max(0, top.storage.exemplars.max_exemplars),
    outOfOrderTimeWindowMs: top.storage.tsdb.out_of_order_time_window,
    retentionMs: top.storage.tsdb.retention?.time,
    retentionBytes: top.storage.tsdb.retention?.size,
    scrapeJobs: top.scrape_configs.map((section) => scrapeJob(section, top.global, around)),
    probeJobs: top.probes.map((section) => probeJob(section, top.global, at)),
    self: top.self ?? false,
    host: top.host ?? false,
    defaultRules: top.default_rules,
    dashboardFolders: top.dashboards.map(at),
    load:
      top.load === undefined
        ? undefined
        : { scriptsDir: at(top.load.scripts), atOnce: top.load.at_once },
    warnings,
    ...parts,
  }
}

/** A copy of the file's value without the keys that are not served, each of them a warning. */
function withoutUnserved(source: YamlSource, warnings: string[]): unknown {
  if (!isMap(source.value)) return source.value ?? {}
  const strip = (
    map: Record<string, unknown>,
    path: KeyPath,
    isUnserved: (key: string) => boolean,
  ): Record<string, unknown> => {
    const kept: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(map)) {
      if (isUnserved(key))
        warnings.push(
          formatProblem({
            file: source.file,
            line: source.lineOf([...path, key]),
            key: [...path, key].join('.'),
            message: 'not served yet, ignored',
          }),
        )
      else kept[key] = value
    }
    return kept
  }
  const top = strip(source.value, [], (key) => UNSERVED_TOP.includes(key))
  if (isMap(top.global))
    top.global = strip(top.global, ['global'], (key) => UNSERVED_GLOBAL.includes(key))
  if (isMap(top.storage) && isMap(top.storage.tsdb)) {
    const path = ['storage', 'tsdb']
    const tsdb = strip(top.storage.tsdb, path, (key) => UNSERVED_TSDB.includes(key))
    top.storage = { ...top.storage, tsdb }
  }
  if (Array.isArray(top.scrape_configs))
    top.scrape_configs = top.scrape_configs.map((job: unknown, i) =>
      isMap(job) ? strip(job, ['scrape_configs', i], isUnservedScrapeKey) : job,
    )
  return top
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What one key alone cannot tell. */
function checkJobs(source: YamlSource, top: TopLevel): void {
  const seen = new Set<string>()
  top.scrape_configs.forEach((job, i) => {
    const path = ['scrape_configs', i]
    if (seen.has(job.job_name))
      source.report(
        [...path, 'job_name'],
        `found multiple scrape configs with job name ${JSON.stringify(job.job_name)}`,
      )
    seen.add(job.job_name)
    const intervalMs = job.scrape_interval ?? top.global.scrape_interval
    if (job.scrape_timeout !== undefined && job.scrape_timeout > intervalMs)
      source.report(
        [...path, 'scrape_timeout'],
        `scrape timeout greater than scrape interval for scrape config with job name ${JSON.stringify(job.job_name)}`,
      )
    checkHttpConfig(source, path, job)
    for (const [key, list] of [
      ['relabel_configs', job.relabel_configs],
      ['metric_relabel_configs', job.metric_relabel_configs],
    ] as const)
      list.forEach((one, k) => {
        const problem = relabelProblem(relabelConfig(one))
        if (problem !== undefined) source.report([...path, key, k], problem)
      })
  })
}

/** A cluster that stands in for the storage is sent all samples. */
function remoteParts(
  source: YamlSource,
  top: TopLevel,
  around: Surroundings,
): Pick<VigieConfig, 'remoteWrites' | 'remoteReads' | 'cluster'> {
  const remoteWrites = remoteWriteSettings(source, top.remote_write, around)
  const storage = clusterSettings(source, top.storage, around)
  if (storage?.write !== undefined) remoteWrites.push(storage.write)
  const remoteReads = remoteReadSettings(source, top.remote_read, around)
  return { remoteWrites, remoteReads, cluster: storage?.cluster }
}

interface AlertingParts {
  alertmanager: AlertmanagerConfig | undefined
  datasources: Datasource[]
  checks: CheckConfig[]
}

function alertingParts(
  source: YamlSource,
  top: TopLevel,
  env: NodeJS.ProcessEnv,
  warnings: string[],
): AlertingParts {
  const report = (path: KeyPath, message: string): void => source.report(path, message)
  const warn = (path: KeyPath, message: string): void => {
    warnings.push(
      formatProblem({ file: source.file, line: source.lineOf(path), key: path.join('.'), message }),
    )
  }
  const alertmanager =
    top.alertmanager === undefined
      ? undefined
      : parseAlertmanagerConfig(top.alertmanager, ['alertmanager'], report, warn)
  const { datasources, checks } = parseChecks(
    expandAll(top.datasources, env),
    expandAll(top.checks, env),
    report,
  )
  return { alertmanager, datasources, checks }
}

/** `${NAME}` by the environment, in every text of a value. An unset name stays empty, as in Prometheus. */
function expandAll(value: unknown, env: NodeJS.ProcessEnv): unknown {
  if (typeof value === 'string') return expandEnv(value, env)
  if (Array.isArray(value)) return value.map((one) => expandAll(one, env))
  if (isMap(value))
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, expandAll(one, env)]))
  return value
}

const expandEnv = (text: string, env: NodeJS.ProcessEnv): string =>
  text.replace(/\$\$|\$\{(\w+)\}/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (env[name] ?? ''),
  )

function readRuleFiles(
  source: YamlSource,
  patterns: readonly string[],
  at: (path: string) => string,
  language: ParseOptions | undefined,
): RuleGroup[] {
  const groups: RuleGroup[] = []
  patterns.forEach((pattern, i) => {
    for (const file of expandGlob(at(pattern))) {
      try {
        const result = parseRuleFile(readFileSync(file, 'utf8'), file, language)
        groups.push(...result.groups)
        for (const error of result.errors)
          source.problems.push({
            file,
            line: error.line,
            key: error.key ?? '',
            message: error.message,
          })
      } catch (error) {
        source.report(['rule_files', i], `cannot read ${file}: ${(error as Error).message}`)
      }
    }
  })
  return groups
}

/** Files of a path whose last part may have `*`; a path without one is itself. */
export function expandGlob(pattern: string): string[] {
  const name = basename(pattern)
  if (!/[*?[]/.test(name)) return [pattern]
  const folder = dirname(pattern)
  const expression = name
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replace(/\*/g, '[^/]*')
    .replace(/\?/g, '[^/]')
  const matches = compileAnchored(expression)
  try {
    return readdirSync(folder)
      .filter(matches)
      .sort()
      .map((file) => join(folder, file))
  } catch {
    return []
  }
}
