/** Slack's incoming webhooks (and what speaks like them), one attachment a message. */
import type { SlackConfig } from '../receiver-config.ts'
import { messageData } from '../template-data.ts'
import type { Send } from './delivery.ts'
import { DeliveryError } from './delivery.ts'
import { addressOf, post, truncate } from './http-post.ts'

/** Slack's own limit. */
const TITLE_CHARS_MAX = 1024

export const sendSlack: Send<SlackConfig> = async (config, message, delivery) => {
  const data = messageData(message)
  const body = slackBody(config, (template) => delivery.templates.text(template, data))
  const answer = await post({
    url: addressOf(config.apiUrl, config.apiUrlFile),
    body: JSON.stringify(body),
    contentType: 'application/json',
    http: config.http,
    signal: delivery.signal,
    retryStatuses: [429],
  })
  return checkAnswer(answer)
}

/** The API answers errors with status 200 and `{"ok":false}`. */
function checkAnswer(answer: string): string {
  const match = /"ok"\s*:\s*false/.exec(answer)
  if (match !== null) throw new DeliveryError('Slack refused the message', false, answer)
  return answer
}

type Expand = (template: string) => string

function slackBody(config: SlackConfig, expand: Expand): Record<string, unknown> {
  const filled = (pairs: readonly (readonly [string, string])[]): [string, string][] =>
    pairs
      .map(([key, template]): [string, string] => [key, expand(template)])
      .filter(([, text]) => text !== '')
  const attachment = {
    title: truncate(expand(config.title), TITLE_CHARS_MAX),
    title_link: expand(config.titleLink),
    ...Object.fromEntries(filled([['pretext', config.pretext]])),
    text: expand(config.text),
    fallback: expand(config.fallback),
    callback_id: expand(config.callbackId),
    ...(config.fields.length === 0
      ? {}
      : {
          fields: config.fields.map((field) => ({
            title: expand(field.title),
            value: expand(field.value),
            short: field.isShort,
          })),
        }),
    ...(config.actions.length === 0
      ? {}
      : {
          actions: config.actions.map((action) =>
            Object.fromEntries([...action].map(([key, text]) => [key, expand(text)])),
          ),
        }),
    ...Object.fromEntries(
      filled([
        ['image_url', config.imageUrl],
        ['thumb_url', config.thumbUrl],
      ]),
    ),
    footer: expand(config.footer),
    color: expand(config.color),
    mrkdwn_in: config.mrkdwnIn,
  }
  return {
    ...Object.fromEntries(
      filled([
        ['channel', config.channel],
        ['username', config.username],
        ['icon_emoji', config.iconEmoji],
        ['icon_url', config.iconUrl],
      ]),
    ),
    attachments: [attachment],
  }
}
