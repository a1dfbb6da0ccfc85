// Makes packages/vigie/bundle, what the published package runs: one file per process and worker, our
// own packages inside, everything from npm left outside as a dependency, the browser application and
// the arcade's files beside it.
import { cpSync, existsSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = `${root}packages/vigie/bundle`
const manifest = (path) => JSON.parse(readFileSync(`${root}${path}/package.json`, 'utf8'))

const entryPoints = {
  cli: `${root}packages/vigie/src/cli.ts`,
  'query-worker': `${root}packages/server/src/query/worker.ts`,
  'load-worker': `${root}packages/load/src/worker.ts`,
  'tsdb-worker': `${root}packages/tsdb/src/blocks/worker.ts`,
}
const services = `${root}examples/arcade/src/services`
for (const file of existsSync(services) ? readdirSync(services) : []) {
  if (file.endsWith('.ts') && !file.endsWith('.test.ts'))
    entryPoints[`arcade-${file.slice(0, -'.ts'.length)}`] = `${services}/${file}`
}

rmSync(out, { recursive: true, force: true })
await build({
  entryPoints,
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['source'],
  external: Object.keys(manifest('packages/vigie').dependencies),
  sourcemap: 'linked',
  sourcesContent: false,
  define: { VIGIE_VERSION: JSON.stringify(manifest('packages/vigie').version) },
  logLevel: 'warning',
})
cpSync(`${root}packages/ui/dist`, `${out}/ui`, { recursive: true })
for (const folder of ['dashboards', 'load', 'rules'])
  cpSync(`${root}examples/arcade/${folder}`, `${out}/arcade/${folder}`, { recursive: true })
// What npm shows of the package.
for (const file of ['README.md', 'LICENSE'])
  cpSync(`${root}${file}`, `${root}packages/vigie/${file}`)
