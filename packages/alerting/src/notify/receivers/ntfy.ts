/** ntfy: a message published to a topic, as JSON so that titles may hold anything. */
import type { NtfyConfig } from '../receiver-config.ts'
import { messageData } from '../template-data.ts'
import type { Send } from './delivery.ts'
import { post, truncate } from './http-post.ts'

/** ntfy turns longer messages into attachments. */
const MESSAGE_BYTES_MAX = 4000

export const sendNtfy: Send<NtfyConfig> = (config, message, { templates, signal }) => {
  const data = messageData(message)
  const expand = (template: string): string => templates.text(template, data)
  const priority = Number(expand(config.priority))
  const tags = expand(config.tags)
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
  const body = {
    topic: config.topic,
    title: expand(config.title),
    message: truncate(expand(config.message), MESSAGE_BYTES_MAX),
    click: expand('{{ template "__alertmanagerURL" . }}'),
    ...(priority >= 1 && priority <= 5 ? { priority } : {}),
    ...(tags.length === 0 ? {} : { tags }),
  }
  return post({
    url: config.url,
    body: JSON.stringify(body),
    contentType: 'application/json',
    http: config.http,
    signal,
    retryStatuses: [429],
  })
}
