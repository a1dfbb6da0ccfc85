/** Whether the generator itself kept up: said before any figure when it did not. */
import type { ReactElement } from 'react'
import type { GeneratorHealth } from '../api/vigie.ts'
import { Note, Pill } from '../controls/feedback.tsx'
import { formatCount, formatDurationMs } from '../time/format.ts'
import { percent } from './run-verdict.ts'

export function GeneratorNote({ health }: { health: GeneratorHealth }): ReactElement | null {
  if (health.limit === null) return null
  const reasons = health.reasons.join('; ')
  return (
    <div data-testid="generator-limit">
      <Note tone="warn">
        {health.limit === 'generator'
          ? `The generator was the limit, not the servers (${reasons}): take the figures as too low and too slow.`
          : `There were too few users for the rate (${reasons}): raise maxVUs, or the servers were too slow for it.`}
      </Note>
    </div>
  )
}

export function GeneratorFacts({ health }: { health: GeneratorHealth }): ReactElement {
  const { threads, achieved, offered, started, dropped, startLagP99Ms, intended, idleShare } =
    health
  return (
    <section className="panel" aria-label="Generator">
      <h3>The generator itself</h3>
      <div className="toolbar generator-verdict">
        {health.limit === null ? (
          <Pill tone="ok">Kept up</Pill>
        ) : (
          <Pill tone="warn">Was the limit</Pill>
        )}
        <span className="sub">{health.reasons.join('; ')}</span>
      </div>
      <dl className="facts num">
        {achieved !== null && (
          <>
            <dt>Iterations started of those asked for</dt>
            <dd>
              {formatCount(started)} of {formatCount(offered)} ({percent(achieved)})
              {dropped > 0 && `, ${formatCount(dropped)} dropped for want of a free user`}
            </dd>
          </>
        )}
        {startLagP99Ms !== null && (
          <>
            <dt>Late starts, p99</dt>
            <dd>{formatDurationMs(startLagP99Ms)}</dd>
          </>
        )}
        {intended && (
          <>
            <dt>Iterations from when they should have begun</dt>
            <dd>
              half within {formatDurationMs(intended.med)}, p95 {formatDurationMs(intended.p95)},
              p99 {formatDurationMs(intended.p99)}, longest {formatDurationMs(intended.max)}
            </dd>
          </>
        )}
        {idleShare !== null && (
          <>
            <dt>Users’ time between iterations</dt>
            <dd>{percent(idleShare)}</dd>
          </>
        )}
      </dl>
      <div className="table-wrap">
        <table className="data">
          <thead>
            <tr>
              <th>Thread</th>
              <th className="n">Busy</th>
              <th className="n">Event loop late, p99</th>
            </tr>
          </thead>
          <tbody>
            {threads.map((thread) => (
              <tr key={thread.name}>
                <td>{thread.name}</td>
                <td className="n">{percent(thread.busy)}</td>
                <td className="n">{formatDurationMs(thread.loopDelayP99Ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
