// `k6/crypto`, `k6/encoding`, `k6/timers` and the global crypto: one line per case.
import { expect, test } from 'vitest'
import { createCrypto } from '../src/vu/crypto.ts'
import { createEncoding } from '../src/vu/encoding.ts'
import { iterate } from './one-vu.ts'

const cases: [ask: string, answer: string][] = [
  // RFC 1320
  ["c.md4('', 'hex')", '31d6cfe0d16ae931b73c59d7e0c089c0'],
  ["c.md4('abc', 'hex')", 'a448017aaf21d8525fc10ae87aa6729d'],
  [
    "c.md4('12345678901234567890123456789012345678901234567890123456789012345678901234567890', 'hex')",
    'e33b4ddc9c38f2199c3e7b164fcc0536',
  ],
  ["c.md5('abc', 'hex')", '900150983cd24fb0d6963f7d28e17f72'],
  ["c.sha1('abc', 'hex')", 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ["c.sha256('abc', 'base64')", 'ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='],
  ["c.sha256('abc', 'base64url')", 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0='],
  ["c.sha256('abc', 'base64rawurl')", 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0'],
  ["String(c.sha256('abc', 'binary').byteLength)", '32'],
  [
    "c.sha512_256('abc', 'hex')",
    '53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23',
  ],
  ["c.sha512_224('abc', 'hex')", '4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa'],
  ["c.ripemd160('abc', 'hex')", '8eb208f7e05d987a9b044a8e98c6b087f15a0bfc'],
  ["c.hmac('md4', 'key', 'data', 'hex').length.toString()", '32'],
  [
    "(() => { const h = c.createHash('sha1'); h.update('a'); h.update('bc'); return h.digest('hex') + (h.digest('hex') === c.sha1('abc', 'hex')) })()",
    'a9993e364706816aba3e25717850c26c9cd0d89dtrue',
  ],
  [
    "(() => { const h = c.createHMAC('sha1', 'k'); h.update('a'); const one = h.digest('hex'); h.update('b'); return String(one === c.hmac('sha1', 'k', 'a', 'hex') && h.digest('hex') === c.hmac('sha1', 'k', 'ab', 'hex')) })()",
    'true',
  ],
  ['c.hexEncode(new Uint8Array([1, 255]).buffer)', '01ff'],
  ['String(c.randomBytes(5).byteLength)', '5'],
  ['c.randomBytes(0)', 'GoError: invalid size'],
  ["c.md5('x', 'nope')", 'GoError: invalid output encoding: nope'],
  ["c.createHash('nope')", 'GoError: invalid algorithm: nope'],
  ["e.b64encode('hello')", 'aGVsbG8='],
  ["e.b64encode('é?>', 'url')", 'w6k_Pg=='],
  ["e.b64encode('é?>', 'rawurl')", 'w6k_Pg'],
  ["e.b64encode('é?>', 'rawstd')", 'w6k/Pg'],
  ['e.b64encode(new Uint8Array([104, 105]).buffer)', 'aGk='],
  ["e.b64decode('aGk=', 'std', 's')", 'hi'],
  ["e.b64decode('w6k_Pg', 'rawurl', 's')", 'é?>'],
  ["String(e.b64decode('aGk=').byteLength)", '2'],
  ["e.b64decode('aG!=', 'std', 's')", 'GoError: illegal base64 data at input byte 2'],
  ["e.b64decode('aGk', 'std', 's')", 'GoError: illegal base64 data at input byte 0'],
]

test.each(cases)('%s', (ask, answer) => {
  // oxlint-disable-next-line typescript/no-implied-eval -- the cases are written as scripts write them
  const read = new Function('c', 'e', `return ${ask}`) as (c: unknown, e: unknown) => string
  let got: string
  try {
    got = read(createCrypto(), createEncoding())
  } catch (error) {
    got = String(error)
  }
  expect(got).toBe(answer)
})

const scripts: [what: string, source: string, logged: string[]][] = [
  [
    'crypto.subtle keeps the iteration open',
    `export default function () {
      crypto.subtle.digest('SHA-256', new TextEncoder().encode('abc')).then((d) => console.log(new Uint8Array(d)[0]))
    }`,
    ['186'],
  ],
  [
    'sign and verify',
    `export default async function () {
      const key = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign', 'verify'])
      const data = new Uint8Array([1, 2])
      console.log(await crypto.subtle.verify('HMAC', key, await crypto.subtle.sign('HMAC', key, data), data), crypto.getRandomValues(new Uint8Array(3)).length)
    }`,
    ['true 3'],
  ],
  [
    'k6/timers',
    `import { setTimeout, setInterval, clearInterval } from 'k6/timers'
    export default function () {
      let n = 0
      const id = setInterval(() => { console.log(++n); if (n === 2) clearInterval(id) }, 1)
      setTimeout(() => console.log('late'), 30)
      console.log('first')
    }`,
    ['first', '1', '2', 'late'],
  ],
  [
    'a timer waits while the VU is blocked',
    `import { sleep } from 'k6'
    import { setTimeout } from 'k6/timers'
    export default function () {
      setTimeout(() => console.log('timer'), 1)
      sleep(0.03)
      console.log('slept')
    }`,
    ['slept', 'timer'],
  ],
]

test.each(scripts)('%s', async (_, source, logged) => {
  const ran = await iterate(source)
  if (ran.outcome.kind === 'threw') throw ran.outcome.error
  expect(ran.logged).toEqual(logged)
})
