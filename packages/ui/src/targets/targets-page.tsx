/** What is watched: every target and probe by job, its state, and why it is down. */
import type { ReactElement } from 'react'
import { Content, Empty, Pill, type Tone } from '../controls/feedback.tsx'
import { Icon, type IconName } from '../controls/icon.tsx'
import { LabelChips } from '../controls/labels.tsx'
import { Page } from '../shell/page.tsx'
import { useParams } from '../shell/url-state.ts'
import { formatAge, formatDurationMs } from '../time/format.ts'
import { AddTargets } from './add-targets.tsx'
import { services, type Service, type TargetRow, type TargetState } from './service.ts'
import { useTargets } from './use-targets.ts'

const EVERY_MS = 2000
const FACE: Record<TargetState, { tone: Tone; icon: IconName; text: string }> = {
  up: { tone: 'ok', icon: 'ok', text: 'Up' },
  down: { tone: 'crit', icon: 'down', text: 'Down' },
  unknown: { tone: 'muted', icon: 'clock', text: 'Waiting' },
}

export function TargetsPage(): ReactElement {
  const [params, setParams] = useParams()
  const targets = useTargets(EVERY_MS)
  const filter = params.get('filter') ?? ''
  const state = params.get('state') ?? 'all'
  return (
    <Page title="Targets">
      <div className="toolbar">
        <div className="search">
          <Icon name="explore" size={15} />
          <input
            className="input"
            aria-label="Filter targets"
            placeholder="Filter by job, address, label or error"
            value={filter}
            onChange={(event) => setParams({ filter: event.target.value || null })}
          />
        </div>
        <div className="btn-group" role="group" aria-label="State">
          {['all', 'down', 'up'].map((one) => (
            <button
              key={one}
              type="button"
              className={state === one ? 'btn on' : 'btn'}
              aria-pressed={state === one}
              onClick={() => setParams({ state: one === 'all' ? null : one })}
            >
              {one === 'all' ? 'All' : one === 'down' ? 'Down' : 'Up'}
              {targets.data && <span className="muted num">{count(targets.data, one)}</span>}
            </button>
          ))}
        </div>
      </div>
      <Content
        loaded={targets}
        isEmpty={(rows) => rows.length === 0}
        empty={
          <Empty title="Nothing is watched yet" icon="targets">
            Add an address below, or name targets in the configuration.
          </Empty>
        }
      >
        {(rows) => {
          const list = services(rows.filter((row) => isShown(row, filter, state)))
          if (list.length === 0) return <Empty title="No target matches" icon="explore" />
          return <TargetTable list={list} />
        }}
      </Content>
      <section className="panel" aria-label="Add targets">
        <h3>Watch something else</h3>
        <AddTargets onAdded={targets.reload} />
      </section>
    </Page>
  )
}

function count(rows: TargetRow[], state: string): number {
  return state === 'all' ? rows.length : rows.filter((row) => row.state === state).length
}

function isShown(row: TargetRow, filter: string, state: string): boolean {
  if (state !== 'all' && row.state !== state) return false
  const text = [row.job, row.url, row.rawError, ...Object.values(row.labels)].join('\n')
  return text.toLowerCase().includes(filter.toLowerCase())
}

function TargetTable({ list }: { list: Service[] }): ReactElement {
  return (
    <div className="panel table-wrap">
      <table className="data target-table">
        <thead>
          <tr>
            <th style={{ width: 90 }}>State</th>
            <th>Target</th>
            <th className="wide-only">Labels</th>
            <th className="n">Last</th>
            <th className="n wide-only">Took</th>
          </tr>
        </thead>
        {list.map((service) => (
          <Job key={service.job} service={service} />
        ))}
      </table>
    </div>
  )
}

function Job({ service }: { service: Service }): ReactElement {
  const { job, targets, upCount } = service
  const isAllUp = upCount === targets.length
  return (
    <tbody data-testid="target-group" data-job={job}>
      <tr className="group-row">
        <th colSpan={5} scope="rowgroup">
          {job}{' '}
          <span className={`sub num ${isAllUp ? '' : 'tone-crit toned'}`}>
            {upCount} of {targets.length} up
          </span>
        </th>
      </tr>
      {targets.map((row) => (
        <Target key={row.url + JSON.stringify(row.labels)} row={row} />
      ))}
    </tbody>
  )
}

function Target({ row }: { row: TargetRow }): ReactElement {
  const { tone, icon, text } = FACE[row.state]
  return (
    <tr data-testid="target-row" data-state={row.state}>
      <td>
        <Pill tone={tone} icon={icon}>
          {text}
        </Pill>
      </td>
      <td>
        <span className="url">
          {/^https?:/.test(row.url) ? (
            <a href={row.url} target="_blank" rel="noreferrer">
              {row.url}
            </a>
          ) : (
            row.url
          )}
        </span>
        {row.isProbe && <span className="sub"> probe</span>}
        {row.error && (
          <div className="error" title={row.rawError}>
            {row.error}
            {row.rawError !== '' && row.rawError !== row.error && (
              <span className="muted wide-only"> · {row.rawError}</span>
            )}
          </div>
        )}
      </td>
      <td className="wide-only">
        <LabelChips labels={row.labels} without={['job']} />
      </td>
      <td className="n">
        {row.lastScrapeMs > 0 ? `${formatAge(Date.now() - row.lastScrapeMs)} ago` : 'never'}
      </td>
      <td className="n wide-only">
        {Number.isFinite(row.durationMs) && row.lastScrapeMs > 0
          ? formatDurationMs(row.durationMs)
          : ''}
      </td>
    </tr>
  )
}
