/** The box that says, at the pointer's time, what each series was. */
import type UPlot from 'uplot'
import { formatDateTime } from '../time/range.ts'
import type { ChartMark, TimeChartProps } from './chart.ts'
import { elapsedLabel } from './time-axis.ts'

export interface ChartTip {
  update(chart: UPlot): void
  /** After new data, at the same place. */
  refresh(): void
  remove(): void
}

/** Series listed; the nearest ones are kept. */
const ROWS_MAX = 16
const OFFSET_PX = 14

export function createTip(host: HTMLElement, current: () => TimeChartProps): ChartTip {
  const box = document.createElement('div')
  box.className = 'chart-tip'
  box.hidden = true
  host.append(box)
  let last: UPlot | undefined

  function update(chart: UPlot): void {
    last = chart
    const props = current()
    const { idx, left = -1, top = -1 } = chart.cursor
    const isOwn = chart.cursor.event != null
    const isWanted = props.tooltip !== 'none' && (isOwn || props.isTooltipShared === true)
    if (idx == null || left < 0 || !isWanted) {
      box.hidden = true
      return
    }
    const rows = rowsAt(props, idx, chart, top)
    const time = chart.data[0][idx]
    if (rows.length === 0 || time === undefined) {
      box.hidden = true
      return
    }
    box.replaceChildren(
      timeLine(time, props.isElapsed === true),
      ...marksAt(props, time * 1000).map(markLine),
      ...rows.map(rowLine),
    )
    box.hidden = false
    place(chart, left, top)
  }

  function place(chart: UPlot, left: number, top: number): void {
    const x = left + chart.over.offsetLeft
    const y = top + chart.over.offsetTop
    const { offsetWidth: width, offsetHeight: height } = box
    const fitsRight = x + OFFSET_PX + width <= host.clientWidth
    const px = fitsRight ? x + OFFSET_PX : Math.max(x - OFFSET_PX - width, -8)
    const py = Math.min(Math.max(y - height / 2, -24), Math.max(host.clientHeight - height, -24))
    box.style.transform = `translate(${Math.round(px)}px, ${Math.round(py)}px)`
  }

  return {
    update,
    refresh() {
      if (last && !box.hidden) update(last)
    },
    remove: () => box.remove(),
  }
}

interface TipRow {
  name: string
  color: string
  value: number
  text: string
  isNearest: boolean
}

function rowsAt(props: TimeChartProps, idx: number, chart: UPlot, top: number): TipRow[] {
  const rows: TipRow[] = []
  let nearest: TipRow | undefined
  let nearestPx = Infinity
  for (const [i, one] of props.series.entries()) {
    const value = one.values[idx]
    if (one.isHidden || value == null) continue
    const axis = one.axis === 'right' ? (props.right ?? props.left) : props.left
    const row = {
      name: one.name,
      color: one.color,
      value,
      text: (one.format ?? axis.format)(value),
      isNearest: false,
    }
    rows.push(row)
    const drawn = chart.data[i + 1]?.[idx]
    if (drawn == null) continue
    const distance = Math.abs(chart.valToPos(drawn, one.axis ?? 'left') - top)
    if (distance < nearestPx) {
      nearestPx = distance
      nearest = row
    }
  }
  if (nearest) nearest.isNearest = rows.length > 1
  if (props.tooltip === 'nearest') return nearest ? [nearest] : []
  return trimmed(sorted(rows, props.tooltipSort ?? 'desc'), nearest)
}

function sorted(rows: TipRow[], order: 'none' | 'asc' | 'desc'): TipRow[] {
  if (order === 'none') return rows
  return rows.sort((a, b) => (order === 'asc' ? a.value - b.value : b.value - a.value))
}

/** At most ROWS_MAX rows, with the nearest among them. */
function trimmed(rows: TipRow[], nearest: TipRow | undefined): TipRow[] {
  if (rows.length <= ROWS_MAX) return rows
  const at = nearest ? rows.indexOf(nearest) : 0
  const start = Math.min(Math.max(0, at - ROWS_MAX / 2), rows.length - ROWS_MAX)
  return rows.slice(start, start + ROWS_MAX)
}

function timeLine(sec: number, isElapsed: boolean): HTMLElement {
  const line = document.createElement('time')
  line.textContent = isElapsed ? `${elapsedLabel(sec)} after the start` : formatDateTime(sec * 1000)
  return line
}

/** Marks named at once; more go on at the same time only by mistake. */
const MARKS_MAX = 4

const marksAt = (props: TimeChartProps, ms: number): ChartMark[] =>
  (props.marks ?? []).filter((mark) => mark.fromMs <= ms && ms <= mark.toMs).slice(0, MARKS_MAX)

function markLine(mark: ChartMark): HTMLElement {
  const line = document.createElement('div')
  line.className = 'mark'
  const swatch = document.createElement('i')
  swatch.className = 'swatch block'
  swatch.style.background = mark.color
  const name = document.createElement('span')
  name.className = 'name'
  name.textContent = mark.title
  line.append(swatch, name)
  return line
}

function rowLine(row: TipRow): HTMLElement {
  const line = document.createElement('div')
  if (row.isNearest) line.className = 'near'
  const swatch = document.createElement('i')
  swatch.className = 'swatch'
  swatch.style.background = row.color
  const name = document.createElement('span')
  name.className = 'name'
  name.textContent = row.name
  const value = document.createElement('span')
  value.className = 'value'
  value.textContent = row.text
  line.append(swatch, name, value)
  return line
}
