/** HTTP client and websocket as a VU thread sees them: the connections are the I/O thread's. */
import { EventEmitter } from 'node:events'
import type { HttpClient, WireRequest, WireResult } from '../http/client.ts'
import { HttpFailure } from '../http/failure.ts'
import type { RemoteResult, ToIo } from './wire.ts'
import type { Waiter } from './waiter.ts'

/** What a VU needs of its HTTP client. */
export type Client = Pick<
  HttpClient,
  'request' | 'abort' | 'closeIdle' | 'close' | 'takeSent' | 'takeReceived'
>

export class RemoteClient implements Client {
  readonly #waiter: Waiter
  readonly #pending = new Set<number>()
  #sent = 0
  #received = 0

  constructor(waiter: Waiter) {
    this.#waiter = waiter
  }

  request(request: WireRequest, done: (result: WireResult) => void): void {
    const id = this.#waiter.listen((message) => {
      if (message.op !== 'result') return
      this.#drop(id)
      this.#sent += message.sent
      this.#received += message.received
      done(revive(message.result))
    })
    this.#pending.add(id)
    this.#waiter.post({ op: 'request', id, request: { ...request, url: request.url.href } })
  }

  #drop(id: number): void {
    this.#pending.delete(id)
    this.#waiter.forget(id)
  }

  abort(): void {
    for (const id of this.#pending) this.#drop(id)
    this.#waiter.post({ op: 'client', call: 'abort' })
  }

  closeIdle(): void {
    this.#waiter.post({ op: 'client', call: 'closeIdle' })
  }

  close(): void {
    this.#waiter.post({ op: 'client', call: 'close' })
  }

  takeSent(): number {
    const sent = this.#sent
    this.#sent = 0
    return sent
  }

  takeReceived(): number {
    const received = this.#received
    this.#received = 0
    return received
  }
}

function revive(result: RemoteResult): WireResult {
  const { exchange, failure, partialBody } = result
  return {
    ...result,
    partialBody: partialBody === null ? null : bufferOf(partialBody),
    exchange:
      exchange === null
        ? null
        : { head: exchange.head, body: exchange.body === null ? null : bufferOf(exchange.body) },
    failure:
      failure === null ? null : new HttpFailure(failure.code, failure.message, failure.detail),
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The part of `ws`'s WebSocket that is used: its events, and what one does to it. */
export class RemoteSocket extends EventEmitter {
  readyState = 0
  protocol = ''
  /** Bytes over the wire so far, as told by the last event. */
  bytesSent = 0
  bytesRead = 0
  readonly #waiter: Waiter
  readonly #id: number

  constructor(waiter: Waiter, dial: Omit<Extract<ToIo, { op: 'dial' }>, 'op' | 'id'>) {
    super()
    this.#waiter = waiter
    this.#id = waiter.listen((message) => {
      if (message.op !== 'event') return
      const { name, args } = message
      this.readyState = message.readyState
      this.protocol = message.protocol
      this.bytesSent = message.sent
      this.bytesRead = message.received
      if (name === 'close') waiter.forget(this.#id)
      this.emit(name, ...args.map((one) => (one instanceof Uint8Array ? bufferOf(one) : one)))
    })
    waiter.post({ op: 'dial', id: this.#id, ...dial })
  }

  send(data: string | Uint8Array): void {
    this.#call('send', [data])
  }

  ping(data: string): void {
    this.#call('ping', [data])
  }

  close(code: number): void {
    this.#call('close', [code])
  }

  /** Lets go of the connection once what was written is out; 'left' when the bytes are counted. */
  leave(): void {
    this.#call('leave', [])
  }

  terminate(): void {
    this.#call('terminate', [])
  }

  #call(
    call: 'send' | 'ping' | 'close' | 'leave' | 'terminate',
    args: (string | number | Uint8Array)[],
  ): void {
    this.#waiter.post({ op: 'socket', id: this.#id, call, args })
  }
}
