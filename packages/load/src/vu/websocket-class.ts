/** The package `ws`, loaded when the first websocket opens: it takes a worker as long to load as all the rest. */
import { createRequire } from 'node:module'
import { type Socket, connect } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type WebSocket from 'ws'

/** States of a websocket that its users ask for. */
export const OPEN = 1
export const CLOSING = 2
export const CLOSED = 3

const connected = new WeakSet<Socket>()

/** Bytes that went out: Node counts also what waits for a connection that never came. */
export function sentOver(raw: Socket): number {
  return connected.has(raw) ? raw.bytesWritten : 0
}

/** What goes over the wire is counted on `raw`, below TLS; `socket` is what is spoken over. */
export function dialTracked(
  place: { host: string; port: number },
  tls: ConnectionOptions | null,
): { raw: Socket; socket: Socket } {
  const raw = connect(place)
  raw.once('connect', () => connected.add(raw))
  raw.setNoDelay(true)
  if (tls === null) return { raw, socket: raw }
  const socket = connectTls({ ...tls, socket: raw })
  raw.on('error', (error) => socket.destroy(error))
  return { raw, socket }
}

let loaded: typeof WebSocket | null = null

export function webSocketClass(): typeof WebSocket {
  loaded ??= createRequire(import.meta.url)('ws') as typeof WebSocket
  return loaded
}
