/** The I/O thread's end of one VU thread: holds its connections and websockets, and wakes it. */
import type { IncomingMessage } from 'node:http'
import type { MessagePort } from 'node:worker_threads'
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type WebSocket from 'ws'
import type { HttpClient, WireResult } from '../http/client.ts'
import type { HttpFailure } from '../http/failure.ts'
import { decode, loadZstd } from '../vu/http-encoding.ts'
import type { VuEnvironment } from '../vu/environment.ts'
import { CLOSED, OPEN, dialTracked, sentOver, webSocketClass } from '../vu/websocket-class.ts'
import type { FromIo, RemoteResult, ToIo } from './wire.ts'

export class VuIo {
  readonly #port: MessagePort
  readonly #posted: Int32Array
  readonly #client: HttpClient
  readonly #environment: VuEnvironment
  readonly #sockets = new Map<number, { socket: WebSocket; left: () => void }>()
  readonly #onStopped: () => void

  constructor(
    port: MessagePort,
    posted: SharedArrayBuffer,
    client: HttpClient,
    environment: VuEnvironment,
    onStopped: () => void,
  ) {
    this.#port = port
    this.#posted = new Int32Array(posted)
    this.#client = client
    this.#environment = environment
    this.#onStopped = onStopped
    port.on('message', (message: ToIo) => this.#hear(message))
  }

  /** Tells the VU to drop what it is doing. */
  stop(): void {
    this.#post({ op: 'stop' })
  }

  close(): void {
    this.#client.close()
    for (const { socket } of this.#sockets.values()) socket.terminate()
    this.#sockets.clear()
    this.#port.close()
  }

  #post(message: FromIo): void {
    this.#port.postMessage(message)
    Atomics.add(this.#posted, 0, 1)
    Atomics.notify(this.#posted, 0)
  }

  #hear(message: ToIo): void {
    switch (message.op) {
      case 'request': {
        const { id, request } = message
        return this.#client.request(
          { ...request, url: this.#environment.urls.parse(request.url) },
          (result) => this.#decoded(id, result),
        )
      }
      case 'client':
        return this.#client[message.call]()
      case 'dial':
        return this.#dial(message)
      case 'socket':
        return this.#callSocket(message)
      case 'stopped':
        return this.#onStopped()
    }
  }

  /** zstd is loaded asynchronously, which a thread that blocks cannot wait for: it is undone here. */
  #decoded(id: number, result: WireResult): void {
    const { exchange } = result
    const encoding = exchange?.head.contentEncoding ?? ''
    if (!exchange?.body?.length || !encoding.includes('zstd')) return this.#answer(id, result)
    const bytes = Buffer.from(exchange.body)
    void loadZstd().then(() => {
      try {
        const head = { ...exchange.head, contentEncoding: '' }
        this.#answer(id, { ...result, exchange: { head, body: decode(bytes, encoding) } })
      } catch (error) {
        const failure = error as HttpFailure
        this.#answer(id, { ...result, exchange: null, failure, partialBody: Buffer.alloc(0) })
      }
    })
  }

  #answer(id: number, result: WireResult): void {
    const sent = this.#client.takeSent()
    const received = this.#client.takeReceived()
    this.#post({ op: 'result', id, result: postable(result), sent, received })
  }

  #dial({ id, url, tlsHost, protocols, options }: Extract<ToIo, { op: 'dial' }>): void {
    const tls: ConnectionOptions | null =
      tlsHost === null
        ? null
        : { ...this.#environment.tls(tlsHost), servername: tlsHost, ALPNProtocols: ['http/1.1'] }
    let wire: Socket | null = null
    const tell = (socket: WebSocket | null, name: string, args: unknown[]): void =>
      this.#post({
        op: 'event',
        id,
        name,
        args,
        readyState: socket?.readyState ?? CLOSED,
        protocol: socket?.protocol ?? '',
        sent: wire === null ? 0 : sentOver(wire),
        received: wire?.bytesRead ?? 0,
      })
    let socket: WebSocket
    try {
      const createConnection = (): Socket => {
        const dialled = dialTracked(options, tls)
        wire = dialled.raw
        return dialled.socket
      }
      socket = new (webSocketClass())(url, protocols, {
        ...options,
        createConnection,
      } as WebSocket.ClientOptions)
    } catch (error) {
      return tell(null, 'error', [error])
    }
    this.#sockets.set(id, {
      socket,
      left: () => {
        tell(socket, 'left', [])
        wire?.destroySoon()
      },
    })
    const headOf = ({ statusCode, headers }: IncomingMessage): object => ({
      statusCode,
      headers: { ...headers },
    })
    socket.on('upgrade', (response) => tell(socket, 'upgrade', [headOf(response)]))
    socket.on('open', () => tell(socket, 'open', []))
    socket.on('unexpected-response', (_, response) => {
      tell(socket, 'unexpected-response', [null, headOf(response)])
      response.destroy()
    })
    socket.on('message', (data, isBinary) =>
      tell(socket, 'message', [new Uint8Array(data as Buffer), isBinary]),
    )
    socket.on('ping', (data) => tell(socket, 'ping', [new Uint8Array(data)]))
    socket.on('pong', (data) => tell(socket, 'pong', [new Uint8Array(data)]))
    socket.on('error', (error) => tell(socket, 'error', [error]))
    socket.on('close', (code) => {
      this.#sockets.delete(id)
      tell(socket, 'close', [code])
    })
  }

  #callSocket({ id, call, args }: Extract<ToIo, { op: 'socket' }>): void {
    const held = this.#sockets.get(id)
    if (held === undefined) return
    const { socket } = held
    if (call === 'leave') return held.left()
    if ((call === 'send' || call === 'ping') && socket.readyState !== OPEN) return
    ;(socket[call] as (...args: unknown[]) => void)(...args)
  }
}

/** The body lies in a buffer that is used again, and that much else lies in. */
function postable({ exchange, failure, partialBody, ...rest }: WireResult): RemoteResult {
  return {
    ...rest,
    partialBody: partialBody === null ? null : new Uint8Array(partialBody),
    exchange:
      exchange === null
        ? null
        : {
            head: exchange.head,
            body: exchange.body === null ? null : new Uint8Array(exchange.body),
          },
    failure:
      failure === null
        ? null
        : { code: failure.code, message: failure.message, detail: failure.detail },
  }
}
