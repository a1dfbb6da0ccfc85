/**
 * The HTTP client of one VU: keep-alive connections per origin, one request after the other on each.
 * It knows sockets and heads, nothing of k6's parameters.
 */
import type { ConnectionOptions } from 'node:tls'
import { Connection, type ConnectionShare, type Exchange } from './connection.ts'
import { type HttpFailure } from './failure.ts'
import type { Resolver } from './dns.ts'
import type { RequestUrl } from './url.ts'

/** Idle connections that a VU keeps per origin. */
const MAX_IDLE_PER_ORIGIN = 6
/** Requests that a server may answer twice without harm: tried again when a kept connection turns out to be dead. */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', ''])

export interface ClientOptions {
  share: ConnectionShare
  resolver: Resolver
  tls: ConnectionOptions
  /** Close every connection after one request. */
  noReuse: boolean
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

export class HttpClient {
  readonly #options: ClientOptions
  readonly #idle = new Map<string, Connection[]>()
  readonly #busy = new Set<Connection>()
  #sent = 0
  #received = 0

  constructor(options: ClientOptions) {
    this.#options = options
  }

  /** `done` is called once; never after `abort`. The body in its result is valid only until it returns. */
  request(request: WireRequest, done: Done): void {
    const start = performance.now()
    const idle = this.#idle.get(request.url.origin)
    for (let connection = idle?.pop(); connection !== undefined; connection = idle?.pop()) {
      if (connection.isOpen) return this.#send(connection, request, start, done, true)
    }
    this.#dial(request, start, done)
  }

  #dial(request: WireRequest, start: number, done: Done): void {
    const { url, timeoutMs } = request
    const { resolver, share, tls } = this.#options
    resolver.resolve(url.host, url.port, (endpoint) => {
      if (!('address' in endpoint)) return done(failed(endpoint, start))
      const connection: Connection = new Connection(
        {
          ...endpoint,
          host: url.host,
          isTls: url.isTls,
          tls: { ...tls, ...(/^[\d.]+$|:/.test(url.host) ? {} : { servername: url.host }) },
        },
        share,
        timeoutMs,
        () => this.#send(connection, request, start, done, false),
        (failure) => {
          this.#release(connection)
          done(failed(failure, start))
        },
      )
      this.#busy.add(connection)
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
        const connecting = isReused ? 0 : connection.connectingMs
        const handshaking = isReused ? 0 : connection.handshakingMs
        const result: WireResult = {
          exchange,
          failure: null,
          partialBody: null,
          timings: {
            blocked: Math.max(0, sendStart - start),
            connecting,
            handshaking,
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
    const idle = this.#idle.get(origin) ?? []
    if (this.#options.noReuse || !connection.isOpen || idle.length >= MAX_IDLE_PER_ORIGIN)
      return connection.close()
    connection.whenLost(() => {
      const index = idle.indexOf(connection)
      if (index >= 0) idle.splice(index, 1)
    })
    idle.push(connection)
    this.#idle.set(origin, idle)
  }

  /** Bytes written since the last call. */
  takeSent(): number {
    for (const connection of this.#busy) this.#count(connection)
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
    for (const connection of this.#busy) {
      this.#count(connection)
      connection.close()
    }
    this.#busy.clear()
  }

  closeIdle(): void {
    for (const idle of this.#idle.values())
      for (const connection of idle.slice()) connection.close()
    this.#idle.clear()
  }

  close(): void {
    this.abort()
    this.closeIdle()
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
