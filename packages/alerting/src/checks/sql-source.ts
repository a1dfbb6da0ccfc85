/**
 * Checks that ask PostgreSQL, reading only: `BEGIN READ ONLY`, the query behind a cursor, `ROLLBACK`.
 * A connection lives for one check. Nothing is set beyond the transaction and nothing is prepared, because
 * embedded databases share one session among all clients. The time limit is kept on this side too: they
 * know none.
 */
import type { Client } from 'pg'
import { type Answer, SourceError, cellOf } from './answer.ts'
import type { Datasource } from './check-config.ts'

/** PostgreSQL's code for a statement that it cancelled. */
const CANCELLED = '57014'
/** Rows that one check looks at. */
const ROWS_MAX = 1000

/** Rejects with SourceError. */
export async function askSql(
  datasource: Datasource,
  query: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Answer> {
  // Not before there is something to ask: a server without such checks does not carry it in memory.
  const pg = await import('pg')
  const client = new pg.Client({ connectionString: datasource.url, application_name: 'vigie' })
  const failed = new Promise<never>((_, reject) => {
    // A connection that breaks by itself must not take the process with it.
    client.on('error', (error) =>
      reject(new SourceError('connect', error.message, { cause: error })),
    )
    const onAbort = (): void => reject(new SourceError('timeout', 'no answer in time'))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  failed.catch(() => {})
  try {
    await Promise.race([connect(client), failed])
    return await Promise.race([read(client, query, timeoutMs), failed])
  } finally {
    close(client)
  }
}

async function connect(client: Client): Promise<void> {
  try {
    await client.connect()
  } catch (error) {
    throw new SourceError('connect', messageOf(error), { cause: error })
  }
}

async function read(client: Client, query: string, timeoutMs: number): Promise<Answer> {
  try {
    await client.query(`BEGIN READ ONLY; SET LOCAL statement_timeout = ${Math.ceil(timeoutMs)}`)
    await client.query(`DECLARE vigie_check NO SCROLL CURSOR FOR ${query.replace(/[;\s]+$/, '')}`)
    const result = await client.query<unknown[]>({
      text: `FETCH ${ROWS_MAX} FROM vigie_check`,
      rowMode: 'array',
    })
    await client.query('ROLLBACK')
    return answerOf(
      result.fields.map((field) => field.name),
      result.rows,
    )
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === CANCELLED)
      throw new SourceError('timeout', 'no answer in time', { cause: error })
    throw new SourceError('query', messageOf(error), { cause: error })
  }
}

function answerOf(columns: string[], rows: readonly unknown[][]): Answer {
  const cells = rows.map((row) => row.map(cellOf))
  const objects = rows.map((row) =>
    Object.fromEntries(columns.map((name, i) => [name, numeric(row[i])])),
  )
  return {
    columns,
    rows: cells,
    rowCount: rows.length,
    values: rows.slice(0, 1).map((row) => row[0]),
    variables: new Map<string, unknown>([
      ['rows', objects],
      ['value', numeric(rows[0]?.[0])],
    ]),
  }
}

/** bigint and numeric come as text. */
const numeric = (value: unknown): unknown =>
  typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : (value ?? null)

const messageOf = (error: unknown): string => {
  const { message, code } = error as NodeJS.ErrnoException
  return message === '' ? (code ?? 'unknown error') : message
}

/** Ends the connection for good; also ends a query that hangs, and the transaction it is in. */
function close(client: Client): void {
  const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } })
    .connection
  const force = setTimeout(() => stream.destroy(), CLOSE_TIMEOUT_MS)
  client.end().then(
    () => clearTimeout(force),
    () => {
      clearTimeout(force)
      stream.destroy()
    },
  )
}

const CLOSE_TIMEOUT_MS = 500
