/** What Prometheus gives where nobody looks: found by comparing generated queries with a real one. */
import { formatValue } from '@vigie/model'
import { expect, test } from 'vitest'
import { histogramNotation } from '../src/histogram/print.ts'
import { Engine } from '../src/index.ts'
import { memory } from './memory.ts'

const MINUTE_MS = 60_000

/** Elements by label, annotations, or the error, of a query at minute 2. */
async function ask(data: string, query: string): Promise<string> {
  const engine = new Engine({ enableExperimental: true })
  const store = memory(data.replaceAll('; ', '\n'), MINUTE_MS)
  try {
    const result = await engine.instant(store, query, { timeMs: 2 * MINUTE_MS })
    if (result.type !== 'vector') throw new Error(`a ${result.type}`)
    const shown = result.samples.map(
      ({ labels, v, h }) => `${labels.toString()} ${h ? histogramNotation(h) : formatValue(v)}`,
    )
    return [...shown, ...result.warnings, ...result.infos].join(' | ')
  } catch (error) {
    return `error: ${(error as Error).message}`
  }
}

const TWO = 'x{a="1"} 1x2; x{a="2"} 1x2; y 1x2'
const DUPLICATE =
  'error: found duplicate series for the match group {} on the right hand-side of the operation: [{__name__="x", a="1"}, {__name__="x", a="2"}];many-to-many matching not allowed: matching labels must be unique on one side'
const H = 'h{a="1"} {{count:4 sum:8 buckets:[4]}}x2'
const CUSTOM = 'h{a="2"} {{schema:-53 count:3 custom_values:[1] buckets:[1 2]}}x2'
const MIXED =
  'PromQL warning: vector contains a mix of histograms with exponential and custom buckets schemas for metric name "h" (1:5)'
const KINDS = 'PromQL warning: encountered a mix of histograms and floats for aggregation (1:5)'

test.each<[data: string, query: string, want: string]>([
  // Parameters of aggregations.
  [
    'x 1x2',
    'quantile(1e10, x)',
    '{} +Inf | PromQL warning: quantile value should be between 0 and 1, got 1e+10 (1:10)',
  ],
  [
    'x 1x2',
    'quantile((7), (x))',
    '{} +Inf | PromQL warning: quantile value should be between 0 and 1, got 7 (1:11)',
  ],
  ['x 1x2', 'topk(1e30, x)', 'error: Scalar value 1e+30 overflows int64'],
  ['x 1x2', 'limitk(-Inf, x)', ''],
  ['x 1x2', 'topk(NaN, x)', 'error: Parameter value is NaN'],
  [TWO, 'topk(Inf, y + on () x)', DUPLICATE],
  [TWO, 'limit_ratio(NaN, y + on () x)', DUPLICATE],
  ['x 1x2', 'limit_ratio(NaN, x)', 'error: Ratio value is NaN'],
  // Histograms where they do not count.
  [H, '(topk(2, h))', 'PromQL info: ignored histogram in topk aggregation (1:2)'],
  [H, 'topk(0, h)', ''],
  [H, 'max((h))', 'PromQL info: ignored histogram in max aggregation (1:6)'],
  [`${H}; ${CUSTOM}`, 'sum(h)', MIXED],
  [`h 1x2; ${H}; ${CUSTOM}`, 'sum(h)', KINDS],
  [`${H}; ${CUSTOM}; h{a="3"} 1x2`, 'sum(h)', MIXED],
  [
    `${H}; h{a="2"} 1x2; h{a="3"} {{schema:-53 count:1 custom_values:[1]}}x2`,
    'sum(h)',
    `${MIXED} | ${KINDS}`,
  ],
  // Of what is said of the pairs of one operator the last counts.
  [
    `h{a="1"} 1x2; h{a="2"} {{count:1}}x2; g{a="1"} {{count:1}}x2; g{a="2"} 1x2`,
    'h + g',
    'PromQL info: incompatible sample types encountered for binary operator "+": histogram + float (1:1)',
  ],
  // A comparison that leaves an element out has matched all the same.
  [
    'x{a="1",b="1"} 1x2; x{a="1",b="2"} 9x2; y{a="1",b="3"} 5x2',
    'x > on (a) y',
    'error: multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
  ],
  [
    'x{a="1",b="1"} 1x2; x{a="1",b="2"} 9x2; y{a="1",b="3"} 5x2',
    'x > on (a) group_left (b) y',
    'error: multiple matches for labels: grouping labels must ensure unique matches',
  ],
  [
    'x{a="1",b="1"} 1x2; x{a="1",b="2"} 9x2',
    'x + on (a) fill (0) y',
    'error: multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
  ],
  [
    'x {{count:1}}x2; y 5x2',
    'x + fill_left (1) y',
    '{} 6 | PromQL info: incompatible sample types encountered for binary operator "+": histogram + float (1:1)',
  ],
  // With an offset beside @, timestamp() looks from @ among what the offset has selected.
  ['x 1x2', 'timestamp(x @ 120 offset 1m)', '{} 60'],
  ['x 1x2', 'timestamp(x @ 120 offset 6m)', ''],
  ['x 1x9', 'timestamp(x @ 120 offset -2m)', '{} 120'],
  // Names that go.
  ['x 1x2; y 2 stale', '-({__name__=~"x|y"})', '{} -1'],
  [
    'x 1x2; y 2x2',
    '-({__name__=~"x|y"})',
    'error: vector cannot contain metrics with the same labelset',
  ],
  [
    'x{a="1"} 1x2; x{a="2"} 2x2',
    '1 + count_values("__name__", x)',
    'error: vector cannot contain metrics with the same labelset',
  ],
  // Functions over ranges.
  ['x 1x2', 'double_exponential_smoothing(x[5m], NaN, 0.5)', '{} NaN'],
  [
    'x _ _ 1',
    'double_exponential_smoothing(x[5m], 1, 0.5)',
    'error: invalid smoothing factor. Expected: 0 < sf < 1, got: 1.000000',
  ],
  [
    'x 1x2',
    'double_exponential_smoothing(x[5m], -0, 0.5)',
    'error: invalid smoothing factor. Expected: 0 < sf < 1, got: -0.000000',
  ],
  [
    H,
    'double_exponential_smoothing(h[5m], 0.5, Inf)',
    'error: invalid trend factor. Expected: 0 < tf < 1, got: +Inf',
  ],
  ['x NaN 1 5', 'mad_over_time(x[5m])', '{} NaN'],
  // Observations that are no number.
  [
    'h {{count:10 sum:NaN buckets:[4 4]}}x2',
    'histogram_quantile(0.2, h)',
    '{} 1.414213562373095 | PromQL info: input to histogram_quantile has NaN observations, result is skewed higher (1:25)',
  ],
  // Labels.
  [
    'x{a="b"} 1x2',
    'label_replace(x, "", "$1", "a", "[")',
    'error: invalid regular expression in label_replace(): [',
  ],
  ['x{a="b"} 1x2', 'label_replace(x, "c", "$1é-$01", "a", "(.)")', 'x{a="b", c="-"} 1'],
  ['y 1', 'absent(x{a!="b",a="c",d="e"})', '{d="e"} 1'],
  ['y 1', 'absent(x{a=~"b.*",a="c"})', '{a="c"} 1'],
  // info()
  [
    'target_info{job="a",version="1"} 1x2; x{job="a"} 1x2',
    'info({job="a"}, {version=~".+"})',
    'target_info{job="a", version="1"} 1 | x{job="a", version="1"} 1',
  ],
])('%s: %s', async (data, query, want) => {
  expect(await ask(data, query)).toBe(want)
})

