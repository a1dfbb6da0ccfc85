/**
 * The HTTP client of one VU: keep-alive connections per origin, one request after the other on each;
 * HTTP/2 where the server chooses it. It knows sockets and heads, nothing of k6's parameters.
 */
import type { ConnectionOptions } from 'node:tls'
import { Connection, type ConnectionShare, type Exchange } from './connection.ts'
import { HttpFailure } from './failure.ts'
import type { Resolver } from './dns.ts'
import type { H2Result, H2Session } from './h2-session.ts'
import type { Proxies } from './proxy.ts'
import type { RequestUrl } from './url.ts'

/** Requests that a server may answer twice without harm: tried again when a kept connection turns out to be dead. */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', ''])

export interface ClientOptions {
  share: ConnectionShare
  resolver: Resolver
  /** TLS options for a host. */
  tls: (host: string) => ConnectionOptions
  proxies: Proxies
  /** Close every connection after one request. */
  noReuse: boolean
  /** Idle connections that are kept, in all and for one origin. */
  maxIdle: number
  maxIdlePerOrigin: number
  /** Address to send from; undefined: any. */
  localAddress: string | undefined
}

export interface WireRequest {
  method: string
  url: RequestUrl
  /** Ends with the empty line. */
  head: string
  body: Uint8Array | string | null
  wantsBody: boolean
  timeoutMs: number
  /** Not to be used again afterwards. */
  closes: boolean
  /** The script says that it may be sent twice, whatever the method. */
  isRepeatable: boolean
}

/** ms each. */
export interface Timings {
  blocked: number
  connecting: number
  handshaking: number
  sending: number
  waiting: number
  receiving: number
}

export interface WireResult {
  /** Null: it failed. */
  exchange: Exchange | null
  failure: HttpFailure | null
  /** What had arrived of a body that broke off; null: it failed earlier. */
  partialBody: Buffer | null
  timings: Timings
  remoteAddress: string
  remotePort: number
  tlsVersion: string
  cipher: string
}

type Done = (result: WireResult) => void

/** A connection that has gone over to HTTP/2. */
interface Shared {
  session: H2Session
  connection: Connection
}

/** Nothing is measured of a request that got no connection. */
export const UNCONNECTED: WireResult = {
  exchange: null,
  failure: null,
  partialBody: null,
  timings: { blocked: 0, connecting: 0, handshaking: 0, sending: 0, waiting: 0, receiving: 0 },
  remoteAddress: '',
  remotePort: 0,
  tlsVersion: '',
  cipher: '',
}

export class HttpClient {
  readonly #options: ClientOptions
  readonly #idle = new Map<string, Connection[]>()
  readonly #busy = new Set<Connection>()
  #shared: Map<string, Shared> | null = null
  #idleCount = 0
  #sent = 0
  #received = 0
  /** Grows with every abort: what was dialled before is not wanted any more. */
  #epoch = 0

  constructor(options: ClientOptions) {
    this.#options = options
  }

  /** `done` is called once; never after `abort`. The body in its result is valid only until it returns. */
  request(request: WireRequest, done: Done): void {
    const start = performance.now()
    const { origin } = request.url
    const shared = this.#shared?.get(origin)
    if (shared?.session.isOpen) return this.#sendShared(shared, request, start, done, true)
    const idle = this.#idle.get(origin)
    for (let connection = idle?.pop(); connection !== undefined; connection = idle?.pop()) {
      this.#idleCount--
      if (connection.isOpen) return this.#send(connection, request, start, done, true)
    }
    this.#dial(request, start, done)
  }

  #dial(request: WireRequest, start: number, done: Done): void {
    const { url, timeoutMs } = request
    const { resolver, share, tls, proxies, localAddress } = this.#options
    const proxy = proxies.for(url)
    if (proxy !== null && proxy.url.scheme !== 'http') {
      const text = `proxies of the scheme "${proxy.url.scheme}" are not supported; want http`
      return done(failed(new HttpFailure(1000, text), start))
    }
    const near = proxy?.url ?? url
    const epoch = this.#epoch
    resolver.resolve(near.host, near.port, (endpoint) => {
      if (epoch !== this.#epoch) return
      if (!('address' in endpoint)) return done(failed(endpoint, start))
      const authorization = proxy?.authorization ?? null
      const connection: Connection = new Connection(
        {
          ...endpoint,
          host: url.host,
          isTls: url.isTls,
          tls: url.isTls ? tls(url.host) : {},
          localAddress,
          tunnel: proxy !== null && url.isTls ? connectHead(url, authorization) : null,
        },
        share,
        timeoutMs,
        () => this.#opened(connection, request, start, done),
        (failure) => {
          this.#release(connection)
          done(failed(failure, start))
        },
      )
      this.#busy.add(connection)
    })
  }

