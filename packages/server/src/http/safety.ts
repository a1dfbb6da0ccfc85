/**
 * What stands between a browser on this machine and Vigie: the Host header must name this server
 * (or a page elsewhere could reach it by rebinding its own name to 127.0.0.1), requests that change
 * something must come from Vigie's own pages or from no page at all, and pages run only our scripts.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

export interface SafetyOptions {
  /** Hosts besides loopback that requests may name: of --web.listen-address and --web.external-url. */
  hosts: readonly string[]
  /** Listening beyond loopback, where the names people use are not known: any Host will do. */
  isOpen: boolean
}

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
    "font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'; form-action 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'x-frame-options': 'SAMEORIGIN',
}

/** Paths that only read, although they also take POST. */
const READ_ONLY =
  /^\/api\/v1\/(query|query_range|query_exemplars|series|labels|format_query|parse_query|search\/\w+)$/

/** The reason to refuse a request, or undefined. */
export function refusal(
  method: string,
  path: string,
  headers: IncomingHttpHeaders,
  options: SafetyOptions,
): string | undefined {
  const host = headers.host ?? ''
  if (!options.isOpen && !isOurHost(hostName(host), options.hosts))
    return `the request names host ${JSON.stringify(host)}, which is not this server; use localhost, or start with --web.external-url=http://${host}`
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || READ_ONLY.test(path))
    return undefined
  const { origin } = headers
  if (origin !== undefined && originHost(origin) !== host.toLowerCase())
    return `a page of ${origin} may not change anything here; open Vigie itself`
  if (origin === undefined && headers['sec-fetch-site'] === 'cross-site')
    return 'a page of another site may not change anything here; open Vigie itself'
  return undefined
}

function isOurHost(name: string, hosts: readonly string[]): boolean {
  return (
    name === 'localhost' || name.endsWith('.localhost') || isLoopback(name) || hosts.includes(name)
  )
}

/** Whether an address (not a name, except localhost) is of this machine only. */
export function isLoopback(address: string): boolean {
  if (address === 'localhost' || address === '::1') return true
  return isIP(address) === 4 && address.startsWith('127.')
}

/** `host[:port]` or `[v6]:port` without its port, in lower case. */
export function hostName(host: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host)
  return (bracketed === null ? host.replace(/:\d+$/, '') : bracketed[1]).toLowerCase()
}

function originHost(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host.toLowerCase() : ''
}
