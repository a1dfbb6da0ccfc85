// What k6/http sends and follows, by the rules of Go's net/http: requests as a bare server hears them.
import { createHash } from 'node:crypto'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { iterate } from './one-vu.ts'
import { type RawServer, ok, rawServer } from './raw-server.ts'

let server: RawServer
let other: RawServer
const answers = new Map<string, string | ((request: string) => string)>()

beforeAll(async () => {
  const answer = (request: string): string => {
    const said = answers.get(request.split(' ')[1]!) ?? ok('')
    return typeof said === 'string' ? said : said(request)
  }
  server = await rawServer(answer)
  other = await rawServer(answer)
})
afterAll(() => {
  server.close()
  other.close()
})

const script = (body: string): string => `import http from 'k6/http'
const BASE = __ENV.BASE, OTHER = __ENV.OTHER
export default function () { ${body} }`

async function run(
  body: string,
  options: Record<string, unknown> = {},
): ReturnType<typeof iterate> {
  server.requests.length = 0
  other.requests.length = 0
  const ran = await iterate(script(body), {
    env: { BASE: server.base, OTHER: other.base },
    options,
  })
  if (ran.outcome.kind === 'threw') throw ran.outcome.error
  return ran
}

/** The lines of the head that were sent, but for Host and User-Agent; then the body. */
function shown(request: string): string {
  const [head, body] = [
    request.slice(0, request.indexOf('\r\n\r\n')),
    request.slice(request.indexOf('\r\n\r\n') + 4),
  ]
  const lines = head.split('\r\n').filter((line) => !/^(host|user-agent):/i.test(line))
  return [...lines, body].join(' | ').replaceAll(server.base, 'BASE').replace(' HTTP/1.1', '')
}

test.each<[what: string, body: string, sent: string]>([
  [
    'the path as it is written',
    "http.get(BASE + '/a%2Fb/;x=1?q=ä b&c=%20#frag')",
    'GET /a%2Fb/;x=1?q=\xc3\xa4 b&c=%20 | ',
  ],
  ['an invalid path escaped', "http.get(BASE + '/a b/é')", 'GET /a%20b/%C3%A9 | '],
  ['no path at all', 'http.get(BASE)', 'GET / | '],
  ['a method as it is written', "http.request('get', BASE + '/p')", 'get /p | '],
  ['options without a body', "http.options(BASE + '/p')", 'OPTIONS /p | '],
  ['a patch', "http.patch(BASE + '/p', 'x')", 'PATCH /p | Content-Length: 1 | x'],
  ['a del with a body', "http.del(BASE + '/p', 'x')", 'DELETE /p | Content-Length: 1 | x'],
  ['a get with a body', "http.request('GET', BASE + '/p', 'x')", 'GET /p | Content-Length: 1 | x'],
  [
    'an empty text in chunks',
    "http.post(BASE + '/p', '')",
    'POST /p | Transfer-Encoding: chunked | 0\r\n\r\n',
  ],
  ['an empty text of a get not at all', "http.request('GET', BASE + '/p', '')", 'GET /p | '],
  [
    'a typed array',
    "http.post(BASE + '/p', new Uint8Array([97, 98]))",
    'POST /p | Content-Length: 2 | ab',
  ],
  [
    'numbers and truths of a form',
    "http.post(BASE + '/p', { n: 1e21, t: true, f: 0.00001, o: 1.5 })",
    'POST /p | Content-Length: 30 | Content-Type: application/x-www-form-urlencoded | f=1e-05&n=1e%2B21&o=1.5&t=true',
  ],
  [
    'signs in a form',
    "http.post(BASE + '/p', { a: \"~!*'() -_.\" })",
    'POST /p | Content-Length: 22 | Content-Type: application/x-www-form-urlencoded | a=~%21%2A%27%28%29+-_.',
  ],
  [
    "the script's content type",
    "http.post(BASE + '/p', { a: 1 }, { headers: { 'content-type': 'x/y' } })",
    'POST /p | Content-Length: 3 | Content-Type: x/y | a=1',
  ],
  [
    "not the script's content length",
    "http.post(BASE + '/p', 'abc', { headers: { 'Content-Length': '9' } })",
    'POST /p | Content-Length: 3 | abc',
  ],
  [
    'no agent when it is empty',
    "http.get(BASE + '/p', { headers: { 'User-Agent': '' } })",
    'GET /p | ',
  ],
  [
    'cookies after the Cookie header',
    "http.get(BASE + '/p', { headers: { Cookie: 'x=1' }, cookies: { a: 'b' } })",
    'GET /p | Cookie: x=1; a=b'.concat(' | '),
  ],
  [
    'quotes around blanks in cookies',
    "http.get(BASE + '/p', { cookies: { a: 'b c', d: 'e\"f' } })",
    'GET /p | Cookie: a="b c"; d=ef | ',
  ],
  [
    'jar cookies that are not replaced',
    "http.cookieJar().set(BASE, 'a', 'jar'); http.get(BASE + '/p', { cookies: { a: { value: 'own', replace: true } } })",
    'GET /p | Cookie: a=own | ',
  ],
  [
    'jar cookies beside others',
    "http.cookieJar().set(BASE, 'a', 'jar'); http.get(BASE + '/p', { cookies: { a: 'own' } })",
    'GET /p | Cookie: a=own; a=jar | ',
  ],
  [
    'no cookies of a jar of its own',
    "http.cookieJar().set(BASE, 'a', 'jar'); http.get(BASE + '/p', { jar: new http.CookieJar() })",
    'GET /p | ',
  ],
  [
    'user without password',
    "http.get(BASE.replace('//', '//me@') + '/p', { auth: 'basic' })",
    'GET /p | Authorization: Basic bWU6 | ',
  ],
  [
    "the script's Authorization",
    "http.get(BASE.replace('//', '//me:x@') + '/p', { headers: { Authorization: 'Bearer t' } })",
    'GET /p | Authorization: Bearer t | ',
  ],
])('sends %s', async (_, body, sent) => {
  await run(body)
  expect(server.requests.map(shown)).toEqual([sent])
})

