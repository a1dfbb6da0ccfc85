// Property: of native histograms, too, the engine gives at every step what the definitions say.
import { type Histogram, Labels, makeHistogram } from '@vigie/model'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Engine } from '../src/index.ts'
import * as oracle from './histogram-oracle.ts'
import { Memory, type MemorySeries, seriesOf } from './memory.ts'

const [START_MS, END_MS, STEP_MS] = [0, 300_000, 25_000]

/** What happens to a counter from one sample to the next. */
const event = fc.oneof(
  { weight: 12, arbitrary: fc.record({ grows: fc.array(fc.nat({ max: 6 }), { maxLength: 4 }) }) },
  { weight: 2, arbitrary: fc.constantFrom('restart', 'coarser', 'finer', 'rebound' as const) },
  { weight: 1, arbitrary: fc.constantFrom('stale', 'float', 'other' as const) },
)
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never

const BOUNDS = [
  [1, 2, 5],
  [1, 5],
  [0.5, 2, 5, 10],
]

/** A histogram that is counted on, and what was asked for in between. */
class Counter {
  #isCustom: boolean
  readonly #isFloat: boolean
  #schema = 1
  #bounds = 0
  #counts = [3, 1, 4, 1]
  #zero = 2
  #sum = 7

  constructor(isCustom: boolean, isFloat: boolean) {
    this.#isCustom = isCustom
    this.#isFloat = isFloat
  }

