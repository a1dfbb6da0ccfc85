/** Proxies by the rules of Go's environment: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`; never for this machine. */
import { isIP } from 'node:net'
import { Blacklist, type NetworkOptions } from './network.ts'
import { type RequestUrl, parseRequestUrl } from './url.ts'

export interface Proxy {
  url: RequestUrl
  /** Value of `Proxy-Authorization`; null: none. */
  authorization: string | null
}

type Settings = NetworkOptions['proxies']

export class Proxies {
  readonly #http: Proxy | null
  readonly #https: Proxy | null
  readonly #excluded: string[]

  constructor({ http, https, none }: Settings) {
    this.#http = read(http)
    this.#https = read(https)
    this.#excluded = none
      .split(',')
      .map((one) => one.trim().toLowerCase())
      .filter((one) => one !== '')
  }

  /** The proxy that `url` goes through; null: it goes straight. */
  for(url: RequestUrl): Proxy | null {
    const proxy = url.isTls ? this.#https : this.#http
    return proxy === null || this.#isExcluded(url.host, url.port) ? null : proxy
  }

  /** What the request line names: the path, or for a proxy the whole address; and headers that it wants. */
  targetOf(url: RequestUrl): { target: string; proxyHeader: string } {
    const proxy = url.isTls ? null : this.for(url)
    if (proxy === null) return { target: url.path, proxyHeader: '' }
    const { authorization } = proxy
    return {
      target: `http://${url.hostHeader}${url.path}`,
      proxyHeader: authorization === null ? '' : `Proxy-Authorization: ${authorization}\r\n`,
    }
  }

  #isExcluded(host: string, port: number): boolean {
    if (host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.')))
      return true
    return this.#excluded.some((entry) => {
      if (entry === '*') return true
      if (entry.includes('/')) return isIP(host) !== 0 && isInRange(entry, host)
      const [, name, wanted] = /^(.*?)(?::(\d+))?$/.exec(entry)!
      if (wanted !== undefined && Number(wanted) !== port) return false
      if (isIP(host) !== 0) return host === name
      const bare = name!.replace(/^\*?\./, '')
      const isBelow = host.endsWith(`.${bare}`)
      return isBelow || (host === bare && !/^\*?\./.test(name!))
    })
  }
}

function isInRange(range: string, host: string): boolean {
  try {
    return new Blacklist([range]).match(host) !== undefined
  } catch {
    // What is no range excludes nothing, as in Go.
    return false
  }
}

function read(text: string): Proxy | null {
  if (text === '') return null
  const url = parseRequestUrl(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  return {
    url,
    authorization: url.credentials === null ? null : `Basic ${url.credentials}`,
  }
}
