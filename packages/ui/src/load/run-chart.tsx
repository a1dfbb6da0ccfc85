/** A chart of a run's time: its own series or those of the servers, growing while the run goes. */
import { useMemo, useState, type ReactElement } from 'react'
import { alignMatrix, niceStep } from '../charts/align.ts'
import type { ChartAxis, ChartSeries } from '../charts/chart.ts'
import { pickSeries, seriesIds } from '../charts/isolation.ts'
import { Legend } from '../charts/legend.tsx'
import { seriesColor } from '../charts/palette.ts'
import { TimeChart } from '../charts/time-chart.tsx'
import type { Api } from '../api/client.ts'
import type { MatrixResult } from '../api/prometheus.ts'
import { useApi, useLoaded } from '../api/use-api.ts'
import { Content, Empty, Skeleton } from '../controls/feedback.tsx'
import { formatBytesDecimal, formatCount, formatDurationMs } from '../time/format.ts'
import { percent } from './run-verdict.ts'
import type { RunChart, RunQuery, RunUnit } from './run-queries.ts'

const EVERY_MS = 2000
const POINTS = 240
/** A run is shown at least this long, so that its first seconds are a line and not a dot. */
const SHORTEST_MS = 30_000
/** Results arrive every few seconds: the end of a run may come a little after it ended. */
const TAIL_MS = 5000
const CHART_SKELETON_PX = 150

export const UNIT_FORMAT: Record<RunUnit, (value: number) => string> = {
  count: (value) => formatCount(Number(value.toPrecision(4))),
  perSec: (value) => `${formatCount(Number(value.toPrecision(4)))}/s`,
  seconds: (value) => (value === 0 ? '0' : formatDurationMs(value * 1000)),
  ratio: percent,
  bytes: formatBytesDecimal,
  bytesPerSec: (value) => `${formatBytesDecimal(value)}/s`,
}

/** The part of a run that its charts show, ms since the epoch; null: all of it. */
export interface RunZoom {
  zoom: { fromMs: number; toMs: number } | null
  setZoom: (zoom: RunZoom['zoom']) => void
}

interface Span {
  runId: string
  startedMs: number
  endedMs: number | null
}

export interface Drawn {
  times: number[]
  series: (ChartSeries & { id: string })[]
  fromMs: number
  toMs: number
}

export function RunChartPanel({
  chart,
  span,
  zoom,
  setZoom,
}: { chart: RunChart; span: Span } & RunZoom): ReactElement | null {
  const api = useApi()
  const { runId, endedMs } = span
  const loaded = useLoaded<Drawn>(
    `run:${runId}:${chart.title}:${endedMs ?? ''}:${zoom?.fromMs ?? ''}:${zoom?.toMs ?? ''}`,
    (signal) => drawRun(api, chart, span, zoom, signal),
    endedMs === null ? EVERY_MS : 0,
    true,
  )
  const isEmpty = loaded.data?.series.length === 0
  if (chart.isOptional && (isEmpty || loaded.data === undefined) && !loaded.error) return null
  return (
    <section
      className="panel"
      data-testid="panel"
      data-title={chart.title}
      aria-label={chart.title}
    >
      <h3>{chart.title}</h3>
      <Content
        loaded={loaded}
        isEmpty={({ series }) => series.length === 0}
        skeleton={<Skeleton height={CHART_SKELETON_PX} />}
        empty={
          endedMs === null ? (
            <Empty title="No samples yet">They arrive a few seconds after the start.</Empty>
          ) : (
            <Empty title="No samples">
              The run had none, or they are older than what Vigie keeps.
            </Empty>
          )
        }
      >
        {(drawn) => (
          <ChartBody
            chart={chart}
            drawn={drawn}
            isEnded={endedMs !== null}
            syncKey={`run-${runId}`}
            onZoom={(fromMs, toMs) => setZoom({ fromMs, toMs })}
            onZoomOut={() => setZoom(null)}
          />
        )}
      </Content>
    </section>
  )
}

