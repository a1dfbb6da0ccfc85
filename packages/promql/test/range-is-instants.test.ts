// Property: a range query gives at each step what an instant query gives at that time.
import { expect, test } from 'vitest'
import { Labels, formatValue } from '@vigie/model'
import fc from 'fast-check'
import { Engine, type QueryResult } from '../src/index.ts'
import { Memory, type MemorySeries, seriesOf } from './memory.ts'

const value = fc.oneof(
  fc.integer({ min: -5, max: 50 }),
  fc.constantFrom(NaN, Infinity, 'stale' as const),
  fc.double({ min: 0, max: 10, noNaN: true }),
)

const series: fc.Arbitrary<MemorySeries[]> = fc
  .uniqueArray(
    fc.record({
      key: fc.tuple(
        fc.constantFrom('x_total', 'y'),
        fc.constantFrom('1', '2', '3'),
        fc.constantFrom('a', 'b'),
      ),
      samples: fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), value), { maxLength: 25 }),
    }),
    { selector: (one) => one.key.join(), maxLength: 8 },
  )
  .map((all) =>
    all.map(({ key: [name, l, m], samples }) => {
      let t = 0
      return seriesOf(
        Labels.fromObject({ __name__: name, l, m }),
        samples.map(([gap, v]) => [(t += gap * 1000), v] as const),
      )
    }),
  )

const selector = fc.constantFrom(
  'x_total',
  'y',
  '{l="1"}',
  'x_total offset 20s',
  'y @ 100',
  'y @ end()',
)
const over = fc.constantFrom(
  'rate',
  'increase',
  'delta',
  'irate',
  'resets',
  'changes',
  'sum_over_time',
  'max_over_time',
  'last_over_time',
  'stddev_over_time',
  'deriv',
  'absent_over_time',
)
const ranged = fc.tuple(
  over,
  fc.constantFrom('x_total[1m]', 'y[45s] offset 10s', 'y[2m:15s]', 'x_total[90s] @ 200'),
)
const leaf = fc.oneof(
  selector,
  ranged.map(([fn, range]) => `${fn}(${range})`),
)
const vector = fc.oneof(
  leaf,
  leaf.map((one) => `abs(${one})`),
  leaf.map((one) => `-(${one})`),
  fc
    .tuple(
      fc.constantFrom('sum', 'avg', 'max', 'count', 'stddev', 'topk by (m) (1,', 'quantile(0.3,'),
      leaf,
    )
    .map(([op, one]) => (op.includes('(') ? `${op} ${one})` : `${op} by (l) (${one})`)),
)
const query = fc.oneof(
  vector,
  fc
    .tuple(
      vector,
      fc.constantFrom(
        '+',
        '>',
        '== bool',
        'and',
        'or',
        'unless',
        '/ on (l)',
        '- on (l, m) group_left ()',
      ),
      vector,
    )
    .map(([a, op, b]) => `(${a}) ${op} (${b})`),
  fc.tuple(vector, fc.constantFrom('* 2', '> 3', '% time()')).map(([a, op]) => `(${a}) ${op}`),
)

/** Samples by series, and `error` where the query has none. */
async function table(
  result: Promise<QueryResult>,
  at: number | undefined,
): Promise<string[] | 'error'> {
  const got = await result.catch(() => undefined)
  if (got === undefined) return 'error'
  if (got.type === 'vector')
    return got.samples.map(({ labels, v }) => `${labels.toString()} ${formatValue(v)}`).sort()
  if (got.type !== 'matrix') return []
  return got.series
    .flatMap(({ labels, t, v }) =>
      Array.from(t, (time, i) =>
        time === at ? [`${labels.toString()} ${formatValue(v[i])}`] : [],
      ).flat(),
    )
    .sort()
}

test('a range query is its instant queries', async () => {
  await fc.assert(
    fc.asyncProperty(series, query, async (all, text) => {
      const store = new Memory(all)
      const engine = new Engine({ lookbackMs: 60_000 })
      const [startMs, endMs, stepMs] = [0, 480_000, 30_000]
      // The edges that @ refers to are the range's own.
      const fixed = text.replaceAll('end()', String(endMs / 1000))
      const whole = engine.range(store, text, { startMs, endMs, stepMs })
      const isError = (await table(whole, undefined)) === 'error'
      const got: (string[] | 'error')[] = []
      const want: (string[] | 'error')[] = []
      for (let t = startMs; t <= endMs; t += stepMs) {
        got.push(await table(whole, t))
        want.push(await table(engine.instant(store, fixed, { timeMs: t }), t))
      }
      // One wrong step makes the whole range query wrong.
      expect(isError ? [want.includes('error')] : got, text).toEqual(isError ? [true] : want)
    }),
    { numRuns: 400 },
  )
}, 60_000)
