/** From Grafana's JSON, schema version 8 to 42, to the model. */
import type {
  Dashboard,
  FieldConfig,
  GridPos,
  LegendOptions,
  Link,
  Panel,
  RowPanel,
  Target,
  Transformation,
} from './dashboard.ts'
import {
  type Json,
  flagOf,
  isObject,
  numberOf,
  objectOf,
  objectsOf,
  textOf,
  textsOf,
} from './json.ts'
import { migrateFieldConfig, migrateOptions } from './migrate-options.ts'
import { migrateGraph, migrateSinglestat, migrateTable } from './migrate.ts'
import { reducerColumn } from './reduce.ts'
import { isV2, toClassic } from './read-v2.ts'
import { readVariables } from './read-variables.ts'

/** What is given is not a dashboard at all. */
export class DashboardError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'DashboardError'
  }
}

/** Pixels of one row of the grid with its gap, for `rows[]` of before version 16. */
const GRID_ROW_PX = 38
const ROW_HEIGHT_DEFAULT_PX = 250
const COLUMNS = 24

/** Throws DashboardError when `json` is no dashboard; anything odd inside one is tolerated. */
export function readDashboard(json: unknown): Dashboard {
  const outer = objectOf(json)
  const raw = isObject(outer.dashboard) ? outer.dashboard : outer
  if (isV2(raw)) return { ...readDashboard(toClassic(raw)), raw }
  if (!Array.isArray(raw.panels) && !Array.isArray(raw.rows))
    throw new DashboardError(
      `not a Grafana dashboard: got ${shapeOf(json)}, expected a JSON object with "panels" or "rows"`,
    )
  const time = objectOf(raw.time)
  const isOld = objectsOf(raw.panels).length === 0 && objectsOf(raw.rows).length > 0
  const panels = withOwnIds(
    isOld ? readOldRows(objectsOf(raw.rows)) : readPanels(objectsOf(raw.panels)),
  )
  return {
    uid: textOf(raw.uid),
    title: textOf(raw.title, 'Untitled'),
    description: textOf(raw.description),
    tags: textsOf(raw.tags),
    time: { from: textOf(time.from, 'now-6h'), to: textOf(time.to, 'now') },
    refresh: textOf(raw.refresh),
    timezone: textOf(raw.timezone),
    isCrosshairShared: (numberOf(raw.graphTooltip) ?? 0) > 0 || flagOf(raw.sharedCrosshair),
    links: objectsOf(raw.links).map(readLink),
    variables: readVariables(objectsOf(objectOf(raw.templating).list)),
    panels,
    raw,
  }
}

/** Files written by hand or by tools repeat ids: the second of the same gets another. */
function withOwnIds(panels: Panel[]): Panel[] {
  const all = panels.flatMap((panel) => (panel.kind === 'row' ? [panel, ...panel.panels] : [panel]))
  let next = Math.max(0, ...all.map((panel) => panel.id)) + 1
  const taken = new Set<number>()
  for (const panel of all) {
    if (taken.has(panel.id)) panel.id = next++
    taken.add(panel.id)
  }
  return panels
}

function shapeOf(json: unknown): string {
  if (!isObject(json)) return json === null ? 'null' : Array.isArray(json) ? 'a list' : typeof json
  const keys = Object.keys(json)
  if (keys.length === 0) return 'an empty object'
  return `an object with ${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ', …' : ''}`
}

function readPanels(list: readonly Json[]): Panel[] {
  return list
    .map((panel, i) => readPanel(panel, gridOf(panel, i), i))
    .sort((a, b) => a.grid.y - b.grid.y || a.grid.x - b.grid.x)
}

/** A panel without a place goes below the others, full width. */
function gridOf(panel: Json, index: number): GridPos {
  const grid = objectOf(panel.gridPos)
  return {
    x: numberOf(grid.x) ?? 0,
    y: numberOf(grid.y) ?? 10_000 + index * 8,
    w: numberOf(grid.w) ?? COLUMNS,
    h: numberOf(grid.h) ?? (panel.type === 'row' ? 1 : 8),
  }
}

