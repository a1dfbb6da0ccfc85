import { describe, expect, test } from 'vitest'
import {
  ALL,
  type Panel,
  type PanelQuery,
  type QueryData,
  type VariableSource,
  formatInterval,
  interpolateQuery,
  intervalMs,
  panelQueries,
  preparePanel,
  readDashboard,
  resolveVariables,
  toFrames,
  variableValue,
} from './index.ts'

const panelOf = (panel: object): Panel => readDashboard({ panels: [panel] }).panels[0]
const context = {
  fromMs: 0,
  toMs: 3_600_000,
  widthPx: 1000,
  scrapeIntervalMs: 15_000,
  variables: new Map(),
}

describe('reading', () => {
  test('what is no dashboard is refused, with what was expected', () => {
    for (const json of [null, [], 'x', { title: 'x' }])
      expect(() => readDashboard(json)).toThrow('expected a JSON object with "panels" or "rows"')
  })

  test('every panel type has a kind; what is not drawn keeps its title and type', () => {
    const check = (type: string, kind: string): void =>
      expect(panelOf({ type, title: 't' })).toMatchObject({ kind, type, title: 't' })
    check('timeseries', 'timeseries')
    check('graph', 'timeseries')
    check('stat', 'stat')
    check('singlestat', 'stat')
    check('gauge', 'gauge')
    check('bargauge', 'gauge')
    check('table', 'table')
    check('table-old', 'table')
    check('text', 'text')
    check('row', 'row')
    check('flamegraph', 'unsupported')
  })

  test('rows of old become rows and panels in the grid of 24', () => {
    const old = {
      rows: [
        {
          title: 'A',
          showTitle: true,
          height: '250px',
          panels: [
            { type: 'graph', span: 6 },
            { type: 'graph', span: 6 },
            { type: 'graph', span: 12 },
          ],
        },
      ],
    }
    expect(readDashboard(old).panels.map((one) => [one.kind, one.grid])).toEqual([
      ['row', { x: 0, y: 0, w: 24, h: 1 }],
      ['timeseries', { x: 0, y: 1, w: 12, h: 7 }],
      ['timeseries', { x: 12, y: 1, w: 12, h: 7 }],
      ['timeseries', { x: 0, y: 8, w: 24, h: 7 }],
    ])
  })

  test('dirty values count as missing', () => {
    const panel = panelOf({
      type: 'graph',
      targets: [{ expr: 'up', refID: 'X', format: 1 }, null],
      seriesOverrides: [[{ alias: 'a', yaxis: 2 }]],
      yaxes: 'no',
    })
    expect(panel.targets).toMatchObject([{ expr: 'up', refId: 'A', format: 'time_series' }])
    expect(panel.fieldConfig.overrides).toHaveLength(1)
  })

  test('whatever may be a Prometheus is ours', () => {
    const check = (datasource: unknown, want: boolean): void =>
      expect(
        panelOf({ type: 'timeseries', datasource, targets: [{ expr: 'up' }] }).targets[0]
          .isPrometheus,
      ).toBe(want)
    check(null, true)
    check('${DS_PROMETHEUS}', true)
    check({ uid: '$datasource' }, true)
    check({ type: 'prometheus', uid: 'abc' }, true)
    check({ type: 'loki', uid: 'abc' }, false)
    check('-- Grafana --', false)
  })
})

test('steps follow Grafana', () => {
  const check = (rangeMs: number, points: number, lowerMs: number, want: number): void =>
    expect(intervalMs(rangeMs, points, lowerMs)).toBe(want)
  check(3_600_000, 1000, 1, 5000)
  check(3_600_000, 100, 1, 30_000)
  check(3_600_000, 1848, 15_000, 15_000)
  check(86_400_000, 500, 1, 120_000)
  expect([formatInterval(15_000), formatInterval(120_000), formatInterval(1500)]).toEqual([
    '15s',
    '2m',
    '1500ms',
  ])
})

