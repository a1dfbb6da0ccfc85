/** Explore's graph, and its series with what they last were. */
import { useMemo, useState, type ReactElement } from 'react'
import type { Loaded } from '../api/use-api.ts'
import { alignMatrix } from '../charts/align.ts'
import type { ChartSeries } from '../charts/chart.ts'
import { pickSeries, seriesIds } from '../charts/isolation.ts'
import { Legend } from '../charts/legend.tsx'
import { seriesColor, seriesDash } from '../charts/palette.ts'
import { TimeChart } from '../charts/time-chart.tsx'
import { Empty, Note, Skeleton } from '../controls/feedback.tsx'
import { formatCount } from '../time/format.ts'
import { seriesName } from './series-name.ts'
import type { GraphAnswer } from './use-explore.ts'

/** Series drawn at once; more than this is no picture any more. */
const SERIES_MAX = 200

export function GraphResult({
  graph,
  isAsked,
  onZoom,
  onZoomOut,
}: {
  graph: Loaded<GraphAnswer>
  /** Whether there is a query at all. */
  isAsked: boolean
  onZoom: (fromMs: number, toMs: number) => void
  onZoomOut: () => void
}): ReactElement {
  const { data } = graph
  const drawn = useMemo(() => (data ? draw(data) : undefined), [data])
  if (!isAsked) {
    return (
      <Empty title="Ask something" icon="explore">
        Type a metric name; Enter runs the query.
      </Empty>
    )
  }
  if (!data || !drawn) return graph.error ? <></> : <Skeleton height={360} />
  if (drawn.series.length === 0 && drawn.histograms > 0) {
    return (
      <Empty title="Native histograms" icon="explore">
        A histogram is not one line. Ask for one, such as{' '}
        <code>histogram_quantile(0.9, rate(…[5m]))</code>, <code>histogram_avg</code> or{' '}
        <code>histogram_count</code>; the table shows the buckets.
      </Empty>
    )
  }
  if (drawn.series.length === 0) {
    return data.answers.some((one) => one.error !== undefined) ? (
      <Empty title="No result" icon="warn">
        The query was refused; the reason stands below it.
      </Empty>
    ) : (
      <Empty title="No data in this range" icon="clock">
        Nothing matched, or there were no samples. A longer range may show some.
      </Empty>
    )
  }
  return <Drawn data={data} drawn={drawn} onZoom={onZoom} onZoomOut={onZoomOut} />
}

interface Picture {
  times: number[]
  series: ChartSeries[]
  /** Series in the answer that can be drawn; more than are drawn when there are too many. */
  total: number
  /** Series of nothing but native histograms. */
  histograms: number
}

function Drawn({
  data,
  drawn,
  onZoom,
  onZoomOut,
}: {
  data: GraphAnswer
  drawn: Picture
  onZoom: (fromMs: number, toMs: number) => void
  onZoomOut: () => void
}): ReactElement {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const ids = seriesIds(drawn.series.map((one) => one.name))
  const series = drawn.series.map((one, i) => ({ ...one, isHidden: hidden.has(ids[i]!) }))
  return (
    <>
      {drawn.total > series.length && (
        <Note tone="warn">
          {drawn.total} series: the first {series.length} are drawn.
        </Note>
      )}
      {drawn.histograms > 0 && (
        <Note tone="warn">
          {drawn.histograms} series of native histograms are not drawn: ask for a quantile, a mean
          or a count of them.
        </Note>
      )}
      <TimeChart
        times={drawn.times}
        series={series}
        left={{ format: axisNumber }}
        fromMs={data.startSec * 1000}
        toMs={data.endSec * 1000}
        onZoom={onZoom}
        onZoomOut={onZoomOut}
        height={360}
        label="Result of the queries over time"
      />
      <Legend
        rows={series.map((one, i) => ({
          id: ids[i]!,
          name: one.name,
          color: one.color,
          values: [formatLast(one.values)],
        }))}
        columns={['Last']}
        look="table"
        hidden={hidden}
        onPick={(id, isToggle) => setHidden(pickSeries(ids, hidden, id, isToggle))}
      />
    </>
  )
}

function draw(data: GraphAnswer): Picture {
  const answered = data.answers.flatMap((answer) => answer.series)
  const all = answered.filter(({ values }) => (values ?? []).length > 0)
  const shown = all.slice(0, SERIES_MAX)
  const { times, values } = alignMatrix(shown, data.startSec, data.endSec, data.stepSec)
  const series = shown.map(({ metric }, i): ChartSeries => ({
    name: seriesName(metric),
    color: seriesColor(i),
    dash: seriesDash(i),
    values: values[i]!,
    fillOpacity: shown.length === 1 ? 0.1 : 0,
    format: (value) => formatCount(Number(value.toPrecision(6))),
  }))
  return { times, series, total: all.length, histograms: answered.length - all.length }
}

const axisNumber = (value: number): string => formatCount(Number(value.toPrecision(6)))

function formatLast(values: (number | null)[]): string {
  const last = values.findLast((value) => value !== null)
  return last == null ? '' : formatCount(Number(last.toPrecision(6)))
}
