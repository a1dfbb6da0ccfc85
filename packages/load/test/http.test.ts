// The HTTP client against real sockets that answer byte by byte what a line says.
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { iterate } from './one-vu.ts'

/** path -> what the server sends (each part in a write of its own), and whether it then ends or resets. */
const ANSWERS = new Map<
  string,
  { parts: (string | Buffer)[]; ending?: 'end' | 'reset' | 'hang'; pauseMs?: number }
>()
const requests: string[] = []
let server: Server
let base = ''
let connections = 0

beforeAll(async () => {
  server = createServer((socket) => {
    connections++
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0)
      if (text.length < end + 4 + length) return
      const request = text.slice(0, end + 4 + length)
      text = text.slice(end + 4 + length)
      requests.push(request)
      void answer(socket, request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

async function answer(socket: Socket, request: string): Promise<void> {
  const path = request.split(' ')[1]!
  const {
    parts,
    ending,
    pauseMs = 5,
  } = ANSWERS.get(path) ?? { parts: ['HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'] }
  for (const [i, part] of parts.entries()) {
    if (i > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part)
  }
  if (ending === 'end') socket.end()
  if (ending === 'reset') reset(socket)
}

/** RST without a FIN before it, which resetAndDestroy would send. */
function reset(socket: Socket): void {
  const { _handle } = socket as unknown as { _handle: { reset: (done: () => void) => void } }
  _handle.reset(() => socket.destroy())
}

afterAll(() => {
  server.close()
})

let nextPath = 0
/** Serves `parts` and runs `body` with `URL` as the address. */
async function ask(
  parts: (string | Buffer)[],
  body: string,
  more: { ending?: 'end' | 'reset' | 'hang'; pauseMs?: number } = {},
): Promise<Awaited<ReturnType<typeof iterate>>> {
  const path = `/case-${++nextPath}`
  ANSWERS.set(path, { parts, ...more })
  return iterate(script(body), { env: { URL: base + path, BASE: base } })
}

const script = (body: string): string => `import http from 'k6/http'
const URL = __ENV.URL, BASE = __ENV.BASE
const show = (r) => console.log(r.status, JSON.stringify(r.body), r.error_code, r.error)
export default function () { ${body} }`

const OK = 'HTTP/1.1 200 OK\r\n'
const gz = gzipSync('packed')
const br = brotliCompressSync('packed')
const zlib = deflateSync('packed')
const zstd = Buffer.from('KLUv/SAGMQAAcGFja2Vk', 'base64')
const withBody = (encoding: string, bytes: Buffer): (string | Buffer)[] => [
  Buffer.concat([
    Buffer.from(`${OK}Content-Encoding: ${encoding}\r\nContent-Length: ${bytes.length}\r\n\r\n`),
    bytes,
  ]),
]

/** What is sent, and `status body error_code error` of the response. */
const answers: [
  what: string,
  parts: (string | Buffer)[],
  shown: RegExp | string,
  ending?: 'end' | 'reset' | 'hang',
][] = [
  ['a whole response', [`${OK}Content-Length: 2\r\n\r\nhi`], '200 "hi" 0 '],
  ['no body', [`${OK}Content-Length: 0\r\n\r\n`], '200 "" 0 '],
  [
    'a head in pieces',
    ['HTTP/1', '.1 200 OK\r', '\nContent-Length: 2\r\n\r', '\nhi'],
    '200 "hi" 0 ',
  ],
  ['a body in pieces', [`${OK}Content-Length: 6\r\n\r\nab`, 'cd', 'ef'], '200 "abcdef" 0 '],
  [
    'chunks',
    [`${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`],
    '200 "abcde" 0 ',
  ],
  [
    'chunks in pieces',
    [
      `${OK}Transfer-Encoding: chunked\r\n\r\n3`,
      '\r\na',
      'bc\r',
      '\n2;x=1\r\nde\r\n',
      '0\r\nTrailer: x\r',
      '\n\r\n',
    ],
    '200 "abcde" 0 ',
  ],
  ['a body until the end', [`${OK}\r\nuntil`, ' the end'], '200 "until the end" 0 ', 'end'],
  [
    'an interim answer',
    ['HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n', `${OK}Content-Length: 1\r\n\r\nx`],
    '200 "x" 0 ',
  ],
  ['no content', ['HTTP/1.1 204 No Content\r\n\r\n'], '204 null 0 '],
  [
    'utf-8 across pieces',
    [Buffer.from(`${OK}Content-Length: 3\r\n\r\n\xe2\x82`, 'latin1'), Buffer.from([0xac])],
    '200 "€" 0 ',
  ],
  ['gzip', withBody('gzip', gz), '200 "packed" 0 '],
  ['deflate', withBody('deflate', zlib), '200 "packed" 0 '],
  ['br', withBody('br', br), '200 "packed" 0 '],
  [
    'broken gzip',
    withBody('gzip', Buffer.from('nope')),
    '0 null 1701 error decompressing response body (gzip: invalid header)',
  ],
  ['a status of 500', ['HTTP/1.1 500 Oops\r\nContent-Length: 1\r\n\r\n!'], '500 "!" 1500 '],
  ['nothing but an end', [''], '0 null 1000 EOF', 'end'],
  ['a body cut off', [`${OK}Content-Length: 10\r\n\r\nabc`], '0 "abc" 1000 unexpected EOF', 'end'],
  ['a head cut off', [`${OK}Content-Le`], '0 null 1000 unexpected EOF', 'end'],
  ['a reset instead of an answer', [''], '0 null 1220 read: connection reset by peer', 'reset'],
  ['a gzip cut off', withBody('gzip', gz.subarray(0, 14)), '0 null 1000 unexpected EOF'],
  ['two encodings', withBody('deflate, gzip', gzipSync(zlib)), '200 "packed" 0 '],
  ['zstd', withBody('zstd', zstd), '200 "packed" 0 '],
  [
    'broken zstd',
    withBody('zstd', Buffer.from('nope, not this')),
    '0 null 1701 error decompressing response body (magic number mismatch)',
  ],
  ['an encoding nobody knows', withBody('lzma', Buffer.from('raw')), '200 "raw" 0 '],
  [
    'chunks cut off',
    [`${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nab`],
    '0 "ab" 1000 unexpected EOF',
    'end',
  ],
  [
    'a reset',
    [`${OK}Content-Length: 10\r\n\r\nabc`, ''],
    '0 "abc" 1220 read: connection reset by peer',
    'reset',
  ],
  [
    'bad chunk sizes',
    [`${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
    '0 "" 1000 invalid byte in chunk length',
  ],
  [
    'two lengths',
    [`${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
    '0 null 1000 http: message cannot contain multiple Content-Length headers; got ["1" "2"]',
  ],
  [
    'the same length twice',
    [`${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab`],
    '200 "ab" 0 ',
  ],
  [
    'a length that is none',
    [`${OK}Content-Length: two\r\n\r\nab`],
    '0 null 1000 bad Content-Length "two"',
  ],
  [
    'no HTTP at all',
    ['SSH-2.0-OpenSSH\r\n\r\n'],
    '0 null 1000 malformed HTTP response "SSH-2.0-OpenSSH"',
  ],
  [
    'a status that is none',
    ['HTTP/1.1 2x OK\r\n\r\n'],
    '0 null 1000 malformed HTTP status code "2x"',
  ],
  [
    'a version that is none',
    ['HTTQ/1 200 OK\r\n\r\n'],
    '0 null 1000 malformed HTTP version "HTTQ/1"',
  ],
  [
    'a header line that is none',
    [`${OK}nonsense\r\n\r\n`],
    '0 null 1000 malformed MIME header line: nonsense',
  ],
  ['a header over two lines', [`${OK}X-A: 1\r\n  2\r\nContent-Length: 1\r\n\r\nx`], '200 "x" 0 '],
  [
    'an encoding of the transfer that nobody knows',
    [`${OK}Transfer-Encoding: gzip\r\n\r\n`],
    '0 null 1000 unsupported transfer encoding: "gzip"',
  ],
  [
    'chunks without a size',
    [`${OK}Transfer-Encoding: chunked\r\n\r\n\r\n`],
    '0 "" 1000 empty hex number for chunk length',
  ],
  [
    'chunks that do not end',
    [`${OK}Transfer-Encoding: chunked\r\n\r\n1\r\naXX\r\n`],
    '0 "a" 1000 malformed chunked encoding',
  ],
  [
    'huge headers',
    [`${OK}X: ${'a'.repeat(11 << 20)}\r\n\r\n`],
    '0 null 1000 net/http: server response headers exceeded 10485760 bytes; aborted',
  ],
]

test.each(answers)('%s', async (_, parts, shown, ending) => {
  const { logged } = await ask(parts, 'show(http.get(URL))', ending === undefined ? {} : { ending })
  expect(logged.at(-1)).toMatch(
    typeof shown === 'string'
      ? new RegExp(`^${shown.replace(/[$.*+?^{}()|[\]\\]/g, '\\$&')}$`)
      : shown,
  )
})

test('a slow server is a request timeout', async () => {
  const { logged, count } = await ask([''], "show(http.get(URL, { timeout: '60ms' }))", {
    ending: 'hang',
  })
  expect(logged).toEqual([
    `Request Failed: Get "${base}/case-${nextPath}": request timeout`,
    '0 null 1050 request timeout',
  ])
  expect(count('http_reqs')).toBe(1)
})

/** What is asked, `error_code error` of the response, and what the log line says. */
const unanswered: [what: string, url: string, shown: string, log: string][] = [
  [
    'nobody listening',
    "'http://127.0.0.1:1/x'",
    '1212 dial: connection refused',
    'Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused',
  ],
  [
    'no such host',
    "'http://nope.invalid'",
    '1101 lookup: no such host',
    'Get "http://nope.invalid": lookup nope.invalid: no such host',
  ],
  [
    'a password in the log',
    "'http://u:secret@127.0.0.1:1/'",
    '1212 dial: connection refused',
    'Get "http://u:***@127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
  ],
  [
    'another protocol',
    "'ftp://x'",
    '1000 unsupported protocol scheme "ftp"',
    'Get "ftp://x": unsupported protocol scheme "ftp"',
  ],
  [
    'no URL',
    "'nothing'",
    '1000 unsupported protocol scheme ""',
    'Get "nothing": unsupported protocol scheme ""',
  ],
  [
    'no host',
    "'http:///x'",
    '1000 http: no Host in request URL',
    'Get "http:///x": http: no Host in request URL',
  ],
  [
    'a blank in the host',
    "'https:// test.k6.io'",
    '1020 invalid URL: parse "https:// test.k6.io": invalid character " " in host name',
    'invalid URL: parse "https:// test.k6.io": invalid character " " in host name',
  ],
  [
    'a port that is none',
    "'http://x:http/'",
    '1020 invalid URL: parse "http://x:http/": invalid port ":http" after host',
    'invalid URL: parse "http://x:http/": invalid port ":http" after host',
  ],
  [
    'an address without a scheme',
    "'127.0.0.1:80/x'",
    '1020 invalid URL: parse "127.0.0.1:80/x": first path segment in URL cannot contain colon',
    'invalid URL: parse "127.0.0.1:80/x": first path segment in URL cannot contain colon',
  ],
  [
    'an escape that is none',
    "'http://x/%zz'",
    '1020 invalid URL: parse "http://x/%zz": invalid URL escape "%zz"',
    'invalid URL: parse "http://x/%zz": invalid URL escape "%zz"',
  ],
  ['nothing', 'undefined', "1020 invalid URL: '#<nil>'", "invalid URL: '#<nil>'"],
  ['a number', '5', "1020 invalid URL: '#5'", "invalid URL: '#5'"],
  [
    'a header with a line break',
    "BASE, { headers: { 'x-a': 'x\\r\\ny' } }",
    '1000 net/http: invalid header field value for "X-A"',
    'Get "BASE": net/http: invalid header field value for "X-A"',
  ],
  [
    'a tag that is an object',
    'BASE, { tags: { a: {} } }',
    "0 invalid HTTP request metric tags: invalid value for metric tag 'a': only String, Boolean and Number types are accepted as a metric tag values",
    "invalid HTTP request metric tags: invalid value for metric tag 'a': only String, Boolean and Number types are accepted as a metric tag values",
  ],
  [
    'a timeout that is none',
    "BASE, { timeout: 'soon' }",
    '0 invalid timeout value: time: invalid duration "soon"',
    'invalid timeout value: time: invalid duration "soon"',
  ],
  [
    'a type of response that is none',
    "BASE, { responseType: 'json' }",
    '0 json does not belong to ResponseType values',
    'json does not belong to ResponseType values',
  ],
  [
    'a callback that is none',
    'BASE, { responseCallback: () => true }',
    '0 unsupported responseCallback',
    'unsupported responseCallback',
  ],
  [
    'a compression that is none',
    "BASE, { compression: 'gzip, lzma' }",
    '0 unknown compression algorithm lzma, supported algorithms are [gzip deflate zstd br]',
    'unknown compression algorithm lzma, supported algorithms are [gzip deflate zstd br]',
  ],
]

test.each(unanswered)('%s is a response without status', async (_, args, shown, log) => {
  const { logged, outcome } = await iterate(
    script(`const r = http.get(${args}); console.log(r.status, r.error_code, r.error)`),
    { env: { BASE: base } },
  )
  expect(outcome.kind).toBe('returned')
  expect(logged).toEqual([`Request Failed: ${log.replace('BASE', base)}`, `0 ${shown}`])
})

test.each([
  ['7', 'int64'],
  ['1.5', 'float64'],
  ['true', 'bool'],
  ['[1]', '[]interface {}'],
])('a body of %s is refused', async (body, type) => {
  const { logged } = await iterate(script(`console.log(http.post(BASE, ${body}).error)`), {
    env: { BASE: base },
  })
  expect(logged.at(-1)).toBe(`unknown request body type ${type}`)
})

test('throw makes a failure an error, and what cannot be read only when the run says so', async () => {
  const failed = await iterate(script("http.get('http://127.0.0.1:1', { throw: true })"))
  expect(failed.outcome).toMatchObject({
    kind: 'threw',
    error: {
      name: 'GoError',
      message: 'Get "http://127.0.0.1:1": dial tcp 127.0.0.1:1: connect: connection refused',
    },
  })
  const unread = await iterate(script("http.get('http://x:y', { throw: true })"))
  expect(unread.outcome.kind).toBe('returned')
  const all = await iterate(script("http.get('http://x:y')"), { options: { throw: true } })
  expect(all.outcome).toMatchObject({
    error: { message: 'invalid URL: parse "http://x:y": invalid port ":y" after host' },
  })
})

test('connections are kept, and a kept one that died is replaced', async () => {
  const before = connections
  const { logged } = await ask(
    [`${OK}Content-Length: 2\r\n\r\nok`],
    `
    show(http.get(URL)); show(http.get(URL))
    http.get(BASE + '/closing'); show(http.get(URL))`,
  )
  expect(logged).toEqual(['200 "ok" 0 ', '200 "ok" 0 ', '200 "ok" 0 '])
  expect(connections - before).toBe(1)
  ANSWERS.set('/closing', { parts: [`${OK}Connection: close\r\nContent-Length: 0\r\n\r\n`] })
  const closing = connections
  await ask([`${OK}Content-Length: 0\r\n\r\n`], "http.get(BASE + '/closing'); http.get(URL)")
  expect(connections - closing).toBe(2)
})

/** Body of the iteration and the request that the server must have seen. */
const sent: [what: string, body: string, request: string][] = [
  [
    'a plain get',
    "http.get(BASE + '/p?q=1')",
    'GET /p?q=1 HTTP/1.1\r\nHost: HOST\r\nUser-Agent: Vigie\r\n\r\n',
  ],
  [
    'headers in canonical form',
    "http.get(BASE + '/p', { headers: { 'x-a': 1, 'user-agent': 'me' } })",
    'GET /p HTTP/1.1\r\nHost: HOST\r\nUser-Agent: me\r\nX-A: 1\r\n\r\n',
  ],
  [
    'a text',
    "http.post(BASE + '/p', 'é')",
    'POST /p HTTP/1.1\r\nHost: HOST\r\nUser-Agent: Vigie\r\nContent-Length: 2\r\n\r\n\xc3\xa9',
  ],
  [
    'bytes',
    "http.put(BASE + '/p', new Uint8Array([1, 2]).buffer)",
    'PUT /p HTTP/1.1\r\nHost: HOST\r\nUser-Agent: Vigie\r\nContent-Length: 2\r\n\r\n\x01\x02',
  ],
  [
    'a form',
    "http.post(BASE + '/p', { d: 'é&', a: 1, b: [1, 'x y'], c: null })",
    'POST /p HTTP/1.1\r\nHost: HOST\r\nUser-Agent: Vigie\r\nContent-Length: 28\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na=1&b=1&b=x+y&c=&d=%C3%A9%26',
  ],
  [
    'no body',
    "http.post(BASE + '/p')",
    'POST /p HTTP/1.1\r\nHost: HOST\r\nUser-Agent: Vigie\r\nContent-Length: 0\r\n\r\n',
  ],
  [
    'user and password',
    "http.get(BASE.replace('//', '//u:p@') + '/p')",
    'GET /p HTTP/1.1\r\nHost: HOST\r\nUser-Agent: Vigie\r\nAuthorization: Basic dTpw\r\n\r\n',
  ],
  [
    'cookies',
    "http.get(BASE + '/p', { cookies: { a: 1, b: { value: 2, replace: true } } })",
    'GET /p HTTP/1.1\r\nHost: HOST\r\nUser-Agent: Vigie\r\nCookie: a=1; b=2\r\n\r\n',
  ],
  [
    'a method by name',
    "http['del'](BASE + '/p')",
    'DELETE /p HTTP/1.1\r\nHost: HOST\r\nUser-Agent: Vigie\r\n\r\n',
  ],
]

test.each(sent)('sends %s', async (_, body, request) => {
  requests.length = 0
  const { outcome } = await iterate(script(body), { env: { BASE: base } })
  if (outcome.kind === 'threw') throw outcome.error
  const host = base.slice('http://'.length)
  expect(requests).toEqual([request.replace('HOST', host)])
})

test('redirects, with cookies on the way', async () => {
  ANSWERS.set('/one', {
    parts: [
      'HTTP/1.1 302 Found\r\nLocation: /two\r\nSet-Cookie: k=v; Path=/\r\nContent-Length: 0\r\n\r\n',
    ],
  })
  ANSWERS.set('/two', { parts: [`${OK}Set-Cookie: s=1; HttpOnly\r\nContent-Length: 3\r\n\r\nend`] })
  requests.length = 0
  const { logged, count, samples } = await iterate(
    script(`const r = http.post(BASE + '/one', 'x'); show(r)
      console.log(r.url === BASE + '/two', JSON.stringify(r.cookies.s[0].http_only), JSON.stringify(http.cookieJar().cookiesForURL(BASE + '/two')))
      console.log(http.get(BASE + '/one', { redirects: 0 }).status)`),
    { env: { BASE: base } },
  )
  expect(logged).toEqual(['200 "end" 0 ', 'true true {"k":["v"],"s":["1"]}', '302'])
  expect(requests[1]).toContain('GET /two HTTP/1.1')
  expect(requests[1]).toContain('Cookie: k=v')
  expect(count('http_reqs')).toBe(3)
  expect([...samples.keys()].filter((name) => name.startsWith('http_reqs'))).toEqual([
    `http_reqs{expected_response=true,group=,method=POST,name=${base}/one,proto=HTTP/1.1,status=302,url=${base}/one}`,
    `http_reqs{expected_response=true,group=,method=GET,name=${base}/two,proto=HTTP/1.1,status=200,url=${base}/two}`,
    `http_reqs{expected_response=true,group=,method=GET,name=${base}/one,proto=HTTP/1.1,status=302,url=${base}/one}`,
  ])
})

test('the samples of a round trip', async () => {
  const { samples, count } = await ask(
    [`${OK}Content-Length: 2\r\n\r\nok`],
    'http.get(URL); http.get(BASE + "/404")',
  )
  expect(
    [
      'http_reqs',
      'http_req_failed',
      'http_req_duration',
      'http_req_blocked',
      'http_req_connecting',
      'http_req_tls_handshaking',
      'http_req_sending',
      'http_req_waiting',
      'http_req_receiving',
    ].map(count),
  ).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 2])
  const failed = [...samples]
    .filter(([name]) => name.startsWith('http_req_failed'))
    .map(([, values]) => values)
  expect(failed).toEqual([
    [0, 1],
    [1, 1],
  ])
  expect(
    [...samples.keys()].find((name) => name.startsWith('http_reqs') && name.includes('/404')),
  ).toContain('error_code=1404,expected_response=false')
  expect(count('data_received')).toBe(
    `${OK}Content-Length: 2\r\n\r\nok`.length +
      'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'.length,
  )
})

test('names, tags and callbacks decide what samples carry', async () => {
  const { samples } = await iterate(
    script(`http.get(http.url\`\${BASE}/item/\${7}\`, { tags: { kind: 'a' } })
      http.get(BASE + '/x', { tags: { name: 'mine' }, responseCallback: http.expectedStatuses({ min: 400, max: 499 }) })
      http.get(BASE + '/y', { responseCallback: null })`),
    { env: { BASE: base } },
  )
  const names = [...samples.keys()]
    .filter((name) => name.startsWith('http_reqs'))
    .map((name) => name.replaceAll(base, ''))
  expect(names).toEqual([
    'http_reqs{error_code=1404,expected_response=false,group=,kind=a,method=GET,name=${}/item/${},proto=HTTP/1.1,status=404,url=${}/item/${}}',
    'http_reqs{error_code=1404,expected_response=true,group=,method=GET,name=mine,proto=HTTP/1.1,status=404,url=mine}',
    'http_reqs{error_code=1404,group=,method=GET,name=/y,proto=HTTP/1.1,status=404,url=/y}',
  ])
  expect([...samples.keys()].filter((name) => name.startsWith('http_req_failed')).length).toBe(2)
})

test('batch, in order and by name, and asyncRequest', async () => {
  const { logged } = await iterate(
    `import http from 'k6/http'
    export default async function () {
      const b = __ENV.BASE
      console.log(http.batch([b + '/two', ['GET', b + '/404'], { method: 'GET', url: b + '/two' }]).map((r) => r.status).join())
      const { x, y } = http.batch({ x: b + '/two', y: 'http://127.0.0.1:1' })
      console.log(x.status, y.error_code)
      const all = await Promise.all([http.asyncRequest('GET', b + '/two'), http.asyncRequest('GET', b + '/404')])
      console.log(all.map((r) => r.status).join())
    }`,
    { env: { BASE: base } },
  )
  expect(logged.filter((line) => !line.startsWith('Request'))).toEqual([
    '200,404,200',
    '200 1212',
    '200,404',
  ])
})

test('what a response tells', async () => {
  const body = JSON.stringify({
    a: { b: [1, 2, { c: 'x', n: 3 }] },
    items: [
      { id: 1, ok: true },
      { id: 2, ok: false },
    ],
  })
  const { logged } = await ask(
    [
      `${OK}content-type: application/json\r\nX-Two: 1\r\nx-two: 2\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    ],
    `const r = http.get(URL)
    console.log(r.headers['Content-Type'], r.headers['X-Two'], r.status_text, r.proto, r.remote_ip, r.request.method, r.request.url === URL)
    console.log(['a.b.1', 'a.b.#', 'items.#.id', 'items.#(id==2).ok', 'items.#(ok==true)#.id', 'a.b.2.c', 'nope', 'items.#(id>1).id'].map((s) => JSON.stringify(r.json(s))).join(' '))
    console.log(r.json() === r.json(), r.timings.duration > 0, r.timings.duration === r.timings.sending + r.timings.waiting + r.timings.receiving)
    console.log(Object.keys(JSON.parse(JSON.stringify(r))).join())
    try { http.get(BASE + '/404').json() } catch (e) { console.log(e.message.slice(0, 51)) }
    console.log(http.get(URL, { responseType: 'binary' }).body.byteLength, http.get(URL, { responseType: 'none' }).body)`,
  )
  expect(logged).toEqual([
    'application/json 1, 2 200 OK HTTP/1.1 127.0.0.1 GET true',
    '2 3 [1,2] false [1] "x"  2',
    'true true true',
    'remote_ip,remote_port,url,status,status_text,proto,headers,cookies,body,timings,tls_version,tls_cipher_suite,ocsp,error,error_code,request',
    'cannot parse json due to an error at line 1, charac',
    `${body.length} null`,
  ])
})
