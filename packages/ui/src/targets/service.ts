/** Targets as people think of them: one service per job, up, partly up, or down with a reason. */
import type { ScrapeTarget, VectorSample } from '../api/prometheus.ts'
import { plainError } from './plain-error.ts'

export type TargetState = 'up' | 'down' | 'unknown'

export interface TargetRow {
  job: string
  instance: string
  url: string
  state: TargetState
  /** Plain words; '' when there is none. */
  error: string
  /** As the scraper wrote it. */
  rawError: string
  /** Ms since the epoch; 0 when never scraped. */
  lastScrapeMs: number
  durationMs: number
  labels: Record<string, string>
  isProbe: boolean
}

export interface Service {
  job: string
  state: 'up' | 'partial' | 'down' | 'unknown'
  targets: TargetRow[]
  upCount: number
  /** Of the first target that is down. */
  error: string
}

/**
 * `probes` are the newest `probe_success` samples: a probe whose scrape worked but which says 0 is
 * down, and one that is not among the targets is added.
 */
export function targetRows(targets: ScrapeTarget[], probes: VectorSample[]): TargetRow[] {
  const success = new Map(probes.map((one) => [keyOf(one.metric), one.value?.[1] === '1']))
  const rows = targets.map((target): TargetRow => {
    const probe = success.get(keyOf(target.labels))
    success.delete(keyOf(target.labels))
    const isProbe = probe !== undefined || isProbeUrl(target.scrapeUrl)
    const failed = target.health === 'up' && probe === false
    return {
      job: target.labels['job'] ?? target.scrapePool,
      instance: target.labels['instance'] ?? target.scrapeUrl,
      url: target.scrapeUrl,
      state: failed ? 'down' : target.health,
      error: target.lastError
        ? plainError(target.lastError)
        : failed
          ? 'The probe did not succeed'
          : '',
      rawError: target.lastError,
      lastScrapeMs: lastMs(target.lastScrape),
      durationMs: target.lastScrapeDuration * 1000,
      labels: target.labels,
      isProbe,
    }
  })
  for (const { metric, value } of probes) {
    if (success.has(keyOf(metric))) rows.push(probeRow(metric, value))
  }
  return rows
}

const keyOf = (labels: Record<string, string>): string =>
  `${labels['job'] ?? ''}\n${labels['instance'] ?? ''}`

const isProbeUrl = (url: string): boolean => /\/probe\?/.test(url)

/** Go's zero time says that nothing was scraped yet. */
function lastMs(text: string): number {
  const ms = Date.parse(text)
  return ms > 0 ? ms : 0
}

function probeRow(metric: Record<string, string>, value: [number, string] | undefined): TargetRow {
  const { __name__: _, ...labels } = metric
  const isUp = value?.[1] === '1'
  return {
    job: labels['job'] ?? 'probe',
    instance: labels['instance'] ?? '',
    url: labels['instance'] ?? '',
    state: isUp ? 'up' : 'down',
    error: isUp ? '' : 'The probe did not succeed',
    rawError: '',
    lastScrapeMs: (value?.[0] ?? 0) * 1000,
    durationMs: NaN,
    labels,
    isProbe: true,
  }
}

/** One service per job; those that are down first, then by name. */
export function services(rows: TargetRow[]): Service[] {
  const byJob = new Map<string, TargetRow[]>()
  for (const row of rows) {
    const list = byJob.get(row.job)
    if (list) list.push(row)
    else byJob.set(row.job, [row])
  }
  return [...byJob]
    .map(([job, targets]) => describe(job, targets))
    .sort((a, b) => ORDER[a.state] - ORDER[b.state] || a.job.localeCompare(b.job))
}

const ORDER: Record<Service['state'], number> = { down: 0, partial: 1, unknown: 2, up: 3 }

function describe(job: string, targets: TargetRow[]): Service {
  const upCount = targets.filter((one) => one.state === 'up').length
  const down = targets.filter((one) => one.state === 'down')
  return {
    job,
    targets,
    upCount,
    state:
      down.length === targets.length
        ? 'down'
        : down.length > 0
          ? 'partial'
          : upCount > 0
            ? 'up'
            : 'unknown',
    error: down[0]?.error ?? '',
  }
}
