/** Lines over time with their legend. */
import { useMemo, useState, type ReactElement } from 'react'
import type { TimeseriesView } from '@vigie/dashboards'
import { pickSeries, seriesIds } from '../charts/isolation.ts'
import { Legend, type LegendRow } from '../charts/legend.tsx'
import { TimeChart } from '../charts/time-chart.tsx'
import { chartSeries, leftAxis } from './chart-series.ts'
import { fillColor } from './css-colour.ts'
import type { PanelContext } from './panel-context.ts'

export function TimeseriesPanelView({
  view,
  context,
  title,
}: {
  view: TimeseriesView
  context: PanelContext
  title: string
}): ReactElement {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const times = useMemo(() => Array.from(view.t, (ms) => ms / 1000), [view])
  const ids = useMemo(() => seriesIds(view.series.map((one) => one.name)), [view])
  const series = useMemo(() => chartSeries(view, ids, hidden), [view, ids, hidden])
  const right = view.series.find((one) => one.axis === 'right')
  const { legend } = view
  return (
    <div className={`panel-body chart-body ${legend.placement === 'right' ? 'right' : ''}`}>
      <TimeChart
        times={times}
        series={series}
        left={leftAxis(view)}
        right={right && { format: (value) => right.format(value) }}
        fromMs={context.fromMs}
        toMs={context.toMs}
        thresholds={view.thresholds.map((step) => ({
          value: step.value,
          color: fillColor(step.colour),
          look: 'dashed',
        }))}
        syncKey={context.isCrosshairShared ? context.uid : undefined}
        tooltip={view.tooltip === 'single' ? 'nearest' : view.tooltip === 'multi' ? 'all' : 'none'}
        onZoom={context.onZoom}
        onZoomOut={context.onZoomOut}
        label={title}
      />
      {legend.isShown && (
        <Legend
          rows={legendRows(view, ids)}
          columns={view.calcTitles}
          look={legend.mode}
          hidden={hidden}
          onPick={(id, isToggle) => setHidden(pickSeries(ids, hidden, id, isToggle))}
        />
      )}
    </div>
  )
}

function legendRows(view: TimeseriesView, ids: string[]): LegendRow[] {
  return view.series.flatMap((one, i) =>
    one.isInLegend
      ? [{ id: ids[i]!, name: one.name, color: fillColor(one.colour), values: one.calcs }]
      : [],
  )
}
