/** Data checks against a real PostgreSQL, started for this test alone. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CheckManager, parseChecks } from '../src/index.ts'
import { MemoryStorage } from './memory-storage.ts'
import { queryOf } from './query.ts'
import { quiet } from './quiet.ts'

const BIN = '/usr/lib/postgresql/15/bin'
let folder = ''
let server: ChildProcess
let url = ''

/** PostgreSQL does not run as root. */
const asPostgres = (command: string, args: string[]): [string, string[]] =>
  process.getuid?.() === 0
    ? ['runuser', ['-u', 'postgres', '--', command, ...args]]
    : [command, args]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vigie-pg-'))
  chmodSync(folder, 0o777)
  const data = join(folder, 'data')
  execFileSync(
    ...asPostgres(`${BIN}/initdb`, ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync']),
  )
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  server = spawn(
    ...asPostgres(`${BIN}/postgres`, [
      '-D',
      data,
      '-p',
      String(port),
      '-k',
      folder,
      '-h',
      '127.0.0.1',
      '-F',
    ]),
  )
  url = `postgres://postgres@127.0.0.1:${port}/postgres`
  while (!(await isAnswering())) await new Promise((resolve) => setTimeout(resolve, 100))
  await sql(`CREATE TABLE stats (user_id int, wins bigint, losses int, played timestamptz);
    INSERT INTO stats VALUES (1, 2, 2, '2026-01-02T03:04:05Z'), (2, 5, 1, NULL)`)
})

afterAll(async () => {
  if (server !== undefined) {
    // Fast shutdown: do not wait for clients.
    execFileSync(...asPostgres(`${BIN}/pg_ctl`, ['-D', join(folder, 'data'), '-m', 'fast', 'stop']))
    if (server.exitCode === null) await once(server, 'exit')
  }
  rmSync(folder, { recursive: true, force: true })
})

const isAnswering = (): Promise<boolean> =>
  sql('SELECT 1').then(
    () => true,
    () => false,
  )

async function sql(text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows as unknown[]
  } finally {
    await client.end()
  }
}

/** The state of one SQL check after it has run. */
async function check(query: string, expectation?: unknown, target = url): Promise<string> {
  const storage = new MemoryStorage()
  const manager = new CheckManager({ storage, query: queryOf(storage), now: Date.now, log: quiet })
  const { datasources, checks } = parseChecks(
    { main: { type: 'postgres', url: target } },
    [
      {
        name: 'c',
        sql: { query },
        every: '500ms',
        ...(expectation === undefined ? {} : { expect: expectation }),
      },
    ],
    (path, message) => expect.fail(`${path.join('.')}: ${message}`),
  )
  manager.apply(datasources, checks)
  await expect.poll(() => manager.states()[0].lastRunMs, { timeout: 15_000 }).not.toBeNull()
  const { state, value, violations, error, sample } = manager.states()[0]
  await manager.stop()
  return `${state} ${value} ${violations} ${error ?? ''} ${sample === null ? '' : JSON.stringify(sample)}`.trim()
}

test('rows, values and conditions', async () => {
  expect(await check('SELECT * FROM stats WHERE wins <> losses;')).toBe(
    'violated 1 1  {"columns":["user_id","wins","losses","played"],"rows":[[2,"5",1,null]]}',
  )
  expect(await check('SELECT * FROM stats WHERE wins < 0')).toBe('ok 0 0')
  expect(await check('SELECT sum(wins) - sum(losses) FROM stats', { value: 4 })).toBe('ok 4 0')
  expect(await check('WITH x AS (SELECT 7.5 AS n) SELECT n FROM x', { between: [1, 7] })).toBe(
    'violated 7.5 1  {"columns":["n"],"rows":[["7.5"]]}',
  )
  expect(
    await check('SELECT wins FROM stats', { expr: 'rows.all(r, r.wins >= 2) && size(rows) == 2' }),
  ).toBe('ok null 0')
})

test('a check only reads', async () => {
  await expect(check('DELETE FROM stats RETURNING user_id')).resolves.toMatch(
    /^error .*syntax error/,
  )
  await expect(check("SELECT nextval('s')")).resolves.toMatch(/^error .*does not exist/)
  expect(await sql('SELECT count(*)::int AS n FROM stats')).toEqual([{ n: 2 }])
})

test('what hangs or is not there is an error, and leaves nothing behind', async () => {
  expect(await check('SELECT pg_sleep(60)')).toBe('error null null no answer in time')
  await expect
    .poll(() => sql("SELECT query FROM pg_stat_activity WHERE application_name = 'vigie'"), {
      timeout: 5000,
    })
    .toEqual([])
  expect(await check('SELECT 1', undefined, 'postgres://127.0.0.1:9/x')).toContain('ECONNREFUSED')
})
