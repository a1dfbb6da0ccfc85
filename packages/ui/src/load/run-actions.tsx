/** What can be done with a run: stop it; or once it has ended run it again, compare it, delete it. */
import { useState, type ReactElement } from 'react'
import { Link, useLocation } from 'wouter'
import type { LoadScripts, Run } from '../api/vigie.ts'
import { useApi, useVigie } from '../api/use-api.ts'
import { Note } from '../controls/feedback.tsx'
import { Icon } from '../controls/icon.tsx'
import { Popover } from '../controls/popover.tsx'
import { compareHref } from './compare-url.ts'
import type { AnyRun } from './run-verdict.ts'
import { StopButton } from './stop-button.tsx'

/** Runs looked through for the one before of the same script. */
const LOOKED_AT = 20

export function RunActions({ run }: { run: AnyRun }): ReactElement {
  if (run.state === 'running') return <StopButton id={run.id} />
  return (
    <>
      <AgainLink run={run} />
      <CompareLink run={run} />
      <DeleteButton run={run} />
    </>
  )
}

function AgainLink({ run }: { run: AnyRun }): ReactElement | null {
  const scripts = useVigie<LoadScripts>('load/scripts')
  const found = scripts.data?.scripts.find(({ path }) => path.split('/').at(-1) === run.script)
  if (!found) return null
  return (
    <Link className="btn" href={`/load?start=${encodeURIComponent(found.path)}`}>
      <Icon name="play" size={13} />
      Again
    </Link>
  )
}

function CompareLink({ run }: { run: AnyRun }): ReactElement | null {
  const query = `script=${encodeURIComponent(run.script)}&before=${encodeURIComponent(run.id)}`
  const earlier = useVigie<Run[]>(`runs?limit=${LOOKED_AT}&${query}`)
  const before = earlier.data?.find((one) => one.script === run.script && one.endedMs !== null)
  if (!before) return null
  return (
    <Link className="btn" href={compareHref([before.id], [run.id])} data-testid="compare-before">
      <Icon name="compare" size={13} />
      <span className="wide-only">Compare with the run before</span>
      <span className="narrow-only">Compare</span>
    </Link>
  )
}

function DeleteButton({ run }: { run: AnyRun }): ReactElement {
  const api = useApi()
  const [, navigate] = useLocation()
  const [failure, setFailure] = useState('')
  async function remove(): Promise<void> {
    try {
      await api.send('DELETE', `/api/vigie/runs/${encodeURIComponent(run.id)}`)
      navigate('/load')
    } catch (error) {
      setFailure((error as Error).message)
    }
  }
  return (
    <Popover
      className="btn icon"
      ariaLabel="Delete this run"
      testId="delete-run"
      label={<Icon name="trash" size={13} />}
    >
      {(close) => (
        <div className="confirm">
          <p>
            <b>Delete this run?</b> Its report and script go at once; its series stay until they are
            too old to be kept.
          </p>
          {failure && <Note tone="crit">{failure}</Note>}
          <div className="toolbar">
            <button
              type="button"
              className="btn danger"
              data-testid="confirm-delete"
              onClick={() => void remove()}
            >
              Delete
            </button>
            <button type="button" className="btn" data-autofocus onClick={close}>
              Keep it
            </button>
          </div>
        </div>
      )}
    </Popover>
  )
}
