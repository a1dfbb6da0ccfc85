// Property: a range query gives at each step what an instant query gives at that time.
import { expect, test } from 'vitest'
import { formatValue } from '@vigie/model'
import fc from 'fast-check'
import { Engine, type QueryResult } from '../src/index.ts'
import { query, series } from './generators.ts'
import { Memory } from './memory.ts'

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
      // One wrong step makes the whole range query wrong. Two series that differ by name alone may be
      // wrong together though no step has both.
      const mayFail = want.includes('error') || text.includes('{l="1"}')
      expect(isError ? mayFail || want : got, text).toEqual(isError || want)
    }),
    { numRuns: 400 },
  )
}, 60_000)
