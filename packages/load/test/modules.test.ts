// How files become modules: linking, scopes, what is hidden, and where errors point.
import { expect, test } from 'vitest'
import { iterate } from './one-vu.ts'

const links: [what: string, source: string, files: Record<string, string>, logged: string][] = [
  [
    'named and default imports',
    "import d, { a, b as c } from './m.js'; export default () => console.log(d, a, c)",
    { 'm.js': 'export default 1; export const a = 2, b = 3' },
    '1 2 3',
  ],
  [
    'live bindings',
    "import { n, up } from './m.js'; export default () => { up(); console.log(n) }",
    { 'm.js': 'export let n = 0; export function up() { n++ }' },
    '1',
  ],
  [
    'namespaces and star exports',
    "import * as m from './m.js'; export default () => console.log(m.a, m.b, Object.keys(m).sort().join())",
    {
      'm.js': "export * from './n.js'; export const a = 1",
      'n.js': 'export const b = 2; export default 3',
    },
    '1 2 a,b',
  ],
  [
    're-exports',
    "import { x } from './m.js'; export default () => console.log(x)",
    { 'm.js': "export { default as x } from './n.js'", 'n.js': 'export default 5' },
    '5',
  ],
  [
    'circles',
    "import { a } from './a.js'; export default () => console.log(a())",
    {
      'a.js': "import { b } from './b.js'; export function a() { return b() + 1 }",
      'b.js':
        "import { a } from './a.js'; export function b() { return typeof a === 'function' ? 1 : 0 }",
    },
    '2',
  ],
  [
    'CommonJS from a module',
    "import m, { x } from './m.cjs'; export default () => console.log(m.x, x)",
    { 'm.cjs': 'module.exports = { x: 1 }' },
    '1 1',
  ],
  [
    'CommonJS throughout',
    "const { sleep } = require('k6'); const m = require('./m.js'); exports.default = function () { sleep(0.001); console.log(m.f()) }",
    { 'm.js': "const { sleep } = require('k6'); exports.f = () => { sleep(0.001); return 7 }" },
    '7',
  ],
  [
    'a require that never runs',
    "exports.default = () => console.log(typeof fs); let fs; if (false) fs = require('fs')",
    {},
    'undefined',
  ],
  [
    'JSON by open',
    "const data = JSON.parse(open('./d/data.json')); export default () => console.log(data.a)",
    { 'd/data.json': '{"a":4}' },
    '4',
  ],
  [
    'bytes by open',
    "const data = open('x.bin', 'b'); export default () => console.log(data.byteLength)",
    { 'x.bin': 'abc' },
    '3',
  ],
  [
    'a default that is a value',
    "import f from './m.js'\nexport default () => console.log(f())",
    { 'm.js': 'export default () => 1\nexport const a = 2' },
    '1',
  ],
  [
    'top-level await and blocking at the top',
    "import { sleep } from 'k6'; const a = await Promise.resolve(1); sleep(0.001); export default () => console.log(a)",
    {},
    '1',
  ],
  [
    'shorthand of an import',
    "import { a } from './m.js'; export default () => console.log(JSON.stringify({ a }))",
    { 'm.js': 'export const a = 1' },
    '{"a":1}',
  ],
  [
    'import()',
    "const m = await import('./m.js'); export default () => console.log(m.a)",
    { 'm.js': 'export const a = 1' },
    '1',
  ],
  [
    'what Node has and k6 has not',
    'export default () => console.log(typeof process, typeof Buffer, typeof URL, typeof fetch, typeof structuredClone, typeof Intl, globalThis.process)',
    {},
    'undefined undefined undefined undefined undefined undefined undefined',
  ],
  [
    'what k6 has',
    'export default () => console.log(__VU, __ITER, __ENV.X, typeof crypto.randomUUID(), new TextEncoder().encode("é").length, typeof setTimeout)',
    {},
    '1 0 y string 2 function',
  ],
  [
    'a name that nobody declared',
    'export default () => { try { nope } catch (e) { console.log(String(e)) } }',
    {},
    'ReferenceError: nope is not defined',
  ],
  [
    'a global of the script',
    'globalThis.shared = 3; export default () => console.log(shared)',
    {},
    '3',
  ],
  [
    'shadowed names',
    'export default () => { const process = 1, __VU = 2; console.log(process, __VU) }',
    {},
    '1 2',
  ],
  [
    'what console prints',
    'export default () => { const c = { a: 1 }; c.self = c; console.log({ f() {}, n: null }, c, [1, "x"], () => 1) }',
    {},
    '{"f":"[object Function]","n":null} {"a":1,"self":"[Circular]"} [1,"x"] [object Function]',
  ],
]

