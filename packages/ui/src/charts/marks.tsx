/** What went on in the time of a page's charts, and the links at the top of each chart that lead there. */
import { createContext, type ReactElement } from 'react'
import type UPlot from 'uplot'
import { Link } from 'wouter'
import type { ChartMark } from './chart.ts'
import { markLanes } from './mark-lanes.ts'

/** Marks that every chart of a page shows. */
export const ChartMarksContext = createContext<readonly ChartMark[]>([])

/** Where a chart draws its lines, CSS pixels within the chart. */
export interface PlotBox {
  left: number
  top: number
  width: number
}

/** The same object as `old` when nothing has moved. */
export function plotBox(chart: UPlot, old: PlotBox | null): PlotBox {
  const scale = devicePixelRatio
  const { left, top, width } = chart.bbox
  const box = { left: left / scale, top: top / scale, width: width / scale }
  const isSame =
    old !== null && old.left === box.left && old.top === box.top && old.width === box.width
  return isSame ? old : box
}

const LANE_PX = 6
/** With more, the way through a page by keyboard would be long; the list of runs has them all. */
const STOPS_MAX = 5

export function MarkLinks({
  marks,
  box,
  fromMs,
  toMs,
}: {
  marks: readonly ChartMark[]
  box: PlotBox
  fromMs: number
  toMs: number
}): ReactElement | null {
  const placed = markLanes(marks, fromMs, toMs)
  if (placed.length === 0) return null
  return (
    <div
      className="chart-marks"
      style={{ left: box.left, top: box.top, width: box.width }}
      data-testid="chart-marks"
    >
      {placed.map(({ mark, left, width, lane }) => (
        <Link
          key={mark.id}
          className="chart-mark"
          href={mark.href}
          title={mark.title}
          aria-label={mark.title}
          tabIndex={placed.length > STOPS_MAX ? -1 : 0}
          style={{
            left: `${left * 100}%`,
            width: `${width * 100}%`,
            top: lane * LANE_PX,
            background: mark.color,
          }}
        />
      ))}
    </div>
  )
}
