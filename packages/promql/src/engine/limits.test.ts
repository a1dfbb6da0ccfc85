import { expect, test } from 'vitest'
import { memory } from '../../test/memory.ts'
import { Engine } from './engine.ts'
import type { QueryError } from './query-error.ts'

const SECOND = 1000

/** Enough series for many slices of work. */
const heavy = memory(
  Array.from({ length: 200 }, (_, i) => `x{i="${i}"} 0+1x2000`).join('\n'),
  SECOND,
)
const range = { startMs: 0, endMs: 2000 * SECOND, stepMs: SECOND }
/** How a query ended. */
const codeOf = (query: Promise<unknown>): Promise<string> =>
  query.then(
    () => 'ok',
    (error: QueryError) => error.code,
  )

const QUERY = 'sum(stddev_over_time(x[500s]))'

test('a query that takes too long ends during its evaluation', async () => {
  const before = performance.now()
  await expect(new Engine({ timeoutMs: 50 }).range(heavy, QUERY, range)).rejects.toMatchObject({
    code: 'timeout',
    message: 'query timed out in expression evaluation',
  })
  expect(performance.now() - before).toBeLessThan(1000)
})

test('a cancelled query stops', async () => {
  const controller = new AbortController()
  const query = new Engine().range(heavy, QUERY, { ...range, signal: controller.signal })
  setTimeout(() => controller.abort(), 30)
  await expect(query).rejects.toMatchObject({
    code: 'canceled',
    message: 'query was canceled in expression evaluation',
  })
})

test('others run while a query works', async () => {
  const controller = new AbortController()
  const query = new Engine().range(heavy, QUERY, { ...range, signal: controller.signal })
  const ended = codeOf(query)
  let turns = 0
  await new Promise<void>((resolve) => {
    const turn = (): void => {
      if (++turns === 10) resolve()
      else setImmediate(turn)
    }
    setImmediate(turn)
  })
  controller.abort()
  expect(await ended).toBe('canceled')
  expect(turns).toBe(10)
})

test('samples are counted as they are held', async () => {
  const check = async (query: string, maxSamples: number, code: string): Promise<void> => {
    const store = memory('x 1 2 3\ny{a="1"} 1 2 3\ny{a="2"} 1 2 3', 10 * SECOND)
    const engine = new Engine({ maxSamples })
    const got = await codeOf(
      engine.range(store, query, { startMs: 0, endMs: 20_000, stepMs: 10_000 }),
    )
    expect(got, `${query} with ${maxSamples}`).toBe(code)
  }
  await check('x', 3, 'ok')
  await check('x', 2, 'tooManySamples')
  await check('sum(y)', 6, 'ok')
  await check('sum(y)', 5, 'tooManySamples')
  await check('count_over_time(x[30s])', 6, 'ok')
  await check('count_over_time(x[30s])', 5, 'tooManySamples')
  await check('sum_over_time(x[1y:1ms])', 1000, 'tooManySamples')
})

test('the message names the limit', async () => {
  const query = new Engine({ maxSamples: 1 }).instant(heavy, 'x', { timeMs: 0 })
  await expect(query).rejects.toThrow(
    'query processing would load too many samples into memory in query execution',
  )
})

test('queries beyond the allowed number wait for their turn', async () => {
  const engine = new Engine({ maxConcurrency: 1 })
  const controller = new AbortController()
  const first = engine.range(heavy, QUERY, { ...range, signal: controller.signal })
  const firstEnded = codeOf(first)
  const order: string[] = []
  const second = engine.instant(heavy, '1', { timeMs: 0 }).then(() => order.push('second'))
  await expect(engine.instant(heavy, '1', { timeMs: 0, timeoutMs: 20 })).rejects.toThrow(
    'query timed out in query queue',
  )
  expect(order).toEqual([])
  controller.abort()
  expect(await firstEnded).toBe('canceled')
  await second
  expect(order).toEqual(['second'])
})
