import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Labels } from '@vigie/model'
import { expect, onTestFinished, test } from 'vitest'
import { parseAlertmanagerConfig } from '../parse-config.ts'
import { MessageTemplates } from '../message-template.ts'
import type { EmailConfig } from '../receiver-config.ts'
import type { Message } from '../template-data.ts'
import { sendEmail } from './email.ts'

/** A mail server that takes everything but mail to `nobody`. */
async function mailServer(): Promise<{ smarthost: string; mails: string[] }> {
  const mails: string[] = []
  const server = createServer((socket) => {
    let mail: string | undefined
    socket.write('220 test\r\n')
    socket.on('data', (chunk) => {
      const text = chunk.toString()
      if (mail !== undefined) {
        mail += text
        if (!mail.endsWith('\r\n.\r\n')) return
        mails.push(mail)
        mail = undefined
        socket.write('250 taken\r\n')
      } else if (text.startsWith('DATA')) {
        mail = ''
        socket.write('354 go on\r\n')
      } else if (text.startsWith('QUIT')) socket.end('221 bye\r\n')
      else socket.write(text.includes('nobody@') ? '550 no such user\r\n' : '250 ok\r\n')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { smarthost: `127.0.0.1:${(server.address() as AddressInfo).port}`, mails }
}

function configOf(smarthost: string, email: Record<string, unknown>): EmailConfig {
  const config = parseAlertmanagerConfig(
    {
      global: {
        smtp_smarthost: smarthost,
        smtp_from: 'vigie@example.org',
        smtp_require_tls: false,
      },
      route: { receiver: 'mail' },
      receivers: [{ name: 'mail', email_configs: [email] }],
    },
    [],
    (path, message) => expect.fail(`${path.join('.')}: ${message}`),
    () => {},
  )
  return config.receivers[0].integrations[0] as EmailConfig
}

const message: Message = {
  receiver: 'mail',
  status: 'firing',
  timeMs: 1000,
  alerts: [
    {
      labels: Labels.fromObject({ alertname: 'Down', job: 'api' }),
      annotations: new Map([['summary', 'api <b> is down']]),
      startsAtMs: 0,
      endsAtMs: 5000,
      generatorUrl: 'http://v/graph',
      sample: null,
    },
  ],
  groupKey: '{}:{}',
  groupLabels: Labels.fromObject({ alertname: 'Down' }),
  routeLabels: new Map(),
  externalUrl: 'http://v',
  reason: 'first notification',
}

const deliver = (config: EmailConfig): Promise<string> =>
  sendEmail(config, message, {
    templates: new MessageTemplates(() => 0),
    signal: AbortSignal.timeout(10_000),
  })

test('a mail says what is wrong, as text and as HTML', async () => {
  const { smarthost, mails } = await mailServer()
  expect(
    await deliver(configOf(smarthost, { to: 'ops@example.org', headers: { 'x-team': 'ops' } })),
  ).toBe('250 taken')
  const [mail] = mails
  expect(mail).toContain('From: vigie@example.org\r\nTo: ops@example.org\r\n')
  expect(mail).toContain('Subject: [FIRING:1] Down (api)\r\n')
  expect(mail).toContain('X-Team: ops\r\n')
  expect(mail).toContain('api <b> is down')
  expect(mail.replace(/=\r\n/g, '')).toContain('api &lt;b&gt; is down')
})

test('a refusal is final, no answer is not', async () => {
  const { smarthost } = await mailServer()
  await expect(deliver(configOf(smarthost, { to: 'nobody@example.org' }))).rejects.toMatchObject({
    isRetryable: false,
    response: '550 no such user',
  })
  await expect(deliver(configOf('127.0.0.1:9', { to: 'ops@example.org' }))).rejects.toMatchObject({
    isRetryable: true,
  })
})
