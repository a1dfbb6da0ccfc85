/** Query workers: the answers are those of the process's own engine, whatever is going on beside. */
import { APPENDED, Labels, Matcher } from '@vigie/model'
import { Engine, type EngineOptions } from '@vigie/promql'
import { type Tsdb, nodeDisk, openTsdb } from '@vigie/tsdb'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { QueryPool } from '../src/query/query-pool.ts'
import { type QueryRequest, runQuery } from '../src/query/run-query.ts'

const MINUTE_MS = 60_000
const START_MS = 1_700_006_400_000
const SETTINGS: EngineOptions = { timeoutMs: 20_000, maxSamples: 50_000_000, maxConcurrency: 10 }
const SNAPSHOT_MS = 300_000
const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const never = (): AbortSignal => new AbortController().signal

let dir = ''
let nowMs = 0
let tsdb: Tsdb
let pool: QueryPool
const engine = new Engine(SETTINGS)

const newPool = (engine: EngineOptions = SETTINGS, workersMax = 2): QueryPool =>
  new QueryPool({
    url: new URL('../dist/query/worker.js', import.meta.url),
    workersMax,
    settings: { engine, snapshotMs: SNAPSHOT_MS },
    storage: tsdb,
  })

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-pool-'))
  nowMs = START_MS + 180 * MINUTE_MS
  tsdb = await openTsdb({
    dir,
    disk: nodeDisk(),
    log: quiet,
    now: () => nowMs,
    outOfOrderTimeWindowMs: 60 * MINUTE_MS,
    // Most full chunks are in files.
    headChunkBytes: 1,
  })
  pool = newPool()
})
afterEach(async () => {
  await pool.close()
  await tsdb.close()
  rmSync(dir, { recursive: true })
})

/** One sample of each of `count` series, at minute `i`. */
function scrape(i: number, count: number): void {
  const appender = tsdb.appender()
  for (let k = 0; k < count; k++) {
    const labels = Labels.fromPairs(['__name__', 'm', 'k', String(k), 'half', String(k % 2)])
    appender.append(appender.series(labels), START_MS + i * MINUTE_MS, i * k)
  }
  appender.commit()
}

const range = (text: string, minutes = 170, stepMs = MINUTE_MS): QueryRequest => ({
  text,
  startMs: START_MS,
  endMs: START_MS + minutes * MINUTE_MS,
  stepMs,
  limit: 0,
  stats: '',
})
const instant = (text: string): QueryRequest => ({
  ...range(text),
  startMs: START_MS + 170 * MINUTE_MS,
  stepMs: 0,
})

test('answers are those of the engine', async () => {
  for (let i = 0; i <= 170; i++) scrape(i, 600)
  const requests = [
    range('sum by (half) (rate(m[10m]))'),
    range('m{k=~"1.."}', 170, 10 * MINUTE_MS),
    range('max_over_time(m{k="7"}[1h:5m]) + on () group_left m{k="9"}', 100),
    instant('topk(3, m)'),
    instant('m{k="5"}[20m]'),
    instant('scalar(m{k="1"})'),
    instant('"text"'),
    instant('nothing'),
    { ...instant('m'), limit: 2 },
  ]
  for (const request of requests) {
    const body = await pool.run(request, never())
    const own = await runQuery(engine, tsdb, request, never())
    expect(body.toString(), request.text).toBe(own.toString())
  }
  const bodies = await Promise.all(requests.map((request) => pool.run(request, never())))
  expect(bodies.length).toBe(requests.length)
})

test('blocks, what came out of order and what is deleted are part of it', async () => {
  for (let i = 0; i <= 600; i++) scrape(i, 20)
  nowMs = START_MS + 600 * MINUTE_MS
  await tsdb.maintain()
  expect(tsdb.blocks().length).toBeGreaterThan(1)
  const late = tsdb.appender()
  const ref = late.series(Labels.fromPairs(['__name__', 'm', 'k', '3', 'half', '1']))
  for (const minutes of [590.5, 580.5, 585.5])
    expect(late.append(ref, START_MS + minutes * MINUTE_MS, -minutes)).toBe(APPENDED)
  late.commit()
  await tsdb.deleteSeries([[new Matcher('=', 'k', '4')]], START_MS, START_MS + 100 * MINUTE_MS)
  await tsdb.deleteSeries(
    [[new Matcher('=', 'k', '5')]],
    START_MS + 580 * MINUTE_MS,
    START_MS + 590 * MINUTE_MS,
  )
  for (const text of ['m{k=~"[345]"}[600m]', 'count_over_time(m[600m])', 'm{k="3"}[15m]']) {
    const request = { ...instant(text), startMs: nowMs, endMs: nowMs }
    const body = await pool.run(request, never())
    const own = await runQuery(engine, tsdb, request, never())
    expect(body.toString(), text).toBe(own.toString())
  }
  const request = { ...instant('min(min_over_time(m[1h]))'), startMs: nowMs, endMs: nowMs }
  expect((await pool.run(request, never())).toString()).toContain('"-590.5"')
})

