/** Answers of all shapes over plain HTTP: whole, byte by byte, and broken; with real sockets. */
import type { Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { HttpClient } from '../src/index.ts'
import { serveTcp } from './servers.ts'

interface Asked {
  text: string
  /** From 1: the connection it came over, and its place there. */
  connection: number
  place: number
}

/** Answers each request as `answer` says. Closed when the test is over. */
async function serveRaw(
  answer: (socket: Socket, asked: Asked) => void,
): Promise<{ url: string; requests: Asked[] }> {
  const requests: Asked[] = []
  let connections = 0
  const address = await serveTcp((socket) => {
    const connection = ++connections
    let place = 0
    let text = ''
    socket.setNoDelay(true)
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (!text.endsWith('\r\n\r\n')) return
      const asked = { text, connection, place: ++place }
      text = ''
      requests.push(asked)
      answer(socket, asked)
    })
  })
  return { url: `http://${address}/metrics?a=%20b`, requests }
}

const REQUEST = { headers: { accept: 'x' }, timeoutMs: 5000, bodySizeMax: 20, isCompressed: false }

function clientOf(): HttpClient {
  const client = new HttpClient({}, 5000)
  onTestFinished(() => client.close())
  return client
}

async function get(client: HttpClient, url: string, more = {}): Promise<string> {
  const { status, body, release } = await client.fetch({ url, ...REQUEST, ...more })
  const text = `${status} ${body.toString()}`
  release()
  return text
}