test('names that are to go are still known to rate()', async () => {
  const engine = new Engine({ enableDelayedNameRemoval: true })
  const store = memory('x 1 2 3', MINUTE_MS)
  const { infos } = await engine.instant(store, 'rate((-x)[3m:1m])', { timeMs: 2 * MINUTE_MS })
  expect(infos).toEqual([
    'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "x" (1:1)',
  ])
  const counts = await engine.instant(store, 'count_values by (__name__) ("v", -x)', {
    timeMs: 2 * MINUTE_MS,
  })
  expect(counts.type === 'vector' && counts.samples[0].labels.toString()).toBe('x{v="-3"}')
})

test('where a parameter changes, its extremes are said', async () => {
  const engine = new Engine({ enableExperimental: true })
  const range = { startMs: 0, endMs: 2 * MINUTE_MS, stepMs: MINUTE_MS }
  const warnings = async (query: string): Promise<string[]> =>
    (await engine.range(memory('x 1 2 3', MINUTE_MS), query, range)).warnings
  const quantile = 'PromQL warning: quantile value should be between 0 and 1, got'
  expect(await warnings('quantile(time() - 60, x)')).toEqual([
    `${quantile} 60 (1:10)`,
    `${quantile} -60 (1:10)`,
  ])
  const ratio = 'PromQL warning: ratio value should be between -1 and 1, got'
  expect(await warnings('limit_ratio(time() - 60, x)')).toEqual([
    `${ratio} 60, capping to 1 (1:13)`,
    `${ratio} -60, capping to -1 (1:13)`,
  ])
})

test('of what is wrong with a range, the first step counts', async () => {
  const data = 'x{a="1"} 1 1 1\nx{a="2"} _ 1 1\ny{a="1",b="1"} 1 1 1\ny{a="2",b="2"} _ _ 1'
  const engine = new Engine()
  const range = { startMs: 0, endMs: 2 * MINUTE_MS, stepMs: MINUTE_MS }
  const error = async (query: string): Promise<string> => {
    const result = engine.range(memory(data, MINUTE_MS), query, { ...range, lookbackMs: 1 })
    return result.then(String, (found: Error) => found.message)
  }
  expect(await error('x + on () y')).toContain('many-to-one matching must be explicit')
  expect(await error('y + on () x')).toContain('found duplicate series')
  expect(await error('abs({__name__=~"x|y"} or y) and (y + on () x)')).toContain('found duplicate')
  expect(await error('(y + on () x) and abs(label_replace(x, "a", "", "", ""))')).toContain('found')
  expect(await error('abs(label_replace(x, "a", "", "", "")) and (y + on () x)')).toContain(
    'labelset',
  )
})

test('what was done for monotonicity is written as Go does', async () => {
  const data = 'x{le="1"} 1234567; x{le="2"} 1234000; x{le="+Inf"} 2e6'
  const [, info] = (await ask(data, 'histogram_quantile(0.1, x)')).split(', from ')
  expect(info).toMatch(/^buckets 2 to 2, with a max diff of 5.7e\+02, over 1 samples /)
})
