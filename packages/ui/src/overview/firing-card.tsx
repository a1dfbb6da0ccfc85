/** What fires or is about to, the worst and newest first. */
import type { ReactElement } from 'react'
import { Link } from 'wouter'
import type { Alert } from '../api/prometheus.ts'
import type { Loaded } from '../api/use-api.ts'
import { AlertPill } from '../alerts/alert-pill.tsx'
import { sortAlerts } from '../alerts/severity.ts'
import { Content, Empty } from '../controls/feedback.tsx'
import { formatAge } from '../time/format.ts'

/** Rows on the overview; the alerts page has all. */
const ROWS_MAX = 8

export function FiringCard({ alerts }: { alerts: Loaded<Alert[]> }): ReactElement {
  return (
    <section className="panel" aria-label="Alerts" data-testid="firing-card">
      <div className="panel-head">
        <h3>What is wrong</h3>
        <span className="spacer" />
        <Link className="sub" href="/alerts">
          All alerts
        </Link>
      </div>
      <Content
        loaded={alerts}
        isEmpty={(list) => list.length === 0}
        empty={
          <Empty title="Nothing fires" icon="ok">
            The rules run, and all of them are content.
          </Empty>
        }
      >
        {(list) => (
          <ul className="rows">
            {sortAlerts(list)
              .slice(0, ROWS_MAX)
              .map((alert) => (
                <FiringRow key={JSON.stringify(alert.labels)} alert={alert} />
              ))}
            {list.length > ROWS_MAX && (
              <li className="sub">
                <Link href="/alerts">and {list.length - ROWS_MAX} more</Link>
              </li>
            )}
          </ul>
        )}
      </Content>
    </section>
  )
}

function FiringRow({ alert }: { alert: Alert }): ReactElement {
  const { labels, annotations } = alert
  const summary = annotations['summary'] ?? annotations['description'] ?? annotations['message']
  const subject = labels['instance'] ?? labels['job'] ?? ''
  return (
    <li className="row-item" data-testid="firing-row" data-alert={labels['alertname']}>
      <AlertPill state={alert.state} severity={labels['severity']} />
      <Link className="row-main" href="/alerts">
        <b>{labels['alertname']}</b>
        <span className="sub">{summary ?? subject}</span>
      </Link>
      <span className="sub num">
        {alert.activeAt ? formatAge(Date.now() - Date.parse(alert.activeAt)) : ''}
      </span>
    </li>
  )
}
