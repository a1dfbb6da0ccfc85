import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Labels } from '@vigie/model'
import { afterEach, expect, test } from 'vitest'
import { quiet } from '../../test/quiet.ts'
import type { Alert } from '../alert.ts'
import { fingerprint } from './fingerprint.ts'
import { Inbox } from './inbox.ts'
import { Notifier } from './notifier.ts'
import { parseAlertmanagerConfig } from './parse-config.ts'
import type { AlertmanagerConfig } from './routing-config.ts'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Call {
  path: string
  body: Record<string, unknown>
}

/** A receiver on a port of its own; `statuses` are its answers in turn, 200 afterwards. */
async function receiver(
  ...statuses: number[]
): Promise<{ url: string; next: () => Promise<Call>; calls: Call[] }> {
  const calls: Call[] = []
  const waiting: ((call: Call) => void)[] = []
  let taken = 0
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.writeHead(statuses.shift() ?? 200).end('thanks')
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>
      const call = { path: request.url ?? '', body }
      calls.push(call)
      if (waiting.length > 0) {
        taken++
        waiting.shift()!(call)
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    next: () =>
      taken < calls.length
        ? Promise.resolve(calls[taken++])
        : new Promise((resolve) => waiting.push(resolve)),
  }
}

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-alerting-'))
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

function parsed(value: unknown): AlertmanagerConfig {
  const problems: string[] = []
  const config = parseAlertmanagerConfig(
    value,
    [],
    (path, message) => problems.push(`${path.join('.')}: ${message}`),
    () => {},
  )
  expect(problems).toEqual([])
  return config
}

function start(config: unknown, dir = folder()): { notifier: Notifier; inbox: Inbox; dir: string } {
  const inbox = new Inbox({ dir, now: Date.now, log: quiet })
  const notifier = new Notifier({
    inbox,
    dir,
    now: Date.now,
    log: quiet,
    externalUrl: 'http://vigie:9090',
  })
  notifier.apply(config === undefined ? undefined : parsed(config))
  cleanups.push(() => notifier.stop())
  return { notifier, inbox, dir }
}

const alert = (labels: Record<string, string>, change: Partial<Alert> = {}): Alert => ({
  labels: Labels.fromObject(labels),
  annotations: new Map([['summary', `${labels.alertname} is wrong`]]),
  startsAtMs: Date.now(),
  endsAtMs: Date.now() + 60_000,
  generatorUrl: 'http://vigie:9090/graph?g0.expr=up',
  sample: null,
  ...change,
})

const fast = { group_wait: '10ms', group_interval: '20ms', repeat_interval: '1h' }

test("a webhook is told in Alertmanager's words, once, and again when it is over", async () => {
  const hook = await receiver()
  const { notifier, inbox } = start({
    route: { receiver: 'hook', group_by: ['alertname'], ...fast },
    receivers: [{ name: 'hook', webhook_configs: [{ url: `${hook.url}/wh` }] }],
  })
  const one = alert(
    { alertname: 'Down', job: 'a', instance: '1' },
    { startsAtMs: Date.UTC(2026, 0, 1) },
  )
  notifier.receive([one, alert({ alertname: 'Down', job: 'a', instance: '2' })])
  const { path, body } = await hook.next()
  expect(path).toBe('/wh')
  expect(Object.keys(body)).toEqual([
    'receiver',
    'status',
    'alerts',
    'notification_reason',
    'groupLabels',
    'commonLabels',
    'commonAnnotations',
    'externalURL',
    'version',
    'groupKey',
    'truncatedAlerts',
  ])
  expect(body).toMatchObject({
    receiver: 'hook',
    status: 'firing',
    notification_reason: 'first notification',
    groupLabels: { alertname: 'Down' },
    commonLabels: { alertname: 'Down', job: 'a' },
    externalURL: 'http://vigie:9090',
    version: '4',
    groupKey: '{}:{alertname="Down"}',
    truncatedAlerts: 0,
  })
  expect((body.alerts as unknown[])[0]).toEqual({
    status: 'firing',
    labels: { alertname: 'Down', instance: '1', job: 'a' },
    annotations: { summary: 'Down is wrong' },
    startsAt: '2026-01-01T00:00:00Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://vigie:9090/graph?g0.expr=up',
    fingerprint: '0b02e9bec289b01c',
  })
  // The same again is not news; one of them over is.
  notifier.receive([one])
  notifier.receive([{ ...one, endsAtMs: Date.now() }])
  const second = await hook.next()
  expect(second.body).toMatchObject({
    status: 'firing',
    notification_reason: 'some alerts resolved',
  })
  expect(second.body.alerts).toMatchObject([{ status: 'resolved' }, { status: 'firing' }])
  const { notifications, total } = inbox.page({ limit: 10 })
  expect(total).toBe(2)
  expect(notifications[1]).toMatchObject({
    receiver: 'hook',
    integration: 'webhook',
    status: 'sent',
    attempts: 1,
    response: '200 thanks',
    state: 'firing',
    groupLabels: { alertname: 'Down' },
  })
})