test('queries have their macros and an aligned range', () => {
  const check = (expr: string, want: string): void =>
    expect(
      panelQueries(panelOf({ type: 'timeseries', targets: [{ expr }] }), context)[0].expr,
    ).toBe(want)
  check('rate(x[$__rate_interval])', 'rate(x[1m])')
  check('rate(x[${__rate_interval}])', 'rate(x[1m])')
  check('x[$__interval]', 'x[15s]')
  check('x[$__range]', 'x[3600s]')
  check('x[[[__interval]]]', 'x[15s]')
  const [query] = panelQueries(
    panelOf({ type: 'graph', targets: [{ expr: 'x', interval: '>1m', intervalFactor: 2 }] }),
    { ...context, fromMs: 61_000 },
  )
  expect(query).toMatchObject({ stepMs: 120_000, startMs: 0, endMs: 3_600_000 })
})

describe('variables', () => {
  const insert = (text: string, values: string[], isMulti: boolean): string =>
    interpolateQuery(text, new Map([['v', { values, isMulti }]]))

  test('one value is a string, several are a regular expression', () => {
    expect(insert('{a="$v"}', ['x.y'], false)).toBe('{a="x.y"}')
    expect(insert('{a=~"$v"}', ['x.y'], true)).toBe('{a=~"x\\\\.y"}')
    expect(insert('{a=~"${v}"}', ['a', 'b|c'], true)).toBe('{a=~"(a|b\\\\|c)"}')
    expect(insert('${v:pipe} ${v:csv} [[v]]', ['a', 'b'], true)).toBe('a|b a,b (a|b)')
    expect(insert('$other $v1', ['a'], false)).toBe('$other $v1')
  })

  const source: VariableSource = {
    labelNames: () => Promise.resolve(['job']),
    labelValues: (label, selector) =>
      Promise.resolve(selector.includes('b') ? ['b2', 'b1', 'b10'] : [label + '2', label + '1']),
    queryResult: () => Promise.resolve(['up{job="a"} 1 0', 'up{job="b"} 0 0']),
    series: () => Promise.resolve([]),
  }
  const resolve = async (
    list: object[],
    chosen: [string, string[]][] = [],
  ): Promise<[string, string[], string[]][]> => {
    const { variables } = readDashboard({ panels: [], templating: { list } })
    const resolved = await resolveVariables(variables, new Map(chosen), source, new Map())
    return resolved.map((one) => [
      one.def.name,
      one.options.map((option) => option.value),
      one.selected,
    ])
  }

  test('depend on each other, whatever their order in the file', async () => {
    const second = { name: 'y', type: 'query', query: 'label_values(up{x="$x"}, y)', sort: 3 }
    expect(
      await resolve([second, { name: 'x', type: 'custom', query: 'a, shown : b' }], [['x', ['b']]]),
    ).toEqual([
      ['y', ['b1', 'b2', 'b10'], ['b1']],
      ['x', ['a', 'b'], ['b']],
    ])
  })

  test('regexes pick, All stands for all, what is gone gives way', async () => {
    const query = {
      name: 'q',
      type: 'query',
      query: { query: 'query_result(up)', refId: 'A' },
      regex: '/job="(.*)"/',
      includeAll: true,
      current: { value: ['gone'] },
    }
    expect(await resolve([query])).toEqual([['q', ['a', 'b'], [ALL]]])
    const [def] = readDashboard({
      panels: [],
      templating: { list: [{ ...query, allValue: '.+' }] },
    }).variables
    expect(variableValue({ def, options: [], selected: [ALL], error: '' })).toMatchObject({
      raw: '.+',
    })
  })
})

