/** Modules that are neither built in nor files beside the script: by address, and from npm. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compileWithRemotes } from '../src/compile/remote.ts'
import { runScript } from './run-script.ts'

let server: Server
let base = ''
let asked: string[] = []
const sources = new Map<string, string>()

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url!)
    const source = sources.get(request.url!)
    response.statusCode = source === undefined ? 404 : 200
    response.end(source)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

test('a remote module, with what it imports, blocks as any other', async () => {
  sources.set('/lib/index.js', `export { wait } from './wait.js'; export const name = 'lib'`)
  sources.set(
    '/lib/wait.js',
    `import { sleep } from 'k6'; export function wait() { sleep(0.01); return 'waited' }`,
  )
  const { code, logged, stderr } = await runScript(
    `import { name, wait } from '${base}/lib/index.js'
    export default function () { console.log(name, wait()) }`,
  )
  expect(code, stderr).toBe(0)
  expect(logged).toEqual(['lib waited'])
})

test('is fetched once, locked, and refused when it changed', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-imports-'))
  try {
    const script = join(dir, 'script.js')
    writeFileSync(script, `import { a } from '${base}/a.js'; export default function () {}`)
    const compile = (cache: string): Promise<unknown> =>
      compileWithRemotes(script, join(dir, cache), {})
    sources.set('/a.js', 'export const a = 1')
    asked = []
    await compile('one')
    await compile('one')
    expect(asked).toEqual(['/a.js'])
    expect(readFileSync(join(dir, 'vigie-imports.lock'), 'utf8')).toMatch(
      new RegExp(`^${base}/a\\.js sha256-[A-Za-z0-9+/]{43}=\\n$`),
    )
    sources.set('/a.js', 'export const a = 2')
    await compile('one')
    await expect(compile('two')).rejects.toThrow(
      /is not what .*vigie-imports.lock says .* remove its line/,
    )
  } finally {
    rmSync(dir, { recursive: true })
  }
})

/** Imports that are refused, each with 107. */
const refused: [what: string, source: string, flags: string[], message: RegExp][] = [
  [
    'not there',
    `import x from 'BASE/none.js'`,
    [],
    /BASE\/none\.js: status 404\. Without the network, save it/,
  ],
  ['not encrypted', `import x from 'http://example.org/x.js'`, [], /want https/],
  ['a package without --npm', `import x from 'tool'`, [], /npm packages with --npm/],
  ['a package that is missing', `import x from 'missing'`, ['--npm'], /npm install missing/],
  [
    'a module of Node',
    `import fs from 'node:fs'`,
    ['--npm'],
    /Modules of Node itself are not there/,
  ],
]
test.each(refused)('%s', async (_, source, flags, message) => {
  const { code, stderr } = await runScript(
    `${source.replace('BASE', base)}\nexport default function () {}`,
    { flags },
  )
  expect(code).toBe(107)
  expect(stderr.replaceAll(base, 'BASE')).toMatch(message)
})

test('npm packages: exports, main, CommonJS, folders, JSON', async () => {
  const { code, logged, stderr } = await runScript(
    `import { one } from 'modern'
    import sub from 'modern/sub'
    import legacy from 'legacy'
    import { wait } from '@scope/waits'
    export default function () { console.log(one, sub, legacy.two, legacy.version, wait()) }`,
    {
      flags: ['--npm'],
      files: {
        'node_modules/modern/package.json': JSON.stringify({
          exports: {
            '.': { node: './node.js', browser: './browser.js', default: './default.js' },
            './sub': './sub/file.mjs',
          },
        }),
        'node_modules/modern/browser.js': `export const one = 'browser'`,
        'node_modules/modern/node.js': `import fs from 'fs'; export const one = fs`,
        'node_modules/modern/sub/file.mjs': `export default 'sub'`,
        'node_modules/legacy/package.json': JSON.stringify({ main: './lib', version: '1.2.3' }),
        'node_modules/legacy/lib/index.js': `exports.two = require('./two').two; exports.version = require('../package.json').version`,
        'node_modules/legacy/lib/two.js': `module.exports = { two: 2 }`,
        'node_modules/@scope/waits/package.json': JSON.stringify({
          module: 'esm.js',
          main: 'cjs.js',
        }),
        'node_modules/@scope/waits/esm.js': `import { sleep } from 'k6'; export const wait = () => { sleep(0.01); return 'waited' }`,
      },
    },
  )
  expect(code, stderr).toBe(0)
  expect(logged).toEqual(['browser sub 2 1.2.3 waited'])
})
