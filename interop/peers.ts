/**
 * The real servers and tools that interop tests compare with. They are in VIGIE_PEERS or
 * ~/.cache/vigie-peers/root/usr/bin.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

export const PEERS: string =
  process.env.VIGIE_PEERS ?? join(homedir(), '.cache/vigie-peers/root/usr/bin')

export function peer(name: string): string {
  const path = join(PEERS, name)
  if (!existsSync(path)) throw new Error(`cannot find ${path}; name its folder in VIGIE_PEERS`)
  return path
}

/** A port that was free a moment ago: it may be gone before a server takes it. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

export interface Peer {
  url: string
  /** What it wrote to its standard error until it was ready. */
  log: string[]
  process: ChildProcess
  /** Ends it by `signal` and waits until it is gone; fine when it is gone already. */
  kill(signal?: NodeJS.Signals): Promise<void>
}

/** Ports that another process takes in between are given up this many times. */
const PORTS_TRIED_MAX = 10

/**
 * Starts a server that takes its port from its arguments, and resolves once a line of its standard
 * error holds `readyText`. Throws, with all it wrote, when it ends before.
 */
export async function startPeer(
  command: (port: number) => [file: string, args: readonly string[]],
  readyText: string,
  port?: number,
): Promise<Peer> {
  for (let tries = 1; ; tries++) {
    const one = await startOnce(command, readyText, port ?? (await freePort()))
    if (!Array.isArray(one)) return one
    const isTaken = one.some((line) => line.includes('address already in use'))
    if (!isTaken || port !== undefined || tries === PORTS_TRIED_MAX)
      throw new Error(`${command(0)[0]} did not start:\n${one.join('\n')}`)
  }
}

/** The server, or what it wrote when it ended before it was ready. */
async function startOnce(
  command: (port: number) => [file: string, args: readonly string[]],
  readyText: string,
  port: number,
): Promise<Peer | string[]> {
  const server = spawn(...command(port), { stdio: ['ignore', 'ignore', 'pipe'] })
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    if (server.kill(signal)) await exited
  }
  const log: string[] = []
  for await (const line of createInterface({ input: server.stderr })) {
    log.push(line)
    if (!line.includes(readyText)) continue
    // Read on, so that it never waits for room in the pipe.
    server.stderr.resume()
    return { url: `http://127.0.0.1:${port}`, log, process: server, kill }
  }
  await kill()
  return log
}

export interface PrometheusOptions {
  /** prometheus.yml. */
  config?: string
  /** Its data directory; one that `kill` removes when it is not given. */
  dataDir?: string
  flags?: readonly string[]
  /** The next free one when it is not given. */
  port?: number
}

/** Resolves once it is ready. Throws when it ends before. */
export async function startPrometheus(options: PrometheusOptions = {}): Promise<Peer> {
  const { config = 'scrape_configs: []\n', flags = [], port } = options
  const dir = mkdtempSync(join(tmpdir(), 'vigie-peer-'))
  writeFileSync(join(dir, 'prometheus.yml'), config)
  const args = [
    `--config.file=${join(dir, 'prometheus.yml')}`,
    `--storage.tsdb.path=${options.dataDir ?? join(dir, 'data')}`,
    ...flags,
  ]
  const server = await startPeer(
    (one) => [peer('prometheus'), [...args, `--web.listen-address=127.0.0.1:${one}`]],
    'Server is ready to receive web requests',
    port,
  ).catch((error: unknown) => {
    rmSync(dir, { recursive: true, force: true })
    throw error
  })
  const kill = async (signal?: NodeJS.Signals): Promise<void> => {
    await server.kill(signal)
    rmSync(dir, { recursive: true, force: true })
  }
  return { ...server, kill }
}

/** Resolves once it listens. Throws when it ends before. */
export function startVictoriaMetrics(
  dataDir: string,
  flags: readonly string[] = [],
  port?: number,
): Promise<Peer> {
  return startPeer(
    (one) => [
      peer('victoria-metrics'),
      [`-storageDataPath=${dataDir}`, `-httpListenAddr=127.0.0.1:${one}`, ...flags],
    ],
    'started server at',
    port,
  )
}

/** What promtool prints. Rejects when it fails, with what it says. */
export async function promtool(...args: string[]): Promise<string> {
  const options = { timeout: 60_000, maxBuffer: 256 << 20 }
  const { stdout } = await promisify(execFile)(peer('promtool'), args, options)
  return stdout
}

/** The same with text to read; what it prints on both outputs. */
export async function promtoolReads(args: readonly string[], input: string): Promise<string> {
  const running = promisify(execFile)(peer('promtool'), args, { timeout: 60_000 })
  running.child.stdin!.end(input)
  const { stdout, stderr } = await running
  return stdout + stderr
}
