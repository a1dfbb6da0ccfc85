// `load-requests/…`: requests per CPU-second of `http.get` with a check by 50 VUs, beside autocannon, wrk and k6
// where they are on the path, all against the same server; generator and server have one core each.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { firstLine, start, stop } from './process.mjs'

const run = promisify(execFile)
const VUS = 50
const DURATION_S = 20
const CLI = fileURLToPath(new URL('../packages/vigie/bundle/cli.js', import.meta.url))
const AUTOCANNON = fileURLToPath(
  new URL('../node_modules/autocannon/autocannon.js', import.meta.url),
)

const SERVER = `
import { createServer } from 'node:http'
let requests = 0
const body = JSON.stringify({ ok: true, items: [1, 2, 3] })
const server = createServer((request, response) => {
  if (request.url === '/count') return response.end(String(requests))
  requests++
  response.setHeader('content-type', 'application/json')
  response.end(body)
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
`
const SCRIPT = `
import http from 'k6/http'
import { check } from 'k6'
export default function () {
  check(http.get(__ENV.URL), { 'status is 200': (r) => r.status === 200 })
}
`

export async function benchLoad() {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  writeFileSync(join(dir, 'server.mjs'), SERVER)
  writeFileSync(join(dir, 'script.js'), SCRIPT)
  const server = start('taskset', ['-c', '1', process.execPath, join(dir, 'server.mjs')])
  try {
    const base = `http://127.0.0.1:${await firstLine(server)}`
    const loadArgs = [
      '-u',
      String(VUS),
      '-d',
      `${DURATION_S}s`,
      '-e',
      `URL=${base}/`,
      '--quiet',
      join(dir, 'script.js'),
    ]
    const ours = await requestsPerCpuSecond(base, dir, process.execPath, [CLI, 'load', ...loadArgs])
    const figures = []
    const peers = [
      {
        name: 'autocannon',
        command: process.execPath,
        args: [AUTOCANNON, '-c', String(VUS), '-d', String(DURATION_S), '-n', base],
      },
      { name: 'wrk', command: 'wrk', args: ['-t1', `-c${VUS}`, `-d${DURATION_S}s`, base] },
      { name: 'k6', command: 'k6', args: ['run', ...loadArgs] },
    ]
    for (const { name, command, args } of peers) {
      const peer = await requestsPerCpuSecond(base, dir, command, args)
      if (peer === undefined) console.error(`load-requests/${name}: ${command} is not on the path`)
      else figures.push({ name: `load-requests/${name}`, ours, peer, unit: 'requests/CPU-s' })
    }
    return figures
  } finally {
    await stop(server)
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Requests the server saw, by the user and system time the generator took; undefined when it is not there. */
async function requestsPerCpuSecond(base, cwd, command, args) {
  const before = await count(base)
  let stderr
  try {
    // The shell's own clock sees children and threads alike.
    ;({ stderr } = await run(
      'bash',
      ['-c', 'TIMEFORMAT="cpu %U %S"; time taskset -c 0 "$@" >/dev/null', 'bash', command, ...args],
      { cwd, maxBuffer: 1 << 24 },
    ))
  } catch (error) {
    if (error.code === 127) return undefined
    throw error
  }
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr)
  return ((await count(base)) - before) / (Number(user) + Number(system))
}

const count = async (base) => Number(await (await fetch(`${base}/count`)).text())
