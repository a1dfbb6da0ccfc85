/** What is drawn of a panel: names, colours and texts decided, so that the browser only draws. */
import { type Colour, type ThresholdStep, fieldColour, thresholdSteps } from './colours.ts'
import type {
  GaugePanel,
  LegendOptions,
  Panel,
  StatPanel,
  TextPanel,
  TimeseriesPanel,
} from './dashboard.ts'
import type { Frame } from './frames.ts'
import { type Variables, interpolateText } from './interpolate.ts'
import { flagOf, numberOf, objectOf, textOf } from './json.ts'
import { reduceValues, reducerTitle } from './reduce.ts'
import {
  type Settings,
  customFlag,
  customNumber,
  customText,
  displayNumber,
  fieldSettings,
} from './settings.ts'
import { framesOf, rowFrames, tablesOf } from './tables.ts'
import { type TableView, tableView } from './table-view.ts'
import { transformTables } from './transform.ts'

export type PanelView =
  | TimeseriesView
  | { kind: 'stat'; tiles: StatTile[]; colorMode: StatPanel['colorMode'] }
  | { kind: 'gauge'; gauges: GaugeView[]; isBar: boolean }
  | TableView
  | { kind: 'text'; mode: TextPanel['mode']; content: string }
  | { kind: 'row' }
  | { kind: 'unsupported'; type: string }

export interface SeriesView {
  name: string
  colour: Colour
  /** Aligned with TimeseriesView.t; NaN is a gap. */
  values: Float64Array
  draw: 'line' | 'bars' | 'points'
  lineWidth: number
  /** 0..1 */
  fillOpacity: number
  isStepped: boolean
  isDashed: boolean
  hasPoints: boolean
  /** Lines go on over gaps. */
  spansGaps: boolean
  axis: 'left' | 'right'
  isNegative: boolean
  /** Stacked onto the earlier ones of its group; '' for none. */
  stackGroup: string
  isInLegend: boolean
  /** One per calculation of the legend. */
  calcs: string[]
  format(value: number): string
}

export interface TimeseriesView {
  kind: 'timeseries'
  /** ms since the epoch. */
  t: Float64Array
  series: SeriesView[]
  legend: LegendOptions
  /** Titles of the columns of a legend with values. */
  calcTitles: string[]
  tooltip: TimeseriesPanel['tooltip']
  tooltipSort: TimeseriesPanel['tooltipSort']
  isPercentStacked: boolean
  isLogarithmic: boolean
  /** Fixed bounds of the left axis. */
  min: number | undefined
  max: number | undefined
  softMin: number | undefined
  softMax: number | undefined
  axisLabel: string
  /** Lines to draw across. */
  thresholds: ThresholdStep[]
}

export interface StatTile {
  /** '' when it is not shown. */
  name: string
  text: string
  colour: Colour
  /** undefined: none is drawn. */
  spark: { t: Float64Array; v: Float64Array } | undefined
}

export interface GaugeView {
  name: string
  text: string
  /** 0..1 between min and max; NaN for no value. */
  ratio: number
  colour: Colour
  /** Of the arc's outer ring, as fractions. */
  steps: { from: number; to: number; colour: Colour }[]
}

/** `frames` of all queries, in their order. */
export function preparePanel(
  panel: Panel,
  answers: readonly Frame[],
  dashboardVariables: Variables,
): PanelView {
  const variables = new Map([...dashboardVariables, ...panel.scoped])
  const frames = panel.kind === 'table' ? answers : transformed(panel, answers)
  switch (panel.kind) {
    case 'timeseries':
      return timeseriesView(panel, frames, variables)
    case 'stat':
      return {
        kind: 'stat',
        tiles: statTiles(panel, frames, variables),
        colorMode: panel.colorMode,
      }
    case 'gauge':
      return {
        kind: 'gauge',
        isBar: panel.isBar,
        gauges: frames.map((frame, index) => gaugeView(panel, frame, index, variables)),
      }
    case 'table':
      return tableView(panel, frames)
    case 'text':
      return { kind: 'text', mode: panel.mode, content: interpolateText(panel.content, variables) }
    case 'row':
      return { kind: 'row' }
    case 'unsupported':
      return { kind: 'unsupported', type: panel.type }
  }
}

