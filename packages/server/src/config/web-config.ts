/** `--web.config.file`, as in Prometheus: TLS and users with bcrypt hashes. */
import { dirname, resolve } from 'node:path'
import { compare } from 'bcryptjs'
import { z } from 'zod'
import { text, tlsVersion } from './fields.ts'
import { ConfigError, YamlSource } from './source.ts'

export interface WebConfig {
  tls: ServerTls | undefined
  hasUsers: boolean
  /** Whether an Authorization header lets a request in. Always true without users. */
  admits(authorization: string | undefined): Promise<boolean>
}

export interface ServerTls {
  certFile: string
  keyFile: string
  minVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
  maxVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
}

const schema = z.strictObject({
  tls_server_config: z
    .strictObject({
      cert_file: text,
      key_file: text,
      min_version: tlsVersion.default('TLSv1.2'),
      max_version: tlsVersion.default('TLSv1.3'),
    })
    .optional(),
  basic_auth_users: z
    .record(z.string(), text, { error: () => 'expected a map of user names to bcrypt hashes' })
    .optional(),
})

/** Throws ConfigError. */
export function parseWebConfig(file: string, content: string): WebConfig {
  const source = new YamlSource(file, content)
  const result = schema.safeParse(source.value ?? {})
  if (!result.success && source.problems.length === 0) source.reportIssues(result.error)
  for (const [name, hash] of Object.entries(result.data?.basic_auth_users ?? {}))
    if (!/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/.test(hash))
      source.report(['basic_auth_users', name], 'expected a bcrypt hash ($2y$…)')
  if (source.problems.length > 0) throw new ConfigError(source.problems)
  const { tls_server_config: tls, basic_auth_users: users } = result.data!
  const at = (path: string): string => resolve(dirname(file), path)
  return {
    tls:
      tls === undefined
        ? undefined
        : {
            certFile: at(tls.cert_file),
            keyFile: at(tls.key_file),
            minVersion: tls.min_version,
            maxVersion: tls.max_version,
          },
    hasUsers: Object.keys(users ?? {}).length > 0,
    admits: admission(new Map(Object.entries(users ?? {}))),
  }
}

/** Compared when the user is unknown, so that both answers take the same time. Of no password that is known. */
const NOBODY = '$2b$10$CwTycUXWue0Thq9StjUM0uJ8yq6b0mJg3mZ4kY3m1mOqQm6Yb0X2e'
/** Bcrypt is slow by design: a page of many requests would wait for it each time. */
const ADMITTED_MAX = 100

function admission(users: ReadonlyMap<string, string>): WebConfig['admits'] {
  const admitted = new Set<string>()
  return async (authorization) => {
    if (users.size === 0) return true
    const encoded = /^basic +(\S+)$/i.exec(authorization ?? '')?.[1]
    if (encoded === undefined) return false
    if (admitted.has(encoded)) return true
    const decoded = Buffer.from(encoded, 'base64').toString('utf8')
    const colon = decoded.indexOf(':')
    if (colon < 0) return false
    const hash = users.get(decoded.slice(0, colon))
    const isRight = await compare(decoded.slice(colon + 1), hash ?? NOBODY)
    if (!isRight || hash === undefined) return false
    if (admitted.size >= ADMITTED_MAX) admitted.clear()
    admitted.add(encoded)
    return true
  }
}