describe('what is drawn', () => {
  const matrix = (metric: Record<string, string>, ...values: [number, string][]): QueryData => ({
    resultType: 'matrix',
    result: [{ metric, values }],
  })
  const draw = (panel: object, ...data: QueryData[]): ReturnType<typeof preparePanel> => {
    const read = panelOf(panel)
    const queries: PanelQuery[] = panelQueries(read, { ...context, toMs: 60_000 })
    return preparePanel(
      read,
      queries.flatMap((query, i) => toFrames(query, data[i])),
      new Map(),
    )
  }

  test('series with names, gaps, units and legend values', () => {
    const view = draw(
      {
        type: 'timeseries',
        targets: [{ expr: 'up', legendFormat: '{{job}} up' }],
        fieldConfig: { defaults: { unit: 's' } },
        options: { legend: { calcs: ['max'] } },
      },
      matrix({ __name__: 'up', job: 'a' }, [0, '1'], [30, '2']),
    )
    if (view.kind !== 'timeseries') throw new Error(view.kind)
    expect(view.series[0].name).toBe('a up')
    expect([...view.t]).toEqual([0, 15_000, 30_000, 45_000, 60_000])
    expect([...view.series[0].values]).toEqual([1, NaN, 2, NaN, NaN])
    expect([view.calcTitles, view.series[0].calcs]).toEqual([['Max'], ['2 s']])
  })

  test('old overrides: a colour, the right axis, a stack', () => {
    const view = draw(
      {
        type: 'graph',
        stack: true,
        nullPointMode: 'null as zero',
        targets: [{ expr: 'up', legendFormat: 'a' }],
        aliasColors: { a: '#123456' },
        seriesOverrides: [{ alias: '/^a/', yaxis: 2 }],
        yaxes: [{ format: 'short' }, { format: 'percent' }],
      },
      matrix({}, [0, '1']),
    )
    if (view.kind !== 'timeseries') throw new Error(view.kind)
    expect(view.series[0]).toMatchObject({
      colour: { css: '#123456' },
      axis: 'right',
      stackGroup: 'A',
    })
    expect([...view.series[0].values]).toEqual([1, 0, 0, 0, 0])
    expect(view.series[0].format(5)).toBe('5%')
  })

  test('a stat takes its colour from thresholds and its text from mappings', () => {
    const defaults = {
      thresholds: {
        steps: [
          { value: null, color: 'green' },
          { value: 1, color: 'red' },
        ],
      },
      mappings: [{ type: 'value', options: { 2: { text: 'TWO' } } }],
    }
    expect(
      draw(
        { type: 'stat', targets: [{ expr: 'x' }], fieldConfig: { defaults } },
        matrix({}, [0, '2']),
      ),
    ).toMatchObject({
      tiles: [{ text: 'TWO', colour: { status: 'crit' } }],
    })
    expect(
      draw(
        {
          type: 'singlestat',
          valueName: 'current',
          prefix: '~',
          thresholds: '1,3',
          colors: ['green', 'orange', 'red'],
          targets: [{ expr: 'x' }],
        },
        matrix({}, [0, '2']),
      ),
    ).toMatchObject({
      tiles: [{ text: '~2', colour: { status: 'warn' } }],
    })
  })

  test('a gauge between its bounds', () => {
    const view = draw(
      { type: 'gauge', targets: [{ expr: 'x' }], fieldConfig: { defaults: { min: 0, max: 10 } } },
      matrix({}, [0, '4']),
    )
    expect(view).toMatchObject({ gauges: [{ ratio: 0.4, text: '4' }] })
  })

  test('tables merge queries by their labels and follow organize', () => {
    const vector = (value: string): QueryData => ({
      resultType: 'vector',
      result: [{ metric: { job: 'a', x: '1' }, value: [60, value] }],
    })
    const target = (refId: string): object => ({
      refId,
      expr: 'up',
      format: 'table',
      instant: true,
    })
    const view = draw(
      {
        type: 'table',
        targets: [target('A'), target('B')],
        transformations: [
          { id: 'merge' },
          {
            id: 'organize',
            options: {
              excludeByName: { Time: true, x: true },
              renameByName: { 'Value #B': 'Second' },
            },
          },
        ],
      },
      vector('1'),
      vector('2'),
    )
    if (view.kind !== 'table') throw new Error(view.kind)
    expect(view.columns.map((column) => column.name)).toEqual(['job', 'Value #A', 'Second'])
    expect(view.rows.map((row) => row.map((one) => one.text))).toEqual([['a', '1', '2']])
  })
})
