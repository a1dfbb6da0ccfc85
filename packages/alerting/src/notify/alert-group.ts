/**
 * Alerts that are told together. A group is first told after `group_wait`, then looked at every
 * `group_interval`; whether a receiver hears anything is decided per integration (dedup.ts). An alert
 * that is over leaves once every integration has been told.
 */
import type { Labels } from '@vigie/model'
import { type Alert, isResolvedAt } from '../alert.ts'
import type { Route } from './routing-config.ts'

export interface GroupOptions {
  route: Route
  labels: Labels
  now: () => number
  /** Tells all integrations; whether every one of them is settled. Never rejects. */
  notify: (group: AlertGroup, alerts: readonly Alert[], timeMs: number) => Promise<boolean>
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
    if (isOverdue) this.#schedule(0)
    else if (this.#timer === undefined) this.#schedule(groupWaitMs)
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer)
    if (this.#isStopped) return
    this.#timer = setTimeout(() => {
      this.#flushing = this.#flush().finally(() => (this.#flushing = undefined))
    }, delayMs)
  }

  async #flush(): Promise<void> {
    const timeMs = this.#options.now()
    this.#isFlushed = true
    const alerts = [...this.#alerts.values()].sort(byJobAndInstance)
    const isSettled = await this.#options.notify(this, alerts, timeMs)
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
    this.#schedule(Math.max(0, timeMs + this.route.groupIntervalMs - this.#options.now()))
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#flushing
  }
}

function byJobAndInstance(a: Alert, b: Alert): number {
  for (const name of ['job', 'instance']) {
    const [left, right] = [a.labels.get(name), b.labels.get(name)]
    if (left !== right) return left < right ? -1 : 1
  }
  return a.labels.key < b.labels.key ? -1 : 1
}
