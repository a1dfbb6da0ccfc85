import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Labels } from '@vigie/model'
import { afterEach, describe, expect, test } from 'vitest'
import { MemoryStorage } from '../../test/memory-storage.ts'
import { queryOf } from '../../test/query.ts'
import { quiet } from '../../test/quiet.ts'
import type { Alert } from '../alert.ts'
import { RuleManager } from '../rules/rule-manager.ts'
import { CheckManager } from './check-manager.ts'
import { CheckRunner } from './check-runner.ts'
import { parseCondition } from './condition.ts'
import { pick } from './json-path.ts'
import { parseChecks } from './parse-checks.ts'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

test('conditions are a subset of CEL', () => {
  const body = {
    users: [
      { id: 1, score: 5 },
      { id: 2, score: 0 },
    ],
    total: 2,
    name: 'x',
  }
  const check = (text: string, want: boolean): void =>
    expect(
      parseCondition(text)(
        new Map<string, unknown>([
          ['body', body],
          ['status', 200],
        ]),
      ),
      text,
    ).toBe(want)
  check('status == 200', true)
  check('body.total == size(body.users) && body.users.size() == 2', true)
  check('body.users.all(u, u.score >= 0)', true)
  check('body.users.exists(u, u.score > 5)', false)
  check('body.users.filter(u, u.score > 0).map(u, u.id) == [1]', true)
  check('body.users[0].id in [1, 2] ? !has(body.missing) : false', true)
  check('"total" in body && body.name.startsWith("x")', true)
  check('1 + 2 * 3 == 7 && -1 < 0 && 7 % 4 == 3', true)
  check("body['name'] != 'y' || false", true)
  const fails = (text: string, want: string): void =>
    expect(() => parseCondition(text)(new Map([['body', body]])), text).toThrow(want)
  fails('body.x == 1', 'no x in {"users"')
  fails('body.total', 'is not true or false but 2')
  fails('a == 1', 'unknown name a; there are body')
  fails('1 +', 'unexpected the end at 4 of 1 +')
  fails('(1 == 1', 'unexpected the end at 8 of (1 == 1, want ")"')
  fails('body.users.nope(1)', 'unknown method nope; want one of size, all')
  fails('1 < "a"', '"a" is not a number')
  fails('(((((' + '('.repeat(200), 'nested deeper than 100')
})

test('paths pick from JSON', () => {
  const check = (path: string, want: unknown): void =>
    expect(pick({ a: [{ b: 1 }, { b: 2 }], 'c d': true }, path), path).toEqual(want)
  check('$.a[1].b', [2])
  check('a[*].b', [1, 2])
  check('$["c d"]', [true])
  expect(() => pick({}, 'a')).toThrow('no a in {}')
})

