/** The module `k6/ws`: `connect` blocks until the socket is closed; its handlers run meanwhile, one after the other. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type WebSocket from 'ws'
import { FOLDED } from '../metrics/buffer.ts'
import { BUILTIN_METRICS } from '../metrics/metric.ts'
import type { TagSet } from '../metrics/tags.ts'
import { canonicalName } from '../http/head.ts'
import type { Endpoint } from '../http/dns.ts'
import { failureOf } from '../http/failure.ts'
import type { RequestUrl } from '../http/url.ts'
import { RemoteSocket } from '../blocking/remote-client.ts'
import { isColoured, isStarter } from '../script/isolate.ts'
import { cookieText } from './http-outgoing.ts'
import { type RequestParams, readParams } from './http-params.ts'
import { goError } from './go-error.ts'
import { textOf } from './text.ts'
import type { Vu } from './vu.ts'
import { CLOSING, OPEN, dialTracked, sentOver, webSocketClass } from './websocket-class.ts'
import { closeText } from './websocket-close.ts'

/** Bytes of one message. */
const MAX_MESSAGE_BYTES = 64 << 20
/** Events of one socket that wait for the script. */
const MAX_QUEUED_EVENTS = 100_000

type Callable = (...args: unknown[]) => unknown

export interface WsResult {
  url: string
  status: number
  headers: Record<string, string>
  body: string
  error: string
}

export function createWs(vu: Vu): Record<string, unknown> {
  return {
    connect: (url: unknown, ...rest: unknown[]) => {
      vu.requireRunning('using websockets')
      const callback = rest.at(-1)
      if (typeof callback !== 'function')
        throw new TypeError('last argument to ws.connect must be a function')
      const params = rest.length > 1 ? rest[0] : undefined
      return vu.block<WsResult>((done, fail) =>
        new Session(vu, String(url), params, callback as Callable, done, fail).start(),
      )
    },
  }
}

/** Calls a function of the script; gives a promise only where colouring made it wait. */
function called(fn: Callable, args: unknown[]): unknown {
  const result = fn(...args)
  return isColoured(fn) || isStarter(fn) ? result : undefined
}

/** What cannot be read is an exception here. */
function readConnectParams(params: unknown): RequestParams {
  try {
    return readParams(params)
  } catch (error) {
    throw goError((error as Error).message)
  }
}

/** An error of the connection as handlers get it: its text is what `error()` gives. */
function wireError(message: string): Error {
  return Object.assign(goError(message), { error: () => message })
}

class Session {
  readonly #vu: Vu
  readonly #url: string
  readonly #callback: Callable
  readonly #done: (result: WsResult) => void
  readonly #fail: (error: unknown) => void
  readonly #params: RequestParams
  readonly #handlers = new Map<string, Callable[]>()
  readonly #timers = new Set<() => void>()
  readonly #pings = new Map<string, number>()
  #events: (() => unknown)[] = []
  #isRunning = false
  #isOver = false
  #socket: WebSocket | RemoteSocket | null = null
  /** What goes over the wire. */
  #transport: Socket | RemoteSocket | null = null
  #isLeaving = false
  #openEvent: (() => unknown) | null = null
  #result: WsResult
  #tags: TagSet
  #start = 0
  #openedMs = 0
  #endpoint: Endpoint | null = null
  readonly #deflates: boolean
  #lastPing = 0
  #thrown: { error: unknown } | null = null

  constructor(
    vu: Vu,
    url: string,
    params: unknown,
    callback: Callable,
    done: (result: WsResult) => void,
    fail: (error: unknown) => void,
  ) {
    this.#vu = vu
    this.#url = url
    this.#callback = callback
    this.#done = done
    this.#fail = fail
    // Parameters of k6/http that websockets do not have change nothing here.
    const { compression, ...rest } = (params ?? {}) as Record<string, unknown>
    const algorithm = compression === undefined || compression === null ? '' : textOf(compression)
    if (algorithm !== '' && algorithm !== 'deflate') {
      throw goError(
        `unsupported compression algorithm '${algorithm}', supported algorithm is 'deflate'`,
      )
    }
    this.#deflates = algorithm === 'deflate'
    this.#params = readConnectParams(rest)
    this.#result = { url, status: 0, headers: {}, body: '', error: '' }
    this.#tags = this.#params.tags === null ? vu.tags : vu.withTags(this.#params.tags)
  }

