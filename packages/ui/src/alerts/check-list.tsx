/** The data checks with what they expect, what they found, and rows that show it. */
import type { ReactElement } from 'react'
import type { Check } from '../api/vigie.ts'
import type { Loaded } from '../api/use-api.ts'
import { Content, Empty, Note } from '../controls/feedback.tsx'
import { SampleTable } from '../controls/labels.tsx'
import { formatAge, formatCount, formatDurationMs } from '../time/format.ts'
import { CheckPill } from './check-pill.tsx'
import { checkText } from './check-text.ts'
import { severityTone } from './severity.ts'

const KIND_NAME: Record<Check['kind'], string> = { sql: 'SQL', http: 'HTTP JSON', promql: 'PromQL' }
const STATE_ORDER: Record<Check['state'], number> = { violated: 0, error: 1, pending: 2, ok: 3 }

export function CheckList({ checks }: { checks: Loaded<Check[]> }): ReactElement {
  return (
    <Content
      loaded={checks}
      isEmpty={(list) => list.length === 0}
      empty={
        <Empty title="No data checks" icon="check">
          Conditions on SQL, HTTP JSON or PromQL go under <code>checks:</code> in the configuration.
        </Empty>
      }
    >
      {(list) => (
        <div className="stack">
          {[...list]
            .sort((a, b) => STATE_ORDER[a.state] - STATE_ORDER[b.state])
            .map((check) => (
              <CheckCard key={check.name} check={check} />
            ))}
        </div>
      )}
    </Content>
  )
}

function CheckCard({ check }: { check: Check }): ReactElement {
  const now = Date.now()
  const tone = check.state === 'violated' ? ` tone-${severityTone(check.severity)}` : ''
  return (
    <details
      className={`panel alert-card${tone}`}
      open={check.state === 'violated' || check.state === 'error'}
      data-testid="check-card"
      data-check={check.name}
      data-state={check.state}
    >
      <summary>
        <CheckPill check={check} />
        <span className="alert-title">
          <b>{check.name}</b>
          <p>{checkText(check)}</p>
        </span>
        <span className="alert-aside num">
          <b>{KIND_NAME[check.kind]}</b>
          <span>{check.lastRunMs ? `${formatAge(now - check.lastRunMs)} ago` : 'not yet run'}</span>
        </span>
      </summary>
      <div className="alert-body">
        {check.error && <Note tone="warn">{check.error}</Note>}
        <dl className="facts num">
          <dt>Severity</dt>
          <dd>{check.severity}</dd>
          {check.value !== null && (
            <>
              <dt>Value</dt>
              <dd>{formatCount(check.value)}</dd>
            </>
          )}
          {check.violations !== null && (
            <>
              <dt>Violations</dt>
              <dd>{formatCount(check.violations)}</dd>
            </>
          )}
          {check.durationMs !== null && (
            <>
              <dt>Took</dt>
              <dd>{formatDurationMs(check.durationMs)}</dd>
            </>
          )}
          <dt>Last held</dt>
          <dd>
            {check.lastOkMs ? `${formatAge(now - check.lastOkMs)} ago` : 'never seen to hold'}
          </dd>
        </dl>
        {check.sample && <SampleTable sample={check.sample} />}
      </div>
    </details>
  )
}
