/** Query results in Prometheus's JSON. */
import type { Labels } from '@vigie/model'
import type { MatrixSeries, QueryResult, VectorSample } from '@vigie/promql'
import type { JsonBytes } from './json-bytes.ts'

/** Unix seconds with up to three decimals, as Prometheus prints timestamps. */
export function formatTimestamp(ms: number): string {
  const seconds = Math.trunc(ms / 1000)
  const rest = Math.abs(ms - seconds * 1000)
  const sign = ms < 0 && seconds === 0 ? '-' : ''
  return rest === 0 ? `${seconds}` : `${sign}${seconds}.${String(rest).padStart(3, '0')}`
}

export function labelsJson(labels: Labels): string {
  const parts: string[] = []
  for (const [name, value] of labels) parts.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`)
  return `{${parts.join(',')}}`
}

/** The `data` of a query response; at most `limit` series, 0 for all. `more`: further members of it. */
export function writeResult(out: JsonBytes, result: QueryResult, limit = 0, more = ''): void {
  switch (result.type) {
    case 'scalar':
      out.text('{"resultType":"scalar","result":')
      out.point(result.t, result.v)
      break
    case 'string':
      out.text(
        `{"resultType":"string","result":[${formatTimestamp(result.t)},${JSON.stringify(result.text)}]`,
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
  for (const [i, { labels, t, v }] of samples.entries()) {
    out.text(`${i === 0 ? '' : ','}{"metric":${labelsJson(labels)},"value":`)
    out.point(t, v)
    out.text('}')
  }
}

function writeMatrix(out: JsonBytes, series: readonly MatrixSeries[]): void {
  for (const [i, { labels, t, v }] of series.entries()) {
    out.text(`${i === 0 ? '' : ','}{"metric":${labelsJson(labels)},"values":[`)
    for (let k = 0; k < t.length; k++) {
      if (k > 0) out.comma()
      out.point(t[k], v[k])
    }
    out.text(']}')
  }
}
