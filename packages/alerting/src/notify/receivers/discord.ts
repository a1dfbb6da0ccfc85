/** Discord's webhooks: one embed, red or green. */
import type { DiscordConfig } from '../receiver-config.ts'
import { messageData } from '../template-data.ts'
import type { Send } from './delivery.ts'
import { addressOf, post, truncate } from './http-post.ts'

const COLOR_FIRING = 0x992d22
const COLOR_RESOLVED = 0x2ecc71
/** Discord's own limits. */
const TITLE_CHARS_MAX = 256
const DESCRIPTION_CHARS_MAX = 4096
const CONTENT_CHARS_MAX = 2000

export const sendDiscord: Send<DiscordConfig> = (config, message, { templates, signal }) => {
  const data = messageData(message)
  const expand = (template: string): string => templates.text(template, data)
  const body = {
    content: truncate(expand(config.content), CONTENT_CHARS_MAX),
    embeds: [
      {
        title: truncate(expand(config.title), TITLE_CHARS_MAX),
        description: truncate(expand(config.message), DESCRIPTION_CHARS_MAX),
        color: message.status === 'firing' ? COLOR_FIRING : COLOR_RESOLVED,
      },
    ],
    ...(config.username === '' ? {} : { username: expand(config.username) }),
    ...(config.avatarUrl === '' ? {} : { avatar_url: expand(config.avatarUrl) }),
  }
  return post({
    url: addressOf(config.webhookUrl, config.webhookUrlFile),
    body: JSON.stringify(body),
    contentType: 'application/json',
    http: config.http,
    signal,
    retryStatuses: [429],
  })
}
