/**
 * The module `k6/websockets`: the browser's WebSocket. Events are pieces of the VU's script of their own,
 * one after the other; an open socket keeps the iteration open.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type WebSocket from 'ws'
import type { Endpoint } from '../http/dns.ts'
import { failureOf } from '../http/failure.ts'
import type { TagSet } from '../metrics/tags.ts'
import { Blob } from './blob.ts'
import { bufferOf } from './bytes.ts'
import { goError } from './go-error.ts'
import { textOf } from './text.ts'
import type { Vu } from './vu.ts'
import { dialTracked, sentOver, webSocketClass } from './websocket-class.ts'
import { closeText } from './websocket-close.ts'
import { type SocketParams, readProtocols, readSocketParams, readUrl } from './websocket-params.ts'

const STATES = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const
const HANDSHAKE_TIMEOUT_MS = 60_000
/** Bytes of one message. */
const MAX_MESSAGE_BYTES = 64 << 20
/** Events of one socket that wait for the script. */
const MAX_QUEUED_EVENTS = 100_000
/** Bytes that a close reason may have. */
const MAX_REASON_BYTES = 123

const EVENTS = ['open', 'message', 'error', 'close', 'ping', 'pong'] as const
type EventName = (typeof EVENTS)[number]
type Listener = (...args: unknown[]) => unknown

export function createWebSockets(vu: Vu): Record<string, unknown> {
  function ScriptWebSocket(url: unknown, protocols?: unknown, params?: unknown): object {
    vu.requireRunning('using websockets')
    const address = readUrl(url)
    const settings = readSocketParams(params, vu.environment.options.userAgent)
    return new Connection(vu, address, readProtocols(protocols), settings).object
  }
  defineStates(ScriptWebSocket)
  return { WebSocket: ScriptWebSocket, Blob }
}

/** Under its old name, with a word about it. */
export function createOldWebSockets(vu: Vu): Record<string, unknown> {
  // Once for the test, not for each VU.
  if (vu.id === 0)
    vu.environment.log(
      'warning',
      'k6/experimental/websockets is now part of the k6 core, please change your imports to use k6/websockets instead. The k6/experimental/websockets will be removed',
    )
  return createWebSockets(vu)
}

function defineStates(target: object): void {
  for (const [name, value] of Object.entries(STATES))
    Object.defineProperty(target, name, { value, enumerable: true })
}