  #opened(connection: Connection, request: WireRequest, start: number, done: Done): void {
    if (connection.alpn !== 'h2') return this.#send(connection, request, start, done, false)
    const epoch = this.#epoch
    const socket = connection.takeTls()
    // Nobody listens until the protocol is loaded: a failure in between is found when it is used.
    socket.on('error', () => {})
    void import('./h2-session.ts').then(({ H2Session: Session }) => {
      this.#release(connection)
      if (epoch !== this.#epoch) return void socket.destroy()
      this.#shared ??= new Map()
      const { origin } = request.url
      const other = this.#shared.get(origin)
      // Somebody was faster: one connection is enough.
      if (other?.session.isOpen && !this.#options.noReuse) {
        socket.destroy()
        return this.#sendShared(other, request, start, done, false)
      }
      const session = new Session(socket, origin, () => {
        if (this.#shared?.get(origin)?.session === session) this.#shared.delete(origin)
      })
      const shared = { session, connection }
      if (!this.#options.noReuse) this.#shared.set(origin, shared)
      this.#sendShared(shared, request, start, done, false)
    })
  }

  #sendShared(
    { session, connection }: Shared,
    request: WireRequest,
    start: number,
    done: Done,
    isReused: boolean,
  ): void {
    const leftMs = Math.max(1, request.timeoutMs - (performance.now() - start))
    const { head, body, wantsBody } = request
    session.request({ head, body, wantsBody, timeoutMs: leftMs }, (result) => {
      this.#count(connection)
      if (this.#options.noReuse || request.closes) session.close()
      done(sharedResult(result, connection, start, isReused, wantsBody))
    })
  }

  #send(
    connection: Connection,
    request: WireRequest,
    start: number,
    done: Done,
    isReused: boolean,
  ): void {
    this.#busy.add(connection)
    const leftMs = isReused
      ? request.timeoutMs
      : Math.max(1, request.timeoutMs - (performance.now() - start))
    const onFail = (failure: HttpFailure): void => {
      this.#release(connection)
      const isStale = isReused && !connection.hasAnswer && failure.code !== 1050
      const isRepeatable = request.isRepeatable || REPEATABLE.has(request.method)
      if (isStale && isRepeatable) return this.#dial(request, start, done)
      done(failed(failure, start, connection))
    }
    connection.send(
      request.head,
      request.body,
      request.method === 'HEAD',
      request.wantsBody,
      leftMs,
      (exchange) => {
        const { sendStart, sendEnd, firstByte, end } = connection.moments
        const result: WireResult = {
          exchange,
          failure: null,
          partialBody: null,
          timings: {
            blocked: Math.max(0, sendStart - start),
            connecting: isReused ? 0 : connection.connectingMs,
            handshaking: isReused ? 0 : connection.handshakingMs,
            sending: sendEnd - sendStart,
            waiting: Math.max(0, firstByte - sendEnd),
            receiving: Math.max(0, end - firstByte),
          },
          remoteAddress: connection.remoteAddress,
          remotePort: connection.remotePort,
          tlsVersion: connection.tlsVersion,
          cipher: connection.cipher,
        }
        this.#release(connection)
        if (request.closes) connection.close()
        else this.#keep(request.url.origin, connection)
        done(result)
      },
      onFail,
    )
  }

  #release(connection: Connection): void {
    this.#busy.delete(connection)
    this.#count(connection)
  }

