/**
 * The alerts that are going on, merged from what arrives, kept in `alerting/alerts.jsonl`, so that
 * what ends while Vigie is down is still told to be over afterwards.
 */
import { join } from 'node:path'
import { Labels } from '@vigie/model'
import { type Alert, type SampleRows, isResolvedAt } from '../alert.ts'
import type { Logger } from '../logger.ts'
import { JsonLog } from './json-log.ts'

const ALERTS_MAX = 100_000
/** How long alerts from before a restart wait to be heard of again. */
const REVIVAL_MS = 300_000

interface Line {
  labels: string[]
  /** Absent: the alert is gone. */
  alert?: {
    annotations: [string, string][]
    startsAtMs: number
    generatorUrl: string
    sample: SampleRows | null
  }
}

export class AlertStore {
  readonly #alerts = new Map<string, Alert>()
  readonly #file: JsonLog
  readonly #log: Logger

  constructor(dir: string, nowMs: number, log: Logger) {
    this.#log = log
    this.#file = new JsonLog(join(dir, 'alerting', 'alerts.jsonl'), log)
    for (const { labels: pairs, alert } of this.#file.read() as Line[]) {
      const labels = Labels.fromPairs(pairs)
      if (alert === undefined) this.#alerts.delete(labels.key)
      else
        this.#alerts.set(labels.key, {
          ...alert,
          labels,
          annotations: new Map(alert.annotations),
          endsAtMs: nowMs + REVIVAL_MS,
        })
    }
  }

  all(): Alert[] {
    return [...this.#alerts.values()]
  }

  /** Merges an alert in; undefined when it is one too many. */
  put(alert: Alert, nowMs: number): Alert | undefined {
    const { key } = alert.labels
    const before = this.#alerts.get(key)
    if (before === undefined && this.#alerts.size >= ALERTS_MAX) {
      this.#log.error('too many alerts, dropped', {
        limit: ALERTS_MAX,
        alert: alert.labels.toString(),
      })
      return undefined
    }
    const merged = before === undefined ? alert : mergeAlerts(before, alert, nowMs)
    if (isResolvedAt(merged, nowMs)) {
      if (before !== undefined) this.#forget(merged)
      return merged
    }
    this.#alerts.set(key, merged)
    if (before === undefined) this.#record(merged)
    return merged
  }

  #record(alert: Alert): void {
    const { annotations, startsAtMs, generatorUrl, sample } = alert
    this.#append({
      labels: [...alert.labels.pairs],
      alert: { annotations: [...annotations], startsAtMs, generatorUrl, sample },
    })
  }

  #forget(alert: Alert): void {
    this.#alerts.delete(alert.labels.key)
    this.#append({ labels: [...alert.labels.pairs] })
  }

  /** Alerts that nobody confirmed in time, now over. */
  takeExpired(nowMs: number): Alert[] {
    const expired = this.all().filter((alert) => isResolvedAt(alert, nowMs))
    for (const alert of expired) this.#forget(alert)
    return expired
  }

  #append(line: Line): void {
    this.#file.append(line)
    this.#file.compact(
      () =>
        this.all().map(({ labels, annotations, startsAtMs, generatorUrl, sample }) => ({
          labels: labels.pairs,
          alert: { annotations: [...annotations], startsAtMs, generatorUrl, sample },
        })),
      this.#alerts.size,
    )
  }
}

/**
 * The younger one, with the earlier start; when both are over with the later end, else with the later
 * end of the two if the older one's was not over yet.
 */
export function mergeAlerts(older: Alert, younger: Alert, nowMs: number): Alert {
  // A new episode of something that was over is not the old one going on.
  const isOverlapping =
    older.endsAtMs > younger.startsAtMs || older.startsAtMs === younger.startsAtMs
  if (!isOverlapping) return younger
  const startsAtMs = Math.min(older.startsAtMs, younger.startsAtMs)
  const areOver = isResolvedAt(younger, nowMs) && isResolvedAt(older, nowMs)
  const endsAtMs = areOver ? Math.max(older.endsAtMs, younger.endsAtMs) : younger.endsAtMs
  return { ...younger, startsAtMs, endsAtMs }
}
