/** Alertmanager's webhook, version 4: keys and their order are its own. */
import { isResolvedAt } from '../../alert.ts'
import { fingerprint } from '../fingerprint.ts'
import type { WebhookConfig } from '../receiver-config.ts'
import { type Message, commonOf } from '../template-data.ts'
import type { Send } from './delivery.ts'
import { addressOf, post } from './http-post.ts'

export const sendWebhook: Send<WebhookConfig> = (config, message, { signal }) =>
  post({
    url: addressOf(config.url, config.urlFile),
    body: JSON.stringify(webhookBody(message, config.maxAlerts)),
    contentType: 'application/json',
    http: config.http,
    signal,
  })

/** `maxAlerts` 0 is all. */
export function webhookBody(message: Message, maxAlerts: number): Record<string, unknown> {
  const { alerts } = message
  const kept = maxAlerts > 0 ? alerts.slice(0, maxAlerts) : alerts
  return {
    receiver: message.receiver,
    status: message.status,
    alerts: kept.map((alert) => {
      const isOver = isResolvedAt(alert, message.timeMs)
      return {
        status: isOver ? 'resolved' : 'firing',
        labels: alert.labels.toObject(),
        annotations: sorted(alert.annotations),
        startsAt: timeText(alert.startsAtMs),
        endsAt: isOver ? timeText(alert.endsAtMs) : '0001-01-01T00:00:00Z',
        generatorURL: alert.generatorUrl,
        fingerprint: fingerprint(alert.labels),
      }
    }),
    notification_reason: message.reason,
    groupLabels: message.groupLabels.toObject(),
    commonLabels: sorted(commonOf(alerts.map((alert) => alert.labels))),
    commonAnnotations: sorted(commonOf(alerts.map((alert) => alert.annotations))),
    externalURL: message.externalUrl,
    version: '4',
    groupKey: message.groupKey,
    truncatedAlerts: alerts.length - kept.length,
  }
}

const sorted = (map: ReadonlyMap<string, string>): Record<string, string> =>
  Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)))

/** RFC 3339 without the zeros that say nothing. */
const timeText = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace(/\.(\d*?)0+Z$/, (_, digits: string) => (digits === '' ? 'Z' : `.${digits}Z`))
