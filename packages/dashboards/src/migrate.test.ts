/** Settings of old panels in today's terms: one case per setting. */
import { expect, test } from 'vitest'
import { type Panel, panelQueries, preparePanel, readDashboard, toFrames } from './index.ts'

const panelOf = (panel: object): Panel => readDashboard({ panels: [panel] }).panels[0]

test('graph: what holds for all series', () => {
  const check = (settings: object, want: object): void =>
    expect(panelOf({ type: 'graph', ...settings }).fieldConfig.defaults).toMatchObject(want)
  check({ linewidth: 2, fill: 3 }, { custom: { lineWidth: 2, fillOpacity: 30 } })
  check({ bars: true, lines: false }, { custom: { drawStyle: 'bars' } })
  check({ lines: false, points: true }, { custom: { drawStyle: 'points', showPoints: 'always' } })
  check({ steppedLine: true }, { custom: { lineInterpolation: 'stepAfter' } })
  check({ stack: true, percentage: true }, { custom: { stacking: { mode: 'percent' } } })
  check({ nullPointMode: 'connected' }, { custom: { spanNulls: true } })
  check(
    { decimals: 2, yaxes: [{ format: 's', min: '0', logBase: 10 }] },
    {
      unit: 's',
      decimals: 2,
      min: 0,
      custom: { scaleDistribution: { type: 'log', log: 10 } },
    },
  )
})

test('graph: what holds for one series', () => {
  const check = (override: object, ...want: object[]): void =>
    expect(
      panelOf({
        type: 'graph',
        yaxes: [{}, { format: 'bytes' }],
        seriesOverrides: [{ alias: 'a', ...override }],
      }).fieldConfig.overrides[0],
    ).toEqual({ matcher: { id: 'byName', options: 'a' }, properties: want })
  check({ color: '#123' }, { id: 'color', value: { mode: 'fixed', fixedColor: '#123' } })
  check({ dashes: true }, { id: 'custom.lineStyle', value: { fill: 'dash' } })
  check({ stack: 'B' }, { id: 'custom.stacking', value: { mode: 'normal', group: 'B' } })
  check({ nullPointMode: 'connected' }, { id: 'custom.spanNulls', value: true })
  check({ transform: 'negative-Y' }, { id: 'custom.transform', value: 'negative-Y' })
  check(
    { yaxis: 2 },
    { id: 'custom.axisPlacement', value: 'right' },
    { id: 'unit', value: 'bytes' },
  )
})

test('legends, old and new', () => {
  const check = (panel: object, want: object): void =>
    expect(panelOf(panel)).toMatchObject({ legend: want })
  check(
    {
      type: 'graph',
      legend: { values: true, avg: true, max: true, sort: 'max', sortDesc: true, hideZero: true },
    },
    { calcs: ['max', 'mean'], sort: { calc: 'max', isDescending: true }, hidesZero: true },
  )
  check(
    {
      type: 'timeseries',
      options: {
        legend: { calcs: ['lastNotNull'], sortBy: 'Last *', sortDesc: true, displayMode: 'table' },
      },
    },
    { mode: 'table', sort: { calc: 'lastNotNull', isDescending: true } },
  )
  check({ type: 'timeseries', options: { legend: { displayMode: 'hidden' } } }, { isShown: false })
})

test('gauges of Grafana 6', () => {
  const fieldOptions = {
    calcs: ['max'],
    defaults: {
      unit: 'percent',
      min: 0,
      max: 100,
      thresholds: [
        { index: 0, value: null, color: 'green' },
        { index: 1, value: 80, color: 'red' },
      ],
    },
    override: {},
  }
  expect(panelOf({ type: 'gauge', options: { fieldOptions } })).toMatchObject({
    calc: 'max',
    fieldConfig: {
      defaults: {
        unit: 'percent',
        thresholds: { mode: 'absolute', steps: [{ value: null }, { value: 80 }] },
      },
      overrides: [],
    },
  })
  const valueOptions = { unit: 's', stat: 'avg' }
  expect(panelOf({ type: 'gauge', options: { valueOptions, maxValue: 10 } })).toMatchObject({
    calc: 'mean',
    fieldConfig: { defaults: { unit: 's', max: 10 } },
  })
})

test('old tables: how series became rows', () => {
  const check = (transform: string, want: object): void =>
    expect(
      panelOf({ type: 'table', styles: [], transform, columns: [{ value: 'current' }] })
        .transformations,
    ).toMatchObject([want])
  check('timeseries_to_rows', { id: 'seriesToRows' })
  check('timeseries_to_columns', { id: 'seriesToColumns' })
  check('timeseries_aggregations', { id: 'reduce', options: { reducers: ['lastNotNull'] } })
  check('table', { id: 'merge' })
})

test('buckets in heatmap format stand each for itself, by their bounds', () => {
  const panel = panelOf({
    type: 'bargauge',
    targets: [{ expr: 'x', format: 'heatmap', legendFormat: '{{le}}', instant: true }],
  })
  const context = {
    fromMs: 0,
    toMs: 1000,
    widthPx: 100,
    scrapeIntervalMs: 1000,
    variables: new Map(),
  }
  const [query] = panelQueries(panel, context)
  const bucket = (
    le: string,
    value: string,
  ): { metric: Record<string, string>; value: [number, string] } => ({
    metric: { le },
    value: [1, value],
  })
  const frames = toFrames(query, {
    resultType: 'vector',
    result: [bucket('+Inf', '9'), bucket('10', '7'), bucket('2', '4')],
  })
  expect(frames.map((frame) => [frame.name, frame.v[0]])).toEqual([
    ['2', 4],
    ['10', 3],
    ['+Inf', 2],
  ])
  expect(preparePanel(panel, frames, new Map())).toMatchObject({
    gauges: [{ text: '4' }, { text: '3' }, { text: '2' }],
  })
})
