/**
 * One HTTP/1.1 connection: writes a request, reads one response, and again. It allocates little: the
 * read buffer is shared by all plain connections of the thread, and a response that arrives whole is
 * parsed where it lies.
 *
 *   idle ──send──▶ head ──▶ body by length │ chunks │ until the end ──▶ idle or closed
 */
import { type Socket, connect } from 'node:net'
import { type ConnectionOptions, type TLSSocket, connect as connectTls } from 'node:tls'
import { HttpFailure, type Place, failureOf } from './failure.ts'
import type { HeadParser, ResponseHead } from './head.ts'

/** Bytes of a response's head, as Go has it. */
export const MAX_HEAD_BYTES: number = 10 << 20
/** Bytes of a response's body as sent, and again when decoded. */
export const MAX_BODY_BYTES: number = 256 << 20

/** Bytes of a proxy's answer to CONNECT. */
const MAX_TUNNEL_ANSWER = 64 << 10
/** ms in which a connection must be made, whatever the request's own timeout. */
const DIAL_TIMEOUT_MS = 30_000
const READ_BUFFER_BYTES = 64 << 10
const END_OF_HEAD = Buffer.from('\r\n\r\n')

/** What a connection hands over when the response is complete. */
export interface Exchange {
  head: ResponseHead
  /** Body as sent; valid only until the callback returns. Null: it was not wanted. */
  body: Buffer | null
}

/** When things happened, ms of performance.now(). */
export interface Moments {
  sendStart: number
  sendEnd: number
  firstByte: number
  end: number
}

export interface ConnectionTarget {
  /** As in the URL, for messages. */
  host: string
  address: string
  port: number
  isTls: boolean
  /** TLS options; `servername` among them. */
  tls: ConnectionOptions
  localAddress: string | undefined
  /** Head of a CONNECT request: the port dialled is a proxy's, and TLS starts behind it. Null: none. */
  tunnel: string | null
}

type Phase =
  | 'dial'
  | 'tunnel'
  | 'tls'
  | 'idle'
  | 'head'
  | 'length'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailer'
  | 'until-end'
  | 'closed'

/** Per thread: what connections share. */
export class ConnectionShare {
  readonly heads: HeadParser
  readonly buffer: Buffer

  constructor(heads: HeadParser) {
    this.heads = heads
    this.buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
  }
}

export class Connection {
  readonly moments: Moments = { sendStart: 0, sendEnd: 0, firstByte: 0, end: 0 }
  /** ms that dialling and the TLS handshake took; for the first request of the connection. */
  connectingMs = 0
  handshakingMs = 0
  remoteAddress = ''
  remotePort = 0
  tlsVersion = ''
  cipher = ''
  /** The protocol that TLS agreed on; '' for none. */
  alpn = ''
  /** Responses read so far. */
  exchanges = 0
  /** Bytes over the wire, as far as this class sees them. */
  #sent = 0
  #received = 0
  /** Whether any byte of the current response has arrived. */
  hasAnswer = false
  /** Whether the head of the current response has arrived. */
  isInBody = false

  #phase: Phase = 'dial'
  #socket: Socket
  readonly #raw: Socket
  readonly #share: ConnectionShare
  readonly #host: string
  #head: ResponseHead | null = null
  #wantsBody = true
  #isHeadRequest = false
  /** What has arrived of the head or chunk framing, when it did not come whole. */
  #partial: Buffer | null = null
  #parts: Buffer[] = []
  #bodyBytes = 0
  #remaining = 0
  #onDone: ((exchange: Exchange) => void) | null = null
  #onFail: (failure: HttpFailure) => void
  /** Kept here, not in the constructor's closures: those live as long as the socket, and it leads to a whole response. */
  #onOpen: (() => void) | null
  #timer: NodeJS.Timeout | null = null
  #timerMs = 0
  #deadline = 0
  #dialTimeoutMs: number
  #reportedSent = 0
  #reportedReceived = 0

  /** Dials at once; `onOpen` when a request can be written, `onFail` once for whatever ends the connection early. */
  constructor(
    target: ConnectionTarget,
    share: ConnectionShare,
    timeoutMs: number,
    onOpen: () => void,
    onFail: (failure: HttpFailure) => void,
  ) {
    this.#share = share
    this.#onFail = onFail
    this.#host = target.host
    this.#dialTimeoutMs = timeoutMs
    this.remoteAddress = target.address
    this.remotePort = target.port
    this.#onOpen = onOpen
    this.#raw = this.#socket = this.#dial(target)
    this.#listen(this.#raw)
    this.#startTimer(Math.min(timeoutMs, DIAL_TIMEOUT_MS))
  }

