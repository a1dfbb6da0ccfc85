/** What is being loaded now, else the last runs. */
import type { ReactElement } from 'react'
import { Link } from 'wouter'
import type { Run } from '../api/vigie.ts'
import type { Loaded } from '../api/use-api.ts'
import { Content } from '../controls/feedback.tsx'
import { RunPill } from '../load/run-pill.tsx'
import { formatAge, formatCount } from '../time/format.ts'

const ROWS_MAX = 3

export function RunsCard({ runs }: { runs: Loaded<Run[]> }): ReactElement {
  return (
    <section className="panel" aria-label="Load" data-testid="runs-card">
      <div className="panel-head">
        <h3>What is being loaded</h3>
        <span className="spacer" />
        <Link className="sub" href="/load">
          All runs
        </Link>
      </div>
      <Content
        loaded={runs}
        isEmpty={(list) => list.length === 0}
        empty={
          <p className="sub hint">
            No load yet. Run <code>vigie load script.js</code> and it shows up here at once.
          </p>
        }
      >
        {(list) => (
          <ul className="rows">
            {list.slice(0, ROWS_MAX).map((run) => (
              <RunRow key={run.id} run={run} />
            ))}
          </ul>
        )}
      </Content>
    </section>
  )
}

function RunRow({ run }: { run: Run }): ReactElement {
  const isRunning = run.state === 'running'
  return (
    <li className="row-item" data-testid="run-row">
      <RunPill state={run.state} />
      <Link className="row-main" href={`/load/${encodeURIComponent(run.id)}`}>
        <b className="ellipsis">{scriptName(run.script)}</b>
        <span className="sub num">
          {isRunning ? `${formatCount(run.vus)} users · ` : ''}
          {formatCount(run.iterations)} iterations
        </span>
        {isRunning && run.progress !== null && (
          <span className="meter" style={{ marginTop: 4 }}>
            <i style={{ width: `${run.progress * 100}%` }} />
          </span>
        )}
      </Link>
      <span className="sub num">{formatAge(Date.now() - run.startedMs)}</span>
    </li>
  )
}

const scriptName = (path: string): string => path.split('/').at(-1) ?? path