/** Tables transform themselves; of other panels every column of numbers is a series again. */
function transformed(panel: Panel, frames: readonly Frame[]): readonly Frame[] {
  if (frames.length === 0 || panel.transformations.length === 0) return frames
  const tables = transformTables(tablesOf(frames), panel.transformations)
  const isAllValues = (panel.kind === 'stat' || panel.kind === 'gauge') && panel.isAllValues
  return isAllValues ? rowFrames(tables, frames[0]) : framesOf(tables, frames[0])
}

function settingsOf(panel: Panel, frame: Frame): Settings {
  return fieldSettings(panel.fieldConfig, { name: frame.name, refId: frame.refId, type: 'number' })
}

function displayName(settings: Settings, frame: Frame, variables: Variables): string {
  const template = textOf(settings.displayName)
  if (template === '') return frame.name
  return interpolateText(template, variables)
    .replace(/\$\{__field\.labels\.(\w+)\}/g, (_whole, label: string) => frame.labels[label] ?? '')
    .replace(/\$\{__series\.name\}|\$\{__field\.(?:displayName|name)\}|\$__cell_0/g, frame.name)
}

function timeseriesView(
  panel: TimeseriesPanel,
  frames: readonly Frame[],
  variables: Variables,
): TimeseriesView {
  const t = sharedTime(frames)
  const defaults = fieldSettings(panel.fieldConfig, { name: '', refId: '', type: 'number' })
  const [min, max] = [numberOf(defaults.min), numberOf(defaults.max)]
  const style = textOf(objectOf(defaults['custom.thresholdsStyle']).mode, 'off')
  const isDrawn = style !== 'off' || flagOf(defaults.thresholdsDrawn)
  const steps = thresholdSteps(defaults, min ?? 0, max ?? 100)
  const shown = frames
    .map((frame) => ({ frame, settings: settingsOf(panel, frame) }))
    .filter(({ settings }) => !flagOf(objectOf(settings['custom.hideFrom']).viz))
  const series = shown.map(({ frame, settings }, index) =>
    seriesView(panel, frame, settings, { t, index, steps, variables }),
  )
  return {
    kind: 'timeseries',
    t,
    series,
    legend: panel.legend,
    calcTitles: panel.legend.calcs.map(reducerTitle),
    tooltip: panel.tooltip,
    tooltipSort: panel.tooltipSort,
    isPercentStacked: objectOf(defaults['custom.stacking']).mode === 'percent',
    isLogarithmic: objectOf(defaults['custom.scaleDistribution']).type === 'log',
    min,
    max,
    softMin: numberOf(defaults['custom.axisSoftMin']),
    softMax: numberOf(defaults['custom.axisSoftMax']),
    axisLabel: customText(defaults, 'axisLabel'),
    thresholds: isDrawn ? steps.filter((step) => Number.isFinite(step.value)) : [],
  }
}

interface SeriesContext {
  t: Float64Array
  index: number
  steps: ThresholdStep[]
  variables: Variables
}

function seriesView(
  panel: TimeseriesPanel,
  frame: Frame,
  settings: Settings,
  context: SeriesContext,
): SeriesView {
  const values = alignTo(context.t, frame)
  if (customFlag(settings, 'nullAsZero'))
    for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) values[i] = 0
  const stacking = objectOf(settings['custom.stacking'])
  const isStacked = stacking.mode === 'normal' || stacking.mode === 'percent'
  const draw = customText(settings, 'drawStyle', 'line')
  const format = (value: number): string => displayNumber(value, settings).text
  return {
    name: displayName(settings, frame, context.variables),
    colour: fieldColour(settings, {
      index: context.index,
      value: reduceValues(
        values,
        textOf(objectOf(settings.color).seriesBy, 'last') === 'last'
          ? 'lastNotNull'
          : textOf(objectOf(settings.color).seriesBy),
      ),
      ...bounds(settings, values),
      steps: context.steps,
      missingMode: 'palette-classic',
    }),
    values,
    draw: draw === 'bars' || draw === 'points' ? draw : 'line',
    lineWidth: customNumber(settings, 'lineWidth', 1),
    fillOpacity: customNumber(settings, 'fillOpacity', 0) / 100,
    isStepped: customText(settings, 'lineInterpolation').startsWith('step'),
    isDashed: textOf(objectOf(settings['custom.lineStyle']).fill) === 'dash',
    hasPoints: customText(settings, 'showPoints') === 'always',
    spansGaps: customFlag(settings, 'spanNulls') || customNumber(settings, 'spanNulls', 0) > 0,
    axis: customText(settings, 'axisPlacement') === 'right' ? 'right' : 'left',
    isNegative: customText(settings, 'transform') === 'negative-Y',
    stackGroup: isStacked ? textOf(stacking.group, 'A') : '',
    isInLegend:
      !flagOf(objectOf(settings['custom.hideFrom']).legend) && isListed(panel.legend, values),
    calcs: panel.legend.calcs.map((calc) => format(reduceValues(values, calc))),
    format,
  }
}

