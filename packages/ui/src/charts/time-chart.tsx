/**
 * Lines, areas, bars and points over time, drawn by uPlot on a canvas. The chart is made anew when
 * its series or their look change; new samples alone are only redrawn.
 */
import { useContext, useEffect, useRef, useState, type ReactElement } from 'react'
import type UPlot from 'uplot'
import { useTheme } from '../shell/theme.ts'
import { buildChart, chartData } from './build-chart.ts'
import type { ChartAxis, TimeChartProps } from './chart.ts'
import { ChartMarksContext, MarkLinks, plotBox, type PlotBox } from './marks.tsx'
import type { ChartTip } from './tooltip.ts'

export function TimeChart(given: TimeChartProps): ReactElement {
  const pageMarks = useContext(ChartMarksContext)
  const props = given.marks || given.isElapsed ? given : { ...given, marks: pageMarks }
  const [box, setBox] = useState<PlotBox | null>(null)
  const host = useRef<HTMLDivElement>(null)
  const chart = useRef<UPlot | null>(null)
  const tip = useRef<ChartTip | null>(null)
  const latest = useRef(props)
  latest.current = props
  const theme = useTheme()
  const shape = shapeOf(props) + theme

  useEffect(() => {
    const element = host.current!
    const built = buildChart(
      element,
      () => latest.current,
      (u) => setBox((old) => plotBox(u, old)),
    )
    chart.current = built.chart
    tip.current = built.tip
    const observer = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = element
      if (width > 0 && height > 0) built.chart.setSize({ width, height })
    })
    observer.observe(element)
    return () => {
      observer.disconnect()
      built.tip.remove()
      built.chart.destroy()
      chart.current = null
    }
  }, [shape])

  useEffect(() => {
    chart.current?.setData(chartData(props), true)
    tip.current?.refresh()
  }, [props.times, props.series, props.fromMs, props.toMs])

  useEffect(() => chart.current?.redraw(false, false), [props.marks])

  return (
    <div
      className="chart"
      style={props.height === undefined ? undefined : { height: props.height }}
    >
      <div
        className="chart-surface"
        ref={host}
        role="img"
        aria-label={props.label}
        data-testid="chart"
      />
      {box && props.marks && (
        <MarkLinks marks={props.marks} box={box} fromMs={props.fromMs} toMs={props.toMs} />
      )}
    </div>
  )
}

/** All that makes another chart: everything but the samples and the range. */
function shapeOf(props: TimeChartProps): string {
  const { series, left, right, thresholds, syncKey, tooltip, tooltipSort } = props
  const { isTooltipShared, isElapsed } = props
  const axis = (one: ChartAxis | undefined): unknown =>
    one && { ...one, sample: one.format(1234.5) }
  return JSON.stringify([
    series.map((one) => ({ ...one, values: undefined, format: undefined })),
    [axis(left), axis(right)],
    [thresholds, syncKey, tooltip, tooltipSort, isTooltipShared, isElapsed],
  ])
}
