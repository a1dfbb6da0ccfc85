/** From alerts to messages: routing, grouping, deduplication, sending with retries. */
import type { Labels } from '@vigie/model'
import { type Alert, isResolvedAt } from '../alert.ts'
import type { Logger } from '../logger.ts'
import type { OwnMetric } from '../own-metric.ts'
import { AlertGroup, type Flush } from './alert-group.ts'
import { AlertStore } from './alert-store.ts'
import { type Reason, reasonToNotify } from './dedup.ts'
import { fingerprint } from './fingerprint.ts'
import type { Inbox, NotifiedAlert } from './inbox.ts'
import { MessageTemplates } from './message-template.ts'
import { NotificationLog } from './notification-log.ts'
import type { Integration, Receiver } from './receiver-config.ts'
import { type Outcome, sendWithRetries } from './retry.ts'
import { buildRoute, groupKeyOf, groupLabelsOf, matchRoutes } from './route.ts'
import type { AlertmanagerConfig, Route } from './routing-config.ts'
import type { Message } from './template-data.ts'
import { testAlert } from './test-alert.ts'

export interface NotifierOptions {
  inbox: Inbox
  /** The data directory. */
  dir: string
  now: () => number
  log: Logger
  /** Of Vigie itself, no slash at the end. */
  externalUrl: string
}

export interface TestResult {
  integration: string
  error: string | null
  response: string | null
}

const GROUPS_MAX = 10_000
/** Sending may always take this long, however short the group's interval. */
const SEND_TIMEOUT_MIN_MS = 10_000
const EXPIRY_CHECK_MS = 1000
const STOP_GRACE_MS = 1000

/** With no receivers everything is collected in the inbox, and soon. */
const UNROUTED: Route = buildRoute({
  receiver: '',
  matchers: [],
  isContinued: false,
  groupBy: ['alertname', 'job'],
  groupWaitMs: 1000,
  groupIntervalMs: 10_000,
  repeatIntervalMs: undefined,
  labels: new Map(),
  routes: [],
})

interface Counts {
  sent: number
  failed: number
}

export class Notifier {
  readonly #options: NotifierOptions
  readonly #templates: MessageTemplates
  readonly #store: AlertStore
  readonly #told: NotificationLog
  readonly #groups = new Map<string, AlertGroup>()
  readonly #counts = new Map<string, Counts>()
  #route: Route = UNROUTED
  #receivers = new Map<string, Receiver>()
  #abort = new AbortController()
  #expiry: NodeJS.Timeout | undefined

  /** Throws when the folder cannot be read or made. Nothing is sent before `apply`. */
  constructor(options: NotifierOptions) {
    this.#options = options
    const { dir, now, log } = options
    this.#templates = new MessageTemplates(now)
    this.#store = new AlertStore(dir, now(), log)
    this.#told = new NotificationLog(dir, now(), log)
  }

