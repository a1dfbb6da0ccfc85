/**
 * Tokens by OAuth 2.0's client credentials (RFC 6749, 4.4): asked for when one is needed, kept until
 * shortly before it expires or the secret's file changes.
 */
import type { OAuth2Config } from '../config.ts'
import { ScrapeError } from '../ingest/limits.ts'
import { readSecret } from './credentials.ts'
import type { FetchRequest, FetchResponse } from './client.ts'

/** A token is not used this short before its end. */
const EXPIRY_MARGIN_MS = 10_000
const ANSWER_BYTES_MAX = 1024 * 1024
const TIMEOUT_MS = 30_000

interface Token {
  header: string
  secret: string
  endMs: number
}

export class TokenSource {
  readonly #config: OAuth2Config
  readonly #fetch: (request: FetchRequest) => Promise<FetchResponse>
  readonly #now: () => number
  #token: Token | undefined
  #asking: Promise<Token> | undefined
  // Where the endpoint wants the credentials; undefined: not known yet.
  #isInHeader: boolean | undefined

  constructor(
    config: OAuth2Config,
    fetch: (request: FetchRequest) => Promise<FetchResponse>,
    now: () => number,
  ) {
    this.#config = config
    this.#fetch = fetch
    this.#now = now
  }

  /** The Authorization header. Throws ScrapeError. */
  async header(): Promise<string> {
    const { clientSecret, clientSecretFile } = this.#config
    const secret = await readSecret(clientSecret, clientSecretFile)
    const known = this.#token
    if (known !== undefined && known.secret === secret && this.#now() < known.endMs)
      return known.header
    this.#asking ??= this.#ask(secret).finally(() => (this.#asking = undefined))
    this.#token = await this.#asking
    return this.#token.header
  }

  /** As Go's client: credentials in the header first, in the body where that is refused. */
  async #ask(secret: string): Promise<Token> {
    if (this.#isInHeader !== undefined) return this.#retrieve(secret, this.#isInHeader)
    let token: Token
    let isInHeader = true
    try {
      token = await this.#retrieve(secret, true)
    } catch {
      isInHeader = false
      token = await this.#retrieve(secret, false)
    }
    this.#isInHeader = isInHeader
    return token
  }

  async #retrieve(secret: string, isInHeader: boolean): Promise<Token> {
    const { clientId, scopes, tokenUrl, endpointParams } = this.#config
    const form = new URLSearchParams({ grant_type: 'client_credentials' })
    if (scopes.length > 0) form.set('scope', scopes.join(' '))
    for (const [name, value] of endpointParams) {
      if (form.has(name) && name !== 'grant_type')
        throw new ScrapeError(`oauth2: cannot overwrite parameter ${JSON.stringify(name)}`)
      form.set(name, value)
    }
    const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' }
    if (isInHeader) {
      const credentials = `${escaped(clientId)}:${escaped(secret)}`
      headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
    } else {
      form.set('client_id', clientId)
      if (secret !== '') form.set('client_secret', secret)
    }
    const startMs = this.#now()
    const answer = await this.#fetch({
      url: tokenUrl,
      method: 'POST',
      headers,
      body: form.toString(),
      timeoutMs: TIMEOUT_MS,
      bodySizeMax: ANSWER_BYTES_MAX,
      isRepeatable: true,
      isCompressed: false,
    })
    return { ...tokenOf(answer, startMs), secret }
  }
}

const escaped = (text: string): string => new URLSearchParams({ a: text }).toString().slice(2)

function tokenOf({ status, headers, body }: FetchResponse, startMs: number): Omit<Token, 'secret'> {
  const text = body.toString('utf8')
  const fields = fieldsOf(String(headers['content-type']), text)
  const error = fields.error
  if (typeof error === 'string' && error !== '') {
    const words = typeof fields.error_description === 'string' ? fields.error_description : ''
    throw new ScrapeError(
      `oauth2: ${JSON.stringify(error)}${words === '' ? '' : ` ${JSON.stringify(words)}`}`,
    )
  }
  if (status < 200 || status > 299)
    throw new ScrapeError(`oauth2: cannot fetch token: ${status}\nResponse: ${text.slice(0, 256)}`)
  const { access_token: token, token_type: type, expires_in: expiry } = fields
  if (typeof token !== 'string' || token === '')
    throw new ScrapeError('oauth2: server response missing access_token')
  const seconds = Number(expiry)
  return {
    header: `${typeName(type)} ${token}`,
    endMs: seconds > 0 ? startMs + seconds * 1000 - EXPIRY_MARGIN_MS : Infinity,
  }
}

/** Names that servers write in any case. */
function typeName(type: unknown): string {
  if (typeof type !== 'string' || type === '' || /^bearer$/i.test(type)) return 'Bearer'
  if (/^mac$/i.test(type)) return 'MAC'
  return /^basic$/i.test(type) ? 'Basic' : type
}

function fieldsOf(contentType: string, text: string): Record<string, unknown> {
  if (/^(?:application\/x-www-form-urlencoded|text\/plain)\b/.test(contentType))
    return Object.fromEntries(new URLSearchParams(text))
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
