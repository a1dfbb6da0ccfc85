// `interference`: how late scrapes and rules come, and how late the process answers at all, while a query over
// everything runs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, pause, start, stop, untilReady } from './process.mjs'
import { writeData } from './write-data-process.mjs'

const CLI = fileURLToPath(new URL('../packages/vigie/bundle/cli.js', import.meta.url))
const INTERVAL_MS = 1000
const TARGETS = 50
/** Each of its own group. */
const RULES = 20
/** The query is asked again until it ran for so long in all. */
const QUERY_MS = 20_000
const PING_MS = 20

export async function benchInterference() {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  const arrivals = Array.from({ length: TARGETS }, () => [])
  const servers = arrivals.map((times) =>
    createServer((_request, response) => {
      times.push(performance.now())
      response.setHeader('content-type', 'text/plain; version=0.0.4')
      response.end('watched 1\n')
    }),
  )
  await Promise.all(servers.map((one) => new Promise((done) => one.listen(0, '127.0.0.1', done))))
  let child
  try {
    const { startMs, endMs } = writeData(join(dir, 'data'), 50_000, 6, 15)
    const list = servers.map((one) => `127.0.0.1:${one.address().port}`).join(', ')
    writeFileSync(
      join(dir, 'vigie.yml'),
      `global: { scrape_interval: ${INTERVAL_MS}ms, scrape_timeout: ${INTERVAL_MS}ms, evaluation_interval: ${INTERVAL_MS}ms }\nrule_files: [rules.yml]\nscrape_configs:\n- job_name: bench\n  static_configs: [{ targets: [${list}] }]\ndefault_rules: false\n`,
    )
    const groups = Array.from(
      { length: RULES },
      (_, i) =>
        `- { name: g${i}, rules: [{ record: r${i}, expr: 'sum(rate(http_requests_total{handler="/api/v1/login",code="200"}[5m]))' }] }`,
    )
    writeFileSync(join(dir, 'rules.yml'), `groups:\n${groups.join('\n')}\n`)
    const port = await freePort()
    const base = `http://127.0.0.1:${port}`
    const args = ['--config.file=vigie.yml', '--storage.tsdb.path=data', '--data.dir=own']
    child = start(process.execPath, [CLI, ...args, `--web.listen-address=127.0.0.1:${port}`], {
      cwd: dir,
    })
    await untilReady(`${base}/-/ready`, 120_000)
    await pause(3000)
    for (const times of arrivals) times.length = 0
    const pings = []
    let isRunning = true
    const pinging = ping(`${base}/-/healthy`, pings, () => isRunning)
    pinging.catch(() => {})
    const evaluations = Array.from({ length: RULES }, () => [])
    const watching = watchRules(`${base}/api/v1/rules`, evaluations, () => isRunning)
    watching.catch(() => {})
    const from = performance.now()
    while (performance.now() - from < QUERY_MS)
      await query(
        base,
        'sum(rate(http_requests_total[1h])) + sum({__name__=~".+"})',
        startMs,
        endMs,
      )
    isRunning = false
    await pinging
    await watching
    return [
      {
        name: 'interference-scrape',
        ours: quantile(delays(arrivals), 0.99),
        unit: 'ms',
        atMost: 100,
      },
      {
        name: 'interference-rule',
        ours: quantile(delays(evaluations), 0.99),
        unit: 'ms',
        atMost: 100,
      },
      { name: 'interference-answer', ours: quantile(pings, 0.99), unit: 'ms', atMost: 100 },
    ]
  } finally {
    for (const one of servers) one.close()
    if (child !== undefined) await stop(child)
    rmSync(dir, { recursive: true, force: true })
  }
}

async function query(base, text, startMs, endMs) {
  const body = new URLSearchParams({
    query: text,
    start: startMs / 1000,
    end: endMs / 1000,
    step: 30,
  })
  const answer = await fetch(`${base}/api/v1/query_range`, { method: 'POST', body })
  const content = await answer.text()
  if (!answer.ok) throw new Error(content.slice(0, 300))
}

async function ping(url, times, isRunning) {
  while (isRunning()) {
    const before = performance.now()
    await (await fetch(url)).text()
    times.push(performance.now() - before)
    await pause(PING_MS)
  }
}

/** When each group was evaluated, in ms. */
async function watchRules(url, times, isRunning) {
  while (isRunning()) {
    const { data } = await (await fetch(url)).json()
    data.groups.forEach(({ lastEvaluation }, i) => {
      const time = Date.parse(lastEvaluation)
      if (time !== times[i].at(-1)) times[i].push(time)
    })
    await pause(INTERVAL_MS / 4)
  }
}

/** How long after its turn each scrape or evaluation came; its turns are those of the most punctual one. */
function delays(arrivals) {
  return arrivals.flatMap((times) => {
    const late = times.map((time) => {
      const turns = (time - times[0]) / INTERVAL_MS
      return (turns - Math.round(turns)) * INTERVAL_MS
    })
    const first = Math.min(...late)
    return late.map((one) => one - first)
  })
}

const quantile = (list, q) => list.toSorted((a, b) => a - b)[Math.floor((list.length - 1) * q)]
