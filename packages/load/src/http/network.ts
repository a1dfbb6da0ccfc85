/** What a run says of names, addresses, TLS and proxies: read from its options and environment into plain data. */
import { BlockList, isIP } from 'node:net'
import { parseDurationMs } from '../duration.ts'

export type DnsSelect = 'first' | 'random' | 'roundRobin'
export type DnsPolicy = 'preferIPv4' | 'preferIPv6' | 'onlyIPv4' | 'onlyIPv6' | 'any'

export interface TlsAuth {
  /** Hosts that it is for, `*.` wildcards among them; empty: all. */
  domains: string[]
  cert: string
  key: string
  password: string | undefined
}

export interface NetworkOptions {
  /** `host[:port]` (with `*.` wildcards), lower case, to `address[:port]`. */
  hosts: [string, string][]
  dns: { ttlMs: number; select: DnsSelect; policy: DnsPolicy }
  /** CIDR ranges as written. */
  blacklistIPs: string[]
  /** Lower case, `*` at the start is a wildcard. */
  blockHostnames: string[]
  /** Addresses that VUs send from; '' is any. */
  localIPs: string
  tls: {
    /** Node's names, '' for the default. */
    minVersion: string
    maxVersion: string
    /** OpenSSL's names; null: the default. */
    ciphers: string | null
    auth: TlsAuth[]
  }
  httpDebug: '' | 'headers' | 'full'
  proxies: { http: string; https: string; none: string }
}

const SELECTS: readonly string[] = ['first', 'random', 'roundRobin']
const POLICIES: readonly string[] = ['preferIPv4', 'preferIPv6', 'onlyIPv4', 'onlyIPv6', 'any']
/** k6 caches "inf" for a year. */
const FOREVER_MS = 365 * 86_400_000

type Refuse = (option: string, value: unknown, want: string) => never

/** `refuse` throws for a value that cannot be. */
export function readNetwork(
  options: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
  refuse: Refuse,
): NetworkOptions {
  const texts = (name: string): string[] => (options[name] as string[] | undefined) ?? []
  const blacklistIPs = texts('blacklistIPs')
  for (const range of blacklistIPs)
    if (!isRange(range)) refuse('blacklistIPs', range, 'ranges like "10.0.0.0/8"')
  const blockHostnames = texts('blockHostnames').map((name) => name.toLowerCase())
  for (const name of blockHostnames)
    if (!/^(\*\.?)?([^*\s/:]*)$/.test(name))
      refuse('blockHostnames', name, 'names like "*.example.com"')
  const localIPs = (options['localIPs'] as string | undefined) ?? ''
  if (localIPs !== '' && new AddressPool(localIPs).isEmpty)
    refuse('localIPs', localIPs, 'addresses, ranges or networks like "10.0.0.1-10.0.0.9"')
  const httpDebug = (options['httpDebug'] as string | undefined) ?? ''
  return {
    hosts: readHosts(options['hosts'], refuse),
    dns: readDns(options['dns'], refuse),
    blacklistIPs,
    blockHostnames,
    localIPs,
    tls: {
      ...readVersions(options['tlsVersion'], refuse),
      ciphers: readCiphers(texts('tlsCipherSuites'), refuse),
      auth: readAuth(options['tlsAuth'], refuse),
    },
    httpDebug: httpDebug === 'full' ? 'full' : httpDebug === '' ? '' : 'headers',
    proxies: {
      http: env['HTTP_PROXY'] || env['http_proxy'] || '',
      https: env['HTTPS_PROXY'] || env['https_proxy'] || '',
      none: env['NO_PROXY'] || env['no_proxy'] || '',
    },
  }
}

function readHosts(value: unknown, refuse: Refuse): [string, string][] {
  return Object.entries((value as Record<string, unknown> | undefined) ?? {}).map(
    ([host, address]) => {
      if (typeof address !== 'string')
        return refuse('hosts', address, 'an address like "10.0.0.1:80"')
      return [host.toLowerCase(), address]
    },
  )
}

