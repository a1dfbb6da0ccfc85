/** Ask anything: queries with completion, their answers as a graph or a table, all in the address. */
import { useEffect, useState, type ReactElement } from 'react'
import { useLocation, useSearch } from 'wouter'
import { parseDuration } from '@vigie/model'
import type { Loaded } from '../api/use-api.ts'
import { Note } from '../controls/feedback.tsx'
import { Icon } from '../controls/icon.tsx'
import { Tabs } from '../controls/tabs.tsx'
import { RunMarksProvider, RunMarksSwitch, useRunMarks } from '../load/run-marks.tsx'
import { Page } from '../shell/page.tsx'
import { ExploreControls } from './explore-controls.tsx'
import { GraphResult } from './graph-result.tsx'
import { readGraphUrl, writeGraphUrl, type ExploreState } from './graph-url.ts'
import { QueryField } from './query-field.tsx'
import { positionedError } from './error-position.ts'
import { TableResult } from './table-result.tsx'
import { useGraph, useTable, type GraphAnswer, type TableAnswer } from './use-explore.ts'

interface Explore {
  state: ExploreState
  /** What the editors hold; asked once it is run. */
  drafts: string[]
  setDrafts: (drafts: string[]) => void
  apply: (change: Partial<ExploreState>) => void
  run: () => void
  /** Counts repeated runs of the same queries. */
  turn: number
}

function useExplore(): Explore {
  const search = useSearch()
  const [, navigate] = useLocation()
  const state = readGraphUrl(new URLSearchParams(search))
  const [drafts, setDrafts] = useState(state.exprs)
  const [turn, setTurn] = useState(0)
  const asked = JSON.stringify(state.exprs)
  // Back, forward and links bring other queries.
  useEffect(() => setDrafts(JSON.parse(asked) as string[]), [asked])
  const apply = (change: Partial<ExploreState>): void =>
    navigate(`/explore?${writeGraphUrl({ ...state, ...change })}`)
  const run = (): void => {
    if (JSON.stringify(drafts) === asked) setTurn(turn + 1)
    else apply({ exprs: drafts })
  }
  return { state, drafts, setDrafts, apply, run, turn }
}

export function ExplorePage(): ReactElement {
  const { state, drafts, setDrafts, apply, run, turn } = useExplore()
  const isAsked = state.exprs.some((expr) => expr.trim() !== '')
  const rangeMs = parseDuration(state.range) ?? 3_600_000
  const isGraph = state.tab === 'graph'
  const graph = useGraph(state.exprs, rangeMs, state.endMs, state.stepSec, turn, isGraph)
  const table = useTable(state.exprs, state.endMs, turn, !isGraph)
  const answers = isGraph ? graph.data?.answers : table.data
  const failure = (isGraph ? graph : table).error
  const marks = useRunMarks((graph.data?.startSec ?? 0) * 1000, (graph.data?.endSec ?? 0) * 1000)

  return (
    <Page title="Explore" isLoading={graph.isLoading || table.isLoading}>
      <section className="panel queries" aria-label="Queries">
        <QueryLines
          drafts={drafts}
          state={state}
          answers={answers}
          onDraft={setDrafts}
          onRemove={(left) => {
            setDrafts(left)
            apply({ exprs: left })
          }}
          onRun={run}
        />
        <div className="toolbar">
          <button type="button" className="btn primary" data-testid="explore-run" onClick={run}>
            <Icon name="play" size={13} />
            Run
          </button>
          <button type="button" className="btn" onClick={() => setDrafts([...drafts, ''])}>
            <Icon name="plus" size={13} />
            Add query
          </button>
          <span className="spacer" />
          {isGraph && <RunMarksSwitch marks={marks} />}
          <ExploreControls
            state={state}
            rangeMs={rangeMs}
            stepSec={graph.data?.stepSec}
            onChange={apply}
          />
        </div>
      </section>
      <section className="panel explore-result" data-testid="explore-result" aria-label="Result">
        <Tabs
          items={[
            { id: 'graph', label: 'Graph' },
            { id: 'table', label: 'Table' },
          ]}
          selected={state.tab}
          label="Form of the result"
          onSelect={(tab) => apply({ tab })}
        />
        {failure && <Note tone="crit">{failure.message}</Note>}
        <RunMarksProvider marks={marks}>
          <Result
            state={state}
            isAsked={isAsked}
            rangeMs={rangeMs}
            graph={graph}
            table={table}
            onChange={apply}
          />
        </RunMarksProvider>
      </section>
    </Page>
  )
}

