// `scrape-cpu/prometheus` and `scrape-memory/prometheus`: 50 targets × 2,000 series, every value changing,
// scraped every 2 s by Vigie and by Prometheus, one after the other.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  PEERS,
  cpuSeconds,
  firstLine,
  freePort,
  pause,
  residentBytes,
  start,
  stop,
  untilReady,
} from './process.mjs'

const TARGETS = 50
const SERIES = 2000
const INTERVAL_S = 2
/** All series are made and code is warm after this long. */
const WARM_MS = 20_000
const MEASURED_MS = 60_000

const CLI = fileURLToPath(new URL('../packages/vigie/bundle/cli.js', import.meta.url))

export async function benchScrape() {
  const targets = start(process.execPath, [
    fileURLToPath(new URL('./targets.mjs', import.meta.url)),
    TARGETS,
    SERIES,
  ])
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  try {
    const ports = JSON.parse(await firstLine(targets))
    const list = ports.map((port) => `127.0.0.1:${port}`).join(', ')
    const config = `global: { scrape_interval: ${INTERVAL_S}s }\nscrape_configs:\n- job_name: bench\n  static_configs: [{ targets: [${list}] }]\n`
    writeFileSync(join(dir, 'prometheus.yml'), config)
    // Prometheus has no rules unless it is given some: both only scrape.
    writeFileSync(join(dir, 'vigie.yml'), `${config}default_rules: false\n`)
    const ours = await measure('vigie', (port) =>
      start(
        process.execPath,
        [
          CLI,
          '--config.file=vigie.yml',
          '--data.dir=vigie',
          `--web.listen-address=127.0.0.1:${port}`,
        ],
        { cwd: dir },
      ),
    )
    const peer = await measure('prometheus', (port) =>
      start(
        `${PEERS}/prometheus`,
        [
          '--config.file=prometheus.yml',
          '--storage.tsdb.path=prometheus',
          `--web.listen-address=127.0.0.1:${port}`,
        ],
        { cwd: dir },
      ),
    )
    return [
      {
        name: 'scrape-cpu/prometheus',
        ours: ours.cpuNs,
        peer: peer.cpuNs,
        unit: 'ns/sample',
        peerVersion: peer.version,
      },
      {
        name: 'scrape-memory/prometheus',
        ours: ours.residentMb,
        peer: peer.residentMb,
        unit: 'MB',
        peerVersion: peer.version,
      },
    ]
  } finally {
    await stop(targets)
    rmSync(dir, { recursive: true, force: true })
  }
}

async function measure(name, startPeer) {
  const port = await freePort()
  const child = startPeer(port)
  const base = `http://127.0.0.1:${port}`
  try {
    await untilReady(`${base}/-/ready`, 30_000)
    await pause(WARM_MS)
    const before = { cpu: cpuSeconds(child.pid), samples: await appended(base) }
    await pause(MEASURED_MS)
    const samples = (await appended(base)) - before.samples
    const expected = (TARGETS * SERIES * MEASURED_MS) / 1000 / INTERVAL_S
    if (samples < expected * 0.9)
      throw new Error(`${name} kept ${samples} samples of ${expected}: it does not keep up`)
    const cpu = cpuSeconds(child.pid) - before.cpu
    const { data } = await (await fetch(`${base}/api/v1/status/buildinfo`)).json()
    return {
      cpuNs: (cpu / samples) * 1e9,
      residentMb: residentBytes(child.pid) / 2 ** 20,
      version: data.version,
    }
  } finally {
    await stop(child)
  }
}

/** Samples that the storage has taken so far. */
async function appended(base) {
  const text = await (await fetch(`${base}/metrics`)).text()
  let sum = 0
  for (const match of text.matchAll(
    /^prometheus_tsdb_head_samples_appended_total(?:\{type="float"\})? (\S+)$/gm,
  ))
    sum += Number(match[1])
  if (sum === 0)
    throw new Error(`${base}/metrics has no prometheus_tsdb_head_samples_appended_total`)
  return sum
}
