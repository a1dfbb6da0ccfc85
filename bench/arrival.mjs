// `load-arrival`: a constant arrival rate of 5,000/s as the server under load sees it: how far the time from one
// request to the next is off, at the 99th percentile, and how many requests too few or too many there are in all.
// As in k6, n whole periods have n + 1 ticks: one request more than rate × duration is right.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { firstLine, start, stop } from './process.mjs'

const run = promisify(execFile)
const RATE = 5000
const DURATION_S = 20
const CLI = fileURLToPath(new URL('../packages/vigie/bundle/cli.js', import.meta.url))

const SERVER = `
import { createServer } from 'node:http'
const times = []
const server = createServer((request, response) => {
  if (request.url !== '/report') {
    times.push(performance.now())
    return response.end('ok')
  }
  const wanted = 1000 / ${RATE}
  const errors = times.slice(1).map((time, i) => Math.abs(time - times[i] - wanted)).sort((a, b) => a - b)
  response.end(JSON.stringify({ count: times.length, p99: errors[Math.floor(0.99 * errors.length)] }))
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
`
const SCRIPT = `
import http from 'k6/http'
export const options = { scenarios: { a: {
  executor: 'constant-arrival-rate', rate: ${RATE}, duration: '${DURATION_S}s', preAllocatedVUs: 200, maxVUs: 1000 } } }
export default function () {
  http.get(__ENV.URL)
}
`

export async function benchArrival() {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  writeFileSync(join(dir, 'server.mjs'), SERVER)
  writeFileSync(join(dir, 'script.js'), SCRIPT)
  const server = start('taskset', ['-c', '1', process.execPath, join(dir, 'server.mjs')])
  try {
    const base = `http://127.0.0.1:${await firstLine(server)}`
    const args = ['load', '--quiet', '--vigie', '', '-e', `URL=${base}/`, join(dir, 'script.js')]
    await run('taskset', ['-c', '0', process.execPath, CLI, ...args], { cwd: dir })
    const { count, p99 } = await (await fetch(`${base}/report`)).json()
    return [
      { name: 'load-arrival/interval-error-p99', ours: p99, atMost: 5, unit: 'ms' },
      {
        name: 'load-arrival/count-error',
        ours: Math.abs(count - RATE * DURATION_S),
        atMost: 1,
        unit: 'requests',
      },
    ]
  } finally {
    await stop(server)
    rmSync(dir, { recursive: true, force: true })
  }
}