  #dial(target: ConnectionTarget): Socket {
    const start = performance.now()
    const options = {
      host: target.address,
      port: target.port,
      noDelay: true,
      autoSelectFamily: false,
      ...(target.localAddress === undefined ? {} : { localAddress: target.localAddress }),
    }
    // Elsewhere than on Windows a read happens in one go, so that all sockets can read into one buffer.
    const shared = !target.isTls && process.platform !== 'win32'
    const onread = {
      buffer: this.#share.buffer,
      callback: (size: number, buffer: Uint8Array) => this.#read(buffer as Buffer, size),
    }
    const socket = connect(shared ? { ...options, onread } : options)
    socket.once('connect', () => {
      this.connectingMs = performance.now() - start
      this.remoteAddress = socket.remoteAddress ?? this.remoteAddress
      if (target.isTls) {
        this.#startTimer(Math.max(1, this.#dialTimeoutMs - this.connectingMs))
        if (target.tunnel === null) this.#handshake(target.tls)
        else this.#openTunnel(target.tunnel, target.tls)
      } else {
        if (!shared) socket.on('data', (chunk: Buffer) => void this.#read(chunk, chunk.length))
        this.#opened()
      }
    })
    return socket
  }

  #opened(): void {
    this.#phase = 'idle'
    const onOpen = this.#onOpen
    this.#onOpen = null
    onOpen?.()
  }

  get isOpen(): boolean {
    return this.#phase !== 'closed'
  }

  /** Asks the proxy for a way through; what it answers in vain is the failure, as Go has it. */
  #openTunnel(head: string, tls: ConnectionOptions): void {
    this.#phase = 'tunnel'
    let answer = ''
    const onData = (chunk: Buffer): void => {
      answer += chunk.toString('latin1')
      if (answer.length > MAX_TUNNEL_ANSWER)
        this.#fail(new HttpFailure(1000, 'malformed HTTP response'))
      if (!answer.includes('\r\n\r\n')) return
      this.#raw.off('data', onData)
      const [, status, reason] = /^HTTP\/\d\.\d (\d{3}) ?(.*)\r\n/.exec(answer) ?? []
      if (status === '200') this.#handshake(tls)
      else this.#fail(new HttpFailure(1000, reason ?? `malformed HTTP response`))
    }
    this.#raw.on('data', onData)
    this.#raw.write(head, 'latin1')
  }

  /** Hands the TLS socket over to a protocol of its own; from here on this object only counts bytes. */
  takeTls(): TLSSocket {
    const socket = this.#socket as TLSSocket
    for (const event of ['error', 'end', 'close']) socket.removeAllListeners(event)
    this.#phase = 'closed'
    if (this.#timer !== null) clearTimeout(this.#timer)
    return socket
  }

  #handshake(tls: ConnectionOptions): void {
    const start = performance.now()
    this.#phase = 'tls'
    const socket: TLSSocket = connectTls({ ...tls, socket: this.#raw })
    this.#socket = socket
    this.#listen(socket)
    socket.once('secureConnect', () => {
      this.handshakingMs = performance.now() - start
      this.tlsVersion = tlsName(socket.getProtocol())
      this.cipher = socket.getCipher().standardName.replace(/(ECDHE.*POLY1305)_SHA256$/, '$1')
      this.alpn =
        socket.alpnProtocol === false || socket.alpnProtocol === null ? '' : socket.alpnProtocol
      if (this.alpn !== 'h2')
        socket.on('data', (chunk: Buffer) => void this.#read(chunk, chunk.length))
      this.#opened()
    })
  }

  #listen(socket: Socket): void {
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#phase !== 'closed')
        this.#fail(failureOf(error, this.#failurePhase(error), this.#place()))
    })
    socket.on('end', () => this.#ended())
    socket.on('close', () => this.#ended())
  }

  #failurePhase(error: NodeJS.ErrnoException): 'dial' | 'tls' | 'read' | 'write' {
    if (this.#phase === 'dial' || this.#phase === 'tls') return this.#phase
    return error.syscall === 'write' ? 'write' : 'read'
  }

  #place(): Place {
    const { localAddress, localPort } = this.#raw
    const remote = endpointText(this.remoteAddress, this.remotePort)
    const local = localAddress === undefined ? '' : endpointText(localAddress, localPort ?? 0)
    return { host: this.#host, remote, local }
  }

  /**
   * Writes one request. `head` is Latin-1 and ends with the empty line; `body` follows it. `onDone` or
   * the constructor's `onFail` is called once.
   */
  send(
    head: string,
    body: Uint8Array | string | null,
    isHeadRequest: boolean,
    wantsBody: boolean,
    timeoutMs: number,
    onDone: (exchange: Exchange) => void,
    onFail: (failure: HttpFailure) => void,
  ): void {
    this.#onDone = onDone
    this.#onFail = onFail
    this.#isHeadRequest = isHeadRequest
    this.#wantsBody = wantsBody
    this.hasAnswer = false
    this.isInBody = false
    this.#phase = 'head'
    this.#startTimer(timeoutMs)
    this.moments.firstByte = 0
    this.moments.sendStart = performance.now()
    this.#write(head, body)
    this.moments.sendEnd = performance.now()
  }

  #write(head: string, body: Uint8Array | string | null): void {
    if (body === null || body.length === 0) {
      this.#sent += head.length
      this.#socket.write(head, 'latin1')
      return
    }
    this.#socket.cork()
    this.#socket.write(head, 'latin1')
    this.#socket.write(body)
    this.#socket.uncork()
    this.#sent += head.length + (typeof body === 'string' ? Buffer.byteLength(body) : body.length)
  }

  // One timer for the connection's life: it is pushed back for each request and looks at the deadline.
  #startTimer(timeoutMs: number): void {
    this.#deadline = performance.now() + timeoutMs
    if (this.#timer !== null && this.#timerMs === timeoutMs) {
      this.#timer.refresh()
      return
    }
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timerMs = timeoutMs
    this.#timer = setTimeout(() => this.#timedOut(), timeoutMs)
    this.#timer.unref()
  }

  #timedOut(): void {
    const left = this.#deadline - performance.now()
    if (this.#phase === 'idle' || this.#phase === 'closed') return
    if (left > 1) {
      this.#timer = setTimeout(() => this.#timedOut(), left)
      this.#timerMs = -1
      return
    }
    this.#fail(
      this.#phase === 'dial' && this.#dialTimeoutMs > DIAL_TIMEOUT_MS
        ? new HttpFailure(1211, 'dial: i/o timeout')
        : new HttpFailure(1050, 'request timeout'),
    )
  }

  /** Bytes written since the last call: TLS included where there is TLS. */
  takeSent(): number {
    const total = this.#socket === this.#raw ? this.#sent : this.#raw.bytesWritten
    const sent = total - this.#reportedSent
    this.#reportedSent = total
    return sent
  }

  /** Bytes read since the last call. */
  takeReceived(): number {
    const total = this.#socket === this.#raw ? this.#received : this.#raw.bytesRead
    const received = total - this.#reportedReceived
    this.#reportedReceived = total
    return received
  }

  close(): void {
    this.#phase = 'closed'
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#onDone = null
    this.#socket.destroy()
    this.#raw.destroy()
  }

  #fail(failure: HttpFailure): void {
    if (this.#phase === 'closed') return
    this.close()
    this.#onFail(failure)
  }

  #ended(): void {
    if (this.#phase === 'closed') return
    if (this.#phase === 'until-end') return this.#complete()
    if (this.#phase === 'idle') return this.#fail(new HttpFailure(1000, 'EOF'))
    const isEarly =
      this.#phase === 'dial' ||
      this.#phase === 'tunnel' ||
      this.#phase === 'tls' ||
      (this.#phase === 'head' && !this.hasAnswer)
    this.#fail(new HttpFailure(1000, isEarly ? 'EOF' : 'unexpected EOF'))
  }

  // Reading

  #read(buffer: Buffer, size: number): boolean {
    this.#received += size
    if (this.#phase === 'idle' || this.#phase === 'closed') {
      if (this.#phase === 'idle')
        this.#fail(new HttpFailure(1000, 'the server sent data without being asked'))
      return true
    }
    if (!this.hasAnswer) {
      this.hasAnswer = true
      this.moments.firstByte = performance.now()
    }
    let chunk = buffer.subarray(0, size)
    if (this.#partial !== null) {
      chunk = Buffer.concat([this.#partial, chunk])
      this.#partial = null
    }
    try {
      this.#advance(chunk)
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error
      this.#fail(error)
    }
    return true
  }

  #advance(chunk: Buffer): void {
    let at = 0
    for (let last = -1; at !== last && this.#onDone !== null;) {
      last = at
      switch (this.#phase) {
        case 'head':
          at = this.#readHead(chunk, at)
          break
        case 'length':
          at = this.#readLength(chunk, at)
          break
        case 'chunk-size':
        case 'chunk-end':
        case 'trailer':
          at = this.#readChunkLine(chunk, at)
          break
        case 'chunk-data':
          at = this.#readChunkData(chunk, at)
          break
        case 'until-end':
          this.#keep(chunk, at, chunk.length)
          return
        case 'dial':
        case 'tunnel':
        case 'tls':
        case 'idle':
        case 'closed':
          return
      }
    }
    if (this.#onDone !== null && at < chunk.length) this.#partial = Buffer.from(chunk.subarray(at))
  }

  #readHead(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(END_OF_HEAD, at)
    if (end < 0) {
      if (chunk.length - at > MAX_HEAD_BYTES)
        throw new HttpFailure(
          1000,
          `net/http: server response headers exceeded ${MAX_HEAD_BYTES} bytes; aborted`,
        )
      return at
    }
    const head = this.#share.heads.parse(chunk.toString('latin1', at, end))
    const next = end + 4
    const { status } = head
    // Interim answers (100 Continue, 103 Early Hints) are followed by the real one.
    if (status < 200 && status !== 101) return next
    this.#head = head
    this.#bodyBytes = 0
    this.isInBody = true
    if (this.#isHeadRequest || status === 204 || status === 304 || status === 101) {
      this.#complete()
    } else if (head.isChunked) {
      this.#phase = 'chunk-size'
    } else if (head.contentLength < 0) {
      this.#phase = 'until-end'
    } else {
      if (head.contentLength > MAX_BODY_BYTES) throw tooLong(head.contentLength)
      this.#remaining = head.contentLength
      this.#phase = 'length'
      if (this.#remaining === 0) this.#complete()
      // Fast path: the whole body is here.
      else if (chunk.length - next === this.#remaining) {
        this.#complete(chunk.subarray(next))
        return chunk.length
      }
    }
    return next
  }

  #readLength(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#remaining)
    this.#keep(chunk, at, end)
    this.#remaining -= end - at
    if (this.#remaining === 0) this.#complete()
    return end
  }

  #readChunkLine(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(10, at)
    if (end < 0) {
      if (chunk.length - at > 4 << 10) throw new HttpFailure(1000, 'header line too long')
      return at
    }
    const line = chunk.toString('latin1', at, end > at && chunk[end - 1] === 13 ? end - 1 : end)
    if (this.#phase === 'chunk-end') {
      if (line !== '') throw new HttpFailure(1000, 'malformed chunked encoding')
      this.#phase = 'chunk-size'
    } else if (this.#phase === 'trailer') {
      if (line === '') this.#complete()
    } else {
      this.#remaining = chunkSize(line)
      this.#phase = this.#remaining === 0 ? 'trailer' : 'chunk-data'
    }
    return end + 1
  }

  #readChunkData(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#remaining)
    this.#keep(chunk, at, end)
    this.#remaining -= end - at
    if (this.#remaining === 0) this.#phase = 'chunk-end'
    return end
  }

  /** Copies a piece of the body: the read buffer is used again. */
  #keep(chunk: Buffer, start: number, end: number): void {
    this.#bodyBytes += end - start
    if (this.#bodyBytes > MAX_BODY_BYTES) throw tooLong(this.#bodyBytes)
    if (this.#wantsBody && end > start) this.#parts.push(Buffer.from(chunk.subarray(start, end)))
  }

  #complete(whole?: Buffer): void {
    const head = this.#head!
    const body = !this.#wantsBody
      ? null
      : (whole ?? (this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)))
    const done = this.#onDone!
    const wasUntilEnd = this.#phase === 'until-end'
    this.moments.end = performance.now()
    this.exchanges++
    this.#head = null
    this.#onDone = null
    if (this.#parts.length > 0) this.#parts = []
    this.#phase = 'idle'
    if (wasUntilEnd || !head.keepAlive) this.close()
    done({ head, body })
  }

  /** What has arrived of a body that broke off. */
  partialBody(): Buffer {
    return Buffer.concat(this.#parts)
  }

  /** Replaces what is told when the connection ends while nobody waits for it. */
  whenLost(onFail: () => void): void {
    this.#onFail = onFail
  }
}

function chunkSize(line: string): number {
  const digits = line.replace(/;.*$/s, '').trim()
  if (digits === '') throw new HttpFailure(1000, 'empty hex number for chunk length')
  if (!/^[0-9a-fA-F]+$/.test(digits)) throw new HttpFailure(1000, 'invalid byte in chunk length')
  if (digits.length > 12) throw new HttpFailure(1000, 'http chunk length too large')
  return parseInt(digits, 16)
}

function endpointText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** `TLSv1.3` is "tls1.3", `TLSv1` is "tls1.0". */
function tlsName(protocol: string | null): string {
  const name = (protocol ?? '').replace('TLSv', 'tls')
  return name === 'tls1' ? 'tls1.0' : name
}

function tooLong(size: number): HttpFailure {
  return new HttpFailure(
    1000,
    `the response body has ${size} bytes or more; want at most ${MAX_BODY_BYTES}`,
  )
}
