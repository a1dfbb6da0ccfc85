/** Answers of the Prometheus API as named columns. */
import type { PanelQuery } from './queries.ts'

/** `data` of a query's answer. */
export type QueryData =
  | {
      resultType: 'matrix'
      result: { metric: Record<string, string>; values: [number, string][] }[]
    }
  | { resultType: 'vector'; result: { metric: Record<string, string>; value: [number, string] }[] }
  | { resultType: 'scalar' | 'string'; result: [number, string] }

/** One series. */
export interface Frame {
  refId: string
  /** By the legend format. */
  name: string
  labels: Readonly<Record<string, string>>
  /** ms since the epoch, rising; for a range query every step, for an instant one a single point. */
  t: Float64Array
  /** NaN where there is no value. */
  v: Float64Array
  query: PanelQuery
}

export function toFrames(query: PanelQuery, data: QueryData): Frame[] {
  const frames = seriesFrames(query, data)
  return query.target.format === 'heatmap' ? bucketFrames(frames) : frames
}

/** Buckets of a histogram count what the smaller ones count too: sorted by bound, each without the one before. */
function bucketFrames(frames: readonly Frame[]): Frame[] {
  const bound = ({ labels }: Frame): number =>
    labels.le === undefined ? Number.NaN : sampleValue(labels.le)
  if (frames.some((frame) => Number.isNaN(bound(frame)))) return [...frames]
  const sorted = [...frames].sort((a, b) => bound(a) - bound(b))
  return sorted.map((frame, i) => {
    const smaller = sorted[i - 1]
    if (smaller === undefined || smaller.v.length !== frame.v.length) return frame
    return { ...frame, v: frame.v.map((v, at) => Math.max(0, v - (smaller.v[at] || 0))) }
  })
}

function seriesFrames(query: PanelQuery, data: QueryData): Frame[] {
  const series = seriesOf(data)
  const varying = varyingLabels(series.map((one) => one.metric))
  return series.map(({ metric, points }) => ({
    refId: query.refId,
    name: frameName(query, metric, varying),
    labels: metric,
    ...(query.isInstant ? instantColumns(points) : gridColumns(query, points)),
    query,
  }))
}

interface Series {
  metric: Record<string, string>
  points: [number, string][]
}

function seriesOf(data: QueryData): Series[] {
  if (data.resultType === 'matrix')
    return data.result.map(({ metric, values }) => ({ metric, points: values }))
  if (data.resultType === 'vector')
    return data.result.map(({ metric, value }) => ({ metric, points: [value] }))
  return [{ metric: {}, points: [data.result] }]
}

const sampleValue = (text: string): number =>
  text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text)

function instantColumns(points: readonly [number, string][]): { t: Float64Array; v: Float64Array } {
  return {
    t: Float64Array.from(points, ([t]) => t * 1000),
    v: Float64Array.from(points, ([, v]) => sampleValue(v)),
  }
}

/** Every step of the range has a place, so that a gap is seen as one. */
function gridColumns(
  query: PanelQuery,
  points: readonly [number, string][],
): { t: Float64Array; v: Float64Array } {
  const count = Math.floor((query.endMs - query.startMs) / query.stepMs) + 1
  const t = new Float64Array(count)
  const v = new Float64Array(count).fill(Number.NaN)
  for (let i = 0; i < count; i++) t[i] = query.startMs + i * query.stepMs
  for (const [seconds, text] of points) {
    const at = Math.round((seconds * 1000 - query.startMs) / query.stepMs)
    if (at >= 0 && at < count) v[at] = sampleValue(text)
  }
  return { t, v }
}

/** Labels that tell the series of one answer apart; all of them when there is one series. */
function varyingLabels(metrics: readonly Record<string, string>[]): string[] {
  const names = new Set(metrics.flatMap((metric) => Object.keys(metric)))
  return [...names].filter(
    (name) => name !== '__name__' && metrics.some((metric) => metric[name] !== metrics[0][name]),
  )
}

function frameName(
  query: PanelQuery,
  metric: Record<string, string>,
  varying: readonly string[],
): string {
  const { legendFormat } = query.target
  if (legendFormat !== '' && legendFormat !== '__auto')
    return legendFormat.replace(
      /\{\{\s*(.+?)\s*\}\}/g,
      (_whole, label: string) => metric[label] ?? '',
    )
  if (legendFormat === '__auto' && varying.length === 1) return metric[varying[0]] ?? ''
  const { __name__: name = '', ...labels } = metric
  const isTold = legendFormat === '__auto' && varying.length > 0
  const pairs = Object.entries(labels)
    .filter(([label]) => !isTold || varying.includes(label))
    .map(([label, value]) => `${label}="${value}"`)
  if (pairs.length === 0) return name || query.expr
  return `${isTold ? '' : name}{${pairs.join(', ')}}`
}