function readDns(value: unknown, refuse: Refuse): NetworkOptions['dns'] {
  const { ttl, select, policy } = (value ?? {}) as Record<string, unknown>
  const ttlMs =
    ttl === 'inf' ? FOREVER_MS : ttl === undefined || ttl === '' ? 300_000 : parseDurationMs(ttl)
  if (ttlMs === undefined || ttlMs < 0) return refuse('dns', ttl, 'a ttl like "5m", "inf" or "0"')
  if (select !== undefined && !SELECTS.includes(select as string))
    refuse('dns', select, `select to be one of ${SELECTS.join(', ')}`)
  if (policy !== undefined && !POLICIES.includes(policy as string))
    refuse('dns', policy, `policy to be one of ${POLICIES.join(', ')}`)
  return {
    ttlMs,
    select: (select as DnsSelect | undefined) ?? 'random',
    policy: (policy as DnsPolicy | undefined) ?? 'preferIPv4',
  }
}

const VERSIONS = new Map([
  ['', ''],
  ['tls1.0', 'TLSv1'],
  ['tls1.1', 'TLSv1.1'],
  ['tls1.2', 'TLSv1.2'],
  ['tls1.3', 'TLSv1.3'],
])

function readVersions(value: unknown, refuse: Refuse): { minVersion: string; maxVersion: string } {
  const { min = '', max = '' } =
    typeof value === 'string'
      ? { min: value, max: value }
      : ((value ?? {}) as { min?: unknown; max?: unknown })
  const name = (one: unknown): string =>
    VERSIONS.get(one as string) ?? refuse('tlsVersion', one, 'tls1.0, tls1.1, tls1.2 or tls1.3')
  return { minVersion: name(min), maxVersion: name(max) }
}

/** These cannot be chosen, in k6 as in Go. */
const TLS13 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'
const SUITE = /^TLS_(RSA|ECDHE_RSA|ECDHE_ECDSA)_WITH_(\w+?)_(SHA|SHA256|SHA384|POLY1305)$/

function readCiphers(suites: readonly string[], refuse: Refuse): string | null {
  if (suites.length === 0) return null
  const names = suites.map((suite) => {
    if (TLS13.includes(suite)) return suite
    const match = SUITE.exec(suite.replace(/(POLY1305)_SHA256$/, '$1'))
    if (match === null)
      return refuse('tlsCipherSuites', suite, 'names like "TLS_RSA_WITH_AES_128_GCM_SHA256"')
    const [, exchange, cipher, hash] = match
    const key = exchange === 'RSA' ? '' : `${exchange!.replace('_', '-')}-`
    if (cipher === '3DES_EDE_CBC') return `${key}DES-CBC3-SHA`
    if (cipher === 'CHACHA20') return `${key}CHACHA20-POLY1305`
    return `${key}${cipher!
      .replace(/^AES_(\d+)/, 'AES$1')
      .replace('_CBC', '')
      .replaceAll('_', '-')}-${hash}`
  })
  return [TLS13, ...names].join(':')
}

function readAuth(value: unknown, refuse: Refuse): TlsAuth[] {
  return ((value as unknown[] | undefined) ?? []).map((one) => {
    const { domains, cert, key, password } = (one ?? {}) as Record<string, unknown>
    if (typeof cert !== 'string' || typeof key !== 'string')
      return refuse('tlsAuth', Object.keys(one ?? {}), 'a cert and a key as PEM texts')
    return {
      domains: Array.isArray(domains) ? domains.map((name) => String(name).toLowerCase()) : [],
      cert,
      key,
      password: typeof password === 'string' && password !== '' ? password : undefined,
    }
  })
}

function isRange(text: string): boolean {
  const [address, bits] = text.split('/') as [string, string | undefined]
  const family = isIP(address)
  return family !== 0 && /^\d+$/.test(bits ?? '') && Number(bits) <= (family === 4 ? 32 : 128)
}

