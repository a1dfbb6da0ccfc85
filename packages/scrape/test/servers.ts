/** Servers that behave in one particular way, on a free port of the loopback interface. */
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net'
import { onTestFinished } from 'vitest'
import { createServer as createTlsServer } from 'node:https'
import { CERT, KEY } from './certificate.ts'

export interface TestServer {
  /** `127.0.0.1:port`. */
  address: string
  url: string
  requests: IncomingMessage[]
}

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Closed when the test is over. */
export async function serve(handler: RequestListener): Promise<TestServer> {
  const requests: IncomingMessage[] = []
  const address = await listen(
    createServer((request, response) => {
      requests.push(request)
      handler(request, response)
    }),
  )
  return { address, url: `http://${address}/metrics`, requests }
}

/** The same over TLS, `localhost:port`. */
export async function serveTls(handler: RequestListener): Promise<TestServer> {
  const requests: IncomingMessage[] = []
  const server = createTlsServer(
    { cert: CERT, key: KEY, ca: CERT, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      requests.push(request)
      handler(request, response)
    },
  )
  const address = (await listen(server)).replace('127.0.0.1', 'localhost')
  return { address, url: `https://${address}/metrics`, requests }
}

/** A server below HTTP. */
export const serveTcp = (onSocket: (socket: Socket) => void): Promise<string> =>
  listen(createTcpServer(onSocket))

/** Answers with metrics. */
export function metrics(response: ServerResponse, text: string): void {
  response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  response.end(text)
}

/** A proxy that opens tunnels and passes plain requests on; `requests` are those that it got itself. */
export async function serveProxy(): Promise<TestServer> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    const passed = httpRequest(request.url!, { headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    passed.on('error', () => response.writeHead(502).end())
    passed.end()
  })
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    requests.push(request)
    const [host, port] = request.url!.split(':')
    if (host === 'forbidden') return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    const through = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      through.pipe(socket).pipe(through)
    })
    through.on('error', () => socket.destroy())
    return undefined
  })
  const address = await listen(server)
  return { address, url: `http://${address}`, requests }
}
