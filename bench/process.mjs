// Starting, measuring and ending the processes that a bench compares.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'

/** Folder of the peers' binaries. */
export const PEERS = process.env.VIGIE_PEERS ?? `${homedir()}/.cache/vigie-peers/root/usr/bin`
/** Clock ticks per second in /proc, the same on every Linux. */
const TICKS_PER_SECOND = 100

export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], ...options })
  child.once('error', (error) => {
    throw new Error(`cannot start ${command}: ${error.message}`)
  })
  return child
}

export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((done) => child.once('exit', done))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(timer)
}

/** User and system CPU seconds of a process so far. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Resident memory in bytes. */
export function residentBytes(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024
}

export async function freePort() {
  const server = createServer()
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}

export const firstLine = (child) =>
  new Promise((done) => {
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end >= 0) done(text.slice(0, end))
    })
  })

export async function untilReady(url, timeoutMs) {
  const until = Date.now() + timeoutMs
  for (;;) {
    try {
      if ((await fetch(url)).ok) return
    } catch {
      // Not listening yet.
    }
    if (Date.now() > until) throw new Error(`${url} did not answer within ${timeoutMs} ms`)
    await pause(100)
  }
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms))

/** Samples that a server has taken so far: Vigie's and Prometheus's counter, or VictoriaMetrics's. */
export async function appendedSamples(base) {
  const text = await (await fetch(`${base}/metrics`)).text()
  let sum = 0
  for (const match of text.matchAll(
    /^(?:prometheus_tsdb_head_samples_appended_total(?:\{type="float"\})?|vm_rows_inserted_total\{type="promscrape"\}) (\S+)$/gm,
  ))
    sum += Number(match[1])
  return sum
}

/** The servers that stand beside Vigie: from a Prometheus configuration, an own data folder and an address. */
export const PEER_SERVERS = [
  {
    name: 'prometheus',
    command: `${PEERS}/prometheus`,
    args: (config, dir, address) => [
      `--config.file=${config}`,
      `--storage.tsdb.path=${dir}`,
      `--web.listen-address=${address}`,
    ],
  },
  {
    name: 'victoriametrics',
    command: `${PEERS}/victoria-metrics`,
    args: (config, dir, address) => [
      `-promscrape.config=${config}`,
      `-storageDataPath=${dir}`,
      `-httpListenAddr=${address}`,
    ],
  },
]
