// Each construct by colouring, and all of them with real blocking: the same log, the same requests.
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compileScript } from '../src/compile/compile.ts'
import { iterate } from './one-vu.ts'
import { type Ran, runScript } from './run-script.ts'

let server: Server
let base = ''
const asked: string[] = []

/** What stands at the head of each case; `U` is its own part of the server, `slow` blocks. */
const HEAD = `import http from 'k6/http'
import { sleep, check, group, fail } from 'k6'
const log = (...all) => console.log(all.join(' '))
const slow = (x) => { sleep(0.001); return x }
const get = (path) => http.get(U + path).json('url')
`

/** Body of the default function (after `---`: what stands before it; `async` first: of an async one). */
const coloured: [what: string, source: string][] = [
  ['a function put into http', "http.mine = (p) => get(p); log(http.mine('m')); delete http.mine"],
  ['yielded functions', 'function* g() { yield slow } for (const f of g()) log(f(2))'],
  ['arguments', 'function f() { return arguments[0](arguments[1]) } log(f(slow, 3))'],
  ['a typed array', 'log(new Uint8Array([1, 2]).map((x) => slow(x + 1)))'],
  [
    'a table of weights',
    "const all = [{ w: 1, fn: () => log(get('a')) }, { w: 2, fn: slow }]; let n = 2; for (const { w, fn } of all) if ((n -= w) <= 1) fn()",
  ],
  [
    'methods by name',
    "const api = { one() { return get('1') }, two: () => get('2') }; for (const k of Object.keys(api)) log(api[k]())",
  ],
  ['http by name', "for (const m of ['get', 'post']) log(http[m](U + m).json('method'))"],
  [
    'members taken out',
    "const { get: g, post } = http; log(g(U + 'g').status, post(U + 'p', 'x').status)",
  ],
  [
    'http patched',
    "const own = http.get; http.get = (url, params) => own(url + '?patched', params); log(http.get(U + 'x').json('url')); http.get = own; log(get('y'))",
  ],
  [
    'call, apply, bind',
    "log(http.get.call(http, U + 'a').status, http.post.apply(null, [U + 'b', 'x']).status, http.get.bind(http, U + 'c')().status)",
  ],
  [
    'callbacks in a Map, an array and an instance',
    "class Bus { #all = []; on(f) { this.#all.push(f) } emit(x) { for (const f of this.#all) f(x) } }\nconst bus = new Bus(), map = new Map(); bus.on((x) => log(get(x))); bus.on(slow); map.set('k', () => get('map')); bus.emit('bus'); log(map.get('k')())",
  ],
  [
    'a class that inherits',
    "class A { constructor(p) { this.p = p } go() { return get(this.p) } get q() { return this.p + '!' } }\nclass B extends A { go() { return super.go() + this.q } static make(p) { return new B(p) } }\nlog(B.make('b').go())",
  ],
  [
    'spread arguments and rest',
    "const f = (a, ...more) => get([a, ...more].join('-')); log(f(...['x', 'y'], 'z'))",
  ],
  [
    'default parameters that do not block',
    "const f = (p = 'd', n = p.length) => get(p) + n; log(f(), f('ee'))",
  ],
  [
    'destructuring with blocking values',
    'const { a, b: [c, d = slow(4)] } = { a: slow(1), b: [slow(2)] }; log(a, c, d)',
  ],
  [
    'labels, switch, continue',
    "out: for (let i = 0; i < 3; i++) { switch (slow(i)) { case 0: continue; case 1: log(get('one')); break; default: break out } log('end', i) }",
  ],
  [
    'do, while, for in',
    'let i = 0; do { slow() } while (slow(++i) < 3); while (slow(i--) > 1); for (const k in { a: 1, b: 2 }) log(k, slow(k), i)',
  ],
  [
    'finally decides',
    "const f = () => { try { return slow(1) } finally { log('f'); slow() } }; const g = () => { for (;;) { try { return slow(1) } finally { break } } return 2 }; log(f(), g())",
  ],
  [
    'errors thrown through blocking calls',
    "const f = () => { slow(); throw new TypeError('t') }; try { [1].forEach(f) } catch (e) { log(e instanceof TypeError, e.message) }",
  ],
  [
    'an error of the iteration',
    "slow()\nconst deep = () => { get('x'); throw new Error('boom') }\ndeep()",
  ],
  ['fail and GoError', "slow(); try { fail('no') } catch (e) { log(String(e)) }"],
  [
    'this, arguments, new.target',
    'function f() { slow(); return [this.v, arguments.length, new.target === undefined].join() } log(f.call({ v: 1 }, 2, 3))',
  ],
  [
    'tagged templates',
    "const tag = (parts, ...values) => get(parts.join('_') + values.join('')); log(tag`a${1}b${2}`)",
  ],
  [
    'generators and getters that do not block',
    "function* g() { yield 1; yield* [2, 3] } const o = { get x() { return 5 } }; slow(); log([...g()], o.x, `${{ toString: () => 's' }}`, JSON.stringify({ toJSON: () => 1 }))",
  ],
  [
    'comparators, replacers and revivers that do not block',
    "slow(); log([3, 1, 2].sort((a, b) => a - b), 'abc'.replace(/b/, (x) => x + x), JSON.parse('[1]', (k, v) => (k === '0' ? 2 : v)), Array.from([1], (x) => x + 1))",
  ],
  [
    'numbers and strings from blocking calls in operators',
    "log(slow(1) + slow(2) * 3, `${slow('t')}`, slow('a') in { a: 1 }, typeof slow(1), !slow(0), [slow(1), ...[slow(2)]].length, { [slow('k')]: 1 }.k)",
  ],
  [
    'assignments whose left side counts first',
    'const o = { n: 1 }; o.n += slow(2); o.list ??= slow([]); o.list.push(slow(3)); log(o.n, o.list)',
  ],
  [
    'optional chains',
    'const o = { f: (x) => slow(x), deep: { g: () => slow({ h: 7 }) } }, n = null; log(o?.f?.(1), o.deep?.g().h, n?.f(1), n?.deep.g().h, o.missing?.())',
  ],
  [
    'conditional and comma',
    "const f = 1 ? slow : get; log((0, f)(1), (slow(0), slow(2)), slow(true) ? slow('y') : slow('n'))",
  ],
  ['recursion', 'const fib = (n) => (n < 2 ? slow(n) : fib(n - 1) + fib(n - 2)); log(fib(6))'],
  [
    'callbacks of callbacks',
    "const each = (xs, f) => xs.forEach((x) => f(x)); const twice = (f) => (x) => f(f(x)); each(['a', 'b'], (x) => log(twice((y) => slow(y + x))('')))",
  ],
  [
    'array methods together',
    'log([1, 2, 3, 4].filter((x) => slow(x) % 2).map((x) => slow(x * 2)).reduce((a, x) => a + slow(x), 0), [[1], [2]].flatMap((x) => slow(x)).length, [1, 2].findLast((x) => slow(x) < 2))',
  ],
  [
    'array methods with holes and changes on the way',
    'const a = [1, , 3]; const seen = []; a.forEach((x, i) => { slow(); seen.push(i); if (i === 0) a.push(4) }); log(seen, a.map((x) => slow(x)).length, 1 in a.map(slow))',
  ],
  [
    'entries of a Set and a Map',
    "new Map([['a', 1]]).forEach((v, k, m) => log(k, slow(v), m.size)); new Set([slow('s')]).forEach((v) => log(get(v)))",
  ],
  [
    'nested groups and checks',
    "log(group('a', () => group('b', () => check(get('c'), { ok: (u) => slow(u).length > 0, no: () => slow(false) }))))",
  ],
  [
    'functions that come back from functions',
    "const client = (root) => ({ users: { list: () => get(root + 'users') } }); const { users } = client('v1-'); log(users.list(), client('v2-').users.list())",
  ],
  [
    'a promise that is awaited',
    "async---const p = Promise.resolve(slow(1)); log(await p, await slow(2), await get('x'))",
  ],
  [
    'then with blocking callbacks',
    "async---await Promise.resolve('t').then((x) => log(get(x))).catch(() => log('no')).finally(() => slow())",
  ],
  [
    'an async function that blocks holds its caller',
    "async function a() { log('a1'); slow(); log('a2'); await null; log('a3') }\na(); log('b1'); slow(); log('b2')",
  ],
  [
    'two async functions that block',
    "const a = async (x) => { log(x, 1, get(x)); await null; log(x, 2); slow(); log(x, 3); return x }; a('p'); a('q'); log('end')",
  ],
  [
    'an async function that is awaited',
    'async---const a = async (x) => { slow(); const y = await slow(x + 1); slow(); return y }; log(await a(1), (await Promise.all([a(2), a(3)])).join())',
  ],
  [
    'async map',
    "async---const all = await Promise.all([1, 2].map(async (x) => { log('in', x); slow(); await null; return slow(x) })); log(all)",
  ],
  [
    'an async method through this',
    "async---class C { async go(x) { const r = this.one(x); await null; return r + this.one('y') } one(x) { return get(x) } }\nlog(await new C().go('x'))",
  ],
  [
    'an async function that throws after blocking',
    "async---const a = async () => { slow(); throw new Error('late') }; try { await a() } catch (e) { log('caught', e.message) } a().catch((e) => log('then', e.message)); log('end')",
  ],
  [
    'a rejection that nobody handles',
    "async---const a = async () => { slow(); await null; throw new Error('lost') }; slow(); await a()",
  ],
  [
    'the ordering probe',
    "async function a() { await null; log('A1') }\na(); slow(); log('B1'); Promise.resolve().then(() => log('C')); log('D')",
  ],
  [
    'timers that are due during a blocking call',
    "setTimeout(() => log('t1'), 1); setTimeout(() => { log('t2'); slow(); log('t2 end') }, 2); sleep(0.02); log('slept')",
  ],
  [
    'an interval that blocks',
    "let n = 0; const id = setInterval(() => { slow(); log('i', ++n); if (n === 2) clearInterval(id) }, 1); slow(); log('first')",
  ],
  [
    'a new promise settled by a timer',
    "async---const r = await new Promise((resolve) => setTimeout(() => resolve(slow('v')), 1)); log(r, get('after'))",
  ],
  [
    'a mixture of requests',
    "async---const p = http.asyncRequest('GET', U + 'async'); log(get('sync')); const r = await p; log(r.json('url'), get('after'))",
  ],
]

