// `load-memory`: resident memory of the generator per VU, at 5,000 VUs that each hold one connection: what a run of
// 5,000 takes more than a run of one.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { firstLine, pause, residentBytes, start, stop } from './process.mjs'

const VUS = 5000
/** Time for what VUs leave behind while they start to be collected. */
const SETTLE_MS = 5000
const TIMEOUT_MS = 60_000
const CLI = fileURLToPath(new URL('../packages/vigie/bundle/cli.js', import.meta.url))

const SERVER = `
import { createServer } from 'node:http'
const body = JSON.stringify({ ok: true })
let served = 0
const server = createServer((request, response) => {
  if (request.url === '/served') return response.end(String(served))
  served++
  response.end(body)
})
server.keepAliveTimeout = 600000
server.listen(0, '127.0.0.1', 8192, () => console.log(server.address().port))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
`
const SCRIPT = `
import http from 'k6/http'
import { check, sleep } from 'k6'
export default function () {
  check(http.get(__ENV.URL), { 'status is 200': (r) => r.status === 200 })
  sleep(600)
}
`

export async function benchMemory() {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  writeFileSync(join(dir, 'server.mjs'), SERVER)
  writeFileSync(join(dir, 'script.js'), SCRIPT)
  try {
    const one = await residentOf(dir, 1)
    const all = await residentOf(dir, VUS)
    const ours = (all - one) / (VUS - 1) / 1024
    return [{ name: 'load-memory', ours, atMost: 30, unit: 'KB/VU' }]
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function residentOf(dir, vus) {
  const server = start(process.execPath, [join(dir, 'server.mjs')])
  const base = `http://127.0.0.1:${await firstLine(server)}`
  const args = ['load', '--quiet', '--vigie', '', '-e', `URL=${base}/`, '-u', String(vus)]
  const load = start(process.execPath, [CLI, ...args, '-d', '300s', join(dir, 'script.js')])
  load.stdout.resume()
  try {
    const until = performance.now() + TIMEOUT_MS
    while (Number(await (await fetch(`${base}/served`)).text()) < vus) {
      if (performance.now() > until) throw new Error(`${vus} VUs did not start`)
      await pause(100)
    }
    await pause(SETTLE_MS)
    return residentBytes(load.pid)
  } finally {
    load.kill('SIGKILL')
    await stop(server)
  }
}