test('a multipart form', async () => {
  await run(
    `http.post(BASE + '/p', { 'fi"eld': 'text', file: http.file('data', 'a"b.txt', 'text/plain'), raw: http.file(new Uint8Array([1]).buffer, 'r') })`,
  )
  const [head, ...parts] = server.requests[0]!.split(/\r\n--|--/)
  const boundary = /boundary=(\w{60})\r\n/.exec(head!)![1]!
  expect(parts.map((part) => part.replace(boundary, 'B'))).toEqual([
    'B\r\nContent-Disposition: form-data; name="fi\\"eld"\r\n\r\ntext',
    'B\r\nContent-Disposition: form-data; name="file"; filename="a\\"b.txt"\r\nContent-Type: text/plain\r\n\r\ndata',
    'B\r\nContent-Disposition: form-data; name="raw"; filename="r"\r\nContent-Type: application/octet-stream\r\n\r\n\x01',
    'B',
    '\r\n',
  ])
})

test('compressed bodies', async () => {
  await run(`for (const compression of ['gzip', 'deflate', 'br', 'gzip, br']) http.post(BASE + '/p', 'pack me', { compression })
    http.post(BASE + '/p', 'pack me', { compression: 'zstd' })`)
  const unpack = [
    gunzipSync,
    inflateSync,
    brotliDecompressSync,
    (bytes: Buffer) => gunzipSync(brotliDecompressSync(bytes)),
  ]
  const seen = server.requests.map((request, i) => {
    const body = Buffer.from(request.slice(request.indexOf('\r\n\r\n') + 4), 'latin1')
    const plain =
      unpack[i] === undefined ? body.subarray(0, 4).toString('hex') : unpack[i](body).toString()
    return `${/Content-Encoding: (.*)/.exec(request)![1]} ${plain}`
  })
  expect(seen).toEqual([
    'gzip pack me',
    'deflate pack me',
    'br pack me',
    'gzip, br pack me',
    'zstd 28b52ffd',
  ])
})

