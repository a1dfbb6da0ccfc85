/**
 * Alerts that are told together. A group is first told after `group_wait`, then looked at every
 * `group_interval`; whether a receiver hears anything is decided per integration (dedup.ts). An alert
 * that is over leaves once every integration has been told.
 */
import { type Labels, compareNames } from '@vigie/model'
import { type Alert, isResolvedAt } from '../alert.ts'
import type { Route } from './routing-config.ts'

/** One look at the group. */
export interface Flush {
  timeMs: number
  /** When it should have been, exactly one interval after the one before; a timer is late by chance. */
  dueMs: number
}

export interface GroupOptions {
  route: Route
  labels: Labels
  now: () => number
  /** Tells all integrations; whether every one of them is settled. Never rejects. */
  notify: (group: AlertGroup, alerts: readonly Alert[], flush: Flush) => Promise<boolean>
  onEmpty: (group: AlertGroup) => void
}

export class AlertGroup {
  readonly route: Route
  readonly labels: Labels
  readonly #options: GroupOptions
  readonly #alerts = new Map<string, Alert>()
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined
  #isFlushed = false
  #isStopped = false

  constructor(options: GroupOptions) {
    this.#options = options
    this.route = options.route
    this.labels = options.labels
  }

  /** Going on, or over but not told yet. */
  alerts(): Alert[] {
    return [...this.#alerts.values()]
  }

  insert(alert: Alert): void {
    this.#alerts.set(alert.labels.key, alert)
    if (this.#isFlushed || this.#flushing !== undefined) return
    const { groupWaitMs } = this.route
    // Waiting is for alerts that start together; one that started long ago has waited already.
    const isOverdue = alert.startsAtMs + groupWaitMs < this.#options.now()
    if (isOverdue) this.#schedule(this.#options.now())
    else if (this.#timer === undefined) this.#schedule(this.#options.now() + groupWaitMs)
  }

  #schedule(dueMs: number): void {
    clearTimeout(this.#timer)
    if (this.#isStopped) return
    this.#timer = setTimeout(() => {
      this.#flushing = this.#flush(dueMs).finally(() => (this.#flushing = undefined))
    }, dueMs - this.#options.now())
  }

  async #flush(dueMs: number): Promise<void> {
    const timeMs = this.#options.now()
    this.#isFlushed = true
    const alerts = [...this.#alerts.values()].sort(compareAlerts)
    const isSettled = await this.#options.notify(this, alerts, { timeMs, dueMs })
    if (isSettled) {
      for (const alert of alerts) {
        const { key } = alert.labels
        if (isResolvedAt(alert, timeMs) && this.#alerts.get(key) === alert) this.#alerts.delete(key)
      }
    }
    if (this.#alerts.size === 0 && !this.#isStopped) {
      this.#isStopped = true
      this.#options.onEmpty(this)
      return
    }
    this.#schedule(Math.max(dueMs + this.route.groupIntervalMs, this.#options.now()))
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#flushing
  }
}

/** Alertmanager's order: by job and instance, those without last; then fewer labels first. */
export function compareAlerts({ labels: a }: Alert, { labels: b }: Alert): number {
  for (const name of ['job', 'instance']) {
    const [left, right] = [a.get(name), b.get(name)]
    if (left === right) continue
    if (left === '' || right === '') return left === '' ? 1 : -1
    return compareNames(left, right)
  }
  return a.size - b.size || compareSameSize(a, b)
}

/** By the first name, in order, that has not the same value in both; not to have it comes first. */
function compareSameSize(a: Labels, b: Labels): number {
  for (let i = 0; i < a.pairs.length; i += 2) {
    const names = compareNames(a.pairs[i], b.pairs[i])
    if (names !== 0) return -names
    const values = compareNames(a.pairs[i + 1], b.pairs[i + 1])
    if (values !== 0) return values
  }
  return 0
}
