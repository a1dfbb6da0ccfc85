/** Which alert comes first, and in what colour: by severity, then the newest. */
import type { Alert } from '../api/prometheus.ts'
import type { Tone } from '../controls/feedback.tsx'

const RANKS = new Map<string, number>([
  ['critical', 0],
  ['crit', 0],
  ['page', 0],
  ['emergency', 0],
  ['fatal', 0],
  ['high', 1],
  ['error', 1],
  ['major', 1],
  ['warning', 2],
  ['warn', 2],
  ['medium', 2],
  ['minor', 3],
  ['low', 3],
  ['info', 4],
  ['none', 5],
])

/** An alert that names no severity stands with the warnings. */
const UNNAMED_RANK = 2

export function severityRank(severity: string | undefined): number {
  return RANKS.get((severity ?? '').toLowerCase()) ?? UNNAMED_RANK
}

export function severityTone(severity: string | undefined): Tone {
  const rank = severityRank(severity)
  if (rank <= 1) return 'crit'
  return rank <= 3 ? 'warn' : 'info'
}

/** Firing before pending, severe before mild, young before old. Does not change its argument. */
export function sortAlerts<T extends Pick<Alert, 'labels' | 'state' | 'activeAt'>>(
  alerts: T[],
): T[] {
  const state = (alert: T): number => (alert.state === 'firing' ? 0 : 1)
  const age = (alert: T): number => Date.parse(alert.activeAt ?? '') || 0
  return [...alerts].sort(
    (a, b) =>
      state(a) - state(b) ||
      severityRank(a.labels['severity']) - severityRank(b.labels['severity']) ||
      age(b) - age(a) ||
      (a.labels['alertname'] ?? '').localeCompare(b.labels['alertname'] ?? ''),
  )
}

/** `critical 2 · warning 1`, severest first. */
export function countBySeverity(alerts: Pick<Alert, 'labels'>[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const { labels } of alerts) {
    const severity = labels['severity'] || 'none named'
    counts.set(severity, (counts.get(severity) ?? 0) + 1)
  }
  return [...counts].sort((a, b) => severityRank(a[0]) - severityRank(b[0]))
}