function Result({
  state,
  isAsked,
  rangeMs,
  graph,
  table,
  onChange,
}: {
  state: ExploreState
  isAsked: boolean
  rangeMs: number
  graph: Loaded<GraphAnswer>
  table: Loaded<TableAnswer[]>
  onChange: (change: Partial<ExploreState>) => void
}): ReactElement {
  if (state.tab === 'table') return <TableResult table={table} isAsked={isAsked} />
  return (
    <GraphResult
      graph={graph}
      isAsked={isAsked}
      onZoom={(fromMs, toMs) => onChange(zoomed(fromMs, toMs))}
      onZoomOut={() => onChange({ range: seconds(rangeMs * 2), stepSec: undefined })}
    />
  )
}

const seconds = (ms: number): string => `${Math.max(1, Math.round(ms / 1000))}s`

function zoomed(fromMs: number, toMs: number): Partial<ExploreState> {
  return { range: seconds(toMs - fromMs), endMs: Math.round(toMs), stepSec: undefined }
}

function QueryLines({
  drafts,
  state,
  answers,
  onDraft,
  onRemove,
  onRun,
}: {
  drafts: string[]
  state: ExploreState
  answers: { error: string | undefined; warnings: string[] }[] | undefined
  onDraft: (drafts: string[]) => void
  onRemove: (left: string[]) => void
  onRun: () => void
}): ReactElement {
  return (
    <>
      {drafts.map((draft, i) => (
        <QueryLine
          key={i}
          index={i}
          draft={draft}
          asked={state.exprs[i] ?? ''}
          error={answers?.[i]?.error}
          warnings={answers?.[i]?.warnings ?? []}
          isOnly={drafts.length === 1}
          onChange={(value) => onDraft(drafts.map((one, j) => (j === i ? value : one)))}
          onRemove={() => onRemove(drafts.filter((_, j) => j !== i))}
          onRun={onRun}
        />
      ))}
    </>
  )
}

function QueryLine({
  index,
  draft,
  asked,
  error,
  warnings,
  isOnly,
  onChange,
  onRemove,
  onRun,
}: {
  index: number
  draft: string
  asked: string
  error: string | undefined
  warnings: string[]
  isOnly: boolean
  onChange: (value: string) => void
  onRemove: () => void
  onRun: () => void
}): ReactElement {
  return (
    <div className="query-line">
      <div className="query-box">
        <QueryField value={draft} onChange={onChange} onRun={onRun} label={`Query ${index + 1}`} />
        {!isOnly && (
          <button
            type="button"
            className="btn ghost icon"
            aria-label={`Remove query ${index + 1}`}
            onClick={onRemove}
          >
            <Icon name="cross" size={13} />
          </button>
        )}
      </div>
      {error !== undefined && <QueryError query={asked} message={error} />}
      {warnings.map((warning) => (
        <Note tone="warn" key={warning}>
          {warning}
        </Note>
      ))}
    </div>
  )
}

function QueryError({ query, message }: { query: string; message: string }): ReactElement {
  const { excerpt } = positionedError(query, message)
  return (
    <div className="query-error" role="alert" data-testid="explore-error">
      {excerpt && <pre>{`${excerpt.line}\n${excerpt.caret}`}</pre>}
      <span>{message}</span>
    </div>
  )
}