test('alerts go where the routes say', async () => {
  const hook = await receiver()
  const { notifier } = start({
    route: {
      receiver: 'rest',
      ...fast,
      routes: [
        { matchers: ['severity="page"'], receiver: 'pager', continue: true },
        { match_re: { job: 'a|b' }, receiver: 'team', group_by: ['...'] },
      ],
    },
    receivers: ['rest', 'pager', 'team'].map((name) => ({
      name,
      webhook_configs: [{ url: `${hook.url}/${name}` }],
    })),
  })
  notifier.receive([
    alert({ alertname: 'A', severity: 'page', job: 'a' }),
    alert({ alertname: 'B', job: 'b' }),
    alert({ alertname: 'C', job: 'c' }),
  ])
  const told = [await hook.next(), await hook.next(), await hook.next(), await hook.next()]
  expect(told.map(({ path, body }) => `${path} ${String(body.groupKey)}`).sort()).toEqual([
    '/pager {}/{severity="page"}:{}',
    '/rest {}:{}',
    '/team {}/{job=~"^(?:a|b)$"}:{alertname="A", job="a", severity="page"}',
    '/team {}/{job=~"^(?:a|b)$"}:{alertname="B", job="b"}',
  ])
})

test('alerts come in their order, and the cut off ones do not count', async () => {
  const hook = await receiver()
  const { notifier } = start({
    route: {
      receiver: 'all',
      ...fast,
      routes: [
        { matchers: ['"é b"=""', 'a!=b'], receiver: 'all', continue: true },
        { receiver: 'two' },
      ],
    },
    receivers: [
      { name: 'all', webhook_configs: [{ url: `${hook.url}/all` }] },
      { name: 'two', webhook_configs: [{ url: `${hook.url}/{{ .Status }}`, max_alerts: 2 }] },
    ],
  })
  const over = { startsAtMs: Date.now() - 5, endsAtMs: Date.now() }
  notifier.receive([
    alert({ alertname: 'F', z: '1', a: '1' }),
    alert({ alertname: 'E', a: '1' }),
    alert({ alertname: 'D', z: '1' }),
    alert({ alertname: 'C' }),
    alert({ alertname: 'B', instance: 'i' }, over),
    alert({ alertname: 'A', job: 'j' }, over),
  ])
  const shown = [await hook.next(), await hook.next()].map(({ path, body }) => {
    const { alerts, groupKey, status, truncatedAlerts } = body as {
      alerts: { labels: Record<string, string> }[]
      groupKey: string
      status: string
      truncatedAlerts: number
    }
    const names = alerts.map(({ labels }) => labels.alertname).join('')
    return `${path} ${status} ${groupKey} ${names} ${truncatedAlerts}`
  })
  expect(shown.sort()).toEqual([
    '/all firing {}/{a!="b","é b"=""}:{} ABCDEF 0',
    '/resolved resolved {}/{}:{} AB 4',
  ])
})

test('what fails is tried again while that may help', async () => {
  const hook = await receiver(503, 400)
  const { notifier, inbox } = start({
    route: { receiver: 'hook', group_by: ['alertname'], group_wait: '1ms', group_interval: '1m' },
    receivers: [{ name: 'hook', webhook_configs: [{ url: hook.url }] }],
  })
  notifier.receive([alert({ alertname: 'A' })])
  await hook.next()
  await hook.next()
  await expect.poll(() => inbox.page({ limit: 1 }).notifications[0].status).toBe('failed')
  expect(inbox.page({ limit: 1 }).notifications[0]).toMatchObject({
    attempts: 2,
    error: 'unexpected status code 400',
    response: '400 thanks',
  })
})

test('without receivers the inbox still tells', async () => {
  const { notifier, inbox } = start(undefined)
  notifier.receive([
    alert(
      { alertname: 'A', job: 'a' },
      { startsAtMs: 0, sample: { columns: ['id'], rows: [[7]] } },
    ),
  ])
  await expect.poll(() => inbox.page({ limit: 1 }).total).toBe(1)
  expect(inbox.page({ limit: 1 }).notifications[0]).toMatchObject({
    receiver: null,
    integration: null,
    status: 'unrouted',
    state: 'firing',
    alerts: [{ status: 'firing', endsAtMs: null, sample: { columns: ['id'], rows: [[7]] } }],
  })
})