  #count(connection: Connection): void {
    this.#sent += connection.takeSent()
    this.#received += connection.takeReceived()
  }

  /** Puts a connection that can be used again aside. */
  #keep(origin: string, connection: Connection): void {
    const { noReuse, maxIdle, maxIdlePerOrigin } = this.#options
    let idle = this.#idle.get(origin)
    if (idle === undefined) this.#idle.set(origin, (idle = []))
    if (noReuse || !connection.isOpen || idle.length >= maxIdlePerOrigin) return connection.close()
    if (maxIdle > 0 && this.#idleCount >= maxIdle && !this.#dropOldest()) return connection.close()
    const kept = idle
    connection.whenLost(() => {
      const index = kept.indexOf(connection)
      if (index < 0) return
      kept.splice(index, 1)
      this.#idleCount--
    })
    idle.push(connection)
    this.#idleCount++
  }

  #dropOldest(): boolean {
    for (const idle of this.#idle.values()) {
      const oldest = idle.shift()
      if (oldest === undefined) continue
      this.#idleCount--
      oldest.close()
      return true
    }
    return false
  }

  /** Bytes written since the last call. */
  takeSent(): number {
    for (const connection of this.#busy) this.#count(connection)
    for (const { connection } of this.#shared?.values() ?? []) this.#count(connection)
    const sent = this.#sent
    this.#sent = 0
    return sent
  }

  /** Bytes read up to the last call of `takeSent`, since the last call. */
  takeReceived(): number {
    const received = this.#received
    this.#received = 0
    return received
  }

  /** Drops what is under way; nobody is told. */
  abort(): void {
    this.#epoch++
    for (const connection of this.#busy) {
      this.#count(connection)
      connection.close()
    }
    this.#busy.clear()
    for (const { session } of this.#shared?.values() ?? []) session.abort()
  }

  closeIdle(): void {
    for (const idle of this.#idle.values())
      for (const connection of idle.slice()) connection.close()
    this.#idle.clear()
    this.#idleCount = 0
    for (const [origin, { session, connection }] of this.#shared ?? []) {
      if (!session.isIdle) continue
      this.#count(connection)
      this.#shared!.delete(origin)
      session.close()
    }
  }

  close(): void {
    this.abort()
    this.closeIdle()
  }
}

function connectHead(url: RequestUrl, authorization: string | null): string {
  const target = `${url.host.includes(':') ? `[${url.host}]` : url.host}:${url.port}`
  const own = authorization === null ? '' : `Proxy-Authorization: ${authorization}\r\n`
  return `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\nUser-Agent: Go-http-client/1.1\r\n${own}\r\n`
}

function sharedResult(
  { head, body, failure, sendStart, sendEnd, firstByte, end }: H2Result,
  connection: Connection,
  start: number,
  isReused: boolean,
  wantsBody: boolean,
): WireResult {
  const { remoteAddress, remotePort, tlsVersion, cipher } = connection
  return {
    exchange: failure === null ? { head: head!, body: wantsBody ? body : null } : null,
    failure,
    partialBody: failure !== null && head !== null ? body : null,
    timings: {
      blocked: Math.max(0, sendStart - start),
      connecting: isReused ? 0 : connection.connectingMs,
      handshaking: isReused ? 0 : connection.handshakingMs,
      sending: sendEnd - sendStart,
      waiting: Math.max(0, (firstByte === 0 ? end : firstByte) - sendEnd),
      receiving: firstByte === 0 ? 0 : Math.max(0, end - firstByte),
    },
    remoteAddress,
    remotePort,
    tlsVersion,
    cipher,
  }
}

function failed(failure: HttpFailure, start: number, connection?: Connection): WireResult {
  if (connection === undefined) return { ...UNCONNECTED, failure }
  const now = performance.now()
  const { sendStart, sendEnd, firstByte } = connection.moments
  const { connectingMs, handshakingMs, remoteAddress, remotePort, tlsVersion, cipher } = connection
  return {
    exchange: null,
    failure,
    partialBody: connection.isInBody ? connection.partialBody() : null,
    timings: {
      blocked: Math.max(0, sendStart - start),
      connecting: connection.exchanges === 0 ? connectingMs : 0,
      handshaking: connection.exchanges === 0 ? handshakingMs : 0,
      sending: sendEnd - sendStart,
      waiting: Math.max(0, (firstByte === 0 ? now : firstByte) - sendEnd),
      receiving: firstByte === 0 ? 0 : now - firstByte,
    },
    remoteAddress,
    remotePort,
    tlsVersion,
    cipher,
  }
}
