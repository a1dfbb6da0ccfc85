/**
 * The `/metrics` endpoints that listen on this machine and belong to the user who asks: listening
 * sockets from /proc/net/tcp{,6}, their processes by the sockets among /proc/<pid>/fd. Other systems
 * have no such list, and nothing is found there.
 */
import { readFile, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { HttpClient } from '../http/client.ts'
import { samplesAt } from './probe-address.ts'

/** Each endpoint has this long to answer. */
const TIMEOUT_MS = 300
/** Endpoints asked at the same time, and in all. */
const CONCURRENCY = 16
const SOCKETS_MAX = 256
/** Processes looked through. */
const PROCESSES_MAX = 5000

export interface ListeningEndpoint {
  url: string
  pid: number | null
  process: string | null
  /** In the body that it served. */
  samples: number
}

export interface DiscoverOptions {
  timeoutMs?: number | undefined
  /** Where proc is mounted. Default: `/proc`. */
  procPath?: string | undefined
  /** Whose sockets; default: of this process's user. */
  uid?: number | undefined
}

/** Sorted by port. */
export async function discoverListening(
  options: DiscoverOptions = {},
): Promise<ListeningEndpoint[]> {
  const proc = options.procPath ?? '/proc'
  const uid = options.uid ?? process.getuid?.() ?? -1
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS
  const sockets = await listeningSockets(proc, uid)
  const owners = await socketOwners(proc, new Set(sockets.map((one) => one.inode)))
  const client = new HttpClient({}, timeoutMs)
  const found: ListeningEndpoint[] = []
  const queue = [...sockets]
  const work = async (): Promise<void> => {
    for (let socket = queue.shift(); socket !== undefined; socket = queue.shift()) {
      const url = `http://${socket.host}:${socket.port}/metrics`
      const { samples } = await samplesAt(client, url, timeoutMs)
      if (samples === undefined) continue
      const owner = owners.get(socket.inode)
      found.push({ url, pid: owner?.pid ?? null, process: owner?.name ?? null, samples })
    }
  }
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, work))
  } finally {
    await client.close()
  }
  return found.sort((a, b) => Number(new URL(a.url).port) - Number(new URL(b.url).port))
}

interface ListeningSocket {
  /** As others on this machine reach it, fit for a URL. */
  host: string
  port: number
  inode: string
}

/** State of a listening socket in /proc/net/tcp. */
const LISTEN = '0A'

async function listeningSockets(proc: string, uid: number): Promise<ListeningSocket[]> {
  const byPort = new Map<number, ListeningSocket>()
  for (const file of ['net/tcp', 'net/tcp6']) {
    const text = await readFile(join(proc, file), 'utf8').catch(() => '')
    for (const row of text.split('\n').slice(1)) {
      const fields = row.trim().split(/\s+/)
      const [, local, , state, , , , owner, , inode] = fields
      if (state !== LISTEN || Number(owner) !== uid || inode === undefined) continue
      const [address, portHex] = local.split(':')
      const port = parseInt(portHex, 16)
      const host = hostOf(address)
      if (host !== undefined && !byPort.has(port) && byPort.size < SOCKETS_MAX)
        byPort.set(port, { host, port, inode })
    }
  }
  return [...byPort.values()]
}

/** Addresses are hexadecimal words in the machine's byte order. */
function hostOf(hex: string): string | undefined {
  if (/^0+$/.test(hex)) return 'localhost'
  if (hex.length === 8) {
    const bytes = Buffer.from(hex, 'hex').reverse()
    const host = bytes.join('.')
    return host === '127.0.0.1' ? 'localhost' : host
  }
  if (hex === '00000000000000000000000001000000') return 'localhost'
  const mapped = /^0000000000000000FFFF0000([0-9A-F]{8})$/.exec(hex)
  return mapped === null ? undefined : hostOf(mapped[1])
}

/** Which process holds which socket. Processes of others cannot be looked into and are passed over. */
async function socketOwners(
  proc: string,
  inodes: ReadonlySet<string>,
): Promise<Map<string, { pid: number; name: string }>> {
  const owners = new Map<string, { pid: number; name: string }>()
  const pids = (await readdir(proc).catch(() => [])).filter((name) => /^\d+$/.test(name))
  for (const pid of pids.slice(0, PROCESSES_MAX)) {
    if (owners.size === inodes.size) break
    const dir = join(proc, pid, 'fd')
    for (const fd of await readdir(dir).catch(() => [])) {
      const link = await readlink(join(dir, fd)).catch(() => '')
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1]
      if (inode === undefined || !inodes.has(inode) || owners.has(inode)) continue
      owners.set(inode, { pid: Number(pid), name: await processName(proc, pid) })
    }
  }
  return owners
}

/** What was started, for scripts the script: `node server.js` rather than `node`. */
async function processName(proc: string, pid: string): Promise<string> {
  const command = await readFile(join(proc, pid, 'cmdline'), 'utf8').catch(() => '')
  const parts = command.split('\0').filter((part) => part !== '')
  if (parts.length === 0)
    return (await readFile(join(proc, pid, 'comm'), 'utf8').catch(() => '')).trim()
  const base = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
  const script = parts.slice(1).find((part) => /\.(?:[cm]?[jt]s|py|rb|php|pl|jar)$/.test(part))
  return script === undefined ? base(parts[0]) : `${base(parts[0])} ${base(script)}`
}
