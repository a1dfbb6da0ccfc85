/** Series and queries for property tests: gaps, resets, stale markers, NaN, infinities, irregular intervals. */
import { Labels } from '@vigie/model'
import fc from 'fast-check'
import { type MemorySeries, seriesOf } from './memory.ts'

const value = fc.oneof(
  fc.integer({ min: -5, max: 50 }),
  fc.constantFrom(NaN, Infinity, 'stale' as const),
  fc.double({ min: 0, max: 10, noNaN: true }),
)

export const series: fc.Arbitrary<MemorySeries[]> = fc
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
export const query: fc.Arbitrary<string> = fc.oneof(
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
