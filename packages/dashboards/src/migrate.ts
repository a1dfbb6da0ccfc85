/**
 * Panels of Grafana's Angular time (graph, singlestat, old table), a third of all dashboards: their
 * settings in today's terms.
 */
import type {
  FieldConfig,
  LegendOptions,
  StatPanel,
  TablePanel,
  TimeseriesPanel,
  GaugePanel,
  Transformation,
} from './dashboard.ts'
import {
  type Json,
  flagOf,
  isObject,
  listOf,
  numberOf,
  objectOf,
  objectsOf,
  textOf,
} from './json.ts'

type Property = { id: string; value: unknown }

export function migrateGraph(
  panel: Json,
): Pick<TimeseriesPanel, 'legend' | 'tooltip' | 'tooltipSort' | 'fieldConfig'> {
  const [left, right] = objectsOf(panel.yaxes)
  const decimals = numberOf(panel.decimals)
  const defaults = {
    ...(decimals === undefined ? {} : { decimals }),
    ...axisSettings(left ?? {}),
    custom: graphCustom(panel, left ?? {}),
    ...graphThresholds(panel),
  }
  const overrides = [...aliasColours(panel), ...seriesOverrides(panel, right ?? {})]
  return {
    legend: graphLegend(objectOf(panel.legend)),
    tooltip: flagOf(objectOf(panel.tooltip).shared, true) ? 'multi' : 'single',
    tooltipSort: OLD_SORTS[numberOf(objectOf(panel.tooltip).sort) ?? 0] ?? 'none',
    fieldConfig: { defaults, overrides },
  }
}

const OLD_SORTS = ['none', 'asc', 'desc'] as const

function axisSettings(axis: Json): Json {
  const out: Record<string, unknown> = { unit: textOf(axis.format, 'short') }
  const [min, max, decimals] = [numberOf(axis.min), numberOf(axis.max), numberOf(axis.decimals)]
  if (min !== undefined) out.min = min
  if (max !== undefined) out.max = max
  if (decimals !== undefined) out.decimals = decimals
  return out
}

function graphCustom(panel: Json, axis: Json): Json {
  const isStacked = flagOf(panel.stack)
  const logBase = numberOf(axis.logBase) ?? 1
  return {
    drawStyle: flagOf(panel.bars) ? 'bars' : flagOf(panel.lines, true) ? 'line' : 'points',
    lineWidth: numberOf(panel.linewidth) ?? 1,
    fillOpacity: (numberOf(panel.fill) ?? 1) * 10,
    pointSize: (numberOf(panel.pointradius) ?? 2) * 2,
    showPoints: flagOf(panel.points) ? 'always' : 'never',
    lineInterpolation: flagOf(panel.steppedLine) ? 'stepAfter' : 'linear',
    spanNulls: panel.nullPointMode === 'connected',
    nullAsZero: panel.nullPointMode === 'null as zero',
    stacking: { mode: isStacked ? (flagOf(panel.percentage) ? 'percent' : 'normal') : 'none' },
    axisLabel: textOf(axis.label),
    ...(logBase > 1 ? { scaleDistribution: { type: 'log', log: logBase } } : {}),
  }
}

const LEGEND_CALCS: readonly (readonly [old: string, calc: string])[] = [
  ['min', 'min'],
  ['max', 'max'],
  ['avg', 'mean'],
  ['current', 'lastNotNull'],
  ['total', 'sum'],
]

function graphLegend(legend: Json): LegendOptions {
  const calcs = LEGEND_CALCS.filter(([old]) => flagOf(legend[old])).map(([, calc]) => calc)
  const sorted = LEGEND_CALCS.find(([old]) => old === legend.sort)?.[1]
  return {
    isShown: flagOf(legend.show, true),
    mode: flagOf(legend.alignAsTable) ? 'table' : 'list',
    placement: flagOf(legend.rightSide) ? 'right' : 'bottom',
    calcs: flagOf(legend.values, true) ? calcs : [],
    hidesEmpty: flagOf(legend.hideEmpty),
    hidesZero: flagOf(legend.hideZero),
    ...(sorted === undefined
      ? {}
      : { sort: { calc: sorted, isDescending: flagOf(legend.sortDesc) } }),
  }
}

function graphThresholds(panel: Json): Json {
  const old = objectsOf(panel.thresholds).filter((one) => numberOf(one.value) !== undefined)
  if (old.length === 0) return {}
  const colours = new Map([
    ['critical', 'red'],
    ['warning', 'orange'],
    ['ok', 'green'],
  ])
  const steps = old.map((one) => ({
    value: numberOf(one.value),
    color: colours.get(textOf(one.colorMode)) ?? (textOf(one.lineColor) || 'red'),
  }))
  return {
    thresholds: { mode: 'absolute', steps: [{ value: null, color: 'transparent' }, ...steps] },
    thresholdsDrawn: true,
  }
}

