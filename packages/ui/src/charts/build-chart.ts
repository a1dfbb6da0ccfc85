/** From a chart's description to uPlot's options. */
import UPlot from 'uplot'
import { computedColor, faded } from './palette.ts'
import { stack } from './stack.ts'
import { ELAPSED_STEPS, elapsedLabel, timeLabels } from './time-axis.ts'
import type { ChartAxis, ChartMark, ChartSeries, ChartThreshold, TimeChartProps } from './chart.ts'
import { createTip, type ChartTip } from './tooltip.ts'

const FONT = '11px "Inter Variable", Inter, sans-serif'
/** A drag shorter than this is a click. */
const DRAG_MIN_PX = 6
const DEFAULT_WIDTH_PX = 300
const DEFAULT_HEIGHT_PX = 150

export function chartData(props: TimeChartProps): UPlot.AlignedData {
  const shown = props.series.map((one) => (one.isHidden ? undefined : one.stackGroup))
  const { values } = stack(
    props.series.map((one) => one.values),
    shown,
  )
  return [props.times, ...values] as UPlot.AlignedData
}

/**
 * `current` gives the newest properties: callbacks and formats are read when they are needed. `onDrawn`
 * hears of every drawing, when the plot's place is known.
 */
export function buildChart(
  host: HTMLElement,
  current: () => TimeChartProps,
  onDrawn: (chart: UPlot) => void,
): { chart: UPlot; tip: ChartTip } {
  const props = current()
  const tip = createTip(host.parentElement!, current)
  const color = (css: string): string => computedColor(host, css)
  const hasRight = props.series.some((one) => one.axis === 'right')
  const options: UPlot.Options = {
    width: host.clientWidth || DEFAULT_WIDTH_PX,
    height: host.clientHeight || DEFAULT_HEIGHT_PX,
    legend: { show: false },
    padding: [8, hasRight ? 0 : 24, 0, 0],
    scales: {
      x: {
        time: props.isElapsed !== true,
        range: () => [current().fromMs / 1000, current().toMs / 1000],
      },
      left: valueScale(() => current().left),
      ...(hasRight ? { right: valueScale(() => current().right ?? current().left) } : {}),
    },
    axes: [
      timeAxis(color, props.isElapsed === true),
      valueAxis('left', () => current().left, color),
      ...(hasRight ? [valueAxis('right', () => current().right ?? current().left, color)] : []),
    ],
    series: [{}, ...props.series.map((one) => seriesOptions(one, color))],
    bands: stackBands(props, color),
    cursor: cursorOptions(props, current),
    hooks: {
      setSelect: [(u) => onSelect(u, current)],
      setCursor: [(u) => tip.update(u)],
      draw: [onDrawn],
      drawAxes: [
        (u) => shadeMarks(u, current().marks ?? [], color),
        (u) => drawThresholds(u, props.thresholds ?? [], color),
      ],
    },
  }
  const chart = new UPlot(options, chartData(props), host)
  // The canvas measures text with the font it has; draw again once the real one is there.
  void document.fonts.load(FONT).then(() => {
    if (chart.root.isConnected) chart.redraw(false, true)
  })
  return { chart, tip }
}

function valueScale(axis: () => ChartAxis): UPlot.Scale {
  const { logBase } = axis()
  return {
    ...(logBase ? { distr: 3 as const, log: (logBase === 2 ? 2 : 10) as 2 | 10 } : {}),
    range: (_, dataMin, dataMax) => {
      const { min, max, softMin, softMax } = axis()
      if (logBase) {
        const low = dataMin > 0 ? dataMin : 1
        return UPlot.rangeLog(min ?? low, max ?? Math.max(low * 10, dataMax), 10, true)
      }
      return valueRange(dataMin, dataMax, { min, max, softMin, softMax })
    },
  }
}

