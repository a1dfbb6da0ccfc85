// What a script logs when its blocking calls are made to wait: one construct per line.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compileScript } from '../src/compile/compile.ts'
import { iterate } from './one-vu.ts'

const HEAD = `import { sleep, group, check, fail } from 'k6'
const log = (...all) => console.log(all.join(' '))
/** Blocks, then gives its argument back. */
function slow(x) { sleep(0.001); return x }
`

/** Body of the default function (after `---`: what stands before it) and what it logs. */
const follows: [what: string, source: string, logged: string][] = [
  ['a direct call', 'sleep(0.001); log(1)', '1'],
  ['a function that waits', 'log(slow(1) + slow(2))', '3'],
  [
    'a call inside an expression',
    'log([slow(1), slow(2)].length, slow({ a: 5 }).a, -slow(2), `${slow(3)}`)',
    '2 5 -2 3',
  ],
  ['an arrow', 'const f = (x) => slow(x); log(f(1))', '1'],
  [
    'a statement after one without semicolon',
    'const a = slow(1)\nslow({ b() { log(a) } }).b()',
    '1',
  ],
  ['forEach', 'const out = []\n;[1, 2].forEach((x) => { out.push(slow(x)) })\nlog(out)', '1,2'],
  [
    'forEach with an index and an own this',
    '[5].forEach(function (x, i) { log(slow(x), i, this.t) }, { t: 7 })',
    '5 0 7',
  ],
  ['map', 'log([1, 2].map((x) => slow(x) * 2))', '2,4'],
  [
    'map in order',
    'const seen = []; [3, 1].map((x) => { sleep(x / 1000); seen.push(x) }); log(seen)',
    '3,1',
  ],
  [
    'filter, some, every, find, findIndex',
    'const a = [1, 2, 3], even = (x) => slow(x) % 2 === 0; log(a.filter(even), a.some(even), a.every(even), a.find(even), a.findIndex(even))',
    '2 true false 2 1',
  ],
  ['reduce', 'log([1, 2, 3].reduce((sum, x) => sum + slow(x), 10))', '16'],
  ['reduce of one without start', 'log([7].reduce((sum, x) => sum + slow(x)))', '7'],
  ['flatMap', 'log([1, 2].flatMap((x) => [slow(x), x]))', '1,1,2,2'],
  [
    'forEach of a Map and a Set',
    'new Map([["k", 1]]).forEach((v, k) => log(k, slow(v))); new Set([4]).forEach((v) => log(slow(v)))',
    'k 1|4',
  ],
  ['a method', 'class A { m(x) { return slow(x) } }\nlog(new A().m(1))', '1'],
  [
    'an inherited method',
    'class A { m(x) { return slow(x) } } class B extends A { m(x) { return super.m(x) + 1 } }\nlog(new B().m(1))',
    '2',
  ],
  ['a static method', 'class A { static m() { return slow(1) } }\nlog(A.m())', '1'],
  [
    'a method through this',
    'const o = { a() { return this.b() }, b() { return slow(2) } }; log(o.a())',
    '2',
  ],
  [
    'a method on a prototype',
    'function A() {} A.prototype.m = function () { return slow(3) }; log(new A().m())',
    '3',
  ],
  ['a function handed over', 'const retry = (f) => f(); log(retry(() => slow(1)))', '1'],
  ['a function handed on', 'const a = (f) => b(f), b = (f) => f(); log(a(() => slow(1)))', '1'],
  ['a function given back', 'const make = () => () => slow(4); log(make()())', '4'],
  [
    'a table of functions',
    "const t = { a: () => slow(1), b() { return slow(2) } }; const k = 'b'; log(t['a'](), t[k]())",
    '1 2',
  ],
  [
    'functions in objects in a list',
    'const all = [{ w: 1, fn: () => slow(1) }]; const one = all[0]; log(one.fn(), all.find((x) => x.w === 1).fn())',
    '1 1',
  ],
  [
    'functions from Object.values and entries',
    'const t = { a: () => slow(1) }; for (const f of Object.values(t)) log(f()); for (const [k, f] of Object.entries(t)) log(k, f())',
    '1|a 1',
  ],
  ['functions in a Map', 'const m = new Map(); m.set(1, () => slow(9)); log(m.get(1)())', '9'],
  ['destructured arguments', '[{ x: 1, f: slow }].forEach(({ x, f }) => log(f(x)))', '1'],
  [
    'rest and spread',
    'const f = (...fs) => fs.map((g) => g()); log(f(...[() => slow(1), () => slow(2)]))',
    '1,2',
  ],
  ['call and apply', 'log(slow.call(null, 1), slow.apply(null, [2]))', '1 2'],
  ['bind', 'const f = slow.bind(null, 3); log(f())', '3'],
  ['an alias', 'const s = sleep; s(0.001); const { x } = { x: slow }; log(x(1))', '1'],
  ['an optional call', 'const o = { f: slow }, n = null; log(o?.f(1), n?.f(1), o.f?.(2))', '1  2'],
  [
    'an optional chain that goes on',
    'const o = { f: () => slow({ a: 1 }) }, n = null; log(o?.f().a, n?.f().a)',
    '1 ',
  ],
  [
    'a function called where it stands',
    'log((() => slow(1))()); (function () { log(slow(2)) })()',
    '1|2',
  ],
  [
    'try, catch and finally',
    "const f = () => { sleep(0.001); throw new Error('x') }; try { f() } catch (e) { log(e.message) } finally { log(slow('f')) }",
    'x|f',
  ],
  [
    'loops with labels',
    'outer: for (const a of [1, 2]) { for (const b of [1, 2]) { slow(); if (b === 2) continue outer; log(a, b) } }',
    '1 1|2 1',
  ],
  ['switch', 'switch (slow(2)) { case slow(1): log(1); break; case slow(2): log(2) }', '2'],
  [
    'conditions',
    'log(slow(0) || slow(1), slow(1) && slow(2), slow(null) ?? slow(3), slow(true) ? slow(4) : 0)',
    '1 2 3 4',
  ],
  ['recursion', 'const f = (n) => (n === 0 ? slow(0) : 1 + f(n - 1)); log(f(5))', '5'],
  [
    'functions that call each other',
    'function a(n) { return n ? b(n - 1) : slow(0) } function b(n) { return a(n) }\nlog(a(3))',
    '0',
  ],
  ['a function used before it stands', 'log(late()); function late() { return slow(1) }', '1'],
  ['arguments', 'function f() { slow(); return arguments.length }\nlog(f(1, 2))', '2'],
  ['a tagged template', 'const t = (s, x) => slow(s[0] + x); log(t`a${1}`)', 'a1'],
  ['group', "log(group('g', () => { sleep(0.001); return 5 }))", '5'],
  ['group without waiting', "log(group('g', () => 5))", '5'],
  [
    'groups in groups',
    "group('a', () => { group('b', () => { slow(); log('in') }) }); log('out')",
    'in|out',
  ],
  ['group of a function by name', "group('g', work); function work() { slow(); log('w') }", 'w'],
  ['check', 'log(check(1, { a: (x) => slow(x) === 1, b: (x) => x === 2 }))', 'false'],
  ['an async function', '--async const f = async () => { slow(); return 3 }; log(await f())', '3'],
  [
    'then with a blocking callback',
    '--async await Promise.resolve(2).then((x) => log(slow(x)))',
    '2',
  ],
  [
    'setTimeout with a blocking callback',
    'setTimeout(() => { slow(); log("late") }, 1); log("first")',
    'first|late',
  ],
  [
    'constructors that do not wait',
    'class A { constructor(x) { this.x = x } get y() { return this.x } }\nlog(slow(new A(3)).y)',
    '3',
  ],
  [
    'sort and replace that do not wait',
    "log([3, 1].sort((a, b) => a - b), 'a'.replace(/a/, () => 'b'), slow(1))",
    '1,3 b 1',
  ],
  [
    'names of built-in methods on a class',
    'class Client { get(x) { return slow(x) } } const c = new Client(), m = new Map([[1, 1], [2, 2]]); log(c.get(1), m.get(1), [2, 1].sort((a, b) => m.get(a) - b))',
    '1 1 1,2',
  ],
]

