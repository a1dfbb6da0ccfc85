// `load-start`: from the command to the first request that the server sees, of a TypeScript script.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../packages/vigie/bundle/cli.js', import.meta.url))
const RUNS = 15
/** ms, the median of the runs. */
const REACH_MS = 400

const SCRIPT = `
import http from 'k6/http'
import { check } from 'k6'

interface Target { url: string }
const target: Target = { url: __ENV.URL }

export default function (): void {
  check(http.get(target.url), { 'status is 200': (r) => r.status === 200 })
}
`

export async function benchStart() {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  const script = join(dir, 'script.ts')
  writeFileSync(script, SCRIPT)
  let onRequest = () => {}
  const server = createServer((request, response) => {
    onRequest()
    response.end('ok')
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  try {
    const url = `http://127.0.0.1:${server.address().port}/`
    const times = []
    for (let i = 0; i < RUNS; i++) times.push(await firstRequestMs(dir, script, url))
    times.sort((a, b) => a - b)
    return [{ name: 'load-start', ours: times[RUNS >> 1], unit: 'ms', atMost: REACH_MS }]
  } finally {
    server.close()
    rmSync(dir, { recursive: true, force: true })
  }

  async function firstRequestMs(cwd, path, url) {
    const startedMs = performance.now()
    const child = spawn(process.execPath, [CLI, 'load', '-q', '-e', `URL=${url}`, path], {
      cwd,
      stdio: 'ignore',
    })
    const ended = new Promise((done) => child.once('exit', done))
    const first = new Promise((done) => (onRequest = () => done(performance.now() - startedMs)))
    const ms = await Promise.race([first, ended.then(() => undefined)])
    await ended
    if (ms === undefined) throw new Error('load-start: the run ended without a request')
    return ms
  }
}