test('what is deleted a second time, beside what was deleted before, is gone too', async () => {
  for (let i = 0; i <= 300; i++) scrape(i, 3)
  nowMs = START_MS + 300 * MINUTE_MS
  await tsdb.maintain()
  const request = { ...instant('count_over_time(m{k="1"}[300m])'), startMs: nowMs, endMs: nowMs }
  for (const minutes of [9, 19, 29]) {
    const endMs = START_MS + minutes * MINUTE_MS
    await tsdb.deleteSeries([[new Matcher('=', 'k', '1')]], START_MS, endMs)
    const body = await pool.run(request, never())
    expect(body.toString()).toContain(`"${301 - minutes - 1}"`)
  }
})

test('what comes meanwhile is seen by later queries, whole scrapes at a time', async () => {
  let i = 0
  const counts: string[] = []
  const asked: Promise<void>[] = []
  for (; i <= 150; i++) {
    scrape(i, 500)
    if (i % 3 !== 0) continue
    const query = `count(count_over_time(m[3h])) * 1000 + max(count_over_time(m[3h])) + min(count_over_time(m[3h]))`
    asked.push(pool.run(instant(query), never()).then((body) => void counts.push(body.toString())))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(asked)
  // Every series has as many samples as every other.
  for (const body of counts) {
    const [, value] = /"value":\[\d+,"(\d+)"\]/.exec(body)!
    expect(Number(value) % 2, body).toBe(0)
    expect(Math.floor(Number(value) / 1000)).toBe(500)
  }
  expect((await pool.run(instant('max(count_over_time(m[3h]))'), never())).toString()).toContain(
    '"151"',
  )
})

test('errors are those of the API', async () => {
  scrape(0, 10)
  const error = async (request: QueryRequest): Promise<unknown> =>
    pool.run(request, never()).then(String, (reason: unknown) => reason)
  expect(await error(instant('sum('))).toMatchObject({
    type: 'bad_data',
    message: 'invalid parameter "query": 1:5: parse error: unclosed left parenthesis',
  })
  expect(await error(range('m[5m]'))).toMatchObject({
    type: 'bad_data',
    message:
      'invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector',
  })
  expect(
    await error({ ...range('label_replace(m, "k", "x", "", "")'), endMs: START_MS }),
  ).toMatchObject({
    type: 'execution',
    message: 'vector cannot contain metrics with the same labelset',
  })
})

test('limits of time and samples hold', async () => {
  for (let i = 0; i <= 100; i++) scrape(i, 300)
  await pool.close()
  pool = newPool({ ...SETTINGS, maxSamples: 1000 }, 1)
  await expect(pool.run(range('m'), never())).rejects.toMatchObject({
    type: 'execution',
    message: 'query processing would load too many samples into memory in query execution',
  })
  await expect(pool.run({ ...range('sum(m)'), timeoutMs: 0.001 }, never())).rejects.toMatchObject({
    type: 'timeout',
  })
})

test('a query that nobody waits for any more ends', async () => {
  for (let i = 0; i <= 170; i++) scrape(i, 1000)
  const abort = new AbortController()
  const slow = pool.run(range('sum(max_over_time(m[170m:1s]))', 170, 1000), abort.signal)
  abort.abort()
  await expect(slow).rejects.toMatchObject({ type: 'canceled' })
  expect((await pool.run(instant('count(m)'), never())).toString()).toContain('"1000"')
})

test('a worker that dies fails its queries and is replaced', async () => {
  scrape(170, 10)
  await pool.close()
  pool = new QueryPool({
    url: new URL(`data:text/javascript,process.exit(3)`),
    workersMax: 1,
    settings: { engine: SETTINGS, snapshotMs: SNAPSHOT_MS },
    storage: tsdb,
  })
  await expect(pool.run(instant('m'), never())).rejects.toMatchObject({
    type: 'internal',
    message: 'the query worker ended with code 3',
  })
  await expect(pool.run(instant('m'), never())).rejects.toMatchObject({ type: 'internal' })
})
