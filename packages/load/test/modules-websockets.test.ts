// `k6/websockets` against a real server: events, states, metrics, and servers that behave badly.
import { type Server, createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { iterate } from './one-vu.ts'

let server: Server
let url = ''
const sockets = new WebSocketServer({
  noServer: true,
  handleProtocols: (offered) => [...offered][0] ?? false,
})

/** What the server does after the handshake, by path; each gets the raw connection, too. */
const behaviours: Record<string, (socket: WebSocket, raw: Socket) => void> = {
  '/echo': (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  },
  '/hello': (socket) => socket.send('hello'),
  '/ping': (socket) => socket.ping(),
  '/bye': (socket) => socket.close(1000, 'done'),
  '/fail': (socket) => socket.close(1011, 'broken'),
  '/half': (_, raw) => raw.end(Buffer.from([0x81, 0x7e, 0x01])),
  '/reset': (socket, raw) => void socket.on('message', () => raw.resetAndDestroy()),
  '/bad': (_, raw) => void raw.write(Buffer.from([0xf3, 0x01, 0x00])),
  '/cookie': () => {},
}

beforeAll(async () => {
  server = createServer()
  server.on('upgrade', (request, raw, head) => {
    const path = request.url!
    if (behaviours[path] === undefined) {
      raw.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, raw, head, (socket) => {
      socket.on('error', () => {})
      if (path === '/cookie')
        socket.send(
          [request.headers.cookie, request.headers['x-a'], request.headers['user-agent']].join(' '),
        )
      behaviours[path]!(socket, raw as Socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  for (const socket of sockets.clients) socket.terminate()
  server.close()
})

/** A script that logs every event of one socket; `body` sees it as `ws`. */
function script(path: string, body: string, rest = ''): string {
  return `import { WebSocket, Blob } from 'k6/websockets'
    import http from 'k6/http'
    ${rest}
    export default function () {
      const ws = new WebSocket('${url}${path}')
      for (const name of ['open', 'message', 'error', 'close', 'ping', 'pong'])
        ws.addEventListener(name, (e) => console.log(name, typeof e.data === 'object' ? 'bytes' : e.data ?? e.error ?? e.code ?? '', e.reason ?? '', ws.readyState))
      ${body}
    }`
}

const cases: [what: string, source: () => string, logged: string[]][] = [
  [
    'echo of text, then close',
    () =>
      script(
        '/echo',
        "ws.onopen = () => { ws.send('é'); console.log(ws.bufferedAmount, ws.OPEN, WebSocket.CLOSED, ws.url.slice(-5)) }; ws.onmessage = () => ws.close()",
      ),
    ['2 1 3 /echo', 'open   1', 'message é  2', 'close 1000  3'],
  ],
  [
    'bytes as ArrayBuffer, Blob and views',
    () =>
      script(
        '/echo',
        `let n = 0
        ws.onopen = () => { ws.binaryType = 'arraybuffer'; ws.send(new Uint8Array([1, 2])) }
        ws.onmessage = (e) => {
          if (n++ === 0) { console.log(e.data.byteLength); ws.binaryType = 'blob'; ws.send(new Blob(['abc'])) }
          else { e.data.text().then((t) => console.log(t, e.data.size)); ws.close(3001, 'r') }
        }`,
      ),
    [
      'open   1',
      '2',
      'message bytes  1',
      'abc 3',
      'message bytes  2',
      'error websocket: close 3001: r  3',
      'close 3001 r 3',
    ],
  ],
  [
    'a ping of the server',
    () => script('/ping', 'ws.onping = () => ws.close()'),
    ['open   1', 'ping   2', 'close 1000  3'],
  ],
  [
    'a ping of ours',
    () => script('/echo', 'ws.onopen = () => ws.ping(); ws.onpong = () => ws.close()'),
    ['open   1', 'pong   2', 'close 1000  3'],
  ],
  ['the server says goodbye', () => script('/bye', ''), ['open   1', 'close 1000 done 3']],
  [
    'the server fails',
    () => script('/fail', ''),
    [
      'open   1',
      'error websocket: close 1011 (internal server error): broken  3',
      'close 1011 broken 3',
    ],
  ],
  [
    'the server ends amid a frame',
    () => script('/half', ''),
    [
      'open   1',
      'error websocket: close 1006 (abnormal closure): unexpected EOF  3',
      'close 1006 unexpected EOF 3',
    ],
  ],
  [
    'the server resets',
    () => script('/reset', "ws.onopen = () => ws.send('now')"),
    ['open   1', 'close   3'],
  ],
  ['the server sends a bad frame', () => script('/bad', ''), ['open   1', 'close   3']],
  [
    'the server refuses',
    () => script('/nowhere', ''),
    ['error websocket: bad handshake  3', 'close   3'],
  ],
  [
    'sending before it is open, and what cannot be sent',
    () =>
      script(
        '/echo',
        "try { ws.send('x') } catch (e) { console.log(e.message) } ws.onopen = () => { try { ws.send(5) } catch (e) { console.log(e.message) } ws.close() }",
      ),
    ['InvalidStateError', 'unsupported send type number', 'open   2', 'close 1000  3'],
  ],
  [
    'what the constructor and close refuse',
    () => `import { WebSocket } from 'k6/websockets'
      export default function () {
        const tell = (f) => { try { f() } catch (e) { console.log(e.message) } }
        tell(() => new WebSocket())
        tell(() => new WebSocket('http://x'))
        tell(() => new WebSocket('${url}/echo#a'))
        tell(() => new WebSocket('${url}/echo', null, { nope: 1 }))
        tell(() => new WebSocket('${url}/echo', null, { compression: 'x' }))
        const ws = new WebSocket('${url}/echo')
        tell(() => ws.close(7))
        tell(() => ws.close(1000, 'x'.repeat(124)))
        tell(() => { ws.binaryType = 'x' })
        tell(() => { ws.onopen = 5 })
        ws.onopen = () => ws.close()
      }`,
    [
      'WebSocket requires a url',
      'WebSocket requires url with scheme ws or wss, but got "http"',
      'WebSocket requires no url fragment, but got "a"',
      "unknown WebSocket's option nope",
      "unsupported compression algorithm 'x', supported algorithm is 'deflate'",
      "InvalidAccessError: Failed to execute 'close' on 'WebSocket': The close code must be either 1000, or between 3000 and 4999. 7 is neither",
      "SyntaxError: Failed to execute 'close' on 'WebSocket': The message must not be greater than 123 bytes",
      'unknown binaryType x, the supported ones are "blob" and "arraybuffer"',
      "a value for 'onopen' should be callable",
    ],
  ],
  [
    'headers, cookies, protocols',
    () => `import { WebSocket } from 'k6/websockets'
      import http from 'k6/http'
      export default function () {
        http.cookieJar().set('${url.replace('ws', 'http')}', 'c', '1')
        const ws = new WebSocket('${url}/cookie', ['p1', 'p2'], { headers: { 'x-a': 'b' }, tags: { t: 'v' } })
        ws.onmessage = (e) => { console.log(e.data, ws.protocol); ws.close() }
      }`,
    ['c=1 b Vigie p1'],
  ],
  [
    'async listeners, and a blocking call in one',
    () =>
      script(
        '/hello',
        `ws.onmessage = async (e) => { await Promise.resolve(); console.log('later'); ws.close() }
        ws.onopen = () => { sleep(0.02); console.log('slept') }`,
        "import { sleep } from 'k6'",
      ),
    ['slept', 'open   1', 'later', 'message hello  2', 'close 1000  3'],
  ],
]

test.each(cases)('%s', async (_, source, logged) => {
  const ran = await iterate(source())
  if (ran.outcome.kind === 'threw') throw ran.outcome.error
  expect(ran.logged).toEqual(logged)
})

test('metrics and their tags', async () => {
  const { samples } = await iterate(
    `import { WebSocket } from 'k6/websockets'
    export default function () {
      const ws = new WebSocket('${url}/echo', null, { tags: { t: 'v' } })
      ws.onopen = () => { ws.ping(); ws.send('a') }
      ws.onmessage = () => ws.close()
    }`,
  )
  const tags = `{group=,name=${url}/echo,status=101,subproto=,t=v,url=${url}/echo}`
  const counts = ['ws_sessions', 'ws_msgs_sent', 'ws_msgs_received'].map(
    (name) => samples.get(name + tags)?.[0],
  )
  expect(counts).toEqual([1, 3, 1])
  for (const name of ['ws_connecting', 'ws_ping', 'ws_session_duration'])
    expect(samples.get(name + tags), name).toHaveLength(1)
})

test('a listener that throws closes the socket and is logged', async () => {
  const { logged } = await iterate(
    script('/hello', "ws.onmessage = () => { throw new Error('boom') }"),
  )
  expect(logged[0]).toBe('open   1')
  expect(logged[1]).toContain('Error: boom')
  expect(logged.slice(2)).toEqual(['error Error: boom  3', 'close   3'])
})

test('an interrupted iteration leaves no connection', async () => {
  const closed = new Promise<void>((resolve) => {
    sockets.once('connection', () => {})
    behaviours['/watch'] = (socket) => socket.on('close', () => resolve())
  })
  const { outcome } = await iterate(script('/watch', ''), { interruptAfterMs: 150 })
  expect(outcome.kind).toBe('interrupted')
  await closed
})

const ofBlocking: [what: string, body: string, logged: string[], counts: Record<string, number>][] =
  [
    [
      'what the script closes is over at once',
      "ws.connect(url + '/echo', (s) => { s.on('open', () => s.send('a')); s.on('message', () => { s.close(1000); s.send('b'); console.log('after') }); s.on('close', (c) => console.log(c)); s.on('error', (e) => console.log(e.error())) })",
      ['1000', 'websocket: close sent', 'after'],
      { ws_msgs_sent: 2, ws_msgs_received: 1, ws_sessions: 1 },
    ],
    [
      'an unusual end is an error, too',
      "ws.connect(url + '/fail', (s) => { s.on('error', (e) => console.log(e.error())); s.on('close', (c) => console.log(c)) })",
      ['websocket: close 1011 (internal server error): broken', '1011'],
      { ws_msgs_sent: 0, ws_sessions: 1 },
    ],
    [
      'an answer that is none',
      "const r = ws.connect(url + '/none', () => {}); console.log(r.status, r.url, r.error)",
      ['Attempt to establish a WebSocket connection failed: websocket: bad handshake', '403  '],
      { ws_sessions: 1 },
    ],
  ]

test.each(ofBlocking)('k6/ws: %s', async (_, body, logged, counts) => {
  const ran = await iterate(
    `import ws from 'k6/ws'\nconst url = '${url}'\nexport default () => { ${body} }`,
  )
  expect(ran.logged).toEqual(logged)
  for (const [metric, count] of Object.entries(counts)) expect(ran.count(metric)).toBe(count)
})

test('a websocket counts in data_sent and data_received, one that never came does not', async () => {
  for (const name of ['k6/ws', 'k6/websockets']) {
    const run = (address: string): ReturnType<typeof iterate> =>
      iterate(
        name === 'k6/ws'
          ? `import ws from 'k6/ws'
            export default () => { ws.connect('${address}', (s) => { s.on('open', () => s.send('x'.repeat(1000))); s.on('message', () => s.close()) }) }`
          : `import { WebSocket } from 'k6/websockets'
            export default () => { const s = new WebSocket('${address}'); s.onopen = () => s.send('x'.repeat(1000)); s.onmessage = () => s.close() }`,
      )
    const talked = await run(`${url}/echo`)
    expect(talked.count('data_sent')).toBeGreaterThan(1150)
    expect(talked.count('data_received')).toBeGreaterThan(1100)
    expect((await run('ws://127.0.0.1:1/')).count('data_sent')).toBe(0)
  }
})