describe('configuration', () => {
  const problemsOf = (datasources: unknown, checks: unknown): string[] => {
    const problems: string[] = []
    parseChecks(datasources, checks, (path, message) =>
      problems.push(`${path.join('.')}: ${message}`),
    )
    return problems
  }

  test('is read', () => {
    const { datasources, checks } = parseChecks(
      { main: { url: 'postgres://u:p@h/d' } },
      [
        { name: 'a', sql: { query: 'SELECT 1;' }, for: 2, every: '5s', severity: 'critical' },
        { name: 'b', http: 'http://x/y', expect: { value: 0, path: 'n' } },
        { name: 'c', promql: 'up', expect: { between: [-1, 1] }, for: '5m' },
      ],
      (path, message) => expect.fail(`${path.join('.')}: ${message}`),
    )
    expect(datasources).toEqual([{ name: 'main', type: 'postgres', url: 'postgres://u:p@h/d' }])
    expect(
      checks.map((one) => [one.source.kind, one.failuresMin, one.everyMs, one.expectation.kind]),
    ).toEqual([
      ['sql', 2, 5000, 'rows'],
      ['http', 1, 60_000, 'value'],
      ['promql', 5, 60_000, 'between'],
    ])
  })

  test('tells all problems at once and no secret', () => {
    expect(
      problemsOf({ db: { url: 'mysql://root:hunter2@h' } }, [
        { name: 'a', sql: { source: 'x', query: 'SELECT 1' }, expect: { rows: 0 } },
        { name: 'a', http: { url: 'ftp://x' }, expect: { value: [1], between: 2 } },
        { promql: 'rate(up)', expect: { expr: '1 +' }, every: '1', wat: 1 },
        { name: 'd' },
      ]),
    ).toEqual([
      'datasources.db.url: want an address like postgres://user:password@host:5432/database',
      'checks.0.sql.source: no datasource "x"; want one of db',
      'checks.1.http.url: want an address that starts with http:// or https://',
      'checks.1.expect: got value and between, want one of rows, value, between, expr',
      'checks.1.expect.value: got a list, want a number, a text, true or false',
      'checks.1.name: check "a" is there twice',
      'checks.2.promql: 1:6: parse error: expected type range vector in call to function "rate", got instant vector',
      'checks.2.every: got "1", want a duration like 30s or 5m',
      'checks.2: missing name',
      'checks.2.expect.expr: unexpected the end at 4 of 1 +',
      'checks.2.wat: unknown key; want one of description, every, expect, for, http, name, promql, sample, severity, sql',
      'checks.3: nothing to ask; want one of sql, http, promql',
      'checks.3: missing expect',
    ])
  })
})

