/** What `/api/v1/status/config` and the status page show: the file with its secrets covered. */
import { Scalar, isScalar, parseDocument, visit } from 'yaml'

const COVERED = '<secret>'
const SECRET_KEYS =
  /^(password|credentials|bearer_token|client_secret|secret|secret_key|access_key|key|token|bot_token|api_key|service_key|routing_key|auth_password|auth_secret|smtp_auth_password|smtp_auth_secret|api_url|webhook_url|slack_api_url|url)$/
/** `url` is a secret only below these (a webhook's address lets anybody post). */
const URL_SECRET_PARENTS = /^(webhook_configs|discord_configs)$/

export function coverSecrets(text: string): string {
  const document = parseDocument(text)
  visit(document, {
    Pair(_, pair, path) {
      const key = isScalar(pair.key) ? String(pair.key.value) : ''
      const { value } = pair
      if (!isScalar(value) || typeof value.value !== 'string' || value.value === '') return
      if (SECRET_KEYS.test(key) && (key !== 'url' || path.some(isSecretParent)))
        pair.value = new Scalar(COVERED)
      else value.value = coverUserInfo(value.value)
    },
    Scalar(key, node) {
      if (key !== 'key' && typeof node.value === 'string') node.value = coverUserInfo(node.value)
    },
  })
  return String(document)
}

const isSecretParent = (node: unknown): boolean => {
  const pair = node as { key?: unknown }
  return isScalar(pair.key) && URL_SECRET_PARENTS.test(String(pair.key.value))
}

/** The password of `scheme://user:password@host`. */
const coverUserInfo = (value: string): string =>
  value.replace(/^([a-z][a-z0-9+.-]*:\/\/[^:/@\s]*):[^@/\s]+@/i, `$1:${COVERED}@`)
