/**
 * Whether a data directory is free. Two signs that it is not: a lock file whose process runs, and, on
 * Linux, a process that has files of the directory open for writing. The second is how a Prometheus is
 * noticed: it locks with flock, which Node has not, and Debian's builds do not lock at all. A process
 * of another user or of another container is not seen.
 *
 * The other way round nothing holds a Prometheus off: started on a directory that is open here it takes
 * no notice of the file, reads the log and begins a segment of its own. Both go on; what this process
 * writes is safe as long as it has room in its segment, and refused when it would have to share the next.
 */
import {
  existsSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** Another process has the directory open. */
export class LockedError extends Error {
  readonly pid: number

  constructor(dir: string, pid: number, why: string) {
    super(
      `cannot open storage: ${dir} is held by process ${pid}${nameOf(pid)}, ${why}; ` +
        'stop it or choose another data directory',
    )
    this.name = 'LockedError'
    this.pid = pid
  }
}

/**
 * Takes the lock file at `path`; returns what gives it back. It holds `pid start`, where `start` tells
 * two processes with the same number apart (as after a restart in a container, where both are 1). That
 * is unknown, '', where there is no /proc. Throws LockedError, and the errors of node:fs.
 */
export function lockFile(path: string): () => void {
  const dir = dirname(path)
  const mine = `${process.pid} ${startOf(process.pid)}\n`
  if (existsSync(path)) {
    const [pid, start] = readFileSync(path, 'utf8').trim().split(' ')
    if (isRunning(Number(pid), start ?? ''))
      throw new LockedError(dir, Number(pid), 'which is running')
  }
  const writer = findWriter(dir)
  if (writer !== undefined)
    throw new LockedError(dir, writer.pid, `which has ${writer.file} open for writing`)
  rmSync(path, { force: true })
  // 'wx' decides between two that start at once.
  writeFileSync(path, mine, { flag: 'wx' })
  return () => rmSync(path, { force: true })
}

/** What a server has open as long as it runs; readers and copies have none of it open for writing. */
const HELD = /^(?:lock|queries\.active|(?:wal|wbl|chunks_head)\/.+)$/

/** Another process that has files of storage in `dir` open for writing. */
function findWriter(dir: string): { pid: number; file: string } | undefined {
  const prefix = realpathSync(dir) + '/'
  for (const name of namesIn('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const target = linkAt(`/proc/${pid}/fd/${fd}`)
      if (!target.startsWith(prefix)) continue
      const file = target.slice(prefix.length)
      if (HELD.test(file) && isForWriting(pid, fd)) return { pid, file }
    }
  }
  return undefined
}

/** Empty where there is nothing, or nothing for this user. */
function namesIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    // No /proc on this system, a process of another user, or one that has just ended.
    return []
  }
}

function linkAt(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    // Closed in the meantime.
    return ''
  }
}

/** The access mode is the last octal digit of `flags`: 0 is reading alone. */
function isForWriting(pid: number, fd: string): boolean {
  const flags = /^flags:\s*\d*(\d)$/m.exec(textOf(`/proc/${pid}/fdinfo/${fd}`))
  return flags !== null && (Number(flags[1]) & 3) !== 0
}

function isRunning(pid: number, start: string): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs, as another user.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return start === '' || startOf(pid) === start
}

/** When a process started, in ticks since boot. */
function startOf(pid: number): string {
  const stat = textOf(`/proc/${pid}/stat`)
  // The second field is the command in parentheses and may hold spaces; the start is field 22.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

/** ` (prometheus)`, '' where it is not known. */
function nameOf(pid: number): string {
  const name = textOf(`/proc/${pid}/comm`).trim()
  return name === '' ? '' : ` (${name})`
}

/** '' where there is nothing: no /proc on this system, or the process is gone. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
