/** Alertmanager's webhook, version 4: keys and their order are its own. */
import { isResolvedAt } from '../../alert.ts'
import { fingerprint } from '../fingerprint.ts'
import type { WebhookConfig } from '../receiver-config.ts'
import { type Message, commonOf, messageData } from '../template-data.ts'
import type { Send } from './delivery.ts'
import { addressOf, post } from './http-post.ts'

export const sendWebhook: Send<WebhookConfig> = (config, message, { templates, signal }) => {
  const address = addressOf(config.url, config.urlFile)
  return post({
    url: templates.text(address, messageData(keptOf(message, config.maxAlerts))),
    body: JSON.stringify(webhookBody(message, config.maxAlerts)),
    contentType: 'application/json',
    http: config.http,
    signal,
  })
}

/** What is cut off counts neither for the status nor for what all have in common. */
function keptOf(message: Message, maxAlerts: number): Message {
  if (maxAlerts === 0 || message.alerts.length <= maxAlerts) return message
  const alerts = message.alerts.slice(0, maxAlerts)
  const isOver = alerts.every((alert) => isResolvedAt(alert, message.timeMs))
  return { ...message, alerts, status: isOver ? 'resolved' : 'firing' }
}

/** `maxAlerts` 0 is all. */
export function webhookBody(whole: Message, maxAlerts: number): Record<string, unknown> {
  const message = keptOf(whole, maxAlerts)
  const { alerts, status } = message
  return {
    receiver: message.receiver,
    status,
    alerts: alerts.map((alert) => {
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
    truncatedAlerts: whole.alerts.length - alerts.length,
  }
}

const sorted = (map: ReadonlyMap<string, string>): Record<string, string> =>
  Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)))

/** RFC 3339 without the zeros that say nothing. */
const timeText = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace(/\.(\d*?)0+Z$/, (_, digits: string) => (digits === '' ? 'Z' : `.${digits}Z`))
