/** Every attempt to tell somebody, whether or not it arrived, also when nobody is configured. */
import { useState, type ReactElement } from 'react'
import type { InboxPage, Notification, NotifiedAlert } from '../api/vigie.ts'
import { useApi, type Loaded } from '../api/use-api.ts'
import { Content, Empty, Note, Pill } from '../controls/feedback.tsx'
import { LabelChips, SampleTable } from '../controls/labels.tsx'
import { formatAge, formatClock } from '../time/format.ts'
import { formatDateTime } from '../time/range.ts'
import { Annotations } from './annotations.tsx'
import { severityRank } from './severity.ts'

export function Inbox({ page, limit }: { page: Loaded<InboxPage>; limit: number }): ReactElement {
  const api = useApi()
  const [older, setOlder] = useState<Notification[]>([])
  const [failure, setFailure] = useState('')

  async function more(last: Notification): Promise<void> {
    try {
      const next = await api.get<InboxPage>(
        `/api/vigie/inbox?limit=${limit}&before=${encodeURIComponent(String(last.id))}`,
      )
      setOlder((known) => [...known, ...next.notifications])
    } catch (error) {
      setFailure((error as Error).message)
    }
  }

  return (
    <Content
      loaded={page}
      isEmpty={({ notifications }) => notifications.length === 0}
      empty={
        <Empty title="No messages" icon="inbox">
          Whatever fires is kept here, also without a receiver.
        </Empty>
      }
    >
      {({ notifications, total }) => {
        const shown = unique([...notifications, ...older])
        const last = shown.at(-1)
        return (
          <div className="stack">
            {shown.map((one) => (
              <Message key={one.id} message={one} />
            ))}
            {failure && <Note tone="crit">{failure}</Note>}
            {last && shown.length < total && (
              <button type="button" className="btn" onClick={() => void more(last)}>
                Older messages ({total - shown.length})
              </button>
            )}
          </div>
        )
      }}
    </Content>
  )
}

function unique(messages: Notification[]): Notification[] {
  return [...new Map(messages.map((one) => [one.id, one])).values()]
}

function Message({ message }: { message: Notification }): ReactElement {
  const { alerts, state, timeMs } = message
  const now = Date.now()
  return (
    <details
      className={`panel alert-card tone-${state === 'firing' ? tone(alerts) : 'ok'}`}
      data-testid="inbox-row"
      data-state={state}
      data-status={message.status}
    >
      <summary>
        {state === 'firing' ? (
          <Pill tone={tone(alerts)} icon="down">
            Firing
          </Pill>
        ) : (
          <Pill tone="ok">Resolved</Pill>
        )}
        <span className="alert-title">
          <b>{title(message)}</b>
          <p>{summary(alerts)}</p>
          <Delivery message={message} />
        </span>
        <span className="alert-aside num" title={formatDateTime(timeMs)}>
          <b>{formatClock(timeMs, now)}</b>
          <span>{formatAge(now - timeMs)} ago</span>
        </span>
      </summary>
      <div className="alert-body">
        {message.error && <Note tone="crit">{message.error}</Note>}
        {message.response && (
          <div>
            <span className="sub">Answer of the receiver</span>
            <pre className="code-block">{message.response}</pre>
          </div>
        )}
        {alerts.map((alert) => (
          <NotifiedRow key={JSON.stringify(alert.labels)} alert={alert} />
        ))}
      </div>
    </details>
  )
}

function tone(alerts: NotifiedAlert[]): 'crit' | 'warn' | 'info' {
  const rank = Math.min(...alerts.map((alert) => severityRank(alert.labels['severity'])))
  if (rank <= 1) return 'crit'
  return rank <= 3 ? 'warn' : 'info'
}

function title({ alerts, groupLabels }: Notification): string {
  const names = [...new Set(alerts.map((alert) => alert.labels['alertname'] ?? ''))]
  const name = groupLabels['alertname'] ?? names.slice(0, 3).join(', ')
  return alerts.length > 1 ? `${name} (${alerts.length} alerts)` : name
}

function summary(alerts: NotifiedAlert[]): string {
  const { annotations, labels } = alerts[0] ?? { annotations: {}, labels: {} }
  return (
    annotations['summary'] ??
    annotations['message'] ??
    annotations['description'] ??
    labels['instance'] ??
    ''
  )
}

function Delivery({ message }: { message: Notification }): ReactElement {
  const { status, receiver, integration, attempts } = message
  const where = [receiver, integration].filter(Boolean).join(' · ')
  const tries = attempts > 1 ? ` after ${attempts} attempts` : ''
  return (
    <span className="toolbar" style={{ gap: 6 }}>
      {status === 'sent' && (
        <Pill tone="ok" icon="check">
          Delivered{tries}
        </Pill>
      )}
      {status === 'failed' && <Pill tone="crit">Not delivered{tries}</Pill>}
      {status === 'retrying' && (
        <Pill tone="warn" icon="refresh">
          Trying again, {attempts} {attempts === 1 ? 'attempt' : 'attempts'} so far
        </Pill>
      )}
      {status === 'unrouted' && (
        <Pill tone="muted" icon="inbox">
          Inbox only, no receiver configured
        </Pill>
      )}
      {where && <span className="sub">{where}</span>}
    </span>
  )
}

function NotifiedRow({ alert }: { alert: NotifiedAlert }): ReactElement {
  return (
    <div className="inbox-alert stack">
      <span className="toolbar">
        {alert.status === 'firing' ? (
          <Pill tone="crit">Firing</Pill>
        ) : (
          <Pill tone="ok">Resolved</Pill>
        )}
        <b>{alert.labels['alertname']}</b>
        <span className="sub num">
          since {formatDateTime(alert.startsAtMs)}
          {alert.endsAtMs !== null && ` until ${formatDateTime(alert.endsAtMs)}`}
        </span>
      </span>
      <LabelChips labels={alert.labels} without={['alertname']} />
      <Annotations annotations={alert.annotations} />
      {alert.sample && <SampleTable sample={alert.sample} />}
    </div>
  )
}
