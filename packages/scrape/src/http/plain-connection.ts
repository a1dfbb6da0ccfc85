/**
 * One connection of plain HTTP/1.1 (RFC 9112) for GET, which nearly every scrape is: writes a request,
 * reads one answer, and again. All connections of the process read into one buffer, and a body is copied
 * once, to where it stays.
 *
 *   idle ──get──▶ head ──▶ body by length │ chunks │ until the end ──▶ idle or closed
 */
import { type Socket, connect } from 'node:net'
import { ScrapeError } from '../ingest/limits.ts'
import { type BodyPool, GrowingBody } from './body-pool.ts'
import { READ_BUFFER } from './static-read.ts'

/** Bytes that the head of an answer, the line of a chunk's size or of a trailer may have. */
const HEAD_BYTES_MAX = 64 * 1024
const LINE_BYTES_MAX = 4 * 1024

/** Of what is wrong, as much is shown. */
const QUOTED_BYTES = 80

const LF = 10
const CR = 13

export type AnswerHeaders = Record<string, string | string[] | undefined>

export interface Answer {
  status: number
  /** By lower-case name. */
  headers: AnswerHeaders
  body: GrowingBody
}

/** The connection ended before a byte of the answer: a kept one may have been closed meanwhile. */
export class ClosedEarly extends Error {}

interface Head {
  status: number
  headers: AnswerHeaders
  isChunked: boolean
  /** Bytes of the body; -1: until the connection ends. */
  length: number
  isKept: boolean
}

type Phase =
  | 'idle'
  | 'head'
  | 'length'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailer'
  | 'until-end'
  | 'closed'

interface Waiter {
  bodySizeMax: number
  resolve: (answer: Answer) => void
  reject: (error: Error) => void
}

export class PlainConnection {
  readonly #socket: Socket
  readonly #bodies: BodyPool
  readonly #onIdle: (connection: PlainConnection) => void
  readonly #onClose: (connection: PlainConnection) => void
  #phase: Phase = 'idle'
  #waiter: Waiter | undefined
  #head: Head | undefined
  #body: GrowingBody | undefined
  /** What has come of a head or of a line between chunks, when it did not come whole. */
  #partial: Buffer | undefined
  /** Of the body or the chunk, bytes still to come. */
  #remaining = 0

