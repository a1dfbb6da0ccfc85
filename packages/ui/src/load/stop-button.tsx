/** Stops a run: once asks it to end with its teardown and summary, once more ends it at once. */
import { useState, type ReactElement } from 'react'
import { useApi } from '../api/use-api.ts'
import { Icon } from '../controls/icon.tsx'

export function StopButton({ id }: { id: string }): ReactElement {
  const api = useApi()
  const [isAsked, setAsked] = useState(false)
  const [failure, setFailure] = useState('')
  async function stop(): Promise<void> {
    try {
      await api.send('POST', `/api/vigie/runs/${encodeURIComponent(id)}/stop`)
      setAsked(true)
      setFailure('')
    } catch (error) {
      setFailure((error as Error).message)
    }
  }
  return (
    <>
      {failure && (
        <span className="sub tone-crit toned" role="alert">
          {failure}
        </span>
      )}
      <button
        type="button"
        className="btn danger"
        data-testid="stop-run"
        title={
          isAsked
            ? 'It finishes its iterations and teardown; click again to end it at once'
            : 'Ends the run; teardown and summary still happen'
        }
        onClick={() => void stop()}
      >
        <Icon name="stop" size={13} />
        {isAsked ? 'Stopping …' : 'Stop'}
      </button>
    </>
  )
}
