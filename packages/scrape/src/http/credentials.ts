/** What a job's configuration says about identity and trust, from text or from files read anew each time. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { SecureVersion } from 'node:tls'
import type { HttpClientConfig, TlsConfig } from '../config.ts'
import { ScrapeError } from '../ingest/limits.ts'

/** The Authorization header, undefined when the job has none. Throws ScrapeError for a file that cannot be read. */
export async function authorizationHeader(config: HttpClientConfig): Promise<string | undefined> {
  const { basicAuth, authorization } = config
  if (basicAuth !== undefined) {
    const username = await readSecret(basicAuth.username, basicAuth.usernameFile)
    const password = await readSecret(basicAuth.password, basicAuth.passwordFile)
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  }
  if (authorization === undefined) return undefined
  const credentials = await readSecret(authorization.credentials, authorization.credentialsFile)
  return `${authorization.type ?? 'Bearer'} ${credentials}`
}

/** A text, or what is in a file, without white space around it. Throws ScrapeError. */
export async function readSecret(
  text: string | undefined,
  file: string | undefined,
  what = 'credentials',
): Promise<string> {
  if (file === undefined || file === '') return text ?? ''
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    throw new ScrapeError(`cannot read ${what} file ${file}: ${reason}`, { cause: error })
  }
}

/** `http_headers` of the configuration; lower-case names. Throws ScrapeError for a file that cannot be read. */
export async function configuredHeaders(config: HttpClientConfig): Promise<Map<string, string>> {
  const lists = new Map<string, string[]>()
  const add = (name: string, values: readonly string[]): void => {
    const key = name.toLowerCase()
    lists.set(key, [...(lists.get(key) ?? []), ...values])
  }
  for (const [name, values] of config.headers ?? []) add(name, values)
  for (const [name, values] of config.secretHeaders ?? []) add(name, values)
  for (const [name, files] of config.headerFiles ?? [])
    for (const file of files) add(name, [await readSecret(undefined, file, 'headers')])
  return new Map([...lists].map(([name, values]) => [name, values.join(', ')]))
}

/** The part of Node's TLS options that a configuration can set. */
export interface SocketTls {
  rejectUnauthorized: boolean
  ca?: string
  cert?: string
  key?: string
  servername?: string
  minVersion?: SecureVersion
  maxVersion?: SecureVersion
}

/** TLS options for a socket. Throws ScrapeError for a file that cannot be read. */
export function tlsOptions(tls: TlsConfig): SocketTls {
  const pem = (text: string | undefined, file: string | undefined): string | undefined => {
    if (file === undefined || file === '') return text === '' ? undefined : text
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
      throw new ScrapeError(`cannot read TLS file ${file}: ${reason}`, { cause: error })
    }
  }
  const given = {
    ca: pem(tls.ca, tls.caFile),
    cert: pem(tls.cert, tls.certFile),
    key: pem(tls.key, tls.keyFile),
    servername: tls.serverName === '' ? undefined : tls.serverName,
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
  }
  const options = Object.entries(given).filter(([, value]) => value !== undefined)
  return { ...Object.fromEntries(options), rejectUnauthorized: tls.insecureSkipVerify !== true }
}
