/** What a search for the limit found: the largest load that was sustained, and how each one went. */
import type { ReactElement } from 'react'
import type { LimitLevel, LimitReport } from '../api/vigie.ts'
import { Note, Pill } from '../controls/feedback.tsx'
import { formatAge, formatCount, formatDurationMs } from '../time/format.ts'
import { LimitCurve } from './limit-curve.tsx'
import { limitSentence, loadText } from './limit-text.ts'
import { perSec, percent } from './run-verdict.ts'

export function RunLimit({ limit }: { limit: LimitReport }): ReactElement {
  const { headroom } = limit
  return (
    <section className="panel limit" aria-label="The limit" data-testid="limit">
      <h3>The limit</h3>
      <div className="limit-answer">
        <span className="stat-value">
          {limit.sustained === null ? '–' : formatCount(limit.sustained)}
          <small>{limit.unit === 'vus' ? 'users' : 'iterations/s'}</small>
        </span>
        <div>
          <p>{limitSentence(limit)}</p>
          {headroom && (
            <p className="muted">
              That is {formatCount(Number(headroom.factor.toPrecision(3)))} × the busiest moment of
              the last {formatAge(Date.now() - headroom.sinceMs)} ({perSec(headroom.peakPerSec)}).
            </p>
          )}
        </div>
      </div>
      {limit.class === 'generator' && (
        <Note tone="warn">
          The generator could not keep up: nothing is known of the servers at that load.
        </Note>
      )}
      {limit.levels.length > 0 && (
        <>
          <div className="limit-curves">
            <LimitCurve
              limit={limit}
              title="Requests per second"
              value={(level) => level.requestsPerSec}
              format={perSec}
            />
            <LimitCurve
              limit={limit}
              title="Response time, p95"
              value={(level) => level.p95Ms}
              format={formatDurationMs}
            />
          </div>
          <details>
            <summary className="sub">All {limit.levels.length} loads that were tried</summary>
            <Levels limit={limit} />
          </details>
        </>
      )}
    </section>
  )
}

function Levels({ limit }: { limit: LimitReport }): ReactElement {
  return (
    <div className="table-wrap">
      <table className="data">
        <thead>
          <tr>
            <th>Held</th>
            <th className="n">Load</th>
            <th className="n">Requests</th>
            <th className="n">p95</th>
            <th className="n wide-only">Errors</th>
            <th className="wide-only">What did not hold</th>
          </tr>
        </thead>
        <tbody>
          {limit.levels.map((level) => (
            <tr key={level.startMs} data-testid="limit-level">
              <td>
                <LevelPill level={level} />
              </td>
              <td className="n">{loadText(limit.unit, level.load)}</td>
              <td className="n">{perSec(level.requestsPerSec)}</td>
              <td className="n">{level.p95Ms === null ? '–' : formatDurationMs(level.p95Ms)}</td>
              <td className="n wide-only">{percent(level.errorRate)}</td>
              <td className="wide-only muted anywhere">{level.problems[0] ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function LevelPill({ level }: { level: LimitLevel }): ReactElement {
  return level.held ? <Pill tone="ok">Held</Pill> : <Pill tone="crit">Gave</Pill>
}