const fallsBack: [what: string, source: string][] = [
  ["Array.prototype's own", 'Array.prototype.forEach.call([1, 2], (x) => log(slow(x)))'],
  ['a mapped iterator', 'log(Array.from(new Map([[1, 2]]), ([k, v]) => slow(k + v)))'],
  ['a static block', "class A { static v; static { A.v = get('b') } }\nlog(A.v)"],
  ['a label of valueOf', 'const o = { valueOf() { return slow(2) } }; log(o * 3, o > 1)'],
  ['a computed getter', "const k = 'x', o = { get [k]() { return get('g') } }; log(o[k])"],
  ['setters', "const o = { set x(v) { log(get(v)) } }; o.x = 's'; Object.assign(o, { x: 't' })"],
  [
    'async iterators',
    'async---async function* g() { yield 1; yield 2 } slow(); for await (const x of g()) log(x)',
  ],
  ['a getter', "const o = { get x() { return get('g') } }; log(o.x, `${o.x}`)"],
  [
    'a getter made by defineProperty',
    "const o = {}; Object.defineProperty(o, 'x', { get: () => get('g') }); log(o.x)",
  ],
  ['a constructor', "class A { constructor() { this.r = get('c') } }\nlog(new A().r)"],
  ['a generator', "function* g() { yield get('a'); yield get('b') } log([...g()])"],
  ['a class field', "class A { r = get('f') }\nlog(new A().r)"],
  ['a default parameter', "const f = (a = get('d')) => a; log(f())"],
  ['toString', "const o = { toString() { return get('s') } }; log(`${o}`, o + '')"],
  ['toString of an arrow', "const o = { toString: () => get('s') }; log(`${o}`)"],
  ['toJSON that is stored', "const o = {}; o.toJSON = () => get('j'); log(JSON.stringify(o))"],
  ['Symbol.toPrimitive', 'const o = { [Symbol.toPrimitive]: () => slow(4) }; log(o * 2)'],
  [
    'an iterator written by hand',
    'const o = { [Symbol.iterator]() { let i = 0; return { next: () => ({ done: i > 1, value: slow(i++) }) } } }; log([...o])',
  ],
  ['a comparator', 'log([3, 1, 2].sort((a, b) => slow(a - b)))'],
  ['a comparator by name', 'const by = (a, b) => slow(a) - b; log([3, 1, 2].toSorted(by))'],
  ['replace', "log('abc'.replace(/b/g, () => get('r')))"],
  ['a reviver', "log(JSON.parse('[1]', (k, v) => slow(v)))"],
  ['Array.from with a callback', 'log(Array.from([1, 2], (x) => slow(x)))'],
  [
    'the executor of a promise',
    "async---log(await new Promise((resolve) => { slow(); resolve(get('p')) }))",
  ],
  ['Reflect.apply', 'log(Reflect.apply(slow, null, [1]))'],
  ['a proxy', 'const p = new Proxy({}, { get: (_, k) => slow(k) }); log(p.name)'],
  [
    'an async generator',
    "async---async function* g() { yield slow(1); yield get('g') } for await (const x of g()) log(x)",
  ],
  ['eval', 'const f = slow; log(f(1), eval(\'get("e")\'))'],
]

