/** `--web.config.file`: what is asked over TLS, and who is let in. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SecureVersion } from 'node:tls'
import { hashSync } from 'bcryptjs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CERT, KEY } from '../../scrape/test/certificate.ts'
import { ConfigError, parseWebConfig } from '../src/index.ts'
import { type TestVigie, startTestVigie } from './start-vigie.ts'

let dir = ''
let started: TestVigie

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-web-'))
  writeFileSync(join(dir, 'cert.pem'), CERT)
  writeFileSync(join(dir, 'key.pem'), KEY)
  const text = `
tls_server_config: { cert_file: cert.pem, key_file: key.pem, min_version: TLS13 }
basic_auth_users:
  ada: ${hashSync('count: ünd', 4)}
`
  const web = parseWebConfig(join(dir, 'web.yml'), text)
  started = await startTestVigie('self: true\nglobal: { scrape_interval: 1h }\n', { web })
})
afterAll(async () => {
  await started?.stop()
  rmSync(dir, { recursive: true, force: true })
})

const basic = (credentials: string): string =>
  `Basic ${Buffer.from(credentials).toString('base64')}`

function statusOf(
  path: string,
  authorization?: string,
  maxVersion: SecureVersion = 'TLSv1.3',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = authorization === undefined ? {} : { authorization }
    request(
      `${started.url}${path}`,
      { ca: CERT, headers, maxVersion, agent: false },
      (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? 0))
      },
    )
      .on('error', reject)
      .end()
  })
}

test('its address says that it speaks TLS', () => {
  expect(started.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
})

test('nothing is shown but to those who have the password', async () => {
  const check = async (want: number, authorization?: string): Promise<void> => {
    for (const path of [
      '/',
      '/metrics',
      '/-/healthy',
      '/api/v1/query?query=1',
      '/api/vigie/status',
      '/graph',
    ])
      expect(await statusOf(path, authorization), `${path} ${authorization}`).toBe(want)
  }
  await check(401)
  await check(401, basic('ada:wrong'))
  await check(401, basic('bob:count: ünd'))
  await check(401, basic('ada'))
  await check(401, basic(''))
  await check(401, 'Bearer count')
  await check(200, basic('ada:count: ünd'))
  await check(200, basic('ada:count: ünd').replace('Basic', 'basic'))
  await check(401, basic('ada:wrong'))
})

test('an older TLS than asked for is refused', async () => {
  await expect(statusOf('/', basic('ada:count: ünd'), 'TLSv1.2')).rejects.toThrow(
    /alert protocol version|ECONNRESET/,
  )
})

test('a wrong file says where and what', () => {
  const check = (text: string, ...want: string[]): void => {
    let problems: string[] = []
    try {
      parseWebConfig('web.yml', text)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      problems = error.message.split('\n')
    }
    expect(problems).toEqual(want.map((one) => `web.yml:${one}`))
  }
  check(
    'basic_auth_users: { ada: plain }',
    '1: basic_auth_users.ada: expected a bcrypt hash ($2y$…)',
  )
  check(
    'basic_auth_users: [ada]',
    '1: basic_auth_users: found a list; expected a map of user names to bcrypt hashes',
  )
  check(
    'tls_server_config:\n  cert_file: a',
    '1: tls_server_config.key_file: missing; expected text',
  )
  check(
    'tls_server_config:\n  cert_file: a\n  key_file: b\n  min_version: TLS9',
    '4: tls_server_config.min_version: expected one of TLS10, TLS11, TLS12, TLS13',
  )
  check(
    'tls_server_config:\n  cert_file: a\n  key_file: b\n  client_ca_file: c',
    '4: tls_server_config.client_ca_file: unknown key',
  )
  check('users: {}', '1: users: unknown key')
  check('')
})

test('a missing certificate is named', async () => {
  const web = parseWebConfig(
    join(dir, 'web.yml'),
    'tls_server_config: { cert_file: none.pem, key_file: key.pem }',
  )
  await expect(startTestVigie('', { web })).rejects.toThrow(join(dir, 'none.pem'))
  writeFileSync(join(dir, 'bad.pem'), 'no certificate')
  const bad = parseWebConfig(
    join(dir, 'web.yml'),
    'tls_server_config: { cert_file: bad.pem, key_file: key.pem }',
  )
  await expect(startTestVigie('', { web: bad })).rejects.toThrow(join(dir, 'bad.pem'))
})
