/** E-mail by SMTP, one message per notification, as HTML and text. */
import { readFileSync } from 'node:fs'
import type { EmailConfig } from '../receiver-config.ts'
import { type Message, messageData } from '../template-data.ts'
import { type Delivery, DeliveryError, type Send } from './delivery.ts'

/** For each step of the conversation with the server. */
const STEP_TIMEOUT_MS = 10_000

export const sendEmail: Send<EmailConfig> = async (config, message, delivery) => {
  // Not before there is something to send: most servers never do, and all would carry it in memory.
  const { createTransport } = await import('nodemailer')
  const colon = config.smarthost.lastIndexOf(':')
  const port = Number(config.smarthost.slice(colon + 1))
  const transport = createTransport({
    host: config.smarthost.slice(0, colon),
    port,
    secure: port === 465,
    requireTLS: config.isTlsRequired && port !== 465,
    ignoreTLS: !config.isTlsRequired && port !== 465,
    name: config.hello,
    connectionTimeout: STEP_TIMEOUT_MS,
    greetingTimeout: STEP_TIMEOUT_MS,
    socketTimeout: STEP_TIMEOUT_MS,
    tls: { rejectUnauthorized: !config.isInsecure },
    ...(config.authUsername === ''
      ? {}
      : { auth: { user: config.authUsername, pass: passwordOf(config) } }),
  })
  const abort = (): void => transport.close()
  delivery.signal.addEventListener('abort', abort)
  try {
    const info = (await transport.sendMail(mailOf(config, message, delivery))) as {
      response?: string
    }
    return info.response ?? ''
  } catch (error) {
    const {
      message: reason,
      responseCode,
      response,
    } = error as Error & { responseCode?: number; response?: string }
    // 4xx: later; 5xx: never; no answer at all: later.
    const isRetryable = responseCode === undefined || responseCode < 500
    throw new DeliveryError(
      delivery.signal.aborted ? 'no answer in time' : reason,
      isRetryable,
      response ?? null,
      {
        cause: error,
      },
    )
  } finally {
    delivery.signal.removeEventListener('abort', abort)
    transport.close()
  }
}

function passwordOf(config: EmailConfig): string {
  if (config.authPassword !== '' || config.authPasswordFile === '') return config.authPassword
  try {
    return readFileSync(config.authPasswordFile, 'utf8').trim()
  } catch (error) {
    throw new DeliveryError(
      `cannot read ${config.authPasswordFile}: ${(error as Error).message}`,
      false,
      null,
      {
        cause: error,
      },
    )
  }
}

function mailOf(
  config: EmailConfig,
  message: Message,
  { templates }: Delivery,
): Record<string, unknown> {
  const data = messageData(message)
  const headers = new Map(
    [...config.headers].map(([name, text]) => [name, templates.text(text, data)]),
  )
  const subject =
    headers.get('Subject') ?? templates.text('{{ template "email.default.subject" . }}', data)
  headers.delete('Subject')
  return {
    to: templates.text(config.to, data),
    from: templates.text(config.from, data),
    subject: subject.trim(),
    headers: Object.fromEntries(headers),
    ...(config.html === '' ? {} : { html: templates.html(config.html, data) }),
    ...(config.text === '' ? {} : { text: templates.text(config.text, data) }),
  }
}
