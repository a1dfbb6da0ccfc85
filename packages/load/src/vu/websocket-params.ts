/** What `new WebSocket(url, protocols, params)` was given; throws what k6 throws. */
import type { CookieJar } from '../http/cookies.ts'
import { canonicalName } from '../http/head.ts'
import { JAR, tagPairs } from './http-params.ts'
import { goError } from './go-error.ts'
import { textOf } from './text.ts'

export interface SocketParams {
  headers: Record<string, string>
  tags: (readonly [string, string])[]
  /** Null: the VU's own. */
  jar: CookieJar | null
  deflates: boolean
}

export function readUrl(value: unknown): string {
  if (value === undefined || value === null) throw goError('WebSocket requires a url')
  const text = textOf(value)
  if (!URL.canParse(text)) {
    const problem = /^[a-z][a-z0-9+.-]*:/i.test(text) ? 'invalid URL' : ''
    throw problem === ''
      ? goError('WebSocket requires url with scheme ws or wss, but got ""')
      : goError(`WebSocket requires valid url, but got "${text}" which resulted in ${problem}`)
  }
  const { protocol, hash } = new URL(text)
  if (protocol !== 'ws:' && protocol !== 'wss:') {
    const scheme = protocol.slice(0, -1)
    throw goError(`WebSocket requires url with scheme ws or wss, but got "${scheme}"`)
  }
  if (hash !== '') throw goError(`WebSocket requires no url fragment, but got "${hash.slice(1)}"`)
  return text
}

/** One name, or a list of them. */
export function readProtocols(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? (value as unknown[]).map(textOf) : []
}

export function readSocketParams(value: unknown, userAgent: string): SocketParams {
  const params: SocketParams = {
    headers: { 'User-Agent': userAgent },
    tags: [],
    jar: null,
    deflates: false,
  }
  for (const [key, one] of Object.entries((value ?? {}) as Record<string, unknown>)) {
    const isGiven = one !== undefined && one !== null
    switch (key) {
      case 'headers':
        for (const [name, text] of Object.entries((one ?? {}) as Record<string, unknown>))
          params.headers[canonicalName(name)] = textOf(text)
        break
      case 'tags':
        if (isGiven) params.tags = tagPairs(one)
        break
      case 'jar':
        if (isGiven) params.jar = (one as { [JAR]?: CookieJar })[JAR] ?? null
        break
      case 'compression':
        if (textOf(one).trim() !== 'deflate') {
          throw goError(
            `unsupported compression algorithm '${textOf(one).trim()}', supported algorithm is 'deflate'`,
          )
        }
        params.deflates = true
        break
      default:
        throw goError(`unknown WebSocket's option ${key}`)
    }
  }
  return params
}
