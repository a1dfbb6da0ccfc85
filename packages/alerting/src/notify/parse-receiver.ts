/** A receiver of alertmanager.yml and its integrations, with Alertmanager's keys and defaults. */
import { readFileSync } from 'node:fs'
import type { Fields } from '../fields.ts'
import { templateProblem } from './message-template.ts'
import type {
  DiscordConfig,
  EmailConfig,
  HttpOptions,
  Integration,
  NtfyConfig,
  Receiver,
  SlackConfig,
  WebhookConfig,
} from './receiver-config.ts'

/** What receivers take from `global`. */
export interface GlobalDefaults {
  slackApiUrl: string
  slackApiUrlFile: string
  smtp: Fields
  http: HttpOptions
}

const UNSERVED_INTEGRATIONS = [
  'incidentio_configs',
  'jira_configs',
  'mattermost_configs',
  'msteams_configs',
  'msteamsv2_configs',
  'opsgenie_configs',
  'pagerduty_configs',
  'pushover_configs',
  'rocketchat_configs',
  'sns_configs',
  'telegram_configs',
  'victorops_configs',
  'webex_configs',
  'wechat_configs',
]

type Parse = (fields: Fields, global: GlobalDefaults) => Integration

const INTEGRATIONS: readonly (readonly [key: string, parse: Parse])[] = [
  ['webhook_configs', parseWebhook],
  ['slack_configs', parseSlack],
  ['discord_configs', parseDiscord],
  ['ntfy_configs', parseNtfy],
  ['email_configs', parseEmail],
]

export function parseReceiver(fields: Fields, global: GlobalDefaults): Receiver {
  const name = fields.text('name')
  if (name === '') fields.report(undefined, 'missing name in receiver')
  const integrations = INTEGRATIONS.flatMap(([key, parse]) =>
    fields.maps(key).map((one) => parse(one, global)),
  )
  fields.finish(UNSERVED_INTEGRATIONS)
  return { name, integrations }
}

/** A template: read, checked. */
function template(fields: Fields, key: string, fallback: string): string {
  const text = fields.text(key, fallback)
  const problem = templateProblem(text)
  if (problem !== undefined) fields.report(key, problem)
  return text
}

function address(fields: Fields, key: string): string {
  const url = fields.text(key)
  if (url === '' || /^https?:\/\/[^/]/.test(url)) return url
  // The address may be a secret and is not shown.
  fields.report(key, 'unsupported scheme or missing host for URL; want http:// or https://')
  return url
}

/** An address that is only known once the template is expanded, or one that is known now. */
const templateOrAddress = (fields: Fields, key: string): string =>
  fields.text(key).includes('{{') ? template(fields, key, '') : address(fields, key)

/** An address or the file that holds it, exactly one of them. */
function addressOrFile(
  fields: Fields,
  key: string,
  read: (fields: Fields, key: string) => string = address,
): { url: string; file: string } {
  const url = read(fields, key)
  const file = fields.text(`${key}_file`)
  if (url !== '' && file !== '')
    fields.report(undefined, `at most one of ${key} & ${key}_file must be configured`)
  return { url, file }
}

function parseWebhook(fields: Fields, global: GlobalDefaults): WebhookConfig {
  const { url, file } = addressOrFile(fields, 'url', templateOrAddress)
  if (url === '' && file === '')
    fields.report(undefined, 'one of url or url_file must be configured')
  const config: WebhookConfig = {
    type: 'webhook',
    isResolvedSent: fields.flag('send_resolved', true),
    url,
    urlFile: file,
    maxAlerts: fields.count('max_alerts', 0),
    timeoutMs: fields.durationMs('timeout') ?? 0,
    http: parseHttp(fields, global.http),
  }
  fields.finish(['payload'])
  return config
}

