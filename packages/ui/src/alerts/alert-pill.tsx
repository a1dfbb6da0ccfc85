import type { ReactElement } from 'react'
import type { Alert } from '../api/prometheus.ts'
import { Pill } from '../controls/feedback.tsx'
import { severityTone } from './severity.ts'

/** Firing in the colour of its severity; pending always milder than firing. */
export function AlertPill({
  state,
  severity,
}: {
  state: Alert['state']
  severity: string | undefined
}): ReactElement {
  if (state === 'inactive') return <Pill tone="ok">Normal</Pill>
  if (state === 'pending') {
    return (
      <Pill tone="warn" icon="clock">
        Pending
      </Pill>
    )
  }
  const tone = severityTone(severity)
  return (
    <Pill tone={tone} icon={tone === 'crit' ? 'down' : tone === 'warn' ? 'warn' : 'info'}>
      Firing
    </Pill>
  )
}
