// What a run says of names, TLS and proxies, and HTTP/2 where the server chooses it: against real sockets.
import { createServer as createSecure } from 'node:https'
import { type Http2SecureServer, createSecureServer } from 'node:http2'
import { type AddressInfo, type Server, connect, createServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AddressPool, matchHost } from '../src/http/network.ts'
import { Proxies } from '../src/http/proxy.ts'
import { parseRequestUrl } from '../src/http/url.ts'
import { cert, key } from './certificate.ts'
import { iterate } from './one-vu.ts'
import { type RawServer, ok, rawServer } from './raw-server.ts'

let plain: RawServer
let secure: Server
/** Answers whatever it hears as if it were HTTP. */
let deaf: Server
let h2: Http2SecureServer
const streams: string[] = []
let h2Sessions = 0
const ports = { secure: 0, h2: 0, deaf: 0 }
const portOf = (server: { address: () => unknown }): number =>
  (server.address() as AddressInfo).port

beforeAll(async () => {
  plain = await rawServer((request) => ok(request.split('\r\n', 1)[0]!))
  secure = createSecure({ key, cert }, (_, response) => response.end('safe'))
  deaf = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  })
  h2 = createSecureServer({ key, cert })
  h2.on('session', () => h2Sessions++)
  h2.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    const path = headers[':path']!
    if (path === '/reset') return stream.close(11)
    if (path === '/goaway') return stream.session!.goaway(1)
    if (path === '/hang') return
    if (path === '/cut') {
      stream.respond({ ':status': 200 })
      stream.write('half', () => stream.destroy(new Error('cut')))
      return
    }
    let body = ''
    stream.on('data', (chunk: Buffer) => (body += chunk.toString()))
    stream.on('end', () => {
      streams.push(
        `${headers[':method']} ${headers[':authority']} ${path} ${String(headers['x-a'] ?? '')} ${body}`,
      )
      stream.respond({ ':status': 200, 'x-b': '1', 'set-cookie': ['a=1', 'b=2'] })
      stream.end('two')
    })
  })
  for (const [name, server] of [
    ['secure', secure],
    ['h2', h2],
    ['deaf', deaf],
  ] as const) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ports[name] = portOf(server)
  }
})
afterAll(() => {
  plain.close()
  secure.close()
  deaf.close()
  h2.close()
})

/** The lines that the body logs, but for warnings of requests. */
async function logged(
  body: string,
  options: Record<string, unknown> = {},
  env: Record<string, string> = {},
): Promise<string[]> {
  const { logged, outcome } = await iterate(
    `import http from 'k6/http'
    const DEAF = 'https://127.0.0.1:${portOf(deaf)}', PLAIN = 'http://127.0.0.1:${plain.port}', SAFE = 'https://game.example:${ports.secure}', H2 = 'https://game.example:${ports.h2}'
    const show = (r) => console.log(r.status, r.body, r.error_code, r.error)
    export default function () { ${body} }`,
    {
      options: { insecureSkipTLSVerify: true, hosts: { 'game.example': '127.0.0.1' }, ...options },
      env,
    },
  )
  if (outcome.kind === 'threw') throw outcome.error
  return logged.filter((line) => !line.startsWith('Request Failed'))
}