/** status and Location of /from, the call, and what is sent to /to afterwards. */
test.each<[status: string, call: string, sent: string]>([
  [
    '301 Moved',
    "http.post(BASE + '/from', 'x', { headers: { 'X-A': '1' } })",
    'GET /to | X-A: 1 | Referer: BASE/from | ',
  ],
  [
    '302 Found',
    "http.put(BASE + '/from', 'x', { headers: { 'Content-Type': 'a/b' } })",
    'GET /to | Referer: BASE/from | ',
  ],
  ['303 See Other', "http.head(BASE + '/from')", 'HEAD /to | Referer: BASE/from | '],
  [
    '307 Temporary',
    "http.post(BASE + '/from', 'x')",
    'POST /to | Content-Length: 1 | Referer: BASE/from | x',
  ],
  [
    '308 Permanent',
    "http.del(BASE + '/from', { a: 1 })",
    'DELETE /to | Content-Length: 3 | Content-Type: application/x-www-form-urlencoded | Referer: BASE/from | a=1',
  ],
  [
    '302 Found',
    "http.get(BASE + '/from', { headers: { Referer: 'mine', Cookie: 'c=1' }, cookies: { k: 'v' } })",
    'GET /to | Referer: mine | Cookie: k=v | ',
  ],
  [
    '302 Found',
    "http.get(BASE.replace('//', '//u:p@') + '/from#x')",
    'GET /to | Referer: BASE/from#x | Authorization: Basic dTpw | ',
  ],
])('a %s after %s', async (status, call, sent) => {
  answers.set('/from', ok('', 'Location: /to\r\n', status))
  await run(call)
  expect(server.requests.slice(1).map(shown)).toEqual([sent])
})

test.each<[location: string, url: string]>([
  ['/to', 'BASE/to'],
  ['to?x=1', 'BASE/dir/to?x=1'],
  ['../up', 'BASE/up'],
  ['?q', 'BASE/dir/from?q'],
  ['//HOST/other', 'BASE/other'],
  ['BASE', 'BASE'],
])('Location %s leads to %s', async (location, url) => {
  const to = location.replace('BASE', server.base).replace('HOST', server.base.slice(7))
  answers.set('/dir/from', ok('', `Location: ${to}\r\n`, '302 Found'))
  const { logged } = await run("console.log(http.get(BASE + '/dir/from').url)")
  expect(logged).toEqual([url.replace('BASE', server.base)])
})

test('another host gets no secrets, and its answer is a request of its own', async () => {
  answers.set('/away', () =>
    ok('', `Location: ${other.base.replace('127.0.0.1', 'localhost')}/to\r\n`, '302 Found'),
  )
  const { count, samples } = await run(
    "http.get(BASE + '/away', { headers: { Authorization: 'Bearer t', 'X-A': '1' }, tags: { name: 'both' } })",
    { hosts: { localhost: '127.0.0.1' } },
  )
  expect(other.requests.map(shown)).toEqual(['GET /to | X-A: 1 | Referer: BASE/away | '])
  expect(count('http_reqs')).toBe(2)
  expect(
    [...samples.keys()]
      .filter((name) => name.startsWith('http_reqs{'))
      .map((name) => /name=\w+|status=\d+|url=\w+/g[Symbol.match](name)?.join()),
  ).toEqual(['name=both,status=302,url=both', 'name=both,status=200,url=both'])
})

test('too many redirects give the last of them', async () => {
  answers.set('/loop', ok('again', 'Location: /loop\r\n', '302 Found'))
  const { logged, count } = await run(`
    for (const params of [{ redirects: 2 }, { redirects: 0 }, {}]) { const r = http.get(BASE + '/loop', params); console.log(r.status, r.body, r.url === BASE + '/loop') }`)
  expect(logged).toEqual([
    '302 again true',
    '302 again true',
    'Stopped after 11 redirects and returned the redirection; pass { redirects: n } in request params or set global maxRedirects to silence this',
    '302 again true',
  ])
  expect(count('http_reqs')).toBe(3 + 1 + 11)
  const quiet = await run("http.get(BASE + '/loop')", { maxRedirects: 1 })
  expect([quiet.logged, quiet.count('http_reqs')]).toEqual([[], 2])
})

test('one timeout for a request and all its redirects; a Location that is none', async () => {
  answers.set('/hang', ok('', 'Location: /silence\r\n', '302 Found'))
  answers.set('/silence', '')
  const { logged } = await run(
    "const r = http.get(BASE + '/hang', { timeout: 80 }); console.log(r.status, r.error_code, r.url)",
  )
  expect(logged.at(-1)).toBe(`0 1050 ${server.base}/silence`)
  answers.set('/bad', ok('', 'Location: http://x:y/\r\n', '302 Found'))
  const bad = await run(
    "const r = http.get(BASE + '/bad'); console.log(r.status, r.error_code, r.error)",
  )
  expect(bad.logged.at(-1)).toBe(
    '0 1000 failed to parse Location header "http://x:y/": parse "http://x:y/": invalid port ":y" after host',
  )
  const now = await run("console.log(http.get(BASE + '/', { timeout: 0 }).error_code)")
  expect(now.logged.at(-1)).toBe('1050')
})

