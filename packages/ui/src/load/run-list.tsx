/** All runs, newest first, by script; two or more can be chosen and compared. */
import { useState, type ReactElement } from 'react'
import { Link, useLocation } from 'wouter'
import type { Run } from '../api/vigie.ts'
import { useApi, type Loaded } from '../api/use-api.ts'
import { Content, Empty, Note } from '../controls/feedback.tsx'
import { Icon } from '../controls/icon.tsx'
import { formatAge, formatCount, formatDurationMs } from '../time/format.ts'
import { formatDateTime } from '../time/range.ts'
import { compareHref } from './compare-url.ts'
import { loadText } from './limit-text.ts'
import { RunPill } from './run-pill.tsx'
import { perSec, percent, tookMs } from './run-verdict.ts'

/** Runs asked for at once. */
export const PAGE_SIZE = 50

export function RunList({
  runs,
  filter,
  onFilter,
}: {
  runs: Loaded<Run[]>
  filter: string
  onFilter: (filter: string) => void
}): ReactElement {
  const api = useApi()
  const [older, setOlder] = useState<{ filter: string; runs: Run[]; isAll: boolean }>()
  const [failure, setFailure] = useState('')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const known = older?.filter === filter ? older : undefined

  async function more(last: Run): Promise<void> {
    try {
      const next = await api.get<Run[]>(
        `/api/vigie/runs?limit=${PAGE_SIZE}&script=${encodeURIComponent(filter)}&before=${encodeURIComponent(last.id)}`,
      )
      setFailure('')
      setOlder({ filter, runs: [...(known?.runs ?? []), ...next], isAll: next.length < PAGE_SIZE })
    } catch (error) {
      setFailure((error as Error).message)
    }
  }

  const choose = (id: string): void => {
    const next = new Set(chosen)
    if (!next.delete(id)) next.add(id)
    setChosen(next)
  }

  return (
    <section className="panel run-list" aria-label="Runs">
      <div className="toolbar">
        <h3>Runs</h3>
        <div className="search">
          <Icon name="explore" size={15} />
          <input
            className="input"
            aria-label="Filter runs by script"
            placeholder="Filter by script"
            value={filter}
            onChange={(event) => onFilter(event.target.value)}
          />
        </div>
        <span className="spacer" />
        <CompareButton runs={[...(runs.data ?? []), ...(known?.runs ?? [])]} chosen={chosen} />
      </div>
      <Content
        loaded={runs}
        isEmpty={(list) => list.length === 0}
        empty={
          filter === '' ? (
            <Empty title="No load runs yet" icon="load">
              Run <code>vigie load script.js</code> with a k6 script in the folder where Vigie runs:
              it reports here by itself.
            </Empty>
          ) : (
            <Empty title="No run of such a script" icon="explore" />
          )
        }
      >
        {(list) => {
          const shown = unique([...list, ...(known?.runs ?? [])])
          const isAll = known?.isAll ?? list.length < PAGE_SIZE
          return (
            <>
              <RunTable runs={shown} chosen={chosen} onChoose={choose} />
              {failure && <Note tone="crit">{failure}</Note>}
              {!isAll && (
                <button type="button" className="btn more" onClick={() => void more(shown.at(-1)!)}>
                  Older runs
                </button>
              )}
            </>
          )
        }}
      </Content>
    </section>
  )
}

const unique = (runs: Run[]): Run[] => [...new Map(runs.map((one) => [one.id, one])).values()]

function CompareButton({
  runs,
  chosen,
}: {
  runs: Run[]
  chosen: ReadonlySet<string>
}): ReactElement {
  const [, navigate] = useLocation()
  const picked = unique(runs.filter((run) => chosen.has(run.id))).sort(
    (a, b) => a.startedMs - b.startedMs,
  )
  const half = Math.ceil(picked.length / 2)
  const ids = picked.map((run) => run.id)
  return (
    <button
      type="button"
      className="btn"
      disabled={picked.length < 2}
      title={
        picked.length < 2
          ? 'Choose two runs or more in the list'
          : 'The older half against the newer half'
      }
      data-testid="compare"
      onClick={() => navigate(compareHref(ids.slice(0, half), ids.slice(half)))}
    >
      <Icon name="compare" size={13} />
      {picked.length < 2 ? 'Compare' : `Compare ${picked.length} runs`}
    </button>
  )
}

function RunTable({
  runs,
  chosen,
  onChoose,
}: {
  runs: Run[]
  chosen: ReadonlySet<string>
  onChoose: (id: string) => void
}): ReactElement {
  return (
    <div className="table-wrap">
      <table className="data run-table">
        <thead>
          <tr>
            <th>
              <span className="visually-hidden">Choose to compare</span>
            </th>
            <th>Verdict</th>
            <th>Script</th>
            <th className="wide-only">Started</th>
            <th className="n wide-only">Took</th>
            <th className="n wide-only">Users</th>
            <th className="n">p95</th>
            <th className="n wide-only">Requests</th>
            <th className="n">Errors</th>
            <th className="n wide-only">Thresholds</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <Row
              key={run.id}
              run={run}
              isChosen={chosen.has(run.id)}
              onChoose={() => onChoose(run.id)}
            />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({
  run,
  isChosen,
  onChoose,
}: {
  run: Run
  isChosen: boolean
  onChoose: () => void
}): ReactElement {
  const now = Date.now()
  const held = run.thresholds.filter((one) => one.ok === true).length
  // A search breaks them on purpose.
  const hasThresholds = run.thresholds.length > 0 && !run.limit
  const isBroken = hasThresholds && run.thresholds.some((one) => one.ok === false)
  const started = formatDateTime(run.startedMs)
  return (
    <tr data-testid="run-list-row" data-run={run.id} data-state={run.state}>
      <td>
        <input
          type="checkbox"
          aria-label={`Compare ${run.script} of ${started}`}
          checked={isChosen}
          disabled={run.state === 'running'}
          onChange={onChoose}
        />
      </td>
      <td>
        <RunPill state={run.state} />
      </td>
      <td className="script">
        <Link href={`/load/${encodeURIComponent(run.id)}`}>{run.script}</Link>
        {run.limit?.sustained != null && (
          <div className="sub num">limit {loadText(run.limit.unit, run.limit.sustained)}</div>
        )}
        <div className="sub num narrow-only">
          {formatAge(now - run.startedMs)} ago, {formatDurationMs(tookMs(run, now))}
        </div>
      </td>
      <td className="num wide-only" title={started}>
        {formatAge(now - run.startedMs)} ago
      </td>
      <td className="n wide-only">{formatDurationMs(tookMs(run, now))}</td>
      <td className="n wide-only">{formatCount(run.vusMax)}</td>
      <td className="n">{run.p95Ms === null ? '–' : formatDurationMs(run.p95Ms)}</td>
      <td className="n wide-only">
        {run.requestsPerSec === null ? '–' : perSec(run.requestsPerSec)}
      </td>
      <td className={run.failedRatio ? 'n tone-crit toned' : 'n'}>
        {run.failedRatio === null ? '–' : percent(run.failedRatio)}
      </td>
      <td className={isBroken ? 'n wide-only tone-crit toned' : 'n wide-only'}>
        {!hasThresholds ? '–' : `${held} of ${run.thresholds.length}`}
      </td>
    </tr>
  )
}
