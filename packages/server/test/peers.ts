/**
 * The real servers that interop tests compare with: prometheus and promtool in VIGIE_PEERS or
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

const PEERS = process.env.VIGIE_PEERS ?? join(homedir(), '.cache/vigie-peers/root/usr/bin')

function peer(name: string): string {
  const path = join(PEERS, name)
  if (!existsSync(path)) throw new Error(`cannot find ${path}; name its folder in VIGIE_PEERS`)
  return path
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

export interface Peer {
  url: string
  stop(): Promise<void>
}

/** Resolves once it is ready. Throws when it ends before. */
export async function startPrometheus(
  config: string,
  flags: readonly string[] = [],
): Promise<Peer> {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-peer-'))
  writeFileSync(join(dir, 'prometheus.yml'), config)
  const port = await freePort()
  const server: ChildProcess = spawn(
    peer('prometheus'),
    [
      `--config.file=${join(dir, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...flags,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      const exited = once(server, 'exit')
      if (server.kill('SIGKILL')) await exited
    }
    rmSync(dir, { recursive: true, force: true })
  }
  const log: string[] = []
  for await (const line of createInterface({ input: server.stderr! })) {
    log.push(line)
    if (!line.includes('Server is ready to receive web requests')) continue
    // Read on, so that it never waits for room in the pipe.
    server.stderr!.resume()
    return { url: `http://127.0.0.1:${port}`, stop }
  }
  await stop()
  throw new Error(`prometheus did not start:\n${log.join('\n')}`)
}

/** What promtool prints. Rejects when it fails, with what it says. */
export async function promtool(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(peer('promtool'), args, { timeout: 20_000 })
  return stdout
}

/** The same with text to read; what it prints on both outputs. */
export async function promtoolReads(args: readonly string[], input: string): Promise<string> {
  const running = promisify(execFile)(peer('promtool'), args, { timeout: 20_000 })
  running.child.stdin!.end(input)
  const { stdout, stderr } = await running
  return stdout + stderr
}