test.each(follows)('%s', async (_, source, logged) => {
  const isAsync = source.startsWith('--async ')
  const body = isAsync ? source.slice('--async '.length) : source
  const ran = await iterate(
    `${HEAD}export default ${isAsync ? 'async ' : ''}function () {\n${body}\n}`,
  )
  if (ran.outcome.kind === 'threw') throw ran.outcome.error
  expect(ran.logged.join('|')).toBe(logged)
})

const blocking: [what: string, source: string, reason: string][] = [
  [
    'a getter',
    'const o = { get x() { return sleep(1) } }',
    'the getter "x" calls k6.sleep at 6:30',
  ],
  ['a setter', 'const o = { set x(v) { sleep(1) } }', 'the setter "x" calls k6.sleep at 6:24'],
  [
    'a constructor',
    'class A { constructor() { sleep(1) } }',
    'the constructor of class "A" calls k6.sleep at 6:27',
  ],
  [
    'an old-style constructor',
    'function A() { sleep(1) }\nnew A()',
    'the constructor "A" calls k6.sleep at 7:1',
  ],
  ['a generator', 'function* g() { yield sleep(1) }', 'the generator "g" calls k6.sleep at 6:23'],
  ['a class field', 'class A { x = sleep(1) }', 'a class field calls k6.sleep at 6:15'],
  [
    'a default parameter',
    'const f = (x = sleep(1)) => x',
    'the default value of a parameter calls k6.sleep at 6:16',
  ],
  [
    'a comparison of sort',
    '[1].sort(() => sleep(1))',
    'a callback of sort() calls k6.sleep at 6:1',
  ],
  [
    'a callback of replace',
    "'a'.replace(/a/, () => sleep(1))",
    'a callback of replace() calls k6.sleep at 6:1',
  ],
  [
    'a reviver',
    "JSON.parse('1', () => sleep(1))",
    'a callback of JSON.parse() calls k6.sleep at 6:1',
  ],
  [
    'toString',
    'const o = { toString() { sleep(1) } }',
    'the method "toString", which the language calls by itself, calls k6.sleep at 6:26',
  ],
]