  /** undefined: no receivers, everything goes to the inbox as unrouted. */
  apply(config: AlertmanagerConfig | undefined): void {
    const pending = [...this.#groups.values()].flatMap((group) => group.alerts())
    for (const group of this.#groups.values()) void group.stop()
    this.#groups.clear()
    this.#route = config?.route ?? UNROUTED
    this.#receivers = new Map(config?.receivers.map((one) => [one.name, one]))
    this.#expiry ??= setInterval(() => this.#expire(), EXPIRY_CHECK_MS)
    const known = [...pending, ...this.#store.all()]
    for (const alert of new Map(known.map((one) => [one.labels.key, one])).values())
      this.#dispatch(alert)
  }

  receive(alerts: readonly Alert[]): void {
    for (const alert of alerts) {
      const merged = this.#store.put(alert, this.#options.now())
      if (merged !== undefined) this.#dispatch(merged)
    }
  }

  #expire(): void {
    for (const alert of this.#store.takeExpired(this.#options.now())) this.#dispatch(alert)
  }

  #dispatch(alert: Alert): void {
    for (const route of matchRoutes(this.#route, alert.labels))
      this.#groupFor(route, groupLabelsOf(route, alert.labels))?.insert(alert)
  }

  #groupFor(route: Route, labels: Labels): AlertGroup | undefined {
    const id = `${route.id}:${labels.key}`
    const known = this.#groups.get(id)
    if (known !== undefined) return known
    if (this.#groups.size >= GROUPS_MAX) {
      this.#options.log.error('too many alert groups, dropped', {
        limit: GROUPS_MAX,
        group: labels.toString(),
      })
      return undefined
    }
    const group = new AlertGroup({
      route,
      labels,
      now: this.#options.now,
      notify: (one, alerts, flush) => this.#notify(one, alerts, flush),
      onEmpty: () => {
        if (this.#groups.get(id) === group) this.#groups.delete(id)
      },
    })
    this.#groups.set(id, group)
    return group
  }

  /** Whether every integration has been told what there is to tell. */
  async #notify(group: AlertGroup, alerts: readonly Alert[], flush: Flush): Promise<boolean> {
    const receiver = this.#receivers.get(group.route.receiver)
    const integrations: (Integration | undefined)[] =
      receiver === undefined || receiver.integrations.length === 0
        ? [undefined]
        : receiver.integrations
    const settled = await Promise.all(
      integrations.map((one, index) => this.#notifyOne(group, alerts, flush, one, index)),
    )
    return settled.every(Boolean)
  }

  async #notifyOne(
    group: AlertGroup,
    alerts: readonly Alert[],
    { timeMs, dueMs }: Flush,
    integration: Integration | undefined,
    index: number,
  ): Promise<boolean> {
    const { route } = group
    const isOver = (alert: Alert): boolean => isResolvedAt(alert, timeMs)
    const firing = alerts.filter((alert) => !isOver(alert))
    const isResolvedSent = integration?.isResolvedSent ?? true
    const key = JSON.stringify([
      groupKeyOf(route, group.labels),
      route.receiver,
      integration?.type ?? null,
      index,
    ])
    const prints = (list: readonly Alert[]): string[] =>
      list.map((alert) => fingerprint(alert.labels))
    const state = {
      firing: new Set(prints(firing)),
      resolved: new Set(prints(alerts.filter(isOver))),
    }
    const reason = reasonToNotify(
      this.#told.get(key),
      state,
      dueMs,
      route.repeatIntervalMs,
      isResolvedSent,
    )
    if (reason === undefined) return true
    const told = isResolvedSent ? alerts : firing
    if (told.length > 0) {
      const message = this.#message(group, told, timeMs, reason)
      const outcome = await this.#deliver(message, route, integration)
      if (!outcome.isSent) return false
    }
    // After sending: with a repeat_interval of three intervals the fourth look repeats, not the third.
    const toldMs = this.#options.now()
    this.#told.set(key, {
      timeMs: toldMs,
      firing: [...state.firing],
      resolved: [...state.resolved],
    })
    return true
  }

  #message(
    group: Pick<AlertGroup, 'route' | 'labels'>,
    alerts: readonly Alert[],
    timeMs: number,
    reason: Reason,
  ): Message {
    return {
      receiver: group.route.receiver,
      status: alerts.every((alert) => isResolvedAt(alert, timeMs)) ? 'resolved' : 'firing',
      timeMs,
      alerts,
      groupKey: groupKeyOf(group.route, group.labels),
      groupLabels: group.labels,
      routeLabels: group.route.labels,
      externalUrl: this.#options.externalUrl,
      reason,
    }
  }

  async #deliver(
    message: Message,
    route: Route,
    integration: Integration | undefined,
  ): Promise<Outcome> {
    const { inbox } = this.#options
    const id = inbox.add({
      receiver: message.receiver === '' ? null : message.receiver,
      integration: integration?.type ?? null,
      status: integration === undefined ? 'unrouted' : 'retrying',
      attempts: 0,
      error: null,
      response: null,
      groupLabels: message.groupLabels.toObject(),
      state: message.status,
      alerts: message.alerts.map((alert) => notifiedAlert(alert, message.timeMs)),
    })
    if (integration === undefined) return { isSent: true, attempts: 0, error: null, response: null }
    const ownTimeoutMs = integration.type === 'webhook' ? integration.timeoutMs : 0
    const outcome = await sendWithRetries(integration, message, {
      templates: this.#templates,
      signal: this.#abort.signal,
      attemptTimeoutMs: ownTimeoutMs || Math.max(SEND_TIMEOUT_MIN_MS, route.groupIntervalMs),
      totalTimeoutMs: Math.max(SEND_TIMEOUT_MIN_MS, route.groupIntervalMs),
      onAttempt: (change) => inbox.update(id, change),
    })
    this.#count(integration.type, outcome.isSent)
    if (!outcome.isSent)
      this.#options.log.warn('notification failed', {
        receiver: message.receiver,
        integration: integration.type,
        attempts: outcome.attempts,
        error: outcome.error,
      })
    return outcome
  }

  #count(type: string, isSent: boolean): void {
    const counts = this.#counts.get(type) ?? { sent: 0, failed: 0 }
    if (isSent) counts.sent++
    else counts.failed++
    this.#counts.set(type, counts)
  }

  receivers(): string[] {
    return [...this.#receivers.keys()]
  }

  /** Sends one test alert by every integration of a receiver. Rejects when there is none of that name. */
  async sendTest(name: string): Promise<TestResult[]> {
    const receiver = this.#receivers.get(name)
    if (receiver === undefined)
      throw new Error(
        `no receiver ${JSON.stringify(name)}; there are ${this.receivers().join(', ') || 'none'}`,
      )
    const timeMs = this.#options.now()
    const alert = testAlert(name, timeMs, this.#options.externalUrl)
    const route = { ...this.#route, receiver: name, groupIntervalMs: SEND_TIMEOUT_MIN_MS }
    const labels = alert.labels.keep(new Set(['alertname']))
    const message = this.#message({ route, labels }, [alert], timeMs, 'first notification')
    return Promise.all(
      receiver.integrations.map(async (integration) => {
        const { error, response } = await this.#deliver(message, route, integration)
        return { integration: integration.type, error, response }
      }),
    )
  }

  /** Resolves once nothing is being sent; what takes longer than a moment is given up. */
  async stop(): Promise<void> {
    clearInterval(this.#expiry)
    const giveUp = setTimeout(() => this.#abort.abort(), STOP_GRACE_MS)
    await Promise.all([...this.#groups.values()].map((group) => group.stop()))
    clearTimeout(giveUp)
  }

  metrics(): OwnMetric[] {
    const samples = (key: keyof Counts): OwnMetric['samples'] =>
      [...this.#counts].map(([integration, counts]) => ({
        labels: { integration },
        value: counts[key],
      }))
    return [
      {
        name: 'alertmanager_notifications_total',
        help: 'Notifications that were sent.',
        type: 'counter',
        samples: samples('sent'),
      },
      {
        name: 'alertmanager_notifications_failed_total',
        help: 'Notifications that could not be sent.',
        type: 'counter',
        samples: samples('failed'),
      },
      {
        name: 'alertmanager_dispatcher_aggregation_groups',
        help: 'Groups of alerts that are going on.',
        type: 'gauge',
        samples: [{ labels: {}, value: this.#groups.size }],
      },
    ]
  }
}

function notifiedAlert(alert: Alert, timeMs: number): NotifiedAlert {
  const isOver = isResolvedAt(alert, timeMs)
  return {
    status: isOver ? 'resolved' : 'firing',
    labels: alert.labels.toObject(),
    annotations: Object.fromEntries(alert.annotations),
    startsAtMs: alert.startsAtMs,
    endsAtMs: isOver ? alert.endsAtMs : null,
    sample: alert.sample,
  }
}
