/**
 * A real Alertmanager and our Notifier get the same configuration and the same alerts: their webhooks
 * must say the same, byte for byte but for JSON's escapes. amtool and our parser must accept the same
 * files, and send the same labels to the same receivers.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { type Server, createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Labels } from '@vigie/model'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import {
  type Alert,
  type AlertmanagerConfig,
  Inbox,
  Notifier,
  matchRoutes,
  parseAlertmanagerConfig,
} from '../src/index.ts'
import { amtool, startAlertmanager } from './alertmanager.ts'
import { quiet } from './quiet.ts'

const EXTERNAL_URL = 'http://alerts.example'
/** Groups are told in the middle of a tick. */
const TICK_MS = 2000
const DEFAULTS = { group_wait: '1s', group_interval: '2s' }

interface Webhook {
  send_resolved?: boolean
  max_alerts?: number
  /** Ends the address. */
  path?: string
}

/** The webhooks of receivers by name; one webhook with no options otherwise. */
const WEBHOOKS = new Map<string, Webhook[]>([
  ['mute', [{ send_resolved: false }]],
  ['capped', [{ max_alerts: 2 }]],
  ['pair', [{}, { send_resolved: false, max_alerts: 1 }]],
  ['none', []],
  ['chat', []],
  ['expanded', [{ path: '-{{ .Status }}-{{ .CommonLabels.x }}' }]],
])

const SLACKS = new Map([
  [
    'chat',
    [
      {
        channel: '#{{ .GroupLabels.x | toUpper }}',
        // By default these name the sender and its pages.
        username: '{{ .Receiver }}',
        title_link: '{{ .ExternalURL }}',
        fallback: '{{ .Status }}',
        text: '{{ range .Alerts.Firing }}{{ .Labels.alertname }}: {{ .Annotations.summary | reReplaceAll "[<>]" "_" }} {{ .Labels.Remove (stringSlice "alertname") }} {{ end }}{{ len .Alerts.Resolved }} {{ .CommonLabels.SortedPairs.Values | join "," | title }} {{ .Status | printf "%q" }}{{ with .GroupLabels.y }}never{{ else }}!{{ end }}',
        fields: [{ title: '{{ .Receiver }}', value: '{{ .ExternalURL }}', short: true }],
      },
    ],
  ],
])

/** A whole alertmanager.yml of a root route's YAML; its receivers are all that are named in it. */
function configOf(route: string, hook: string): string {
  const names = new Set([...route.matchAll(/receiver: (\w+)/g)].map(([, name]) => name))
  const receivers = [...names].map((name) => ({
    name,
    slack_configs: (SLACKS.get(name) ?? []).map((one) => ({ ...one, api_url: `${hook}/${name}` })),
    webhook_configs: (WEBHOOKS.get(name) ?? [{}]).map(({ path = '', ...options }, i) => ({
      ...options,
      url: `${hook}/${name}${path}${i === 0 ? '' : i}`,
    })),
  }))
  return JSON.stringify({
    route: { ...DEFAULTS, ...(parse(`{${route}}`) as object) },
    receivers,
  })
}

/** What we make of an alertmanager.yml, and what is wrong with it. */
function read(yaml: string): { config: AlertmanagerConfig; problems: string[] } {
  const problems: string[] = []
  const config = parseAlertmanagerConfig(
    parse(yaml),
    [],
    (path, message) => problems.push(`${path.join('.')}: ${message}`),
    () => {},
  )
  return { config, problems }
}

interface Body {
  alerts: { status: string; labels: Record<string, string> }[]
  /** Slack's. */
  attachments?: { text: string }[]
}

