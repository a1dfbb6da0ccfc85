/** What the script checked, group by group, how often it held; and how far each scenario came. */
import type { ReactElement } from 'react'
import type { RunDetail, ScriptCheck } from '../api/vigie.ts'
import { Empty, Note, Pill } from '../controls/feedback.tsx'
import { SampleTable } from '../controls/labels.tsx'
import { formatCount } from '../time/format.ts'
import { percent } from './run-verdict.ts'

export function RunChecks({ run }: { run: RunDetail }): ReactElement {
  return (
    <>
      <section className="panel" aria-label="Checks">
        <h3>Checks</h3>
        {run.checks === undefined || run.checks.length === 0 ? (
          <Empty title="No checks" icon="check">
            The script has checked nothing{run.state === 'running' ? ' yet' : ''}.
          </Empty>
        ) : (
          <CheckTable checks={run.checks} />
        )}
      </section>
      <Scenarios run={run} />
    </>
  )
}

function CheckTable({ checks }: { checks: ScriptCheck[] }): ReactElement {
  return (
    <div className="table-wrap">
      <table className="data">
        <thead>
          <tr>
            <th>Held</th>
            <th>Check</th>
            <th className="wide-only">Group</th>
            <th className="n">Share</th>
            <th className="n">Passed</th>
            <th className="n">Failed</th>
          </tr>
        </thead>
        <tbody>
          {[...checks]
            .sort((a, b) => Math.sign(b.fails) - Math.sign(a.fails))
            .map(({ group, name, passes, fails }) => (
              <tr key={`${group}\n${name}`} data-testid="script-check">
                <td>
                  {fails === 0 ? (
                    <Pill tone="ok">Always</Pill>
                  ) : (
                    <Pill tone="crit">{passes === 0 ? 'Never' : 'Not always'}</Pill>
                  )}
                </td>
                <td className="anywhere">{name}</td>
                <td className="muted wide-only anywhere">{groupName(group)}</td>
                <td className="n">{percent(passes / Math.max(1, passes + fails))}</td>
                <td className="n">{formatCount(passes)}</td>
                <td className={fails > 0 ? 'n tone-crit toned' : 'n'}>{formatCount(fails)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  )
}

/** `::outer::inner` as `outer › inner`. */
const groupName = (path: string): string => path.split('::').filter(Boolean).join(' › ')

/** With `--check-after`: what was right before the run and is wrong since. */
export function BrokenChecks({ run }: { run: RunDetail }): ReactElement | null {
  if (run.brokenChecks === undefined || run.brokenChecks.length === 0) return null
  return (
    <section className="panel" aria-label="Data checks that the run broke">
      <h3>Data that is wrong since the run</h3>
      <div className="stack">
        {run.brokenChecks.map((one) => (
          <div key={one.name} data-testid="broken-check">
            <Note tone="crit">
              <b>{one.name}</b> {one.description}
              {one.violations !== null && ` (${formatCount(one.violations)} rows)`}
            </Note>
            {one.sample && <SampleTable sample={one.sample} />}
          </div>
        ))}
      </div>
    </section>
  )
}

function Scenarios({ run }: { run: RunDetail }): ReactElement | null {
  if (run.scenarios.length === 0) return null
  return (
    <section className="panel" aria-label="Scenarios">
      <h3>Scenarios</h3>
      <div className="table-wrap">
        <table className="data">
          <thead>
            <tr>
              <th>Scenario</th>
              <th className="wide-only">Executor</th>
              <th style={{ width: '30%' }}>Progress</th>
              <th className="n">Users</th>
              <th className="n">Iterations</th>
            </tr>
          </thead>
          <tbody>
            {run.scenarios.map((one) => (
              <tr key={one.name} data-testid="scenario">
                <td>{one.name}</td>
                <td className="muted wide-only">{one.executor}</td>
                <td>{one.progress !== null && <Share share={one.progress} name={one.name} />}</td>
                <td className="n">{formatCount(one.vus)}</td>
                <td className="n">{formatCount(one.iterations)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function Share({ share, name }: { share: number; name: string }): ReactElement {
  const whole = Math.round(share * 100)
  return (
    <span className="share">
      <span
        className="meter"
        role="progressbar"
        aria-label={`Progress of ${name}`}
        aria-valuenow={whole}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <i style={{ width: `${share * 100}%` }} />
      </span>
      <span className="num">{whole} %</span>
    </span>
  )
}
