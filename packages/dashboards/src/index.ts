/** All that is logic about Grafana dashboards: no DOM, no network, safe for browsers. */
export {
  colourHex,
  namedColour,
  thresholdColour,
  thresholdSteps,
  type Colour,
  type ThresholdStep,
} from './colours.ts'
export type {
  Dashboard,
  FieldConfig,
  GaugePanel,
  GridPos,
  LegendOptions,
  Link,
  Panel,
  RowPanel,
  StatPanel,
  TablePanel,
  Target,
  TextPanel,
  TimeseriesPanel,
  UnsupportedPanel,
  VariableDef,
  VariableType,
} from './dashboard.ts'
export { toFrames, type Frame, type QueryData } from './frames.ts'
export type { MetricInfo } from './generate-names.ts'
export { generateDashboard } from './generate.ts'
export {
  interpolateQuery,
  interpolateText,
  type VariableValue,
  type Variables,
} from './interpolate.ts'
export { formatInterval, intervalMs, parseInterval, rateIntervalMs } from './interval.ts'
export { lintDashboard, type LintProblem } from './lint.ts'
export { linkUrl, type LinkContext } from './links.ts'
export {
  preparePanel,
  type GaugeView,
  type PanelView,
  type SeriesView,
  type StatTile,
  type TimeseriesView,
} from './panel-view.ts'
export { panelQueries, panelRange, type PanelQuery, type QueryContext } from './queries.ts'
export { DashboardError, readDashboard } from './read.ts'
export { repeatPanels } from './repeat.ts'
export { reduceField, reduceValues, reducerTitle } from './reduce.ts'
export type { TableCell, TableView } from './table-view.ts'
export { type FormatOptions, type FormattedValue } from './unit-scale.ts'
export { formatValue, valueText } from './units.ts'
export {
  ALL,
  builtinVariables,
  resolveVariables,
  variableOrder,
  variableValue,
  type ResolvedVariable,
} from './variables.ts'
export type { VariableOption } from './variable-options.ts'
export { parseVariableQuery, type VariableQuery, type VariableSource } from './variable-query.ts'
export { writeDashboard } from './write.ts'
