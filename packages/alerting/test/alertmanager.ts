/**
 * The real Alertmanager and amtool that interop tests compare with: in VIGIE_PEERS or
 * ~/.cache/vigie-peers/root/usr/bin.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

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

/**
 * Debian's build reads its templates from /usr/share and does not start without; when it is unpacked
 * rather than installed, it gets the unpacked folder there, in a mount namespace of its own.
 */
function withTemplates(command: string, args: string[]): [string, string[]] {
  const share = join(PEERS, '..', 'share')
  const isUnpacked = PEERS !== '/usr/bin' && existsSync(join(share, 'prometheus/alertmanager'))
  if (!isUnpacked) return [command, args]
  const script = 'mount --bind "$0" /usr/share && exec "$@"'
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user']
  return ['unshare', ['--mount', ...asRoot, 'sh', '-c', script, share, command, ...args]]
}

export interface Alertmanager {
  url: string
  stop(): Promise<void>
}

/** Resolves once it listens. Throws when it ends before. */
export async function startAlertmanager(
  config: string,
  externalUrl: string,
): Promise<Alertmanager> {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-peer-'))
  writeFileSync(join(dir, 'alertmanager.yml'), config)
  const port = await freePort()
  const server: ChildProcess = spawn(
    ...withTemplates(peer('prometheus-alertmanager'), [
      `--config.file=${join(dir, 'alertmanager.yml')}`,
      `--storage.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--web.external-url=${externalUrl}`,
      '--web.route-prefix=/',
      '--cluster.listen-address=',
    ]),
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
    if (!line.includes('Listening on')) continue
    // Read on, so that it never waits for room in the pipe.
    server.stderr!.resume()
    return { url: `http://127.0.0.1:${port}`, stop }
  }
  await stop()
  throw new Error(`alertmanager did not start:\n${log.join('\n')}`)
}

/** Runs amtool with `args` of the file that holds `config`; what it printed. */
export function amtool(
  config: string,
  args: (file: string) => string[],
): { isOk: boolean; output: string } {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-amtool-'))
  try {
    const file = join(dir, 'alertmanager.yml')
    writeFileSync(file, config)
    const { status, stdout, stderr } = spawnSync(peer('amtool'), args(file), {
      encoding: 'utf8',
      timeout: 20_000,
    })
    return { isOk: status === 0, output: (status === 0 ? stdout : stdout + stderr).trim() }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
