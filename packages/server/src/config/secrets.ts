/**
 * What `/api/v1/status/config` and the status page show: the file with its secrets covered. Written
 * anew from what was read, so that nothing commented out comes along; `${NAME}` stays as it stands.
 */
import { parse, stringify } from 'yaml'

const COVERED = '<secret>'
const SECRET_KEYS =
  /^(password|credentials|bearer_token|client_secret|secret|secret_key|access_key|key|token|bot_token|api_key|service_key|routing_key|user_key|auth_password|auth_secret|smtp_auth_password|smtp_auth_secret|api_url|webhook_url|slack_api_url)$/
/** Headers that let somebody in. */
const SECRET_HEADERS = /auth|cookie|token|key|secret|password/i
/** `url` is a secret only in these (a webhook's address lets anybody post). */
const SECRET_URL_PARENTS = ['webhook_configs', 'discord_configs']

/** Whether what stands under this key is never shown. */
export const isSecretKey = (key: string): boolean => SECRET_KEYS.test(key)

export function coverSecrets(text: string): string {
  return stringify(covered(parse(text), []), { aliasDuplicateObjects: false })
}

/** A copy; `path` is the keys above, without indices. */
function covered(value: unknown, path: readonly string[]): unknown {
  if (isLeaf(value) && isSecretList(path)) return COVERED
  if (typeof value === 'string') return coverAddress(value)
  if (Array.isArray(value)) return value.map((one) => covered(one, path))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      isLeaf(one) && isSecret(key, path) ? COVERED : covered(one, [...path, key]),
    ]),
  )
}

const isLeaf = (value: unknown): boolean =>
  value !== null && value !== '' && typeof value !== 'object'

function isSecret(key: string, path: readonly string[]): boolean {
  if (isSecretKey(key)) return true
  if (key === 'url') return path.some((one) => SECRET_URL_PARENTS.includes(one))
  return path.at(-1) === 'headers' && SECRET_HEADERS.test(key)
}

/** `http_headers.NAME.secrets`, and what only a proxy may see. */
const isSecretList = (path: readonly string[]): boolean =>
  (path.at(-1) === 'secrets' && path.at(-3) === 'http_headers') ||
  path.at(-2) === 'proxy_connect_header'

/** The password of `scheme://user:password@host`, and of `…password=…` in parameters and connection strings. */
const coverAddress = (value: string): string =>
  value
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^:/@\s]*):[^/\s]+@/i, `$1:${COVERED}@`)
    .replace(
      /\b(password|passwd|secret|token|api_?key|access_key)=(?!\$\{)[^&\s]+/gi,
      `$1=${COVERED}`,
    )