test.each<[what: string, body: string, options: Record<string, unknown>, shown: string]>([
  [
    'an unknown authority',
    'show(http.get(SAFE))',
    { insecureSkipTLSVerify: false },
    '0 null 1310 x509: unknown authority',
  ],
  [
    'TLS to a plain port',
    'show(http.get(DEAF))',
    {},
    '0 null 1301 tls: first record does not look like a TLS handshake',
  ],
  [
    'a version that the server lacks',
    'show(http.get(SAFE))',
    { tlsVersion: { min: 'tls1.0', max: 'tls1.1' } },
    '0 null 1010 remote error: tls: protocol version not supported',
  ],
  [
    'the version that is asked for',
    'const r = http.get(SAFE); console.log(r.tls_version, r.tls_cipher_suite, r.ocsp.status, r.proto)',
    { tlsVersion: 'tls1.2', tlsCipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'] },
    'tls1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 unknown HTTP/1.1',
  ],
  [
    'the newest version',
    'const r = http.get(SAFE); console.log(r.tls_version, r.body, r.timings.tls_handshaking > 0)',
    {},
    'tls1.3 safe true',
  ],
  [
    'a host that is blocked',
    "show(http.get('http://api.blocked.example/'))",
    { blockHostnames: ['*.blocked.example'] },
    '0 null 1111 hostname is blocked',
  ],
  [
    'an address that is blocked',
    'show(http.get(PLAIN))',
    { blacklistIPs: ['127.0.0.0/8'] },
    '0 null 1110 ip is blacklisted',
  ],
  [
    'a host that is mapped to a blocked address',
    'show(http.get(SAFE))',
    { blacklistIPs: ['127.0.0.1/32'] },
    '0 null 1110 ip is blacklisted',
  ],
  [
    'an address to send from',
    'show(http.get(PLAIN))',
    { localIPs: '127.0.0.9' },
    '200 GET / HTTP/1.1 0 ',
  ],
])('%s', async (_, body, options, shown) => {
  expect(await logged(body, options)).toEqual([shown])
})

test('a certificate for another host', async () => {
  const { logged } = await iterate(
    `import http from 'k6/http'
    export default function () { console.log(http.get('https://other.example:${ports.secure}/').error_code) }`,
    { options: { hosts: { 'other.example': '127.0.0.1' } } },
  )
  // Self-signed comes first.
  expect(logged.at(-1)).toBe('1310')
})

test('HTTP/2 by ALPN: one connection, many requests', async () => {
  const before = h2Sessions
  streams.length = 0
  const lines = await logged(`
    const r = http.get(H2 + '/a?b')
    console.log(r.status_text, r.proto, r.headers['X-B'], Object.keys(r.cookies).join(), r.body, r.timings.duration > 0, r.remote_port)
    http.post(H2 + '/p', 'body', { headers: { 'X-A': 'x', Connection: 'close' } })
    console.log(http.batch([H2, H2, H2]).map((one) => one.status).join())`)
  expect(lines).toEqual([`200 OK HTTP/2.0 1 a,b two true ${ports.h2}`, '200,200,200'])
  const host = `game.example:${ports.h2}`
  expect(streams).toEqual([
    `GET ${host} /a?b  `,
    `POST ${host} /p x body`,
    ...Array.from({ length: 3 }, () => `GET ${host} /  `),
  ])
  expect(h2Sessions - before).toBeLessThanOrEqual(4)
})

test.each<[path: string, shown: string]>([
  ['/reset', '0 null 1642 http2: stream error with http2 ErrCode ENHANCE_YOUR_CALM'],
  ['/goaway', '0 null 1612 http2: received GoAway with http2 ErrCode PROTOCOL_ERROR'],
  ['/cut', '0 half 1633 http2: stream error with http2 ErrCode INTERNAL_ERROR'],
])('HTTP/2 %s', async (path, shown) => {
  expect(await logged(`show(http.get(H2 + '${path}')); show(http.get(H2 + '/again'))`)).toEqual([
    shown,
    '200 two 0 ',
  ])
})

test('HTTP/2 that never answers, and samples of it', async () => {
  const { logged, samples, count } = await iterate(
    `import http from 'k6/http'
    export default function () { console.log(http.get('https://127.0.0.1:${ports.h2}/hang', { timeout: 80 }).error_code); http.get('https://127.0.0.1:${ports.h2}/x') }`,
    { options: { insecureSkipTLSVerify: true } },
  )
  expect(logged.at(-1)).toBe('1050')
  expect(count('http_reqs')).toBe(2)
  expect([...samples.keys()].at(-3)).toContain('proto=HTTP/2.0,status=200,tls_version=tls1.3')
  expect(count('data_received')).toBeGreaterThan(500)
})

test('proxies: a plain request in full, TLS through a tunnel, and a proxy that refuses', async () => {
  const tunnels: string[] = []
  const proxy = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (chunk) => {
      const [line, ...headers] = chunk.toString('latin1').split('\r\n')
      const authorization = headers.find((one) => one.startsWith('Proxy-Authorization'))
      tunnels.push(`${line} ${authorization ?? ''}`)
      if (line!.includes('refused'))
        return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
      if (!line!.startsWith('CONNECT')) return socket.write(ok('by proxy'))
      const through = connect(Number(line!.split(/[: ]/)[2]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        socket.pipe(through).pipe(socket)
      })
      through.on('error', () => {})
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const url = `http://u:p@127.0.0.1:${portOf(proxy)}`
  const lines = await logged(
    "show(http.get('http://far.example/x?y')); show(http.get(SAFE)); show(http.get('https://refused.example/'))",
    {},
    { HTTP_PROXY: url, HTTPS_PROXY: url },
  )
  expect(lines).toEqual([
    '200 by proxy 0 ',
    '200 safe 0 ',
    '0 null 1000 Proxy Authentication Required',
  ])
  expect(tunnels).toEqual([
    'GET http://far.example/x?y HTTP/1.1 Proxy-Authorization: Basic dTpw',
    `CONNECT game.example:${ports.secure} HTTP/1.1 Proxy-Authorization: Basic dTpw`,
    'CONNECT refused.example:443 HTTP/1.1 Proxy-Authorization: Basic dTpw',
  ])
  proxy.close()
})

test.each<[none: string, url: string, goes: boolean]>([
  ['', 'http://far.example', true],
  ['', 'http://localhost:80', false],
  ['', 'http://127.0.0.5', false],
  ['', 'http://[::1]/', false],
  ['*', 'http://far.example', false],
  ['far.example', 'http://far.example', false],
  ['far.example', 'http://api.far.example', false],
  ['.far.example', 'http://far.example', true],
  ['.far.example', 'http://api.far.example', false],
  ['far.example:81', 'http://far.example', true],
  ['near.example, 10.0.0.0/8', 'http://10.1.2.3', false],
  ['10.0.0.1', 'http://10.0.0.2', true],
])('NO_PROXY=%s and %s', (none, url, goes) => {
  const proxies = new Proxies({ http: 'proxy.example:3128', https: '', none })
  expect(proxies.for(parseRequestUrl(url)) !== null).toBe(goes)
})

test.each<[pool: string, first: string[]]>([
  ['10.0.0.1', ['10.0.0.1', '10.0.0.1']],
  ['10.0.0.1-10.0.0.3', ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.1']],
  ['10.0.0.0/30', ['10.0.0.1', '10.0.0.2', '10.0.0.1']],
  ['fd00::1-fd00::2', ['fd00:0:0:0:0:0:0:1', 'fd00:0:0:0:0:0:0:2']],
])('addresses of %s', (pool, first) => {
  expect(first.map((_, i) => new AddressPool(pool).at(i))).toEqual(first)
})

test.each<[host: string, pattern: string | undefined]>([
  ['a.b.example', '*.b.example'],
  ['x.example', '*.example'],
  ['b.example', 'b.example'],
  ['example', undefined],
])('the pattern that %s fits', (host, pattern) => {
  expect(matchHost(['*.example', 'b.example', '*.b.example'], host)).toBe(pattern)
})

test.each<[option: string, value: unknown]>([
  ['dns', { select: 'second' }],
  ['dns', { ttl: 'soon' }],
  ['blacklistIPs', ['10.0.0.1']],
  ['blockHostnames', ['a.*.b']],
  ['tlsVersion', 'tls9'],
  ['tlsCipherSuites', ['NONE']],
  ['tlsAuth', [{ cert: 'x' }]],
  ['localIPs', 'here'],
])('%s of %j is refused', async (option, value) => {
  await expect(logged('', { [option]: value })).rejects.toThrow(`for the option "${option}": want`)
})
