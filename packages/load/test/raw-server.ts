/** A server on a bare socket: what it hears is kept, what it says is up to the test, byte by byte. */
import { type AddressInfo, type Socket, createServer } from 'node:net'

export interface RawServer {
  /** `http://127.0.0.1:port`. */
  base: string
  port: number
  /** Requests as they came, in Latin-1. */
  requests: string[]
  close: () => void
}

/** `answer` gets a whole request and gives the response (null: none), or writes to the socket itself. */
export async function rawServer(
  answer: (request: string, socket: Socket) => string | null,
): Promise<RawServer> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    let text = ''
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      for (;;) {
        const length = lengthOf(text)
        if (length === null || text.length < length) return
        const request = text.slice(0, length)
        text = text.slice(length)
        requests.push(request)
        const said = answer(request, socket)
        if (said !== null && socket.writable) socket.write(Buffer.from(said, 'latin1'))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    base: `http://127.0.0.1:${port}`,
    port,
    requests,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** Length of the first request in `text`; null: its head has not come. */
function lengthOf(text: string): number | null {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return null
  const head = text.slice(0, end)
  if (/transfer-encoding: chunked/i.test(head)) {
    const last = text.indexOf('0\r\n\r\n', end + 4)
    return last < 0 ? null : last + 5
  }
  return end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
}

/** A response with the length of its body. */
export function ok(body: string, headers = '', status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
