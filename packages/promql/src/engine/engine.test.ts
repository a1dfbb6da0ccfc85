import { describe, expect, test } from 'vitest'
import { type Queryable, formatValue } from '@vigie/model'
import { memory } from '../../test/memory.ts'
import { Engine, type EngineOptions } from './engine.ts'
import type { QueryResult } from './result.ts'

const STEP = 10_000

function show(result: QueryResult): string {
  switch (result.type) {
    case 'scalar':
      return formatValue(result.v)
    case 'string':
      return result.text
    case 'vector':
      return result.samples
        .map(({ labels, v }) => `${name(labels.toString())}${formatValue(v)}`)
        .join('; ')
    case 'matrix':
      return result.series
        .map(
          ({ labels, t, v }) =>
            name(labels.toString()) +
            Array.from(v, (x, i) => `${formatValue(x)}@${t[i] / 1000}`).join(' '),
        )
        .join('; ')
  }
}

const name = (labels: string): string => (labels === '{}' ? '' : `${labels} `)

/** Asks for the time of the last sample; samples are 10 s apart. */
async function check(
  query: string,
  series: string,
  want: string,
  options: EngineOptions = {},
): Promise<void> {
  const store = memory(series, STEP)
  const timeMs = Math.max(0, ...store.series.flatMap(({ t }) => [...t]))
  expect(show(await new Engine(options).instant(store, query, { timeMs })), query).toBe(want)
}

async function checkRange(
  query: string,
  series: string,
  [startS, endS, stepS]: number[],
  want: string,
): Promise<void> {
  const range = { startMs: startS * 1000, endMs: endS * 1000, stepMs: stepS * 1000 }
  expect(show(await new Engine().range(memory(series, STEP), query, range)), query).toBe(want)
}

async function fails(query: string, series: string, want: string): Promise<void> {
  const store = memory(series, STEP)
  const timeMs = Math.max(0, ...store.series.flatMap(({ t }) => [...t]))
  await expect(new Engine().instant(store, query, { timeMs }), query).rejects.toThrow(want)
}

describe('selecting', () => {
  test('the newest sample within the lookback', async () => {
    await check('x', 'x 1 2 3', 'x 3')
    await check('x', 'x 1 2 stale', '')
    await check('x offset 10s', 'x 1 2 3', 'x 2')
    await check('x @ 0', 'x 1 2 3', 'x 1')
    await check('x{a=~"b|c"}', 'x{a="b"} 1\nx{a="d"} 2', 'x{a="b"} 1')
    await checkRange('x', 'x 1 _ _ 4', [0, 30, 10], 'x 1@0 1@10 1@20 4@30')
    await checkRange('x', 'x 1', [290, 310, 10], 'x 1@290')
  })

  test('ranges are open on the left and closed on the right', async () => {
    await check('count_over_time(x[20s])', 'x 1 2 3', '2')
    await check('x[20s]', 'x 1 2 3', 'x 2@10 3@20')
    await check('sum_over_time(x[1m])', 'x 1 stale 3', '4')
    await check('last_over_time(x[15s:5s])', 'x 1 2 3', 'x 3')
    await check('x[20s:10s]', 'x 1 2 3', 'x 2@10 3@20')
  })
})

describe('functions over a range', () => {
  test('rate and its kin', async () => {
    await check('rate(x[1m])', 'x 0+6x10', '0.6')
    await check('rate(x_total[1m])', 'x_total 0+1x10', '0.1')
    await check('increase(x_total[30s])', 'x_total 0 10 0 10', '15')
    await check('delta(x[30s])', 'x 40 30 20 10', '-30')
    await check('irate(x_total[1m])', 'x_total 0 10 30', '2')
    await check('irate(x_total[1m])', 'x_total 0 10 5', '0.5')
    await check('idelta(x[1m])', 'x 0 10 5', '-5')
    await check('resets(x[1m])', 'x 1 2 0 3 1', '2')
    await check('changes(x[1m])', 'x 1 1 2 NaN NaN 2', '3')
    await check('deriv(x[1m])', 'x 0+5x5', '0.5')
    await check('predict_linear(x[1m], 10)', 'x 0+5x5', '30')
    await check('rate(x[1m])', 'x 1', '')
  })

  test('a counter is not extrapolated below zero', async () => {
    await checkRange('increase(x_total[60s])', 'x_total _ _ _ 1 2 3 4', [60, 60, 10], '3.5@60')
    await checkRange('increase(x_total[60s])', 'x_total _ _ _ 0 1 2 3', [60, 60, 10], '3@60')
  })

  test('statistics', async () => {
    await check('avg_over_time(x[1m])', 'x 1 2 6', '3')
    await check('min_over_time(x[1m])', 'x 3 NaN 2', '2')
    await check('max_over_time(x[1m])', 'x 3 NaN 2', '3')
    await check('stdvar_over_time(x[1m])', 'x 1 3', '1')
    await check('quantile_over_time(0.5, x[1m])', 'x 1 2 10', '2')
    await check('avg_over_time(x[1m])', 'x 1e308 1e308', '1e+308')
    await check('absent_over_time(y{a="b"}[1m])', 'x 1', '{a="b"} 1')
    await check('present_over_time(x[1m])', 'x 7', '1')
  })
})

