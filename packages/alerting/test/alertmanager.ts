/** The real Alertmanager and amtool that interop tests compare with. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PEERS, peer, startPeer } from '../../../interop/peers.ts'

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
  const args = [
    `--config.file=${join(dir, 'alertmanager.yml')}`,
    `--storage.path=${join(dir, 'data')}`,
    `--web.external-url=${externalUrl}`,
    '--web.route-prefix=/',
    '--cluster.listen-address=',
  ]
  try {
    const server = await startPeer(
      (port) =>
        withTemplates(peer('prometheus-alertmanager'), [
          ...args,
          `--web.listen-address=127.0.0.1:${port}`,
        ]),
      'Listening on',
    )
    const stop = async (): Promise<void> => {
      await server.kill()
      rmSync(dir, { recursive: true, force: true })
    }
    return { url: server.url, stop }
  } catch (error) {
    rmSync(dir, { recursive: true, force: true })
    throw error
  }
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
