/** Query results in Prometheus's JSON. */
import { type Histogram, type Labels, formatValue, histogramBuckets } from '@vigie/model'
import type { MatrixSeries, QueryResult, VectorSample } from '@vigie/promql'
import type { JsonBytes } from './json-bytes.ts'

/** Unix seconds with up to three decimals, as Prometheus prints timestamps. */
export function formatTimestamp(ms: number): string {
  const seconds = Math.trunc(ms / 1000)
  const rest = Math.abs(ms - seconds * 1000)
  const sign = ms < 0 && seconds === 0 ? '-' : ''
  return rest === 0 ? `${seconds}` : `${sign}${seconds}.${String(rest).padStart(3, '0')}`
}

/** Times of scalars and texts are plain numbers: without the zeros that others end with. */
const plainSeconds = (ms: number): string => String(ms / 1000)

export function labelsJson(labels: Labels): string {
  const parts: string[] = []
  for (const [name, value] of labels) parts.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`)
  return `{${parts.join(',')}}`
}

/** The `data` of a query response; at most `limit` series, 0 for all. `more`: further members of it. */
export function writeResult(out: JsonBytes, result: QueryResult, limit = 0, more = ''): void {
  switch (result.type) {
    case 'scalar':
      out.text(
        `{"resultType":"scalar","result":[${plainSeconds(result.t)},"${formatValue(result.v)}"]`,
      )
      break
    case 'string':
      out.text(
        `{"resultType":"string","result":[${plainSeconds(result.t)},${JSON.stringify(result.text)}]`,
      )
      break
    case 'vector':
      out.text('{"resultType":"vector","result":[')
      writeVector(out, limit > 0 ? result.samples.slice(0, limit) : result.samples)
      out.text(']')
      break
    case 'matrix':
      out.text('{"resultType":"matrix","result":[')
      writeMatrix(out, limit > 0 ? result.series.slice(0, limit) : result.series)
      out.text(']')
  }
  out.text(`${more}}`)
}

function writeVector(out: JsonBytes, samples: readonly VectorSample[]): void {
  for (const [i, { labels, t, v, h }] of samples.entries()) {
    out.text(`${i === 0 ? '' : ','}{"metric":${labelsJson(labels)},`)
    if (h === undefined) {
      out.text('"value":')
      out.point(t, v)
      out.text('}')
    } else out.text(`"histogram":${histogramPoint(t, h)}}`)
  }
}

/** Floats and histograms of a series stand in two lists; one that is empty is left out. */
function writeMatrix(out: JsonBytes, series: readonly MatrixSeries[]): void {
  for (const [i, { labels, t, v, h }] of series.entries()) {
    out.text(`${i === 0 ? '' : ','}{"metric":${labelsJson(labels)}`)
    const histograms = h === undefined ? [] : histogramPoints(t, h)
    if (histograms.length < t.length) {
      out.text(',"values":[')
      writePoints(out, t, v, h)
      out.text(']')
    }
    out.text(histograms.length === 0 ? '}' : `,"histograms":[${histograms.join(',')}]}`)
  }
}

function writePoints(out: JsonBytes, t: Float64Array, v: Float64Array, h: MatrixSeries['h']): void {
  let isFirst = true
  for (let k = 0; k < t.length; k++) {
    if (h?.[k] !== undefined) continue
    if (!isFirst) out.comma()
    isFirst = false
    out.point(t[k], v[k])
  }
}

const histogramPoints = (t: Float64Array, h: readonly (Histogram | undefined)[]): string[] =>
  h.flatMap((one, k) => (one === undefined ? [] : [histogramPoint(t[k], one)]))

const histogramPoint = (ms: number, h: Histogram): string =>
  `[${formatTimestamp(ms)},${histogramJson(h)}]`

/** Empty buckets are left out. Which bounds belong to a bucket is said by its first number. */
function histogramJson(h: Histogram): string {
  const rows: string[] = []
  for (const one of histogramBuckets(h)) {
    if (one.count === 0) continue
    const rule = one.lowerInclusive ? (one.upperInclusive ? 3 : 1) : one.upperInclusive ? 0 : 2
    const numbers = [one.lower, one.upper, one.count].map((v) => `"${formatValue(v)}"`)
    rows.push(`[${rule},${numbers.join(',')}]`)
  }
  const buckets = rows.length === 0 ? '' : `,"buckets":[${rows.join(',')}]`
  return `{"count":"${formatValue(h.count)}","sum":"${formatValue(h.sum)}"${buckets}}`
}