/** Keeps the webhooks' requests, ours and theirs apart. */
class Hook {
  readonly #server: Server
  readonly #bodies = new Map<string, string[]>([
    ['ours', []],
    ['theirs', []],
  ])
  url = ''

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const [, side, path] = request.url!.split('/')
        const body: unknown = JSON.parse(Buffer.concat(chunks).toString())
        this.#bodies.get(side)!.push(`${path} ${JSON.stringify(body, null, 1)}`)
        response.end()
      })
    })
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    this.url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  }

  /** What came since, in an order that does not depend on the network. */
  take(side: 'ours' | 'theirs'): string[] {
    return this.#bodies.get(side)!.splice(0).sort()
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

/** `hook +A -B`: the webhook, the alerts that fire and those that are over. */
function summary(request: string): string {
  const [path] = request.split(' ', 1)
  const { alerts, attachments } = JSON.parse(request.slice(path.length)) as Body
  if (attachments !== undefined) return `${path} ${attachments[0].text}`
  const shown = alerts.map(
    ({ status, labels }) => (status === 'firing' ? '+' : '-') + labels.alertname,
  )
  return [path, ...shown].join(' ')
}

/** Alerts as they are written in a story; each keeps its start until it is over. */
class Story {
  readonly #startsAtMs = new Map<string, number>()

  /**
   * Of `+A[job=a,x=%22]`, labels as in a URL: the alert `A` with these labels fires; `-`: is over;
   * `!`: fires on with another annotation.
   */
  read(text: string, nowMs: number): Alert {
    const [, sign, name, list] = /^([-+!])(\w+)(?:\[(.*)\])?$/.exec(text)!
    const pairs = (list ?? '').split(',').flatMap((pair) => pair.split('=').map(decodeURIComponent))
    const labels = Labels.fromPairs(['alertname', name, ...(list === undefined ? [] : pairs)])
    const startsAtMs = this.#startsAtMs.get(labels.key) ?? nowMs
    this.#startsAtMs.set(labels.key, startsAtMs)
    if (sign === '-') this.#startsAtMs.delete(labels.key)
    return {
      labels,
      annotations: new Map([
        ['summary', `${name} <is> "wrong"${sign === '!' ? ' still' : ''}`],
        ['team', 'ops & co'],
      ]),
      startsAtMs,
      endsAtMs: sign === '-' ? nowMs : nowMs + 300_000,
      generatorUrl: `${EXTERNAL_URL}/graph?g0.expr=${name}&g0.tab=1`,
      sample: null,
    }
  }
}

async function post(url: string, alerts: readonly Alert[]): Promise<void> {
  const response = await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(
      alerts.map((alert) => ({
        labels: alert.labels.toObject(),
        annotations: Object.fromEntries(alert.annotations),
        startsAt: new Date(alert.startsAtMs).toISOString(),
        endsAt: new Date(alert.endsAtMs).toISOString(),
        generatorURL: alert.generatorUrl,
      })),
    ),
  })
  expect(`${response.status} ${await response.text()}`).toBe('200 ')
}

/**
 * Tells a story, one tick after the other (`|`), to both; `told` is what the webhooks get in these
 * ticks (requests between `;`), and what both send must be the same.
 */
async function check(route: string, story: string, told: string): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-alertmanager-'))
  const hook = new Hook()
  await hook.listen()
  const inbox = new Inbox({ dir, now: Date.now, log: quiet })
  const options = { inbox, dir, now: Date.now, log: quiet, externalUrl: EXTERNAL_URL }
  const ours = new Notifier(options)
  const { config, problems } = read(configOf(route, `${hook.url}/ours`))
  expect(problems).toEqual([])
  ours.apply(config)
  const theirs = await startAlertmanager(configOf(route, `${hook.url}/theirs`), EXTERNAL_URL)
  try {
    const alerts = new Story()
    const ticks: { ours: string[]; theirs: string[] }[] = []
    const startMs = performance.now()
    for (const tick of story.split('|')) {
      const nowMs = Date.now()
      const posted = tick
        .split(' ')
        .filter(Boolean)
        .map((one) => alerts.read(one, nowMs))
      if (posted.length > 0) {
        ours.receive(posted)
        await post(theirs.url, posted)
      }
      await sleep(startMs + (ticks.length + 1) * TICK_MS - performance.now())
      ticks.push({ ours: hook.take('ours'), theirs: hook.take('theirs') })
    }
    const line = (side: 'ours' | 'theirs'): string =>
      ticks
        .map((tick) => tick[side].map(summary).join('; '))
        .join(' | ')
        .trim()
    expect({ ours: line('ours'), theirs: line('theirs') }).toEqual({ ours: told, theirs: told })
    expect(ticks.map((tick) => tick.ours)).toEqual(ticks.map((tick) => tick.theirs))
  } finally {
    await theirs.stop()
    await ours.stop()
    hook.close()
    rmSync(dir, { recursive: true })
  }
}

/** The lines of a table but for its comments, by columns. */
const rows = (table: string): string[][] =>
  table
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/ *=> */))

