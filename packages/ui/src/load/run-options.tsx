/** The run's summary as the terminal showed it, and the options that were in force. */
import type { ReactElement } from 'react'
import type { RunDetail } from '../api/vigie.ts'
import { Empty } from '../controls/feedback.tsx'

export function RunOptions({ run }: { run: RunDetail }): ReactElement {
  return (
    <div className="summary-and-options">
      <section className="panel" aria-label="Summary">
        <h3>Summary</h3>
        {run.summaryText ? (
          <pre className="summary-text" data-testid="run-summary" tabIndex={0}>
            {plainText(run.summaryText)}
          </pre>
        ) : (
          <Empty title="No summary yet" icon="clock">
            It is made when the run ends.
          </Empty>
        )}
      </section>
      <section className="panel" aria-label="Options">
        <h3>Options</h3>
        <pre className="summary-text" data-testid="run-options" tabIndex={0}>
          {JSON.stringify(run.options, null, 2)}
        </pre>
      </section>
    </div>
  )
}

/** The summary is made for a terminal; its colours are not for here. */
// oxlint-disable-next-line no-control-regex
const plainText = (text: string): string => text.replaceAll(/\u001b\[[0-9;]*m/g, '')