test('what a response tells of its request', async () => {
  answers.set('/told', ok('', 'Location: /to\r\n', '307 Temporary'))
  const { logged } = await run(`
    http.cookieJar().set(BASE, 'j', '1')
    const { request } = http.post(BASE + '/told?x', { a: 1 }, { headers: { 'x-a': 2 }, cookies: { c: 'v' } })
    console.log(JSON.stringify(request).replaceAll(BASE, ''))`)
  expect(JSON.parse(logged[0]!)).toEqual({
    method: 'POST',
    url: '/told?x',
    headers: {
      'User-Agent': ['Vigie'],
      'Content-Type': ['application/x-www-form-urlencoded'],
      'X-A': ['2'],
      Cookie: ['c=v; j=1'],
    },
    body: 'a=1',
    cookies: {
      c: [{ name: 'c', value: 'v', replace: false }],
      j: [{ name: 'j', value: '1', replace: false }],
    },
  })
})

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

test('digest authentication: two requests, the first one expected to be refused', async () => {
  answers.set('/digest', (request) => {
    const fields = Object.fromEntries(
      [
        ...(/Authorization: Digest (.*)/.exec(request)?.[1]?.matchAll(/(\w+)="?([^",]*)"?/g) ?? []),
      ].map((m) => [m[1], m[2]]),
    ) as Record<string, string>
    if (fields['response'] === undefined)
      return ok(
        'no',
        'WWW-Authenticate: Basic realm="x"\r\nWWW-Authenticate: Digest realm="a, b", qop="auth,auth-int", nonce="n1", opaque="o"\r\n',
        '401 Unauthorized',
      )
    const a1 = md5('me:a, b:s@cret')
    const want = md5(`${a1}:n1:${fields['nc']}:${fields['cnonce']}:auth:${md5('GET:/digest')}`)
    return fields['response'] === want ? ok('in') : ok('wrong', '', '403 Forbidden')
  })
  const { logged, count, samples } = await run(
    "const r = http.get(BASE.replace('//', '//me:s%40cret@') + '/digest', { auth: 'digest' }); console.log(r.status, r.body, r.url === BASE + '/digest')",
  )
  expect(logged).toEqual(['200 in true'])
  expect(server.requests.map((request) => /Authorization: (\w+)/.exec(request)?.[1])).toEqual([
    undefined,
    'Digest',
  ])
  expect(count('http_reqs')).toBe(2)
  expect(
    [...samples.keys()]
      .filter((name) => name.startsWith('http_reqs{'))
      .map((name) =>
        /error_code=\d+|expected_response=\w+|status=\d+/g[Symbol.match](name)?.join(),
      ),
  ).toEqual([
    'error_code=1401,expected_response=true,status=401',
    'expected_response=true,status=200',
  ])
})

test('ntlm is refused by name', async () => {
  await expect(run("http.get(BASE, { auth: 'ntlm' })")).rejects.toThrow('"ntlm" is not supported')
})

test('headers and cookies of a response', async () => {
  answers.set(
    '/jar',
    ok(
      '',
      'Transfer-Encoding-X: y\r\nSet-Cookie: a="q v"; Path=/; Domain=.127.0.0.1; Max-Age=60; Secure; HttpOnly\r\nSet-Cookie: a=2; Expires=Wed, 21 Oct 2015 07:28:00 GMT; Max-Age=0\r\nSet-Cookie: bad\r\n',
    ),
  )
  const { logged } = await run(
    "const r = http.get(BASE + '/jar'); console.log(JSON.stringify(r.cookies)); console.log(Object.keys(r.headers).join(), r.ocsp.status, r.tls_version)",
  )
  expect(JSON.parse(logged[0]!)).toEqual({
    a: [
      {
        name: 'a',
        value: 'q v',
        domain: '.127.0.0.1',
        path: '/',
        http_only: true,
        secure: true,
        max_age: 60,
        expires: -6795364578871,
      },
      {
        name: 'a',
        value: '2',
        domain: '',
        path: '',
        http_only: false,
        secure: false,
        max_age: -1,
        expires: 1445412480000,
      },
    ],
  })
  expect(logged[1]).toBe('Transfer-Encoding-X,Set-Cookie,Content-Length  ')
})

