// Checks properties of the repository that no compiler or linter states in one place.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'

const scope = '@vigie/'
const packages = readdirSync('packages')
interface Manifest {
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}
const manifest = (name: string): Manifest =>
  JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8'))
const sources = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => `${dir}/${file}`)

/** Who may use whom. The whole architecture in one table; ARCHITECTURE.md explains it. */
const mayUse = new Map<string, string[]>([
  ['model', []],
  ['tsdb', ['model']],
  ['promql', ['model']], // reads storage through model's Queryable, never through tsdb
  ['scrape', ['model']],
  ['remote', ['model']], // the log and HTTP come in by interfaces that the server fills
  ['alerting', ['model', 'promql']],
  ['dashboards', ['model', 'promql/syntax']],
  ['load', ['model']],
  ['insight', ['model']],
  ['server', ['model', 'tsdb', 'promql', 'scrape', 'remote', 'alerting', 'dashboards']],
  ['ui', ['dashboards', 'promql/syntax', 'model']],
])

/** Specifiers a file imports, tests left out. */
function imports(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/(?:from|import) '([^'./][^']*)'/g)].map((match) => match[1])
}

/** The browser application is written against React's API and built with Preact. */
const ALIASES = new Map([
  ['react', 'preact'],
  ['react-dom', 'preact'],
])

const packageOf = (specifier: string): string =>
  ALIASES.get(specifier.split('/')[0]) ??
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

test.each(packages)('%s imports only what its package.json declares', (name) => {
  // The published package bundles ours, so it declares them as what it is built from.
  const built = name === 'vigie' ? manifest(name).devDependencies : {}
  const declared = Object.keys({ ...manifest(name).dependencies, ...built })
  for (const file of sources(`packages/${name}/src`)) {
    if (/\.(test|bench)\.ts$/.test(file)) continue
    for (const specifier of imports(file)) {
      if (specifier.startsWith('node:')) continue
      expect(declared, `${file} imports ${specifier}`).toContain(packageOf(specifier))
    }
  }
})

test.each(packages.filter((name) => mayUse.has(name)))(
  '%s imports only what the table allows',
  (name) => {
    const allowed = mayUse.get(name)!
    for (const file of sources(`packages/${name}/src`)) {
      if (/\.(test|bench)\.ts$/.test(file)) continue
      for (const specifier of imports(file).filter((s) => s.startsWith(scope))) {
        const path = specifier.slice(scope.length)
        const isAllowed = allowed.some((one) => path === one || path.startsWith(one + '/'))
        expect(isAllowed, `${file} imports ${specifier}`).toBe(true)
      }
    }
  },
)

test('every package but the command line stands in the table', () => {
  expect(packages.filter((name) => name !== 'vigie' && !mayUse.has(name))).toEqual([])
})

test('the published package declares every outside dependency of what it bundles', () => {
  const declared = Object.keys(manifest('vigie').dependencies ?? {})
  for (const name of packages.filter(
    (one) => one !== 'ui' && existsSync(`packages/${one}/package.json`),
  )) {
    for (const dependency of Object.keys(manifest(name).dependencies ?? {})) {
      if (dependency.startsWith(scope)) continue
      expect(declared, `${dependency} of ${name}`).toContain(dependency)
    }
  }
})
