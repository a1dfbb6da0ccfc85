/** Proxies, tokens, headers and signatures, with real servers. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { proxyOf } from '../src/http/proxy.ts'
import { signatureHeaders } from '../src/http/sigv4.ts'
import { HttpClient, type HttpClientConfig, type OAuth2Config } from '../src/index.ts'
import { CERT } from './certificate.ts'
import { serve, serveProxy, serveTls } from './servers.ts'

const dir = mkdtempSync(join(tmpdir(), 'vigie-http-'))

function clientOf(config: HttpClientConfig, now?: () => number): HttpClient {
  const client = new HttpClient(config, 5000, now)
  onTestFinished(() => client.close())
  return client
}

async function get(client: HttpClient, url: string): Promise<string> {
  const rest = { headers: {}, timeoutMs: 10_000, bodySizeMax: 1024, isCompressed: false }
  const { status, body } = await client.fetch({ url, ...rest })
  return `${status} ${body.toString('utf8')}`
}

test('a proxy is given plain requests whole, and opens tunnels for TLS', async () => {
  const proxy = await serveProxy()
  const plain = await serve((request, response) => response.end(request.headers['x-a']))
  const secure = await serveTls((_, response) => response.end('secure'))
  const url = proxy.url.replace('http://', 'http://u:p%20w@')
  const client = clientOf({
    proxy: { http: url, https: url, connectHeaders: new Map([['X-Way', ['in', 'out']]]) },
    tls: { ca: CERT },
    headers: new Map([['X-A', ['a', 'b']]]),
  })
  expect(await get(client, plain.url)).toBe('200 a, b')
  expect(await get(client, secure.url)).toBe('200 secure')
  const seen = proxy.requests.map(({ method, url: path, headers }) => [
    method,
    path,
    headers.host,
    headers['proxy-authorization'],
    headers['x-way'],
  ])
  const user = 'Basic dTpwIHc='
  expect(seen).toEqual([
    ['GET', plain.url, plain.address, user, undefined],
    ['CONNECT', secure.address, secure.address, user, 'in, out'],
  ])
  expect(secure.requests[0].headers).not.toHaveProperty('proxy-authorization')
  await expect(get(client, 'https://forbidden/')).rejects.toThrow('proxy answered 403 Forbidden')
  const distrusting = clientOf({ proxy: { https: url } })
  await expect(get(distrusting, secure.url)).rejects.toThrow('certificate is self-signed')
})

describe('no_proxy', () => {
  test.each([
    ['', 'http://a.example.com', true],
    ['', 'http://localhost:1', false],
    ['', 'http://127.1.2.3', false],
    ['', 'http://[::1]:80', false],
    ['*', 'http://a', false],
    ['example.com', 'http://example.com', false],
    ['example.com', 'http://a.example.com', false],
    ['example.com', 'http://badexample.com', true],
    ['.example.com', 'http://example.com', true],
    ['.example.com', 'http://a.example.com', false],
    ['*.example.com', 'http://a.example.com', false],
    ['*.example.com', 'http://example.com', true],
    ['Example.com:8080', 'http://example.com:8080', false],
    ['example.com:8080', 'http://example.com', true],
    ['example.com:443', 'https://example.com', false],
    ['a, 10.0.0.0/8', 'http://10.1.2.3', false],
    ['10.0.0.0/8', 'http://11.1.2.3', true],
    ['10.0.0.1', 'http://10.0.0.1', false],
    ['10.0.0.1:81', 'http://10.0.0.1:80', true],
    ['fd00::/8', 'http://[fd00::5]', false],
    ['[fd00::5]:80', 'http://[fd00::5]', false],
  ])('%s: %s through the proxy: %s', (noProxy, url, isProxied) => {
    const of = proxyOf({ http: 'p:3128', https: 'http://p:3128', noProxy })
    expect(of(new URL(url))?.href).toBe(isProxied ? 'http://p:3128/' : undefined)
  })

  test('left out, this machine is no exception', () => {
    const of = proxyOf({ http: 'http://p', https: 'http://q' })
    expect(of(new URL('http://localhost'))?.host).toBe('p')
    expect(of(new URL('https://localhost'))?.host).toBe('q')
    expect(proxyOf({ http: 'http://p' })(new URL('https://localhost'))).toBeUndefined()
  })
})

test('headers from texts and files, files anew for each request', async () => {
  const server = await serve((request, response) => response.end(request.headers['x-a']))
  const file = join(dir, 'header')
  writeFileSync(file, 'one\n')
  const client = clientOf({
    headers: new Map([['X-A', ['v']]]),
    secretHeaders: new Map([['X-A', ['s']]]),
    headerFiles: new Map([['X-A', [file]]]),
  })
  expect(await get(client, server.url)).toBe('200 v, s, one')
  writeFileSync(file, 'two')
  expect(await get(client, server.url)).toBe('200 v, s, two')
  const gone = clientOf({ headerFiles: new Map([['X-A', [join(dir, 'gone')]]]) })
  await expect(get(gone, server.url)).rejects.toThrow(/^cannot read headers file .*gone: ENOENT$/)
})

describe('oauth2', () => {
  type Answer = (request: IncomingMessage, form: string, response: ServerResponse) => void
  const json = (response: ServerResponse, value: object, status = 200): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
  const config = (tokenUrl: string, over: Partial<OAuth2Config> = {}): OAuth2Config => ({
    clientId: 'i d',
    clientSecret: 's+',
    scopes: [],
    tokenUrl,
    endpointParams: new Map(),
    ...over,
  })
  const endpoint = async (answer: Answer): Promise<{ url: string; forms: string[] }> => {
    const forms: string[] = []
    const server = await serveTls((request, response) => {
      void text(request).then((form) => {
        forms.push(form)
        answer(request, form, response)
      })
    })
    return { url: server.url, forms }
  }
  const target = (): ReturnType<typeof serve> =>
    serve((request, response) => response.end(request.headers.authorization))
  const tls = { ca: CERT }

  test('a token is kept until it expires, and asked for once by many', async () => {
    let count = 0
    const { url, forms } = await endpoint((request, _, response) => {
      expect(request.headers.authorization).toBe(`Basic ${btoa('i+d:s%2B')}`)
      json(response, { access_token: `t${++count}`, token_type: 'bearer', expires_in: 60 })
    })
    const server = await target()
    let nowMs = 0
    const endpointParams = new Map([['audience', 'a&b']])
    const oauth2 = config(url, { scopes: ['x', 'y'], endpointParams, tls })
    const client = clientOf({ oauth2 }, () => nowMs)
    const many = await Promise.all([1, 2, 3].map(() => get(client, server.url)))
    expect(many).toEqual(Array.from({ length: 3 }, () => '200 Bearer t1'))
    nowMs = 49_999
    expect(await get(client, server.url)).toBe('200 Bearer t1')
    nowMs = 50_000
    expect(await get(client, server.url)).toBe('200 Bearer t2')
    const form = 'grant_type=client_credentials&scope=x+y&audience=a%26b'
    expect(forms).toEqual([form, form])
  })

  test('where the header is refused, credentials go into the body; a new secret is a new token', async () => {
    const { url, forms } = await endpoint((request, form, response) => {
      const isInHeader = request.headers.authorization !== undefined
      if (isInHeader) json(response, { error: 'invalid_client' }, 401)
      else json(response, { access_token: new URLSearchParams(form).get('client_secret') })
    })
    const server = await target()
    const clientSecretFile = join(dir, 'secret')
    writeFileSync(clientSecretFile, 'one\n')
    const oauth2 = config(url, { clientSecret: undefined, clientSecretFile, tls })
    const client = clientOf({ oauth2 })
    expect(await get(client, server.url)).toBe('200 Bearer one')
    expect(await get(client, server.url)).toBe('200 Bearer one')
    writeFileSync(clientSecretFile, 'two\n')
    expect(await get(client, server.url)).toBe('200 Bearer two')
    expect(forms).toHaveLength(3)
  })

  test.each<[string, Answer, string]>([
    [
      'refused',
      (_, __, response) =>
        json(response, { error: 'invalid_scope', error_description: 'no such' }, 400),
      'oauth2: "invalid_scope" "no such"',
    ],
    [
      'broken',
      (_, __, response) => void response.writeHead(500).end('ouch'),
      'oauth2: cannot fetch token: 500\nResponse: ouch',
    ],
    [
      'no token',
      (_, __, response) => json(response, {}),
      'oauth2: server response missing access_token',
    ],
  ])('%s', async (_, answer, message) => {
    const { url } = await endpoint(answer)
    const server = await target()
    const client = clientOf({ oauth2: config(url, { tls }) })
    await expect(get(client, server.url)).rejects.toThrow(message)
    expect(server.requests).toEqual([])
  })

  test('by a proxy of its own, as a form', async () => {
    const proxy = await serveProxy()
    const { url } = await endpoint((_, __, response) => {
      response.setHeader('content-type', 'application/x-www-form-urlencoded')
      response.end('access_token=f&token_type=Token')
    })
    const server = await target()
    const client = clientOf({ oauth2: config(url, { tls, proxy: { https: proxy.url } }) })
    expect(await get(client, server.url)).toBe('200 Token f')
    expect(proxy.requests).toHaveLength(1)
  })
})

describe('sigv4', () => {
  // The keys, time and signatures of AWS's own test suite.
  const keys = {
    region: 'us-east-1',
    accessKey: 'AKIDEXAMPLE',
    secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  }
  test.each([
    ['GET', '/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['POST', '/', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'GET',
      '/?Param2=value2&Param1=value1',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
  ])('%s %s', (method, path, signature) => {
    const url = new URL(path, 'http://example.amazonaws.com')
    const request = { method, url, headers: {}, body: '' }
    const headers = signatureHeaders(request, keys, Date.UTC(2015, 7, 30, 12, 36), 'service')
    expect(headers).toEqual({
      'x-amz-date': '20150830T123600Z',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
    })
  })

  test('what is sent is what was signed', async () => {
    const server = await serve((_, response) => response.end())
    const client = clientOf({ sigv4: { ...keys, sessionToken: 't' } })
    await client.fetch({
      url: `${server.url}?a=b c`,
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: Buffer.from('body'),
      timeoutMs: 10_000,
      bodySizeMax: 1024,
      isCompressed: false,
    })
    const [{ headers }] = server.requests
    expect(headers['x-amz-security-token']).toBe('t')
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/aps\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
    )
  })
})
