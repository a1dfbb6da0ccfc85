/** `alertmanager:` of the configuration file, or a whole alertmanager.yml: checked, inheritance resolved. */
import { Matcher, isLegacyLabelName } from '@vigie/model'
import { Fields, isMap } from '../fields.ts'
import type { KeyPath, Report } from '../problem-report.ts'
import { parseMatchers } from './matcher-parse.ts'
import { type GlobalDefaults, NO_HTTP_OPTIONS, parseHttp, parseReceiver } from './parse-receiver.ts'
import { type RouteSettings, buildRoute } from './route.ts'
import type { AlertmanagerConfig } from './routing-config.ts'

const UNSERVED_TOP = [
  'inhibit_rules',
  'mute_time_intervals',
  'time_intervals',
  'templates',
  'tracing',
  'event_recorder',
]
const UNSERVED_ROUTE = ['mute_time_intervals', 'active_time_intervals']
const SMTP_KEYS = [
  'smtp_smarthost',
  'smtp_from',
  'smtp_hello',
  'smtp_auth_username',
  'smtp_auth_password',
  'smtp_auth_password_file',
  'smtp_require_tls',
]
const UNSERVED_GLOBAL =
  /^(smtp_|slack_app_|pagerduty_|opsgenie_|wechat_|victorops_|telegram_|webex_|rocketchat_|jira_|mattermost_|incidentio_|pushover_|sns_)/

const RESOLVE_TIMEOUT_MS = 300_000
/** Deeper than anybody's routing tree. */
const ROUTE_DEPTH_MAX = 50

/**
 * Checks a plain value as read from YAML. Problems go to `report`, keys that are known but not
 * served to `warn`. The result is usable only when nothing was reported.
 */
export function parseAlertmanagerConfig(
  value: unknown,
  path: KeyPath,
  report: Report,
  warn: Report,
): AlertmanagerConfig {
  const top = new Fields(value, path, report, warn)
  const { global, resolveTimeoutMs } = parseGlobal(top.map('global'))
  const receivers = top.maps('receivers').map((fields) => parseReceiver(fields, global))
  const names = new Set<string>()
  receivers.forEach(({ name }, i) => {
    if (names.has(name) && name !== '')
      report(
        [...path, 'receivers', i, 'name'],
        `notification config name ${JSON.stringify(name)} is not unique`,
      )
    names.add(name)
  })
  if (!top.has('route')) top.report(undefined, 'no routes provided')
  const named = { receivers: names, timeIntervals: timeIntervalNames(top) }
  const route = parseRoute(top.map('route'), named, 0)
  top.finish(UNSERVED_TOP)
  return { resolveTimeoutMs, route: buildRoute(route), receivers }
}

function parseGlobal(fields: Fields): { global: GlobalDefaults; resolveTimeoutMs: number } {
  const slackApiUrl = fields.text('slack_api_url')
  const slackApiUrlFile = fields.text('slack_api_url_file')
  if (slackApiUrl !== '' && slackApiUrlFile !== '')
    fields.report(undefined, 'at most one of slack_api_url & slack_api_url_file must be configured')
  const global: GlobalDefaults = {
    slackApiUrl,
    slackApiUrlFile,
    smtp: fields,
    http: parseHttp(fields, NO_HTTP_OPTIONS),
  }
  const resolveTimeoutMs = fields.durationMs('resolve_timeout') ?? RESOLVE_TIMEOUT_MS
  for (const key of SMTP_KEYS) fields.raw(key)
  fields.finish(
    fields.keys().filter((key) => UNSERVED_GLOBAL.test(key) && !SMTP_KEYS.includes(key)),
  )
  return { global, resolveTimeoutMs }
}

/** What routes may name. */
interface Named {
  receivers: ReadonlySet<string>
  timeIntervals: ReadonlySet<string>
}

/** Time intervals are not served, but a route that names one that is not there is still wrong. */
function timeIntervalNames(top: Fields): Set<string> {
  const all = ['time_intervals', 'mute_time_intervals'].map((key) => top.peek(key))
  return new Set(all.flat().map((one) => (isMap(one) ? String(one.name) : '')))
}