function parseSlack(fields: Fields, global: GlobalDefaults): SlackConfig {
  const own = addressOrFile(fields, 'api_url')
  const { url, file } =
    own.url === '' && own.file === ''
      ? { url: global.slackApiUrl, file: global.slackApiUrlFile }
      : own
  if (url === '' && file === '')
    fields.report(undefined, 'no Slack API URL nor App token set either inline or in a file')
  const text = (key: string, fallback = ''): string => template(fields, key, fallback)
  const named = (key: string): string => `{{ template "slack.default.${key}" . }}`
  const config: SlackConfig = {
    type: 'slack',
    isResolvedSent: fields.flag('send_resolved', false),
    apiUrl: url,
    apiUrlFile: file,
    channel: text('channel'),
    username: text('username', named('username')),
    color: text('color', '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}'),
    title: text('title', named('title')),
    titleLink: text('title_link', named('titlelink')),
    pretext: text('pretext', named('pretext')),
    text: text('text', named('text')),
    fallback: text('fallback', named('fallback')),
    footer: text('footer', named('footer')),
    iconEmoji: text('icon_emoji', named('iconemoji')),
    iconUrl: text('icon_url', named('iconurl')),
    callbackId: text('callback_id', named('callbackid')),
    imageUrl: text('image_url'),
    thumbUrl: text('thumb_url'),
    fields: fields.maps('fields').map((field) => {
      const one = {
        title: template(field, 'title', ''),
        value: template(field, 'value', ''),
        isShort: field.flag('short', fields.flag('short_fields', false)),
      }
      if (one.title === '') field.report(undefined, 'missing title in Slack field configuration')
      if (one.value === '') field.report(undefined, 'missing value in Slack field configuration')
      field.finish()
      return one
    }),
    actions: fields.maps('actions').map((action) => {
      const texts = new Map(
        ['type', 'text', 'url', 'style', 'name', 'value'].map((key) => [
          key,
          template(action, key, ''),
        ]),
      )
      if (texts.get('type') === '')
        action.report(undefined, 'missing type in Slack action configuration')
      if (texts.get('text') === '')
        action.report(undefined, 'missing text in Slack action configuration')
      action.finish(['confirm'])
      return new Map([...texts].filter(([, one]) => one !== ''))
    }),
    mrkdwnIn: fields.texts('mrkdwn_in') ?? ['fallback', 'pretext', 'text'],
    http: parseHttp(fields, global.http),
  }
  fields.raw('short_fields')
  fields.finish([
    'link_names',
    'app_token',
    'app_token_file',
    'app_url',
    'message_text',
    'timeout',
    'update_message',
  ])
  return config
}

function parseDiscord(fields: Fields, global: GlobalDefaults): DiscordConfig {
  const { url, file } = addressOrFile(fields, 'webhook_url')
  if (url === '' && file === '')
    fields.report(undefined, 'one of webhook_url or webhook_url_file must be configured')
  const config: DiscordConfig = {
    type: 'discord',
    isResolvedSent: fields.flag('send_resolved', true),
    webhookUrl: url,
    webhookUrlFile: file,
    content: template(fields, 'content', '{{ template "discord.default.content" . }}'),
    title: template(fields, 'title', '{{ template "discord.default.title" . }}'),
    message: template(fields, 'message', '{{ template "discord.default.message" . }}'),
    username: template(fields, 'username', ''),
    avatarUrl: template(fields, 'avatar_url', ''),
    http: parseHttp(fields, global.http),
  }
  fields.finish()
  return config
}

/** Vigie's own: `url` (of the server), `topic`, `token` or `username` and `password`. */
function parseNtfy(fields: Fields, global: GlobalDefaults): NtfyConfig {
  const url = address(fields, 'url') || 'https://ntfy.sh'
  const topic = fields.needed('topic')
  if (topic !== '' && !/^[-_A-Za-z0-9]{1,64}$/.test(topic))
    fields.report('topic', 'want 1 to 64 letters, digits, - and _')
  const http = parseHttp(fields, global.http)
  const token = fields.text('token')
  const username = fields.text('username')
  const password = fields.text('password')
  const headers = new Map(http.headers)
  if (token !== '') headers.set('authorization', `Bearer ${token}`)
  else if (username !== '') headers.set('authorization', basic(username, password))
  const config: NtfyConfig = {
    type: 'ntfy',
    isResolvedSent: fields.flag('send_resolved', true),
    url: url.replace(/\/+$/, '') + '/',
    topic,
    title: template(fields, 'title', '{{ template "ntfy.default.title" . }}'),
    message: template(fields, 'message', '{{ template "ntfy.default.message" . }}'),
    priority: template(fields, 'priority', '{{ if eq .Status "firing" }}4{{ else }}3{{ end }}'),
    tags: template(
      fields,
      'tags',
      '{{ if eq .Status "firing" }}rotating_light{{ else }}white_check_mark{{ end }}',
    ),
    http: { ...http, headers },
  }
  fields.finish()
  return config
}

