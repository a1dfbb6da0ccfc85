// One HTTP server of the arcade: routes, `/metrics`, `/_faults`, faults and limits in one place.
//
// Routes are a table `METHOD /path/:part -> handler`. A handler returns its reply; what it throws
// becomes a 500. `/metrics`, `/_faults` and `/-/healthy` answer past faults, gate and counting.
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Registry } from 'prom-client'
import type { Faults } from './faults.ts'

export interface Reply {
  status: number
  type?: string
  body?: string | Buffer
  headers?: Record<string, string>
}

export interface Call {
  method: string
  path: string
  query: URLSearchParams
  /** Values of the `:part`s of the route. */
  parts: Map<string, string>
  headers: IncomingMessage['headers']
  body: Buffer
}

export interface Route {
  method: 'GET' | 'POST'
  /** `/open_games/:product`; a part matches anything without a slash. */
  path: string
  /** How metrics call it. */
  name: string
  handle: (call: Call) => Promise<Reply> | Reply
}

/** Told after every reply; `route` is null when none matched. */
export type Observer = (seen: {
  call: Call
  route: Route | null
  status: number
  seconds: number
}) => void

export interface HttpServiceOptions {
  routes: readonly Route[]
  registry: Registry
  faults: Faults
  observe?: Observer
  /** Requests worked on at the same time; the rest wait. */
  concurrency?: number
  log: (message: string) => void
}

const bodyBytesMax = 64 * 1024
const waitingMax = 2000
const requestTimeoutMs = 30_000

/** A server that does not listen yet. */
export function createHttpService(options: HttpServiceOptions): Server {
  const gate = new Gate(options.concurrency ?? Infinity)
  const server = createServer((request, response) => {
    void answer(options, gate, request).then(
      (reply) => send(response, reply),
      (error: unknown) => {
        options.log(`${request.method} ${request.url}: ${String(error)}`)
        send(response, { status: 500, type: 'text/plain', body: 'Internal Server Error' })
      },
    )
  })
  server.requestTimeout = requestTimeoutMs
  server.headersTimeout = requestTimeoutMs
  server.keepAliveTimeout = 60_000
  return server
}

/** A reply with a JSON body. */
export function json(status: number, value: unknown): Reply {
  return { status, type: 'application/json', body: JSON.stringify(value) }
}

async function answer(
  options: HttpServiceOptions,
  gate: Gate,
  request: IncomingMessage,
): Promise<Reply> {
  const url = new URL(request.url ?? '/', 'http://arcade')
  if (url.pathname === '/metrics')
    return {
      status: 200,
      type: options.registry.contentType,
      body: await options.registry.metrics(),
    }
  if (url.pathname === '/-/healthy') return { status: 200, type: 'text/plain', body: 'ok' }
  if (url.pathname.startsWith('/_faults'))
    return await faultReply(options.faults, request, url.pathname)

  const startMs = performance.now()
  const body = await readBody(request)
  if (body === null) return { status: 413, type: 'text/plain', body: 'Request body too large' }
  const call: Call = {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    parts: new Map(),
    headers: request.headers,
    body,
  }
  const route = findRoute(options.routes, call)
  const reply = await work(options, gate, route, call)
  options.observe?.({
    call,
    route,
    status: reply.status,
    seconds: (performance.now() - startMs) / 1000,
  })
  return reply
}

async function work(
  options: HttpServiceOptions,
  gate: Gate,
  route: Route | null,
  call: Call,
): Promise<Reply> {
  const place = gate.enter()
  if (!place) return { status: 503, type: 'text/plain', body: 'Too many requests' }
  await place
  try {
    const delayMs = options.faults.delayMs()
    if (delayMs > 0) await sleep(delayMs)
    if (options.faults.failsNow(Date.now()))
      return { status: 500, type: 'text/plain', body: 'Internal Server Error' }
    if (!route) return { status: 404, type: 'text/plain', body: 'Not Found' }
    return await route.handle(call)
  } catch (error) {
    options.log(`${call.method} ${call.path}: ${String(error)}`)
    return { status: 500, type: 'text/plain', body: 'Internal Server Error' }
  } finally {
    gate.leave()
  }
}

function findRoute(routes: readonly Route[], call: Call): Route | null {
  const asked = call.path.split('/')
  for (const route of routes) {
    const method = call.method === 'HEAD' ? 'GET' : call.method
    const wanted = route.path.split('/')
    if (route.method !== method || wanted.length !== asked.length) continue
    const parts = new Map<string, string>()
    const matches = wanted.every((part, i) => {
      if (!part.startsWith(':')) return part === asked[i]
      parts.set(part.slice(1), asked[i]!)
      return asked[i] !== ''
    })
    if (!matches) continue
    call.parts = parts
    return route
  }
  return null
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > bodyBytesMax) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function send(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, {
    'Content-Type': reply.type ?? 'text/plain',
    'Content-Length': Buffer.byteLength(reply.body ?? ''),
    ...reply.headers,
  })
  response.end(response.req.method === 'HEAD' ? undefined : reply.body)
}

/** `GET /_faults`, `POST|DELETE /_faults/<name>`, `DELETE /_faults`; for programs on this machine. */
async function faultReply(faults: Faults, request: IncomingMessage, path: string): Promise<Reply> {
  const from = request.socket.remoteAddress ?? ''
  const isLocal = from.startsWith('127.') || from === '::1' || from.startsWith('::ffff:127.')
  // A page in a browser must not reach this; browsers always name its origin when it changes something.
  if (!isLocal || request.headers.origin !== undefined)
    return json(403, { error: 'faults are switched from this machine only, and not by web pages' })
  const name = path.split('/')[2]
  if (request.method === 'GET') return json(200, faults.list())
  let isKnown = false
  if (request.method === 'DELETE') isKnown = await faults.stop(name)
  else if (request.method === 'POST' && name) isKnown = await faults.start(name)
  else return json(405, { error: 'want GET, POST /_faults/<name> or DELETE' })
  return isKnown ? json(200, faults.list()) : json(404, { error: `no fault named '${name}' here` })
}

/** Lets a number of calls in and keeps a bounded queue of the others, first come first served. */
class Gate {
  #free: number
  #waiting: (() => void)[] = []

  constructor(places: number) {
    this.#free = places
  }

  /** Resolves when it is the caller's turn, who calls `leave` then; null when too many wait. */
  enter(): Promise<void> | null {
    if (this.#free > 0) {
      this.#free--
      return Promise.resolve()
    }
    if (this.#waiting.length >= waitingMax) return null
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free++
  }
}
