/** A chart over time, described: what is drawn, how it looks, what happens on a drag. */

export interface ChartSeries {
  name: string
  /** Any CSS colour, also a variable of the theme. */
  color: string
  /** As long as `times`; null is a gap. */
  values: (number | null)[]
  lineWidth?: number
  /** 0 to 1; 0 or absent is no area. */
  fillOpacity?: number
  dash?: number[] | undefined
  style?: 'line' | 'bars' | 'points'
  interpolation?: 'linear' | 'smooth' | 'stepBefore' | 'stepAfter'
  /** Series of one group are stacked in their order. */
  stackGroup?: string | undefined
  axis?: 'left' | 'right'
  spanNulls?: boolean
  showPoints?: boolean
  isHidden?: boolean
  /** Writes a value; the axis's format when absent. */
  format?: (value: number) => string
}

export interface ChartAxis {
  format: (value: number) => string
  min?: number | undefined
  max?: number | undefined
  softMin?: number | undefined
  softMax?: number | undefined
  logBase?: number | undefined
  label?: string | undefined
}

export interface ChartThreshold {
  value: number
  color: string
  look: 'line' | 'dashed' | 'area'
}

/** A stretch of time in which something went on: shaded, named in the tooltip, linked at the top. */
export interface ChartMark {
  id: string
  fromMs: number
  toMs: number
  /** What went on, and how it went. */
  title: string
  /** Any CSS colour. */
  color: string
  href: string
}

export interface TimeChartProps {
  /** Seconds, ascending: since the epoch, or since a start when `isElapsed`. */
  times: number[]
  isElapsed?: boolean
  series: ChartSeries[]
  left: ChartAxis
  right?: ChartAxis | undefined
  fromMs: number
  toMs: number
  thresholds?: ChartThreshold[]
  /** Left out: those that the page has for all its charts. */
  marks?: readonly ChartMark[]
  /** Charts with the same key share their crosshair. */
  syncKey?: string | undefined
  tooltip?: 'all' | 'nearest' | 'none'
  tooltipSort?: 'none' | 'asc' | 'desc'
  /** Also show the tooltip when the pointer is on another chart of the key. */
  isTooltipShared?: boolean
  onZoom?: ((fromMs: number, toMs: number) => void) | undefined
  onZoomOut?: (() => void) | undefined
  /** Fixed height in px; absent: fills its parent. */
  height?: number
  label: string
}