function parseRoute(fields: Fields, named: Named, depth: number): RouteSettings {
  const receiver = fields.text('receiver')
  if (receiver !== '' && !named.receivers.has(receiver))
    fields.report('receiver', `undefined receiver ${JSON.stringify(receiver)} used in route`)
  const matchers = parseRouteMatchers(fields)
  if (depth === 0) checkRoot(fields, receiver, matchers)
  checkTimeIntervals(fields, named.timeIntervals, depth)
  const groupBy = fields.texts('group_by')
  if (groupBy !== undefined) checkGroupBy(fields, groupBy)
  const duration = (key: string): number | undefined => {
    const ms = fields.durationMs(key)
    if (ms === 0 && key !== 'group_wait') fields.report(key, `${key} cannot be zero`)
    return ms
  }
  const children = depth < ROUTE_DEPTH_MAX ? fields.maps('routes') : []
  if (depth === ROUTE_DEPTH_MAX && fields.has('routes'))
    fields.report('routes', `routes nested deeper than ${ROUTE_DEPTH_MAX}`)
  const settings: RouteSettings = {
    receiver: receiver === '' ? undefined : receiver,
    matchers,
    isContinued: fields.flag('continue', false),
    groupBy,
    groupWaitMs: duration('group_wait'),
    groupIntervalMs: duration('group_interval'),
    repeatIntervalMs: duration('repeat_interval'),
    labels: fields.textMap('labels'),
    routes: children.map((child) => parseRoute(child, named, depth + 1)),
  }
  fields.finish(UNSERVED_ROUTE)
  return settings
}

function checkRoot(fields: Fields, receiver: string, matchers: readonly Matcher[]): void {
  if (receiver === '') fields.report(undefined, 'root route must specify a default receiver')
  if (matchers.length > 0) fields.report(undefined, 'root route must not have any matchers')
  if (fields.raw('continue') === true)
    fields.report('continue', 'cannot have continue in root route')
}

function checkTimeIntervals(fields: Fields, known: ReadonlySet<string>, depth: number): void {
  for (const key of UNSERVED_ROUTE) {
    const names = [fields.peek(key) ?? []].flat().map(String)
    if (depth === 0 && names.length > 0)
      fields.report(key, `root route must not have any ${key.replaceAll('_', ' ')}`)
    for (const name of names)
      if (!known.has(name))
        fields.report(key, `undefined time interval ${JSON.stringify(name)} used in route`)
  }
}

function checkGroupBy(fields: Fields, groupBy: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of groupBy) {
    if (name === '')
      fields.report('group_by', `invalid label name ${JSON.stringify(name)} in group_by list`)
    if (seen.has(name))
      fields.report('group_by', `duplicated label ${JSON.stringify(name)} in group_by`)
    seen.add(name)
  }
  if (seen.has('...') && seen.size > 1)
    fields.report(
      'group_by',
      'cannot have wildcard group_by (`...`) and other labels at the same time',
    )
}

/** `match` and `match_re` of old, `matchers` of now; all must match. */
function parseRouteMatchers(fields: Fields): Matcher[] {
  const matchers: Matcher[] = []
  const add = (key: string, make: () => Matcher[]): void => {
    try {
      matchers.push(...make())
    } catch (error) {
      fields.report(key, (error as Error).message)
    }
  }
  for (const [name, value] of fields.textMap('match'))
    add('match', () => [new Matcher('=', checkedName(name), value)])
  for (const [name, value] of fields.textMap('match_re'))
    add('match_re', () => [new Matcher('=~', checkedName(name), `^(?:${value})$`)])
  for (const text of fields.texts('matchers') ?? []) add('matchers', () => parseMatchers(text))
  return matchers
}

function checkedName(name: string): string {
  if (name === '' || (!isLegacyLabelName(name) && name.includes('\0')))
    throw new Error(`invalid label name ${JSON.stringify(name)}`)
  return name
}
