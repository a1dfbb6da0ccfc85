// `growth-*`: the exponent with which cost grows from 10,000 to 500,000 series of as many samples: 1 is linear. What the
// same costs Prometheus, which opens a copy of the same log, is said beside.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PEERS, freePort, residentBytes, start, stop, untilReady } from './process.mjs'
import { writeData } from './write-data-process.mjs'

const SMALL = 10_000
const LARGE = 500_000
const HOURS = 0.5
const STEP_S = 15
const ROUNDS = 4
const QUERY = 'sum by (code) (rate(http_requests_total[5m]))'

const CLI = fileURLToPath(new URL('../packages/vigie/bundle/cli.js', import.meta.url))

export async function benchGrowth() {
  const small = await costs(SMALL)
  const large = await costs(LARGE)
  return ['ingest', 'replay', 'query', 'memory'].map((name) => {
    const theirs = exponent(small.theirs[name], large.theirs[name])
    if (theirs !== undefined) console.error(`growth-${name}: Prometheus ${theirs.toFixed(3)}`)
    const ours = exponent(small.ours[name], large.ours[name])
    return { name: `growth-${name}`, ours, unit: '', atMost: 1.1 }
  })
}

const exponent = (small, large) =>
  small === undefined ? undefined : Math.log(large / small) / Math.log(LARGE / SMALL)

/** What so many series cost us, and what they cost Prometheus. */
async function costs(series) {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  try {
    const { startMs, endMs, appendMs } = writeData(join(dir, 'ours'), series, HOURS, STEP_S, 'wal')
    cpSync(join(dir, 'ours'), join(dir, 'theirs'), { recursive: true })
    writeFileSync(join(dir, 'prometheus.yml'), 'scrape_configs: []\n')
    writeFileSync(join(dir, 'vigie.yml'), 'scrape_configs: []\ndefault_rules: false\n')
    const range = { start: startMs / 1000, end: endMs / 1000, step: STEP_S * 4 }
    const args = ['--config.file=vigie.yml', '--storage.tsdb.path=ours', '--data.dir=data']
    const ours = await serve(dir, process.execPath, [CLI, ...args], range)
    const theirs = await serve(
      dir,
      `${PEERS}/prometheus`,
      ['--config.file=prometheus.yml', '--storage.tsdb.path=theirs'],
      range,
    )
    for (const [name, cost] of Object.entries({ ...ours, ingest: appendMs }))
      console.error(
        `${series} series: ${name} ${cost.toFixed(1)}, Prometheus ${theirs[name]?.toFixed(1) ?? '-'}`,
      )
    return { ours: { ...ours, ingest: appendMs }, theirs }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Milliseconds until it answers, MiB it then has, and the quickest of some queries over everything in ms. */
async function serve(cwd, command, args, { start: from, end, step }) {
  const port = await freePort()
  const base = `http://127.0.0.1:${port}`
  const before = performance.now()
  const child = start(command, [...args, `--web.listen-address=127.0.0.1:${port}`], { cwd })
  try {
    await untilReady(`${base}/-/ready`, 600_000)
    const replay = performance.now() - before
    const memory = residentBytes(child.pid) / 2 ** 20
    let query = Infinity
    for (let round = 0; round < ROUNDS; round++) {
      const asked = performance.now()
      const body = new URLSearchParams({ query: QUERY, start: from, end, step })
      const answer = await fetch(`${base}/api/v1/query_range`, { method: 'POST', body })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${command}: ${text.slice(0, 300)}`)
      query = Math.min(query, performance.now() - asked)
    }
    return { replay, query, memory }
  } finally {
    await stop(child)
  }
}