describe('functions of a vector', () => {
  test('values', async () => {
    await check('abs(x)', 'x -1', '1')
    await check('clamp(x, 0, 5)', 'x{a="1"} -1\nx{a="2"} 9', '{a="1"} 0; {a="2"} 5')
    await check('clamp(x, 5, 0)', 'x 1', '')
    await check('round(x, 0.5)', 'x 1.3', '1.5')
    await check('sgn(x)', 'x -3', '-1')
    await check('scalar(x)', 'x 3', '3')
    await check('scalar(x)', 'x{a="1"} 3\nx{a="2"} 4', 'NaN')
    await check('vector(1) + vector(2)', 'x 0', '3')
    await check('timestamp(x)', 'x 1 _ _', '0')
    await check('day_of_week(vector(0))', 'x 0', '4')
    await check('days_in_month(vector(951782400))', 'x 0', '29')
    await check('absent(x)', 'x 1', '')
    await check('absent(y{a="b"})', 'x 1', '{a="b"} 1')
  })

  test('labels', async () => {
    await check(
      'label_replace(x, "b", "$1-$2", "a", "(.)(.)")',
      'x{a="pq"} 1',
      'x{a="pq", b="p-q"} 1',
    )
    await check(
      'label_replace(x, "b", "${n}", "a", "(?P<n>.+)")',
      'x{a="pq"} 1',
      'x{a="pq", b="pq"} 1',
    )
    await check(
      'label_join(x, "c", "/", "a", "b")',
      'x{a="1",b="2"} 1',
      'x{a="1", b="2", c="1/2"} 1',
    )
    await fails('label_replace(x, "a", "", "", "")', 'x{a="1"} 1\nx{a="2"} 1', 'same labelset')
  })

  test('order', async () => {
    const series = 'x{a="1"} 2\nx{a="2"} NaN\nx{a="3"} 1'
    await check('sort(x)', series, 'x{a="3"} 1; x{a="1"} 2; x{a="2"} NaN')
    await check('sort_desc(x)', series, 'x{a="1"} 2; x{a="3"} 1; x{a="2"} NaN')
    await check('topk(2, x)', series, 'x{a="1"} 2; x{a="3"} 1')
    await check('bottomk(1, x)', series, 'x{a="3"} 1')
  })

  test('classic histograms', async () => {
    const series = 'x_bucket{le="1"} 1\nx_bucket{le="2"} 3\nx_bucket{le="+Inf"} 4'
    await check('histogram_quantile(0.5, x_bucket)', series, '1.5')
    await check('histogram_quantile(1, x_bucket)', series, '2')
    await check('histogram_fraction(0, 1.5, x_bucket)', series, '0.5')
    await check('histogram_quantile(0.5, x_bucket)', 'x_bucket{le="1"} 1', 'NaN')
  })
})

test('aggregations', async () => {
  const series = 'x{a="1",b="1"} 1\nx{a="1",b="2"} 2\nx{a="2",b="1"} 4'
  await check('sum(x)', series, '7')
  await check('sum by (a) (x)', series, '{a="1"} 3; {a="2"} 4')
  await check('sum without (a) (x)', series, '{b="1"} 5; {b="2"} 2')
  await check('avg(x)', series, '2.3333333333333335')
  await check('max by (b) (x)', series, '{b="1"} 4; {b="2"} 2')
  await check('count(x)', series, '3')
  await check('group(x)', series, '1')
  await check('stdvar(x)', 'x{a="1"} 1\nx{a="2"} 3', '1')
  await check('quantile(0.5, x)', series, '2')
  await check('count_values("v", x)', 'x{a="1"} 5\nx{a="2"} 5', '{v="5"} 2')
  await checkRange('sum(x)', 'x{a="1"} 1 2 stale\nx{a="2"} _ 5 6', [0, 20, 10], '1@0 7@10 6@20')
})