const STORIES = String.raw`
# Grouping.
receiver: r => +A | +B | -A | -B => r +A | r +A +B | r -A +B | r -B
receiver: r, group_by: [alertname] => +A +B | -A +B | -B => r +A; r +B | r -A | r -B
receiver: r, group_by: [job, x] => +A[job=a] +B[job=a,x=1] +C => r +A; r +B; r +C
receiver: r, group_by: ['...'] => +A[job=a] +A[job=b] => r +A; r +A
# The order of alerts, and what is cut off.
receiver: r => +D[z=1] +C[a=1] +B[instance=i] +A[job=z] +E[job=b,b=2] => r +E +A +B +D +C
receiver: r => +B[a=1,b=2] +A[x=1] +C +D[a=1] +E[instance=i,job=j] +F[job=j] +G[a=0] => r +E +F +C +A +G +D +B
receiver: capped => +D +C[x=1] +B[job=b] +A[job=a] +E[z=1] => capped +A +B
receiver: capped => +A[x=1] +B[x=1] +C | -A -B => capped +C +A | capped -A -B
receiver: capped => +A +B +C | -A -B => capped +A +B | capped -A -B
receiver: pair => +A +B | -A | -B => pair +A +B; pair1 +A | pair -A +B | pair -B
# What is told again, and what is not.
receiver: r => +A | +A | !A | -A | -A => r +A |  |  | r -A |
receiver: r, repeat_interval: 3s => +A | | | !A | => r +A |  | r +A |  | r +A
receiver: r, group_by: [alertname], repeat_interval: 5s => +A | | +B | | | => r +A |  | r +B | r +A |  | r +B
receiver: r => +A | -A | | +A => r +A | r -A |  | r +A
receiver: r => +A | -A +B | -B +A => r +A | r -A +B | r +A -B
receiver: r => -A +B | -C | -D => r -A +B | r +B -C | r +B -D
receiver: r => -A | +A => | r +A
receiver: r, group_interval: 6s => +A -B | -A +B | | +A | | => r +A -B |  |  | r +A +B |  |
receiver: r, group_interval: 6s => +A | -A | | | +A | | => r +A |  |  | r -A | r +A |  |
receiver: r, group_interval: 6s => +A | -A | +A | | -A | +C => r +A |  |  |  |  |
receiver: mute => +A +B | -A | +C | -B | -C => mute +A +B |  | mute +B +C |  |
receiver: mute => +A | -A | +A | -A +B | +A => mute +A |  | mute +A | mute +B | mute +A +B
receiver: none => +A =>
receiver: expanded => +A[x=a] | -A[x=a] => expanded-firing-a +A | expanded-resolved-a -A
# Templates.
receiver: chat, group_by: [x] => +A[x=a,z=1] => chat A: A _is_ "wrong" x=a, z=1 0 A,A,1 "firing"!
# Routes.
receiver: r, routes: [{receiver: s, matchers: ['x=~"a|b"', y!=c, 'a='], continue: true}, {receiver: t, match: {x: a}, match_re: {y: '.*'}}] => +A[x=a] +B[x=b,y=c] +C => r +C +B; s +A; t +A
receiver: r, group_by: [x], routes: [{matchers: [x=~.+], group_by: [y], routes: [{receiver: s, matchers: [x=a], continue: true}, {matchers: [x=a], group_by: ['...']}]}] => +A[x=a] +B[x=b,y=c] +C => r +A; r +B; r +C; s +A
receiver: r, routes: [{receiver: s, matchers: [x=a]}, {receiver: s, matchers: [x=a]}, {receiver: s, matchers: [x=~b], continue: true}, {receiver: s, matchers: [x=~b]}] => +A[x=a] +B[x=b] => s +A; s +B; s +B
receiver: r, routes: [{receiver: s, matchers: ['{b=~"1",a!~"2"}', 'b!=3', 'a=~4?', 'a!=""', b=~.*, b!=., b!~..]}] => +A[a=4,b=1] +B[a=4,b=11] => r +B; s +A
# Odd text.
receiver: r, group_by: [x, é.b, 'a b'], routes: [{receiver: s, matchers: ['"é.b"=~"\\W+"', '"a b"=""', '"a-b:c"=""']}] => +A[x=%22%5C%0A%C3%A9%00%F0%9F%98%80] +B[%C3%A9.b=%3C%3E%26] => r +A; s +B
receiver: r, group_by: [__name__, x, Z, 'é=,'] => +A[__name__=up,x=%E2%80%A8%C2%AD%7F,Z=%EF%BF%BD,%C3%A9%3D%2C=%C2%A0] => r +A
`

