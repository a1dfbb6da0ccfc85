/** The package `ws`, loaded when the first websocket opens: it takes a worker as long to load as all the rest. */
import { createRequire } from 'node:module'
import type WebSocket from 'ws'

/** States of a websocket that its users ask for. */
export const OPEN = 1
export const CLOSING = 2
export const CLOSED = 3

let loaded: typeof WebSocket | null = null

export function webSocketClass(): typeof WebSocket {
  loaded ??= createRequire(import.meta.url)('ws') as typeof WebSocket
  return loaded
}
