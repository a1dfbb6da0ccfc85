// `scrape-cpu` and `scrape-memory`: 50 targets × 2,000 series, every value changing, scraped every 2 s by Vigie, by
// Prometheus and by VictoriaMetrics at the same time: what else the machine does then costs all of them the same.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  PEER_SERVERS,
  appendedSamples,
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
const WARM_MS = 30_000
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
    const vigie = (address) =>
      start(
        process.execPath,
        [CLI, '--config.file=vigie.yml', '--data.dir=vigie', `--web.listen-address=${address}`],
        { cwd: dir },
      )
    const startPeer =
      ({ name, command, args }) =>
      (address) =>
        start(command, args('prometheus.yml', name, address), { cwd: dir })
    const [ours, ...peers] = await Promise.all([
      measure('vigie', vigie),
      ...PEER_SERVERS.map((peer) => measure(peer.name, startPeer(peer))),
    ])
    return peers.flatMap((peer) => {
      const of = (figure, key, unit) => ({
        name: `${figure}/${peer.name}`,
        ours: ours[key],
        peer: peer[key],
        unit,
        peerVersion: peer.version,
      })
      return [of('scrape-cpu', 'cpuNs', 'ns/sample'), of('scrape-memory', 'residentMb', 'MB')]
    })
  } finally {
    await stop(targets)
    rmSync(dir, { recursive: true, force: true })
  }
}

async function measure(name, startServer) {
  const address = `127.0.0.1:${await freePort()}`
  const child = startServer(address)
  const base = `http://${address}`
  try {
    await untilReady(`${base}/-/ready`, 30_000)
    await pause(WARM_MS)
    const before = { cpu: cpuSeconds(child.pid), samples: await appendedSamples(base) }
    await pause(MEASURED_MS)
    const samples = (await appendedSamples(base)) - before.samples
    const expected = (TARGETS * SERIES * MEASURED_MS) / 1000 / INTERVAL_S
    if (samples < expected * 0.9)
      throw new Error(`${name} kept ${samples} samples of ${expected}: it does not keep up`)
    const cpu = cpuSeconds(child.pid) - before.cpu
    const { data } = await (await fetch(`${base}/api/v1/status/buildinfo`)).json()
    return {
      name,
      cpuNs: (cpu / samples) * 1e9,
      residentMb: residentBytes(child.pid) / 2 ** 20,
      version: data.version,
    }
  } finally {
    await stop(child)
  }
}