test('jars', async () => {
  const { logged } = await run(`
    const jar = new http.CookieJar(), at = 'http://game.example/dir/page'
    jar.set(at, 'here', '1'); jar.set(at, 'root', '2', { path: '/' }); jar.set(at, 'all', '3', { domain: 'game.example', path: '/' })
    jar.set(at, 'gone', '4', { expires: 'Wed, 21 Oct 2015 07:28:00 GMT' }); jar.set(at, 'safe', '5', { secure: true }); jar.set(at, 'far', '6', { domain: 'other.example' })
    console.log(JSON.stringify(jar.cookiesForURL(at)), JSON.stringify(jar.cookiesForURL('http://sub.game.example/')), Object.keys(jar.cookiesForURL('https://game.example/dir/x')).length)
    jar.delete(at, 'here'); console.log(Object.keys(jar.cookiesForURL(at)).join())
    jar.clear('http://game.example/'); console.log(Object.keys(jar.cookiesForURL(at)).join())
    try { jar.set(at, 'x', 'y', { expires: 'soon' }) } catch (e) { console.log(e.message.slice(0, 43)) }
    try { jar.delete(at, '') } catch (e) { console.log(e.message) }`)
  expect(logged).toEqual([
    '{"here":["1"],"root":["2"],"all":["3"]} {"all":["3"]} 4',
    'root,all',
    '',
    'unable to parse "expires" date string "soon',
    'cookie: is null',
  ])
})

test('what a batch cannot read, it does not send', async () => {
  const { logged } = await run(`
    const r = http.batch([BASE + '/p', ['GET'], BASE + '/p'])
    console.log(r.length, r[0].status, r[1].error, r[2])
    console.log(Object.values(http.batch({ a: { method: 'get' } })).map((one) => one.error).join())
    for (const args of [[], ['x'], [[], []]]) try { http.batch(...args) } catch (e) { console.log(e.name, e.message) }
    console.log(http.batch([['POST', BASE + '/p', 'x'], { method: 'get', url: BASE + '/p', body: 'dropped' }]).map((one) => one.status).join())`)
  expect(logged).toEqual([
    "A batch request failed: invalid batch request '[]interface {}{GET}'",
    "3 0 invalid batch request '[]interface {}{GET}' null",
    "A batch request failed: batch request a doesn't have a url key",
    "batch request a doesn't have a url key",
    'GoError no argument was provided to http.batch()',
    'GoError invalid http.batch() argument type string',
    'GoError http.batch() accepts only an array or an object of requests',
    '200,200',
  ])
  expect(server.requests.map(shown)).toEqual(['POST /p | Content-Length: 1 | x', 'GET /p | '])
})

test.each<[text: string, says: string]>([
  ['nope', "line 1, character 3 , error: invalid character 'o' in literal null (expecting 'u')"],
  ['<html>', "line 1, character 2 , error: invalid character '<' looking for beginning of value"],
  ['', 'line 1, character 0 , error: unexpected end of JSON input'],
  ['{"a":1', 'line 1, character 6 , error: unexpected end of JSON input'],
  ['{"a" 1}', "line 1, character 7 , error: invalid character '1' after object key"],
  [
    '{"a":1 "b"}',
    "line 1, character 9 , error: invalid character '\"' after object key:value pair",
  ],
  [
    '{a:1}',
    "line 1, character 3 , error: invalid character 'a' looking for beginning of object key string",
  ],
  ['[1 2]', "line 1, character 5 , error: invalid character '2' after array element"],
  [
    '{\n  "a": 1,\n}',
    "line 3, character 2 , error: invalid character '}' looking for beginning of object key string",
  ],
  ['1 2', "line 1, character 3 , error: invalid character '2' after top-level value"],
  ['"a\\x"', "line 1, character 5 , error: invalid character 'x' in string escape code"],
  [
    '[1.]',
    "line 1, character 4 , error: invalid character ']' after decimal point in numeric literal",
  ],
])('json() of %j', async (text, says) => {
  answers.set('/json', ok(text))
  const { logged } = await run(
    "const r = http.get(BASE + '/json'); try { r.json() } catch (e) { console.log(e.name, e.message) } console.log(r.json('a'))",
  )
  expect(logged).toEqual([`GoError cannot parse json due to an error at ${says}`, 'undefined'])
})

test('expectedStatuses refuses what is neither a status nor a range', async () => {
  const { logged } = await run(`
    for (const args of [[], ['200'], [200, { min: 1 }], [{ min: 'a', max: 2 }]]) try { http.expectedStatuses(...args) } catch (e) { console.log(e.message) }
    try { http.setResponseCallback(() => true) } catch (e) { console.log(e.message) }`)
  expect(logged).toEqual([
    'no arguments',
    'argument number 1 to expectedStatuses was neither an integer nor an object like {min:100, max:329}',
    'argument number 2 to expectedStatuses was neither an integer nor an object like {min:100, max:329}',
    'both min and max need to be integers for argument number 1',
    'unsupported argument, expected http.expectedStatuses',
  ])
})

