/** A run that goes on: how far, how many, how fast, and the way to stop it. */
import type { ReactElement } from 'react'
import { Link } from 'wouter'
import type { Run } from '../api/vigie.ts'
import { formatCount, formatDurationMs } from '../time/format.ts'
import { RunPill } from './run-pill.tsx'
import { RunProgress } from './run-progress.tsx'
import { perSec, percent, tookMs, verdict } from './run-verdict.ts'
import { StopButton } from './stop-button.tsx'

export function RunningCard({ run }: { run: Run }): ReactElement {
  const facts: [string, string][] = [
    ['Users', formatCount(run.vus)],
    ['Iterations', formatCount(run.iterations)],
    ['Requests', run.requestsPerSec === null ? '–' : perSec(run.requestsPerSec)],
    ['p95', run.p95Ms === null ? '–' : formatDurationMs(run.p95Ms)],
    ['Errors', run.failedRatio === null ? '–' : percent(run.failedRatio)],
  ]
  return (
    <section
      className="panel running-card"
      aria-label={`Running: ${run.script}`}
      data-testid="running-run"
      data-run={run.id}
    >
      <div className="toolbar">
        <RunPill state={run.state} />
        <Link className="running-name" href={`/load/${encodeURIComponent(run.id)}`}>
          {run.script}
        </Link>
        <span className="sub num">{formatDurationMs(tookMs(run, Date.now()))}</span>
        <span className="sub wide-only">{verdict(run)}</span>
        <span className="spacer" />
        <StopButton id={run.id} />
      </div>
      <RunProgress run={run} />
      <dl className="running-facts num">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
