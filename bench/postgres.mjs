// A PostgreSQL of its own for a bench, in a folder that goes with it.
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, pause } from './process.mjs'

const ROOT = '/usr/lib/postgresql'
const READY_TIMEOUT_MS = 20_000

/** PostgreSQL does not run as root. */
const asPostgres = (command, args) =>
  process.getuid?.() === 0
    ? ['runuser', ['-u', 'postgres', '--', command, ...args]]
    : [command, args]

/** Gives its address and how to end it; throws when there is no PostgreSQL on this machine. */
export async function startPostgres() {
  const [version] = readdirSync(ROOT).sort((a, b) => Number(b) - Number(a))
  const bin = `${ROOT}/${version}/bin`
  const folder = mkdtempSync(join(tmpdir(), 'vigie-bench-pg-'))
  chmodSync(folder, 0o777)
  const data = join(folder, 'data')
  execFileSync(
    ...asPostgres(`${bin}/initdb`, ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync']),
    { stdio: 'ignore' },
  )
  const port = await freePort()
  const args = ['-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1']
  const server = spawn(...asPostgres(`${bin}/postgres`, [...args, '-c', 'max_connections=300']), {
    stdio: 'ignore',
  })
  const ended = new Promise((done) => server.once('exit', done))
  await untilListening(port)
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      execFileSync(...asPostgres(`${bin}/pg_ctl`, ['-D', data, '-m', 'fast', 'stop']), {
        stdio: 'ignore',
      })
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function untilListening(port) {
  const until = Date.now() + READY_TIMEOUT_MS
  for (;;) {
    const isOpen = await new Promise((done) => {
      const socket = connect(port, '127.0.0.1')
        .once('connect', () => done(true))
        .once('error', () => done(false))
      socket.once('close', () => socket.destroy())
      socket.once('connect', () => socket.destroy())
    })
    if (isOpen) return
    if (Date.now() > until) throw new Error('PostgreSQL does not listen')
    await pause(100)
  }
}
