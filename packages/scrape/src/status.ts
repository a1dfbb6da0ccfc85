/** What the scrape manager tells about its targets, and about itself. */
import type { Labels } from '@vigie/model'

export type TargetHealth = 'up' | 'down' | 'unknown'

/** One target that is watched, with all that Prometheus's `/api/v1/targets` says about it. */
export interface ActiveTarget {
  kind: 'scrape' | 'probe' | 'internal'
  /** Before relabelling, `__address__` and `__meta_*` among them. */
  discoveredLabels: Labels
  labels: Labels
  /** Name of the job. */
  scrapePool: string
  scrapeUrl: string
  globalUrl: string
  /** '' when the last attempt was good. */
  lastError: string
  /** 0: not yet. */
  lastScrapeMs: number
  lastScrapeDurationSeconds: number
  health: TargetHealth
  intervalMs: number
  timeoutMs: number
  /** Samples in the last good body. */
  samplesScraped: number
}

export interface DroppedTarget {
  discoveredLabels: Labels
  scrapePool: string
}

export interface TargetsStatus {
  active: ActiveTarget[]
  /** At most the job's `keepDroppedTargets` each. */
  dropped: DroppedTarget[]
  /** All dropped targets of a job, kept or not. */
  droppedCounts: Map<string, number>
}

export type MetricType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown'

/** What a target says about one metric family by `# TYPE`, `# HELP` and `# UNIT`. */
export interface MetricMetadata {
  metric: string
  type: MetricType
  help: string
  unit: string
}

/** The same with the labels of the target that says it. */
export interface TargetMetadata extends MetricMetadata {
  target: Labels
}

/** A metric of Vigie itself, for its own `/metrics`. */
export interface OwnMetric {
  name: string
  help: string
  type: 'counter' | 'gauge'
  samples: { labels: Record<string, string>; value: number }[]
}
