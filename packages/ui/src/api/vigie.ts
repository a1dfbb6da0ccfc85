/** Shapes of Vigie's own API under /api/vigie. Times are ms since the epoch. */
import type { LabelMap, SampleRows } from './prometheus.ts'

export interface Status {
  version: string
  startTimeMs: number
  configFile: string | null
  configError: string | null
  warnings: string[]
  storage: {
    series: number
    samples: number
    oldestMs: number | null
    sizeBytes: number
    retentionMs: number
  }
  receivers: string[]
  mode: 'file' | 'targets' | 'bare' | 'demo'
  demo: boolean
  externalUrl: string
}

export interface DashboardEntry {
  uid: string
  title: string
  folder: string
  tags: string[]
  source: 'file' | 'imported' | 'generated'
  job?: string
}

export interface DashboardFile {
  uid: string
  source: DashboardEntry['source']
  path: string | null
  /** Grafana JSON as stored. */
  dashboard: unknown
}

export interface NotifiedAlert {
  status: 'firing' | 'resolved'
  labels: LabelMap
  annotations: LabelMap
  startsAtMs: number
  endsAtMs: number | null
  sample: SampleRows | null
}

export interface Notification {
  id: string | number
  timeMs: number
  receiver: string | null
  integration: string | null
  status: 'sent' | 'failed' | 'retrying' | 'unrouted'
  attempts: number
  error: string | null
  response: string | null
  groupLabels: LabelMap
  state: 'firing' | 'resolved'
  alerts: NotifiedAlert[]
}

export interface InboxPage {
  notifications: Notification[]
  total: number
}

export interface Check {
  name: string
  kind: 'sql' | 'http' | 'promql'
  severity: string
  state: 'ok' | 'violated' | 'error' | 'pending'
  value: number | null
  violations: number | null
  expectation: string
  description: string
  lastRunMs: number | null
  lastOkMs: number | null
  durationMs: number | null
  error: string | null
  sample: SampleRows | null
}

export interface Discovered {
  url: string
  pid: number | null
  process: string | null
  samples: number
  watched: boolean
}

export interface AddedTarget {
  target: string
  kind: 'scrape' | 'probe'
  error: string | null
}

export interface Threshold {
  metric: string
  source: string
  ok: boolean | null
  value: number | null
}

/** A run in a list. */
export interface Run {
  id: string
  script: string
  startedMs: number
  endedMs: number | null
  state: 'running' | 'passed' | 'failed' | 'aborted' | 'error'
  vus: number
  vusMax: number
  iterations: number
  exitCode: number | null
  /** 0 to 1. */
  progress: number | null
  thresholds: Threshold[]
  /** What ended it, when not its plan. */
  error: string | null
  p95Ms: number | null
  requestsPerSec: number | null
  /** 0 to 1. */
  failedRatio: number | null
  /** What a search for the limit has found; null: none was made. */
  limit: Pick<LimitReport, 'unit' | 'phase' | 'sustained'> | null
}

export interface RunMetric {
  type: string
  contains: string
  values: Record<string, number>
}

export interface ScriptCheck {
  /** `::outer::inner`; '' outside of groups. */
  group: string
  name: string
  passes: number
  fails: number
}

export interface RunDetail extends Omit<Run, 'limit'> {
  options: Record<string, unknown>
  summaryText: string
  metrics: Record<string, RunMetric>
  scenarios: {
    name: string
    executor: string
    progress: number | null
    vus: number
    iterations: number
  }[]
  /** Absent in reports of old. */
  checks?: ScriptCheck[]
  /** The end of what the process printed, when Vigie started it. */
  output: string | null
  limit?: LimitReport
  suspects?: Suspect[]
  brokenChecks?: BrokenCheck[]
  /** Null or absent: nothing is known. */
  generator?: GeneratorHealth | null
}

/** How well the generator itself kept up. */
export interface GeneratorHealth {
  durationMs: number
  threads: { name: string; busy: number; loopDelayP99Ms: number }[]
  offered: number
  started: number
  dropped: number
  /** Null: no iteration is started by the clock. */
  achieved: number | null
  startLagP99Ms: number | null
  intended: { avg: number; med: number; p90: number; p95: number; p99: number; max: number } | null
  idleShare: number | null
  limit: 'generator' | 'vus' | null
  reasons: string[]
}

/** One hold of a search for the limit. */
export interface LimitLevel {
  load: number
  phase: 'baseline' | 'up' | 'bisect' | 'confirm'
  startMs: number
  endMs: number
  held: boolean
  requestsPerSec: number
  iterationsPerSec: number
  p50Ms: number | null
  p95Ms: number | null
  errorRate: number
  achieved: number
  problems: string[]
  class: string | null
}

export interface LimitReport {
  unit: 'vus' | 'rate'
  phase: LimitLevel['phase'] | 'done' | 'interrupted'
  holdMs: number
  precision: number
  sustained: number | null
  failed: number | null
  class: string | null
  why: string | null
  isConfirmed: boolean | null
  levels: LimitLevel[]
  headroom: {
    capacityPerSec: number
    peakPerSec: number
    peakMs: number
    factor: number
    sinceMs: number
    expr: string
  } | null
}

/** A series of a server that may have given first. */
export interface Suspect {
  rank: number
  metric: string
  labels: LabelMap
  score: number
  sentence: string
  expr: string
  departedAt: number | null
}

export interface BrokenCheck {
  name: string
  severity: string
  description: string
  violations: number | null
  sample: SampleRows | null
}

/** The script as it was run, the entry first. */
export interface RunSource {
  files: { path: string; text: string }[]
  isCut: boolean
}

/** What is said of B against A. */
export interface Comparison {
  verdict: 'faster' | 'slower' | 'same' | 'unsure'
  hasMoreErrors: boolean
  /** One run of each: no more than a hint. */
  isIndicative: boolean
  runs: { a: number; b: number }
  rows: ComparisonRow[]
  sentence: string
}

export interface ComparisonRow {
  name: string
  /** latency: ms; throughput: per second; errors: 0 to 1. */
  kind: 'latency' | 'throughput' | 'errors'
  isPrimary: boolean
  a: number
  b: number
  /** b ÷ a with its interval; of errors that of the odds. Null: not a number. */
  ratio: number | null
  low: number | null
  high: number | null
  verdict: 'better' | 'worse' | 'same' | 'unsure'
}

export interface LoadScripts {
  /** Null: nothing can be started here, `problem` says why. */
  folder: string | null
  problem: string | null
  atOnce: number
  runningIds: string[]
  scripts: { path: string; title: string; modifiedMs: number }[]
}

export interface Demo {
  services: { name: string; url: string; state: 'up' | 'down' | 'hung'; port: number }[]
  faults: { name: string; title: string; description: string; active: boolean }[]
}
