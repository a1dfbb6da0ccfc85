// `query-*/prometheus`: range queries over 6 h at 15 s of 10,000 series, in ms. Both open a copy of one directory
// that our writer wrote, and are asked in turns; each figure is the median of what one client saw.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PEERS, freePort, start, stop, untilReady } from './process.mjs'
import { writeData } from './write-data-process.mjs'

const SERIES = 10_000
const HOURS = 6
const STEP_S = 15
const ROUNDS = 7

const RATE = 'rate(http_requests_total[5m])'
const QUERIES = new Map([
  ['query-rate', `rate(http_requests_total{instance="10.0.0.1:9090"}[5m])`],
  ['query-sum', `sum by (handler) (${RATE})`],
  [
    'query-quantile',
    'histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))',
  ],
  ['query-topk', `topk(5, ${RATE})`],
  [
    'query-regex',
    'sum by (code) (rate(http_requests_total{code=~"5..|4.*",handler=~".*/(match|queue)"}[5m]))',
  ],
  [
    'query-subquery',
    'max_over_time(sum(rate(http_requests_total{handler="/api/v1/match"}[1m]))[30m:1m])',
  ],
])

/** Thirty panels of a dashboard: each of the above for other handlers, and plain gauges. */
const PANELS = Array.from({ length: 30 }, (_, i) => {
  const handler = ['login', 'match', 'queue', 'stats', 'rank'][i % 5]
  return [
    `sum(rate(http_requests_total{handler="/api/v1/${handler}"}[5m]))`,
    `sum by (code) (rate(http_requests_total{handler="/api/v1/${handler}"}[5m]))`,
    `histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{handler="/api/v1/${handler}"}[5m])))`,
    `sum by (zone) (process_resident_memory_bytes)`,
    `topk(5, sum by (instance) (rate(http_requests_total{handler="/api/v1/${handler}"}[5m])))`,
    `go_goroutines{zone="z${i % 3}"}`,
  ][Math.floor(i / 5)]
})

const CLI = fileURLToPath(new URL('../packages/vigie/bundle/cli.js', import.meta.url))

export async function benchQuery() {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  const servers = []
  try {
    const { startMs, endMs } = writeData(join(dir, 'ours'), SERIES, HOURS, STEP_S)
    cpSync(join(dir, 'ours'), join(dir, 'theirs'), { recursive: true })
    writeFileSync(join(dir, 'prometheus.yml'), 'scrape_configs: []\n')
    writeFileSync(join(dir, 'vigie.yml'), 'scrape_configs: []\ndefault_rules: false\n')
    const ours = await serve(
      servers,
      process.execPath,
      [CLI, '--config.file=vigie.yml', '--storage.tsdb.path=ours', '--data.dir=data'],
      dir,
    )
    const theirs = await serve(
      servers,
      `${PEERS}/prometheus`,
      ['--config.file=prometheus.yml', '--storage.tsdb.path=theirs'],
      dir,
    )
    const range = { start: startMs / 1000, end: endMs / 1000, step: STEP_S }
    const figures = []
    for (const [name, query] of QUERIES)
      figures.push(
        await compare(
          name,
          () => ask(ours, query, range),
          () => ask(theirs, query, range),
        ),
      )
    const panels = (base) => async () =>
      (await Promise.all(PANELS.map((query) => ask(base, query, range)))).join()
    figures.push(await compare('query-panels', panels(ours), panels(theirs)))
    return figures
  } finally {
    for (const server of servers) await stop(server)
    rmSync(dir, { recursive: true, force: true })
  }
}

async function serve(servers, command, args, cwd) {
  const port = await freePort()
  servers.push(start(command, [...args, `--web.listen-address=127.0.0.1:${port}`], { cwd }))
  const base = `http://127.0.0.1:${port}`
  await untilReady(`${base}/-/ready`, 120_000)
  return base
}

/** The answer's series count, after its body was read whole. */
async function ask(base, query, { start: from, end, step }) {
  const body = new URLSearchParams({ query, start: from, end, step })
  const answer = await fetch(`${base}/api/v1/query_range`, { method: 'POST', body })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${base}: ${query}: ${text.slice(0, 300)}`)
  return text.split('"metric":').length - 1
}

async function compare(name, ours, theirs) {
  const times = { ours: [], theirs: [] }
  for (let round = 0; round < ROUNDS; round++) {
    const [a, ourCount] = await timed(ours)
    const [b, theirCount] = await timed(theirs)
    if (ourCount !== theirCount)
      throw new Error(`${name}: ${ourCount} series, Prometheus ${theirCount}`)
    // The first round warms caches and code.
    if (round === 0) continue
    times.ours.push(a)
    times.theirs.push(b)
  }
  return {
    name: `${name}/prometheus`,
    ours: median(times.ours),
    peer: median(times.theirs),
    unit: 'ms',
  }
}

async function timed(act) {
  const before = performance.now()
  const result = await act()
  return [performance.now() - before, result]
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1]
