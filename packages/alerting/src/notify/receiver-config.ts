/** Receivers as configured, with the keys of alertmanager.yml. Texts are Go templates unless told otherwise. */

export interface Receiver {
  name: string
  integrations: Integration[]
}

export type Integration = WebhookConfig | SlackConfig | DiscordConfig | NtfyConfig | EmailConfig

interface Common {
  isResolvedSent: boolean
}

/** How to reach an HTTP receiver. */
export interface HttpOptions {
  /** Sent as is; may hold secrets. */
  headers: ReadonlyMap<string, string>
  isInsecure: boolean
  /** PEM file of the authority, '' for the system's. */
  caFile: string
}

export interface WebhookConfig extends Common {
  type: 'webhook'
  url: string
  /** Read at every sending when `url` is ''. */
  urlFile: string
  /** 0: all. */
  maxAlerts: number
  /** 0: as long as the group's interval. */
  timeoutMs: number
  http: HttpOptions
}

export interface SlackConfig extends Common {
  type: 'slack'
  apiUrl: string
  apiUrlFile: string
  channel: string
  username: string
  color: string
  title: string
  titleLink: string
  pretext: string
  text: string
  fallback: string
  footer: string
  iconEmoji: string
  iconUrl: string
  callbackId: string
  imageUrl: string
  thumbUrl: string
  fields: readonly { title: string; value: string; isShort: boolean }[]
  actions: readonly ReadonlyMap<string, string>[]
  mrkdwnIn: readonly string[]
  http: HttpOptions
}

export interface DiscordConfig extends Common {
  type: 'discord'
  webhookUrl: string
  webhookUrlFile: string
  content: string
  title: string
  message: string
  username: string
  avatarUrl: string
  http: HttpOptions
}

export interface NtfyConfig extends Common {
  type: 'ntfy'
  /** Of the server, without the topic. */
  url: string
  topic: string
  title: string
  message: string
  /** 1 to 5, or a template that gives one. */
  priority: string
  /** Comma-separated. */
  tags: string
  http: HttpOptions
}

export interface EmailConfig extends Common {
  type: 'email'
  to: string
  from: string
  /** Host and port of the server. */
  smarthost: string
  hello: string
  authUsername: string
  authPassword: string
  authPasswordFile: string
  isTlsRequired: boolean
  isInsecure: boolean
  /** Further headers, Subject among them. */
  headers: ReadonlyMap<string, string>
  html: string
  text: string
}
