// Access to the shared database. Statements are short, never in a transaction of several calls, and
// never named: the embedded database serves one client at a time and all clients share its session.
import { Pool } from 'pg'
import type { Environment } from './settings.ts'

/** Runs one statement; parameters as in node-postgres. Throws what the database answers. */
export interface Database {
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>
  close(): Promise<void>
}

const connectionsMax = 2
const queryTimeoutMs = 10_000

/** Connects on first use and again after the database was away. */
export function connectDatabase(env: Environment): Database {
  const url = env['DATABASE_URL']
  if (!url) throw new Error('cannot start: DATABASE_URL is not set, want postgres://…')
  const pool = new Pool({
    connectionString: url,
    max: connectionsMax,
    query_timeout: queryTimeoutMs,
    connectionTimeoutMillis: queryTimeoutMs,
  })
  // An idle connection that breaks is replaced at the next query, which reports its own failure.
  pool.on('error', () => {})
  return {
    query: async <Row>(text: string, values: readonly unknown[] = []) =>
      (await pool.query(text, [...values])).rows as Row[],
    close: () => pool.end(),
  }
}
