/** The tcp prober: can the address be connected to, and does it answer as expected? */
import { connect as netConnect, type Socket } from 'node:net'
import { connect as tlsConnect, type TLSSocket } from 'node:tls'
import { compileRegex } from '@vigie/model'
import type { TcpProbeModule } from '../config.ts'
import { tlsOptions } from '../http/credentials.ts'
import { explainNetworkError } from '../http/network-error.ts'
import type { ProbeResult } from './result.ts'
import { reportTls } from './tls-facts.ts'

/** Bytes that an `expect` may read before it gives up. */
const ANSWER_MAX = 64 * 1024

/** Fills `result`; resolves by `signal` at the latest. */
export async function probeTcp(
  address: string,
  module: TcpProbeModule,
  result: ProbeResult,
  signal: AbortSignal,
): Promise<void> {
  const { host, port } = splitAddress(address)
  if (port === undefined) return result.fail(`"${address}" has no port, want host:port`)
  let socket: Socket | undefined
  try {
    const startMs = performance.now()
    socket = module.tls
      ? tlsConnect({ host, port, servername: host, ...tlsOptions(module.tlsConfig) })
      : netConnect({ host, port })
    socket.once('lookup', () =>
      result.set('probe_dns_lookup_time_seconds', (performance.now() - startMs) / 1000),
    )
    await connected(socket, module.tls ? 'secureConnect' : 'connect', signal)
    result.set('probe_ip_protocol', socket.remoteFamily === 'IPv6' ? 6 : 4)
    if (module.tls) reportTls(socket as TLSSocket, result)
    await converse(socket, module, result, signal)
  } catch (error) {
    result.fail(signal.aborted ? String(signal.reason) : explainNetworkError(error, address))
  } finally {
    socket?.destroy()
  }
}

function connected(socket: Socket, event: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, resolve)
    socket.once('error', reject)
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

async function converse(
  socket: Socket,
  module: TcpProbeModule,
  result: ProbeResult,
  signal: AbortSignal,
): Promise<void> {
  if (module.queryResponse.length === 0) return
  const lines = new LineReader(socket, signal)
  result.set('probe_failed_due_to_regex', 0)
  for (const { expect, send } of module.queryResponse) {
    if (expect !== undefined && expect !== '') {
      const pattern = compileRegex(expect)
      if (!(await lines.find((line) => pattern.matcher(line).find()))) {
        result.set('probe_failed_due_to_regex', 1)
        return result.fail(`no line of the answer matches ${JSON.stringify(expect)}`)
      }
    }
    if (send !== undefined && send !== '') socket.write(`${send}\n`)
  }
}

/** Lines from a socket, in order. */
class LineReader {
  #text = ''
  #size = 0
  #isEnded = false
  #wake: () => void = () => {}
  readonly #signal: AbortSignal

  constructor(socket: Socket, signal: AbortSignal) {
    this.#signal = signal
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      this.#text += chunk
      this.#size += chunk.length
      this.#wake()
    })
    const end = (): void => {
      this.#isEnded = true
      this.#wake()
    }
    socket.on('end', end)
    socket.on('error', end)
    signal.addEventListener('abort', end, { once: true })
  }

  /** Whether a line matches before the connection ends. Throws when time is over. */
  async find(matches: (line: string) => boolean): Promise<boolean> {
    for (;;) {
      const end = this.#text.indexOf('\n')
      if (end >= 0) {
        const line = this.#text.slice(0, end).replace(/\r$/, '')
        this.#text = this.#text.slice(end + 1)
        if (matches(line)) return true
        continue
      }
      if (this.#signal.aborted) throw this.#signal.reason as Error
      if (this.#isEnded || this.#size > ANSWER_MAX) return this.#text !== '' && matches(this.#text)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

/** `host:port`, `[v6]:port`, with or without `tcp://`. */
export function splitAddress(address: string): { host: string; port: number | undefined } {
  const match = /^(?:tcp:\/\/)?(?:\[([^\]]+)\]|([^:/]+)):(\d+)\/?$/.exec(address)
  if (match === null) return { host: address, port: undefined }
  const port = Number(match[3])
  return { host: match[1] ?? match[2], port: port > 0 && port < 65_536 ? port : undefined }
}