/** Ranges of addresses that must not be dialled. */
export class Blacklist {
  readonly #ranges: { list: BlockList; text: string }[]

  constructor(ranges: readonly string[]) {
    this.#ranges = ranges.map((text) => {
      const [address, bits] = text.split('/') as [string, string]
      const list = new BlockList()
      list.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6')
      return { list, text }
    })
  }

  /** The range that `address` is in, as it was written. */
  match(address: string): string | undefined {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    return this.#ranges.find(({ list }) => list.check(address, family))?.text
  }
}

/** The longest of the patterns (`name`, `*.name`, `*name`) that `host` fits. */
export function matchHost(patterns: Iterable<string>, host: string): string | undefined {
  let best: string | undefined
  for (const pattern of patterns) {
    const fits = pattern.startsWith('*') ? host.endsWith(pattern.slice(1)) : host === pattern
    if (fits && (best === undefined || pattern.length > best.length || best.startsWith('*')))
      best = pattern
  }
  return best
}

/** `--local-ips`: single addresses, ranges and networks, handed out one after the other. */
export class AddressPool {
  readonly #blocks: { start: bigint; count: bigint; isV6: boolean }[] = []

  constructor(text: string) {
    for (const part of text.split(',')) {
      const [range] = part.trim().split('|') as [string]
      const block = range.includes('/') ? networkBlock(range) : rangeBlock(range)
      if (block !== null) this.#blocks.push(block)
    }
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0
  }

  /** The address for the VU with this index, from 0; undefined: none. */
  at(index: number): string | undefined {
    const total = this.#blocks.reduce((sum, { count }) => sum + count, 0n)
    if (total === 0n) return undefined
    const id = BigInt(index)
    let left = id % total
    for (const { start, count, isV6 } of this.#blocks) {
      if (left < count) return addressText(start + (id % count), isV6)
      left -= count
    }
    return undefined
  }
}

type Block = { start: bigint; count: bigint; isV6: boolean } | null

function rangeBlock(text: string): Block {
  const [from, to = from] = text.split('-') as [string, string?]
  const isV6 = isIP(from) === 6
  if (isIP(from) === 0 || isIP(to!) !== isIP(from)) return null
  const start = addressNumber(from)
  const count = addressNumber(to!) - start + 1n
  return count < 1n ? null : { start, count, isV6 }
}

/** Without the address of the network itself and the last one, as k6 counts. */
function networkBlock(text: string): Block {
  if (!isRange(text)) return null
  const [address, bits] = text.split('/') as [string, string]
  const isV6 = isIP(address) === 6
  const hostBits = BigInt((isV6 ? 128 : 32) - Number(bits))
  const first = addressNumber(address)
  const base = (first >> hostBits) << hostBits
  const isBase = first === base && hostBits > 0n
  const end = base + (1n << hostBits) - (hostBits > 1n ? 1n : 0n)
  const start = isBase ? first + 1n : first
  return end > start ? { start, count: end - start, isV6 } : null
}

function addressNumber(address: string): bigint {
  if (isIP(address) === 4)
    return address.split('.').reduce((n, part) => n * 256n + BigInt(part), 0n)
  const [head, tail] = address.split('::') as [string, string?]
  const groups = (part: string | undefined): string[] => (part ? part.split(':') : [])
  const left = groups(head)
  const right = groups(tail)
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0')
  const all = tail === undefined ? left : [...left, ...zeros, ...right]
  return all.reduce((n, group) => n * 65_536n + BigInt(`0x${group}`), 0n)
}

function addressText(value: bigint, isV6: boolean): string {
  const parts: string[] = []
  for (let i = 0, n = value; i < (isV6 ? 8 : 4); i++, n >>= isV6 ? 16n : 8n)
    parts.unshift((n & (isV6 ? 0xffffn : 0xffn)).toString(isV6 ? 16 : 10))
  return parts.join(isV6 ? ':' : '.')
}