/** `rows[]` with spans of 12 become rows and panels in the grid of 24. */
function readOldRows(rows: readonly Json[]): Panel[] {
  const out: Panel[] = []
  const hasTitles = rows.some((row) => flagOf(row.showTitle) || flagOf(row.collapse))
  let y = 0
  let id = 1_000_000
  for (const row of rows) {
    const h = Math.max(
      2,
      Math.ceil((Number.parseFloat(textOf(row.height)) || ROW_HEIGHT_DEFAULT_PX) / GRID_ROW_PX),
    )
    const isCollapsed = flagOf(row.collapse)
    const header = hasTitles
      ? (readPanel(
          { type: 'row', id: id++, title: row.title, collapsed: isCollapsed, repeat: row.repeat },
          { x: 0, y: y++, w: COLUMNS, h: 1 },
          0,
        ) as RowPanel)
      : undefined
    if (header !== undefined) out.push(header)
    const inside: Panel[] = []
    let x = 0
    for (const panel of objectsOf(row.panels)) {
      const w = Math.min(COLUMNS, Math.max(1, Math.round((numberOf(panel.span) ?? 4) * 2)))
      if (x + w > COLUMNS) {
        x = 0
        y += h
      }
      inside.push(readPanel(panel, { x, y, w, h }, id++))
      x += w
    }
    if (isCollapsed && header !== undefined) header.panels = inside
    else {
      out.push(...inside)
      y += h
    }
  }
  return out
}

/** One case per panel type: long, and best read as one table. */
function readPanel(panel: Json, grid: GridPos, index: number): Panel {
  const type = textOf(panel.type, 'unknown')
  const options = migrateOptions(panel)
  const base = {
    id: numberOf(panel.id) ?? index,
    type,
    title: textOf(panel.title),
    description: textOf(panel.description),
    grid,
    targets: objectsOf(panel.targets).map((target, i) => readTarget(target, i, panel.datasource)),
    interval: textOf(panel.interval),
    maxDataPoints: numberOf(panel.maxDataPoints),
    timeFrom: textOf(panel.timeFrom),
    timeShift: textOf(panel.timeShift),
    fieldConfig: readFieldConfig(migrateFieldConfig(panel)),
    transformations: objectsOf(panel.transformations)
      .filter((one) => !flagOf(one.disabled))
      .filter((one) => !flagOf(one.disabled))
      .map(readTransformation),
    links: objectsOf(panel.links).map(readLink),
    isTransparent: flagOf(panel.transparent),
    repeat: textOf(panel.repeat),
    repeatDirection: panel.repeatDirection === 'v' ? ('v' as const) : ('h' as const),
    maxPerRow: numberOf(panel.maxPerRow) ?? 0,
    scoped: new Map<string, never>(),
  }
  const reduce = objectOf(options.reduceOptions)
  const calc = textsOf(reduce.calcs)[0] ?? 'lastNotNull'
  switch (type) {
    case 'timeseries':
      return {
        ...base,
        kind: 'timeseries',
        legend: readLegend(objectOf(options.legend)),
        tooltip: tooltipOf(objectOf(options.tooltip).mode),
        tooltipSort: oneOf(objectOf(options.tooltip).sort, ['none', 'asc', 'desc'], 'none'),
      }
    case 'graph':
      return { ...base, kind: 'timeseries', ...migrateGraph(panel) }
    case 'stat':
      return {
        ...base,
        kind: 'stat',
        calc,
        isAllValues: flagOf(reduce.values),
        colorMode: oneOf(
          options.colorMode,
          ['none', 'value', 'background'],
          options.colorMode === 'background_solid' ? 'background' : 'value',
        ),
        graphMode: oneOf(options.graphMode, ['none', 'area'], 'area'),
        textMode: oneOf(
          options.textMode,
          ['auto', 'value', 'name', 'value_and_name', 'none'],
          'auto',
        ),
        prefix: '',
        postfix: '',
      }
    case 'singlestat':
      return { ...base, ...migrateSinglestat(panel) }
    case 'gauge':
    case 'bargauge':
      return {
        ...base,
        kind: 'gauge',
        calc,
        isAllValues: flagOf(reduce.values),
        isBar: type === 'bargauge',
      }
    case 'table':
    case 'table-old':
      return {
        ...base,
        kind: 'table',
        ...(Array.isArray(panel.styles)
          ? migrateTable(panel, base.fieldConfig)
          : { sortBy: sortOf(objectsOf(options.sortBy)[0]) }),
      }
    case 'text':
      return {
        ...base,
        kind: 'text',
        mode: oneOf(options.mode ?? panel.mode, ['markdown', 'html', 'code'], 'markdown'),
        content: textOf(options.content ?? panel.content),
      }
    case 'row':
      return {
        ...base,
        kind: 'row',
        isCollapsed: flagOf(panel.collapsed),
        panels: readPanels(objectsOf(panel.panels)),
      }
    default:
      return { ...base, kind: 'unsupported' }
  }
}

