import { expect, test } from 'vitest'
import { memory } from '../../test/memory.ts'
import { Engine } from '../engine/engine.ts'
import { histogramNotation, histogramText } from './print.ts'
import { parseSeries } from '../syntax/series.ts'

const MINUTE_MS = 60_000

/** What a query over `data` (one sample a minute) gives at its third minute, with its annotations. */
async function ask(data: string, query: string): Promise<string> {
  const store = memory(data, MINUTE_MS)
  const result = await new Engine({ enableExperimental: true }).instant(store, query, {
    timeMs: 2 * MINUTE_MS,
  })
  if (result.type !== 'vector') throw new Error(`a ${result.type}`)
  const shown = result.samples.map(({ v, h }) => (h === undefined ? `${v}` : histogramNotation(h)))
  return [...shown, ...result.warnings, ...result.infos].join(' | ')
}

const GROWING = 'h {{schema:0 count:4 sum:8 buckets:[1 2 1]}}+{{count:4 sum:8 buckets:[1 2 1]}}x2'

test.each<[string, string, string]>([
  [GROWING, 'h', '{{count:12 sum:24 buckets:[3 6 3]}}'],
  [GROWING, 'increase(h[2m])', '{{count:8 sum:16 counter_reset_hint:gauge buckets:[2 4 2]}}'],
  [GROWING, 'h - h offset 1m', '{{count:4 sum:8 counter_reset_hint:gauge buckets:[1 2 1]}}'],
  [GROWING, 'sum(h) * 2', '{{count:24 sum:48 buckets:[6 12 6]}}'],
  [GROWING, '-h', '{{count:-12 sum:-24 counter_reset_hint:gauge buckets:[-3 -6 -3]}}'],
  [GROWING, 'histogram_avg(h) + histogram_count(h)', '14'],
  [GROWING, 'histogram_quantile(0.5, h)', '1.414213562373095'],
  [GROWING, 'histogram_fraction(1, 2, h)', '0.5'],
  [GROWING, 'h </ 2', '{{count:9 sum:10.606601717798213 buckets:[3 6]}}'],
  [GROWING, 'count_over_time(h[3m])', '3'],
  [GROWING, 'resets(h[3m])', '0'],
  [GROWING, 'abs(h)', ''],
  [GROWING, 'absent(h)', ''],
  [GROWING, 'h == h offset 1m', ''],
  [
    GROWING,
    'h > 1',
    'PromQL info: incompatible sample types encountered for binary operator ">": histogram > float (1:1)',
  ],
  [GROWING, 'max(h)', 'PromQL info: ignored histogram in max aggregation (1:5)'],
  [
    'h 1 2 {{count:1}}',
    'rate(h[3m])',
    'PromQL warning: encountered a mix of histograms and floats for metric name "h" (1:6)',
  ],
  [
    'h 1 2 {{count:1}}',
    'max_over_time(h[3m])',
    '2 | PromQL info: ignored histograms in a range containing both floats and histograms for metric name "h" (1:15)',
  ],
  [
    'h {{count:1}} {{count:3}} {{schema:-53 count:1 custom_values:[1]}}',
    'sum_over_time(h[3m])',
    'PromQL warning: vector contains a mix of histograms with exponential and custom buckets schemas for metric name "h" (1:15)',
  ],
  [
    'h {{count:5}} {{count:2}} {{count:3}}',
    'increase(h[2m])',
    '{{count:2 counter_reset_hint:gauge}}',
  ],
])('%s: %s', async (data, query, want) => {
  expect(await ask(data, query)).toBe(want)
})

test('resolutions, zero buckets and bounds are reconciled', async () => {
  const data = `a _ _ {{schema:1 count:4 buckets:[1 1 1 1] z_bucket_w:0.001}}
    b _ _ {{schema:0 count:3 buckets:[1 1] z_bucket:1 z_bucket_w:1}}
    c _ _ {{schema:-53 count:3 custom_values:[1 2 4] buckets:[1 1 1]}}
    d _ _ {{schema:-53 count:2 custom_values:[2 4] buckets:[1 1]}}`
  expect(await ask(data, 'a + ignoring() b')).toBe(
    '{{count:7 z_bucket:2 z_bucket_w:1 offset:1 buckets:[3 1]}}',
  )
  expect(await ask(data, 'c + d')).toBe(
    '{{schema:-53 count:5 custom_values:[2 4] buckets:[3 2]}} | PromQL info: mismatched custom buckets were reconciled during addition (1:1)',
  )
})

test('as text, buckets stand with their bounds', () => {
  const [h] = parseSeries(
    'x {{count:5 sum:2.5 z_bucket:1 z_bucket_w:0.5 buckets:[0 2] n_buckets:[2]}}',
  ).values
  if (typeof h !== 'object') throw new Error('no histogram')
  expect(histogramText(h)).toBe('{count:5, sum:2.5, [-1,-0.5):2, [-0.5,0.5]:1, (1,2]:2}')
})