/** From the data's ends to the axis's: zero is kept in view when it is near, 10 % air above. */
function valueRange(
  dataMin: number | null,
  dataMax: number | null,
  ends: Pick<ChartAxis, 'min' | 'max' | 'softMin' | 'softMax'>,
): [number, number] {
  let low = Math.min(dataMin ?? 0, ends.softMin ?? Infinity)
  let high = Math.max(dataMax ?? 1, ends.softMax ?? -Infinity)
  const air = (high - low || Math.abs(high) || 1) * 0.1
  const isNearZero = low >= 0 && low <= (high - low || high)
  low = isNearZero ? 0 : low - air
  high = high <= 0 && high + air > 0 ? 0 : high + air
  low = ends.min ?? low
  high = ends.max ?? high
  return high > low ? [low, high] : [low, low + 1]
}

function timeAxis(color: (css: string) => string, isElapsed: boolean): UPlot.Axis {
  return {
    stroke: color('var(--fg2)'),
    font: FONT,
    size: 24,
    gap: 4,
    space: 70,
    grid: { stroke: color('var(--grid)'), width: 1 },
    ticks: { show: false },
    ...(isElapsed ? { incrs: ELAPSED_STEPS } : {}),
    values: (_, splits, __, ___, step) =>
      isElapsed ? splits.map(elapsedLabel) : timeLabels(splits, step),
  }
}

function valueAxis(
  scale: 'left' | 'right',
  axis: () => ChartAxis,
  color: (css: string) => string,
): UPlot.Axis {
  const { label } = axis()
  return {
    scale,
    side: scale === 'left' ? 3 : 1,
    stroke: color('var(--fg2)'),
    font: FONT,
    gap: 6,
    space: 32,
    grid: { show: scale === 'left', stroke: color('var(--grid)'), width: 1 },
    ticks: { show: false },
    size: (u, values) => {
      u.ctx.font = FONT
      const widths = (values ?? []).map((text) => (text ? u.ctx.measureText(text).width : 0))
      return Math.ceil(Math.max(18, ...widths)) + 12
    },
    values: (_, splits) => splits.map((value) => (value === null ? '' : axis().format(value))),
    ...(label ? { label, labelFont: FONT, labelSize: 18, labelGap: 0 } : {}),
  }
}

function seriesOptions(one: ChartSeries, color: (css: string) => string): UPlot.Series {
  const isBars = one.style === 'bars'
  const isPoints = one.style === 'points'
  const opacity = one.fillOpacity ?? 0
  const paths = pathBuilder(one)
  return {
    label: one.name,
    show: !one.isHidden,
    scale: one.axis ?? 'left',
    stroke: color(one.color),
    width: isPoints ? 0 : (one.lineWidth ?? 1.5),
    ...(opacity > 0 ? { fill: color(faded(one.color, opacity)) } : {}),
    ...(one.dash ? { dash: one.dash } : {}),
    ...(one.spanNulls ? { spanGaps: true } : {}),
    ...(paths ? { paths } : {}),
    points: { fill: color(one.color), width: 0, ...pointOptions(one, isBars, isPoints) },
  }
}

/** A sample with a gap on both sides would be invisible as a line: it is drawn as a point. */
function pointOptions(one: ChartSeries, isBars: boolean, isPoints: boolean): UPlot.Series.Points {
  if (isBars) return { show: false }
  if (isPoints || one.showPoints) return { show: true, size: 4 }
  return {
    size: 4,
    show: true,
    filter: (u, index) => lonePoints(u.data[index]!),
  }
}

function lonePoints(values: ArrayLike<number | null | undefined>): number[] {
  const alone: number[] = []
  for (let i = 0; i < values.length; i++) {
    if (values[i] == null) continue
    if (values[i - 1] == null && values[i + 1] == null) alone.push(i)
  }
  return alone
}