  /** `onIdle`: it can be asked again. `onClose`: it cannot; called once. */
  constructor(
    host: string,
    port: number,
    keepAliveMs: number,
    bodies: BodyPool,
    onIdle: (connection: PlainConnection) => void,
    onClose: (connection: PlainConnection) => void,
  ) {
    this.#bodies = bodies
    this.#onIdle = onIdle
    this.#onClose = onClose
    const onread = { buffer: READ_BUFFER, callback: (size: number) => this.#read(size) }
    const socket = connect({ host, port, noDelay: true, onread })
    socket.on('error', (error) => this.#lost(error))
    socket.on('end', () => this.#ended())
    socket.on('close', () => this.#ended())
    socket.setTimeout(keepAliveMs, () => {
      if (this.#phase === 'idle') this.close()
    })
    this.#socket = socket
  }

  /** `head` is the whole request, in Latin-1. Rejects with ClosedEarly, ScrapeError or what the socket threw. */
  get(head: string, bodySizeMax: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiter = { bodySizeMax, resolve, reject }
      this.#phase = 'head'
      this.#socket.ref()
      this.#socket.write(head, 'latin1')
    })
  }

  /** Whoever waits for an answer gets `reason`. */
  close(reason: Error = new Error('closed')): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#body?.release()
    this.#body = undefined
    this.#socket.destroy()
    this.#onClose(this)
    this.#waiter?.reject(reason)
    this.#waiter = undefined
  }

  #lost(error: NodeJS.ErrnoException): void {
    const isClosed = error.code === 'ECONNRESET' || error.code === 'EPIPE'
    this.close(isClosed && this.#isEarly ? new ClosedEarly('', { cause: error }) : error)
  }

  #ended(): void {
    if (this.#phase === 'closed') return
    if (this.#phase === 'until-end') return this.#complete()
    const error = new ScrapeError('connection closed before the answer was complete')
    this.close(this.#isEarly ? new ClosedEarly('', { cause: error }) : error)
  }

  get #isEarly(): boolean {
    return this.#phase === 'head' && this.#partial === undefined
  }

  /** What came lies in the shared buffer until this returns. True: go on reading. */
  #read(size: number): boolean {
    let bytes = READ_BUFFER.subarray(0, size)
    if (this.#partial !== undefined) {
      bytes = Buffer.concat([this.#partial, bytes])
      this.#partial = undefined
    }
    try {
      this.#advance(bytes)
    } catch (error) {
      this.close(error as Error)
    }
    return true
  }

  #advance(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) {
      const next = this.#step(bytes, at)
      if (next < 0) break
      at = next
    }
    if (at < bytes.length && this.#waiter !== undefined)
      this.#partial = Buffer.from(bytes.subarray(at))
  }

  /** Reads one part of the answer that begins at `at`; where the next begins, -1: more must come first. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#phase) {
      case 'head':
        return this.#readHead(bytes, at)
      case 'length':
      case 'chunk-data':
      case 'until-end':
        return this.#readData(bytes, at)
      case 'chunk-size':
      case 'chunk-end':
      case 'trailer':
        return this.#readLine(bytes, at)
      case 'idle':
        // Nobody asked for it: what else it says cannot be trusted.
        this.close()
        return -1
      case 'closed':
        return -1
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    const end = endOfHead(bytes, at)
    if (end < 0) {
      if (bytes.length - at > HEAD_BYTES_MAX) throw notHttp('its head does not end')
      if (!isBeginning(bytes, at)) throw notHttp(`it begins with ${quote(bytes, at)}`)
      return -1
    }
    const head = parseHead(bytes.toString('latin1', at, end))
    // 100 Continue, 103 Early Hints: the answer follows.
    if (head.status < 200) return end
    this.#head = head
    this.#body = new GrowingBody(this.#bodies)
    if (head.status === 204 || head.status === 304 || head.length === 0) this.#complete()
    else if (head.isChunked) this.#phase = 'chunk-size'
    else if (head.length < 0) this.#phase = 'until-end'
    else {
      this.#phase = 'length'
      this.#remaining = head.length
    }
    return end
  }

  #readData(bytes: Buffer, at: number): number {
    const end =
      this.#phase === 'until-end' ? bytes.length : Math.min(bytes.length, at + this.#remaining)
    const body = this.#body!
    const { bodySizeMax } = this.#waiter!
    if (body.size + end - at > bodySizeMax) throw bodyTooLarge(bodySizeMax)
    body.add(bytes.subarray(at, end))
    if (this.#phase === 'until-end') return end
    this.#remaining -= end - at
    if (this.#remaining > 0) return end
    if (this.#phase === 'length') this.#complete()
    else this.#phase = 'chunk-end'
    return end
  }

  #readLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(LF, at)
    if (end < 0) {
      if (bytes.length - at > LINE_BYTES_MAX) throw notHttp('a line between chunks does not end')
      return -1
    }
    const line = bytes.toString('latin1', at, end > at && bytes[end - 1] === CR ? end - 1 : end)
    if (this.#phase === 'chunk-size') {
      this.#remaining = chunkSize(line)
      this.#phase = this.#remaining === 0 ? 'trailer' : 'chunk-data'
    } else if (this.#phase === 'chunk-end') {
      if (line !== '') throw notHttp('a chunk is longer than it says')
      this.#phase = 'chunk-size'
    } else if (line === '') this.#complete()
    return end + 1
  }

  #complete(): void {
    const { status, headers, isKept } = this.#head!
    const body = this.#body!
    const waiter = this.#waiter!
    const isOver = this.#phase === 'until-end' || !isKept
    this.#phase = 'idle'
    this.#waiter = undefined
    this.#head = undefined
    this.#body = undefined
    if (isOver) this.close()
    else {
      this.#socket.unref()
      this.#onIdle(this)
    }
    waiter.resolve({ status, headers, body })
  }
}

export function bodyTooLarge(limit: number): ScrapeError {
  return new ScrapeError(`body size limit exceeded (limit: ${limit} bytes)`)
}

const notHttp = (what: string): ScrapeError => new ScrapeError(`answer is not HTTP: ${what}`)

/** Behind the empty line; -1: it has not come. As Go does, lines may end without a carriage return. */
function endOfHead(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3
  }
  return -1
}

/** Whether an answer can begin so: what is none at all is not waited for. */
function isBeginning(bytes: Buffer, at: number): boolean {
  for (let i = 0; i < VERSION.length && at + i < bytes.length; i++)
    if (bytes[at + i] !== VERSION.charCodeAt(i)) return false
  return true
}

const VERSION = 'HTTP/1.'

const quote = (bytes: Buffer, at: number): string =>
  JSON.stringify(bytes.toString('latin1', at, at + QUOTED_BYTES))

function parseHead(text: string): Head {
  const lines = text.split('\n')
  const first = /^HTTP\/1\.([01]) (\d{3})(?: |\r?$)/.exec(lines[0])
  if (first === null)
    throw notHttp(`it begins with ${JSON.stringify(lines[0].trimEnd().slice(0, QUOTED_BYTES))}`)
  const headers = parseFields(lines)
  const connection = textOf(headers.connection).toLowerCase()
  const isChunked = /\bchunked\s*$/i.test(textOf(headers['transfer-encoding']))
  return {
    status: Number(first[2]),
    headers,
    isChunked,
    length: isChunked ? -1 : lengthOf(headers['content-length']),
    isKept: first[1] === '1' ? !connection.includes('close') : connection.includes('keep-alive'),
  }
}

/** A line that begins with a blank goes on with the one before. */
function parseFields(lines: readonly string[]): AnswerHeaders {
  // Names come from the target.
  const headers = Object.create(null) as AnswerHeaders
  let name = ''
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i].trimEnd()
    if (line === '') break
    const colon = line.indexOf(':')
    const isContinued = /^[ \t]/.test(line) && name !== ''
    if (!isContinued && (colon < 1 || !TOKEN.test(line.slice(0, colon))))
      throw notHttp(`it has the header line ${JSON.stringify(line.slice(0, QUOTED_BYTES))}`)
    if (isContinued) {
      const so = headers[name]!
      if (typeof so === 'string') headers[name] = `${so} ${line.trim()}`
      else so[so.length - 1] += ` ${line.trim()}`
      continue
    }
    name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (typeof before === 'string') headers[name] = [before, value]
    else before.push(value)
  }
  return headers
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

const textOf = (value: string | string[] | undefined): string =>
  value === undefined ? '' : typeof value === 'string' ? value : value.join(', ')

function lengthOf(value: string | string[] | undefined): number {
  if (value === undefined) return -1
  const values = new Set(typeof value === 'string' ? [value] : value)
  const [text] = values
  if (values.size > 1 || !/^\d{1,15}$/.test(text))
    throw notHttp(`its content-length is ${JSON.stringify([...values].join(', '))}`)
  return Number(text)
}

function chunkSize(line: string): number {
  const digits = line.replace(/;.*$/s, '').trim()
  if (!/^[\da-f]{1,12}$/i.test(digits))
    throw notHttp(`the size of a chunk is ${JSON.stringify(line.slice(0, QUOTED_BYTES))}`)
  return parseInt(digits, 16)
}
