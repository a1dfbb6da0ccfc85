/** `--web.config.file`, as in Prometheus: TLS and users with bcrypt hashes. */
import { dirname, resolve } from 'node:path'
import { compare } from 'bcryptjs'
import { z } from 'zod'
import { text } from './fields.ts'
import { ConfigError, YamlSource } from './source.ts'

export interface WebConfig {
  tls: { certFile: string; keyFile: string } | undefined
  /** Whether an Authorization header lets a request in. Always true without users. */
  admits(authorization: string | undefined): Promise<boolean>
}

const schema = z.strictObject({
  tls_server_config: z.strictObject({ cert_file: text, key_file: text }).optional(),
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
    if (!/^\$2[aby]\$\d\d\$.{53}$/.test(hash))
      source.report(['basic_auth_users', name], 'expected a bcrypt hash ($2y$…)')
  if (source.problems.length > 0) throw new ConfigError(source.problems)
  const { tls_server_config: tls, basic_auth_users: users } = result.data!
  const at = (path: string): string => resolve(dirname(file), path)
  return {
    tls: tls === undefined ? undefined : { certFile: at(tls.cert_file), keyFile: at(tls.key_file) },
    admits: admission(new Map(Object.entries(users ?? {}))),
  }
}

/** Compared when the user is unknown, so that both answers take the same time. */
const NOBODY = '$2b$10$CwTycUXWue0Thq9StjUM0uJ8yq6b0mJg3mZ4kY3m1mOqQm6Yb0X2e'
/** Bcrypt is slow by design: a page of many requests would wait for it each time. */
const ADMITTED_MAX = 100

function admission(users: ReadonlyMap<string, string>): WebConfig['admits'] {
  const admitted = new Set<string>()
  return async (authorization) => {
    if (users.size === 0) return true
    if (authorization === undefined || !authorization.startsWith('Basic ')) return false
    if (admitted.has(authorization)) return true
    const decoded = Buffer.from(authorization.slice('Basic '.length), 'base64').toString('utf8')
    const colon = decoded.indexOf(':')
    const hash = users.get(decoded.slice(0, colon))
    const isRight = await compare(decoded.slice(colon + 1), hash ?? NOBODY)
    if (!isRight || hash === undefined) return false
    if (admitted.size >= ADMITTED_MAX) admitted.clear()
    admitted.add(authorization)
    return true
  }
}
