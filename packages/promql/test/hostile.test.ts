// Properties: text of any kind is parsed or refused, what is printed means what was read, and no
// query hangs, crashes or holds more samples than it may.
import { expect, test } from 'vitest'
import fc from 'fast-check'
import { Engine, ParseError, QueryError, parseExpr, prettyPrint, printExpr } from '../src/index.ts'
import { query, series } from './generators.ts'
import { Memory, memory } from './memory.ts'

const ALL = { enableExperimental: true }

const WORDS = (
  'x y_total foo:bar sum topk by without on ignoring group_left bool offset and or unless atan2 ' +
  'rate info histogram_quantile start end step range min_of smoothed anchored fill fill_left stale ' +
  'NaN 1 -2 0x1f 1e300 5m 1h30m 3ms ( ) [ ] { } , : + - * / % ^ == != < <= > >= =~ !~ = </ >/ @ ' +
  '"a" \'b\' `c` "\\n" "\\xff" # \n é 😀 \\ $ ~ 1_000 0777 ..'
).split(' ')

/** Words of the language in any order, or any text at all. */
const text = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(fc.constantFrom(...WORDS), { maxLength: 20 }).map((all) => all.join(' ')),
  },
  {
    weight: 1,
    arbitrary: fc.array(fc.constantFrom(...WORDS), { maxLength: 12 }).map((all) => all.join('')),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
)

const REFUSED = /^(\d+:\d+|unknown position): parse error: /

/** The query as printed, and that printed again; the error twice where there is one. */
function printedTwice(one: string): [string, string] {
  try {
    const printed = printExpr(parseExpr(one, ALL))
    return [printed, printExpr(parseExpr(printed, ALL))]
  } catch (error) {
    if (!(error instanceof ParseError) || !REFUSED.test(error.message)) throw error
    return [error.message, error.message]
  }
}

test('any text is parsed, or refused with a position', () => {
  fc.assert(
    fc.property(text, (one) => {
      // The least of all durations, which is printed to the millisecond beyond what can be read, as in Prometheus.
      fc.pre(!/offset\W*NaN/i.test(one))
      const [printed, again] = printedTwice(one)
      expect(again).toBe(printed)
    }),
    { numRuns: 5000 },
  )
})

test('what is printed, on one line or many, is the same query', () => {
  fc.assert(
    fc.property(query, fc.integer({ min: 1, max: 60 }), (one, width) => {
      const printed = printExpr(parseExpr(one))
      expect(printExpr(parseExpr(printed))).toBe(printed)
      expect(printExpr(parseExpr(prettyPrint(parseExpr(one), width)))).toBe(printed)
    }),
    { numRuns: 1000 },
  )
})

/** How a query ended: by an error of its own, or not. Anything else is thrown on. */
async function end(asked: Promise<{ stats: { samplesPeak: number } }>): Promise<number | string> {
  try {
    return (await asked).stats.samplesPeak
  } catch (error) {
    if (error instanceof QueryError || error instanceof ParseError) return error.message
    throw error
  }
}

const TOO_MANY = 'query processing would load too many samples into memory in query execution'

test('whatever is asked, a query ends and stays within its samples', async () => {
  await fc.assert(
    fc.asyncProperty(series, query, fc.integer({ min: 1, max: 200 }), async (all, one, most) => {
      const range = { startMs: 0, endMs: 480_000, stepMs: 30_000 }
      const store = new Memory(all)
      const peak = await end(new Engine().range(store, one, range))
      const limited = await end(new Engine({ maxSamples: most }).range(store, one, range))
      const isTooMany = typeof peak === 'number' && peak > most
      const wants = isTooMany ? TOO_MANY : peak
      // A query that fails may be stopped before it comes to what is wrong.
      const isError = typeof peak === 'string' && typeof limited === 'string'
      expect(isError ? peak : limited, one).toEqual(wants)
    }),
    { numRuns: 300 },
  )
}, 60_000)

test('words in any order that parse can be asked', async () => {
  const store = memory('x 1 2 3\ny_total 1 2 3', 60_000)
  const engine = new Engine({ ...ALL, maxSamples: 100_000, timeoutMs: 1000 })
  await fc.assert(
    fc.asyncProperty(text, async (one) => {
      await end(engine.instant(store, one, { timeMs: 120_000 }))
      await end(engine.range(store, one, { startMs: 0, endMs: 120_000, stepMs: 60_000 }))
    }),
    { numRuns: 1500 },
  )
}, 60_000)

test('depth and size have limits that hold', async () => {
  const store = memory('x 1 2 3', 60_000)
  const engine = new Engine({ ...ALL, maxSamples: 10_000, timeoutMs: 2000 })
  const ask = (one: string): Promise<number | string> =>
    end(engine.range(store, one, { startMs: 0, endMs: 120_000, stepMs: 60_000 }))
  const nested = (depth: number): string => 'abs('.repeat(depth) + 'x' + ')'.repeat(depth)
  expect(await ask(nested(200))).toEqual(expect.any(Number))
  expect(await ask(nested(100_000))).toContain('nested too deeply')
  expect(await ask(`${'x + '.repeat(900)}x`)).toEqual(expect.any(Number))
  expect(await ask(`${'x + '.repeat(100_000)}x`)).toContain('nested too deeply')
  expect(await ask(`x[${'('.repeat(100_000)}`)).toContain('parse error')
  expect(await ask('max_over_time(x[100y:1ms])')).toContain('too many samples')
  const subqueries = 'max_over_time('.repeat(20) + 'x' + '[5m:1s])'.repeat(20)
  expect(await ask(subqueries)).toEqual(expect.anything())
  expect(await ask(`sum(${'x or '.repeat(500)}x)`)).toEqual(expect.any(Number))
})