test('chat receivers get their own form', async () => {
  const hook = await receiver()
  const { notifier } = start({
    global: { slack_api_url: `${hook.url}/slack` },
    route: { receiver: 'chat', group_by: ['alertname', 'job'], ...fast },
    receivers: [
      {
        name: 'chat',
        slack_configs: [
          { channel: '#c', actions: [{ type: 'button', text: 'Runbook', url: 'https://r' }] },
        ],
        discord_configs: [{ webhook_url: `${hook.url}/discord` }],
        ntfy_configs: [{ url: hook.url, topic: 'ops', token: 't' }],
      },
    ],
  })
  notifier.receive([
    alert({ alertname: 'HighLatency', instance: 'a:1', job: 'api', severity: 'page' }),
    alert({ alertname: 'HighLatency', instance: 'b:1', job: 'api', severity: 'page' }),
  ])
  const calls = [await hook.next(), await hook.next(), await hook.next()]
  const byPath = new Map(calls.map(({ path, body }) => [path, body]))
  expect(byPath.get('/slack')).toMatchObject({
    channel: '#c',
    attachments: [
      {
        title: '[FIRING:2] HighLatency api (page)',
        title_link: 'http://vigie:9090/alerts?receiver=chat',
        text: 'HighLatency is wrong\nHighLatency is wrong\n',
        color: 'danger',
        actions: [{ type: 'button', text: 'Runbook', url: 'https://r' }],
        mrkdwn_in: ['fallback', 'pretext', 'text'],
      },
    ],
  })
  const source =
    'Annotations:\n - summary = HighLatency is wrong\nSource: http://vigie:9090/graph?g0.expr=up\n'
  const labels = (instance: string): string =>
    `Labels:\n - alertname = HighLatency\n - instance = ${instance}\n - job = api\n - severity = page\n${source}`
  expect(byPath.get('/discord')).toEqual({
    content: '',
    embeds: [
      {
        title: '[FIRING:2] HighLatency api (page)',
        description: `\n\nAlerts Firing:\n${labels('a:1')}${labels('b:1')}\n\n\n`,
        color: 10038562,
      },
    ],
  })
  expect(byPath.get('/')).toMatchObject({
    topic: 'ops',
    title: '[FIRING:2] HighLatency api (page)',
    message: 'HighLatency is wrong\nHighLatency is wrong\n',
    priority: 4,
    tags: ['rotating_light'],
  })
})

test('fingerprints are those of Alertmanager', () => {
  const labels = Labels.fromObject({ alertname: 'Down', instance: '1', job: 'a', severity: 'page' })
  expect(fingerprint(labels)).toBe('041ce06bdf2e7610')
})

test('a test can be sent', async () => {
  const hook = await receiver()
  const { notifier } = start({
    route: { receiver: 'hook' },
    receivers: [{ name: 'hook', webhook_configs: [{ url: hook.url }] }],
  })
  expect(await notifier.sendTest('hook')).toEqual([
    { integration: 'webhook', error: null, response: '200 thanks' },
  ])
  await expect(notifier.sendTest('x')).rejects.toThrow('no receiver "x"; there are hook')
})

test('after a restart nobody is told twice, and what ended meanwhile is told', async () => {
  const hook = await receiver()
  const config = {
    route: { receiver: 'hook', group_by: ['alertname'], ...fast },
    receivers: [{ name: 'hook', webhook_configs: [{ url: hook.url }] }],
  }
  const { notifier, dir } = start(config)
  const one = alert({ alertname: 'A' })
  notifier.receive([one])
  await hook.next()
  // What is on its way is waited for.
  await notifier.stop()
  const again = start(config, dir)
  again.notifier.receive([one])
  again.notifier.receive([{ ...one, endsAtMs: Date.now() }])
  expect((await hook.next()).body).toMatchObject({
    status: 'resolved',
    notification_reason: 'all alerts resolved',
  })
  expect(again.inbox.page({ limit: 10 }).notifications.map((two) => two.state)).toEqual([
    'resolved',
    'firing',
  ])
})

test('a reload loses nothing that was still to be told', async () => {
  const hook = await receiver()
  const config = (groupWait: string): unknown => ({
    route: {
      receiver: 'hook',
      group_by: ['alertname'],
      group_wait: groupWait,
      group_interval: '1h',
    },
    receivers: [{ name: 'hook', webhook_configs: [{ url: hook.url }] }],
  })
  const { notifier, inbox } = start(config('1ms'))
  const one = alert({ alertname: 'A' })
  notifier.receive([one])
  await hook.next()
  await expect.poll(() => inbox.page({ limit: 1 }).notifications[0].status).toBe('sent')
  notifier.receive([{ ...one, endsAtMs: Date.now() }])
  notifier.apply(parsed(config('2ms')))
  expect((await hook.next()).body).toMatchObject({ status: 'resolved' })
})

test('the inbox survives kill -9 and half a line', async () => {
  const dir = folder()
  const script = `
    import { Inbox } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)}
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const inbox = new Inbox({ dir: ${JSON.stringify(dir)}, now: Date.now, log })
    for (let i = 0; i < 20; i++)
      inbox.add({ receiver: 'r' + i, integration: 'webhook', status: 'retrying', attempts: 0, error: null, response: null, groupLabels: {}, state: 'firing', alerts: [] })
    console.log('ready')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script])
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const path = join(dir, 'alerting', 'inbox.jsonl')
  writeFileSync(path, readFileSync(path, 'utf8') + '{"id":"9')
  const inbox = new Inbox({ dir, now: Date.now, log: quiet, sizeMax: 15 })
  const { notifications, total } = inbox.page({ limit: 3 })
  expect(total).toBe(15)
  expect(notifications.map((one) => `${one.receiver} ${one.status}`)).toEqual([
    'r19 failed',
    'r18 failed',
    'r17 failed',
  ])
  const older = inbox.page({ limit: 100, before: notifications[2].id })
  expect(older.notifications.map((one) => one.receiver).slice(0, 2)).toEqual(['r16', 'r15'])
})
