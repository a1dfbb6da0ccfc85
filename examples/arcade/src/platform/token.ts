// JSON web tokens signed with HMAC-SHA256 (RFC 7519), the one kind that portal and matchmaker share.
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'

export interface Player {
  user_id: string
  username: string
  account_type: string
}

interface Claims extends Player {
  token_type: 'access' | 'refresh'
  /** Unix seconds. */
  exp: number
  jti: string
  location: string
}

const accessSeconds = 3600
const refreshSeconds = 30 * 24 * 3600
const header = encode({ typ: 'JWT', alg: 'HS256' })

/** A fresh pair for a player. */
export function issueTokens(
  player: Player,
  secret: string,
  nowMs: number,
): { refresh: string; access: string } {
  const token = (token_type: Claims['token_type'], seconds: number): string =>
    sign(
      {
        token_type,
        exp: Math.floor(nowMs / 1000) + seconds,
        jti: randomUUID().replaceAll('-', ''),
        user_id: player.user_id,
        username: player.username,
        account_type: player.account_type,
        location: '',
      },
      secret,
    )
  return { refresh: token('refresh', refreshSeconds), access: token('access', accessSeconds) }
}

/** The player of a token of that type; null when it is malformed, forged or expired. */
export function readToken(
  text: string,
  type: Claims['token_type'],
  secret: string,
  nowMs: number,
): Player | null {
  const [head, payload, signature, ...rest] = text.split('.')
  if (head === undefined || payload === undefined || signature === undefined || rest.length > 0)
    return null
  const wanted = Buffer.from(mac(`${head}.${payload}`, secret))
  const found = Buffer.from(signature)
  if (found.length !== wanted.length || !timingSafeEqual(found, wanted)) return null
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims
  if (claims.token_type !== type || claims.exp * 1000 <= nowMs) return null
  return {
    user_id: claims.user_id,
    username: claims.username,
    account_type: claims.account_type,
  }
}

function sign(claims: Claims, secret: string): string {
  const text = `${header}.${encode(claims)}`
  return `${text}.${mac(text, secret)}`
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function mac(text: string, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url')
}