const aliasColours = (panel: Json): FieldConfig['overrides'] =>
  Object.entries(objectOf(panel.aliasColors)).map(([name, colour]) => ({
    matcher: { id: 'byName', options: name },
    properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: colour } }],
  }))

/** Entries are sometimes lists inside the list: all are taken. */
function seriesOverrides(panel: Json, rightAxis: Json): FieldConfig['overrides'] {
  return listOf(panel.seriesOverrides)
    .flat(2)
    .filter(isObject)
    .filter((one) => textOf(one.alias) !== '')
    .map((one) => {
      const alias = textOf(one.alias)
      const isRegex = /^\/.*\/[a-z]*$/.test(alias)
      return {
        matcher: { id: isRegex ? 'byRegexp' : 'byName', options: alias },
        properties: overrideProperties(one, rightAxis),
      }
    })
}

const OVERRIDES: readonly (readonly [old: string, make: (value: unknown) => Property])[] = [
  ['color', (value) => ({ id: 'color', value: { mode: 'fixed', fixedColor: value } })],
  ['linewidth', (value) => ({ id: 'custom.lineWidth', value })],
  ['fill', (value) => ({ id: 'custom.fillOpacity', value: (numberOf(value) ?? 0) * 10 })],
  ['bars', (value) => ({ id: 'custom.drawStyle', value: value === true ? 'bars' : 'line' })],
  ['lines', (value) => ({ id: 'custom.lineWidth', value: value === false ? 0 : 1 })],
  [
    'dashes',
    (value) => ({
      id: 'custom.lineStyle',
      value: value === true ? { fill: 'dash' } : { fill: 'solid' },
    }),
  ],
  [
    'steppedLine',
    (value) => ({ id: 'custom.lineInterpolation', value: value === true ? 'stepAfter' : 'linear' }),
  ],
  [
    'stack',
    (value) => ({
      id: 'custom.stacking',
      value: { mode: value === false ? 'none' : 'normal', group: textOf(value, 'A') },
    }),
  ],
  ['points', (value) => ({ id: 'custom.showPoints', value: value === true ? 'always' : 'never' })],
  ['pointradius', (value) => ({ id: 'custom.pointSize', value: (numberOf(value) ?? 2) * 2 })],
  ['nullPointMode', (value) => ({ id: 'custom.spanNulls', value: value === 'connected' })],
  ['fillBelowTo', (value) => ({ id: 'custom.fillBelowTo', value })],
  ['transform', (value) => ({ id: 'custom.transform', value })],
  ['hiddenSeries', (value) => ({ id: 'custom.hideFrom', value: { viz: value === true } })],
  ['legend', (value) => ({ id: 'custom.hideFrom', value: { legend: value === false } })],
]

function overrideProperties(one: Json, rightAxis: Json): Property[] {
  const properties = OVERRIDES.flatMap(([old, make]) =>
    one[old] === undefined ? [] : [make(one[old])],
  )
  if (numberOf(one.yaxis) === 2) {
    properties.push(
      { id: 'custom.axisPlacement', value: 'right' },
      { id: 'unit', value: textOf(rightAxis.format, 'short') },
    )
    for (const bound of ['min', 'max'])
      if (numberOf(rightAxis[bound]) !== undefined)
        properties.push({ id: bound, value: numberOf(rightAxis[bound]) })
  }
  return properties
}

const SINGLESTAT_CALCS = new Map([
  ['avg', 'mean'],
  ['current', 'lastNotNull'],
  ['total', 'sum'],
  ['first', 'firstNotNull'],
  ['diff', 'diff'],
  ['range', 'range'],
  ['min', 'min'],
  ['max', 'max'],
  ['delta', 'delta'],
  ['name', 'lastNotNull'],
])

type Single =
  | Pick<GaugePanel, 'kind' | 'calc' | 'isBar' | 'isAllValues' | 'fieldConfig'>
  | (Omit<StatPanel, keyof BaseOnly> & { fieldConfig: FieldConfig })
type BaseOnly = Omit<GaugePanel, 'kind' | 'calc' | 'isBar' | 'isAllValues'>