describe('operators', () => {
  test('with scalars', async () => {
    await check('x * 2 + 1', 'x 3', '7')
    await check('2 - x', 'x 3', '-1')
    await check('x > 2', 'x 3', 'x 3')
    await check('x > bool 5', 'x 3', '0')
    await check('-x', 'x 3', '-3')
    await check('1 + 2 * 3', 'x 0', '7')
    await check('x % 3', 'x -4', '-1')
  })

  test('between vectors', async () => {
    await check('x + y', 'x{a="1"} 1\ny{a="1"} 2\ny{a="2"} 3', '{a="1"} 3')
    await check('x - on(a) y', 'x{a="1",b="1"} 5\ny{a="1"} 2', '{a="1"} 3')
    await check(
      'x * on(a) group_left(c) y',
      'x{a="1",b="1"} 5\nx{a="1",b="2"} 6\ny{a="1",c="z"} 2',
      '{a="1", b="1", c="z"} 10; {a="1", b="2", c="z"} 12',
    )
    await check('y > x', 'x 1\ny 2', 'y 2')
    await check('x and y', 'x{a="1"} 1\nx{a="2"} 1\ny{a="2"} 9', 'x{a="2"} 1')
    await check('x unless y', 'x{a="1"} 1\nx{a="2"} 1\ny{a="2"} 9', 'x{a="1"} 1')
    await check('x or y', 'x{a="1"} 1\ny{a="1"} 2\ny{a="2"} 3', 'x{a="1"} 1; y{a="2"} 3')
  })

  test('what is not allowed is wrong only where both series are present', async () => {
    await fails(
      'x + on() y',
      'x 1\ny{a="1"} 1\ny{a="2"} 1',
      'found duplicate series for the match group {} on the right hand-side',
    )
    await fails(
      'x + on() y',
      'x{a="1"} 1\nx{a="2"} 1\ny 1',
      'many-to-one matching must be explicit',
    )
    await checkRange(
      'x + on() y',
      'x 1 1 1\ny{a="1"} 1 stale\ny{a="2"} _ 2',
      [0, 20, 10],
      '2@0 3@10 3@20',
    )
    await fails(
      'abs({a="1"})',
      'x{a="1"} 1\ny{a="1"} 1',
      'vector cannot contain metrics with the same labelset',
    )
    await checkRange(
      'abs({a="1"})',
      'x{a="1"} 1 stale\ny{a="1"} _ 2',
      [0, 10, 10],
      '{a="1"} 1@0 2@10',
    )
  })
})

test('what looks at a fixed time is the same at every step', async () => {
  await checkRange('x - x @ 0', 'x 5 6 7', [0, 20, 10], '0@0 1@10 2@20')
  await checkRange('sum(x @ end()) - time()', 'x 5 6 7', [0, 20, 10], '7@0 -3@10 -13@20')
  await checkRange('rate(x_total[20s] @ 20)', 'x_total 0 10 20', [0, 20, 10], '1@0 1@10 1@20')
})

test('anchored and smoothed ranges reach beyond their bounds', async () => {
  const enabled = { enableExperimental: true }
  const series = 'x 1+1x4 9+1x4'
  await check('increase(x[20s] anchored)', series, '2', enabled)
  await check('increase(x[45s] anchored)', series, '8', enabled)
  await check('changes(x[20s] anchored)', series, '2', enabled)
  await check('increase(x[15s] smoothed offset 5s)', series, '1.5', enabled)
  await check('x smoothed offset 5s', series, 'x 12.5', enabled)
  const query = new Engine(enabled).instant(memory(series, STEP), 'deriv(x[1m] smoothed)', {
    timeMs: 0,
  })
  await expect(query).rejects.toThrow(
    'smoothed modifier can only be used with: delta, increase, rate - not with deriv',
  )
})

test('fill modifiers stand in for a missing side', async () => {
  const series = 'x{a="1"} 1\nx{a="2"} 2\ny{a="1"} 10\ny{a="3"} 30'
  const enabled = { enableExperimental: true }
  await check('x + fill(0) y', series, '{a="1"} 11; {a="2"} 2; {a="3"} 30', enabled)
  await check('x + fill_right(5) y', series, '{a="1"} 11; {a="2"} 7', enabled)
})

test('the storage is asked once per selector, before anything is evaluated', async () => {
  const store = memory('x 1 2 3', STEP)
  await new Engine().range(store, 'x + rate(x[1m:10s]) + x', {
    startMs: 0,
    endMs: 20_000,
    stepMs: 10_000,
  })
  expect(store.selectCount).toBe(3)
})

test('storage over the network may answer by a promise, and its errors are told apart', async () => {
  const inner = memory('x 1', STEP)
  const slow: Queryable = { ...stub, select: (matchers) => Promise.resolve(inner.select(matchers)) }
  expect(show(await new Engine().instant(slow, 'x', { timeMs: 0 }))).toBe('x 1')
  const broken: Queryable = { ...stub, select: () => Promise.reject(new Error('disk on fire')) }
  await expect(new Engine().instant(broken, 'x', { timeMs: 0 })).rejects.toMatchObject({
    code: 'storage',
    message: 'disk on fire',
  })
})

const stub: Queryable = {
  select: () => ({
    count: 0,
    labels: () => {
      throw new RangeError()
    },
    samples: () => {},
  }),
  labelNames: () => [],
  labelValues: () => [],
}

test('annotations say what and where', async () => {
  const store = memory('x 0+1x6', STEP)
  const result = await new Engine().instant(store, 'rate(x[1m])', { timeMs: 60_000 })
  expect(result.infos).toEqual([
    'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "x" (1:6)',
  ])
  const quantile = await new Engine().instant(store, 'quantile(2, x)', { timeMs: 60_000 })
  expect(quantile.warnings).toEqual([
    'PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)',
  ])
})

test('a range query needs a vector or a scalar', async () => {
  const range = { startMs: 0, endMs: 10_000, stepMs: 10_000 }
  await expect(new Engine().range(stub, 'x[1m]', range)).rejects.toThrow(
    'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
  )
  expect(show(await new Engine().range(stub, '1 + 1', range))).toBe('2@0 2@10')
  expect(() => new Engine().range(stub, '1', { ...range, stepMs: 0 })).toThrow(RangeError)
})
