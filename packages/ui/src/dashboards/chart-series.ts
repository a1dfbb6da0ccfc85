/** From a prepared panel to what the chart draws. */
import type { TimeseriesView } from '@vigie/dashboards'
import type { ChartAxis, ChartSeries } from '../charts/chart.ts'
import { seriesDash } from '../charts/palette.ts'
import { fillColor } from './css-colour.ts'

/** `ids` name the series for `hidden`. */
export function chartSeries(
  view: TimeseriesView,
  ids: string[],
  hidden: ReadonlySet<string>,
): ChartSeries[] {
  const values = view.series.map((one) => drawnValues(one.values, one.isNegative))
  const drawn = view.isPercentStacked
    ? shares(
        values,
        view.series.map((one, i) => (hidden.has(ids[i]!) ? '' : one.stackGroup)),
      )
    : values
  return view.series.map((one, i) => ({
    name: one.name,
    color: fillColor(one.colour),
    values: drawn[i]!,
    lineWidth: Math.max(one.lineWidth, one.draw === 'line' && one.lineWidth > 0 ? 1.5 : 0),
    fillOpacity: one.fillOpacity,
    dash: one.isDashed
      ? [8, 5]
      : 'palette' in one.colour
        ? seriesDash(one.colour.palette)
        : undefined,
    style: one.draw,
    interpolation: one.isStepped ? 'stepAfter' : 'linear',
    stackGroup: one.stackGroup === '' ? undefined : one.stackGroup + one.axis,
    axis: one.axis,
    spanNulls: one.spansGaps,
    showPoints: one.hasPoints,
    isHidden: hidden.has(ids[i]!),
    format: view.isPercentStacked ? percent : (value) => one.format(value),
  }))
}

/** NaN and infinities are gaps: a canvas has no place for them. */
function drawnValues(values: Float64Array, isNegative: boolean): (number | null)[] {
  return Array.from(values, (value) =>
    Number.isFinite(value) ? (isNegative ? -value : value) : null,
  )
}

/** Each value as percent of its group's sum at that moment; '' is no group. */
export function shares(values: (number | null)[][], groups: string[]): (number | null)[][] {
  const sums = new Map<string, number[]>()
  for (const [i, row] of values.entries()) {
    const sum = sums.get(groups[i]!) ?? row.map(() => 0)
    for (const [t, value] of row.entries()) sum[t] = sum[t]! + Math.abs(value ?? 0)
    sums.set(groups[i]!, sum)
  }
  return values.map((row, i) => {
    const sum = sums.get(groups[i]!)!
    if (groups[i] === '') return row
    return row.map((value, t) => (value === null || sum[t] === 0 ? null : (value / sum[t]!) * 100))
  })
}

const percent = (value: number): string => `${Number(value.toFixed(1))}%`

export function leftAxis(view: TimeseriesView): ChartAxis {
  const first = view.series.find((one) => one.axis === 'left') ?? view.series[0]
  if (view.isPercentStacked) return { format: percent, min: 0, max: 100 }
  return {
    format: (value) => first?.format(value) ?? String(value),
    min: view.min,
    max: view.max,
    softMin: view.softMin,
    softMax: view.softMax,
    logBase: view.isLogarithmic ? 10 : undefined,
    label: view.axisLabel || undefined,
  }
}
