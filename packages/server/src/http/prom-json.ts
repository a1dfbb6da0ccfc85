/**
 * Query results in Prometheus's JSON. Written by hand: a range query is mostly numbers, and
 * JSON.stringify would first need an array of two for each of them.
 */
import { type Labels, formatValue } from '@vigie/model'
import type { QueryResult } from '@vigie/promql'

/** Unix seconds with up to three decimals, as Prometheus prints timestamps. */
export function formatTimestamp(ms: number): string {
  const seconds = Math.trunc(ms / 1000)
  const rest = Math.abs(ms - seconds * 1000)
  const sign = ms < 0 && seconds === 0 ? '-' : ''
  return rest === 0 ? `${seconds}` : `${sign}${seconds}.${String(rest).padStart(3, '0')}`
}

const point = (t: number, v: number): string => `[${formatTimestamp(t)},"${formatValue(v)}"]`

export function labelsJson(labels: Labels): string {
  const parts: string[] = []
  for (const [name, value] of labels) parts.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`)
  return `{${parts.join(',')}}`
}

/** The `data` of a query response; at most `limit` series, 0 for all. */
export function resultJson(result: QueryResult, limit = 0): string {
  switch (result.type) {
    case 'scalar':
      return `{"resultType":"scalar","result":${point(result.t, result.v)}}`
    case 'string':
      return `{"resultType":"string","result":[${formatTimestamp(result.t)},${JSON.stringify(result.text)}]}`
    case 'vector': {
      const kept = limit > 0 ? result.samples.slice(0, limit) : result.samples
      const rows = kept.map(
        (one) => `{"metric":${labelsJson(one.labels)},"value":${point(one.t, one.v)}}`,
      )
      return `{"resultType":"vector","result":[${rows.join(',')}]}`
    }
    case 'matrix': {
      const kept = limit > 0 ? result.series.slice(0, limit) : result.series
      const rows = kept.map(
        (one) => `{"metric":${labelsJson(one.labels)},"values":[${pointsJson(one.t, one.v)}]}`,
      )
      return `{"resultType":"matrix","result":[${rows.join(',')}]}`
    }
  }
}

function pointsJson(t: Float64Array, v: Float64Array): string {
  let out = ''
  for (let i = 0; i < t.length; i++) {
    if (i > 0) out += ','
    out += `[${formatTimestamp(t[i])},"${formatValue(v[i])}"]`
  }
  return out
}

/** The envelope of a successful answer around ready-made JSON. */
export function successJson(
  data: string,
  warnings: readonly string[] = [],
  infos: readonly string[] = [],
): string {
  let out = `{"status":"success","data":${data}`
  if (warnings.length > 0) out += `,"warnings":${JSON.stringify(warnings)}`
  if (infos.length > 0) out += `,"infos":${JSON.stringify(infos)}`
  return out + '}'
}