class Connection {
  /** What the script holds. */
  readonly object: object
  readonly #vu: Vu
  readonly #url: string
  readonly #params: SocketParams
  readonly #protocols: readonly string[]
  readonly #listeners = new Map<EventName, { on: Listener | null; added: Listener[] }>(
    EVENTS.map((name) => [name, { on: null, added: [] }]),
  )
  readonly #pings = new Map<string, number>()
  #nextPing = 0
  #state: number = STATES.CONNECTING
  #binaryType = 'blob'
  #bufferedBytes = 0
  #socket: WebSocket | null = null
  #transport: Socket | null = null
  #tags: TagSet
  #extensions: string[] = []
  #events: (() => Promise<void>)[] = []
  #isRunning = false
  #isOver = false
  /** After a failure of the wire: closed without a word of why. */
  #isBroken = false
  #closeAsked: { code: number; reason: string } | null = null
  #closeCode = 0
  #closeReason = ''
  readonly #startMs = performance.now()
  #done: () => void = () => {}

  constructor(vu: Vu, url: string, protocols: readonly string[], params: SocketParams) {
    this.#vu = vu
    this.#url = url
    this.#params = params
    this.#protocols = protocols
    this.#tags = vu.withTags(params.tags)
    this.object = this.#scriptObject()
    void vu.pend<void>((done) => {
      this.#done = () => done()
      return () => this.#drop()
    })
    this.#resolve()
  }

  // The wire

  #resolve(): void {
    const { hostname, port, protocol } = new URL(this.#url)
    const host = hostname.replace(/^\[|\]$/g, '')
    const number = port === '' ? (protocol === 'wss:' ? 443 : 80) : Number(port)
    this.#vu.environment.resolver.resolve(host, number, (endpoint) => {
      if (this.#isOver) return
      if ('address' in endpoint) this.#dial(host, endpoint)
      else this.#refused(endpoint.detail, null)
    })
  }

  #dial(host: string, endpoint: Endpoint): void {
    const { tls, urls } = this.#vu.environment
    const { headers, jar, deflates } = this.#params
    const cookies = (jar ?? this.#vu.jar).for(urls.parse(this.#url.replace(/^ws/i, 'http')))
    if (cookies.length > 0 && headers['Cookie'] === undefined)
      headers['Cookie'] = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    const place = { host: endpoint.address, port: endpoint.port }
    const isSecure = /^wss:/i.test(this.#url)
    const dial = (): Socket => {
      const settings = isSecure
        ? { ...tls(host), servername: host, ALPNProtocols: ['http/1.1'] }
        : null
      const { raw, socket } = dialTracked(place, settings)
      this.#transport = raw
      // What the package `ws` keeps to itself: how a connection that was open broke.
      socket.once('error', () => (this.#isBroken = true))
      return socket
    }
    let socket: WebSocket
    try {
      socket = new (webSocketClass())(this.#url, [...this.#protocols], {
        headers,
        createConnection: dial,
        maxPayload: MAX_MESSAGE_BYTES,
        perMessageDeflate: deflates && {
          clientNoContextTakeover: true,
          serverNoContextTakeover: true,
        },
        handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      } as WebSocket.ClientOptions)
    } catch (error) {
      return this.#refused((error as Error).message, null)
    }
    this.#socket = socket
    this.#listen(socket, `${endpoint.address}:${endpoint.port}`)
  }

  #listen(socket: WebSocket, remote: string): void {
    let handshake: IncomingMessage | null = null
    socket.on('upgrade', (response) => (handshake = response))
    socket.on('unexpected-response', (_, response) => {
      this.#refused('websocket: bad handshake', response.statusCode ?? 0)
      response.destroy()
    })
    socket.on('open', () => this.#opened(handshake!))
    socket.on('message', (data: Buffer, isBinary) => this.#received(data, isBinary))
    socket.on('ping', () => this.#emit('ping'))
    socket.on('pong', (data: Buffer) => this.#enqueue(() => this.#ponged(data.toString('latin1'))))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#isBroken = true
      if (this.#state !== STATES.CONNECTING || handshake !== null) return
      const place = { host: new URL(this.#url).hostname, remote, local: '' }
      const isOfNetwork = error.code !== undefined && !error.code.startsWith('WS_')
      this.#refused(
        isOfNetwork ? failureOf(error, 'dial', place).detail : 'websocket: bad handshake',
        null,
      )
    })
    socket.on('close', (code, reason) => this.#ended(code, reason.toString('utf8')))
  }

  #tag(status: number | null): void {
    const { tags } = this.#vu.environment.samples
    const name = new Map(this.#tags.pairs).get('name') ?? this.#url
    const own: [string, string][] = [
      ['url', name],
      ['name', name],
    ]
    if (status !== null)
      own.push(['status', String(status)], ['subproto', this.#socket?.protocol ?? ''])
    this.#tags = tags.with(this.#tags, own)
  }

  #sampleConnecting(): void {
    this.#sample('ws_sessions', 1)
    this.#sample('ws_connecting', performance.now() - this.#startMs)
  }

  #opened(response: IncomingMessage): void {
    const extensions = response.headers['sec-websocket-extensions']
    this.#extensions = extensions === undefined ? [] : [extensions]
    this.#tag(response.statusCode ?? 101)
    this.#sampleConnecting()
    this.#enqueue(async () => {
      if (this.#closeAsked !== null) return this.#sendClose()
      this.#state = STATES.OPEN
      await this.#call('open', {})
    })
  }

  /** It never opened. */
  #refused(message: string, status: number | null): void {
    if (this.#isOver || this.#state === STATES.CLOSED) return
    this.#tag(status)
    this.#sampleConnecting()
    this.#state = STATES.CLOSED
    this.#enqueue(async () => {
      await this.#call('error', { error: message })
      await this.#call('close', this.#closeFields())
    })
    this.#enqueue(async () => this.#finish())
  }

  #received(data: Buffer, isBinary: boolean): void {
    this.#enqueue(async () => {
      if (this.#state !== STATES.OPEN) return
      this.#sample('ws_msgs_received', 1)
      await this.#call('message', { data: this.#payload(data, isBinary), origin: this.#url })
    })
  }

  #payload(data: Buffer, isBinary: boolean): unknown {
    if (!isBinary) return data.toString('utf8')
    return this.#binaryType === 'blob' ? new Blob([data]) : bufferOf(data)
  }

  async #ponged(id: string): Promise<void> {
    const sentMs = this.#pings.get(id)
    this.#pings.delete(id)
    if (sentMs !== undefined) this.#sample('ws_ping', performance.now() - sentMs)
    await this.#call('pong', {})
  }

  #ended(code: number, reason: string): void {
    if (this.#state === STATES.CLOSED && !this.#isRunning && this.#socket === null) return
    this.#enqueue(async () => {
      if (this.#state === STATES.CLOSED) return
      this.#state = STATES.CLOSED
      // What broke the connection is told to nobody, as in k6; an end without a word is 1006.
      if (!this.#isBroken) {
        this.#closeCode = code
        this.#closeReason = code === 1006 ? 'unexpected EOF' : reason
      }
      if (!this.#isBroken && code !== 1000 && code !== 1001)
        await this.#call('error', { error: closeText(code, this.#closeReason) })
      await this.#call('close', this.#closeFields())
    })
    this.#enqueue(async () => {
      this.#sample('ws_session_duration', performance.now() - this.#startMs)
      this.#finish()
    })
  }

  #closeFields(): object {
    return {
      ...(this.#closeCode === 0 ? {} : { code: this.#closeCode }),
      reason: this.#closeReason,
    }
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#events = []
    this.#sampleTraffic()
    this.#done()
  }

  /** Interrupted: nothing of the script runs any more. */
  #drop(): void {
    this.#isOver = true
    this.#events = []
    this.#sampleTraffic()
    const socket = this.#socket
    this.#socket = null
    socket?.removeAllListeners()
    socket?.on('error', () => {})
    socket?.terminate()
    this.#transport?.destroy()
  }

  #sampleTraffic(): void {
    const transport = this.#transport
    this.#transport = null
    if (transport === null) return
    this.#vu.countTraffic(sentOver(transport), transport.bytesRead)
  }

  #sample(metric: string, value: number): void {
    this.#vu.sample(metric, value, this.#tags)
  }

  // Events

  #emit(name: EventName): void {
    this.#enqueue(() => this.#call(name, {}))
  }

  #enqueue(event: () => Promise<void>): void {
    if (this.#isOver) return
    if (this.#events.length >= MAX_QUEUED_EVENTS) {
      this.#socket?.terminate()
      return
    }
    this.#events.push(event)
    if (!this.#isRunning) void this.#runEvents()
  }

  async #runEvents(): Promise<void> {
    this.#isRunning = true
    for (
      let event = this.#events.shift();
      event !== undefined && !this.#isOver;
      event = this.#events.shift()
    )
      await event()
    this.#isRunning = false
  }

  /** A listener that throws ends the connection, and its error is the iteration's. */
  async #call(name: EventName, fields: object): Promise<void> {
    const { on, added } = this.#listeners.get(name)!
    const event = { type: name, target: this.object, timestamp: Date.now(), ...fields }
    for (const listener of on === null ? added : [on, ...added]) {
      let thrown: { error: unknown } | null = null
      await this.#vu.callback(listener, [event], (error) => (thrown = { error }))
      if (thrown === null) continue
      this.#socket?.terminate()
      if (name !== 'open' && name !== 'message') return
      this.#state = STATES.CLOSED
      const { error } = thrown as { error: unknown }
      await this.#call('error', { error: error instanceof Error ? String(error) : textOf(error) })
      return this.#call('close', this.#closeFields())
    }
  }

  // What the script does

  #requireOpen(): void {
    if (this.#state !== STATES.OPEN) throw goError('InvalidStateError')
  }

  #send(data: unknown): void {
    this.#requireOpen()
    const bytes = sentBytes(data)
    const size = typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length
    this.#bufferedBytes += size
    this.#socket!.send(bytes, (error) => {
      if (error !== undefined && error !== null) return
      this.#bufferedBytes -= size
      if (!this.#isOver) this.#sample('ws_msgs_sent', 1)
    })
  }

  #ping(): void {
    this.#requireOpen()
    const id = String(this.#nextPing++)
    this.#pings.set(id, performance.now())
    this.#socket!.ping(id)
    this.#sample('ws_msgs_sent', 1)
  }

  #close(code: unknown, reason: unknown): void {
    if (this.#state >= STATES.CLOSING) return
    const number = code === undefined || code === null ? 0 : Math.trunc(Number(code)) || 0
    if (number !== 0 && number !== 1000 && !(number >= 3000 && number <= 4999)) {
      throw goError(
        `InvalidAccessError: Failed to execute 'close' on 'WebSocket': The close code must be either 1000, or between 3000 and 4999. ${number} is neither`,
      )
    }
    const text = reason === undefined || reason === null ? '' : textOf(reason)
    if (Buffer.byteLength(text) > MAX_REASON_BYTES) {
      throw goError(
        `SyntaxError: Failed to execute 'close' on 'WebSocket': The message must not be greater than ${MAX_REASON_BYTES} bytes`,
      )
    }
    const wasOpen = this.#state === STATES.OPEN
    this.#state = STATES.CLOSING
    this.#closeCode = number === 0 ? 1000 : number
    this.#closeAsked = { code: this.#closeCode, reason: text }
    if (wasOpen) this.#sendClose()
  }

  #sendClose(): void {
    const { code, reason } = this.#closeAsked!
    this.#socket!.close(code, reason)
    this.#sample('ws_msgs_sent', 1)
  }

  #addEventListener(name: unknown, listener: unknown): void {
    if (typeof listener !== 'function')
      throw goError(`handler for event type "${textOf(name)}" isn't a callable function`)
    const listeners = this.#listeners.get(name as EventName)
    if (listeners !== undefined) listeners.added.push(listener as Listener)
    else {
      const problem = `can't add event handler: unknown event type: ${textOf(name)}`
      this.#vu.environment.log('warning', problem)
    }
  }

  #setOn(name: EventName, listener: unknown): void {
    const isNone = listener === undefined || listener === null
    if (!isNone && typeof listener !== 'function')
      throw goError(`a value for 'on${name}' should be callable`)
    this.#listeners.get(name)!.on = isNone ? null : (listener as Listener)
  }

  #scriptObject(): object {
    const object = {
      url: this.#url,
      send: (data: unknown) => this.#send(data),
      ping: () => this.#ping(),
      close: (code?: unknown, reason?: unknown) => this.#close(code, reason),
      addEventListener: (name: unknown, listener: unknown) =>
        this.#addEventListener(name, listener),
    }
    const reader = (name: string, get: () => unknown, set?: (value: unknown) => void): void => {
      Object.defineProperty(object, name, { get, ...(set && { set }), enumerable: true })
    }
    reader('readyState', () => this.#state)
    reader('bufferedAmount', () => this.#bufferedBytes)
    reader('extensions', () => this.#extensions)
    reader('protocol', () => this.#socket?.protocol ?? '')
    reader(
      'binaryType',
      () => this.#binaryType,
      (value) => {
        if (value !== 'blob' && value !== 'arraybuffer')
          throw goError(
            `unknown binaryType ${textOf(value)}, the supported ones are "blob" and "arraybuffer"`,
          )
        this.#binaryType = value
      },
    )
    for (const name of EVENTS)
      reader(
        `on${name}`,
        () => this.#listeners.get(name)!.on,
        (listener) => this.#setOn(name, listener),
      )
    defineStates(object)
    return object
  }
}

function sentBytes(data: unknown): string | Uint8Array {
  if (typeof data === 'string') return data
  if (data instanceof Blob) return Blob.bytesOf(data)
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  throw goError(
    `unsupported send type ${data === null || data === undefined ? '<nil>' : typeof data}`,
  )
}
