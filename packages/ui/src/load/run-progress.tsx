import type { ReactElement } from 'react'
import type { AnyRun } from './run-verdict.ts'

/** A bar while a run goes on; nothing before anything is known, or afterwards. */
export function RunProgress({ run }: { run: AnyRun }): ReactElement | null {
  if (run.state !== 'running' || run.progress === null || run.limit) return null
  const share = Math.round(run.progress * 100)
  return (
    <div
      className="meter"
      role="progressbar"
      aria-label={`Progress of ${run.script}`}
      aria-valuenow={share}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <i style={{ width: `${run.progress * 100}%` }} />
    </div>
  )
}
