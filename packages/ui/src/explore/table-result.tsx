/** Explore's table: each series with its value now. */
import type { ReactElement } from 'react'
import type { Loaded } from '../api/use-api.ts'
import type { QueryResult } from '../api/prometheus.ts'
import { Empty, SkeletonRows } from '../controls/feedback.tsx'
import { HistogramCell, histogramSummary } from './histogram-value.tsx'
import { seriesName } from './series-name.ts'
import type { TableAnswer } from './use-explore.ts'

/** Rows written per query. */
const ROWS_MAX = 1000

export function TableResult({
  table,
  isAsked,
}: {
  table: Loaded<TableAnswer[]>
  isAsked: boolean
}): ReactElement {
  if (!isAsked) {
    return (
      <Empty title="Ask something" icon="explore">
        Type a metric name; Enter runs the query.
      </Empty>
    )
  }
  if (!table.data) return table.error ? <></> : <SkeletonRows />
  return (
    <>
      {table.data.map((answer, i) =>
        answer.result ? (
          <Rows key={i} result={answer.result} />
        ) : answer.error === undefined ? null : (
          <Empty key={i} title="No result" icon="warn">
            The query was refused; the reason stands below it.
          </Empty>
        ),
      )}
    </>
  )
}

function Rows({ result }: { result: QueryResult }): ReactElement {
  const rows = rowsOf(result)
  if (rows.length === 0) {
    return (
      <Empty title="Empty result" icon="clock">
        Nothing has this name and these labels right now.
      </Empty>
    )
  }
  return (
    <div className="table-wrap">
      <div className="sub num" style={{ padding: '6px 2px' }}>
        {rows.length} {rows.length === 1 ? 'result' : 'results'}
        {rows.length > ROWS_MAX && `, the first ${ROWS_MAX} shown`}
      </div>
      <table className="data series">
        <tbody>
          {rows.slice(0, ROWS_MAX).map(([name, value]) => (
            <tr key={name} data-testid="explore-row">
              <td>
                <code>{name}</code>
              </td>
              <td className="n mono">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function rowsOf(result: QueryResult): [string, ReactElement | string][] {
  switch (result.resultType) {
    case 'vector':
      return result.result.map((one) => [
        seriesName(one.metric),
        one.value?.[1] ?? (one.histogram ? <HistogramCell histogram={one.histogram[1]} /> : ''),
      ])
    case 'matrix':
      return result.result.map((one) => [
        seriesName(one.metric),
        [
          ...(one.values ?? []).map(([t, value]) => `${value} @${t}`),
          ...(one.histograms ?? []).map(([t, value]) => `${histogramSummary(value)} @${t}`),
        ].join('\n'),
      ])
    case 'scalar':
    case 'string':
      return [[result.resultType, result.result[1]]]
  }
}
