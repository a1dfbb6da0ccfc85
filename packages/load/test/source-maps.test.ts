// What a bundled script says of itself names the files that its author wrote.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type BuildOptions, buildSync } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compileScript } from '../src/compile/compile.ts'
import { runScript } from './run-script.ts'

let dir = ''

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-maps-'))
  mkdirSync(join(dir, 'src'))
  for (const [name, text] of Object.entries(SOURCES)) writeFileSync(join(dir, 'src', name), text)
})

afterAll(() => rmSync(dir, { recursive: true }))

const SOURCES = {
  'deep.ts': `interface Given { word: string }

export function deep(given: Given): never {
  throw new Error(given.word)
}`,
  'main.ts': `import { sleep } from 'k6'
import { deep } from './deep.ts'
export default function (): void {
  sleep(0.001)

  deep({ word: 'broken' })
}`,
  'refused.ts': `const filler: number = 1
import { nothing } from 'k6'
export default () => nothing(filler)`,
  'blocks.ts': `import { sleep } from 'k6'
const waits = { get now(): number { sleep(0.001); return 1 } }

export default (): void => console.log(waits['n' + 'ow'])
export const sorted = () => [2, 1].sort(() => { sleep(0.001); return 0 })`,
}

/** The bundle of a source, its map beside it. */
function bundle(name: keyof typeof SOURCES, options: BuildOptions): Record<string, string> {
  const { outputFiles } = buildSync({
    entryPoints: [join(dir, 'src', name)],
    outfile: join(dir, 'script.js'),
    bundle: true,
    write: false,
    format: 'esm',
    external: ['k6', 'k6/*'],
    ...options,
  })
  return Object.fromEntries(
    outputFiles!.map(({ path, text }) => [path.slice(dir.length + 1), text] as const),
  )
}

const ways: [what: string, options: BuildOptions, root: string][] = [
  ['inside', { sourcemap: 'inline' }, '/src/'],
  ['inside, minified', { sourcemap: 'inline', minify: true }, '/src/'],
  ['inside, CommonJS', { sourcemap: 'inline', format: 'cjs' }, '/src/'],
  ['beside', { sourcemap: 'linked' }, '/src/'],
  ['beside, minified', { sourcemap: 'linked', minify: true }, '/src/'],
  ['with a root', { sourcemap: 'linked', sourceRoot: 'webpack://shop/.' }, 'webpack://shop/./src/'],
]

test.each(ways)('stack frames by a map %s', async (_, options, root) => {
  const { 'script.js': script, ...files } = bundle('main.ts', options)
  const { stderr } = await runScript(script!, { files })
  expect(stderr).toContain('Error: broken')
  expect(stderr).toContain(`${root}deep.ts:4:9`)
  expect(stderr).toContain(`${root}main.ts:6:3`)
  expect(stderr).not.toContain('script.js:')
})

test('refused imports and the reason for real blocking', () => {
  const compile = (name: keyof typeof SOURCES) => {
    for (const [file, text] of Object.entries(bundle(name, { sourcemap: 'linked', minify: true })))
      writeFileSync(join(dir, file), text)
    return compileScript(join(dir, 'script.js'))
  }
  const place = (name: string) => pathToFileURL(join(dir, 'src', name)).href
  expect(() => compile('refused.ts')).toThrow(`${place('refused.ts')}:2:`)
  expect(compile('blocks.ts').blocking).toContain(`${place('blocks.ts')}:`)
})

const broken: [what: string, comment: string, note: string][] = [
  ['missing', 'gone.js.map', 'ENOENT'],
  ['no JSON', 'data:application/json,nothing', 'JSON'],
  ['of another version', 'data:application/json,{"version":2}', 'version 2; want 3'],
  ['without numbers', 'data:application/json,{"version":3,"mappings":"%25"}', 'base64 numbers'],
  ['without sources', 'data:application/json,{"version":3,"mappings":""}', 'not a list'],
  ['with a source that is not there', inline('{"version":3,"sources":[],"mappings":"AAAA"}'), ''],
]

function inline(map: string): string {
  return `data:application/json;charset=utf-8;base64,${Buffer.from(map).toString('base64')}`
}

test.each(broken)('a map that is %s does no harm', async (_, comment, note) => {
  const script = `export default () => { throw new Error('mine') }\n//# sourceMappingURL=${comment}\n`
  const { stderr } = await runScript(script, { flags: ['-v'] })
  expect(stderr).toMatch(/mine.*script\.js:1:30/)
  expect(stderr.includes('is not used')).toBe(note !== '')
  expect(stderr).toContain(note)
})
