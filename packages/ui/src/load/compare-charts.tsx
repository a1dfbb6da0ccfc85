/** The runs of both sides on the same charts, each from its own start. */
import { useMemo, type ReactElement } from 'react'
import { alignMatrix, niceStep } from '../charts/align.ts'
import type { Api } from '../api/client.ts'
import type { Run } from '../api/vigie.ts'
import { useApi, useLoaded } from '../api/use-api.ts'
import { Content, Empty, Skeleton } from '../controls/feedback.tsx'
import { formatDateTime } from '../time/range.ts'
import type { Side, Sides } from './compare-page.tsx'
import { ChartBody, askAll, type Drawn } from './run-chart.tsx'
import { compareCharts, type CompareChart } from './run-queries.ts'
import { tookMs } from './run-verdict.ts'

const POINTS = 200
const SKELETON_PX = 150
const COLOUR: Record<Side, string> = { a: 'var(--s1)', b: 'var(--s2)' }
/** Further runs of a side are dashed, so that the first can be told from the others. */
const DASH = [5, 4]

export function CompareCharts({ sides }: { sides: Sides }): ReactElement {
  const charts = useMemo(compareCharts, [])
  return (
    <div className="run-charts">
      {charts.map((chart) => (
        <ComparePanel key={chart.title} chart={chart} sides={sides} />
      ))}
    </div>
  )
}

function ComparePanel({ chart, sides }: { chart: CompareChart; sides: Sides }): ReactElement {
  const api = useApi()
  const ids = [...sides.a, '|', ...sides.b].map((one) => (typeof one === 'string' ? one : one.id))
  const loaded = useLoaded<Drawn>(`compare:${chart.title}:${ids.join()}`, (signal) =>
    drawSides(api, chart, sides, signal),
  )
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
        skeleton={<Skeleton height={SKELETON_PX} />}
        empty={
          <Empty title="No samples">
            The runs had none, or they are older than what Vigie keeps.
          </Empty>
        }
      >
        {(drawn) => <ChartBody chart={chart} drawn={drawn} isEnded isElapsed syncKey="compare" />}
      </Content>
    </section>
  )
}

async function drawSides(
  api: Api,
  chart: CompareChart,
  sides: Sides,
  signal: AbortSignal,
): Promise<Drawn> {
  const now = Date.now()
  const runs = (['a', 'b'] as const).flatMap((side) =>
    sides[side].map((run, i) => ({ side, run, i, name: nameOf(side, sides[side], run) })),
  )
  const longestSec = Math.max(1, ...runs.map(({ run }) => tookMs(run, now) / 1000))
  const step = niceStep(longestSec, POINTS)
  const length = Math.ceil(longestSec / step) * step
  const drawn = await Promise.all(
    runs.map(async ({ side, run, i, name }) => {
      const start = run.startedMs / 1000
      const query = { expr: chart.expr(run.id), name: () => name }
      const rows = await askAll(api, [query], { start, end: start + length, step }, signal)
      return rows.map((row) => ({
        id: run.id,
        name,
        color: COLOUR[side],
        values: alignMatrix([row], start, start + length, step).values[0]!,
        ...(i > 0 ? { dash: DASH } : {}),
      }))
    }),
  )
  const times = Array.from({ length: Math.floor(length / step + 1e-6) + 1 }, (_, i) => i * step)
  return { times, series: drawn.flat(), fromMs: 0, toMs: length * 1000 }
}

const nameOf = (side: Side, runs: readonly Run[], run: Run): string =>
  runs.length === 1
    ? side.toUpperCase()
    : `${side.toUpperCase()} ${formatDateTime(run.startedMs).slice(5)}`