/** One check over an HTTP endpoint that gives these answers in turn: `status body`. */
async function askHttp(
  check: Record<string, unknown>,
  ...answers: string[]
): Promise<{ states: string[]; storage: MemoryStorage }> {
  const server = createServer((_, response) => {
    const [status, ...body] = answers.shift()!.split(' ')
    response.writeHead(Number(status)).end(body.join(' '))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const { checks } = parseChecks(
    undefined,
    [{ name: 'c', http: { url }, every: '1m', ...check }],
    (path, message) => expect.fail(`${path.join('.')}: ${message}`),
  )
  const storage = new MemoryStorage()
  let nowMs = 0
  const runner = new CheckRunner({
    config: checks[0],
    datasource: undefined,
    storage,
    query: queryOf(storage),
    now: () => nowMs,
    log: quiet,
    enqueue: (_, job) => job(),
  })
  const states: string[] = []
  for (let left = answers.length; left > 0; left--) {
    nowMs += 60_000
    await runner.run()
    const { state, value, violations, error, sample } = runner.state()
    const rows = sample === null ? '' : JSON.stringify([sample.columns, ...sample.rows])
    states.push([state, value ?? '', violations ?? '', error ?? '', rows].join(' ').trimEnd())
  }
  return { states, storage }
}

test('an HTTP check judges what it picks, and waits for `for` failures', async () => {
  const { states, storage } = await askHttp(
    { expect: { value: 0, tolerance: 0.5, path: '$.drift' }, for: 2, severity: 'critical' },
    '200 {"drift":0.4}',
    '200 {"drift":7}',
    '200 {"drift":8}',
    '500 oops',
    '200 {"drift":0}',
  )
  expect(states).toEqual([
    'ok 0.4 0',
    'ok 7 1  [["value"],[7]]',
    'violated 8 1  [["value"],[8]]',
    'error 8 1 unexpected status 500 [["value"],[8]]',
    'ok 0 0',
  ])
  expect(storage.dump('invariant_ok')).toEqual([
    'invariant_ok{name="c", severity="critical"} 1@60 1@120 0@180 0@240 1@300',
  ])
  expect(storage.dump('invariant_errors_total')).toEqual([
    'invariant_errors_total{name="c", reason="http"} 1@240 1@300',
  ])
  expect(storage.dump('invariant_last_success_timestamp_seconds')).toEqual([
    'invariant_last_success_timestamp_seconds{name="c"} 60@60 120@120 180@180 180@240 300@300',
  ])
})

test('an HTTP check may look at the whole answer', async () => {
  const rows = await askHttp(
    { expect: { rows: 0 }, sample: 1 },
    '200 [{"id":1,"n":"a"},{"id":2}]',
    '200 []',
  )
  expect(rows.states).toEqual(['violated 2 2  [["id","n"],[1,"a"]]', 'ok 0 0'])
  const condition = await askHttp(
    { expect: { expr: 'status == 404 || body.all(e, e > 0)' } },
    '404 {}',
    '200 [1,0]',
    '200 {}',
    '200 nope',
  )
  expect(condition.states).toEqual([
    'ok  0',
    'violated  1  [["value"],[1],[0]]',
    'ok  0',
    'error  0 not JSON: nope',
  ])
})

test('a violated check alerts with its rows, and a check without answers alerts as well', async () => {
  const storage = new MemoryStorage()
  storage.write('games,game=chess', Date.now() - 1000, 5)
  const query = queryOf(storage)
  const options = { storage, query, now: Date.now, log: quiet }
  const checks = new CheckManager(options)
  const parsed = parseChecks(
    undefined,
    [
      {
        name: 'no_games',
        promql: 'games',
        expect: { value: 0 },
        every: '1m',
        description: 'Games {{ end }}.',
      },
      { name: 'gone', http: 'http://127.0.0.1:9/', expect: { rows: 0 }, every: '500ms' },
    ],
    (path, message) => expect.fail(`${path.join('.')}: ${message}`),
  )
  checks.apply(parsed.datasources, parsed.checks)
  const alerts = new Map<string, Alert>()
  const rules = new RuleManager({
    ...options,
    onAlerts: (list) => {
      for (const alert of list)
        alerts.set(`${alert.labels.get('alertname')} ${alert.labels.get('name')}`, alert)
    },
    externalLabels: new Map(),
    externalUrl: '',
    evaluationIntervalMs: 100,
    sampleOf: (labels) => checks.sampleOf(labels),
  })
  cleanups.push(
    () => rules.stop(),
    () => checks.stop(),
  )
  rules.apply(checks.rules())
  await expect
    .poll(() => [...alerts.keys()].sort(), { timeout: 10_000 })
    .toEqual(['InvariantNotChecked gone', 'InvariantViolated no_games'])
  const alert = alerts.get('InvariantViolated no_games')!
  expect(alert.sample).toEqual({
    columns: ['__name__', 'game', 'value'],
    rows: [['games', 'chess', 5]],
  })
  expect(Object.fromEntries(alert.annotations)).toMatchObject({
    summary: 'The data is wrong: no_games',
    description: 'Games {{ end }}. 1 violation; expected value 0.',
    sample: '__name__=games, game=chess, value=5',
  })
  expect(alert.labels.get('severity')).toBe('warning')
  expect(checks.states().map((one) => `${one.name} ${one.state} ${one.kind}`)).toEqual([
    'no_games violated promql',
    'gone error http',
  ])
  expect(
    checks.sampleOf(Labels.fromObject({ alertname: 'InvariantViolated', name: 'x' })),
  ).toBeNull()
})

test('all checks run on demand, until a failure counts', async () => {
  let answer = '[]'
  const server = createServer((_request, response) => response.end(answer)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => void server.close())
  const storage = new MemoryStorage()
  const checks = new CheckManager({ storage, query: queryOf(storage), now: Date.now, log: quiet })
  cleanups.push(() => checks.stop())
  const { port } = server.address() as AddressInfo
  const { checks: parsed } = parseChecks(
    undefined,
    [
      {
        name: 'none',
        http: `http://127.0.0.1:${port}/`,
        expect: { rows: 0 },
        every: '1h',
        for: 3,
      },
    ],
    (path, message) => expect.fail(`${path.join('.')}: ${message}`),
  )
  checks.apply([], parsed)
  const states = async (): Promise<string[]> => (await checks.runAll()).map(({ state }) => state)
  expect(await states()).toEqual(['ok'])
  answer = '[{"id":1}]'
  expect(await Promise.all([states(), states()])).toEqual([['violated'], ['violated']])
  answer = '[]'
  expect(await states()).toEqual(['ok'])
})
