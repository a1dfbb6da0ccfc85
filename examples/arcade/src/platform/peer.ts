// Calls from one service of the arcade to another: JSON over kept-alive HTTP/1.1.
import { Agent, request } from 'node:http'

export interface PeerReply {
  status: number
  /** Parsed body; undefined when it is not JSON. */
  body: unknown
}

export interface Peer {
  get(path: string): Promise<PeerReply>
  post(path: string, body: unknown): Promise<PeerReply>
  close(): void
}

const timeoutMs = 5000
const bodyBytesMax = 4 * 1024 * 1024

/** A peer behind a base URL. Calls reject when it cannot be reached or takes more than 5 s. */
export function connectPeer(baseUrl: string): Peer {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  const call = (method: string, path: string, body?: string): Promise<PeerReply> =>
    new Promise((resolve, reject) => {
      const headers =
        body === undefined
          ? {}
          : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
      const sent = request(baseUrl + path, { method, agent, headers, timeout: timeoutMs })
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)))
      sent.on('error', (cause) =>
        reject(new Error(`cannot call ${method} ${baseUrl}${path}: ${cause.message}`, { cause })),
      )
      sent.on('response', (response) => {
        const chunks: Buffer[] = []
        let sizeBytes = 0
        response.on('data', (chunk: Buffer) => {
          sizeBytes += chunk.length
          if (sizeBytes > bodyBytesMax) sent.destroy(new Error('answer too large'))
          else chunks.push(chunk)
        })
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: parse(Buffer.concat(chunks).toString()),
          }),
        )
      })
      sent.end(body)
    })
  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, JSON.stringify(body)),
    close: () => agent.destroy(),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // a peer's error pages are text; callers look at the status first
  }
}
