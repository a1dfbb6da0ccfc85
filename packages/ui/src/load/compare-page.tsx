/** Two runs, or several of each kind, side by side: what changed, and whether it is more than chance. */
import { useMemo, useState, type ReactElement } from 'react'
import { Link } from 'wouter'
import type { Run } from '../api/vigie.ts'
import { useApi, useLoaded, useVigie } from '../api/use-api.ts'
import { Content, Empty, Note } from '../controls/feedback.tsx'
import { Icon } from '../controls/icon.tsx'
import { Popover } from '../controls/popover.tsx'
import { Page } from '../shell/page.tsx'
import { useParams } from '../shell/url-state.ts'
import { formatAge, formatDurationMs } from '../time/format.ts'
import { formatDateTime } from '../time/range.ts'
import { CompareCharts } from './compare-charts.tsx'
import { CompareTable } from './compare-table.tsx'
import { idsOf } from './compare-url.ts'
import { RunPill } from './run-pill.tsx'
import { tookMs } from './run-verdict.ts'

/** Runs offered to be added. */
const OFFERED = 50
/** Of each side; more is no picture any more. */
const SIDE_MAX = 8

export type Side = 'a' | 'b'

export interface Sides {
  a: Run[]
  b: Run[]
}

export function ComparePage(): ReactElement {
  const api = useApi()
  const [params, setParams] = useParams()
  const ids = { a: idsOf(params.get('a')), b: idsOf(params.get('b')) }
  const sides = useLoaded<Sides>(
    `compared:${ids.a.join()}:${ids.b.join()}`,
    async (signal) => {
      const get = (list: string[]): Promise<Run[]> =>
        Promise.all(
          list.map((id) => api.get<Run>(`/api/vigie/runs/${encodeURIComponent(id)}`, signal)),
        )
      const [a, b] = await Promise.all([get(ids.a), get(ids.b)])
      return { a, b }
    },
    0,
    true,
  )
  const put = (change: Partial<Record<Side, string[]>>): void =>
    setParams(
      Object.fromEntries(Object.entries(change).map(([side, list]) => [side, list.join(',')])),
    )
  const remove = (side: Side, id: string): void =>
    put({ [side]: ids[side].filter((one) => one !== id) })
  const move = (side: Side, id: string): void => {
    const other = side === 'a' ? 'b' : 'a'
    put({ [side]: ids[side].filter((one) => one !== id), [other]: [...ids[other], id] })
  }
  return (
    <Page
      title="Compare runs"
      note={<Link href="/load">All runs</Link>}
      isLoading={sides.isLoading && sides.data === undefined}
    >
      <Content loaded={sides}>
        {(loaded) => (
          <>
            <div className="compare-sides">
              {(['a', 'b'] as const).map((side) => (
                <SidePanel
                  key={side}
                  side={side}
                  runs={loaded[side]}
                  taken={[...ids.a, ...ids.b]}
                  onAdd={(id) => put({ [side]: [...ids[side], id] })}
                  onRemove={(id) => remove(side, id)}
                  onMove={(id) => move(side, id)}
                />
              ))}
            </div>
            <Compared sides={loaded} />
          </>
        )}
      </Content>
    </Page>
  )
}

function Compared({ sides }: { sides: Sides }): ReactElement {
  const isReady = sides.a.length > 0 && sides.b.length > 0
  const running = [...sides.a, ...sides.b].filter((run) => run.endedMs === null)
  const scripts = useMemo(
    () => [...new Set([...sides.a, ...sides.b].map((run) => run.script))],
    [sides],
  )
  if (!isReady) {
    return (
      <Empty title="A comparison needs a run on each side" icon="compare">
        Add one above, or choose runs in the list of all runs.
      </Empty>
    )
  }
  return (
    <>
      {scripts.length > 1 && (
        <Note tone="warn">
          These are runs of different scripts ({scripts.join(', ')}): what differs may be the
          script.
        </Note>
      )}
      {running.length > 0 ? (
        <Note tone="info">Figures are compared once every run has ended.</Note>
      ) : (
        <CompareTable sides={sides} />
      )}
      <CompareCharts sides={sides} />
    </>
  )
}