describe.concurrent('webhooks', () => {
  test.each(rows(STORIES))('%s: %s', check)
})

const RECEIVERS = 'receivers: [{name: r}]'

/** Whether a file is accepted: after the verdict either a route or, with braces, all of it. */
const CONFIGS = String.raw`
ok => receiver: r
ok => receiver: r, group_by: []
ok => receiver: r, group_by: [a, é.b]
ok => receiver: r, group_wait: 0s, group_interval: 1d12h, repeat_interval: 1w
ok => receiver: r, routes: [{matchers: ['{a="b", c=~"d|e"}', a!~., '"x y"=z']}, {match: {a: b}, match_re: {c: d}}, {}]
ok => receiver: r, routes: [{matchers: ['a=b,c=d', 'a="b\"c"', 'a=', 'a=b c', '{}', a=\d]}]
ok => receiver: r, continue: false
ok => {route: {receiver: r}, receivers: [{name: r, webhook_configs: [{url: '{{ .Status }}'}, {url_file: '{{ x'}]}]}
bad => {route: {receiver: r}, receivers: [{name: r, webhook_configs: [{url: 'http://a/{{ x'}]}]}
ok => {route: {receiver: r}, receivers: [{name: r, webhook_configs: [{url: 'http://a', max_alerts: 3, timeout: 5s, send_resolved: no}]}]}
ok => {global: {resolve_timeout: 1m, http_config: {basic_auth: {username: a, password: b}}}, route: {receiver: r}, receivers: [{name: r}]}
ok => {global: {slack_api_url: 'https://a/b'}, route: {receiver: r}, receivers: [{name: r, slack_configs: [{channel: '#a', fields: [{title: a, value: b}]}]}]}
ok => {global: {smtp_smarthost: 'a:25', smtp_from: a@b}, route: {receiver: r}, receivers: [{name: r, email_configs: [{to: a@b, headers: {Subject: x}}]}]}
ok => {inhibit_rules: [{source_matchers: [a=b], target_matchers: [c=d], equal: [e]}], time_intervals: [{name: x, time_intervals: [{weekdays: [monday]}]}], route: {receiver: r, routes: [{mute_time_intervals: [x]}]}, receivers: [{name: r}]}
bad => receiver: nobody
bad => group_by: [a]
bad => receiver: r, wat: 1
bad => receiver: r, matchers: [a=b]
bad => receiver: r, match: {a: b}
bad => receiver: r, match_re: {a: b}
bad => receiver: r, continue: true
bad => receiver: r, group_by: [a, a]
bad => receiver: r, group_by: [a, '...']
bad => receiver: r, group_by: ['']
bad => receiver: r, group_interval: 0s
bad => receiver: r, repeat_interval: 0s
bad => receiver: r, group_wait: 5
bad => receiver: r, group_wait: 1h1d
bad => receiver: r, group_wait: 1.5s
bad => receiver: r, group_wait: -1s
bad => receiver: r, routes: [{receiver: nobody}]
bad => receiver: r, routes: [{matchers: [a]}]
bad => receiver: r, routes: [{matchers: ['a=~(']}]
bad => receiver: r, routes: [{matchers: ['a=~"(?=b)"']}]
ok => receiver: r, routes: [{matchers: ['{a=b']}]
bad => receiver: r, routes: [{matchers: ['a="b" c']}]
bad => receiver: r, routes: [{match_re: {a: '['}}]
ok => receiver: r, routes: [{matchers: [a==b]}]
bad => receiver: r, routes: [{group_by: [b, b]}]
bad => receiver: r, routes: {}
bad => receiver: r, mute_time_intervals: [x]
bad => receiver: r, routes: [{active_time_intervals: [x]}]
bad => {receivers: [{name: r}]}
bad => {route: {receiver: r}}
bad => {route: {receiver: r}, receivers: [{name: r}, {name: r}]}
bad => {route: {receiver: r}, receivers: [{name: r}, {}]}
bad => {route: {receiver: r}, receivers: [{name: r, wat_configs: []}]}
bad => {route: {receiver: r}, receivers: [{name: r, webhook_configs: [{}]}]}
bad => {route: {receiver: r}, receivers: [{name: r, webhook_configs: [{url: 'a/b'}]}]}
bad => {route: {receiver: r}, receivers: [{name: r, webhook_configs: [{url: 'http://a', url_file: b}]}]}
bad => {route: {receiver: r}, receivers: [{name: r, webhook_configs: [{url: 'http://a', max_alerts: -1}]}]}
bad => {route: {receiver: r}, receivers: [{name: r, webhook_configs: [{url: 'http://a', http_config: {bearer_token: a, basic_auth: {username: b}}}]}]}
bad => {route: {receiver: r}, receivers: [{name: r, slack_configs: [{channel: '#a'}]}]}
bad => {route: {receiver: r}, receivers: [{name: r, slack_configs: [{api_url: 'http://a', fields: [{title: a}]}]}]}
bad => {route: {receiver: r}, receivers: [{name: r, email_configs: [{to: a@b}]}]}
bad => {route: {receiver: r}, receivers: [{name: r, email_configs: [{to: a@b, from: a@b, smarthost: a}]}]}
bad => {global: {resolve_timeout: x}, route: {receiver: r}, receivers: [{name: r}]}
bad => {global: {wat: x}, route: {receiver: r}, receivers: [{name: r}]}
bad => {wat: 1, route: {receiver: r}, receivers: [{name: r}]}
`

