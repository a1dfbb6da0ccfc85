// Requests per CPU-second of the load generator: http.get and one check at 50 VUs against a small
// server in a process of its own; and of autocannon on the same server. The first 1.5 s of each (start
// and warm-up) do not count. Prints one JSON object.
//   node packages/load/bench/requests.mjs [seconds]
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const seconds = Number(process.argv[2] ?? 5)
const VUS = 50
const self = fileURLToPath(import.meta.url)

const ROLES = { server, vigie, autocannon }

/** The target: 40 bytes of JSON. Tells how many requests it has answered when it is asked. */
async function server() {
  const { createServer } = await import('node:http')
  const body = JSON.stringify({ ok: true, list: [1, 2, 3], name: 'bench' })
  let answered = 0
  const target = createServer((_, response) => {
    answered++
    response.setHeader('Content-Type', 'application/json')
    response.end(body)
  })
  process.on('message', () => process.send({ answered }))
  target.listen(0, '127.0.0.1', () => process.send({ port: target.address().port }))
}

/** Generators tell their CPU time, threads included, when they are asked. */
function tellCpu() {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send({ cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage.rss() })
  })
}

async function vigie() {
  tellCpu()
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
  const flags = ['-q', '-u', String(VUS), '-d', `${seconds + 2}s`, '--summary-mode', 'disabled']
  await runLoad(
    {
      args: parseLoadArgs([script, ...flags]),
      workerUrl: new URL('../dist/worker.js', import.meta.url),
      workers: 1,
    },
    {
      stdout: () => {},
      stderr: (text) => process.stderr.write(text),
      isTTY: false,
      env: {},
      cwd: dir,
      now: Date.now,
    },
  )
  rmSync(dir, { recursive: true })
  process.exit(0)
}

async function autocannon() {
  tellCpu()
  const { default: run } = await import('autocannon')
  await run({ url: process.env.BENCH_URL, connections: VUS, duration: seconds + 2 })
  process.exit(0)
}

function child(role, url) {
  return spawn(process.execPath, [self, String(seconds)], {
    env: { ...process.env, BENCH_ROLE: role, BENCH_URL: url ?? '' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

function ask(process) {
  process.send('tell')
  return hear(process)
}

function hear(process) {
  return new Promise((resolve, reject) => {
    process.once('message', resolve)
    process
      .setMaxListeners(0)
      .once('exit', () => reject(new Error('a process of the bench ended early')))
  })
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Requests and CPU time of a generator between 1.5 s after its first request and the end of the window. */
async function measure(role, target, url) {
  const generator = child(role, url)
  const { answered: atStart } = await ask(target)
  for (let answered = atStart; answered === atStart; { answered } = await ask(target))
    await pause(50)
  await pause(1500)
  const before = { ...(await ask(generator)), ...(await ask(target)) }
  await pause((seconds - 1.5) * 1000)
  const after = { ...(await ask(generator)), ...(await ask(target)) }
  generator.removeAllListeners('exit')
  const isOver = new Promise((resolve) => generator.once('exit', resolve))
  await isOver
  const requests = after.answered - before.answered
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds
  return {
    requests,
    cpuSeconds,
    perCpuSecond: Math.round(requests / cpuSeconds),
    rssBytes: after.rssBytes,
  }
}

async function main() {
  const target = child('server')
  const url = `http://127.0.0.1:${(await hear(target)).port}/`
  const results = {}
  for (const role of ['vigie', 'autocannon']) results[role] = await measure(role, target, url)
  target.removeAllListeners('exit')
  target.kill()
  const { vigie: ours, autocannon: peer } = results
  console.log(
    JSON.stringify({
      name: 'load-requests/autocannon',
      unit: 'requests per CPU-second',
      vus: VUS,
      seconds,
      ours: ours.perCpuSecond,
      peer: peer.perCpuSecond,
      ratio: Number((ours.perCpuSecond / peer.perCpuSecond).toFixed(3)),
      detail: results,
    }),
  )
}

await (ROLES[process.env.BENCH_ROLE] ?? main)()
