/** Names to addresses: the script's `hosts`, then the system's resolver, kept for five minutes. */
import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import { type HttpFailure, failureOf, noSuchHost } from './failure.ts'

const TTL_MS = 300_000
const MAX_CACHED = 10_000

/** `host[:port]` (with `*.` wildcards) -> `address[:port]`. */
export type Hosts = ReadonlyMap<string, string>

export interface Endpoint {
  address: string
  port: number
}

export class Resolver {
  readonly #hosts: Hosts
  readonly #known = new Map<string, { addresses: string[]; untilMs: number }>()

  constructor(hosts: Hosts) {
    this.#hosts = hosts
  }

  /** Calls back at once when the address is known, so that nothing waits a turn for it. */
  resolve(host: string, port: number, done: (endpoint: Endpoint | HttpFailure) => void): void {
    const mapped = this.#mapped(host, port)
    const target = mapped ?? { address: host, port }
    if (isIP(target.address) !== 0) return done(target)
    const known = this.#known.get(target.address)
    if (known !== undefined && known.untilMs > performance.now()) {
      return done({ address: pick(known.addresses), port: target.port })
    }
    lookup(target.address, { all: true }, (error, found) => {
      if (error !== null) return done(failureOf(error, 'lookup', { host, remote: '', local: '' }))
      const v4 = found.filter((one) => one.family === 4)
      const addresses = (v4.length > 0 ? v4 : found).map((one) => one.address)
      if (addresses.length === 0) return done(noSuchHost(host))
      if (this.#known.size >= MAX_CACHED) this.#known.clear()
      this.#known.set(target.address, { addresses, untilMs: performance.now() + TTL_MS })
      done({ address: pick(addresses), port: target.port })
    })
  }

  /** What `hosts` says: an exact name with port, an exact name, then the longest wildcard. */
  #mapped(host: string, port: number): Endpoint | undefined {
    if (this.#hosts.size === 0) return undefined
    const name = host.toLowerCase()
    const value =
      this.#hosts.get(`${name}:${port}`) ?? this.#hosts.get(name) ?? this.#wildcard(name, port)
    return value === undefined ? undefined : parseEndpoint(value, port)
  }

  #wildcard(host: string, port: number): string | undefined {
    const matches = [...this.#hosts.keys()].filter((key) => {
      if (!key.startsWith('*')) return false
      const tail = key.slice(1)
      return host.endsWith(tail) || `${host}:${port}`.endsWith(tail)
    })
    const longest = matches.sort((a, b) => b.length - a.length)[0]
    return longest === undefined ? undefined : this.#hosts.get(longest)
  }
}

function pick(addresses: readonly string[]): string {
  return addresses[Math.floor(Math.random() * addresses.length)]!
}

/** `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]:80`, or a name with or without port. */
export function parseEndpoint(text: string, defaultPort: number): Endpoint {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text)
  if (bracketed !== null)
    return { address: bracketed[1]!, port: bracketed[2] ? Number(bracketed[2]) : defaultPort }
  if (isIP(text) === 6) return { address: text, port: defaultPort }
  const colon = text.lastIndexOf(':')
  if (colon < 0) return { address: text, port: defaultPort }
  return { address: text.slice(0, colon), port: Number(text.slice(colon + 1)) }
}
