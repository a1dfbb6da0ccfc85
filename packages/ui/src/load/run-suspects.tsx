/** The servers' series that gave first, each with its sentence and its chart over the run. */
import { useState, type ReactElement } from 'react'
import { Link } from 'wouter'
import type { RunDetail, Suspect } from '../api/vigie.ts'
import { writeGraphUrl } from '../explore/graph-url.ts'
import { tookMs } from './run-verdict.ts'
import { RunChartPanel, type RunZoom } from './run-chart.tsx'
import { suspectChart } from './suspect-chart.ts'

/** Shown before somebody asks for more. */
const FIRST = 2

export function RunSuspects({
  run,
  suspects,
  zoom,
  setZoom,
}: { run: RunDetail; suspects: Suspect[] } & RunZoom): ReactElement {
  const { id, startedMs, endedMs } = run
  const [isLong, setLong] = useState(false)
  const shown = isLong ? suspects : suspects.slice(0, FIRST)
  return (
    <section aria-label="What gave first">
      <div className="section-title">
        <h2>What gave first</h2>
        <span className="sub">
          the servers’ series that left their usual course, likeliest first
        </span>
      </div>
      <ol className="suspects">
        {shown.map((one) => (
          <li key={one.rank} className="panel suspect" data-testid="suspect">
            <div className="suspect-text">
              <span className="suspect-rank num" aria-hidden="true">
                {one.rank}
              </span>
              <p>{one.sentence}</p>
            </div>
            <RunChartPanel
              chart={suspectChart(one)}
              span={{ runId: id, startedMs, endedMs }}
              zoom={zoom}
              setZoom={setZoom}
            />
            <Link className="sub" href={exploreHref(run, one.expr)}>
              <code className="ellipsis">{one.expr}</code>
            </Link>
          </li>
        ))}
      </ol>
      {shown.length < suspects.length && (
        <button type="button" className="btn more" onClick={() => setLong(true)}>
          {suspects.length - shown.length} more
        </button>
      )}
    </section>
  )
}

function exploreHref(run: RunDetail, expr: string): string {
  const endMs = run.endedMs ?? Date.now()
  const range = `${Math.max(1, Math.ceil(tookMs(run, endMs) / 1000))}s`
  return `/explore?${writeGraphUrl({ exprs: [expr], tab: 'graph', range, endMs, stepSec: undefined })}`
}
