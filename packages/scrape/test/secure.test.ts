import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import type { HttpClientConfig } from '../src/index.ts'
import { CERT, KEY } from './certificate.ts'
import { Harness, job } from './harness.ts'
import { metrics, serve, serveTls } from './servers.ts'

const dir = mkdtempSync(join(tmpdir(), 'vigie-scrape-'))
function file(name: string, text: string): string {
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}

test('credentials from the configuration and from files', async () => {
  const server = await serve((_request, response) => metrics(response, 'a 1\n'))
  const harness = new Harness()
  const check = async (http: HttpClientConfig, want: string | undefined): Promise<void> => {
    const before = server.requests.length
    harness.manager.apply([job([server.address], { http })])
    await harness.until(() => server.requests.length >= before + 2)
    expect(server.requests.at(-1)!.headers.authorization).toBe(want)
  }
  await check({}, undefined)
  await check({ basicAuth: { username: 'u', password: 'p' } }, 'Basic dTpw')
  await check({ basicAuth: { username: 'u', passwordFile: file('password', 'p\n') } }, 'Basic dTpw')
  await check({ authorization: { credentials: 't' } }, 'Bearer t')
  await check(
    { authorization: { type: 'Token', credentialsFile: file('token', 't2\n') } },
    'Token t2',
  )
  await check({ headers: new Map([['Authorization', ['own']]]) }, 'own')
  harness.manager.apply([
    job([server.address], { http: { authorization: { credentialsFile: join(dir, 'gone') } } }),
  ])
  await harness.down(server.address, /^cannot read credentials file .*gone: ENOENT$/)
})

test('TLS: trust, distrust and a certificate of our own', async () => {
  const server = await serveTls((_request, response) => metrics(response, 'a 1\n'))
  const check = async (tls: HttpClientConfig['tls'], want: 'up' | RegExp): Promise<void> => {
    const harness = new Harness()
    harness.manager.apply([job([server.address], { scheme: 'https', http: { tls } })])
    if (want === 'up') await harness.up(server.address)
    else await harness.down(server.address, want)
    await harness.manager.stop()
  }
  await check(undefined, /^certificate is self-signed$/)
  await check({ insecureSkipVerify: true }, 'up')
  await check({ ca: CERT }, 'up')
  await check({ caFile: file('ca.pem', CERT) }, 'up')
  await check({ ca: CERT, serverName: 'other.test' }, /other\.test|altnames/i)
  await check({ caFile: join(dir, 'none.pem') }, /^cannot read TLS file .*none\.pem: ENOENT$/)
  await check({ ca: CERT, certFile: file('cert.pem', CERT), keyFile: file('key.pem', KEY) }, 'up')
  const socket = server.requests.at(-1)!.socket as TLSSocket
  expect(socket.getPeerCertificate().subject).toMatchObject({ CN: 'localhost' })
})
