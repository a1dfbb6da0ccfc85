/** Load runs: the list, and one run live or as it ended. */
import type { ReactElement } from 'react'
import { Link } from 'wouter'
import type { Run } from '../api/vigie.ts'
import { useVigie, type Loaded } from '../api/use-api.ts'
import { Content, Empty } from '../controls/feedback.tsx'
import { Page } from '../shell/page.tsx'
import { formatAge, formatCount, formatDurationMs } from '../time/format.ts'
import { formatDateTime } from '../time/range.ts'
import { RunPill } from './run-pill.tsx'
import { RunView } from './run-view.tsx'

const EVERY_MS = 2000

export function LoadPage({ runId }: { runId: string | undefined }): ReactElement {
  const runs = useVigie<Run[]>('runs', EVERY_MS)
  const running = runs.data?.find((run) => run.state === 'running')
  const shown = runId ?? running?.id
  return (
    <Page title="Load" note={shown}>
      {shown !== undefined && <RunView key={shown} id={shown} />}
      <RunList runs={runs} selected={shown} />
    </Page>
  )
}

function RunList({
  runs,
  selected,
}: {
  runs: Loaded<Run[]>
  selected: string | undefined
}): ReactElement {
  return (
    <section className="panel" aria-label="Runs">
      <h3>Runs</h3>
      <Content
        loaded={runs}
        isEmpty={(list) => list.length === 0}
        empty={
          <Empty title="No load runs yet" icon="load">
            Run <code>vigie load script.js</code> with a k6 script; it reports here by itself.
          </Empty>
        }
      >
        {(list) => (
          <div className="table-wrap">
            <table className="data">
              <thead>
                <tr>
                  <th>State</th>
                  <th>Script</th>
                  <th className="wide-only">Started</th>
                  <th className="n">Took</th>
                  <th className="n wide-only">Most users</th>
                  <th className="n wide-only">Iterations</th>
                  <th className="n">Thresholds</th>
                </tr>
              </thead>
              <tbody>
                {list.map((run) => (
                  <Row key={run.id} run={run} isSelected={run.id === selected} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Content>
    </section>
  )
}

function Row({ run, isSelected }: { run: Run; isSelected: boolean }): ReactElement {
  const known = run.thresholds.filter((one) => one.ok !== null)
  const passed = known.filter((one) => one.ok === true).length
  return (
    <tr data-testid="run-list-row" data-run={run.id} aria-current={isSelected || undefined}>
      <td>
        <RunPill state={run.state} />
      </td>
      <td style={{ overflowWrap: 'anywhere' }}>
        <Link href={`/load/${encodeURIComponent(run.id)}`}>{run.script.split('/').at(-1)}</Link>
        <div className="sub num">{run.id}</div>
      </td>
      <td className="num wide-only" title={formatDateTime(run.startedMs)}>
        {formatAge(Date.now() - run.startedMs)} ago
      </td>
      <td className="n">{formatDurationMs((run.endedMs ?? Date.now()) - run.startedMs)}</td>
      <td className="n wide-only">{formatCount(run.vusMax)}</td>
      <td className="n wide-only">{formatCount(run.iterations)}</td>
      <td className={`n ${passed < known.length ? 'tone-crit toned' : ''}`}>
        {run.thresholds.length === 0 ? '–' : `${passed} of ${run.thresholds.length}`}
      </td>
    </tr>
  )
}
