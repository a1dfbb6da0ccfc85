/** Alerts that fire or are about to: the worst first, with all that they say. */
import { useState, type ReactElement } from 'react'
import { Link } from 'wouter'
import type { Alert } from '../api/prometheus.ts'
import type { Check } from '../api/vigie.ts'
import type { Loaded } from '../api/use-api.ts'
import { Content, Empty } from '../controls/feedback.tsx'
import { LabelChips, SampleTable } from '../controls/labels.tsx'
import { formatAge, formatCount } from '../time/format.ts'
import { formatDateTime } from '../time/range.ts'
import { AlertPill } from './alert-pill.tsx'
import { Annotations } from './annotations.tsx'
import { severityTone, sortAlerts } from './severity.ts'

/** The alert that a violated data check raises. */
const CHECK_ALERT = 'InvariantViolated'

export function AlertList({
  alerts,
  checks,
}: {
  alerts: Loaded<Alert[]>
  checks: Check[]
}): ReactElement {
  const [filter, setFilter] = useState('')
  return (
    <Content
      loaded={alerts}
      isEmpty={(list) => list.length === 0}
      empty={
        <Empty title="Nothing fires" icon="ok">
          Rules are evaluated all the time; what they find shows up here and in the inbox.
        </Empty>
      }
    >
      {(list) => (
        <div className="stack">
          {list.length > 5 && (
            <input
              className="input"
              style={{ maxWidth: 420 }}
              aria-label="Filter alerts"
              placeholder="Filter by name or label"
              value={filter}
              onChange={(event) => setFilter(event.target.value)}
            />
          )}
          {sortAlerts(list)
            .filter((alert) => matches(alert, filter))
            .map((alert, i) => (
              <AlertCard
                key={JSON.stringify(alert.labels)}
                alert={alert}
                sample={alert.sample ?? sampleOf(alert, checks)}
                isOpen={i === 0 && alert.state === 'firing'}
              />
            ))}
        </div>
      )}
    </Content>
  )
}

function matches(alert: Alert, filter: string): boolean {
  const wanted = filter.toLowerCase()
  return Object.values(alert.labels).some((value) => value.toLowerCase().includes(wanted))
}

/** An alert that a data check raised is named by its label `name`; the check's rows are the evidence. */
function sampleOf(alert: Alert, checks: Check[]): Check['sample'] {
  if (alert.labels['alertname'] !== CHECK_ALERT) return null
  return checks.find((check) => check.name === alert.labels['name'])?.sample ?? null
}

function AlertCard({
  alert,
  sample,
  isOpen,
}: {
  alert: Alert
  sample: Check['sample']
  isOpen: boolean
}): ReactElement {
  const { labels, annotations, state } = alert
  const since = alert.activeAt ? Date.parse(alert.activeAt) : NaN
  const tone = state === 'pending' ? 'warn' : severityTone(labels['severity'])
  const summary = annotations['summary'] ?? annotations['message'] ?? annotations['description']
  return (
    <details
      className={`panel alert-card tone-${tone}`}
      open={isOpen}
      data-testid="alert-row"
      data-alert={labels['alertname']}
      data-state={state}
    >
      <summary>
        <AlertPill state={state} severity={labels['severity']} />
        <span className="alert-title">
          <b>{labels['alertname']}</b>
          {summary && <p>{summary}</p>}
          <LabelChips labels={labels} without={['alertname', 'severity']} />
        </span>
        <span className="alert-aside num">
          <b>{labels['severity'] ?? 'no severity'}</b>
          {!Number.isNaN(since) && (
            <span title={formatDateTime(since)}>for {formatAge(Date.now() - since)}</span>
          )}
        </span>
      </summary>
      <div className="alert-body">
        <Annotations annotations={annotations} without={summary ? ['summary'] : []} />
        <dl className="facts">
          <dt>Value</dt>
          <dd className="num mono">{formatCount(Number(alert.value))}</dd>
          {!Number.isNaN(since) && (
            <>
              <dt>Since</dt>
              <dd className="num">{formatDateTime(since)}</dd>
            </>
          )}
        </dl>
        {sample && <SampleTable sample={sample} />}
        <div className="toolbar">
          <Link
            className="btn"
            href={`/explore?g0.expr=${encodeURIComponent(alertSeries(labels))}`}
          >
            Its history
          </Link>
          <Link className="btn" href="/alerts?tab=inbox">
            Who was told
          </Link>
        </div>
      </div>
    </details>
  )
}

function alertSeries(labels: Record<string, string>): string {
  const matchers = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return `ALERTS{${matchers.join(', ')}}`
}