  /** Dials; returns how to drop everything. */
  start(): () => void {
    this.#start = performance.now()
    const { resolver, urls } = this.#vu.environment
    try {
      if (!/^wss?:/i.test(this.#url)) throw new Error('malformed ws or wss URL')
      const url = urls.parse(this.#url.replace(/^ws/i, 'http'))
      // A thread that blocks hears of no lookup; the other end does it.
      if (this.#vu.environment.waiter !== null) {
        this.#dial(
          url,
          resolver.mapped(url.host, url.port) ?? { address: url.host, port: url.port },
        )
        return () => this.#drop()
      }
      resolver.resolve(url.host, url.port, (endpoint) => {
        if (this.#isOver) return
        if (!('address' in endpoint)) return this.#refused(endpoint.detail)
        this.#dial(url, endpoint)
      })
    } catch (error) {
      this.#refused((error as Error).message.replace(/^invalid URL: /, ''))
      return () => {}
    }
    return () => this.#drop()
  }

  #dial(url: RequestUrl, endpoint: Endpoint): void {
    const { options, tls, waiter } = this.#vu.environment
    const headers: Record<string, string> = { 'User-Agent': options.userAgent }
    const cookies = cookieText(
      this.#params.headers?.get('Cookie'),
      null,
      this.#params.jar ?? this.#vu.jar,
      url,
    )
    for (const [name, value] of this.#params.headers ?? []) headers[name] = value
    if (cookies !== '') headers['Cookie'] = cookies
    headers['Host'] ??= url.hostHeader
    const protocols = this.#params.headers?.get('Sec-Websocket-Protocol')
    delete headers['Sec-Websocket-Protocol']
    this.#endpoint = endpoint
    const offered = protocols === undefined ? [] : protocols.split(/,\s*/)
    const settings = {
      headers,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: this.#deflates,
      handshakeTimeout: this.#params.timeoutMs,
      host: endpoint.address,
      port: endpoint.port,
    }
    try {
      if (waiter === null) {
        const secure = url.isTls
          ? { ...tls(url.host), servername: url.host, ALPNProtocols: ['http/1.1'] }
          : null
        const createConnection = (): Socket => {
          const { raw, socket } = dialTracked(settings, secure)
          this.#transport = raw
          return socket
        }
        this.#socket = new (webSocketClass())(this.#url, offered, {
          ...settings,
          createConnection,
        } as WebSocket.ClientOptions)
      } else {
        const remote = new RemoteSocket(waiter, {
          url: this.#url,
          tlsHost: url.isTls ? url.host : null,
          protocols: offered,
          options: settings,
        })
        this.#transport = remote
        this.#socket = remote
      }
    } catch (error) {
      return this.#refused((error as Error).message)
    }
    this.#listen(this.#socket as WebSocket)
  }

  #listen(socket: WebSocket): void {
    let handshake: IncomingMessage | null = null
    socket.on('upgrade', (response) => (handshake = response))
    socket.on('open', () => this.#opened(handshake!))
    socket.on('unexpected-response', (_, response) => {
      this.#answered(response)
      this.#refused('websocket: bad handshake')
      response.destroy?.()
    })
    socket.on('message', (data: Buffer, isBinary) => {
      if (this.#isLeaving) return
      this.#sample('ws_msgs_received', 1)
      if (isBinary) this.#emit('binaryMessage', () => [new Uint8Array(data).buffer])
      else this.#emit('message', () => [data.toString('utf8')])
    })
    socket.on('ping', () => this.#emit('ping', () => []))
    socket.on('pong', (data: Buffer) => {
      const sent = this.#pings.get(data.toString('latin1'))
      this.#pings.delete(data.toString('latin1'))
      if (sent !== undefined) this.#sample('ws_ping', performance.now() - sent)
      this.#emit('pong', () => [])
    })
    socket.on('error', (error) => {
      if (this.#openedMs === 0) return this.#refused(this.#reason(error))
      this.#result.error = error.message
      this.#emit('error', () => [wireError(`websocket: ${error.message}`)])
    })
    socket.on('close', (code, reason: Buffer | undefined) => this.#closed(code, reason))
  }

  /** Go's words for why there is no connection. */
  #reason(error: NodeJS.ErrnoException): string {
    if (error.code === undefined || this.#endpoint === null) return error.message
    const { address, port } = this.#endpoint
    const remote = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
    const phase = /^E[A-Z]+$/.test(error.code) && error.syscall !== 'read' ? 'dial' : 'tls'
    const host = this.#url.replace(/^\w+:\/\//, '').replace(/[:/?#].*$/s, '')
    return failureOf(error, phase, { host, remote, local: '' }).detail
  }

  #answered(response: IncomingMessage): void {
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(response.headers))
      headers[canonicalName(name)] = String(value)
    this.#result = { ...this.#result, status: response.statusCode ?? 0, headers }
  }

  #opened(response: IncomingMessage): void {
    this.#openedMs = performance.now()
    this.#answered(response)
    this.#tag()
    this.#sample('ws_sessions', 1)
    this.#sample('ws_connecting', this.#openedMs - this.#start)
    this.#enqueue(() => called(this.#callback, [this.#scriptSocket()]))
    this.#emit('open', () => [])
    this.#openEvent = this.#events.at(-1) ?? null
  }

  #tag(): void {
    // Unlike elsewhere in k6, a name is only what the script gives.
    const place = this.#vu.environment.samples.isFull ? FOLDED : this.#url
    const pairs: [string, string][] = [['url', place]]
    // Only what answered has a status; the protocol is there even when none was chosen.
    const { status } = this.#result
    if (status !== 0)
      pairs.push(['status', String(status)], ['subproto', this.#socket?.protocol ?? ''])
    this.#tags = this.#vu.environment.samples.tags.with(this.#tags, pairs)
  }

  /** The connection never opened. */
  #refused(message: string): void {
    if (this.#isOver) return
    this.#tag()
    this.#sample('ws_sessions', 1)
    this.#sample('ws_connecting', performance.now() - this.#start)
    this.#sample('ws_session_duration', performance.now() - this.#start)
    this.#countTraffic()
    // An answer that is none of a websocket is told by its status alone.
    this.#result = { ...this.#result, url: '', error: this.#result.status === 0 ? message : '' }
    const throws = this.#params.throw ?? this.#vu.environment.options.throw
    this.#vu.environment.log('warning', 'Attempt to establish a WebSocket connection failed', {
      error: message,
    })
    this.#end()
    if (throws) this.#fail(goError(message))
    else this.#done(this.#result)
  }

  // Handlers run in order, each to its end (they may block), before the next.

  #emit(event: string, args: () => unknown[]): void {
    const handlers = this.#handlers.get(event)
    // The callback of connect registers its handlers before anything else runs.
    if (handlers === undefined && !this.#isRunning) return
    this.#enqueue(() => {
      const calls = (this.#handlers.get(event) ?? []).map(
        (handler) => () => called(handler, args()),
      )
      this.#events.unshift(...calls)
    })
  }

  #enqueue(event: () => unknown): void {
    if (this.#isOver) return
    if (this.#events.length >= MAX_QUEUED_EVENTS) {
      this.#thrown ??= {
        error: goError(`websocket: more than ${MAX_QUEUED_EVENTS} events wait for the script`),
      }
      this.#socket?.terminate()
      return
    }
    this.#events.push(event)
    if (!this.#isRunning) this.#runEvents()
  }

  /** Runs what is queued; what waits (coloured handlers give promises) is waited for. */
  #runEvents(): void {
    this.#isRunning = true
    for (
      let event = this.#events.shift();
      event !== undefined && !this.#isOver;
      event = this.#events.shift()
    ) {
      try {
        const result = event()
        if (result instanceof Promise)
          return void result.then(
            () => this.#runEvents(),
            (error: unknown) => {
              this.#threw(error)
              this.#runEvents()
            },
          )
      } catch (error) {
        this.#threw(error)
      }
    }
    this.#isRunning = false
  }

  #threw(error: unknown): void {
    this.#thrown ??= { error }
    this.#events = []
    this.#close(1001)
  }

  /** The other end closed, or the connection broke. */
  #closed(code: number, reason: Buffer | undefined): void {
    if (this.#openedMs === 0 || this.#isOver || this.#isLeaving) return
    this.#isLeaving = true
    this.#stopTimers()
    if (code !== 1000 && code !== 1001) {
      const text = closeText(code, code === 1006 ? 'unexpected EOF' : String(reason ?? ''))
      this.#emit('error', () => [wireError(text)])
    }
    this.#emit('close', () => [code])
    this.#enqueue(() => this.#finish())
  }

  /** What the script or an exception closes is over at once; nobody waits for the other end's word. */
  #close(code: number): void {
    const socket = this.#socket
    if (socket === null || this.#isLeaving || socket.readyState >= CLOSING) return
    this.#isLeaving = true
    this.#stopTimers()
    try {
      socket.close(code)
    } catch {
      // A code that the wire does not have: the connection ends without a word.
      socket.terminate()
    }
    const end = (): void => {
      if (socket instanceof RemoteSocket) {
        socket.once('left', () => this.#finish())
        socket.leave()
      } else this.#finish()
    }
    this.#events = this.#events.filter((event) => event === this.#openEvent)
    try {
      this.#callNow('close', [code])
    } finally {
      this.#enqueue(end)
    }
  }

  /** Calls the handlers at once; those that may wait come next in the queue. */
  #callNow(event: string, args: unknown[]): void {
    for (const handler of this.#handlers.get(event) ?? []) {
      if (isColoured(handler) || isStarter(handler)) this.#enqueue(() => called(handler, args))
      else handler(...args)
    }
  }

  #finish(): void {
    if (this.#isOver) return
    this.#sample('ws_session_duration', performance.now() - this.#start)
    this.#countTraffic()
    this.#end()
    if (this.#transport !== null && 'destroySoon' in this.#transport) this.#transport.destroySoon()
    if (this.#thrown !== null) this.#fail(this.#thrown.error)
    else this.#done(this.#result)
  }

  #countTraffic(): void {
    const wire = this.#transport
    if (wire === null) return
    const sent = wire instanceof RemoteSocket ? wire.bytesSent : sentOver(wire)
    this.#vu.countTraffic(sent, wire.bytesRead)
  }

  #stopTimers(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  #end(): void {
    this.#isOver = true
    this.#stopTimers()
    this.#events = []
  }

  /** Interrupted: nothing of the script runs any more. */
  #drop(): void {
    if (!this.#isOver) this.#countTraffic()
    this.#end()
    this.#socket?.removeAllListeners()
    this.#socket?.on('error', () => {})
    this.#socket?.terminate()
  }

  #sample(metric: string, value: number): void {
    this.#vu.series(BUILTIN_METRICS.get(metric)!, this.#tags).add(value)
  }

  #scriptSocket(): object {
    const socket = this.#socket!
    const send = (data: string | Uint8Array): void => {
      // Counted even when it could not be sent, as in k6.
      if (socket.readyState === OPEN) socket.send(data)
      else this.#callNow('error', [wireError('websocket: close sent')])
      this.#sample('ws_msgs_sent', 1)
    }
    const timer = (fn: unknown, ms: unknown, repeats: boolean): void => {
      const delay = Number(ms)
      if (typeof fn !== 'function' || !(delay > 0)) {
        throw goError(
          `${repeats ? 'setInterval' : 'setTimeout'} requires a function and a delay greater than 0`,
        )
      }
      const start = (): void => {
        const cancel = this.#vu.later(() => {
          this.#timers.delete(cancel)
          if (repeats) start()
          this.#enqueue(() => called(fn as Callable, []))
        }, delay)
        this.#timers.add(cancel)
      }
      start()
    }
    return {
      on: (event: unknown, handler: unknown) => {
        if (typeof handler !== 'function')
          throw new TypeError('the handler of an event must be a function')
        const list = this.#handlers.get(String(event)) ?? []
        list.push(handler as Callable)
        this.#handlers.set(String(event), list)
      },
      send: (text: unknown) => send(String(text)),
      sendBinary: (data: unknown) => {
        if (!(data instanceof ArrayBuffer) && !ArrayBuffer.isView(data))
          throw new TypeError('expected ArrayBuffer as argument')
        send(
          data instanceof ArrayBuffer
            ? new Uint8Array(data)
            : new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
        )
      },
      ping: () => {
        if (socket.readyState !== OPEN) return
        const id = String(++this.#lastPing)
        this.#pings.set(id, performance.now())
        socket.ping(id)
      },
      setTimeout: (fn: unknown, ms: unknown) => timer(fn, ms, false),
      setInterval: (fn: unknown, ms: unknown) => timer(fn, ms, true),
      close: (code?: unknown) => this.#close(code === undefined ? 1001 : Number(code)),
    }
  }
}
