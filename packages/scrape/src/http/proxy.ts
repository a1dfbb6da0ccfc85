/**
 * Proxies, by Go's rules: plain requests are given to the proxy whole, others go through a tunnel that it
 * opens. Hosts that `no_proxy` names are reached directly.
 */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { BlockList, type Socket, isIP } from 'node:net'
import { buildConnector } from 'undici'
import type { ProxyConfig } from '../config.ts'
import { ScrapeError } from '../ingest/limits.ts'
import type { SocketTls } from './credentials.ts'

/** The proxy for an address, undefined when there is none. */
export type ProxyOf = (url: URL) => URL | undefined

export function proxyOf(config: ProxyConfig): ProxyOf {
  const http = proxyUrl(config.http)
  const https = proxyUrl(config.https)
  const isExcepted = config.noProxy === undefined ? () => false : exceptions(config.noProxy)
  return (url) => {
    const proxy = url.protocol === 'https:' ? https : http
    return proxy === undefined || isExcepted(url) ? undefined : proxy
  }
}

/** An address without a scheme is of an HTTP proxy. */
const proxyUrl = (text: string | undefined): URL | undefined => {
  if (text === undefined || text === '') return undefined
  return new URL(/^\w+:\/\//.test(text) ? text : `http://${text}`)
}

/** Hosts, domains, addresses and networks, with a port or without; `*` is all. This machine is one of them, always. */
function exceptions(noProxy: string): (url: URL) => boolean {
  const networks = new BlockList()
  networks.addSubnet('127.0.0.0', 8, 'ipv4')
  networks.addAddress('::1', 'ipv6')
  const names: { name: string; port: string }[] = []
  let isAll = false
  for (const entry of noProxy.split(',').map((one) => one.trim().toLowerCase())) {
    if (entry === '') continue
    if (entry === '*') isAll = true
    const [network, bits] = entry.split('/')
    if (bits !== undefined && isIP(network) !== 0 && /^\d+$/.test(bits))
      networks.addSubnet(network, Number(bits), isIP(network) === 6 ? 'ipv6' : 'ipv4')
    else names.push(withPort(entry))
  }
  return (url) => {
    const host = bare(url.hostname.toLowerCase())
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
    if (isAll || host === 'localhost') return true
    const kind = isIP(host)
    if (kind !== 0 && networks.check(host, kind === 6 ? 'ipv6' : 'ipv4')) return true
    return names.some(
      (one) => (one.port === '' || one.port === port) && isNamed(host, one.name, kind !== 0),
    )
  }
}

/** `.example.com` and `*.example.com` are what is below it, `example.com` is itself as well. */
function isNamed(host: string, entry: string, isAddress: boolean): boolean {
  const name = entry.startsWith('*.') ? entry.slice(1) : entry
  if (isAddress) return host === name
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`)
}

function withPort(entry: string): { name: string; port: string } {
  const match = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry)
  return match === null ? { name: bare(entry), port: '' } : { name: bare(match[1]), port: match[2] }
}

const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1')

/** The user that stands in a proxy's address. */
export function proxyAuthorization({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return `Basic ${Buffer.from(text).toString('base64')}`
}

export interface TunnelOptions {
  proxy: URL
  /** Further headers of the CONNECT request. */
  headers: ReadonlyMap<string, readonly string[]>
  /** Reads certificate files; of the proxy, when it speaks TLS, and of what is behind it. */
  tls: () => SocketTls | undefined
  timeoutMs: number
}

/** Connects through a proxy. */
export function tunnelConnector(options: TunnelOptions): buildConnector.connector {
  return (target, callback) => {
    openTunnel(options, target)
      .then((socket) => {
        if (target.protocol !== 'https:') return callback(null, socket)
        const connect = buildConnector({ ...options.tls(), timeout: options.timeoutMs })
        const { hostname } = target
        return connect({ ...target, hostname, httpSocket: socket }, callback)
      })
      .catch((error: unknown) => callback(error as Error, null))
  }
}

function openTunnel(
  { proxy, headers, tls, timeoutMs }: TunnelOptions,
  target: buildConnector.Options,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const port = target.port || (target.protocol === 'https:' ? '443' : '80')
    const address = `${target.hostname}:${port}`
    const authorization = proxyAuthorization(proxy)
    const isTls = proxy.protocol === 'https:'
    const request = (isTls ? httpsRequest : httpRequest)({
      host: bare(proxy.hostname),
      port: proxy.port || (isTls ? 443 : 80),
      method: 'CONNECT',
      path: address,
      headers: {
        host: address,
        ...Object.fromEntries([...headers].map(([name, values]) => [name, [...values]])),
        ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
      },
      agent: false,
      timeout: timeoutMs,
      ...(isTls ? tls() : {}),
    })
    request.on('connect', (answer, socket: Socket) => {
      socket.setTimeout(0)
      if (answer.statusCode === 200) return resolve(socket)
      socket.destroy()
      reject(
        new ScrapeError(`proxy answered ${answer.statusCode} ${answer.statusMessage}`.trimEnd()),
      )
    })
    request.on('timeout', () => request.destroy(new ScrapeError('proxy does not answer')))
    request.on('response', (answer) => {
      answer.destroy()
      reject(new ScrapeError(`proxy answered ${answer.statusCode} ${answer.statusMessage}`))
    })
    request.on('error', reject)
    request.end()
  })
}