let real: Ran
let realAsked: string[]
let dir = ''

const cases = [...coloured, ...fallsBack]

function textOf(source: string, index: number): string {
  const isAsync = source.startsWith('async---')
  const [, before, body] = /^---([^]*)\n---([^]*)$/.exec(source) ?? ['', '', source]
  return `${HEAD.replace(/\bU\b/, `'${base}/${index}/'`)}${before}
export default ${isAsync ? 'async ' : ''}function () {
${isAsync ? body!.slice('async---'.length) : body}
}`.replace(/\bU\b/g, `'${base}/${index}/'`)
}

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end(JSON.stringify({ url: request.url!.split('/').at(-1), method: request.method }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  dir = mkdtempSync(join(tmpdir(), 'vigie-both-'))
  const files = Object.fromEntries(cases.map(([, source], i) => [`c${i}.js`, textOf(source, i)]))
  real = await runScript(
    `${cases.map((_, i) => `import c${i} from './c${i}.js'`).join('\n')}
const all = [${cases.map((_, i) => `c${i}`).join()}]
export const options = { iterations: all.length }
export default function () { console.log('case ' + __ITER); return all[__ITER]() }`,
    { files, flags: ['--real-blocking'] },
  )
  realAsked = asked.splice(0)
}, 60_000)