test('pages: html, links and forms', async () => {
  answers.set(
    '/page',
    ok(
      '<a href="next?x=1">on</a><a id="none">no</a><form action="/login" method="post"><input name="user" value="me"><input name="pass"><input type="submit" name="go" value="Go"></form><form id="find" action="/find?old#f"><input name="q" value="a b"></form>',
    ),
  )
  const { logged, count } = await run(`
    const open = (page, how) => page.clickLink(how)
    let page = http.get(BASE + '/page')
    console.log(page.html('a').text(), page.html().find('form').size())
    console.log(open(page).request.url, page.clickLink({ selector: 'a', params: { headers: { 'X-A': '1' } } }).status)
    page.submitForm({ fields: { pass: 'secret' } })
    page = page.submitForm({ formSelector: '#find', submitSelector: '#no' }); console.log(page.url)
    for (const call of [() => page.html(), () => http.get(BASE + '/page').clickLink({ selector: '#none' }), () => http.get(BASE + '/page').clickLink({ selector: 'i' })]) try { call() } catch (e) { console.log(e.message) }
    try { http.get('http://127.0.0.1:1').html() } catch (e) { console.log(e.message.slice(0, 51)) }`)
  expect(logged.map((line) => line.replaceAll(server.base, 'BASE'))).toEqual([
    'onno 2',
    'BASE/next?x=1 200',
    'BASE/find?q=a+b#f',
    "no valid href attribute value found on element '#none' in response 'BASE/page'",
    "no element found for selector 'i' in response 'BASE/page'",
    'Request Failed: Get "http://127.0.0.1:1": dial tcp 127.0.0.1:1: connect: connection refused',
    "the body is null so we can't transform it to HTML -",
  ])
  expect(server.requests.map(shown).filter((line) => !line.includes('/page'))).toEqual([
    'GET /next?x=1 | ',
    'GET /next?x=1 | X-A: 1 | ',
    // Both forms fit the selector, and k6 sends what all of them hold.
    'POST /login | Content-Length: 31 | Content-Type: application/x-www-form-urlencoded | go=Go&pass=secret&q=a+b&user=me',
    'GET /find?q=a+b | ',
  ])
  expect(count('http_reqs')).toBe(8)
})

test('httpDebug logs heads, or everything', async () => {
  answers.set('/debug', ok('answer', 'X-B: 1\r\n'))
  const lines = async (httpDebug: string): Promise<string[]> =>
    (await run("http.post(BASE + '/debug', 'question')", { httpDebug })).logged
  const host = server.base.slice(7)
  const request = `Request:\nPOST /debug HTTP/1.1\nHost: ${host}\nUser-Agent: Vigie\nContent-Length: 8\n\n`
  const response = 'Response:\nHTTP/1.1 200 OK\nContent-Length: 6\nX-B: 1\n\n'
  expect(await lines('headers')).toEqual([`${request}\n`, `${response}\n`])
  expect(await lines('full')).toEqual([`${request}question\n`, `${response}answer\n`])
})

test('a kept connection that dies under a request: safe methods are sent again, others fail', async () => {
  const seen: string[] = []
  const dying = await rawServer((request, socket) => {
    const path = request.split(' ')[1]!
    seen.push(`${request.split(' ')[0]} ${path}`)
    // Only the first request of a connection is answered.
    const isFirst = socket.listenerCount('answered') === 0
    socket.on('answered', () => {})
    if (isFirst) return ok('fine')
    socket.destroy()
    return null
  })
  const { logged } = await iterate(
    script(`
      http.get(BASE + '/1'); console.log(http.get(BASE + '/2').body)
      const r = http.post(BASE + '/3', 'x'); console.log(r.status, r.error)
      http.get(BASE + '/4'); console.log(http.post(BASE + '/5', 'x', { headers: { 'Idempotency-Key': 'k' } }).body)`),
    { env: { BASE: dying.base } },
  )
  expect(logged.filter((line) => !line.startsWith('Request Failed'))).toEqual([
    'fine',
    '0 EOF',
    'fine',
  ])
  expect(seen).toEqual(['GET /1', 'GET /2', 'GET /2', 'POST /3', 'GET /4', 'POST /5', 'POST /5'])
  dying.close()
})
