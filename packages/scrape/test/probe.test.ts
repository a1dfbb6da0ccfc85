import { expect, test } from 'vitest'
import {
  httpProbe,
  probeJob,
  tcpProbe,
  type HttpProbeModule,
  type ProbeModule,
  type TcpProbeModule,
} from '../src/index.ts'
import { CERT } from './certificate.ts'
import { Harness, groups } from './harness.ts'
import { serve, serveTcp, serveTls } from './servers.ts'

/** Probes once; the values it left, by name and a part of the labels. */
async function probe(
  target: string,
  module: ProbeModule,
): Promise<(name: string, labels?: string) => number | undefined> {
  const harness = new Harness()
  harness.manager.apply([
    probeJob('p', module, { intervalMs: 2000, staticConfigs: groups(target) }),
  ])
  await harness.until(() => harness.target(target)?.health !== 'unknown')
  const dump = harness.storage.dump()
  return (name, labels = '') => {
    const line = dump.find((one) => one.startsWith(`${name}{`) && one.includes(labels))
    return line === undefined ? undefined : Number(/ (\S+)@/.exec(line)![1])
  }
}

async function check(
  target: string,
  settings: Partial<Omit<HttpProbeModule, 'prober'>> | TcpProbeModule,
  want: string,
): Promise<void> {
  const module = 'prober' in settings ? settings : httpProbe(settings)
  const harness = new Harness()
  harness.manager.apply([
    probeJob('p', module, { intervalMs: 1000, timeoutMs: 500, staticConfigs: groups(target) }),
  ])
  if (want === '') await harness.up(target)
  else await harness.down(target, want)
  expect(harness.storage.last('probe_success')).toBe(want === '' ? 1 : 0)
  expect(harness.storage.last('up')).toBe(want === '' ? 1 : 0)
  await harness.manager.stop()
}

test('http: statuses, bodies, redirects', async () => {
  const server = await serve((request, response) => {
    const { pathname } = new URL(request.url!, 'http://x')
    if (pathname === '/hang') return
    if (pathname === '/moved') response.writeHead(301, { location: '/' })
    else if (pathname === '/500') response.writeHead(500)
    else if (pathname === '/echo')
      response.write(`${request.method} ${String(request.headers['x-a'])}`)
    response.write('hello world')
    response.end()
  })
  const url = `http://${server.address}`
  await check(url, {}, '')
  await check(server.address, {}, '')
  await check(`${url}/500`, {}, 'HTTP status 500 Internal Server Error, want 2xx')
  await check(`${url}/500`, { validStatusCodes: [500] }, '')
  await check(url, { validStatusCodes: [204, 205] }, 'HTTP status 200 OK, want 204 or 205')
  await check(`${url}/moved`, {}, '')
  await check(
    `${url}/moved`,
    { followRedirects: false },
    'HTTP status 301 Moved Permanently, want 2xx',
  )
  await check(url, { failIfBodyMatchesRegexp: ['w.rld'] }, 'body matches "w.rld"')
  await check(url, { failIfBodyNotMatchesRegexp: ['hello', 'bye'] }, 'body does not match "bye"')
  await check(url, { failIfBodyNotMatchesRegexp: ['hello'] }, '')
  await check(url, { failIfNotSsl: true }, 'answered over plain HTTP, want TLS')
  await check(`${url}/hang`, {}, 'no complete answer within 0.5 s')
  await check(url, { bodySizeLimitBytes: 5 }, 'body size limit exceeded (limit: 5 bytes)')
  await check('http://127.0.0.1:1/', {}, 'connection refused')
  const post = { method: 'POST', body: 'x', headers: new Map([['X-A', 'b']]) }
  await check(`${url}/echo`, { ...post, failIfBodyNotMatchesRegexp: ['POST b'] }, '')
})

test('http: what is measured', async () => {
  const server = await serve((_request, response) => {
    response.writeHead(200, {
      'content-length': '5',
      'last-modified': 'Thu, 01 Jan 1970 00:01:40 GMT',
    })
    response.end('hello')
  })
  const value = await probe(`http://${server.address}/`, httpProbe())
  expect(value('probe_http_status_code')).toBe(200)
  expect(value('probe_http_content_length')).toBe(5)
  expect(value('probe_http_redirects')).toBe(0)
  expect(value('probe_http_ssl')).toBe(0)
  expect(value('probe_http_version')).toBe(1.1)
  expect(value('probe_ip_protocol')).toBe(4)
  expect(value('probe_http_last_modified_timestamp_seconds')).toBe(100)
  for (const phase of ['resolve', 'connect', 'tls', 'processing', 'transfer'])
    expect(value('probe_http_duration_seconds', `phase="${phase}"`)).toBeLessThan(1)
  expect(value('probe_duration_seconds')).toBeGreaterThan(0)
})

test('http over TLS: the certificate', async () => {
  const server = await serveTls((_request, response) => response.end('ok'))
  const trusting = httpProbe({ http: { tls: { ca: CERT } } })
  const value = await probe(server.url, trusting)
  expect(value('probe_success')).toBe(1)
  expect(value('probe_http_ssl')).toBe(1)
  expect(value('probe_ssl_earliest_cert_expiry')).toBeGreaterThan(4_800_000_000)
  expect(value('probe_tls_version_info', 'version="TLS 1.3"')).toBe(1)
  await check(server.url, {}, 'certificate is self-signed')
  await check(
    server.url,
    { failIfSsl: true, http: { tls: { insecureSkipVerify: true } } },
    'answered over TLS, want plain HTTP',
  )
})

test('tcp', async () => {
  const address = await serveTcp((socket) => {
    socket.write('220 ready\r\n')
    socket.on('data', (data) => socket.write(`250 ${data.toString()}`))
  })
  const silent = await serveTcp(() => {})
  await check(address, tcpProbe(), '')
  await check(`tcp://${address}`, tcpProbe(), '')
  await check('127.0.0.1:1', tcpProbe(), 'connection refused')
  await check('127.0.0.1', tcpProbe(), '"127.0.0.1" has no port, want host:port')
  const talk = [{ expect: '^220 ' }, { send: 'hello' }, { expect: '^250 hello$' }]
  await check(address, tcpProbe({ queryResponse: talk }), '')
  await check(
    silent,
    tcpProbe({ queryResponse: [{ expect: '220' }] }),
    'no complete answer within 0.5 s',
  )
  const closing = await serveTcp((socket) => socket.end('no\n'))
  await check(
    closing,
    tcpProbe({ queryResponse: [{ expect: '220' }] }),
    'no line of the answer matches "220"',
  )
})
