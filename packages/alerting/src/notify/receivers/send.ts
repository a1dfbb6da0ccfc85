/** The integrations there are. */
import type { Integration } from '../receiver-config.ts'
import type { Message } from '../template-data.ts'
import type { Delivery } from './delivery.ts'
import { sendDiscord } from './discord.ts'
import { sendEmail } from './email.ts'
import { sendNtfy } from './ntfy.ts'
import { sendSlack } from './slack.ts'
import { sendWebhook } from './webhook.ts'

/** Resolves with the answer. Rejects with DeliveryError, or with another error when a template fails. */
export async function send(
  integration: Integration,
  message: Message,
  delivery: Delivery,
): Promise<string> {
  switch (integration.type) {
    case 'webhook':
      return sendWebhook(integration, message, delivery)
    case 'slack':
      return sendSlack(integration, message, delivery)
    case 'discord':
      return sendDiscord(integration, message, delivery)
    case 'ntfy':
      return sendNtfy(integration, message, delivery)
    case 'email':
      return sendEmail(integration, message, delivery)
  }
}
