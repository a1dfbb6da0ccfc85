// `load-requests/…`: requests per CPU-second of `http.get` with a check by 50 VUs, beside autocannon, wrk and k6
// where they are on the path, all against the same server; generator and server have one core each.
// `load-script/…`: the same with the body parsed as JSON, two checks and a tag, beside the same peers.
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
const SCRIPTS = new Map([
  [
    'load-requests',
    `
import http from 'k6/http'
import { check } from 'k6'
export default function () {
  check(http.get(__ENV.URL), { 'status is 200': (r) => r.status === 200 })
}
`,
  ],
  [
    'load-script',
    `
import http from 'k6/http'
import { check } from 'k6'
export default function () {
  const response = http.get(__ENV.URL, { tags: { kind: 'items' } })
  const body = response.json()
  check(response, { 'status is 200': (r) => r.status === 200, 'has three items': () => body.items.length === 3 })
}
`,
  ],
])

export async function benchLoad() {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  writeFileSync(join(dir, 'server.mjs'), SERVER)
  const server = start('taskset', ['-c', '1', process.execPath, join(dir, 'server.mjs')])
  try {
    const base = `http://127.0.0.1:${await firstLine(server)}`
    const figures = []
    const peers = new Map()
    for (const [name, script] of SCRIPTS) {
      const file = join(dir, `${name}.js`)
      writeFileSync(file, script)
      const args = ['-u', `${VUS}`, '-d', `${DURATION_S}s`, '-e', `URL=${base}/`, '--quiet', file]
      const ours = await requestsPerCpuSecond(base, dir, process.execPath, [CLI, 'load', ...args])
      const rivals = [
        {
          peer: 'autocannon',
          command: process.execPath,
          args: [AUTOCANNON, '-c', `${VUS}`, '-d', `${DURATION_S}`, '-n', base],
        },
        { peer: 'wrk', command: 'wrk', args: ['-t1', `-c${VUS}`, `-d${DURATION_S}s`, base] },
        { peer: 'k6', command: 'k6', args: ['run', ...args], isScripted: true },
      ]
      for (const { peer, command, args: own, isScripted = false } of rivals) {
        // Only k6 runs the script; the others do the same whatever it is.
        const key = isScripted ? `${peer}/${name}` : peer
        if (!peers.has(key)) peers.set(key, await requestsPerCpuSecond(base, dir, command, own))
        const rate = peers.get(key)
        if (rate === undefined) console.error(`${name}/${peer}: ${command} is not on the path`)
        else figures.push({ name: `${name}/${peer}`, ours, peer: rate, unit: 'requests/CPU-s' })
      }
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