/** Each byte in a write of its own. */
function trickle(socket: Socket, text: string, at = 0): void {
  if (at < text.length)
    socket.write(text[at], () => setImmediate(() => trickle(socket, text, at + 1)))
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

const ANSWERS: [answer: string, want: string, isKept: boolean][] = [
  [OK, '200 ok', true],
  ['HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n', '200 ', true],
  ['HTTP/1.1 404 Not Found\ncontent-length:2\n\nno', '404 no', true],
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok', '200 ok', true],
  ['HTTP/1.1 204 No Content\r\n\r\n', '204 ', true],
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok', '200 ok', false],
  ['HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', '200 ok', false],
  ['HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: Keep-Alive\r\n\r\nok', '200 ok', true],
  [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    '200 hello',
    true,
  ],
  [
    'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\ncontent-length: 1\r\n\r\n' +
      'A;n=v\r\n0123456789\r\n2\nab\n0\r\nx: y\r\n\r\n',
    '200 0123456789ab',
    true,
  ],
  [`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n${OK}`, '200 ok', true],
  ['HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 2\r\n\r\nok', '200 ok', true],
]

test.each(ANSWERS)('%j is %j, kept: %s', async (answer, want, isKept) => {
  const { url, requests } = await serveRaw((socket, { connection, place }) => {
    if (connection + place === 2) socket.write(answer)
    else trickle(socket, answer)
  })
  const client = clientOf()
  expect(await get(client, url)).toBe(want)
  expect(await get(client, url)).toBe(want)
  expect(requests.map((one) => one.connection)).toEqual(isKept ? [1, 1] : [1, 2])
  const { host } = new URL(url)
  expect(new Set(requests.map((one) => one.text))).toEqual(
    new Set([
      `GET /metrics?a=%20b HTTP/1.1\r\nhost: ${host}\r\naccept-encoding: identity\r\naccept: x\r\n\r\n`,
    ]),
  )
})

test('a body without a length ends with its connection', async () => {
  const { url } = await serveRaw((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nhello'))
  expect(await get(clientOf(), url)).toBe('200 hello')
})

const REFUSED: [answer: string, want: string][] = [
  ['SSH-2.0-OpenSSH_9.2\r\n', 'answer is not HTTP: it begins with "SSH-2.0-OpenSSH_9.2\\r\\n"'],
  ['HTTP/2 200\r\n\r\n', 'answer is not HTTP: it begins with "HTTP/2 200"'],
  ['HTTP/1.1 20 OK\r\n\r\n', 'answer is not HTTP: it begins with "HTTP/1.1 20 OK"'],
  ['HTTP/1.1 200 OK\r\na b: c\r\n\r\n', 'answer is not HTTP: it has the header line "a b: c"'],
  [
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
    'answer is not HTTP: its content-length is "1, 2"',
  ],
  [
    'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n',
    'answer is not HTTP: its content-length is "-1"',
  ],
  [
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n',
    'answer is not HTTP: the size of a chunk is "x"',
  ],
  [
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n',
    'answer is not HTTP: a chunk is longer than it says',
  ],
  [`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`, 'answer is not HTTP: its head does not end'],
  [
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${'y'.repeat(5000)}`,
    'answer is not HTTP: a line between chunks does not end',
  ],
  [
    `HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n${'y'.repeat(21)}`,
    'body size limit exceeded (limit: 20 bytes)',
  ],
]

describe('what is refused', () => {
  test.each(REFUSED)('%j', async (answer, want) => {
    const { url } = await serveRaw((socket) => socket.write(answer))
    await expect(get(clientOf(), url)).rejects.toThrow(want)
  })

  const HALF = 'connection closed before the answer was complete'
  test.each([
    ['', HALF],
    ['HTTP/1.1 200 OK\r\nx', HALF],
    ['HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok', HALF],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n', HALF],
  ])('%j and no more', async (answer, want) => {
    const { url } = await serveRaw((socket) => socket.end(answer))
    await expect(get(clientOf(), url)).rejects.toThrow(want)
  })

  test('an answer that does not come in time, and its connection is not used again', async () => {
    const { url, requests } = await serveRaw((socket, { connection }) => {
      if (connection > 1) socket.write(OK)
    })
    const client = clientOf()
    await expect(get(client, url, { timeoutMs: 50 })).rejects.toThrow(
      'no complete answer within 0.05 s',
    )
    expect(await get(client, url)).toBe('200 ok')
    expect(requests).toHaveLength(2)
  })

  test('a header that would end the line', async () => {
    const { url, requests } = await serveRaw((socket) => socket.write(OK))
    const headers = { 'x-a': 'b\r\nc: d' }
    await expect(get(clientOf(), url, { headers })).rejects.toThrow('cannot send the header "x-a"')
    expect(requests).toEqual([])
  })
})

test('a kept connection that the target has closed is replaced, also when it closes at the request', async () => {
  const { url, requests } = await serveRaw((socket, { connection, place }) => {
    if (place === 1) socket.write(OK, () => connection === 1 && socket.resetAndDestroy())
    else if (connection === 2) socket.resetAndDestroy()
    else socket.write(OK)
  })
  const client = clientOf()
  for (let i = 0; i < 3; i++) expect(await get(client, url)).toBe('200 ok')
  expect(requests.length).toBeGreaterThanOrEqual(3)
})

test('what a target says unasked ends its connection', async () => {
  const { url, requests } = await serveRaw((socket) => socket.write(OK + OK))
  const client = clientOf()
  expect(await get(client, url)).toBe('200 ok')
  expect(await get(client, url)).toBe('200 ok')
  expect(requests.map((one) => one.connection)).toEqual([1, 2])
})

test('requests at the same time have connections of their own, which serve later ones', async () => {
  const held: Socket[] = []
  const { url, requests } = await serveRaw((socket) => {
    held.push(socket)
    if (requests.length > 2) socket.write(OK)
    else if (held.length === 2) for (const one of held) one.write(OK)
  })
  const client = clientOf()
  expect(await Promise.all([get(client, url), get(client, url)])).toEqual(['200 ok', '200 ok'])
  expect(await get(client, url)).toBe('200 ok')
  expect(new Set(requests.map((one) => one.connection)).size).toBe(2)
})

test('what configuration says once goes with each request, and not to another host', async () => {
  const other = await serveRaw((socket) => socket.write(OK))
  const { url, requests } = await serveRaw((socket) =>
    socket.write(`HTTP/1.1 302 Found\r\nlocation: ${other.url}\r\ncontent-length: 0\r\n\r\n`),
  )
  const client = new HttpClient({ authorization: { type: 'T', credentials: 'c' } }, 5000)
  onTestFinished(() => client.close())
  const { headers } = REQUEST
  for (let i = 0; i < 2; i++) expect(await get(client, url, { headers })).toBe('200 ok')
  expect(requests.map((one) => /authorization: .*/.exec(one.text)?.[0])).toEqual([
    'authorization: T c',
    'authorization: T c',
  ])
  expect(other.requests.map((one) => one.text.includes('authorization'))).toEqual([false, false])
})