function pathBuilder(one: ChartSeries): UPlot.Series.PathBuilder | undefined {
  const { paths } = UPlot
  if (one.style === 'bars') return paths.bars!({ size: [0.8, 60, 1], align: 0 })
  if (one.style === 'points') return () => null
  if (one.interpolation === 'smooth') return paths.spline!()
  if (one.interpolation === 'stepAfter') return paths.stepped!({ align: 1 })
  if (one.interpolation === 'stepBefore') return paths.stepped!({ align: -1 })
  return undefined
}

/** A stacked area reaches down to the series below it. */
function stackBands(props: TimeChartProps, color: (css: string) => string): UPlot.Band[] {
  const { below } = stack(
    props.series.map(() => []),
    props.series.map((one) => (one.isHidden ? undefined : one.stackGroup)),
  )
  return below.flatMap((under, i) => {
    if (under === undefined) return []
    const one = props.series[i]!
    return [
      {
        series: [i + 1, under + 1] as [number, number],
        fill: color(faded(one.color, one.fillOpacity ?? 0)),
      },
    ]
  })
}

function cursorOptions(props: TimeChartProps, current: () => TimeChartProps): UPlot.Cursor {
  return {
    x: true,
    y: false,
    points: { size: 6, width: 1 },
    drag: { x: true, y: false, setScale: false, dist: DRAG_MIN_PX },
    focus: { prox: 24 },
    bind: {
      dblclick: () => () => {
        current().onZoomOut?.()
        return null
      },
    },
    ...(props.syncKey
      ? {
          sync: {
            key: props.syncKey,
            scales: ['x', null] as [string, null],
            filters: {
              pub: (type) => type === 'mousemove' || type === 'mouseleave' || type === 'mouseenter',
            },
          },
        }
      : {}),
  }
}

function onSelect(u: UPlot, current: () => TimeChartProps): void {
  const { left, width } = u.select
  if (width < DRAG_MIN_PX) return
  const from = u.posToVal(left, 'x')
  const to = u.posToVal(left + width, 'x')
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  current().onZoom?.(Math.round(from * 1000), Math.round(to * 1000))
}

/** Light enough that a line of any colour stays in front. */
const SHADE = 0.06

function shadeMarks(u: UPlot, marks: readonly ChartMark[], color: (css: string) => string): void {
  const { ctx, bbox } = u
  const at = (ms: number): number =>
    clamp(u.valToPos(ms / 1000, 'x', true), bbox.left, bbox.left + bbox.width)
  ctx.save()
  for (const mark of marks) {
    const left = at(mark.fromMs)
    ctx.fillStyle = color(faded(mark.color, SHADE))
    ctx.fillRect(left, bbox.top, Math.max(devicePixelRatio, at(mark.toMs) - left), bbox.height)
  }
  ctx.restore()
}

function drawThresholds(
  u: UPlot,
  thresholds: ChartThreshold[],
  color: (css: string) => string,
): void {
  const { ctx, bbox } = u
  const sorted = [...thresholds].sort((a, b) => a.value - b.value)
  for (const [i, threshold] of sorted.entries()) {
    const y = clamp(u.valToPos(threshold.value, 'left', true), bbox.top, bbox.top + bbox.height)
    ctx.save()
    if (threshold.look === 'area') {
      const next = sorted[i + 1]
      const top = next
        ? clamp(u.valToPos(next.value, 'left', true), bbox.top, bbox.top + bbox.height)
        : bbox.top
      ctx.fillStyle = color(faded(threshold.color, 0.1))
      ctx.fillRect(bbox.left, top, bbox.width, y - top)
    } else {
      ctx.strokeStyle = color(threshold.color)
      ctx.lineWidth = devicePixelRatio
      if (threshold.look === 'dashed') ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio])
      ctx.beginPath()
      ctx.moveTo(bbox.left, y)
      ctx.lineTo(bbox.left + bbox.width, y)
      ctx.stroke()
    }
    ctx.restore()
  }
}

const clamp = (value: number, low: number, high: number): number =>
  Math.min(Math.max(value, low), high)