/** A chart of these series with a legend that isolates them. */
export function ChartBody({
  chart,
  drawn,
  isEnded,
  syncKey,
  isElapsed = false,
  onZoom,
  onZoomOut,
}: {
  chart: Pick<RunChart, 'title' | 'unit' | 'rightUnit'>
  drawn: Drawn
  /** The legend has what a series was on the whole, not what it is. */
  isEnded: boolean
  syncKey: string
  isElapsed?: boolean
  onZoom?: (fromMs: number, toMs: number) => void
  onZoomOut?: () => void
}): ReactElement {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const ids = drawn.series.map((one) => one.id)
  const series = useMemo(
    () => drawn.series.map((one) => ({ ...one, isHidden: hidden.has(one.id) })),
    [drawn, hidden],
  )
  const format = (one: ChartSeries): ((value: number) => string) =>
    UNIT_FORMAT[one.axis === 'right' ? (chart.rightUnit ?? chart.unit) : chart.unit]
  return (
    <>
      <TimeChart
        times={drawn.times}
        series={series}
        left={axisOf(chart.unit)}
        right={chart.rightUnit === undefined ? undefined : axisOf(chart.rightUnit)}
        fromMs={drawn.fromMs}
        toMs={drawn.toMs}
        syncKey={syncKey}
        isElapsed={isElapsed}
        marks={NO_MARKS}
        onZoom={onZoom}
        onZoomOut={onZoomOut}
        label={chart.title}
      />
      <Legend
        look="list"
        columns={[isEnded ? 'Mean' : 'Now']}
        rows={series.map((one) => ({
          id: one.id,
          name: one.name,
          color: one.color,
          values: [legendValue(one, format(one), isEnded)],
        }))}
        hidden={hidden}
        onPick={(id, isToggle) => setHidden(pickSeries(ids, hidden, id, isToggle))}
      />
    </>
  )
}

const NO_MARKS = [] as const

/** Nothing wrong is drawn at the bottom of the chart, not in its middle. */
const axisOf = (unit: RunUnit): ChartAxis => ({
  format: UNIT_FORMAT[unit],
  min: 0,
  softMin: 0,
  ...(unit === 'ratio' ? { softMax: 0.1 } : {}),
})

async function drawRun(
  api: Api,
  chart: RunChart,
  { startedMs, endedMs }: Span,
  zoom: RunZoom['zoom'],
  signal: AbortSignal,
): Promise<Drawn> {
  const whole = {
    fromMs: startedMs,
    toMs: Math.max(
      endedMs === null ? Date.now() : Math.min(endedMs + TAIL_MS, Date.now()),
      startedMs + SHORTEST_MS,
    ),
  }
  const { fromMs, toMs } = zoom ?? whole
  const step = niceStep((toMs - fromMs) / 1000, POINTS)
  const start = Math.floor(fromMs / 1000 / step) * step
  const end = Math.floor(toMs / 1000 / step) * step
  const rows = await askAll(api, chart.queries, { start, end, step }, signal)
  const shown = rows.slice(0, chart.seriesMax ?? rows.length)
  const { times, values } = alignMatrix(shown, start, end, step)
  const ids = seriesIds(shown.map((one) => one.name))
  const series = shown.map(({ name, query }, i) => ({
    id: ids[i]!,
    name,
    color: seriesColor(i),
    values: values[i]!,
    axis: query.isRight ? ('right' as const) : ('left' as const),
    ...(query.isDashed ? { dash: [4, 4] } : {}),
    fillOpacity: shown.length === 1 ? 0.12 : 0,
  }))
  return { times, series, fromMs, toMs }
}

export interface RunRow {
  values?: [number, string][]
  metric: Record<string, string>
  name: string
  query: RunQuery
}

/** The series of all queries, of one query the largest first. */
export async function askAll(
  api: Api,
  queries: readonly RunQuery[],
  { start, end, step }: { start: number; end: number; step: number },
  signal: AbortSignal,
): Promise<RunRow[]> {
  const answers = await Promise.all(
    queries.map(({ expr }) =>
      api.prom<MatrixResult>(
        'query_range',
        { query: expr, start: String(start), end: String(end), step: String(step) },
        signal,
      ),
    ),
  )
  return answers.flatMap(({ data }, i) =>
    data.result
      .map((one) => ({ ...one, name: queries[i]!.name(one.metric), query: queries[i]! }))
      .sort((a, b) => largest(b) - largest(a)),
  )
}

const largest = ({ values = [] }: { values?: [number, string][] }): number =>
  values.reduce((most, [, text]) => Math.max(most, Number(text) || 0), 0)

function legendValue(
  series: ChartSeries,
  format: (value: number) => string,
  isEnded: boolean,
): string {
  const known = series.values.filter((value) => value !== null)
  const last = known.at(-1)
  if (last === undefined) return ''
  if (!isEnded) return format(last)
  return `⌀ ${format(known.reduce((sum, value) => sum + value, 0) / known.length)}`
}
