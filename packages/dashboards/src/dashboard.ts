/** A Grafana dashboard of any schema version, as one model. Made by `readDashboard`. */
import type { Variables } from './interpolate.ts'
import type { Json } from './json.ts'

export interface Dashboard {
  uid: string
  title: string
  description: string
  tags: string[]
  /** As written: `now-6h`, or an ISO time. */
  time: { from: string; to: string }
  /** `10s`; '' for none. */
  refresh: string
  timezone: string
  /** Whether hovering one chart shows on all. */
  isCrosshairShared: boolean
  variables: VariableDef[]
  /** Top level: panels and rows, in reading order. What a collapsed row hides is in the row. */
  panels: Panel[]
  links: Link[]
  /** What was read, untouched. */
  raw: Json
}

/** In the 24-column grid; a row of it is 30 px high, 8 px apart. */
export interface GridPos {
  x: number
  y: number
  w: number
  h: number
}

interface PanelBase {
  id: number
  /** As written in the JSON (`graph`, `singlestat`, …). */
  type: string
  title: string
  description: string
  grid: GridPos
  targets: Target[]
  /** Lower bound of the step: `1m`, `>10s`, `$interval`; '' for none. */
  interval: string
  maxDataPoints: number | undefined
  timeFrom: string
  timeShift: string
  fieldConfig: FieldConfig
  transformations: Transformation[]
  links: Link[]
  isTransparent: boolean
  /** Name of the variable to repeat over; '' for none. */
  repeat: string
  repeatDirection: 'h' | 'v'
  /** Copies side by side at most; 0 for four. */
  maxPerRow: number
  /** Variables with a value of this panel's own: what its copy stands for. Set by `repeatPanels`. */
  scoped: Variables
}

export interface TimeseriesPanel extends PanelBase {
  kind: 'timeseries'
  legend: LegendOptions
  tooltip: 'single' | 'multi' | 'none'
  /** Order of the tooltip's lines by value. */
  tooltipSort: 'none' | 'asc' | 'desc'
}
export interface StatPanel extends PanelBase {
  kind: 'stat'
  calc: string
  /** Show every value of the frame instead of one reduced value per series. */
  isAllValues: boolean
  colorMode: 'none' | 'value' | 'background'
  graphMode: 'none' | 'area'
  textMode: 'auto' | 'value' | 'name' | 'value_and_name' | 'none'
  /** Old panels put text around the value. */
  prefix: string
  postfix: string
}
export interface GaugePanel extends PanelBase {
  kind: 'gauge'
  calc: string
  /** Show every value of the frame instead of one reduced value per series. */
  isAllValues: boolean
  /** A horizontal or vertical bar per series instead of an arc. */
  isBar: boolean
}
export interface TablePanel extends PanelBase {
  kind: 'table'
  sortBy: { column: string; isDescending: boolean } | undefined
}
export interface TextPanel extends PanelBase {
  kind: 'text'
  mode: 'markdown' | 'html' | 'code'
  content: string
}
export interface RowPanel extends PanelBase {
  kind: 'row'
  isCollapsed: boolean
  /** Those of a collapsed row; of an open one they follow it on the top level. */
  panels: Panel[]
}
/** Shown with title and type. */
export interface UnsupportedPanel extends PanelBase {
  kind: 'unsupported'
}

export type Panel =
  | TimeseriesPanel
  | StatPanel
  | GaugePanel
  | TablePanel
  | TextPanel
  | RowPanel
  | UnsupportedPanel

/** To elsewhere; how it becomes an address: `linkUrl`. */
export interface Link {
  title: string
  /** `dashboards` stands for all dashboards that have the tags. */
  kind: 'link' | 'dashboards'
  url: string
  tags: string[]
  tooltip: string
  keepsTime: boolean
  includesVariables: boolean
  isNewTab: boolean
  isDropdown: boolean
}

export interface LegendOptions {
  isShown: boolean
  mode: 'list' | 'table'
  placement: 'bottom' | 'right'
  calcs: string[]
  /** Order of the lines by one of the calculations. */
  sort?: { calc: string; isDescending: boolean }
  /** Series without a value, or with nothing but zeros, are not listed. */
  hidesEmpty?: boolean
  hidesZero?: boolean
}

export interface Target {
  refId: string
  expr: string
  legendFormat: string
  format: 'time_series' | 'table' | 'heatmap'
  isInstant: boolean
  isHidden: boolean
  /** Lower bound of the step of this query. */
  interval: string
  intervalFactor: number
  /** Whether a Prometheus answers it; other data sources are shown as such. */
  isPrometheus: boolean
  datasource: string
}

export interface Transformation {
  id: string
  options: Json
}

export interface FieldConfig {
  defaults: FieldSettings
  overrides: {
    matcher: { id: string; options: unknown }
    properties: { id: string; value: unknown }[]
  }[]
}

/** Grafana's `fieldConfig.defaults`, read when used. */
export type FieldSettings = Json

export type VariableType =
  | 'query'
  | 'custom'
  | 'interval'
  | 'datasource'
  | 'textbox'
  | 'constant'
  | 'adhoc'

export interface VariableDef {
  name: string
  label: string
  type: VariableType
  /** The query, the comma-separated values, the intervals. */
  query: string
  /** `/regex/` over what the query gives; '' for none. */
  regex: string
  /** 0 none, 1 and 2 alphabetical, 3 and 4 numerical, 5 and 6 alphabetical without case, 7 and 8 natural; even ones fall. */
  sort: number
  isMulti: boolean
  hasAll: boolean
  /** Inserted raw for All; '' for all values. */
  allValue: string
  /** 0 shown, 1 without label, 2 hidden. */
  hide: number
  /** Selected in the file. */
  current: string[]
  /** An interval variable that can also follow the range: into how many parts, at least how long each. */
  auto?: { count: number; min: string }
  /** Ask again when the time range changes. */
  isRefreshedByTime: boolean
}
