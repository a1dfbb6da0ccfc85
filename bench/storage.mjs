// `memory-100k`, `memory-500k`, `disk` and `replay`, each beside Prometheus on the same data and load.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  PEERS,
  PEER_SERVERS,
  appendedSamples,
  firstLine,
  freePort,
  pause,
  residentBytes,
  start,
  stop,
  untilReady,
} from './process.mjs'
import { writeData } from './write-data-process.mjs'

const CLI = fileURLToPath(new URL('../packages/vigie/bundle/cli.js', import.meta.url))
const MIB = 2 ** 20

/** 50 targets of 2,000 series, 600 scrapes; 250 of them, 120 scrapes: as fast as both keep up. */
export const benchMemory100k = () =>
  benchMemory('memory-100k', { targets: 50, scrapes: 600, intervalMs: 500 })
export const benchMemory500k = () =>
  benchMemory('memory-500k', { targets: 250, scrapes: 120, intervalMs: 2500 })

async function benchMemory(name, { targets: count, scrapes, intervalMs }) {
  const targets = start(process.execPath, [
    fileURLToPath(new URL('./targets.mjs', import.meta.url)),
    count,
    2000,
  ])
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  try {
    const ports = JSON.parse(await firstLine(targets))
    const list = ports.map((port) => `127.0.0.1:${port}`).join(', ')
    const config = `global: { scrape_interval: ${intervalMs}ms, scrape_timeout: ${intervalMs}ms }\nscrape_configs:\n- job_name: bench\n  static_configs: [{ targets: [${list}] }]\n`
    writeFileSync(join(dir, 'prometheus.yml'), config)
    writeFileSync(join(dir, 'vigie.yml'), `${config}default_rules: false\n`)
    const samples = count * 2000 * scrapes
    const ours = await watch(
      dir,
      process.execPath,
      (address) => [
        CLI,
        '--config.file=vigie.yml',
        '--data.dir=vigie',
        `--web.listen-address=${address}`,
      ],
      samples,
    )
    const figures = []
    for (const { name: peer, command, args } of PEER_SERVERS) {
      const theirs = await watch(
        dir,
        command,
        (address) => args('prometheus.yml', peer, address),
        samples,
      )
      figures.push(
        { name: `${name}/${peer}`, ours: ours.after, peer: theirs.after, unit: 'MB' },
        { name: `${name}-peak/${peer}`, ours: ours.peak, peer: theirs.peak, unit: 'MB' },
      )
    }
    return figures
  } finally {
    await stop(targets)
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Resident memory once `samples` samples were taken, and the most there was. */
async function watch(cwd, command, args, samples) {
  const port = await freePort()
  const child = start(command, args(`127.0.0.1:${port}`), { cwd })
  try {
    await untilReady(`http://127.0.0.1:${port}/-/ready`, 30_000)
    const startMs = Date.now()
    let last = 0
    for (
      let taken = 0;
      taken < samples;
      taken = await appendedSamples(`http://127.0.0.1:${port}`)
    ) {
      if (Date.now() - startMs > 20 * 60_000)
        throw new Error(`${command}: ${taken} of ${samples} samples in 20 minutes`)
      last = taken
      await pause(2000)
    }
    if (last === 0) throw new Error(`${command} took no samples`)
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    return {
      after: residentBytes(child.pid) / MIB,
      peak: (Number(/VmHWM:\s+(\d+)/.exec(status)[1]) * 1024) / MIB,
    }
  } finally {
    await stop(child)
  }
}

/** Bytes per sample of blocks, of what a host looks like: ours, and those that promtool makes of the same samples. */
export async function benchDisk() {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  try {
    writeData(join(dir, 'ours'), 1000, 8, 15, 'host')
    // Both get what lies in our blocks.
    const text = execFileSync(
      process.execPath,
      [CLI, 'tsdb', 'dump', '--format=openmetrics', join(dir, 'ours')],
      {
        maxBuffer: 2 ** 31,
      },
    )
    writeFileSync(join(dir, 'data.txt'), text)
    mkdirSync(join(dir, 'again'))
    execFileSync(process.execPath, [
      CLI,
      'tsdb',
      'import',
      join(dir, 'data.txt'),
      join(dir, 'again'),
    ])
    execFileSync(`${PEERS}/promtool`, [
      'tsdb',
      'create-blocks-from',
      'openmetrics',
      join(dir, 'data.txt'),
      join(dir, 'theirs'),
    ])
    return [
      {
        name: 'disk/prometheus',
        ours: bytesPerSample(join(dir, 'again')),
        peer: bytesPerSample(join(dir, 'theirs')),
        unit: 'B/sample',
      },
    ]
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function bytesPerSample(dir) {
  let bytes = 0
  let samples = 0
  for (const name of readdirSync(dir).filter((one) => one.length === 26)) {
    samples += JSON.parse(readFileSync(join(dir, name, 'meta.json'), 'utf8')).stats.numSamples
    for (const file of readdirSync(join(dir, name), { recursive: true }))
      bytes += statSync(join(dir, name, file)).isFile() ? statSync(join(dir, name, file)).size : 0
  }
  return bytes / samples
}

/** From the start of the process until it answers, with 2 h of 100,000 series in the log of our writer. */
export async function benchReplay() {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  try {
    writeData(join(dir, 'ours'), 100_000, 2, 15, 'wal')
    cpSync(join(dir, 'ours'), join(dir, 'theirs'), { recursive: true })
    writeFileSync(join(dir, 'prometheus.yml'), 'scrape_configs: []\n')
    writeFileSync(join(dir, 'vigie.yml'), 'scrape_configs: []\ndefault_rules: false\n')
    const ours = await untilAnswer(dir, process.execPath, [
      CLI,
      '--config.file=vigie.yml',
      '--storage.tsdb.path=ours',
      '--data.dir=data',
    ])
    const peer = await untilAnswer(dir, `${PEERS}/prometheus`, [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=theirs',
    ])
    return [{ name: 'replay/prometheus', ours, peer, unit: 's' }]
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function untilAnswer(cwd, command, args) {
  const port = await freePort()
  const before = performance.now()
  const child = start(command, [...args, `--web.listen-address=127.0.0.1:${port}`], { cwd })
  try {
    await untilReady(`http://127.0.0.1:${port}/-/ready`, 600_000)
    return (performance.now() - before) / 1000
  } finally {
    await stop(child)
  }
}
