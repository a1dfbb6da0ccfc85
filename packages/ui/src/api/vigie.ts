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
}

export interface RunDetail extends Run {
  summaryText: string
  metrics: Record<string, { type: string; contains: string; values: Record<string, number> }>
  scenarios: {
    name: string
    executor: string
    progress: number | null
    vus: number
    iterations: number
  }[]
}

export interface Demo {
  services: { name: string; url: string; state: 'up' | 'down' | 'hung'; port: number }[]
  faults: { name: string; title: string; description: string; active: boolean }[]
}