function SidePanel({
  side,
  runs,
  taken,
  onAdd,
  onRemove,
  onMove,
}: {
  side: Side
  runs: Run[]
  taken: string[]
  onAdd: (id: string) => void
  onRemove: (id: string) => void
  onMove: (id: string) => void
}): ReactElement {
  const name = side.toUpperCase()
  return (
    <section className="panel" aria-label={`Side ${name}`} data-testid={`side-${side}`}>
      <div className="panel-head">
        <span className={`side-mark side-${side}`} aria-hidden="true">
          {name}
        </span>
        <h3>{side === 'a' ? 'Before' : 'After'}</h3>
        <span className="spacer" />
        {runs.length < SIDE_MAX && <AddRun name={name} taken={taken} onAdd={onAdd} />}
      </div>
      {runs.length === 0 && <p className="sub hint">No run yet.</p>}
      <ul className="rows">
        {runs.map((run) => (
          <li className="row-item" key={run.id}>
            <RunPill state={run.state} />
            <Link className="row-main" href={`/load/${encodeURIComponent(run.id)}`}>
              <b className="ellipsis">{run.script}</b>
              <span className="sub num">
                {formatDateTime(run.startedMs)}, {formatDurationMs(tookMs(run, Date.now()))}
              </span>
            </Link>
            <span>
              <button
                type="button"
                className="btn ghost icon"
                aria-label={`Move ${run.script} of ${formatDateTime(run.startedMs)} to side ${side === 'a' ? 'B' : 'A'}`}
                onClick={() => onMove(run.id)}
              >
                <Icon name={side === 'a' ? 'right' : 'left'} size={13} />
              </button>
              <button
                type="button"
                className="btn ghost icon"
                aria-label={`Remove ${run.script} of ${formatDateTime(run.startedMs)}`}
                onClick={() => onRemove(run.id)}
              >
                <Icon name="cross" size={13} />
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function AddRun({
  name,
  taken,
  onAdd,
}: {
  name: string
  taken: string[]
  onAdd: (id: string) => void
}): ReactElement {
  return (
    <Popover
      className="btn ghost"
      ariaLabel={`Add a run to side ${name}`}
      testId={`add-run-${name.toLowerCase()}`}
      label={
        <>
          <Icon name="plus" size={13} />
          Add
        </>
      }
    >
      {(close) => (
        <Offered
          taken={taken}
          onPick={(id) => {
            onAdd(id)
            close()
          }}
        />
      )}
    </Popover>
  )
}

function Offered({
  taken,
  onPick,
}: {
  taken: string[]
  onPick: (id: string) => void
}): ReactElement {
  const [filter, setFilter] = useState('')
  const runs = useVigie<Run[]>(`runs?limit=${OFFERED}&script=${encodeURIComponent(filter)}`)
  return (
    <div className="offered">
      <input
        className="input"
        data-autofocus
        aria-label="Filter by script"
        placeholder="Filter by script"
        value={filter}
        onChange={(event) => setFilter(event.target.value)}
      />
      <Content loaded={runs}>
        {(list) => {
          const free = list.filter((run) => run.endedMs !== null && !taken.includes(run.id))
          if (free.length === 0) return <p className="sub hint">No other run that has ended.</p>
          return free.map((run) => (
            <button key={run.id} type="button" className="menu-item" onClick={() => onPick(run.id)}>
              <RunPill state={run.state} />
              <span className="ellipsis">{run.script}</span>
              <span className="spacer" />
              <span className="sub num">{formatAge(Date.now() - run.startedMs)} ago</span>
            </button>
          ))
        }}
      </Content>
    </div>
  )
}