export function migrateSinglestat(panel: Json): Single {
  const gauge = objectOf(panel.gauge)
  const calc = SINGLESTAT_CALCS.get(textOf(panel.valueName, 'avg')) ?? 'mean'
  const fieldConfig: FieldConfig = {
    defaults: {
      unit: textOf(panel.format, 'none'),
      ...(numberOf(panel.decimals) === undefined ? {} : { decimals: numberOf(panel.decimals) }),
      ...(panel.nullText === undefined ? {} : { noValue: panel.nullText }),
      ...(flagOf(gauge.show)
        ? { min: numberOf(gauge.minValue) ?? 0, max: numberOf(gauge.maxValue) ?? 100 }
        : {}),
      thresholds: singlestatThresholds(panel),
      mappings: singlestatMappings(panel),
    },
    overrides: [],
  }
  if (flagOf(gauge.show))
    return { kind: 'gauge', calc, isBar: false, isAllValues: false, fieldConfig }
  return {
    kind: 'stat',
    calc,
    isAllValues: false,
    colorMode: flagOf(panel.colorBackground)
      ? 'background'
      : flagOf(panel.colorValue)
        ? 'value'
        : 'none',
    graphMode: flagOf(objectOf(panel.sparkline).show) ? 'area' : 'none',
    textMode: panel.valueName === 'name' ? 'name' : 'value',
    prefix: textOf(panel.prefix),
    postfix: textOf(panel.postfix),
    fieldConfig,
  }
}

/** `thresholds: "50,80"` with three colours. */
function singlestatThresholds(panel: Json): Json {
  const limits = textOf(panel.thresholds)
    .split(',')
    .map(numberOf)
    .filter((one) => one !== undefined)
  const colours = listOf(panel.colors).map((colour) => textOf(colour, 'green'))
  const colourAt = (i: number): string => colours[i] ?? ['green', 'orange', 'red'][Math.min(i, 2)]
  return {
    mode: 'absolute',
    steps: [null, ...limits].map((value, i) => ({
      value,
      color: limits.length === 0 ? 'text' : colourAt(i),
    })),
  }
}

function singlestatMappings(panel: Json): Json[] {
  const values = objectsOf(panel.valueMaps).map((one) =>
    one.value === 'null'
      ? { type: 'special', options: { match: 'null', result: { text: textOf(one.text) } } }
      : { type: 'value', options: { [textOf(one.value)]: { text: textOf(one.text) } } },
  )
  const ranges = objectsOf(panel.rangeMaps).map((one) =>
    one.from === 'null'
      ? { type: 'special', options: { match: 'null', result: { text: textOf(one.text) } } }
      : {
          type: 'range',
          options: {
            from: numberOf(one.from) ?? null,
            to: numberOf(one.to) ?? null,
            result: { text: textOf(one.text) },
          },
        },
  )
  return numberOf(panel.mappingType) === 2 ? ranges : values
}

/** `styles[]` of the old table. */
export function migrateTable(
  panel: Json,
  config: FieldConfig,
): Pick<TablePanel, 'sortBy' | 'fieldConfig' | 'transformations'> {
  const overrides = objectsOf(panel.styles)
    .filter((style) => textOf(style.pattern) !== '')
    .map((style) => {
      const pattern = textOf(style.pattern)
      const properties: Property[] = []
      if (style.type === 'hidden') properties.push({ id: 'custom.hidden', value: true })
      if (textOf(style.alias) !== '') properties.push({ id: 'displayName', value: style.alias })
      if (style.type === 'number' && textOf(style.unit) !== '')
        properties.push({ id: 'unit', value: style.unit })
      if (style.type === 'number' && numberOf(style.decimals) !== undefined)
        properties.push({ id: 'decimals', value: style.decimals })
      return {
        matcher: { id: /^\/.*\/$/.test(pattern) ? 'byRegexp' : 'byName', options: pattern },
        properties,
      }
    })
  const column = numberOf(objectOf(panel.sort).col)
  const sortBy =
    column === undefined
      ? undefined
      : { column: `#${column}`, isDescending: flagOf(objectOf(panel.sort).desc) }
  return {
    sortBy,
    transformations: oldTransform(panel),
    fieldConfig: { defaults: config.defaults, overrides: [...overrides, ...config.overrides] },
  }
}

/** How an old table made rows of its series, as today's transformations. */
function oldTransform(panel: Json): Transformation[] {
  const given = objectsOf(panel.transformations)
  if (given.length > 0)
    return given.map((one) => ({ id: textOf(one.id), options: objectOf(one.options) }))
  const calcs = objectsOf(panel.columns).map(
    (column) => OLD_CALCS.get(textOf(column.value)) ?? 'lastNotNull',
  )
  switch (panel.transform) {
    case 'timeseries_to_columns':
      return [{ id: 'seriesToColumns', options: {} }]
    case 'timeseries_to_rows':
      return [{ id: 'seriesToRows', options: {} }]
    case 'timeseries_aggregations':
      return [{ id: 'reduce', options: { reducers: calcs.length > 0 ? calcs : ['mean'] } }]
    case 'table':
      return [{ id: 'merge', options: {} }]
    default:
      return []
  }
}

const OLD_CALCS = new Map([
  ['avg', 'mean'],
  ['current', 'lastNotNull'],
  ['total', 'sum'],
  ['min', 'min'],
  ['max', 'max'],
  ['count', 'count'],
])