function parseEmail(fields: Fields, { smtp }: GlobalDefaults): EmailConfig {
  const text = (key: string, globalKey: string, fallback = ''): string =>
    fields.text(key, smtp.text(globalKey, fallback))
  const smarthost = text('smarthost', 'smtp_smarthost')
  const from = text('from', 'smtp_from')
  if (smarthost === '') fields.report(undefined, 'no global SMTP smarthost set')
  else if (!/^.+:\d+$/.test(smarthost))
    fields.report('smarthost', `address ${smarthost}: missing port in address`)
  if (from === '') fields.report(undefined, 'no global SMTP from set')
  if (fields.text('to') === '') fields.report(undefined, 'missing to address in email config')
  const headers = new Map<string, string>()
  for (const [name, value] of fields.textMap('headers')) {
    const title = name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())
    if (headers.has(title))
      fields.report('headers', `duplicate header ${JSON.stringify(title)} in email config`)
    headers.set(title, value)
  }
  const tls = fields.map('tls_config')
  const isInsecure = tls.flag('insecure_skip_verify', false)
  tls.finish(UNSERVED_TLS)
  const config: EmailConfig = {
    type: 'email',
    isResolvedSent: fields.flag('send_resolved', false),
    to: template(fields, 'to', ''),
    from,
    smarthost,
    hello: text('hello', 'smtp_hello', 'localhost'),
    authUsername: text('auth_username', 'smtp_auth_username'),
    authPassword: text('auth_password', 'smtp_auth_password'),
    authPasswordFile: text('auth_password_file', 'smtp_auth_password_file'),
    isTlsRequired: fields.flag('require_tls', smtp.flag('smtp_require_tls', true)),
    isInsecure,
    headers,
    html: template(fields, 'html', '{{ template "email.default.html" . }}'),
    text: template(fields, 'text', '{{ template "email.default.text" . }}'),
  }
  fields.finish([
    'auth_identity',
    'auth_secret',
    'auth_secret_file',
    'force_implicit_tls',
    'threading',
  ])
  return config
}

const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

const UNSERVED_TLS = [
  'ca',
  'cert',
  'cert_file',
  'key',
  'key_file',
  'server_name',
  'min_version',
  'max_version',
]
const UNSERVED_HTTP = [
  'oauth2',
  'proxy_url',
  'no_proxy',
  'proxy_from_environment',
  'proxy_connect_header',
  'follow_redirects',
  'enable_http2',
]

export const NO_HTTP_OPTIONS: HttpOptions = { headers: new Map(), isInsecure: false, caFile: '' }

/** `http_config` of `fields`, or the one of `global`. */
export function parseHttp(fields: Fields, fallback: HttpOptions): HttpOptions {
  if (!fields.has('http_config')) return fallback
  const http = fields.map('http_config')
  const headers = new Map<string, string>()
  const own = http.map('http_headers')
  for (const name of own.keys()) {
    const header = own.map(name)
    const values = [...(header.texts('values') ?? []), ...(header.texts('secrets') ?? [])]
    if (values.length > 0) headers.set(name.toLowerCase(), values.join(', '))
    header.finish(['files'])
  }
  const authorization = authorizationOf(http)
  if (authorization !== undefined) headers.set('authorization', authorization)
  const tls = http.map('tls_config')
  const options = {
    headers,
    isInsecure: tls.flag('insecure_skip_verify', false),
    caFile: tls.text('ca_file'),
  }
  tls.finish(UNSERVED_TLS)
  http.finish(UNSERVED_HTTP)
  return options
}

function authorizationOf(http: Fields): string | undefined {
  const ways = ['basic_auth', 'authorization', 'bearer_token', 'bearer_token_file'].filter((key) =>
    http.has(key),
  )
  if (ways.length > 1)
    http.report(undefined, `at most one of ${ways.join(' & ')} must be configured`)
  if (http.has('basic_auth')) {
    const auth = http.map('basic_auth')
    const username = auth.text('username')
    const password = auth.text('password') || fileText(auth, 'password_file')
    auth.finish(['username_file'])
    return basic(username, password)
  }
  if (http.has('authorization')) {
    const auth = http.map('authorization')
    const type = auth.text('type', 'Bearer')
    const credentials = auth.text('credentials') || fileText(auth, 'credentials_file')
    auth.finish()
    return `${type} ${credentials}`
  }
  const token = http.text('bearer_token') || fileText(http, 'bearer_token_file')
  return token === '' ? undefined : `Bearer ${token}`
}

function fileText(fields: Fields, key: string): string {
  const file = fields.text(key)
  if (file === '') return ''
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    fields.report(key, `cannot read ${file}: ${(error as Error).message}`)
    return ''
  }
}
