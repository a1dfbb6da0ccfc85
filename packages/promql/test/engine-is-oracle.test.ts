// Property: at every step the engine gives what the definitions say, worked out from raw samples.
import { expect, test } from 'vitest'
import fc from 'fast-check'
import { Engine, type MatrixResult } from '../src/index.ts'
import { query, series } from './generators.ts'
import { Memory } from './memory.ts'
import { type Element, ask } from './oracle.ts'

const LOOKBACK_MS = 60_000
const [START_MS, END_MS, STEP_MS] = [0, 480_000, 30_000]

/** Sums in another order differ in their last bits. */
const isClose = (a: number, b: number): boolean =>
  a === b ||
  (a !== a && b !== b) ||
  Math.abs(a - b) <= 1e-6 + 1e-9 * Math.max(Math.abs(a), Math.abs(b))

function at({ series: all }: MatrixResult, t: number): Element[] {
  return all.flatMap(({ labels, t: times, v }) => {
    const i = times.indexOf(t)
    return i < 0 ? [] : [{ labels, v: v[i] }]
  })
}

const show = (elements: readonly Element[]): string =>
  elements
    .map(({ labels, v }) => `${labels.toString()} ${v}`)
    .sort()
    .join('; ')

function isSame(got: readonly Element[], want: readonly Element[]): boolean {
  const values = new Map(want.map(({ labels, v }) => [labels.key, v]))
  return (
    got.length === want.length &&
    got.every(({ labels, v }) => values.has(labels.key) && isClose(v, values.get(labels.key)!))
  )
}

test('the engine gives what the definitions say', async () => {
  await fc.assert(
    fc.asyncProperty(series, query, async (all, text) => {
      const range = { startMs: START_MS, endMs: END_MS, stepMs: STEP_MS }
      const engine = new Engine({ lookbackMs: LOOKBACK_MS })
      const result = await engine.range(new Memory(all), text, range).catch(() => 'error' as const)
      const oracle = { series: all, lookbackMs: LOOKBACK_MS, startMs: START_MS, endMs: END_MS }
      const wrong: string[] = []
      let hasError = false
      for (let t = START_MS; t <= END_MS; t += STEP_MS) {
        const want = ask(oracle, text, t)
        if (want === 'error') hasError = true
        else if (result !== 'error' && typeof want !== 'number') {
          const got = at(result, t)
          if (!isSame(got, want)) wrong.push(`at ${t} got ${show(got)}, want ${show(want)}`)
        }
      }
      expect(wrong, text).toEqual([])
      // Names that collide at different steps are an error of the whole query only.
      const mayCollide = text.includes('{l="1"}')
      expect(hasError || (result === 'error' && mayCollide), text).toBe(result === 'error')
    }),
    { numRuns: 300 },
  )
}, 60_000)
