// The embedded database's process: PostgreSQL in WebAssembly behind a socket.
//
// Creating a cluster takes 700 MB and WebAssembly gives no memory back, so a child process does that
// and ends. Opening one takes about 170 MB with the small buffers that are set at creation.
import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { say } from '../platform/process.ts'
import { integerSetting } from '../platform/settings.ts'
import type { Environment } from '../platform/settings.ts'
import { SharedPGlite } from './shared-pglite.ts'

const connectionsMax = 100
const createTimeoutMs = 60_000
const configuration = [
  'shared_buffers = 4MB',
  'wal_buffers = 64kB',
  'min_wal_size = 32MB',
  'max_wal_size = 64MB',
]

/** Opens the cluster in PGDATA, after creating it when it is missing; the result ends it. */
export async function startDatabase(env: Environment): Promise<() => Promise<void>> {
  const dataDir = env['PGDATA']
  if (!dataDir) throw new Error('cannot start the database: PGDATA is not set, want a folder')
  if (env['PGDATA_CREATE'] === '1') {
    await createCluster(dataDir)
    process.exit(0)
  }
  if (!existsSync(join(dataDir, 'PG_VERSION'))) await createInChild(dataDir, env)
  const database = new SharedPGlite({ dataDir: `file://${dataDir}` })
  await database.waitReady
  const server = new PGLiteSocketServer({
    db: database,
    host: '127.0.0.1',
    port: integerSetting(env, 'PORT', 5433, [1, 65535]),
    maxConnections: connectionsMax,
  })
  server.addEventListener('error', (event) =>
    say(`database socket: ${String((event as CustomEvent<unknown>).detail)}`),
  )
  await server.start()
  return async () => {
    await server.stop()
    await database.close()
  }
}

async function createCluster(dataDir: string): Promise<void> {
  const database = await PGlite.create({
    dataDir: `file://${dataDir}`,
    initDbStartParams: ['--wal-segsize=1', '--no-locale', '--encoding=UTF8'],
    postgresqlconf: configuration,
  })
  await database.close()
}

/** Creates under another name and renames, so that a cluster is either whole or absent. */
async function createInChild(dataDir: string, env: Environment): Promise<void> {
  const unfinished = `${dataDir}.new`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(dirname(dataDir), { recursive: true })
  const child = fork(process.argv[1]!, [], {
    execArgv: ['--wasm-lazy-compilation'],
    env: { ...env, PGDATA: unfinished, PGDATA_CREATE: '1' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    timeout: createTimeoutMs,
    killSignal: 'SIGKILL',
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('exit', resolve)
    child.once('error', reject)
  })
  if (code !== 0)
    throw new Error(`cannot create a database in ${unfinished}: the child ended with ${code}`)
  await rename(unfinished, dataDir)
}
