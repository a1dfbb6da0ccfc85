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

export interface TimeChartProps {
  /** Seconds, ascending. */
  times: number[]
  series: ChartSeries[]
  left: ChartAxis
  right?: ChartAxis | undefined
  fromMs: number
  toMs: number
  thresholds?: ChartThreshold[]
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