function isListed(legend: LegendOptions, values: Float64Array): boolean {
  const sees = (test: (value: number) => boolean): boolean => values.some(test)
  if (legend.hidesEmpty === true && !sees((value) => !Number.isNaN(value))) return false
  return legend.hidesZero !== true || sees((value) => !Number.isNaN(value) && value !== 0)
}

/** The times of all frames together; those of one panel mostly share them. */
function sharedTime(frames: readonly Frame[]): Float64Array {
  if (frames.length === 0) return new Float64Array(0)
  const [{ t }] = frames
  const isShared = frames.every(
    (frame) => frame.t.length === t.length && frame.t[0] === t[0] && frame.t.at(-1) === t.at(-1),
  )
  if (isShared) return t
  return Float64Array.from(new Set(frames.flatMap((frame) => [...frame.t]))).sort()
}

function alignTo(t: Float64Array, frame: Frame): Float64Array {
  if (frame.t === t || (frame.t.length === t.length && frame.t[0] === t[0]))
    return Float64Array.from(frame.v)
  const out = new Float64Array(t.length).fill(Number.NaN)
  for (let i = 0, j = 0; i < t.length && j < frame.t.length; i++)
    if (frame.t[j] === t[i]) out[i] = frame.v[j++]
  return out
}

function bounds(settings: Settings, values: Float64Array): { min: number; max: number } {
  const unitMax = settings.unit === 'percentunit' ? 1 : 100
  return {
    min: numberOf(settings.min) ?? 0,
    max:
      numberOf(settings.max) ??
      (textOf(settings.unit).startsWith('percent') ? unitMax : reduceValues(values, 'max') || 100),
  }
}

function statTiles(panel: StatPanel, frames: readonly Frame[], variables: Variables): StatTile[] {
  return frames.map((frame, index) => {
    const settings = settingsOf(panel, frame)
    const value = reduceValues(frame.v, panel.calc)
    const { min, max } = bounds(settings, frame.v)
    const steps = thresholdSteps(settings, min, max)
    const display = displayNumber(value, settings)
    const colour =
      display.colour ??
      fieldColour(settings, { index, value, min, max, steps, missingMode: 'thresholds' })
    const isNameShown =
      panel.textMode === 'name' ||
      panel.textMode === 'value_and_name' ||
      (panel.textMode === 'auto' && frames.length > 1)
    const name = displayName(settings, frame, variables)
    return {
      name: isNameShown && panel.textMode !== 'name' ? name : '',
      text:
        panel.textMode === 'none'
          ? ''
          : panel.textMode === 'name'
            ? name
            : panel.prefix + display.text + panel.postfix,
      colour,
      spark:
        panel.graphMode === 'area' && frame.t.length > 1 ? { t: frame.t, v: frame.v } : undefined,
    }
  })
}

function gaugeView(
  panel: GaugePanel,
  frame: Frame,
  index: number,
  variables: Variables,
): GaugeView {
  const settings = settingsOf(panel, frame)
  const value = reduceValues(frame.v, panel.calc)
  const { min, max } = bounds(settings, frame.v)
  const steps = thresholdSteps(settings, min, max)
  const display = displayNumber(value, settings)
  const fraction = (v: number): number => Math.min(1, Math.max(0, (v - min) / (max - min)))
  return {
    name: displayName(settings, frame, variables),
    text: display.text,
    ratio: fraction(value),
    colour:
      display.colour ??
      fieldColour(settings, { index, value, min, max, steps, missingMode: 'thresholds' }),
    steps: steps.map((step, i) => ({
      from: fraction(step.value),
      to: i + 1 < steps.length ? fraction(steps[i + 1].value) : 1,
      colour: step.colour,
    })),
  }
}
