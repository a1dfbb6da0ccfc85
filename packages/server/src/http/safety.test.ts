import { expect, test } from 'vitest'
import { refusal } from './safety.ts'

const check = (
  request: string,
  headers: Record<string, string>,
  isRefused: boolean,
  isOpen = false,
): void => {
  const [method, path] = request.split(' ')
  const reason = refusal(method, path, headers, { hosts: ['vigie.example'], isOpen })
  expect(reason !== undefined, `${request} ${JSON.stringify(headers)}: ${reason}`).toBe(isRefused)
}

test('the Host header must name this server', () => {
  check('GET /', { host: 'localhost:9090' }, false)
  check('GET /', { host: '127.0.0.1:9090' }, false)
  check('GET /', { host: '[::1]:9090' }, false)
  check('GET /', { host: 'vigie.example' }, false)
  check('GET /', { host: 'evil.example:9090' }, true)
  check('GET /', { host: '127.0.0.1.evil.example' }, true)
  check('GET /', {}, true)
  check('GET /', { host: 'anything' }, false, true)
})

test('only our own pages change something', () => {
  const host = 'localhost:9090'
  check('POST /api/vigie/save', { host }, false)
  check('POST /api/vigie/save', { host, origin: 'http://localhost:9090' }, false)
  check('POST /api/vigie/save', { host, origin: 'http://localhost:3000' }, true)
  check('POST /api/vigie/save', { host, origin: 'null' }, true)
  check('POST /-/reload', { host, 'sec-fetch-site': 'cross-site' }, true)
  check('POST /api/v1/query', { host, origin: 'http://localhost:3000' }, false)
  check('GET /api/v1/query', { host, origin: 'http://localhost:3000' }, false)
})