test.each(blocking)('%s needs real blocking', (_, source, reason) => {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-compile-'))
  const path = join(dir, 'script.js')
  writeFileSync(path, `${HEAD}export default function () {\n${source}\n}`)
  try {
    expect(compileScript(path).blocking?.replace(/file:.*script\.js:/, '')).toBe(reason)
  } finally {
    rmSync(dir, { recursive: true })
  }
})

const orders: [what: string, source: string, logged: string][] = [
  [
    'a blocking call lets no other code of the VU run',
    "async function a() { await null; log('A1') }\nexport default function () { a(); sleep(0.02); log('B1'); Promise.resolve().then(() => log('C')); log('D') }",
    'B1 D A1 C',
  ],
  [
    'timers wait for a blocking call',
    "export default function () { setTimeout(() => log('T'), 1); sleep(0.02); log('S') }",
    'S T',
  ],
  [
    'an async default lets others run only where it awaits',
    "export default async function () { Promise.resolve().then(() => log('P')); sleep(0.02); log('S'); await null; log('E') }",
    'S P E',
  ],
]

test.each(orders)('%s', async (_, source, logged) => {
  expect((await iterate(HEAD + source)).logged.join(' ')).toBe(logged)
})

test('an interrupted VU runs no catch and no finally', async () => {
  const ran = await iterate(
    `${HEAD}export default function () { try { sleep(5) } catch { log('catch') } finally { log('finally') } }`,
    { interruptAfterMs: 20 },
  )
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect([ran.outcome.kind, ran.logged]).toEqual(['interrupted', []])
})

test('group and check refuse functions that the script wrote as async, and only those', async () => {
  const group = await iterate(`${HEAD}export default function () { group('g', async () => {}) }`)
  expect(group.outcome).toMatchObject({
    kind: 'threw',
    error: {
      message: expect.stringContaining('group() does not support async functions as arguments,'),
    },
  })
  const check = await iterate(
    `${HEAD}export default function () { check(1, { a: async () => true }) }`,
  )
  expect(check.outcome).toMatchObject({
    kind: 'threw',
    error: {
      message: expect.stringContaining('check() does not support async functions as arguments.'),
    },
  })
})
