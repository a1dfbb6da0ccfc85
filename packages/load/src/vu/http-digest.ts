/** Digest authentication (RFC 7616, and RFC 2617 for servers without `qop`): from a challenge to an `Authorization`. */
import { createHash, randomBytes } from 'node:crypto'

const HASHES = new Map([
  ['MD5', 'md5'],
  ['SHA-256', 'sha256'],
  ['SHA-512', 'sha512'],
  ['SHA-512-256', 'sha512-256'],
])

export interface Challenge {
  realm: string
  nonce: string
  opaque: string | undefined
  /** As the server wrote it; '' when it did not. */
  algorithm: string
  /** Node's name of the hash. */
  hash: string
  isSession: boolean
  hasQop: boolean
}

/** The first challenge among `WWW-Authenticate` lines that can be met; null when there is none. */
export function findChallenge(lines: readonly string[]): Challenge | null {
  for (const line of lines) {
    const rest = /^digest\s+(.*)$/is.exec(line.trim())?.[1]
    if (rest === undefined) continue
    const fields = new Map<string, string>()
    for (const [, name, quoted, plain] of rest.matchAll(
      /([a-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/gi,
    ))
      fields.set(name!.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '')
    const algorithm = fields.get('algorithm') ?? ''
    const isSession = /-sess$/i.test(algorithm)
    const hash = HASHES.get(algorithm.replace(/-sess$/i, '').toUpperCase() || 'MD5')
    const qop = fields
      .get('qop')
      ?.split(',')
      .map((one) => one.trim().toLowerCase())
    const nonce = fields.get('nonce')
    if (hash === undefined || nonce === undefined) continue
    if (qop !== undefined && !qop.includes('auth')) continue
    return {
      realm: fields.get('realm') ?? '',
      nonce,
      opaque: fields.get('opaque'),
      algorithm,
      hash,
      isSession,
      hasQop: qop !== undefined,
    }
  }
  return null
}

export interface Credentials {
  name: string
  password: string
}

export interface Authorized {
  method: string
  uri: string
  /** How often the nonce has been used, this time included. */
  count: number
  /** Given by tests alone. */
  cnonce?: string
}

/** The value of `Authorization` for one request. */
export function authorize(
  challenge: Challenge,
  { name, password }: Credentials,
  { method, uri, count: uses, cnonce = randomBytes(8).toString('hex') }: Authorized,
): string {
  const { realm, nonce, opaque, algorithm, hash, isSession, hasQop } = challenge
  const digest = (text: string): string => createHash(hash).update(text).digest('hex')
  const count = uses.toString(16).padStart(8, '0')
  let a1 = digest(`${name}:${realm}:${password}`)
  if (isSession) a1 = digest(`${a1}:${nonce}:${cnonce}`)
  const a2 = digest(`${method}:${uri}`)
  const response = hasQop
    ? digest(`${a1}:${nonce}:${count}:${cnonce}:auth:${a2}`)
    : digest(`${a1}:${nonce}:${a2}`)
  const quote = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`
  const parts = [
    `username=${quote(name)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    `response="${response}"`,
  ]
  if (algorithm !== '') parts.push(`algorithm=${algorithm}`)
  if (hasQop || isSession) parts.push(`cnonce="${cnonce}"`)
  if (opaque !== undefined) parts.push(`opaque=${quote(opaque)}`)
  if (hasQop) parts.push('qop=auth', `nc=${count}`)
  return `Digest ${parts.join(', ')}`
}
