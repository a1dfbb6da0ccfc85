/**
 * What a VU thread and the thread that holds its sockets say to each other, and how a thread that
 * runs script code waits: messages lie in a port, and a counter in shared memory tells that there is
 * one more.
 *
 *   VU thread  ── ToIo ──▶  I/O thread        request, dial, write …
 *              ◀─ FromIo ──                   answers, events of sockets, "stop"
 */
import type { MessagePort } from 'node:worker_threads'
import type { Exchange } from '../http/connection.ts'
import type { WireRequest, WireResult } from '../http/client.ts'

/** A request with its URL as text. */
export type RemoteRequest = Omit<WireRequest, 'url'> & { url: string }

/** A result that can be posted: the body is a copy, a failure its code and message. */
export type RemoteResult = Omit<WireResult, 'exchange' | 'failure' | 'partialBody'> & {
  exchange: { head: Exchange['head']; body: Uint8Array | null } | null
  failure: { code: number; message: string; detail: string } | null
  partialBody: Uint8Array | null
}

export type ToIo =
  | { op: 'request'; id: number; request: RemoteRequest }
  | { op: 'client'; call: 'abort' | 'closeIdle' | 'close' }
  | {
      op: 'dial'
      id: number
      url: string
      /** Name of the server when it speaks TLS. */
      tlsHost: string | null
      protocols: string[]
      options: { host: string; port: number }
    }
  | {
      op: 'socket'
      id: number
      call: 'send' | 'ping' | 'close' | 'leave' | 'terminate'
      args: (string | number | Uint8Array)[]
    }
  /** The VU was told to stop, and stopped without its thread having to end. */
  | { op: 'stopped' }

export type FromIo =
  | { op: 'result'; id: number; result: RemoteResult; sent: number; received: number }
  | {
      op: 'event'
      id: number
      name: string
      args: unknown[]
      readyState: number
      protocol: string
      /** Bytes over the wire so far. */
      sent: number
      received: number
    }
  /** Interrupt what the VU is doing. */
  | { op: 'stop' }

/** What a VU thread is started with, so that it can wait. */
export interface BlockingData {
  port: MessagePort
  /** One Int32: messages posted to the VU thread so far. */
  posted: SharedArrayBuffer
}
