// `load-arcade`: what generating 500 players of the arcade costs, the arcade on a real PostgreSQL:
// cores used by the generator, and whether its memory drifts. ARCADE_SECONDS shortens it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpuSeconds, pause, residentBytes, start, stop } from './process.mjs'
import { startPostgres } from './postgres.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const CLI = `${root}packages/vigie/bundle/cli.js`
const VUS = 500
const SECONDS = Number(process.env.ARCADE_SECONDS ?? 600)
/** Players come over this part of the run; what they cost is measured after it. */
const RAMP_PART = 0.2
const SAMPLE_MS = 1000

export async function benchArcade() {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  const postgres = await startPostgres()
  const arcade = start(process.execPath, [`${root}examples/arcade/dist/main.js`, dir], {
    cwd: dir,
    env: { ...process.env, DATABASE_URL: postgres.url, TICK_MS: '1000', HASH_MS: '2' },
  })
  try {
    const addresses = await servicesOf(arcade)
    const rampS = Math.round(SECONDS * RAMP_PART)
    const load = start(
      process.execPath,
      [
        CLI,
        'load',
        '-q',
        '--no-thresholds',
        '-s',
        `${rampS}s:${VUS}`,
        '-s',
        `${SECONDS - rampS}s:${VUS}`,
        ...['portal', 'site', 'game-client', 'matchmaker'].flatMap((name) => [
          '-e',
          `${name.replace('-', '_').toUpperCase()}_URL=${addresses.get(name)}`,
        ]),
        `${root}examples/arcade/load/players.js`,
      ],
      { cwd: dir },
    )
    let summary = ''
    load.stdout.on('data', (chunk) => (summary += chunk))
    const ended = new Promise((done) => load.once('exit', done))
    await pause(rampS * 1000)
    const cpuBefore = cpuSeconds(load.pid)
    const beganMs = performance.now()
    const memory = []
    const untilMs = beganMs + (SECONDS - rampS) * 1000
    let cpu = 0
    let wallMs = 0
    while (performance.now() < untilMs && load.exitCode === null) {
      await pause(SAMPLE_MS)
      if (load.exitCode !== null) break
      memory.push(residentBytes(load.pid))
      cpu = cpuSeconds(load.pid) - cpuBefore
      wallMs = performance.now() - beganMs
    }
    await stop(load)
    await ended
    console.error(
      summary
        .split('\n')
        .filter((line) => /http_reqs|iterations|ws_sess|checks_/.test(line))
        .join('\n'),
    )
    return [
      { name: 'load-arcade/cores', ours: cpu / (wallMs / 1000), unit: 'cores', atMost: 0.25 },
      { name: 'load-arcade/memory', ours: mean(memory) / 2 ** 20, unit: 'MiB' },
      // The last quarter against the second: what is still growing when nothing changes any more.
      { name: 'load-arcade/drift', ours: drift(memory), unit: 'ratio', atMost: 1.05 },
    ]
  } finally {
    await stop(arcade)
    await postgres.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The arcade prints one line a service: name, address, pid. */
function servicesOf(child) {
  return new Promise((done, fail) => {
    let text = ''
    child.once('exit', () => fail(new Error(`the arcade ended:\n${text}`)))
    child.stdout.on('data', (chunk) => {
      text += chunk
      if (!text.includes('Ctrl+C')) return
      done(
        new Map(
          text
            .split('\n')
            .map((line) => line.split(/\s+/))
            .filter((fields) => fields.length >= 3)
            .map(([name, url]) => [name, url]),
        ),
      )
    })
  })
}

const mean = (values) => values.reduce((sum, one) => sum + one, 0) / values.length

function drift(values) {
  const quarter = values.length >> 2
  return mean(values.slice(3 * quarter)) / mean(values.slice(quarter, 2 * quarter))
}
