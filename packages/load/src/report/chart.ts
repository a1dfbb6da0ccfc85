/** A chart of lines over time as SVG, with what a small script needs for a read-out on hover. */
import { escapeHtml } from './escape.ts'

export interface ChartLine {
  label: string
  /** One of the colours c1 … c4 of the style sheet. */
  colour: 1 | 2 | 3 | 4
  /** One per step; null: nothing to show. */
  values: readonly (number | null)[]
  isFilled?: boolean
}

export interface Chart {
  title: string
  lines: readonly ChartLine[]
  stepMs: number
  /** How a value reads. */
  format: (value: number) => string
  /** A level worth seeing, such as that of a threshold. */
  limit?: number
}

const WIDTH = 600
const HEIGHT = 180
const LEFT = 58
const RIGHT = 8
const TOP = 8
const BOTTOM = 22
const GRID_LINES = 4
const TIME_LABELS = 4

export function chartHtml(chart: Chart): string {
  const { title, lines, limit } = chart
  const length = Math.max(2, ...lines.map(({ values }) => values.length))
  const all = lines.flatMap(({ values }) => values.filter((value) => value !== null))
  const top = niceTop(Math.max(0, limit ?? 0, ...all))
  const x = (i: number): number => LEFT + (i / (length - 1)) * (WIDTH - LEFT - RIGHT)
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM)
  const body = [
    gridOf(chart, top, y),
    timesOf(chart, length, x),
    ...lines.map((line) => lineSvg(line, x, y)),
    limit === undefined
      ? ''
      : `<line class="limit" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(y(limit))}" y2="${round(y(limit))}"/>`,
    `<line class="cursor" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>`,
  ]
  const data = {
    step: chart.stepMs,
    left: LEFT / WIDTH,
    right: RIGHT / WIDTH,
    lines: lines.map(({ label, values }) => ({
      label,
      texts: values.map((value) => (value === null ? '–' : chart.format(value))),
    })),
  }
  const legend = lines
    .map(({ label, colour }) => `<span><i class="c${colour}"></i>${escapeHtml(label)}</span>`)
    .join('')
  return `<figure class="chart"><figcaption><b>${escapeHtml(title)}</b><span class="legend">${legend}</span></figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">${body.join('')}</svg><output></output><script type="application/json">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script></figure>`
}

function gridOf({ format }: Chart, top: number, y: (value: number) => number): string {
  return Array.from({ length: GRID_LINES + 1 }, (_, i) => {
    const value = (top * i) / GRID_LINES
    const at = round(y(value))
    return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/><text x="${LEFT - 6}" y="${at + 4}" text-anchor="end">${escapeHtml(format(value))}</text>`
  }).join('')
}

function timesOf({ stepMs }: Chart, length: number, x: (i: number) => number): string {
  return Array.from({ length: TIME_LABELS + 1 }, (_, i) => {
    const index = Math.round(((length - 1) * i) / TIME_LABELS)
    const anchor = i === 0 ? 'start' : i === TIME_LABELS ? 'end' : 'middle'
    return `<text x="${round(x(index))}" y="${HEIGHT - 6}" text-anchor="${anchor}">${clock(index * stepMs)}</text>`
  }).join('')
}

function lineSvg(
  { values, colour, isFilled }: ChartLine,
  x: (i: number) => number,
  y: (value: number) => number,
): string {
  let path = ''
  let areas = ''
  let start = 0
  const close = (end: number): void => {
    if (isFilled === true && end > start)
      areas += `${path.slice(path.lastIndexOf('M'))}L${round(x(end))} ${round(y(0))}L${round(x(start))} ${round(y(0))}Z`
  }
  values.forEach((value, i) => {
    if (value === null) return
    const isFirst = i === 0 || values[i - 1] === null
    if (isFirst) start = i
    path += `${isFirst ? 'M' : 'L'}${round(x(i))} ${round(y(value))}`
    // A point between gaps is seen, too.
    if (isFirst && (values[i + 1] ?? null) === null) path += 'h0.01'
    if ((values[i + 1] ?? null) === null) close(i)
  })
  const area = areas === '' ? '' : `<path class="area c${colour}" d="${areas}"/>`
  return `${area}<path class="line c${colour}" d="${path}"/>`
}

/** Four equal round steps up to `value` or a little more. */
function niceTop(value: number): number {
  if (value <= 0) return 1
  const step = value / GRID_LINES
  const size = 10 ** Math.floor(Math.log10(step))
  return (
    GRID_LINES *
    size *
    [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((one) => one * size >= step * 0.999)!
  )
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

/** `1:05`, `1:02:05`. */
function clock(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`
}