test.each(links)('%s', async (_, source, files, logged) => {
  const ran = await iterate(source, { files, env: { X: 'y' } })
  if (ran.outcome.kind === 'threw') throw ran.outcome.error
  expect(ran.logged.join('|')).toBe(logged)
})

test('TypeScript, enums and all', async () => {
  const { logged } = await iterate(
    `import { sleep } from 'k6'
    import type { T } from './t.ts'
    enum E { a = 1 }
    class C { constructor(private readonly x: T) {} m(): number { sleep(0.001); return this.x } }
    export default function (): void { console.log(new C(E.a as T).m()) }`,
    { name: 'script.ts', files: { 't.ts': 'export type T = number' } },
  )
  expect(logged).toEqual(['1'])
})

test('an import that is not exported is an error before the start', async () => {
  await expect(
    iterate("import { gone } from './m.js'; export default () => gone", {
      files: { 'm.js': '' + 'export {}' },
    }),
  ).rejects.toThrow(/"gone" is not exported by .*m\.js/)
})

test('open() and require() are of the init stage', async () => {
  const { outcome } = await iterate("export default () => open('x')")
  expect(outcome).toMatchObject({
    kind: 'threw',
    error: { message: expect.stringContaining('init stage') },
  })
})

test('module state belongs to the VU and lives across iterations', async () => {
  const { logged } = await iterate('let n = 0; export default () => console.log(++n, __ITER)', {
    iterations: 3,
  })
  expect(logged).toEqual(['1 0', '2 1', '3 2'])
})

test('SharedArray gives frozen copies', async () => {
  const { logged } = await iterate(
    `import { SharedArray } from 'k6/data'
    const a = new SharedArray('x', () => [{ n: 1 }, { n: 2 }])
    export default () => {
      console.log(a.length, a[1].n, a[0] === a[0], a.map((x) => x.n).join(), [...a].length, Object.isFrozen(a[0]))
      try { a[0] = 1 } catch (e) { console.log(e.message) }
    }`,
  )
  expect(logged).toEqual(['2 2 false 1,2 2 true', 'SharedArray is immutable'])
})

test('custom metrics, their tags, and what they refuse', async () => {
  const { logged, samples } = await iterate(
    `import { Counter, Gauge, Rate, Trend } from 'k6/metrics'
    const c = new Counter('my_c'), g = new Gauge('my_g'), r = new Rate('my_r'), t = new Trend('my_t', true)
    export default () => { c.add(2); c.add(3, { k: 'v' }); g.add(5); g.add(4); r.add(true); r.add(0); t.add(1.5); t.add('2'); console.log(c.add(null), t.add(NaN)) }`,
  )
  expect(logged.at(-1)).toBe('false false')
  expect([...samples].filter(([name]) => name.startsWith('my_'))).toEqual([
    ['my_c{group=}', [2]],
    ['my_c{group=,k=v}', [3]],
    ['my_g{group=}', [4, 4, 5]],
    ['my_r{group=}', [1, 2]],
    ['my_t{group=}', [1.5, 2]],
  ])
  await expect(
    iterate(
      "import { Counter } from 'k6/metrics'; new Counter('no-dash'); export default () => {}",
    ),
  ).rejects.toThrow("Invalid metric name: 'no-dash'")
  await expect(
    iterate(
      "import { Counter, Rate } from 'k6/metrics'; new Counter('ab'); new Rate('ab'); export default () => {}",
    ),
  ).rejects.toThrow('already exists but with type counter')
})

test('groups and checks carry their tags', async () => {
  const { samples, outcome } = await iterate(
    `import { check, group } from 'k6'
    export default () => {
      group('a', () => group('b', () => check(1, { one: (x) => x === 1, two: false }, { t: 1 })))
      check(1, { fails: () => { throw new Error('in a check') } })
    }`,
  )
  expect([...samples].filter(([name]) => name.startsWith('checks'))).toEqual([
    ['checks{check=one,group=::a::b,t=1}', [1, 1]],
    ['checks{check=two,group=::a::b,t=1}', [0, 1]],
    ['checks{check=fails,group=}', [0, 1]],
  ])
  expect([...samples.keys()].filter((name) => name.startsWith('group_duration'))).toEqual([
    'group_duration{group=::a::b}',
    'group_duration{group=::a}',
  ])
  expect(outcome).toMatchObject({ kind: 'threw', error: { message: 'in a check' } })
})

test('randomSeed makes numbers repeat', async () => {
  const { logged } = await iterate(
    "import { randomSeed } from 'k6'; export default () => { randomSeed(5); const a = Math.random(); randomSeed(5); console.log(a === Math.random(), Math.max(1, 2)) }",
  )
  expect(logged).toEqual(['true 2'])
})