  after(what: Event): number | 'stale' | Histogram {
    if (what === 'float') return this.#sum
    if (what === 'restart') {
      this.#counts = [1, 0, 0, 1]
      this.#zero = 0
      this.#sum = 1
    } else if (what === 'coarser') this.#schema = Math.max(-1, this.#schema - 1)
    else if (what === 'finer') this.#schema = Math.min(3, this.#schema + 1)
    else if (what === 'rebound') this.#bounds = (this.#bounds + 1) % BOUNDS.length
    else if (what === 'other') this.#isCustom = !this.#isCustom
    else if (what === 'stale') return 'stale'
    else for (const [i, n] of what.grows.entries()) this.#counts[i] += n
    this.#sum += 1.5
    const share = this.#isFloat ? 0.75 : 1
    const bounds = BOUNDS[this.#bounds]
    const used = (this.#isCustom ? bounds.length + 1 : 4) | 0
    const counts = Array.from({ length: used }, (_, i) => (this.#counts[i] ?? 2) * share)
    const zeroCount = this.#isCustom ? 0 : this.#zero * share
    // Two of four buckets are negative, with a gap between those that are positive.
    const positive = this.#isCustom ? counts : counts.slice(0, 2)
    const negative = this.#isCustom ? [] : counts.slice(2)
    return makeHistogram({
      isInteger: !this.#isFloat,
      schema: this.#isCustom ? -53 : this.#schema,
      zeroCount,
      count: counts.reduce((a, b) => a + b, zeroCount),
      sum: this.#sum,
      positiveSpans: Int32Array.from(this.#isCustom ? [0, used] : [-1, 1, 2, 1]),
      positiveCounts: Float64Array.from(positive),
      negativeSpans: Int32Array.from(this.#isCustom ? [] : [1, 2]),
      negativeCounts: Float64Array.from(negative),
      customBounds: Float64Array.from(this.#isCustom ? bounds : []),
    })
  }
}

const series: fc.Arbitrary<MemorySeries[]> = fc
  .uniqueArray(
    fc.record({
      key: fc.tuple(
        fc.constantFrom('h', 'c'),
        fc.constantFrom('1', '2'),
        fc.constantFrom('a', 'b'),
      ),
      isFloat: fc.boolean(),
      samples: fc.array(fc.tuple(fc.integer({ min: 5, max: 40 }), event), { maxLength: 20 }),
    }),
    { selector: (one) => one.key.join(), minLength: 1, maxLength: 6 },
  )
  .map((all) =>
    all.map(({ key: [name, l, m], isFloat, samples }) => {
      const counter = new Counter(name === 'c', isFloat)
      let t = 0
      const values = samples.map(([gap, what]) => [(t += gap * 1000), counter.after(what)] as const)
      return seriesOf(Labels.fromObject({ __name__: name, l, m }), values)
    }),
  )

const metric = fc.constantFrom('h', 'c')
const leaf = fc.oneof(
  metric.map(oracle.selector),
  fc
    .tuple(
      fc.constantFrom(...oracle.OVER_NAMES),
      metric,
      fc.integer({ min: 20, max: 150 }),
      fc.nat({ max: 30 }),
    )
    .map(([name, one, range, offset]) => oracle.over(name, one, range * 1000, offset * 1000)),
)
const vector = fc.oneof(
  leaf,
  leaf.map((one) => oracle.times(one, 2.5)),
  fc
    .tuple(fc.constantFrom('sum', 'avg' as const), leaf)
    .map(([op, one]) => oracle.grouped(op, one)),
  fc
    .tuple(leaf, fc.constantFrom('+', '-' as const), leaf)
    .map(([left, op, right]) => oracle.joined(left, op, right)),
)
/** Without differences: of less than no observations there is no quantile. */
const counted = fc.oneof(
  metric.map(oracle.selector),
  fc
    .tuple(fc.constantFrom('sum', 'avg' as const), metric)
    .map(([op, one]) => oracle.grouped(op, oracle.selector(one))),
  fc
    .tuple(fc.constantFrom('sum_over_time', 'avg_over_time'), metric)
    .map(([name, one]) => oracle.over(name, one, 90_000, 0)),
)
const isQuantile = (call: string): boolean => call.startsWith('histogram_quantile')
const calls = oracle.OF_HISTOGRAM_NAMES
const query = fc.oneof(
  vector,
  fc
    .tuple(fc.constantFrom(...calls.filter((call) => !isQuantile(call))), vector)
    .map(([call, one]) => oracle.ofHistogram(call, one)),
  fc
    .tuple(fc.constantFrom(...calls.filter(isQuantile)), counted)
    .map(([call, one]) => oracle.ofHistogram(call, one)),
)

const rounded = (v: number): string => (Math.abs(v) < 1e-9 ? '0' : v.toPrecision(9))

function show({ labels, value }: oracle.Element): string {
  if (typeof value === 'number') return `${labels.toString()} ${rounded(value)}`
  const { schema, bounds, zero, count, sum } = value
  const buckets = [...value.buckets]
    .filter(([, n]) => Math.abs(n) > 1e-9)
    .sort(([a], [b]) => a - b)
    .map(([index, n]) => `${index}:${rounded(n)}`)
  const numbers = [zero, count, sum].map(rounded).join(' ')
  return `${labels.toString()} ${schema} [${bounds?.join(' ') ?? ''}] ${numbers} {${buckets.join(' ')}}`
}

/** The same but for the last digits of numbers. */
function isSame(got: string[], want: string[]): boolean {
  const parts = (lines: string[]): string[] =>
    lines
      .sort()
      .join('\n')
      .split(/[\s:{}[\]]/)
  const [a, b] = [parts(got), parts(want)]
  return (
    a.length === b.length &&
    a.every((one, i) => one === b[i] || Math.abs(Number(one) / Number(b[i]) - 1) < 1e-7)
  )
}

test('of histograms, the engine gives what the definitions say', async () => {
  await fc.assert(
    fc.asyncProperty(series, query, async (all, { text, at }) => {
      const range = { startMs: START_MS, endMs: END_MS, stepMs: STEP_MS }
      const result = await new Engine({ lookbackMs: 60_000 }).range(new Memory(all), text, range)
      for (let t = START_MS; t <= END_MS; t += STEP_MS) {
        const got = result.series.flatMap(({ labels, t: times, v, h }) => {
          const i = times.indexOf(t)
          const one = h?.[i]
          return i < 0
            ? []
            : [show({ labels, value: one === undefined ? v[i] : oracle.plainOf(one) })]
        })
        const want = at(all, t).map(show)
        expect(isSame(got, want) ? want : got, `${text} at ${t}`).toEqual(want)
      }
    }),
    { numRuns: 400 },
  )
}, 60_000)
