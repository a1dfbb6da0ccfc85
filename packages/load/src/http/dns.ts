/**
 * Names to addresses, as the run's options say: blocked names, `hosts`, then the system's resolver, whose
 * answers are kept; and no address of the blacklist.
 */
import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import { HttpFailure, failureOf, noSuchHost } from './failure.ts'
import { Blacklist, type DnsPolicy, type NetworkOptions, matchHost } from './network.ts'

const MAX_CACHED = 10_000

export interface Endpoint {
  address: string
  port: number
}

type Settings = Pick<NetworkOptions, 'hosts' | 'dns' | 'blacklistIPs' | 'blockHostnames'>

interface Known {
  addresses: string[]
  untilMs: number
  /** For select 'roundRobin'. */
  next: number
}

export class Resolver {
  readonly #hosts: ReadonlyMap<string, string>
  readonly #settings: Settings
  readonly #blacklist: Blacklist | null
  readonly #known = new Map<string, Known>()

  constructor(settings: Settings) {
    this.#settings = settings
    this.#hosts = new Map(settings.hosts)
    this.#blacklist =
      settings.blacklistIPs.length === 0 ? null : new Blacklist(settings.blacklistIPs)
  }

  /** Calls back at once when the address is known, so that nothing waits a turn for it. */
  resolve(host: string, port: number, done: (endpoint: Endpoint | HttpFailure) => void): void {
    const { blockHostnames } = this.#settings
    const blocked =
      blockHostnames.length > 0 && isIP(host) === 0 ? matchHost(blockHostnames, host) : undefined
    if (blocked !== undefined) {
      const detail = `hostname (${host}) is in a blocked pattern (${blocked})`
      return done(new HttpFailure(1111, 'hostname is blocked', detail))
    }
    const target = this.mapped(host, port) ?? { address: host, port }
    if (isIP(target.address) !== 0) return done(this.#checked(target))
    const known = this.#known.get(target.address)
    if (known !== undefined && known.untilMs > performance.now())
      return done(this.#checked({ address: this.#pick(known), port: target.port }))
    this.#lookup(host, target, done)
  }

  #lookup(
    host: string,
    { address: name, port }: Endpoint,
    done: (endpoint: Endpoint | HttpFailure) => void,
  ): void {
    const { ttlMs, policy } = this.#settings.dns
    lookup(name, { all: true }, (error, found) => {
      if (error !== null) return done(failureOf(error, 'lookup', { host, remote: '', local: '' }))
      const addresses = byPolicy(found, policy)
      if (addresses.length === 0) return done(noSuchHost(host))
      const next = this.#known.get(name)?.next ?? 0
      const known = { addresses, untilMs: performance.now() + ttlMs, next }
      if (this.#known.size >= MAX_CACHED) this.#known.clear()
      this.#known.set(name, known)
      done(this.#checked({ address: this.#pick(known), port }))
    })
  }

  #pick(known: Known): string {
    const { addresses } = known
    const { select } = this.#settings.dns
    if (addresses.length === 1 || select === 'first') return addresses[0]!
    if (select === 'roundRobin') return addresses[known.next++ % addresses.length]!
    return addresses[Math.floor(Math.random() * addresses.length)]!
  }

  #checked(endpoint: Endpoint): Endpoint | HttpFailure {
    const range = this.#blacklist?.match(endpoint.address)
    if (range === undefined) return endpoint
    const detail = `IP (${endpoint.address}) is in a blacklisted range (${range})`
    return new HttpFailure(1110, 'ip is blacklisted', detail)
  }

  /** What `hosts` says: the name with its port, then the name alone; exact ones before wildcards. */
  mapped(host: string, port: number): Endpoint | undefined {
    if (this.#hosts.size === 0) return undefined
    const name = host.toLowerCase()
    const key =
      matchHost(this.#hosts.keys(), `${name}:${port}`) ?? matchHost(this.#hosts.keys(), name)
    return key === undefined ? undefined : parseEndpoint(this.#hosts.get(key)!, port)
  }
}

function byPolicy(
  found: readonly { address: string; family: number }[],
  policy: DnsPolicy,
): string[] {
  const v4 = found.filter((one) => one.family === 4)
  const v6 = found.filter((one) => one.family === 6)
  const kept = {
    any: found,
    onlyIPv4: v4,
    onlyIPv6: v6,
    preferIPv4: v4.length > 0 ? v4 : v6,
    preferIPv6: v6.length > 0 ? v6 : v4,
  }[policy]
  return kept.map((one) => one.address)
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
