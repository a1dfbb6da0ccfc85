// Requests per CPU-second of the load generator: http.get and one check at 50 VUs against a small
// server in a process of its own; and of autocannon on the same server. Prints one JSON object.
//   node packages/load/bench/requests.mjs [seconds]
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const seconds = Number(process.argv[2] ?? 4)
const VUS = 50
const self = fileURLToPath(import.meta.url)

const ROLES = { server, vigie, autocannon }
await (ROLES[process.env.BENCH_ROLE] ?? main)()

/** The target: 40 bytes of JSON. */
async function server() {
  const { createServer } = await import('node:http')
  const body = JSON.stringify({ ok: true, list: [1, 2, 3], name: 'bench' })
  const target = createServer((_, response) => {
    response.setHeader('Content-Type', 'application/json')
    response.end(body)
  })
  target.listen(0, '127.0.0.1', () => process.send(target.address().port))
}

async function vigie() {
  const { parseLoadArgs, runLoad } = await import('../dist/index.js')
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  const script = join(dir, 'script.js')
  writeFileSync(
    script,
    `import http from 'k6/http'
import { check } from 'k6'
export default function () {
  check(http.get('${process.env.BENCH_URL}'), { 'status is 200': (r) => r.status === 200 })
}`,
  )
  const exportPath = join(dir, 'summary.json')
  const args = parseLoadArgs([
    script,
    '-q',
    '-u',
    String(VUS),
    '-d',
    `${seconds}s`,
    '--summary-mode',
    'disabled',
    '--summary-export',
    exportPath,
  ])
  const before = process.cpuUsage()
  await runLoad(
    { args, workerUrl: new URL('../dist/worker.js', import.meta.url), workers: 1 },
    {
      stdout: () => {},
      stderr: (text) => process.stderr.write(text),
      isTTY: false,
      env: {},
      cwd: dir,
      now: Date.now,
    },
  )
  const { readFileSync } = await import('node:fs')
  const requests = JSON.parse(readFileSync(exportPath, 'utf8')).metrics.http_reqs.count
  rmSync(dir, { recursive: true })
  report(requests, before)
}

async function autocannon() {
  const { default: run } = await import('autocannon')
  const before = process.cpuUsage()
  const result = await run({ url: process.env.BENCH_URL, connections: VUS, duration: seconds })
  report(result['2xx'], before)
}

function report(requests, before) {
  const { user, system } = process.cpuUsage(before)
  const cpuSeconds = (user + system) / 1e6
  process.send({
    requests,
    cpuSeconds,
    perCpuSecond: Math.round(requests / cpuSeconds),
    rssBytes: process.memoryUsage.rss(),
  })
}

function child(role, url) {
  const started = spawn(process.execPath, [self, String(seconds)], {
    env: { ...process.env, BENCH_ROLE: role, BENCH_URL: url ?? '' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const answer = new Promise((resolve, reject) => {
    started.once('message', resolve)
    started.once('exit', () => reject(new Error(`${role} ended without a result`)))
  })
  return { started, answer }
}

async function main() {
  const target = child('server')
  const url = `http://127.0.0.1:${await target.answer}/`
  const results = {}
  for (const role of ['vigie', 'autocannon']) {
    const { started, answer } = child(role, url)
    results[role] = await answer
    started.kill()
  }
  target.started.kill()
  const ratio = results.vigie.perCpuSecond / results.autocannon.perCpuSecond
  console.log(
    JSON.stringify({
      name: 'load-requests/autocannon',
      unit: 'requests per CPU-second',
      vus: VUS,
      seconds,
      ours: results.vigie.perCpuSecond,
      peer: results.autocannon.perCpuSecond,
      ratio: Number(ratio.toFixed(3)),
      detail: results,
    }),
  )
}
