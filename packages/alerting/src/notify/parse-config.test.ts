import { expect, test } from 'vitest'
import { parseAlertmanagerConfig } from './parse-config.ts'

function read(value: unknown): { problems: string[]; warnings: string[] } {
  const problems: string[] = []
  const warnings: string[] = []
  const into =
    (list: string[]) =>
    (path: readonly (string | number)[], message: string): void => {
      list.push(`${path.join('.')}: ${message}`)
    }
  parseAlertmanagerConfig(value, ['alertmanager'], into(problems), into(warnings))
  return { problems, warnings }
}

test('all problems at once, no secrets', () => {
  const { problems } = read({
    global: { resolve_timeout: 'x', wat: 1 },
    route: {
      matchers: ['a=b'],
      group_by: ['a', 'a'],
      group_interval: '0s',
      routes: [{ receiver: 'nobody', match_re: { a: '(' }, wat: 1 }],
    },
    receivers: [
      { name: 'a', webhook_configs: [{}, { url: 'secret-without-scheme' }], wat_configs: [] },
      { name: 'a', slack_configs: [{ channel: '{{ x', fields: [{ title: 'a' }] }] },
      {
        discord_configs: [{ webhook_url: 5 }],
        email_configs: [{ smarthost: 'host' }],
        ntfy_configs: [{ topic: 'a b' }],
      },
    ],
  })
  expect(problems).toEqual([
    'alertmanager.global.resolve_timeout: got "x", want a duration like 30s or 5m',
    'alertmanager.global.wat: unknown key; want one of http_config, resolve_timeout, slack_api_url, slack_api_url_file, smtp_auth_password, smtp_auth_password_file, smtp_auth_username, smtp_from, smtp_hello, smtp_require_tls, smtp_smarthost',
    'alertmanager.receivers.0.webhook_configs.0: one of url or url_file must be configured',
    'alertmanager.receivers.0.webhook_configs.1.url: unsupported scheme or missing host for URL; want http:// or https://',
    expect.stringMatching(
      /^alertmanager\.receivers\.0\.wat_configs: unknown key; want one of discord_configs, email_configs/,
    ),
    'alertmanager.receivers.1.slack_configs.0: no Slack API URL nor App token set either inline or in a file',
    'alertmanager.receivers.1.slack_configs.0.channel: template: :1: function "x" not defined',
    'alertmanager.receivers.1.slack_configs.0.fields.0: missing value in Slack field configuration',
    'alertmanager.receivers.2: missing name in receiver',
    'alertmanager.receivers.2.discord_configs.0.webhook_url: unsupported scheme or missing host for URL; want http:// or https://',
    'alertmanager.receivers.2.ntfy_configs.0.topic: want 1 to 64 letters, digits, - and _',
    'alertmanager.receivers.2.email_configs.0.smarthost: address host: missing port in address',
    'alertmanager.receivers.2.email_configs.0: no global SMTP from set',
    'alertmanager.receivers.2.email_configs.0: missing to address in email config',
    'alertmanager.receivers.1.name: notification config name "a" is not unique',
    'alertmanager.route: root route must specify a default receiver',
    'alertmanager.route: root route must not have any matchers',
    'alertmanager.route.group_by: duplicated label "a" in group_by',
    'alertmanager.route.group_interval: group_interval cannot be zero',
    'alertmanager.route.routes.0.receiver: undefined receiver "nobody" used in route',
    expect.stringMatching(/^alertmanager\.route\.routes\.0\.match_re: error parsing regexp/),
    'alertmanager.route.routes.0.wat: unknown key; want one of active_time_intervals, continue, group_by, group_interval, group_wait, labels, match, match_re, matchers, mute_time_intervals, receiver, repeat_interval, routes',
  ])
  expect(read(undefined).problems).toEqual([
    'alertmanager: no routes provided',
    'alertmanager.route: root route must specify a default receiver',
  ])
})

test('what is known but not served is a warning', () => {
  const { problems, warnings } = read({
    global: { pagerduty_url: 'https://x', smtp_auth_identity: 'x' },
    inhibit_rules: [],
    templates: ['x.tmpl'],
    time_intervals: [{ name: 'x' }],
    route: { receiver: 'a', routes: [{ active_time_intervals: ['x'] }] },
    receivers: [{ name: 'a', pagerduty_configs: [{ routing_key: 'x' }] }],
  })
  expect(problems).toEqual([])
  expect(warnings).toEqual([
    'alertmanager.global.pagerduty_url: not served yet, ignored',
    'alertmanager.global.smtp_auth_identity: not served yet, ignored',
    'alertmanager.receivers.0.pagerduty_configs: not served yet, ignored',
    'alertmanager.route.routes.0.active_time_intervals: not served yet, ignored',
    'alertmanager.inhibit_rules: not served yet, ignored',
    'alertmanager.templates: not served yet, ignored',
    'alertmanager.time_intervals: not served yet, ignored',
  ])
})