test('import.meta, and what an import of a file must say', async () => {
  const { logged } = await iterate(
    "export default () => console.log(import.meta.url.split('/').pop(), import.meta.resolve('./d/x.js').slice(-6), import.meta.resolve('k6/http'))",
  )
  expect(logged).toEqual(['script.js d/x.js k6/http'])
  await expect(
    iterate("import './lib'; export default () => 1", { files: { 'lib.js': '' } }),
  ).rejects.toThrow(/there is no file .*lib; there is .*lib\.js, and the ending has to be written/)
  await expect(
    iterate("import x from './x.json'; export default () => 1", { files: { 'x.json': '{}' } }),
  ).rejects.toThrow(/JSON is not a module; want JSON.parse\(open\('.\/x.json'\)\)/)
})

const edges: [what: string, source: string, logged: string[]][] = [
  [
    'what check and group refuse',
    `import { check, group } from 'k6'
    export default () => {
      tell(() => check(1)); tell(() => check(1, null)); tell(() => check(1, { 'a::b': 1 })); tell(() => check(1, { a: 1 }, { t: {} }))
      tell(() => group('x')); tell(() => group('a::b', () => 1)); tell(() => group('x', async () => 1)); tell(() => group('x', () => 7))
    }`,
    [
      'GoError: no checks provided to `check`',
      'TypeError: Cannot convert undefined or null to object',
      "GoError: group and check names may not contain '::'",
      "GoError: invalid value for metric tag 't': only String, Boolean and Number types are accepted as a metric tag values",
      'GoError: group() requires a callback as a second argument',
      "GoError: group and check names may not contain '::'",
      'GoError: group() does not support async functions as arguments, please see https://grafana.com/docs/k6/latest/javascript-api/k6/group/ for more info',
      '7',
    ],
  ],
  [
    'what metrics take',
    `import { Counter } from 'k6/metrics'
    const { add } = new Counter('cc')
    tell(() => new Counter()); tell(() => new Counter('x')); tell(() => add(1))
    export default () => { tell(() => add(true)); tell(() => add('0')); tell(() => add()); tell(() => add('x'.repeat(120))); tell(() => add(1, { a: {} })); tell(() => new Counter('late')) }`,
    [
      "GoError: Invalid metric name: ''",
      "GoError: Invalid metric name: 'x'",
      'GoError: Adding to metrics in the init context is not supported',
      'true',
      'true',
      "no value was provided for metric 'cc', a number or a boolean value is expected",
      'false',
      `'${'x'.repeat(50)}... omitting 20 characters ...${'x'.repeat(50)}' is an invalid value for metric 'cc', a number or a boolean value is expected`,
      'false',
      "GoError: cannot add tags for the 'cc' custom metric: invalid value for metric tag 'a': only String, Boolean and Number types are accepted as a metric tag values",
      'GoError: metrics must be declared in the init context',
    ],
  ],
  [
    'what k6/execution tells where',
    `import exec from 'k6/execution'
    tell(() => exec.vu.idInTest); tell(() => exec.instance.vusActive); tell(() => exec.scenario.name); tell(() => exec.test.options); tell(() => exec.test.fail())
    export default () => {
      tell(() => exec.vu.idInTest); tell(() => { exec.vu.tags.x = true; return exec.vu.metrics.tags.x }); tell(() => { exec.vu.tags.y = {} })
      tell(() => { exec.vu.metrics.metadata.m = 1; return exec.vu.metrics.metadata.m + '!' }); tell(() => { exec.vu.metrics.metadata.m = [] }); tell(() => exec.test.fail('bad'))
    }`,
    [
      'GoError: getting VU information in the init context is not supported',
      'GoError: getting instance information in the init context is not supported',
      'GoError: getting scenario information outside of the VU context is not supported',
      'GoError: getting test options in the init context is not supported',
      'GoError: execution.test.fail() called outside of VU context',
      '1',
      'true',
      "TypeError: invalid value for metric tag 'y': only String, Boolean and Number types are accepted as a metric tag values",
      '1!',
      "TypeError: invalid value for metric metadata 'm': only String, Boolean and Number types are accepted as a metric metadata values",
      'failed: test marked as failed: bad',
      'undefined',
    ],
  ],
]

test.each(edges)('%s', async (_, source, logged) => {
  const tell =
    "const tell = (f) => { try { console.log(String(f())) } catch (e) { console.log(e.name + ': ' + e.message) } }"
  const ran = await iterate(source.replace('\n', `\n${tell}\n`))
  if (ran.outcome.kind === 'threw') throw ran.outcome.error
  expect(ran.logged).toEqual(logged)
})