const sortOf = (sort: Json | undefined): { column: string; isDescending: boolean } | undefined =>
  sort === undefined
    ? undefined
    : { column: textOf(sort.displayName), isDescending: flagOf(sort.desc) }

const oneOf = <T extends string>(value: unknown, allowed: readonly T[], missing: T): T =>
  allowed.find((one) => one === value) ?? missing

const tooltipOf = (mode: unknown): 'single' | 'multi' | 'none' =>
  oneOf(mode, ['single', 'multi', 'none'], 'single')

const readTransformation = (one: Json): Transformation => ({
  id: textOf(one.id),
  options: objectOf(one.options),
})

function readLegend(legend: Json): LegendOptions {
  const mode = textOf(legend.displayMode, 'list')
  const calcs = textsOf(legend.calcs)
  // Named by the title of its column.
  const sorted = calcs.find((calc) => reducerColumn(calc) === textOf(legend.sortBy))
  return {
    isShown: flagOf(legend.showLegend, true) && mode !== 'hidden',
    mode: mode === 'table' ? 'table' : 'list',
    placement: legend.placement === 'right' ? 'right' : 'bottom',
    calcs,
    ...(sorted === undefined
      ? {}
      : { sort: { calc: sorted, isDescending: flagOf(legend.sortDesc) } }),
  }
}

const readLink = (link: Json): Link => ({
  title: textOf(link.title),
  kind: link.type === 'dashboards' ? 'dashboards' : 'link',
  url: textOf(link.url) || textOf(link.dashUri),
  tags: textsOf(link.tags),
  tooltip: textOf(link.tooltip),
  keepsTime: flagOf(link.keepTime),
  includesVariables: flagOf(link.includeVars),
  isNewTab: flagOf(link.targetBlank),
  isDropdown: flagOf(link.asDropdown),
})

function readFieldConfig(config: Json): FieldConfig {
  return {
    defaults: objectOf(config.defaults),
    overrides: objectsOf(config.overrides).map((one) => ({
      matcher: { id: textOf(objectOf(one.matcher).id), options: objectOf(one.matcher).options },
      properties: objectsOf(one.properties).map((property) => ({
        id: textOf(property.id),
        value: property.value,
      })),
    })),
  }
}

function readTarget(target: Json, index: number, panelSource: unknown): Target {
  const datasource = target.datasource ?? panelSource
  const format = textOf(target.format)
  return {
    refId: textOf(target.refId) || String.fromCharCode(65 + (index % 26)),
    expr: textOf(target.expr),
    legendFormat: textOf(target.legendFormat),
    format: format === 'table' || format === 'heatmap' ? format : 'time_series',
    isInstant: flagOf(target.instant) && !flagOf(target.range),
    isHidden: flagOf(target.hide),
    interval: textOf(target.interval),
    intervalFactor: Math.max(1, numberOf(target.intervalFactor) ?? 1),
    isPrometheus: isPrometheus(datasource, target),
    datasource: sourceName(datasource),
  }
}

const OTHER_SOURCES =
  /^(-- (Grafana|Dashboard) --|grafana|loki|tempo|jaeger|zipkin|elasticsearch|influxdb|graphite|cloudwatch|mysql|postgres|mssql|stackdriver|testdata|.*-datasource)$/i

/** Whatever is or may be a Prometheus is ours: null, unknown names, `${DS_…}`. */
function isPrometheus(datasource: unknown, target: Json): boolean {
  const type = isObject(datasource) ? textOf(datasource.type) : ''
  if (type !== '' && type !== 'prometheus' && type !== 'datasource') return false
  return typeof target.expr === 'string' && !OTHER_SOURCES.test(sourceName(datasource))
}

const sourceName = (datasource: unknown): string =>
  isObject(datasource) ? textOf(datasource.uid) || textOf(datasource.type) : textOf(datasource)