afterAll(() => {
  rmSync(dir, { recursive: true })
  server.close()
  server.closeAllConnections()
})

/** What the case logged with real blocking, errors of the script among it. */
function reallyLogged(index: number): string[] {
  const lines = real.stderr.split('\n')
  const from = lines.findIndex((line) => line.includes(`msg="case ${index}"`))
  const to = lines.findIndex((line) => line.includes(`msg="case ${index + 1}"`))
  return lines.slice(from + 1, to < 0 ? lines.length - 1 : to).map((line) => {
    const [, text] = / msg=("(?:[^"\\]|\\.|"(?! (?:executor|source)=))*"|\S+)/.exec(line) ?? []
    const message = text!.startsWith('"') ? text!.slice(1, -1) : text!
    return message.replace(/\\n.*/, '').replace(/\\"/g, '"')
  })
}

test.each(coloured.map(([what, source], i) => [what, source, i] as const))(
  '%s',
  async (_, source, index) => {
    asked.length = 0
    const { logged, outcome } = await iterate(textOf(source, index))
    const thrown = outcome.kind === 'threw' ? [String(outcome.error)] : []
    expect([...logged.map((one) => one.split('\n')[0]), ...thrown]).toEqual(reallyLogged(index))
    expect(asked).toEqual(realAsked.filter((one) => one.includes(` /${index}/`)))
  },
)

test.each(fallsBack.map(([what, source], i) => [what, source, coloured.length + i] as const))(
  'needs real blocking: %s',
  (_, source, index) => {
    const path = join(dir, `c${index}.js`)
    writeFileSync(path, textOf(source, index))
    expect(compileScript(path).blocking).toMatch(/file:.*\.js:\d+:\d+$/)
    expect(reallyLogged(index).join('|')).not.toMatch(/Promise|Error|^$/)
  },
)
