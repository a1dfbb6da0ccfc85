/**
 * `npm run conformance [-- --vectors DIR] [--verbose] [suite…]`: runs the vectors that other projects
 * test themselves with, read in place, and prints `suite passed/total` per suite. Exits 1 when a suite's
 * share is below the one kept in figures.json, or when the vectors are missing.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Suite } from './suite.ts'

interface Figure {
  passed: number
  total: number
}

const SUITES = new Map<string, () => Promise<Suite>>([
  ['promqltest', async () => (await import('./promqltest.ts')).run],
  ['engine', async () => (await import('./engine.ts')).run],
  ['parser', async () => (await import('./parser.ts')).run],
  ['compliance', async () => (await import('./promql-compliance.ts')).run],
  ['regex', async () => (await import('./model.ts')).runRegex],
  ['relabel', async () => (await import('./relabel.ts')).run],
  ['exposition', async () => (await import('./exposition.ts')).run],
  ['remote-write', async () => (await import('./remote-write.ts')).run],
  ['tsdb', async () => (await import('./tsdb.ts')).run],
  ['templates', async () => (await import('./templates.ts')).run],
  ['routing', async () => (await import('./routing.ts')).run],
  ['api', async () => (await import('./api.ts')).run],
  ['openapi', async () => (await import('./openapi.ts')).run],
  ['k6', async () => (await import('./k6.ts')).run],
  ['grafana', async () => (await import('./grafana.ts')).run],
])

const FIGURES = new URL('./figures.json', import.meta.url)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    vectors: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
})
process.exitCode = await main()

async function main(): Promise<number> {
  const vectorsDir = values.vectors ?? process.env.VIGIE_VECTORS ?? '../shared/conformance'
  if (!existsSync(`${vectorsDir}/promqltest`)) {
    console.error(
      `cannot find the vectors: ${vectorsDir} has no promqltest folder. They are other projects' own tests ` +
        '(prometheus/prometheus, prometheus/alertmanager, prometheus/common, @grafana/data), kept beside the ' +
        'checkout in ../shared/conformance; name another folder of the same shape with --vectors DIR or VIGIE_VECTORS.',
    )
    return 1
  }
  const unknown = positionals.filter((name) => !SUITES.has(name))
  if (unknown.length > 0) {
    console.error(`no suite ${unknown.join(', ')}; there are ${[...SUITES.keys()].join(', ')}`)
    return 1
  }
  return runSuites(vectorsDir, positionals.length > 0 ? positionals : [...SUITES.keys()])
}

async function runSuites(vectorsDir: string, names: readonly string[]): Promise<number> {
  const kept = new Map<string, Figure>(
    existsSync(FIGURES) ? Object.entries(JSON.parse(readFileSync(FIGURES, 'utf8'))) : [],
  )
  let isWorse = false
  for (const name of names) {
    const run = await SUITES.get(name)!()
    const result = await run(vectorsDir)
    const before = kept.get(name)
    const isBelow = before !== undefined && share(result) < share(before)
    isWorse ||= isBelow
    const note = isBelow ? `\tbelow the kept ${before.passed}/${before.total}` : ''
    console.log(`${name} ${result.passed}/${result.total}${note}`)
    for (const one of result.beside ?? [])
      console.log(`  beside: ${one.suite} ${one.passed}/${one.total}`)
    if (values.verbose || isBelow)
      for (const failure of result.failures)
        console.log(`  FAIL ${failure.name}: ${failure.reason}`)
    kept.set(name, { passed: result.passed, total: result.total })
  }
  if (values.keep) writeFileSync(FIGURES, JSON.stringify(Object.fromEntries(kept), null, 2) + '\n')
  return isWorse && !values.keep ? 1 : 0
}

function share(figure: Figure): number {
  return figure.total === 0 ? 1 : figure.passed / figure.total
}
