/** AWS Signature Version 4: headers that prove who made a request. */
import { createHash, createHmac } from 'node:crypto'
import type { SigV4Config } from '../config.ts'

/** Amazon Managed Service for Prometheus. */
const SERVICE = 'aps'
/** Those that proxies change on the way, and what is signed itself. */
const UNSIGNED: ReadonlySet<string> = new Set([
  'authorization',
  'user-agent',
  'accept-encoding',
  'connection',
  'uber-trace-id',
  'x-amzn-trace-id',
])

export interface SignedRequest {
  method: string
  url: URL
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>
  body: string | Uint8Array
}

/** What to add to the headers. */
export function signatureHeaders(
  { method, url, headers, body }: SignedRequest,
  { region, accessKey, secretKey, sessionToken }: SigV4Config,
  nowMs: number,
  service: string = SERVICE,
): Record<string, string> {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const day = time.slice(0, 8)
  const added: Record<string, string> = { 'x-amz-date': time }
  if (sessionToken !== undefined) added['x-amz-security-token'] = sessionToken
  const signed = Object.entries({ ...headers, ...added, host: url.host })
    .filter(([name]) => !UNSIGNED.has(name))
    .sort(byName)
  const names = signed.map(([name]) => name).join(';')
  const request = [
    method,
    // The path as it stands is escaped once more.
    url.pathname.split('/').map(escape).join('/'),
    [...url.searchParams]
      .map(([name, value]): [string, string] => [escape(name), escape(value)])
      .sort(byName)
      .map((pair) => pair.join('='))
      .join('&'),
    ...signed.map(([name, value]) => `${name}:${value.trim().replaceAll(/ +/g, ' ')}`),
    '',
    names,
    sha256(body),
  ].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(request)].join('\n')
  const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${secretKey}`,
  )
  const signature = createHmac('sha256', key).update(text).digest('hex')
  added.authorization = `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  return added
}

const byName = ([a, x]: [string, string], [b, y]: [string, string]): number =>
  a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1

const sha256 = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('hex')

const escape = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