test.each(rows(CONFIGS))('%s: %s', (verdict, text) => {
  const yaml = text.startsWith('{') ? text : `{route: {${text}}, ${RECEIVERS}}`
  const theirs = amtool(yaml, (file) => ['check-config', file])
  const { problems } = read(yaml)
  const shown = { ours: problems.length === 0 ? 'ok' : 'bad', theirs: theirs.isOk ? 'ok' : 'bad' }
  expect(shown, `${theirs.output}\n${problems.join('\n')}`).toEqual({
    ours: verdict,
    theirs: verdict,
  })
})

const TREE = configOf(
  String.raw`receiver: rest, routes: [
    {receiver: pager, matchers: [severity=~"page|critical", env!=test], continue: true},
    {receiver: team, match_re: {service: 'db|cache'}, routes: [
      {receiver: db, match: {service: db}, routes: [{receiver: owner, matchers: ['owner=~.+'], continue: true}, {receiver: dba, matchers: ['region!~"eu-.*"']}]},
      {matchers: [env=test], receiver: quiet, continue: true},
      {receiver: cache, matchers: ['é.b!=""']}]},
    {receiver: empty, matchers: ['service=""', 'x="a\nb c"']},
    {receiver: odd, matchers: ['x=~a.c']}]`,
  'http://a',
)

/** Labels as for amtool, and the receivers they go to. */
const ROUTED = String.raw`
=> rest
severity=page => pager
severity=critical env=prod => pager
severity=pages => rest
severity=page env=test => rest
service=db => dba
service=db region=eu-west => db
service=db region=eu-west owner=me => owner
service=db region=us owner=me => owner,dba
service=db severity=page owner=me => pager,owner,dba
service=cache => team
service=cache env=test => quiet
service=cache env=test é.b=1 => quiet,cache
service=cache severity=critical é.b=1 => pager,cache
service=dbx => rest
x="a\nb c" => empty
x=abc => odd
x=abcd => rest
service="" severity=page => pager
`

test.each(rows(ROUTED))('%s goes to %s', (labels, receivers) => {
  const list = labels === '' ? [] : (labels.match(/[^ =]+=(?:"[^"]*"|\S*)/g) ?? [])
  const theirs = amtool(TREE, (file) => [
    'config',
    'routes',
    'test',
    `--config.file=${file}`,
    ...list,
  ])
  const pairs = list.flatMap((one) => {
    const [, name, value] = /^(.*?)=(.*)$/.exec(one)!
    return [name, value.startsWith('"') ? (JSON.parse(value) as string) : value]
  })
  const ours = matchRoutes(read(TREE).config.route, Labels.fromPairs(pairs))
  expect({ ours: ours.map((route) => route.receiver).join(','), theirs: theirs.output }).toEqual({
    ours: receivers,
    theirs: receivers,
  })
})
