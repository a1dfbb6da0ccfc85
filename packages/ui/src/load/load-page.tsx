/** Load runs: start one, see those that go on, and all there were. */
import '../styles/load.css'
import { useState, type ReactElement } from 'react'
import type { LoadScripts, Run } from '../api/vigie.ts'
import { useVigie } from '../api/use-api.ts'
import { Icon } from '../controls/icon.tsx'
import { Page } from '../shell/page.tsx'
import { useParams } from '../shell/url-state.ts'
import { ComparePage } from './compare-page.tsx'
import { PAGE_SIZE, RunList } from './run-list.tsx'
import { RunPage } from './run-page.tsx'
import { RunningCard } from './running-card.tsx'
import { StartForm } from './start-form.tsx'

const EVERY_MS = 2000
const SCRIPTS_EVERY_MS = 5000
/** Running ones shown besides the list. */
const CARDS_MAX = 5

/** `runId` is undefined for the list, `compare` for the comparison. */
export function LoadPage({ runId }: { runId: string | undefined }): ReactElement {
  if (runId === undefined) return <AllRuns />
  if (runId === 'compare') return <ComparePage />
  return <RunPage key={runId} id={runId} />
}

function AllRuns(): ReactElement {
  const [params, setParams] = useParams()
  const filter = params.get('script') ?? ''
  const preset = params.get('start')
  const runs = useVigie<Run[]>(
    `runs?limit=${PAGE_SIZE}&script=${encodeURIComponent(filter)}`,
    EVERY_MS,
  )
  const scripts = useVigie<LoadScripts>('load/scripts', SCRIPTS_EVERY_MS)
  const [isOpen, setOpen] = useState(preset !== null)
  const running = (runs.data ?? []).filter((run) => run.state === 'running')
  const isFirst = filter === '' && runs.data?.length === 0
  return (
    <Page
      title="Load"
      isLoading={runs.isLoading && runs.data === undefined}
      controls={
        !isFirst && (
          <button
            type="button"
            className={isOpen ? 'btn on' : 'btn primary'}
            aria-expanded={isOpen}
            data-testid="open-start"
            onClick={() => setOpen(!isOpen)}
          >
            <Icon name={isOpen ? 'cross' : 'play'} size={13} />
            {isOpen ? 'Close' : 'Start a run'}
          </button>
        )
      }
    >
      {(isOpen || isFirst) && <StartForm scripts={scripts} preset={preset} />}
      {running.slice(0, CARDS_MAX).map((run) => (
        <RunningCard key={run.id} run={run} />
      ))}
      <RunList
        runs={runs}
        filter={filter}
        onFilter={(script) => setParams({ script: script || null })}
      />
    </Page>
  )
}
