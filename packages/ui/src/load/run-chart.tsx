/** A chart of a run's own series, growing while the run goes. */
import type { ReactElement } from 'react'
import { alignMatrix, niceStep } from '../charts/align.ts'
import type { ChartSeries } from '../charts/chart.ts'
import { seriesColor } from '../charts/palette.ts'
import { TimeChart } from '../charts/time-chart.tsx'
import type { Api } from '../api/client.ts'
import type { MatrixResult } from '../api/prometheus.ts'
import { useApi, useLoaded } from '../api/use-api.ts'
import { Content, Empty } from '../controls/feedback.tsx'
import { formatCount, formatDurationMs } from '../time/format.ts'
import type { RunChart } from './run-queries.ts'

const EVERY_MS = 2000
const POINTS = 240
/** A run is shown at least this long, so that its first seconds are a line and not a dot. */
const SHORTEST_MS = 30_000
/** Results arrive every few seconds: the end of a run may come a little after it ended. */
const TAIL_MS = 5000

const FORMAT: Record<RunChart['unit'], (value: number) => string> = {
  count: formatCount,
  perSec: (value) => `${formatCount(Number(value.toPrecision(4)))}/s`,
  seconds: (value) => (value === 0 ? '0' : formatDurationMs(value * 1000)),
  ratio: (value) => `${Number((value * 100).toFixed(2))}%`,
}

interface Drawn {
  times: number[]
  series: ChartSeries[]
  fromMs: number
  toMs: number
}

export function RunChartPanel({
  chart,
  runId,
  startedMs,
  endedMs,
}: {
  chart: RunChart
  runId: string
  startedMs: number
  endedMs: number | null
}): ReactElement {
  const api = useApi()
  const loaded = useLoaded<Drawn>(
    `run:${runId}:${chart.title}:${endedMs ?? ''}`,
    (signal) => drawRun(api, chart, startedMs, endedMs, signal),
    endedMs === null ? EVERY_MS : 0,
    true,
  )
  return (
    <section className="panel" data-testid="panel" data-title={chart.title}>
      <h3>{chart.title}</h3>
      <Content
        loaded={loaded}
        isEmpty={({ series }) => series.length === 0}
        empty={<Empty title="No samples yet">They arrive a few seconds after the start.</Empty>}
      >
        {({ times, series, fromMs, toMs }) => (
          <>
            <TimeChart
              times={times}
              series={series}
              left={{
                format: FORMAT[chart.unit],
                ...(chart.unit === 'ratio' ? { softMax: 1, min: 0 } : {}),
              }}
              fromMs={fromMs}
              toMs={toMs}
              syncKey={`run-${runId}`}
              label={chart.title}
            />
            <div className="legend-list">
              {series.map((one) => (
                <span className="legend-item" key={one.name}>
                  <i className="swatch" style={{ background: one.color }} />
                  {one.name}
                  <span className="v">{lastValue(one, FORMAT[chart.unit])}</span>
                </span>
              ))}
            </div>
          </>
        )}
      </Content>
    </section>
  )
}

async function drawRun(
  api: Api,
  chart: RunChart,
  startedMs: number,
  endedMs: number | null,
  signal: AbortSignal,
): Promise<Drawn> {
  const now = Date.now()
  const toMs = Math.max(Math.min(endedMs === null ? now : endedMs + TAIL_MS, now), startedMs)
  const fromMs = Math.min(startedMs, toMs - SHORTEST_MS)
  const step = niceStep((toMs - fromMs) / 1000, POINTS)
  const start = Math.floor(fromMs / 1000 / step) * step
  const end = Math.floor(toMs / 1000 / step) * step
  const answers = await Promise.all(
    chart.queries.map(({ expr }) =>
      api.prom<MatrixResult>(
        'query_range',
        { query: expr, start: String(start), end: String(end), step: String(step) },
        signal,
      ),
    ),
  )
  const named = answers.flatMap(({ data }, i) =>
    data.result.map((one) => ({ ...one, name: chart.queries[i]!.name() })),
  )
  const { times, values } = alignMatrix(named, start, end, step)
  const series = named.map(({ name }, i): ChartSeries => ({
    name,
    color: seriesColor(i),
    values: values[i]!,
    fillOpacity: named.length === 1 ? 0.12 : 0,
  }))
  return { times, series, fromMs, toMs }
}

function lastValue(series: ChartSeries, format: (value: number) => string): string {
  const value = series.values.findLast((one) => one !== null)
  return value == null ? '' : format(value)
}
