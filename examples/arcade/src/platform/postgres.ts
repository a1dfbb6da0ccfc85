// Access to the shared database. Statements are short, never in a transaction of several calls, and
// never named: the embedded database serves one client at a time and all clients share its session.
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'pg'
import { Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import { integerSetting } from './settings.ts'
import type { Environment } from './settings.ts'

/** Runs one statement; parameters as in node-postgres. Throws what the database answers. */
export interface Database {
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>
  close(): Promise<void>
}

const connections = 2
const queryTimeoutMs = 10_000

/**
 * Connects on first use and again after the database was away. With DATABASE_HOLD_MS a connection is
 * held that long for each statement, as by a slow transaction, so that the pool's ceiling is known:
 * DATABASE_CONNECTIONS ÷ DATABASE_HOLD_MS. Exports the pool's state to `registry`.
 */
export function connectDatabase(env: Environment, registry: Registry): Database {
  const url = env['DATABASE_URL']
  if (!url) throw new Error('cannot start: DATABASE_URL is not set, want postgres://…')
  const pool = new Pool({
    connectionString: url,
    max: integerSetting(env, 'DATABASE_CONNECTIONS', connections, [1, 1000]),
    query_timeout: queryTimeoutMs,
    connectionTimeoutMillis: queryTimeoutMs,
  })
  // An idle connection that breaks is replaced at the next query, which reports its own failure.
  pool.on('error', () => {})
  const holdMs = integerSetting(env, 'DATABASE_HOLD_MS', 0, [0, 60_000])
  addPoolMetrics(pool, registry)
  return {
    query: async <Row>(text: string, values: readonly unknown[] = []) =>
      (holdMs === 0 ? await pool.query(text, [...values]) : await hold(pool, holdMs, text, values))
        .rows as Row[],
    close: () => pool.end(),
  }
}

async function hold(
  pool: Pool,
  holdMs: number,
  text: string,
  values: readonly unknown[],
): Promise<{ rows: unknown[] }> {
  const client = await pool.connect()
  let failure: Error | undefined
  try {
    const [result] = await Promise.all([client.query(text, [...values]), sleep(holdMs)])
    return result
  } catch (error) {
    failure = error as Error
    throw error
  } finally {
    client.release(failure)
  }
}

function addPoolMetrics(pool: Pool, registry: Registry): void {
  const gauge = (name: string, help: string, read: () => number): Gauge =>
    new Gauge({
      name: `vcg_database_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  gauge(
    'connections_in_use',
    'Connections that run a statement.',
    () => pool.totalCount - pool.idleCount,
  )
  gauge('connections_max', 'Connections there may be.', () => pool.options.max)
  gauge('connections_waiting', 'Statements that wait for a connection.', () => pool.waitingCount)
}
