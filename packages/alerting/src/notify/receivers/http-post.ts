/** Posting to an HTTP receiver. */
import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import type { HttpOptions } from '../receiver-config.ts'
import { DeliveryError } from './delivery.ts'

/** Of an answer, for the inbox. */
const RESPONSE_CHARS_MAX = 1000

export interface Post {
  url: string
  body: string
  contentType: string
  http: HttpOptions
  signal: AbortSignal
  headers?: Readonly<Record<string, string>>
  /** Statuses besides 5xx after which it is worth trying again. */
  retryStatuses?: readonly number[]
}

/** The answer. Rejects with DeliveryError; the address, which may be a secret, is not in its message. */
export async function post(options: Post): Promise<string> {
  const { http, signal } = options
  const agent = agentFor(http)
  try {
    const answer = await request(options.url, {
      method: 'POST',
      headers: {
        'user-agent': 'Vigie',
        'content-type': options.contentType,
        ...Object.fromEntries(http.headers),
        ...options.headers,
      },
      body: options.body,
      signal,
      ...(agent === undefined ? {} : { dispatcher: agent }),
    })
    const text = await readSome(answer.body)
    const shown = `${answer.statusCode} ${text}`.trim()
    if (answer.statusCode >= 200 && answer.statusCode < 300) return shown
    const isRetryable =
      answer.statusCode >= 500 || (options.retryStatuses ?? []).includes(answer.statusCode)
    throw new DeliveryError(`unexpected status code ${answer.statusCode}`, isRetryable, shown)
  } catch (error) {
    if (error instanceof DeliveryError) throw error
    throw new DeliveryError(reasonOf(error, options.url, signal), true, null, { cause: error })
  } finally {
    await agent?.close()
  }
}

function agentFor(http: HttpOptions): Agent | undefined {
  if (!http.isInsecure && http.caFile === '') return undefined
  const ca = http.caFile === '' ? {} : { ca: readFileSync(http.caFile) }
  return new Agent({ connect: { rejectUnauthorized: !http.isInsecure, ...ca } })
}

async function readSome(body: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const chunk of body) {
    text += chunk.toString('utf8')
    if (text.length > RESPONSE_CHARS_MAX) return text.slice(0, RESPONSE_CHARS_MAX)
  }
  return text
}

function reasonOf(error: unknown, url: string, signal: AbortSignal): string {
  if (signal.aborted) return 'no answer in time'
  const { message, code } = error as NodeJS.ErrnoException
  const text = message === '' ? (code ?? 'cannot connect') : message
  return text.replaceAll(url, '<address>')
}

/** An address from the configuration, or from a file that is read anew each time. */
export function addressOf(url: string, file: string): string {
  if (url !== '' || file === '') return url
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new DeliveryError(`cannot read ${file}: ${(error as Error).message}`, false, null, {
      cause: error,
    })
  }
}

/** At most `countMax` characters, the last one an ellipsis when something was cut. */
export function truncate(text: string, countMax: number): string {
  const chars = Array.from(text)
  if (chars.length <= countMax) return text
  return countMax <= 3
    ? chars.slice(0, countMax).join('')
    : chars.slice(0, countMax - 1).join('') + '…'
}
